"""What a simulated device is about: the part of the world that it measures and may change. Pure.

meter    the whole house and its front door         plug     one load behind a relay
phases   three loads behind one breaker: L_a …      room     a room, its heater behind the thermostat's relay
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Literal, Protocol

from unclouded.core.model import Value
from unclouded.core.session import Refusal
from unclouded.sim.loads import LoadKind
from unclouded.sim.measure import Quantities, meter_quantities, plug_quantities
from unclouded.sim.trips import Trips
from unclouded.sim.world import Scenario, World

SubjectKind = Literal["meter", "plug", "phases", "room"]

PHASES = ("a", "b", "c")
OFF_BALANCE_V = (Fraction(0), Fraction(13, 10), Fraction(-9, 10))  # what the other phases have more than the first
LEAKS_A = Fraction(1, 400)  # through filters, with or without load


class Subject(Protocol):
    """A part of the world. All methods raise ConfigError where the world has no such part."""

    name: str

    def quantities(self) -> Quantities:
        """What can be measured of it, by point key."""

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        """Do that; None = it is no matter of the world, the device may keep it."""

    def live(self, settings: Mapping[str, Value]) -> None:
        """Do what it does by itself. ``settings``: what its raw settings say, by point key."""


class MeterSubject:
    name = "meter"

    def __init__(self, world: World, name: str = "") -> None:
        self._world = world

    def quantities(self) -> Quantities:
        return meter_quantities(self._world)

    def command(self, key: str, value: Value) -> bool | Refusal | None:
        return Refusal("the meter has no relay") if key == "on" else None

    def live(self, settings: Mapping[str, Value]) -> None:
        """It only measures."""


class PlugSubject:
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

    def live(self, settings: Mapping[str, Value]) -> None:
        """It does what it is told."""


class RoomSubject(PlugSubject):
    """A plug's relay with a thermostat before it."""

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
        self._world.warm(self.name, Fraction(str(value)))
        return None  # the device keeps it too


class PhasesSubject:
    """The plugs NAME_a, NAME_b and NAME_c of the world behind one breaker, which trips at its limits."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self._world = world
        self._plugs = [f"{name}_{phase}" for phase in PHASES]
        self._cleared_Wh = Fraction(0)
        self._trips = Trips()

    def quantities(self) -> Quantities:
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

    def live(self, settings: Mapping[str, Value]) -> None:
        if self._trips.watch(settings, self.quantities()):
            self._switch(False)
            self._trips.watch(settings, self.quantities())

    def _switch(self, on: bool) -> None:
        for plug in self._plugs:
            self._world.switch(plug, on)

    def _energy_Wh(self) -> Fraction:
        return sum((self._world.plug(plug).energy_Wh for plug in self._plugs), Fraction(0))


SUBJECTS: Mapping[SubjectKind, Callable[[World, str], Subject]] = {
    "meter": MeterSubject,
    "plug": PlugSubject,
    "phases": PhasesSubject,
    "room": RoomSubject,
}


def scenario_for(matter: SubjectKind, load: LoadKind) -> tuple[Scenario, str]:
    """A world with one such device in it, and the subject's name there. ``load``: what is behind it."""
    match matter:
        case "meter":
            return Scenario(), ""
        case "phases":
            plugs: Mapping[str, LoadKind] = {"breaker_a": load, "breaker_b": "fridge", "breaker_c": "lamp"}
            return Scenario(plugs=plugs, used={"breaker_a": 4}), "breaker"
        case "room":
            return Scenario(plugs={"room": "heater"}), "room"
    return Scenario(plugs={load: load}), load
