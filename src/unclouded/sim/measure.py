"""Converts the quantities of the simulation to the wire values of a device's profile. Pure.

    world ── power_W = 673/10 ── row "19", x 0.1 ──► {"19": 673}

The inverse of the hub's interpreter. Counters are rounded down: a counter never shows energy that has not passed yet.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from unclouded.core.model import Kind, Value
from unclouded.core.profile import Profile, WirePoint
from unclouded.core.session import WireCommand, WireValue
from unclouded.sim.world import World

Quantities = Mapping[str, Fraction | bool]
Encoder = Callable[[Mapping[str, int]], bytes]
Decoder = Callable[[bytes], Mapping[str, WireValue]]


def plug_quantities(world: World, name: str) -> Quantities:
    """The quantities that a plug can measure, by point key."""
    state = world.plug(name)
    return {
        "on": state.on,
        "power_W": state.power_W,
        "voltage_V": state.voltage_V,
        "current_A": state.current_A,
        "power_factor": state.power_factor,
        "apparent_power_VA": state.apparent_power_VA,
        "frequency_Hz": state.frequency_Hz,
        "energy_import_Wh": state.energy_Wh,
        "energy_today_Wh": state.energy_today_Wh,
        "energy_net_Wh": state.energy_Wh,
        "fault": Fraction(0),
    }


def meter_quantities(world: World) -> Quantities:
    """The quantities that the meter and the front door's sensor can measure, by point key."""
    state, door = world.meter(), world.door()
    return {
        "power_W": state.power_W,
        "voltage_V": state.voltage_V,
        "frequency_Hz": state.frequency_Hz,
        "energy_import_Wh": state.import_Wh,
        "energy_export_Wh": state.export_Wh,
        "energy_today_Wh": state.import_today_Wh,
        "energy_net_Wh": state.import_Wh - state.export_Wh,
        "open": door.open,
        "battery_percent": Fraction(door.battery_percent),
    }


class Gauge:
    """Converts quantities to the wire values of one device. Keeps the last totals of increments.

    ``encoders``: the inverses of the profile's named decoders, where they exist. A raw value without an encoder is a
    setting or is left out.
    """

    def __init__(self, profile: Profile, encoders: Mapping[str, Encoder] | None = None) -> None:
        self._encoders = encoders or {}
        packed = {row.wire for row in profile.points if row.decode}
        self._rows = [row for row in profile.points if row.wire in packed or _whole(row) not in packed]
        self._parts = {
            wire: [row for row in profile.points if row.wire != wire and _whole(row) == wire] for wire in packed
        }
        self._counted: dict[str, int] = {}

    def measure(self, quantities: Quantities, settings: Mapping[str, WireValue] | None = None) -> WireCommand:
        """All points of the profile with a known quantity, and the current settings (by wire key)."""
        values: dict[str, WireValue] = {}
        for row in self._rows:
            wire = self._packed(row, quantities) if row.decode else self._measured(row, quantities)
            if wire is None:
                wire = (settings or {}).get(row.wire)
            if wire is not None:
                values[row.wire] = wire
        return WireCommand(values, types={row.wire: row.type for row in self._rows if row.type and row.wire in values})

    def _packed(self, row: WirePoint, quantities: Quantities) -> bytes | None:
        """One raw value with several quantities; None where none of them is known."""
        counts = {
            part.wire.partition(".")[2]: round(count)
            for part in self._parts[row.wire]
            if isinstance(count := self._measured(part, quantities), int | Fraction)
        }
        encoder = self._encoders.get(row.decode)
        return encoder(counts) if encoder and counts else None

    def _measured(self, row: WirePoint, quantities: Quantities) -> WireValue | None:
        value = quantities.get(_quantity(row))
        return None if value is None else self._wire(row, value)

    def _wire(self, row: WirePoint, value: Fraction | bool) -> WireValue | None:
        if isinstance(value, bool):
            return value != row.inverted
        count = value * row.div / row.mul
        match row.counter:
            case "increment":
                return self._increment(row.wire, math.floor(count))
            case "none":
                return _as_type(row.type, count)
        whole = math.floor(count) if row.type else count
        return whole % row.wraps if row.wraps else whole

    def _increment(self, wire: str, total: int) -> int | None:
        """Whole counts since the last report; None while there are none."""
        before = self._counted.setdefault(wire, total)
        self._counted[wire] = total
        return total - before or None


class Settings:
    """The settings that the controller may change besides the relay: stored and reported, as by real devices.

    ``initial``: their values, by point key. A countdown runs: at its end the relay toggles. ``decoders``: the
    profile's named decoders for raw settings. ``unix``: Unix seconds of the simulation.
    """

    def __init__(
        self,
        profile: Profile,
        initial: Mapping[str, Value] | None = None,
        decoders: Mapping[str, Decoder] | None = None,
    ) -> None:
        self._profile = profile
        self._decoders = decoders or {}
        rows = [row for row in profile.points if row.point.access == "rw" and row.point.key != "on"]
        first = {**{row.point.key: _initial(row) for row in rows if row.point.kind in _INITIAL}, **(initial or {})}
        self._values = {row.wire: row.to_wire(first[row.point.key]) for row in rows if row.point.key in first}
        self._countdown = next((row for row in rows if row.point.key == "countdown_s"), None)
        self._ends_at: float | None = None
        self._parts = {row.wire: self._decoded(row, self._values[row.wire]) for row in rows if row.wire in self._values}

    def put(self, row: WirePoint, value: WireValue, unix: float) -> None:
        """Store a setting. Raises WireError where a raw value is invalid."""
        self._parts[row.wire] = self._decoded(row, value)
        self._values[row.wire] = value
        if row is self._countdown:
            seconds = row.from_wire(value)
            self._ends_at = unix + float(seconds) if seconds else None

    def values(self, unix: float) -> Mapping[str, WireValue]:
        """By wire key."""
        if self._countdown is not None:
            left = 0 if self._ends_at is None else math.ceil(self._ends_at - unix)
            self._values[self._countdown.wire] = self._countdown.to_wire(left)
        return self._values

    def parts(self) -> Mapping[str, Value]:
        """The decoded values of raw settings, by point key."""
        return {key: value for parts in self._parts.values() for key, value in parts.items()}

    def _decoded(self, row: WirePoint, value: WireValue) -> Mapping[str, Value]:
        decoder = self._decoders.get(row.decode)
        if decoder is None or not isinstance(value, bytes):
            return {}
        decoded = {f"{row.wire}.{name}": part for name, part in decoder(value).items()}
        return {one.point.key: one.from_wire(decoded[one.wire]) for one in self._profile.points if one.wire in decoded}

    def countdown_ended(self, unix: float) -> bool:
        """True once for each countdown."""
        if self._ends_at is None or unix < self._ends_at:
            return False
        self._ends_at = None
        return True


_INITIAL: Mapping[Kind, Value] = {"switch": False, "number": 0, "enum": 0}


def _initial(row: WirePoint) -> Value:
    point = row.point
    if point.kind == "enum" and point.options:
        return point.options[0]
    return max(point.minimum or 0, 0) if point.kind == "number" else _INITIAL[point.kind]


def _whole(row: WirePoint) -> str:
    """The wire key of the raw value that this is a part of, or its own."""
    return row.wire.partition(".")[0]


def _quantity(row: WirePoint) -> str:
    match row.counter:
        case "daily" | "dated":
            return "energy_today_Wh"
        case "net":
            return "energy_net_Wh"
    return row.point.key


def _as_type(type_: str, count: Fraction) -> WireValue:
    """``count`` in the wire type; a family without wire types uses the exact number."""
    match type_:
        case "":
            return count
        case "float":
            return float(count)
    return round(count)
