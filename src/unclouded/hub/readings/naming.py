"""Frames as text: the values in them by the keys and units of a profile. Pure.

07 report  19 = 673                  without a profile, or where it does not list the wire key
07 report  power_W 67.3 W            with one: key, value, unit
07 report  energy_import_Wh +32 Wh   a counter that reports only what was added
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import MEANS, Piece
from unclouded.core.model import NamedValue, Value, bits_text
from unclouded.core.profile import Conditions, PointRows, Profile, WirePoint
from unclouded.core.sessions.session import WireValue

RawDecoder = Callable[[bytes], Mapping[str, WireValue]]
POINTS = "points"  # the field of a message that holds its values


class ValueNames:
    """Names values by a profile; None = no value has a name. ``decoders``: the family's, for raw values.

    ``with_raw``: the text has the value on the wire too: ``power_W 67.3 W (19: 673)``, ``on true (1)``.
    """

    def __init__(
        self,
        profile: Profile | None = None,
        decoders: Mapping[str, RawDecoder] | None = None,
        *,
        with_raw: bool = False,
    ) -> None:
        self.profile = profile
        self._with_raw = with_raw
        self._rows = PointRows(profile.points if profile else ())
        self._by_key = {row.point.key: row for row in self._rows}
        self._decoders = decoders or {}
        self._conditions = Conditions(self._rows)

    def points(self, piece: Piece) -> list[NamedValue]:
        """Every value in a frame; a raw one that the profile can decode gives several."""
        return [named for points in self.by_value(piece) for named in points]

    def by_value(self, piece: Piece) -> list[tuple[NamedValue, ...]]:
        """The same, apart for each of the frame's values."""
        self._conditions.learn(dict(piece.values) if self._conditions.wires else {})
        return [tuple(self._named(wire, raw)) for wire, raw in piece.values]

    def text(self, piece: Piece) -> str:
        """The message of a frame as text: its other fields, then its values."""
        message = piece.message or {}
        if piece.values:
            message = {key: value for key, value in message.items() if key != POINTS}
        values = [self._point_text(one) for one in self.points(piece)]
        return " ".join([*_field_texts(message), ", ".join(values)]).strip()

    def reading_text(self, named: NamedValue) -> str:
        """``power_W 67.3 W``; "" where the profile does not list the value."""
        if not named.key:
            return ""
        return f"{named.key} {self._reading_text(named)}".strip()

    def out_of_range(self, named: NamedValue) -> str:
        """What the profile does not allow of a reading, "" = nothing."""
        row, reading = self._by_key.get(named.key), named.reading
        if row is None or isinstance(reading, bool | str | None):
            return ""
        low, high = row.point.minimum, row.point.maximum
        if (low is None or reading >= low) and (high is None or reading <= high):
            return ""
        limits = f"{low:g} to {high:g}" if low is not None and high is not None else ""
        limits = limits or (f"{low:g} or more" if low is not None else f"{high:g} or less")
        return f"{named.key} is {limits} by the profile, not {_text(reading)}"

    # --- inside --------------------------------------------------------------------------------

    def _named(self, wire: str, raw: WireValue) -> Iterator[NamedValue]:
        row = self._rows.get(wire, raw)
        if row is None or not row.fits(raw) or not self._conditions.is_used(row):
            yield NamedValue(id=wire, raw=_plain(raw))
        elif row.decode and isinstance(raw, bytes):
            yield from self._unpacked(row, raw)
        else:
            yield self._read(row, raw)

    def _unpacked(self, row: WirePoint, raw: bytes) -> Iterator[NamedValue]:
        """The values inside a raw one that the profile lists, each with its own wire key (``6.voltage``)."""
        decoder = self._decoders.get(row.decode)
        try:
            values = decoder(raw) if decoder is not None else {}
        except WireError:
            values = {}
        inner = [(f"{row.wire}.{suffix}", value) for suffix, value in values.items()]
        known = [(found, value) for wire, value in inner if (found := self._rows.get(wire, value)) is not None]
        if not known:
            yield NamedValue(id=row.wire, raw=raw.hex(), key=row.point.key)
        for one, value in known:
            yield self._read(one, value)

    def _read(self, row: WirePoint, raw: WireValue) -> NamedValue:
        point = row.point
        try:
            reading = row.from_wire(self._conditions.signed(row, raw))
        except ValueError:
            return NamedValue(id=row.wire, raw=_plain(raw), key=point.key)
        return NamedValue(id=row.wire, raw=_plain(raw), key=point.key, reading=reading, unit=point.unit)

    def _point_text(self, named: NamedValue) -> str:
        if named.reading is None:
            return f"{named.key or named.id} = {_text(named.raw)}"
        text = f"{named.key} {self._reading_text(named)}".strip()
        if not self._with_raw:
            return text
        return f"{text} ({named.id})" if named.raw == named.reading else f"{text} ({named.id}: {_text(named.raw)})"

    def _reading_text(self, named: NamedValue) -> str:
        """The reading with its unit."""
        if named.reading is None:
            return ""
        row = self._by_key.get(named.key)
        plus = "+" if row is not None and row.counter == "increment" else ""
        reading = _text(named.reading)
        if row is not None and row.point.kind == "bitmap" and row.point.options and isinstance(named.reading, int):
            reading = bits_text(named.reading, row.point.options)
        return f"{plus}{reading} {named.unit}"


def _field_texts(message: Mapping[str, object]) -> list[str]:
    """``status=4 (cloud)``: each field, and what a number in it means."""
    means = message.get(MEANS)
    known = means if isinstance(means, Mapping) else {}
    return [
        f"{key if key.isprintable() else _json(key)}={_json(value)}" + (f" ({known[key]})" if key in known else "")
        for key, value in message.items()
        if key != MEANS
    ]


def _plain(raw: WireValue) -> Value:
    """As a type that JSON has."""
    if isinstance(raw, bytes):
        return raw.hex()
    return float(raw) if isinstance(raw, Fraction) else raw


def _text(value: Value) -> str:
    """A single printable word as it is, everything else as JSON writes it."""
    return value if isinstance(value, str) and value.isprintable() and " " not in value and value else _json(value)


def _json(value: object) -> str:
    """JSON, with every unprintable character escaped: JSON itself lets some control characters through."""
    text = msgspec.json.encode(value).decode()
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
