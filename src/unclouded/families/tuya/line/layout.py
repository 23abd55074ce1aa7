"""The parts of a Tuya frame, and of noise that is a damaged one: header, fields of the payload, checksum.

    55 aa   03       07       00 08    13 02 00 04 00 00 02 a1   da
    header  version  command  length   data point 19             checksum: right

All of it follows from the command tables: the fields are those of the command's row, their names and meanings those of
the message. Of noise each header begins a frame, which the next header cuts off where its checksum is not right.
Source: docs/protocols/tuya_wifi.md §2.1, §2.4, §6; docs/protocols/tuya_zigbee_module.md §1.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.family import Piece, Sender
from unclouded.core.frame_part import FramePart, PartKind, PartReader, leaves
from unclouded.families.tuya.line.command import NOT_KNOWN, CommandTable
from unclouded.families.tuya.line.decoder import DialectReading
from unclouded.families.tuya.line.payload_parts import Fields, PayloadReader
from unclouded.families.tuya.line.resync import HEADER

KINDS: Mapping[str, PartKind] = {
    "header": "header",
    "version": "version",
    "sequence": "sequence",
    "command": "command",
    "length": "length",
}


class LineLayout:
    """A core.family.Layout of one dialect."""

    def __init__(self, table: CommandTable, reading: DialectReading) -> None:
        self._table = table
        self._reading = reading
        self._head = sum(size for _, size in reading.head)

    def __call__(self, piece: Piece) -> Sequence[FramePart]:
        data, at, parts = piece.data, 0, list[FramePart]()
        while at < len(data):
            begin = at if piece.kind == "frame" else data.find(HEADER, at)
            if begin != at:
                reader = PartReader(data, at, begin if begin >= 0 else None)
                reader.rest("no header")
            else:
                reader = self._frame(piece, at, len(data) if piece.kind == "frame" else self._end(data, at))
            parts += reader.parts
            at = reader.end
        return parts

    # --- inside --------------------------------------------------------------------------------

    def _end(self, data: bytes, at: int) -> int:
        """Where the frame that begins there ends: by its length, or where another header cuts it off."""
        end = at + self._head + self._announced(data, at) + 1
        whole = at + self._head <= len(data) and end <= len(data)
        if whole and sum(data[at : end - 1]) & 0xFF == data[end - 1]:
            return end
        following = data.find(HEADER, at + len(HEADER), end)
        return following if following >= 0 else min(end, len(data))

    def _announced(self, data: bytes, at: int) -> int:
        """Bytes of payload, by the length field."""
        return int.from_bytes(data[at + self._head - 2 : at + self._head])

    def _frame(self, piece: Piece, at: int, end: int) -> PartReader:
        reader = PartReader(piece.data, at, end)
        announced, present = self._announced(piece.data, at), end - at - self._head - 1
        is_whole = present == announced
        payload_end = end - 1 if is_whole else end
        payload = piece.data[at + self._head : payload_end]
        head: dict[str, int] = {}
        for name, size in self._reading.head:
            head[name] = int.from_bytes(reader.peek(size))
            self._head_part(reader, name, size, head[name], payload)
        if not is_whole:
            _mark_length(reader, announced)
        if reader.at < payload_end:
            reader.parts += self._payload(piece, at, payload_end, head, is_whole)
            reader.at = payload_end
        if is_whole:
            _checksum(reader, at)
        return reader

    def _head_part(self, reader: PartReader, name: str, size: int, number: int, payload: bytes) -> None:
        text = str(number)
        if name == "header":
            text = ""
        elif name == "command":
            text = self._table.name_of(number) or self._table.name_of(number, payload) or "not known"
        elif name == "length":
            text = f"{number} byte{'' if number == 1 else 's'}"
        reader.take(size, name, KINDS[name], value=None if name == "header" else number, text=text)

    def _payload(self, piece: Piece, at: int, end: int, head: Mapping[str, int], is_whole: bool) -> Sequence[FramePart]:
        """The parts of the payload, by the direction of its command that fits it best."""
        start = at + self._head
        payload = piece.data[start:end]
        spec = self._table.of(head["command"], payload)
        message: Fields | None = piece.message
        if piece.kind != "frame" and is_whole:
            message = self._message(piece.sender, piece.data[at : end + 1])
        best: Sequence[FramePart] = ()
        fewest = 2 * len(payload) + 1
        for one in spec.payloads(piece.sender) if spec is not None else (NOT_KNOWN,):
            reader = PayloadReader(piece.data, start, end, message, head["version"])
            if head["command"] in self._table.with_sub:
                reader.take(1, "sub-command", "command", value=payload[0], text=spec.name if spec else "not known")
            reader.read(one.fields)
            unfitting = _unfitting(reader.parts)
            if unfitting < fewest:
                best, fewest = reader.parts, unfitting
            if not unfitting:
                break
        return best

    def _message(self, sender: Sender | None, data: bytes) -> Fields | None:
        """The fields of a frame whose checksum is wrong."""
        return self._reading.read(sender, self._reading.frame_of(data)).message


def _unfitting(parts: Sequence[FramePart]) -> int:
    """How many parts are not as the command has them."""
    return sum(part.kind == "rest" or bool(part.odd) for part in (*parts, *leaves(parts)))


def _mark_length(reader: PartReader, announced: int) -> None:
    """Note in the length field that the frame does not have so many bytes."""
    last, left = reader.parts[-1], reader.left
    if last.kind == "length":
        odd = f"{announced} and a checksum should follow, but {left} byte{' is' if left == 1 else 's are'} there"
        reader.parts[-1] = msgspec.structs.replace(last, odd=odd)


def _checksum(reader: PartReader, at: int) -> None:
    """The last byte, and what it should be."""
    right = sum(reader.data[at : reader.at]) & 0xFF
    is_right = reader.peek(1) == bytes((right,))
    odd = "" if is_right else f"should be {right:02x}"
    reader.take(1, "checksum", "checksum", value=reader.data[reader.at], text="right" if is_right else "wrong", odd=odd)
