"""What a simulated device measures, in the wire values of its profile. Pure.

    world ── power_W = 673/10 ── row "19", x 0.1 ──► {"19": 673}

The inverse of what the hub's interpreter does. Counters are rounded down: a counter shows what has
passed, never what is about to.
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
    """What a plug can measure, by point key."""
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
    """What the meter, and the sensor on the front door, can measure, by point key."""
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
    """Turns quantities into what one device says of them. Keeps what an increment has not yet counted.

    ``encoders``: those of the profile's named decoders that can be turned round. A raw value without one is
    a setting, or nothing.
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
        """All that the profile lists and the world knows, and the settings (by wire key) as they are."""
        values: dict[str, WireValue] = {}
        for row in self._rows:
            wire = self._packed(row, quantities) if row.decode else self._measured(row, quantities)
            if wire is None:
                wire = (settings or {}).get(row.wire)
            if wire is not None:
                values[row.wire] = wire
        return WireCommand(values, types={row.wire: row.type for row in self._rows if row.type and row.wire in values})

    def _packed(self, row: WirePoint, quantities: Quantities) -> bytes | None:
        """One raw value that says several quantities, None where it says none of those that are known."""
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
        """Whole counts since the last ones were handed over, None while there are none."""
        before = self._counted.setdefault(wire, total)
        self._counted[wire] = total
        return total - before or None


class Settings:
    """What the controller may set besides the relay: kept and reported, as real devices do.

    ``at_first``: what they are, by point key. A countdown counts: when it is over the relay changes over.
    ``decoders``: those of the profile's named decoders that say what is in a raw setting. ``unix``: Unix seconds of
    the world.
    """

    def __init__(
        self,
        profile: Profile,
        at_first: Mapping[str, Value] | None = None,
        decoders: Mapping[str, Decoder] | None = None,
    ) -> None:
        self._profile = profile
        self._decoders = decoders or {}
        rows = [row for row in profile.points if row.point.access == "rw" and row.point.key != "on"]
        first = {**{row.point.key: _initial(row) for row in rows if row.point.kind in _INITIAL}, **(at_first or {})}
        self._values = {row.wire: row.to_wire(first[row.point.key]) for row in rows if row.point.key in first}
        self._countdown = next((row for row in rows if row.point.key == "countdown_s"), None)
        self._over_at: float | None = None
        self._parts = {row.wire: self._said(row, self._values[row.wire]) for row in rows if row.wire in self._values}

    def put(self, row: WirePoint, value: WireValue, unix: float) -> None:
        """Keep this. Raises WireError where it is raw and says nothing that can be."""
        self._parts[row.wire] = self._said(row, value)
        self._values[row.wire] = value
        if row is self._countdown:
            seconds = row.from_wire(value)
            self._over_at = unix + float(seconds) if seconds else None

    def values(self, unix: float) -> Mapping[str, WireValue]:
        """By wire key."""
        if self._countdown is not None:
            left = 0 if self._over_at is None else math.ceil(self._over_at - unix)
            self._values[self._countdown.wire] = self._countdown.to_wire(left)
        return self._values

    def parts(self) -> Mapping[str, Value]:
        """What the raw ones say, by point key."""
        return {key: value for parts in self._parts.values() for key, value in parts.items()}

    def _said(self, row: WirePoint, value: WireValue) -> Mapping[str, Value]:
        decoder = self._decoders.get(row.decode)
        if decoder is None or not isinstance(value, bytes):
            return {}
        said = {f"{row.wire}.{name}": part for name, part in decoder(value).items()}
        return {one.point.key: one.from_wire(said[one.wire]) for one in self._profile.points if one.wire in said}

    def countdown_is_over(self, unix: float) -> bool:
        """True once for each countdown."""
        if self._over_at is None or unix < self._over_at:
            return False
        self._over_at = None
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
        case "daily":
            return "energy_today_Wh"
        case "net":
            return "energy_net_Wh"
    return row.point.key


def _as_type(type_: str, count: Fraction) -> WireValue:
    """``count`` as the wire type has it; a family without wire types takes the exact number."""
    match type_:
        case "":
            return count
        case "float":
            return float(count)
    return round(count)
