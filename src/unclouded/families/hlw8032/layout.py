"""The parts of a frame of the metering chip, and of noise that is a damaged one.

    55     5a     02 d7 70 …  00 0a 30    …  70      00 2c   9f
    state  check  coefficient register       update  pulses  checksum

Source: docs/protocols/hlw8032.md §1.2, §1.3, §3.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.family import Piece
from unclouded.core.frame_part import FramePart, PartReader
from unclouded.families.hlw8032.decoder import UNITS, state_text
from unclouded.families.hlw8032.frame import HEADER, LENGTH, Hlw8032Frame
from unclouded.families.hlw8032.measurement import NOMINAL, measurement, refreshed

HEAD = 2  # bytes before those of which the sum is: state and 5A


def layout(piece: Piece) -> Sequence[FramePart]:
    """A core.family.Layout."""
    reader = PartReader(piece.data)
    while reader.left:
        begin = HEADER.search(piece.data, reader.at)
        if begin is None or begin.start() != reader.at:
            reader.take(begin.start() - reader.at if begin else reader.left, "no frame", "rest")
        elif reader.left >= LENGTH:
            _frame(reader)
        else:
            _cut(reader)
    return reader.parts


def _cut(reader: PartReader) -> None:
    """The beginning of a frame."""
    missing = LENGTH - reader.left
    reader.take(1, "state", "version", value=reader.data[reader.at])
    reader.take(1, "check", "header")
    reader.rest("cut off", f"{missing} more byte{' is' if missing == 1 else 's are'} due")


def _frame(reader: PartReader) -> None:
    at = reader.at
    frame = Hlw8032Frame(reader.peek(LENGTH))
    fresh = refreshed(frame)
    measured = measurement(frame, fresh, NOMINAL)
    reader.take(1, "state", "version", value=frame.state, text=state_text(frame))
    reader.take(1, "check", "header")
    for wire, unit in UNITS.items():
        value = measured.values.get(wire)
        known = None if value is None else round(value, 5)
        _pair(reader, wire, unit, known, measured.missing.get(wire, ""), measured.odd)
    reader.take(1, "update", value=frame.update, text=", ".join(fresh) or "nothing new")
    reader.number(2, "pulses", "value")
    right = sum(frame.data[HEAD:-1]) & 0xFF
    is_right = frame.data[-1] == right
    odd = "" if is_right else f"should be {right:02x}"
    text = "right" if is_right else "wrong"
    reader.take(at + LENGTH - reader.at, "checksum", "checksum", value=frame.data[-1], text=text, odd=odd)


def _pair(reader: PartReader, wire: str, unit: str, value: float | None, missing: str, odd: Mapping[str, str]) -> None:
    """A coefficient and its register, whose quotient is the value."""
    inner = reader.inner()
    key, _, symbol = unit.partition("_")
    inner.number(3, f"{key} coefficient")
    text = f"{value:g} {symbol}" if value is not None else missing
    register = int.from_bytes(inner.peek(3))
    inner.take(
        3, f"{key} register", "value", type="quotient", value=register, text=text, odd=odd.get(wire, ""), wire=wire
    )
    reader.group(inner, key, wire=wire)
