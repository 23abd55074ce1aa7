"""Subjects: the part of the simulated world that a device measures and controls. Pure.

meter    the whole home and its front door          plug     one load behind a relay
phases   three loads behind one breaker: L_a …      room     a room, its heater behind the thermostat's relay
gateway  nothing itself; its sub-devices do         air      temperature and humidity of a room without a heater
motion   a person passes now and then               lock     the front door, and who opens it
siren    it sounds while it is on
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol

from unclouded.core.family import SimSubject
from unclouded.core.model import Value
from unclouded.core.sessions.session import Refusal
from unclouded.sim.loads import LoadKind
from unclouded.sim.measure import Quantities, meter_quantities, plug_quantities
from unclouded.sim.trips import Trips
from unclouded.sim.world import Scenario, World

GATEWAY_PLUG, GATEWAY_BREAKER = "gateway_plug", "gateway_breaker"  # the loads behind a gateway's sub-devices
DAY_S = 86_400
PASSES_S, STAYS_S = 300.0, 40.0
USERS = 3  # of the lock
PHASES = ("a", "b", "c")
OFF_BALANCE_V = (Fraction(0), Fraction(13, 10), Fraction(-9, 10))  # offsets of the phases from the first
LEAKS_A = Fraction(1, 400)  # through filters, with or without load


class Subject(Protocol):
    """A part of the world. All methods raise ConfigError where the world has no such part."""

    name: str

    def quantities(self) -> Quantities:
        """The measurable quantities, by point key."""

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        """Execute a command; None = it does not concern the world, the device may store the value."""

    def advance(self, settings: Mapping[str, Value]) -> None:
        """React to measured values. ``settings``: the decoded raw settings, by point key."""


class MeterSubject:
    """The meter of the simulated home, as a device that has its quantities and no relay."""

    name = "meter"

    def __init__(self, world: World, name: str = "") -> None:
        self._world = world

    def quantities(self) -> Quantities:
        return meter_quantities(self._world)

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        return Refusal("the meter has no relay") if key == "on" else None

    def advance(self, settings: Mapping[str, Value]) -> None:
        """The meter only measures."""


class PlugSubject:
    """One plug of the simulated home, whose relay switches what is plugged into it."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self._world = world

    def quantities(self) -> Quantities:
        return plug_quantities(self._world, self.name)

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        if key != "on":
            return None
        self._world.switch(self.name, value is True)
        return True

    def advance(self, settings: Mapping[str, Value]) -> None:
        """A plug only executes commands."""


class RoomSubject(PlugSubject):
    """A plug whose relay is controlled by a thermostat."""

    def quantities(self) -> Quantities:
        state = self._world.room(self.name)
        return {
            **plug_quantities(self._world, self.name),
            "temperature_C": state.temperature_C,
            "outside_C": state.outside_C,
            "heating": state.heats,
        }

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        if key != "setpoint_C":
            return super().command(key, value)
        self._world.set_setpoint(self.name, Fraction(str(value)))
        return None  # the device stores it too


class PhasesSubject:
    """The plugs NAME_a, NAME_b and NAME_c of the world behind one breaker, which trips at its limits."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self._world = world
        self._plugs = [f"{name}_{phase}" for phase in PHASES]
        self._cleared_Wh = Fraction(0)
        self._trips = Trips()

    def quantities(self) -> Mapping[str, Fraction | bool]:
        states = [self._world.plug(plug) for plug in self._plugs]
        known: dict[str, Fraction | bool] = {
            "on": states[0].on,
            "power_W": sum((state.power_W for state in states), Fraction(0)),
            "energy_import_Wh": self._energy_Wh() - self._cleared_Wh,
            "energy_export_Wh": Fraction(0),
            "frequency_Hz": states[0].frequency_Hz,
            "leakage_current_A": LEAKS_A if states[0].on else Fraction(0),
            "fault": Fraction(self._trips.fault),
        }
        for phase, state, more_V in zip(PHASES, states, OFF_BALANCE_V, strict=True):
            voltage_V = state.voltage_V + more_V
            known[f"voltage_{phase}_V"] = voltage_V
            known[f"power_{phase}_W"] = state.power_W
            known[f"current_{phase}_A"] = state.apparent_power_VA / voltage_V
        return known

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        if key == "clear_energy":
            if value is True:
                self._cleared_Wh = self._energy_Wh()
            return True
        if key != "on":
            return None
        self._trips.reset()
        self._switch(value is True)
        return True

    def advance(self, settings: Mapping[str, Value]) -> None:
        if self._trips.watch(settings, self.quantities()):
            self._switch(False)
            self._trips.watch(settings, self.quantities())

    def _switch(self, on: bool) -> None:
        for plug in self._plugs:
            self._world.switch(plug, on)

    def _energy_Wh(self) -> Fraction:
        return sum((self._world.plug(plug).energy_Wh for plug in self._plugs), Fraction(0))


class GatewaySubject:
    """A gateway measures nothing itself."""

    name = "gateway"

    def __init__(self, world: World, name: str = "") -> None:
        self._world = world

    def quantities(self) -> Quantities:
        return {}

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        return None

    def advance(self, settings: Mapping[str, Value]) -> None:
        """There is nothing to measure."""


class AirSubject(GatewaySubject):
    """The air of a room: warm in the afternoon, damp in the morning."""

    name = "air"

    def quantities(self) -> Quantities:
        turn = 2 * math.pi * (self._world.unix % DAY_S) / DAY_S
        return {
            "temperature_C": Fraction(round(10 * (20 - 2 * math.cos(turn - 0.8))), 10),
            "humidity_percent": Fraction(round(50 + 8 * math.cos(turn))),
            "battery_percent": Fraction(self._world.door().battery_percent),
        }


class MotionSubject(GatewaySubject):
    """A person passes every PASSES_S for a while."""

    name = "motion"

    def quantities(self) -> Quantities:
        is_there = self._world.unix % PASSES_S < STAYS_S
        return {
            "motion": Fraction(0 if is_there else 1),
            "battery_percent": Fraction(self._world.door().battery_percent),
        }


class LockSubject(GatewaySubject):
    """The lock of the front door. Each opening is a record of which user it was."""

    name = "lock"

    def __init__(self, world: World, name: str = "") -> None:
        super().__init__(world)
        self._opened = 0
        self._is_open = world.door().open

    def quantities(self) -> Quantities:
        return {
            "opened_by_fingerprint": Fraction(self._opened),
            "battery_percent": Fraction(self._world.door().battery_percent),
            "duress": False,
        }

    def advance(self, settings: Mapping[str, Value]) -> None:
        was_open, self._is_open = self._is_open, self._world.door().open
        if self._is_open and not was_open:
            self._opened = self._opened % USERS + 1

    @property
    def opened(self) -> int:
        """The user who opened it last."""
        return self._opened


class SirenSubject(GatewaySubject):
    """It sounds while it is on."""

    name = "siren"

    def __init__(self, world: World, name: str = "") -> None:
        super().__init__(world)
        self._is_on = False

    def quantities(self) -> Quantities:
        return {"on": self._is_on}

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        if key != "on":
            return None
        self._is_on = value is True
        return True


SUBJECTS: Mapping[SimSubject, Callable[[World, str], Subject]] = {
    "meter": MeterSubject,
    "plug": PlugSubject,
    "phases": PhasesSubject,
    "room": RoomSubject,
    "gateway": GatewaySubject,
    "air": AirSubject,
    "motion": MotionSubject,
    "lock": LockSubject,
    "siren": SirenSubject,
}


def scenario_for(kind: SimSubject, load: LoadKind) -> tuple[Scenario, str]:
    """A scenario with one such device, and the subject's name in it. ``load``: the load behind it."""
    match kind:
        case "meter":
            return Scenario(), ""
        case "phases":
            plugs: Mapping[str, LoadKind] = {"breaker_a": load, "breaker_b": "fridge", "breaker_c": "lamp"}
            return Scenario(plugs=plugs, used={"breaker_a": 4}), "breaker"
        case "room":
            return Scenario(plugs={"room": "heater"}), "room"
        case "gateway":
            return Scenario(plugs={GATEWAY_PLUG: load, GATEWAY_BREAKER: "fridge"}), ""
        case "air" | "motion" | "lock" | "siren":
            return Scenario(), kind
        case "product":  # its circuits follow from its points
            return Scenario(plugs={}, used={}), ""
    return Scenario(plugs={load: load}), load
