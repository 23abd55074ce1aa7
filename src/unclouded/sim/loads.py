"""The loads of the simulated home: appliances behind plugs, the base load, and the solar inverter. Pure.

Each load gives its power for one second, in whole mW and constant within that second, so that energy is exact. The
profiles are those of real households: a kettle draws 2 kW for three minutes and switches off, a compressor starts
with an inrush current and settles, a television's power follows the brightness of its picture.

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
    """One second of the simulation. ``closed``: whole seconds since the relay closed, None while it is open."""

    second: int  # since the start of the simulation
    local: int  # second of the local day
    voltage_mV: int
    closed: int | None = 0

    @property
    def hour(self) -> int:
        return self.local // HOUR


class Draw(msgspec.Struct, frozen=True):
    """Real power and power factor (in thousandths)."""

    mW: int
    permille: int = 1000


NOTHING = Draw(0, 0)


class Load(Protocol):
    """One consumer of energy. ``draw`` is called only while its relay is closed."""

    def use(self, at: int) -> None:
        """A person uses it now: presses its switch, or has just switched its power on again."""

    def advance(self, moment: Moment) -> None:
        """Begin the next second. Called once for each second, also without power."""

    def draw(self, moment: Moment) -> Draw:
        """The power of this second; the same for every call."""


def resistive(watts: int, voltage_mV: int) -> int:
    """The power in mW of a heating element with ``watts`` at 230 V: proportional to the square of the voltage."""
    return watts * 1000 * voltage_mV * voltage_mV // (NOMINAL_MV * NOMINAL_MV)


class Kettle:
    """2 kW until the water boils; steam then opens its switch. The water cools down by itself."""

    WATTS = 2000
    HEAT = 5023  # J/K of 1.2 litres of water
    ROOM_MC = 21_000
    BOILS_MC = 100_000
    COOLS = 2000  # s until the difference to room temperature has fallen to 1/e
    STEAM = 12  # s of boiling until the switch opens
    SLOT = 20 * MINUTE  # interval of decisions whether the kettle is used
    USED = (1, 1, 1, 1, 1, 5, 40, 50, 35, 20, 15, 10, 15, 20, 15, 20, 30, 20, 15, 15, 20, 15, 10, 5)  # % by hour

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng
        self._water_mC = self.ROOM_MC
        self._pressed = False
        self._steam = 0

    def use(self, at: int) -> None:
        self._pressed, self._steam = True, 0

    def advance(self, moment: Moment) -> None:
        if moment.second % self.SLOT == self.SLOT - 1 and self._wanted(moment):
            self.use(moment.second)
        if self._pressed and moment.closed is not None:
            self._heat(moment)
        else:
            self._water_mC -= (self._water_mC - self.ROOM_MC) // self.COOLS

    def draw(self, moment: Moment) -> Draw:
        if not self._pressed:
            return NOTHING
        return Draw(resistive(self.WATTS, moment.voltage_mV) + self._rng.integer(moment.second, -900, 900))

    def _heat(self, moment: Moment) -> None:
        self._water_mC = min(self._water_mC + self.draw(moment).mW // self.HEAT, self.BOILS_MC)
        if self._water_mC == self.BOILS_MC:
            self._steam += 1
            self._pressed = self._steam < self.STEAM

    def _wanted(self, moment: Moment) -> bool:
        return self._rng.integer(-moment.second, 0, 99) < self.USED[moment.hour]


class Fridge:
    """A compressor of about 85 W that runs 35 to 55 % of each cycle and starts with an inrush current."""

    CYCLE = 40 * MINUTE
    INRUSH_S = 2
    SETTLES_S = 240
    ELECTRONICS_mW = 1100

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng
        self._ahead = rng.integer(-1, 30, 500)  # s by which the first cycle has begun earlier: it runs at the start

    def use(self, at: int) -> None:
        """Opening the fridge is not simulated."""

    def advance(self, moment: Moment) -> None:
        """No state: the cycle follows the clock."""

    def draw(self, moment: Moment) -> Draw:
        cycle, phase = divmod(moment.second + self._ahead, self.CYCLE)
        running = self.CYCLE * self._rng.integer(cycle, 35, 55) // 100
        if phase >= running:
            return Draw(self.ELECTRONICS_mW + self._rng.integer(moment.second, -60, 60), 420)
        ran = min(phase, moment.closed or 0)
        if ran < self.INRUSH_S:
            return Draw(610_000 // (ran + 1) + self._rng.integer(moment.second, 0, 9000), 510)
        settling = 14_000 * max(self.SETTLES_S - ran, 0) // self.SETTLES_S
        wobble = self._rng.drift(moment.second, 25, -1500, 1500) + self._rng.integer(moment.second, -350, 350)
        return Draw(83_500 + settling + wobble, 700 + self._rng.integer(moment.second, -8, 8))


class Television:
    """0.6 W in standby; 60 to 110 W while it is on, by the brightness of the scene."""

    SESSION = 30 * MINUTE  # duration of one use
    WATCHED = (10, 2, 0, 0, 0, 0, 10, 25, 15, 8, 8, 10, 25, 35, 25, 15, 15, 25, 50, 70, 90, 95, 80, 40)  # % by hour

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng
        self._watched_until = 0

    def use(self, at: int) -> None:
        self._watched_until = at + self.SESSION

    def advance(self, moment: Moment) -> None:
        if moment.second % self.SESSION == 0 and self._rng.integer(-moment.second, 1, 100) <= self.WATCHED[moment.hour]:
            self.use(moment.second)

    def draw(self, moment: Moment) -> Draw:
        if moment.second >= self._watched_until:
            return Draw(600 + self._rng.integer(moment.second, -40, 40), 380)
        scene = self._rng.integer(moment.second // 7, 62_000, 106_000)
        return Draw(scene + self._rng.integer(moment.second, -2500, 2500), 930)


class Pump:
    """A modulating pump, 45 to 250 W: its target speed changes every minute and a half."""

    TARGET_S = 90  # between two target speeds
    RAMP_S = 8

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng

    def use(self, at: int) -> None:
        """Nothing changes: it runs automatically."""

    def advance(self, moment: Moment) -> None:
        """No state: its speed follows the clock."""

    def draw(self, moment: Moment) -> Draw:
        target = self._rng.drift(moment.second, self.TARGET_S, 46_000, 246_000)
        ran = min((moment.closed or 0) + 1, self.RAMP_S)
        mW = 45_000 + (target - 45_000) * ran // self.RAMP_S + self._rng.integer(moment.second, -900, 900)
        return Draw(mW, 780 + 120 * mW // 250_000)


class Lamp:
    """An LED lamp, 8.7 W."""

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng

    def use(self, at: int) -> None:
        """Nothing changes: it has no switch of its own."""

    def advance(self, moment: Moment) -> None:
        """No state."""

    def draw(self, moment: Moment) -> Draw:
        return Draw(8700 + self._rng.integer(moment.second, -25, 25), 560)


class Heater:
    """An electric heater, and the room that it heats, which loses heat to the outside.

    It heats from half the hysteresis below the setpoint to as much above. Temperatures are in millionths of °C.
    """

    WATTS = 1500
    CAPACITY = 150_000  # J/K of the room
    LOSS = 40  # W/K
    HYSTERESIS_uC = 500_000
    COLDEST_uC, WARMEST_uC = 3_000_000, 11_000_000  # outside, at 3 a.m. and 3 p.m.

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng
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
        """Whether the thermostat calls for heat."""
        return self._heats

    def set_setpoint(self, setpoint_mC: int) -> None:
        """Change the setpoint of the thermostat."""
        self._setpoint_uC = setpoint_mC * 1000
        self._decide()

    def use(self, at: int) -> None:
        """Nothing changes: it runs automatically."""

    def advance(self, moment: Moment) -> None:
        """Simulate one second of heating and heat loss."""
        self._outside_uC = self._outside(moment)
        gained = self.draw(moment).mW * 1000 if moment.closed is not None else 0
        lost = (self._room_uC - self._outside_uC) * self.LOSS
        self._room_uC += (gained - lost) // self.CAPACITY
        self._decide()

    def draw(self, moment: Moment) -> Draw:
        return Draw(resistive(self.WATTS, moment.voltage_mV)) if self._heats else NOTHING

    def _decide(self) -> None:
        half = self.HYSTERESIS_uC // 2
        if abs(self._room_uC - self._setpoint_uC) >= half:
            self._heats = self._room_uC < self._setpoint_uC

    def _outside(self, moment: Moment) -> int:
        """Coldest at 3 a.m., warmest twelve hours later, with random variation."""
        off = (moment.local - 3 * HOUR) % DAY
        half = DAY // 2
        risen = (self.WARMEST_uC - self.COLDEST_uC) * min(off, DAY - off) // half
        return self.COLDEST_uC + risen + self._rng.drift(moment.second, 20 * 60, -800_000, 800_000)


LOADS: Mapping[LoadKind, Callable[[SeededRandom], Load]] = {
    "kettle": Kettle,
    "fridge": Fridge,
    "tv": Television,
    "pump": Pump,
    "lamp": Lamp,
    "heater": Heater,
}


class Base:
    """The load that no plug measures: router and standby all day, lights by the hour, cooking."""

    LIGHTS_W = (20, 8, 5, 5, 5, 15, 90, 140, 70, 30, 20, 20, 40, 40, 25, 25, 35, 80, 160, 220, 240, 210, 150, 60)
    COOKS: Mapping[int, int] = MappingProxyType(
        {7: 20, 12: 35, 13: 45, 19: 45, 20: 35}
    )  # hour -> % of its quarter-hours with a hob on

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng

    def draw(self, moment: Moment) -> Draw:
        """The power of this second, in mW, with its power factor; the same for every call."""
        router = 11_500 + self._rng.integer(moment.second, -900, 900)
        standby = 38_000 + self._rng.drift(moment.second, 45, -4000, 9000)
        return Draw(router + standby + self._lights(moment) + self._hob(moment), 910)

    def _lights(self, moment: Moment) -> int:
        full = self.LIGHTS_W[moment.hour] * 1000
        return full * self._rng.integer(moment.second // (5 * MINUTE), 70, 120) // 100

    def _hob(self, moment: Moment) -> int:
        quarter = moment.second // (15 * MINUTE)
        if self._rng.integer(-quarter - 1, 1, 100) > self.COOKS.get(moment.hour, 0):
            return 0
        return resistive(self._rng.integer(quarter, 5, 8) * 100, moment.voltage_mV)  # the mean of its short pulses


class Solar:
    """A solar roof of 2.4 kW peak, from 6:00 to 20:00 local time, with clouds."""

    RISES, SETS = 6 * HOUR, 20 * HOUR
    PEAK_mW = 2_400_000

    def __init__(self, rng: SeededRandom) -> None:
        self._rng = rng

    def mW(self, moment: Moment) -> int:
        """The power of this second."""
        half = (self.SETS - self.RISES) // 2
        off = abs(moment.local - self.RISES - half)
        if off >= half:
            return 0
        bell = (half * half - off * off) ** 2  # of half**4: a bell-shaped curve
        clear = self.PEAK_mW * bell // half**4
        cloud = self._rng.drift(moment.second, 5 * MINUTE, 35, 100) * self._rng.drift(moment.second, 17, 920, 1000)
        return clear * cloud // 100_000


class Inverter:
    """The solar inverter. As regulations require, it is off without a grid.

    It implements Load, so that it can be connected behind a plug: ``draw`` is the power that it produces.
    """

    WAITS_S = 5  # after the grid is back; real inverters wait a minute
    RAMP_S = 10

    def __init__(self, rng: SeededRandom, fitted: bool = True) -> None:
        self._sun = Solar(rng)
        self._fitted = fitted

    def use(self, at: int) -> None:
        """Nothing changes: it runs automatically."""

    def advance(self, moment: Moment) -> None:
        """No state: the sun follows the clock."""

    def draw(self, moment: Moment) -> Draw:
        ran = min(max((moment.closed or 0) - self.WAITS_S, 0), self.RAMP_S)
        mW = self._sun.mW(moment) * ran // self.RAMP_S if self._fitted else 0
        return Draw(mW, 990) if mW else NOTHING
