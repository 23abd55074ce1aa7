"""The simulated home: loads behind plugs, a base load, a solar roof, and the meter that measures the sum. Pure.

    grid ══ meter ══╦══ base load         meter = base + Σ plugs − roof, in every second, to the mW
                    ╠══ plug ── kettle
                    ╠══ plug ── fridge    a relay that opens takes its load off the plug and the meter
                    ╚══ plug ── roof    a relay that opens takes the inverter off the grid: it produces nothing

Power is whole mW and constant within one second of the simulation; time is whole ns; energy is their product, so it
is exact and does not depend on how ``step`` is called. Results are ints or ``Fraction``s: rounding is up to the
encoding of a device.
"""

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.sim.loads import (
    DAY,
    HOUR,
    LOADS,
    NOMINAL_MV,
    NOTHING,
    Base,
    Draw,
    Heater,
    Inverter,
    Load,
    LoadKind,
    Moment,
)
from unclouded.sim.seeded_random import SeededRandom

SECOND = 10**9  # ns
PER_MWH = 3600 * SECOND  # mW·ns in one mWh

PASSAGE_SLOT_S = 600  # s; the front door is used at most once in each such slot
BATTERY_DAYS = 400  # lifetime of the door sensor's battery

ROOF = "roof"  # the plug that measures the solar inverter
USUAL_PLUGS: Mapping[str, LoadKind] = {"kettle": "kettle", "fridge": "fridge", "tv": "tv", "pump": "pump"}
USUAL_USE: Mapping[str, int] = {"tv": 0, "kettle": 4}


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of a simulated home.

    ``used``: plug -> second after the start at which its load is used, in addition to the random uses, and again every
    ``again_s`` seconds where that is not 0. ``open``: plugs whose relay is open at the start. ``hour``: local time of
    day at the start (18.5 = 18:30), None = by the clock and ``utc_offset_s``.
    """

    plugs: Mapping[str, LoadKind] = msgspec.field(default_factory=lambda: USUAL_PLUGS)
    solar: bool = True
    used: Mapping[str, int] = msgspec.field(default_factory=lambda: USUAL_USE)
    again_s: int = 0
    open: frozenset[str] = frozenset()
    hour: float | None = None
    utc_offset_s: int = 0


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """The energy counters in whole mWh at the start of a simulation, so that they continue after a restart.

    ``plugs``: by name; that of the roof is the produced energy.
    """

    import_mWh: int = 5_858_944_000
    export_mWh: int = 1_926_904_000
    plugs: Mapping[str, int] = {}


class PlugState(msgspec.Struct, frozen=True, kw_only=True):
    """The measurable state of a plug. P = V x I x PF, exactly; without a load all values but the voltage are zero.

    For the roof's plug, the power that the inverter produces.
    """

    on: bool
    power_W: Fraction
    voltage_V: Fraction
    current_A: Fraction
    power_factor: Fraction
    apparent_power_VA: Fraction
    frequency_Hz: Fraction
    energy_Wh: Fraction
    energy_today_Wh: Fraction


class MeterValues(msgspec.Struct, frozen=True, kw_only=True):
    """The measurable state of the meter. ``power_W`` is negative while the home exports."""

    power_W: Fraction
    import_Wh: Fraction
    export_Wh: Fraction
    import_today_Wh: Fraction
    voltage_V: Fraction
    frequency_Hz: Fraction


class DoorState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the front door and its sensor."""

    open: bool
    battery_percent: int


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """The measurable state of a room's thermostat. ``heats``: it calls for heat, with or without power."""

    temperature_C: Fraction
    outside_C: Fraction
    heats: bool


class World:
    """One simulated home. The same seed, start and scenario always give the same results."""

    def __init__(
        self,
        seed: int,
        start_unix: float,
        scenario: Scenario = Scenario(),  # noqa: B008  (frozen)
        counters: Counters = Counters(),  # noqa: B008  (frozen)
    ) -> None:
        self.scenario = scenario
        self._start_unix = start_unix
        self._local_start = _local_start(start_unix, scenario)
        self._ns = 0
        self._air = SeededRandom(seed, "mains")
        self._passages = SeededRandom(seed, "front door")
        self._base = Base(SeededRandom(seed, "base"))
        self._plugs = {
            name: _Plug(
                LOADS[kind](SeededRandom(seed, f"plug {name}")), counters.plugs.get(name, 0), name not in scenario.open
            )
            for name, kind in scenario.plugs.items()
        }
        roof = Inverter(SeededRandom(seed, "solar"), fitted=scenario.solar)
        self._roof = _Plug(roof, counters.plugs.get(ROOF, 0), ROOF not in scenario.open)
        self._import = _Register(counters.import_mWh)
        self._export = _Register(counters.export_mWh)
        self._begin_second()

    # --- changes -------------------------------------------------------------------------------

    def step(self, dt: float | Fraction) -> None:
        """Advance by ``dt`` seconds (to the ns). The result does not depend on the size of the steps."""
        left = round(dt * SECOND)
        if left < 0:
            raise ValueError("dt must not be negative")
        while left:
            piece = min(left, SECOND - self._ns % SECOND)
            self._flow(piece)
            left -= piece
            self._ns += piece
            if self._ns % SECOND == 0:
                self._begin_second()

    def switch(self, name: str, on: bool) -> None:
        """Close or open the relay of a plug; power changes at once. Raises ConfigError."""
        plug = self._plug(name)
        if on == plug.on:
            return
        plug.on = on
        plug.closed_at = self._second
        if on:
            plug.load.use(self._second)
        plug.draw = self._draw_of(plug)

    def use(self, name: str) -> None:
        """Use the load behind a plug, for example press the kettle's own switch. Raises ConfigError."""
        plug = self._plug(name)
        plug.load.use(self._second)
        plug.draw = self._draw_of(plug)

    def set_setpoint(self, name: str, setpoint_C: Fraction) -> None:
        """Change the setpoint of the room whose heater is on that plug. Raises ConfigError."""
        plug = self._plug(name)
        self._heater(name).set_setpoint(round(setpoint_C * 1000))
        plug.draw = self._draw_of(plug)

    # --- measurements --------------------------------------------------------------------------

    @property
    def unix(self) -> float:
        """Unix seconds of the simulation."""
        return self._start_unix + self._ns / SECOND

    @property
    def base_W(self) -> Fraction:
        return Fraction(self._base_mW, 1000)

    @property
    def solar_W(self) -> Fraction:
        return Fraction(self._roof.draw.mW, 1000)

    def plug(self, name: str) -> PlugState:
        """The state of the plug of that name. Raises ConfigError."""
        plug = self._plug(name)
        apparent_mVA = Fraction(plug.draw.mW * 1000, plug.draw.permille) if plug.draw.mW else Fraction(0)
        return PlugState(
            on=plug.on,
            power_W=Fraction(plug.draw.mW, 1000),
            voltage_V=Fraction(self._voltage_mV, 1000),
            current_A=apparent_mVA / self._voltage_mV,
            power_factor=Fraction(plug.draw.permille if plug.draw.mW else 0, 1000),
            apparent_power_VA=apparent_mVA / 1000,
            frequency_Hz=self._frequency_Hz(),
            energy_Wh=plug.energy.Wh(),
            energy_today_Wh=plug.energy.today_Wh(),
        )

    def meter(self) -> MeterValues:
        """The values of the home's meter now, in W, Wh and V."""
        return MeterValues(
            power_W=Fraction(self._net_mW(), 1000),
            import_Wh=self._import.Wh(),
            export_Wh=self._export.Wh(),
            import_today_Wh=self._import.today_Wh(),
            voltage_V=Fraction(self._voltage_mV, 1000),
            frequency_Hz=self._frequency_Hz(),
        )

    def door(self) -> DoorState:
        """The front door, which is opened now and then, and the battery of its sensor."""
        slot, second = divmod(self._second, PASSAGE_SLOT_S)
        at, length = (
            self._passages.integer(2 * slot, 30, PASSAGE_SLOT_S - 90),
            self._passages.integer(2 * slot + 1, 3, 60),
        )
        is_used = self._passages.integer(-slot - 1, 0, 1) == 1
        used_up = min(self._second // (BATTERY_DAYS * DAY // 100), 95)
        return DoorState(open=is_used and at <= second < at + length, battery_percent=100 - used_up)

    def room(self, name: str) -> RoomState:
        """The state of the room whose heater is on that plug. Raises ConfigError."""
        heater = self._heater(name)
        return RoomState(
            temperature_C=Fraction(heater.temperature_mC, 1000),
            outside_C=Fraction(heater.outside_mC, 1000),
            heats=heater.heats,
        )

    def counters(self) -> Counters:
        """The counters with which the next simulation continues."""
        return Counters(
            import_mWh=self._import.mWh(),
            export_mWh=self._export.mWh(),
            plugs={name: plug.energy.mWh() for name, plug in self._measured()},
        )

    # --- inside --------------------------------------------------------------------------------

    @property
    def _second(self) -> int:
        return self._ns // SECOND

    def _begin_second(self) -> None:
        """Update everything that changes once a second. (Relays also change in between.)"""
        second = self._second
        self._voltage_mV = (
            NOMINAL_MV + self._air.drift(second, 75, -3500, 3500) + self._air.integer(-second - 1, -120, 120)
        )
        moment = self._moment()
        if moment.local == 0:
            for register in (self._import, self._export, *(plug.energy for _, plug in self._measured())):
                register.new_day()
        self._base_mW = self._base.draw(moment).mW
        for name, plug in self._measured():
            if self._is_used(name, second):
                plug.load.use(second)
            plug.load.advance(self._moment(plug))
            plug.draw = self._draw_of(plug)

    def _flow(self, ns: int) -> None:
        for _, plug in self._measured():
            plug.energy.add(plug.draw.mW * ns)
        net = self._net_mW() * ns
        if net >= 0:
            self._import.add(net)
        else:
            self._export.add(-net)

    def _net_mW(self) -> int:
        return self._base_mW + sum(plug.draw.mW for plug in self._plugs.values()) - self._roof.draw.mW

    def _measured(self) -> list[tuple[str, "_Plug"]]:
        """Every plug by name, the roof's last."""
        return [*self._plugs.items(), (ROOF, self._roof)]

    def _is_used(self, name: str, second: int) -> bool:
        at = self.scenario.used.get(name)
        if at is None or second < at:
            return False
        return second == at or (self.scenario.again_s > 0 and (second - at) % self.scenario.again_s == 0)

    def _moment(self, plug: "_Plug | None" = None) -> Moment:
        second = self._second
        closed = None if plug is None or not plug.on else second - plug.closed_at
        return Moment(second, (self._local_start + second) % DAY, self._voltage_mV, closed)

    def _draw_of(self, plug: "_Plug") -> Draw:
        return plug.load.draw(self._moment(plug)) if plug.on else NOTHING

    def _frequency_Hz(self) -> Fraction:
        return Fraction(50_000 + self._air.drift(self._second + 31, 20, -40, 40), 1000)

    def _plug(self, name: str) -> "_Plug":
        there = {name: plug for name, plug in self._measured() if name != ROOF or self.scenario.solar}
        if name not in there:
            raise ConfigError(f"The simulated home has no plug {name!r}. It has: {', '.join(there) or 'none'}.")
        return there[name]

    def _heater(self, name: str) -> Heater:
        load = self._plug(name).load
        if not isinstance(load, Heater):
            raise ConfigError(f"There is no heater on the plug {name!r} of the simulated home.")
        return load


class _Register:
    """An energy counter in mW·ns (10^-12 J): exact, and never decreasing."""

    def __init__(self, mWh: int) -> None:
        self._count = mWh * PER_MWH
        self._midnight = self._count

    def add(self, amount: int) -> None:
        self._count += amount

    def new_day(self) -> None:
        self._midnight = self._count

    def mWh(self) -> int:
        return self._count // PER_MWH

    def Wh(self) -> Fraction:
        return Fraction(self._count, PER_MWH * 1000)

    def today_Wh(self) -> Fraction:
        return Fraction(self._count - self._midnight, PER_MWH * 1000)


class _Plug:
    """A relay, its load, and its energy counter."""

    def __init__(self, load: Load, mWh: int, on: bool) -> None:
        self.load = load
        self.on = on
        self.closed_at = -HOUR  # loads that are on at the start have been on for long
        self.energy = _Register(mWh)
        self.draw = NOTHING


def _local_start(start_unix: float, scenario: Scenario) -> int:
    """The second of the local day at which the simulation begins."""
    if scenario.hour is not None:
        return round(scenario.hour * HOUR) % DAY
    return (int(start_unix) + scenario.utc_offset_s) % DAY
