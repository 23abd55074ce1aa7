"""Converts the quantities of the simulation to the wire values of a device's profile. Pure.

    world ── power_W = 673/10 ── row "19", x 0.1 ──► {"19": 673}

The inverse of the hub's interpreter. Counters are rounded down: a counter never shows energy that has not passed yet.
A magnitude with a direction of its own is sent without its sign (``direction_values.py``).
"""

import math
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction

from unclouded.core.model import Kind, Value
from unclouded.core.profile import TENTH_OFFSET, Profile, WirePoint
from unclouded.core.sessions.session import WireCommand, WireValue
from unclouded.sim.direction_values import DirectionValues
from unclouded.sim.world import World

Quantity = Fraction | bool | str | bytes
Quantities = Mapping[str, Quantity]
Spans = Mapping[str, tuple[int | None, int | None]]  # by wire key: the lowest and the highest count
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
    setting or is left out. ``spans``: the counts that the wire may have; what is beyond is sent as the nearest.
    """

    def __init__(
        self, profile: Profile, encoders: Mapping[str, Encoder] | None = None, spans: Spans | None = None
    ) -> None:
        self._encoders = encoders or {}
        self._spans = spans or {}
        packed = {row.wire for row in profile.points if row.decode}
        self._rows = [row for row in profile.points if row.wire in packed or _whole(row) not in packed]
        self._parts = {
            wire: [row for row in profile.points if row.wire != wire and _whole(row) == wire] for wire in packed
        }
        self._types = {row.wire: row.type for row in self._rows if row.type}
        self._counted: dict[str, int] = {}
        self._directions = DirectionValues(self._rows)

    def measure(self, quantities: Quantities, settings: Mapping[str, WireValue] | None = None) -> WireCommand:
        """All points of the profile with a known quantity, and the current settings (by wire key)."""
        values: dict[str, WireValue] = {}
        for row in self._rows:
            wire = (settings or {}).get(row.wire)
            if wire is None:
                wire = self._packed(row, quantities) if row.decode else self._measured(row, quantities)
            if wire is not None:
                values[row.wire] = wire
        values = self._directions.unsigned(values)
        return WireCommand(values, types={wire: self._types.get(wire, "enum") for wire in values if self._types})

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

    def _wire(self, row: WirePoint, value: Quantity) -> WireValue | None:
        if isinstance(value, str | bytes):
            return value
        if isinstance(value, bool):
            return value != row.inverted if row.true_is is None else _state(row, row.true_is, value)
        return self._count(row, self._in_span(row, value * row.div / row.mul))

    def _in_span(self, row: WirePoint, count: Fraction) -> Fraction:
        low, high = self._spans.get(row.wire, (None, None))
        if row.counter != "none":
            return count
        count = count if low is None else max(count, Fraction(low))
        return count if high is None else min(count, Fraction(high))

    def _count(self, row: WirePoint, count: Fraction) -> WireValue | None:
        match row.counter:
            case "increment":
                return self._increment(row.wire, math.floor(count))
            case "none":
                return _as_type(row.type, count + TENTH_OFFSET if row.tenth and round(count) < 0 else count)
        whole = math.floor(count) if row.type else count
        return whole % row.wraps if row.wraps else whole

    def _increment(self, wire: str, total: int) -> int | None:
        """Whole counts since the last report; None while there are none."""
        before = self._counted.setdefault(wire, total)
        self._counted[wire] = total
        return total - before or None


class Settings:
    """The settings that the controller may change besides the relay: stored and reported, as by real devices.

    ``initial``: their values, by point key or wire key; one that can only be written is reported once it was. A
    countdown runs: at its end its relay toggles. ``decoders``: the profile's named decoders for raw settings.
    ``owned``: the keys that belong to the world. ``unix``: Unix seconds of the simulation.
    """

    def __init__(
        self,
        profile: Profile,
        initial: Mapping[str, Value] | None = None,
        decoders: Mapping[str, Decoder] | None = None,
        owned: Collection[str] = ("on",),
    ) -> None:
        self._profile = profile
        self._decoders = decoders or {}
        rows = [row for row in profile.points if row.point.access == "rw" and row.point.key not in owned]
        given = initial or {}
        first = {row.wire: given.get(row.wire, given.get(row.point.key, _initial(row))) for row in rows}
        self._values = {row.wire: row.to_wire(one) for row in rows if (one := first[row.wire]) is not None}
        self._countdowns = {
            row.wire: Countdown(row, relay)
            for row in rows
            if row.point.kind == "number" and (relay := _relay_of(row.point.key)) in owned
        }
        self._parts = {row.wire: self._decoded(row, self._values[row.wire]) for row in rows if row.wire in self._values}

    def put(self, row: WirePoint, value: WireValue, unix: float) -> None:
        """Store a setting. Raises WireError where a raw value is invalid."""
        self._parts[row.wire] = self._decoded(row, value)
        self._values[row.wire] = value
        if row.wire in self._countdowns:
            self._countdowns[row.wire].start(value, unix)

    def values(self, unix: float) -> Mapping[str, WireValue]:
        """By wire key."""
        self._values |= {wire: one.left(unix) for wire, one in self._countdowns.items()}
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

    def ended(self, unix: float) -> list[str]:
        """The keys of the relays whose countdown has ended; each once."""
        return [one.relay for one in self._countdowns.values() if one.has_ended(unix)]


class Countdown:
    """A point that counts the seconds down after which a relay toggles. ``relay``: its key."""

    def __init__(self, row: WirePoint, relay: str) -> None:
        self.relay = relay
        self._row = row
        self._set: WireValue = 0
        self._ends_at: float | None = None

    def start(self, value: WireValue, unix: float) -> None:
        """A count that is not more than 0 stays as it is."""
        seconds = float(self._row.from_wire(value))
        self._set = value
        self._ends_at = unix + seconds if seconds > 0 else None

    def left(self, unix: float) -> WireValue:
        """What is left of it at a time (Unix s), as the wire has it."""
        if self._ends_at is None:
            return self._set
        return round(max(math.ceil(self._ends_at - unix), 0) / self._row.scale)

    def has_ended(self, unix: float) -> bool:
        """True once for each countdown."""
        if self._ends_at is None or unix < self._ends_at:
            return False
        self._set, self._ends_at = 0, None
        return True


def _relay_of(key: str) -> str:
    """The relay that a countdown toggles: ``countdown_2_s`` -> ``on_2``; "" of any other point."""
    if not key.startswith("countdown_") or not key.endswith("s"):
        return ""
    return f"on{key.removeprefix('countdown').removesuffix('s').removesuffix('_')}"


_INITIAL: Mapping[Kind, Value] = {"switch": False, "number": 0, "enum": 0}


def _initial(row: WirePoint) -> Value | None:
    point = row.point
    if point.kind == "enum" and point.options:
        return point.options[0]
    if point.kind == "number":
        return min(max(point.minimum or 0, 0), 0 if point.maximum is None else point.maximum)
    return _INITIAL.get(point.kind)


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


def _state(row: WirePoint, true_is: frozenset[str], is_on: bool) -> WireValue:
    """The lowest wire value at which an alarm or a state is on, or off."""
    if row.type == "string":
        return min(true_is) if is_on else ""
    numbers = {int(text) for text in true_is if text.isdecimal()} or {1}
    count = min(numbers) if is_on else next(one for one in range(len(numbers) + 1) if one not in numbers)
    return bool(count) if row.type == "bool" else count
