"""Takes out of frames what may be the owner's: they stay frames of the same length, with right checksums.

    family's layout ──► parts ──► JSON, texts and addresses cleaned; texts of data points blanked ──► checksum

What a part is, the protocol's tables say. What is no whole frame, and what has no layout, is cleaned as text. Numbers
and switches stay, except those of personal points: who opened a lock, a number that was dialled.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

from unclouded.app.dump.json_cleaning import JsonCleaner, cleaned_ascii, filled
from unclouded.app.dump.pseudonyms import Pseudonyms
from unclouded.app.dump.text_cleaning import TextCleaner
from unclouded.core.family import Dialect, Family, Piece
from unclouded.core.frame_part import FramePart

UTF8_RUN = re.compile(rb"(?:[ -~]|[\xC2-\xF4][\x80-\xBF]{1,3}){3,}")
FIXED = frozenset({"header", "version", "sequence", "command", "length", "checksum"})
ADDRESSES = frozenset({"mac", "address"})  # labels of binary ones
LEAST_BYTES = 4  # different ones of an address that is looked for
LONGEST_OPAQUE = 32  # bytes without a meaning that are kept
CHECKED: Mapping[str, Callable[[bytes], bytes]] = {
    name: lambda frame: frame[:-1] + bytes((sum(frame[:-1]) & 0xFF,)) for name in ("tuya_wifi", "tuya_gateway")
}


class KeptPoints(msgspec.Struct, frozen=True):
    """Wire keys of one part: of raw values that are kept, and of values that are a person's."""

    raw: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    with_raw: bool = False  # keep all raw values


class FrameCleaner:
    """Cleans the pieces of one wire. ``points``: by part. ``addresses``: known ones, as bytes, wherever they stand.

    ``blanked``: how many values of data points were blanked, by their kind.
    """

    def __init__(
        self,
        family: Family,
        cleaner: TextCleaner,
        pseudonyms: Pseudonyms,
        points: Mapping[str, KeptPoints] = {},
        addresses: Collection[bytes] = (),
    ) -> None:
        self.blanked = {"text": 0, "raw": 0, "personal": 0, "opaque": 0}
        self._family = family
        self._cleaner = cleaner
        self._json = JsonCleaner(cleaner)
        self._pseudonyms = pseudonyms
        self._of_part = points
        self._points = KeptPoints()  # those of the part that is being cleaned
        self._addresses = sorted({one for one in addresses if _is_distinct(one)}, key=len, reverse=True)

    def clean(self, piece: Piece, reading: Family | Dialect) -> bytes:
        """The bytes of a piece, as many as before. ``reading``: the dialect that it is in."""
        data = piece.data
        if reading.layout is None and self._family.capture_as == "text":
            return self._as_text(data)
        if reading.layout is None or piece.kind != "frame":
            return self._known_addresses(self._texts(data))
        self._points = self._of_part.get(piece.part, self._of_part.get("", KeptPoints()))
        out = bytearray(data)
        for start, end, new in self._parts(reading.layout(piece), data, ""):
            out[start:end] = new
        cleaned = self._known_addresses(bytes(out))
        return cleaned if cleaned == data else self._checked(data, cleaned)

    # --- inside --------------------------------------------------------------------------------

    def _checked(self, before: bytes, after: bytes) -> bytes:
        """With a right checksum, where it was right before."""
        checked = CHECKED.get(self._family.name)
        return checked(after) if checked is not None and checked(before) == before else after

    def _parts(self, parts: Sequence[FramePart], data: bytes, wire: str) -> Iterator[tuple[int, int, bytes]]:
        run: tuple[int, int] | None = None  # of parts of one JSON text
        for part in parts:
            is_json = part.type == "json" and not part.parts
            if run is not None and not is_json:
                yield (*run, self._json.clean(data[run[0] : run[1]]))
                run = None
            if is_json:
                run = (run[0] if run else part.start, part.end)
            elif part.parts:
                yield from self._parts(part.parts, data, part.wire or wire)
            elif part.kind not in FIXED:
                yield part.start, part.end, self._leaf(part, data[part.start : part.end], part.wire or wire)
        if run is not None:
            yield (*run, self._json.clean(data[run[0] : run[1]]))

    def _leaf(self, part: FramePart, data: bytes, wire: str) -> bytes:
        if part.label in ADDRESSES:
            return self._pseudonyms.number_of(data)
        if wire:
            return self._value(part, data, wire)
        if part.kind == "json" or part.type == "string":
            return self._texts(data)
        if part.kind in ("data", "rest") and len(data) > LONGEST_OPAQUE:
            self.blanked["opaque"] += 1
            return bytes(len(data))
        return self._texts(data)

    def _value(self, part: FramePart, data: bytes, wire: str) -> bytes:
        """The value of a data point."""
        if part.label in ("dp", "type"):
            return data
        kind = "personal" if wire in self._points.personal else "text" if part.type == "string" else "raw"
        is_number = isinstance(part.value, bool | int | float)
        is_kept = kind == "raw" and (is_number or wire in self._points.raw or self._points.with_raw)
        if is_kept or not data.strip(b"\0"):
            return data
        self.blanked[kind] += 1
        return filled(data) if kind == "text" else bytes(len(data))

    def _texts(self, data: bytes) -> bytes:
        """Stretches of text, also with letters of other alphabets."""
        return UTF8_RUN.sub(self._run, data)

    def _run(self, found: re.Match[bytes]) -> bytes:
        return cleaned_ascii(self._cleaner, found[0]) if found[0].isascii() else filled(found[0])

    def _as_text(self, data: bytes) -> bytes:
        """Lines: whole lines are read, so that a word before another shows what it is."""
        return b"".join(self._line(line) for line in re.split(rb"([\r\n\t\0-\x1f]+)", data))

    def _line(self, line: bytes) -> bytes:
        return self._known_addresses(cleaned_ascii(self._cleaner, line) if line.isascii() else self._texts(line))

    def _known_addresses(self, data: bytes) -> bytes:
        for one in self._addresses:
            if one in data:
                data = data.replace(one, self._pseudonyms.number_of(one))
        return data


def _is_distinct(address: bytes) -> bool:
    """Whether it cannot be numbers by chance, as 02 00 00 00 00 04 of a simulated plug can."""
    return len(set(address)) >= LEAST_BYTES and address.count(0) <= 2
