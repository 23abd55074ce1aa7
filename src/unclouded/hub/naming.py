"""The values on a wire by the names and units of a profile, for people who look at frames. Pure.

07 report  19 = 673                  without a profile, or where it does not list the point
07 report  power_W 67.3 W            with one: key, value, unit
07 report  energy_import_Wh +32 Wh   a counter that tells only what was added
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Piece
from unclouded.core.model import NamedValue, Value
from unclouded.core.profile import Profile, WirePoint
from unclouded.core.session import WireValue

RawDecoder = Callable[[bytes], Mapping[str, WireValue]]
POINTS = "points"  # the field of a message that its values stand in


class ValueNames:
    """Names values by a profile; None = nothing is known of them. ``decoders``: the family's, for raw values.

    ``with_raw``: the words tell as well what stands on the wire: ``power_W 67.3 W (19: 673)``, ``on true (1)``.
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
        self._rows: Mapping[str, WirePoint] = {row.wire: row for row in profile.points} if profile else {}
        self._decoders = decoders or {}

    def points(self, piece: Piece) -> list[NamedValue]:
        """Every value in a frame; a raw one that the profile can take apart gives several."""
        return [named for wire, raw in piece.values for named in self._named(wire, raw)]

    def words(self, piece: Piece) -> str:
        """What a frame says as people read it: its values, and the other fields of its message."""
        message = piece.message or {}
        if piece.values:
            message = {key: value for key, value in message.items() if key != POINTS}
        said = [self._point_words(one) for one in self.points(piece)]
        return " ".join([*_field_words(message), ", ".join(said)]).strip()

    # --- inside --------------------------------------------------------------------------------

    def _named(self, wire: str, raw: WireValue) -> Iterator[NamedValue]:
        row = self._rows.get(wire)
        if row is None:
            yield NamedValue(id=wire, raw=_plain(raw))
        elif row.decode and isinstance(raw, bytes):
            yield from self._unpacked(row, raw)
        else:
            yield _read(row, raw)

    def _unpacked(self, row: WirePoint, raw: bytes) -> Iterator[NamedValue]:
        """The values inside a raw one, each with its own wire key (``6.voltage``); those that are not listed too."""
        decoder = self._decoders.get(row.decode)
        try:
            values = decoder(raw) if decoder is not None else {}
        except WireError:
            values = {}
        inner = [(f"{row.wire}.{suffix}", value) for suffix, value in values.items()]
        known = [(self._rows[wire], value) for wire, value in inner if wire in self._rows]
        if not known:
            yield NamedValue(id=row.wire, raw=raw.hex(), key=row.point.key)
        for one, value in known:
            yield _read(one, value)

    def _point_words(self, named: NamedValue) -> str:
        if named.reading is None:
            return f"{named.key or named.id} = {_text(named.raw)}"
        row = self._rows.get(named.id)
        plus = "+" if row is not None and row.counter == "increment" else ""
        words = f"{named.key} {plus}{_text(named.reading)} {named.unit}".strip()
        if not self._with_raw:
            return words
        return f"{words} ({named.id})" if named.raw == named.reading else f"{words} ({named.id}: {_text(named.raw)})"


def _read(row: WirePoint, raw: WireValue) -> NamedValue:
    point = row.point
    try:
        reading = row.from_wire(raw)
    except ValueError:
        return NamedValue(id=row.wire, raw=_plain(raw), key=point.key)
    return NamedValue(id=row.wire, raw=_plain(raw), key=point.key, reading=reading, unit=point.unit)


def _field_words(message: Mapping[str, object]) -> list[str]:
    return [f"{key if key.isprintable() else _json(key)}={_json(value)}" for key, value in message.items()]


def _plain(raw: WireValue) -> Value:
    """As JSON can say it."""
    if isinstance(raw, bytes):
        return raw.hex()
    return float(raw) if isinstance(raw, Fraction) else raw


def _text(value: Value) -> str:
    """A bare word as it is, everything else as JSON writes it."""
    return value if isinstance(value, str) and value.isprintable() and " " not in value and value else _json(value)


def _json(value: object) -> str:
    """No control byte gets through, nor what turns the direction of writing: JSON leaves some as they are."""
    text = msgspec.json.encode(value).decode()
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
