"""What stands behind the plugs, on the roof and in the rest of the house. Pure.

Each load says what it draws in one second. Power is whole mW and stays the same for that second, so that
energy is exact. Shapes are those of real households: a kettle pulls 2 kW for three minutes and clicks off,
a compressor starts with an inrush and settles, a screen follows its scenes.

    kettle  ____/^^^^^^^\\______    fridge  |\\____   |\\____      solar      .-^-.
                2 kW, PF 1                 | 85 W   |             ___/     \\___
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, Protocol

import msgspec

from unclouded.sim.seeded_random import SeededRandom

LoadKind = Literal["kettle", "fridge", "tv", "pump", "lamp", "heater"]

MINUTE = 60
HOUR = 3600
DAY = 86_400
NOMINAL_MV = 230_000  # mV, IEC 60038


class Moment(msgspec.Struct, frozen=True):
    """One second of the world. ``closed``: whole seconds since the relay closed, None while it is open."""

    second: int  # since the start of the world
    local: int  # second of the local day
    voltage_mV: int
    closed: int | None = 0

    @property
    def hour(self) -> int:
        return self.local // HOUR


class Draw(msgspec.Struct, frozen=True):
    """Real power and how much of the current does work (power factor in thousandths)."""

    mW: int
    permille: int = 1000


NOTHING = Draw(0, 0)


class Load(Protocol):
    """One thing that uses energy. It is asked only while its relay is closed."""

    def use(self, at: int) -> None:
        """Somebody uses it now: presses its switch, or has just given it power again."""

    def live(self, moment: Moment) -> None:
        """One second begins. Called once for each, also without power."""

    def draw(self, moment: Moment) -> Draw:
        """What it draws in this second; the same when asked twice."""


def resistive(watts: int, voltage_mV: int) -> int:
    """mW of a heating element of so many watts at 230 V: it follows the square of the voltage."""
    return watts * 1000 * voltage_mV * voltage_mV // (NOMINAL_MV * NOMINAL_MV)


class Kettle:
    """2 kW until the water has boiled; steam then flips its switch. Water cools by itself."""

    WATTS = 2000
    HEAT = 5023  # J/K of 1.2 litres of water
    ROOM_MC = 21_000
    BOILS_MC = 100_000
    COOLS = 2000  # s until the difference to the room has fallen to 1/e
    STEAM = 12  # s of boiling until the steam reaches the switch
    HABIT = 20 * MINUTE  # how often somebody may want tea
    TEA = (1, 1, 1, 1, 1, 5, 40, 50, 35, 20, 15, 10, 15, 20, 15, 20, 30, 20, 15, 15, 20, 15, 10, 5)  # % by hour

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice
        self._water_mC = self.ROOM_MC
        self._pressed = False
        self._steam = 0

    def use(self, at: int) -> None:
        self._pressed, self._steam = True, 0

    def live(self, moment: Moment) -> None:
        if moment.second % self.HABIT == self.HABIT - 1 and self._wanted(moment):
            self.use(moment.second)
        if self._pressed and moment.closed is not None:
            self._heat(moment)
        else:
            self._water_mC -= (self._water_mC - self.ROOM_MC) // self.COOLS

    def draw(self, moment: Moment) -> Draw:
        if not self._pressed:
            return NOTHING
        return Draw(resistive(self.WATTS, moment.voltage_mV) + self._dice.roll(moment.second, -900, 900))

    def _heat(self, moment: Moment) -> None:
        self._water_mC = min(self._water_mC + self.draw(moment).mW // self.HEAT, self.BOILS_MC)
        if self._water_mC == self.BOILS_MC:
            self._steam += 1
            self._pressed = self._steam < self.STEAM

    def _wanted(self, moment: Moment) -> bool:
        return self._dice.roll(-moment.second, 0, 99) < self.TEA[moment.hour]


class Fridge:
    """A compressor of about 85 W that runs 35 to 55 % of each cycle and starts with an inrush."""

    CYCLE = 40 * MINUTE
    INRUSH_S = 2
    SETTLES_S = 240
    ELECTRONICS_mW = 1100

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice
        self._ahead = dice.roll(-1, 30, 500)  # s of the first cycle that are over: it runs when the world begins

    def use(self, at: int) -> None:
        """A door that opens changes little."""

    def live(self, moment: Moment) -> None:
        """The cycle is a matter of the clock."""

    def draw(self, moment: Moment) -> Draw:
        cycle, phase = divmod(moment.second + self._ahead, self.CYCLE)
        running = self.CYCLE * self._dice.roll(cycle, 35, 55) // 100
        if phase >= running:
            return Draw(self.ELECTRONICS_mW + self._dice.roll(moment.second, -60, 60), 420)
        ran = min(phase, moment.closed or 0)
        if ran < self.INRUSH_S:
            return Draw(610_000 // (ran + 1) + self._dice.roll(moment.second, 0, 9000), 510)
        settling = 14_000 * max(self.SETTLES_S - ran, 0) // self.SETTLES_S
        wobble = self._dice.drift(moment.second, 25, -1500, 1500) + self._dice.roll(moment.second, -350, 350)
        return Draw(83_500 + settling + wobble, 700 + self._dice.roll(moment.second, -8, 8))


class Television:
    """0.6 W in standby; 60 to 110 W while somebody watches, by the brightness of the scene."""

    EVENING = 30 * MINUTE  # how long somebody stays
    WATCHED = (10, 2, 0, 0, 0, 0, 10, 25, 15, 8, 8, 10, 25, 35, 25, 15, 15, 25, 50, 70, 90, 95, 80, 40)  # % by hour

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice
        self._watched_until = 0

    def use(self, at: int) -> None:
        self._watched_until = at + self.EVENING

    def live(self, moment: Moment) -> None:
        if moment.second % self.EVENING == 0 and self._dice.roll(-moment.second, 1, 100) <= self.WATCHED[moment.hour]:
            self.use(moment.second)

    def draw(self, moment: Moment) -> Draw:
        if moment.second >= self._watched_until:
            return Draw(600 + self._dice.roll(moment.second, -40, 40), 380)
        scene = self._dice.roll(moment.second // 7, 62_000, 106_000)
        return Draw(scene + self._dice.roll(moment.second, -2500, 2500), 930)


class Pump:
    """A modulating pump, 45 to 250 W: it seeks a new speed every minute and a half."""

    SEEKS = 90
    RAMP_S = 8

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice

    def use(self, at: int) -> None:
        """It runs by itself."""

    def live(self, moment: Moment) -> None:
        """Its speed is a matter of the clock."""

    def draw(self, moment: Moment) -> Draw:
        wanted = self._dice.drift(moment.second, self.SEEKS, 46_000, 246_000)
        ran = min((moment.closed or 0) + 1, self.RAMP_S)
        mW = 45_000 + (wanted - 45_000) * ran // self.RAMP_S + self._dice.roll(moment.second, -900, 900)
        return Draw(mW, 780 + 120 * mW // 250_000)


class Lamp:
    """An LED lamp, 8.7 W."""

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice

    def use(self, at: int) -> None:
        """It has no switch of its own."""

    def live(self, moment: Moment) -> None:
        """It only shines."""

    def draw(self, moment: Moment) -> Draw:
        return Draw(8700 + self._dice.roll(moment.second, -25, 25), 560)


class Heater:
    """An electric heater, and the room that it warms, which loses its warmth to the outside.

    It heats from half a hysteresis below the setpoint to as much above. Temperatures are kept in millionths of °C.
    """

    WATTS = 1500
    HOLDS = 150_000  # J/K of the air and what warms with it
    LOSES = 40  # W/K
    HYSTERESIS_uC = 500_000
    COLDEST_uC, WARMEST_uC = 3_000_000, 11_000_000  # outside, at three at night and in the afternoon

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice
        self._room_uC = 19_500_000
        self._setpoint_uC = 21_000_000
        self._heats = True
        self._outside_uC = self.COLDEST_uC

    @property
    def temperature_mC(self) -> int:
        return self._room_uC // 1000

    @property
    def outside_mC(self) -> int:
        return self._outside_uC // 1000

    @property
    def heats(self) -> bool:
        """Does the thermostat want heat?"""
        return self._heats

    def warm(self, setpoint_mC: int) -> None:
        """Somebody turns the thermostat."""
        self._setpoint_uC = setpoint_mC * 1000
        self._decide()

    def use(self, at: int) -> None:
        """It runs by itself."""

    def live(self, moment: Moment) -> None:
        """One second of heating and cooling."""
        self._outside_uC = self._outside(moment)
        gained = self.draw(moment).mW * 1000 if moment.closed is not None else 0
        lost = (self._room_uC - self._outside_uC) * self.LOSES
        self._room_uC += (gained - lost) // self.HOLDS
        self._decide()

    def draw(self, moment: Moment) -> Draw:
        return Draw(resistive(self.WATTS, moment.voltage_mV)) if self._heats else NOTHING

    def _decide(self) -> None:
        half = self.HYSTERESIS_uC // 2
        if abs(self._room_uC - self._setpoint_uC) >= half:
            self._heats = self._room_uC < self._setpoint_uC

    def _outside(self, moment: Moment) -> int:
        """Coldest at three at night, warmest twelve hours later, with weather of its own."""
        off = (moment.local - 3 * HOUR) % DAY
        half = DAY // 2
        risen = (self.WARMEST_uC - self.COLDEST_uC) * min(off, DAY - off) // half
        return self.COLDEST_uC + risen + self._dice.drift(moment.second, 20 * 60, -800_000, 800_000)


LOADS: Mapping[LoadKind, Callable[[SeededRandom], Load]] = {
    "kettle": Kettle,
    "fridge": Fridge,
    "tv": Television,
    "pump": Pump,
    "lamp": Lamp,
    "heater": Heater,
}


class Base:
    """What no plug measures: router and standby all day, lights by the hour, somebody cooking."""

    LIGHTS_W = (20, 8, 5, 5, 5, 15, 90, 140, 70, 30, 20, 20, 40, 40, 25, 25, 35, 80, 160, 220, 240, 210, 150, 60)
    COOKS: Mapping[int, int] = MappingProxyType(
        {7: 20, 12: 35, 13: 45, 19: 45, 20: 35}
    )  # hour -> % of its quarters with a hob on

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice

    def draw(self, moment: Moment) -> Draw:
        router = 11_500 + self._dice.roll(moment.second, -900, 900)
        standby = 38_000 + self._dice.drift(moment.second, 45, -4000, 9000)
        return Draw(router + standby + self._lights(moment) + self._hob(moment), 910)

    def _lights(self, moment: Moment) -> int:
        full = self.LIGHTS_W[moment.hour] * 1000
        return full * self._dice.roll(moment.second // (5 * MINUTE), 70, 120) // 100

    def _hob(self, moment: Moment) -> int:
        quarter = moment.second // (15 * MINUTE)
        if self._dice.roll(-quarter - 1, 1, 100) > self.COOKS.get(moment.hour, 0):
            return 0
        return resistive(1200, moment.voltage_mV) if moment.second % 20 < 11 else 0  # hobs switch on and off


class Solar:
    """A roof of 2.4 kW between six and eight o'clock of local time, with clouds."""

    RISES, SETS = 6 * HOUR, 20 * HOUR
    PEAK_mW = 2_400_000

    def __init__(self, dice: SeededRandom) -> None:
        self._dice = dice

    def mW(self, moment: Moment) -> int:
        """What it gives in this second."""
        half = (self.SETS - self.RISES) // 2
        off = abs(moment.local - self.RISES - half)
        if off >= half:
            return 0
        bell = (half * half - off * off) ** 2  # of half**4: a bell with soft feet
        clear = self.PEAK_mW * bell // half**4
        cloud = self._dice.drift(moment.second, 5 * MINUTE, 35, 100) * self._dice.drift(moment.second, 17, 920, 1000)
        return clear * cloud // 100_000


class Inverter:
    """What puts the roof's power on the grid: it gives where loads draw. Without a grid it is off, by law.

    A load in shape, so that it can stand behind a plug: ``draw`` says what it gives.
    """

    WAITS_S = 5  # after the grid is back; real ones watch it for a minute
    RAMP_S = 10

    def __init__(self, dice: SeededRandom, fitted: bool = True) -> None:
        self._sun = Solar(dice)
        self._fitted = fitted

    def use(self, at: int) -> None:
        """It runs by itself."""

    def live(self, moment: Moment) -> None:
        """The sun is a matter of the clock."""

    def draw(self, moment: Moment) -> Draw:
        ran = min(max((moment.closed or 0) - self.WAITS_S, 0), self.RAMP_S)
        mW = self._sun.mW(moment) * ran // self.RAMP_S if self._fitted else 0
        return Draw(mW, 990) if mW else NOTHING
