"""What a frame consists of, for people: its bytes as parts with labels, values, and what is odd about them.

    55 aa   03       07       00 08    13  02     00 04   00 00 02 a1   da
    header  version  command  length   dp  type   length  value         checksum
                     report   8 bytes  19  value  4       673           right
                                       └──────── data point 19 ──────┘

The parts of a frame cover each of its bytes once, in their order, and so do the parts of a part.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from unclouded.core.model import NamedValue, Value

PartKind = Literal["header", "version", "sequence", "command", "length", "data", "value", "json", "checksum", "rest"]


class FramePart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The bytes of a frame from ``start`` to before ``end``, and what they are.

    ``kind``: what it is in any protocol; "value" = what the frame is about, "json" = text that holds one member of an
    object, "rest" = bytes without a meaning. ``type``: how a value is encoded. ``value``: it, as a JSON type. ``text``:
    the value for people; "" = it needs none. ``odd``: what is not as it should be. ``wire``: the wire key of a value.
    ``points``: the same by the device's profile. ``parts``: what it consists of, () = it is one field.
    """

    start: int
    end: int
    label: str
    kind: PartKind = "data"
    type: str = ""
    value: Value | None = None
    text: str = ""
    odd: str = ""
    wire: str = ""
    points: tuple[NamedValue, ...] = ()
    parts: tuple["FramePart", ...] = ()


class PartReader:
    """Takes the bytes from ``at`` to ``end`` apart, one part behind the other."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end
        self.parts: list[FramePart] = []

    @property
    def left(self) -> int:
        """Bytes that belong to no part yet."""
        return self.end - self.at

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer where there are no more."""
        return self.data[self.at : min(self.at + size, self.end)]

    def take(
        self,
        size: int,
        label: str,
        kind: PartKind = "data",
        *,
        type: str = "",
        value: Value | None = None,
        text: str = "",
        odd: str = "",
        wire: str = "",
    ) -> None:
        """The next part; without bytes there is none."""
        start, self.at = self.at, min(self.at + size, self.end)
        if self.at > start:
            self.parts.append(
                FramePart(
                    start=start,
                    end=self.at,
                    label=label,
                    kind=kind,
                    type=type,
                    value=value,
                    text=text,
                    odd=odd,
                    wire=wire,
                )
            )

    def number(
        self, size: int, label: str, kind: PartKind = "data", *, byteorder: Literal["big", "little"] = "big"
    ) -> int:
        """The next part, a number without a sign; returns it."""
        number = int.from_bytes(self.peek(size), byteorder)
        self.take(size, label, kind, value=number, text=str(number))
        return number

    def group(self, inner: "PartReader", label: str, *, wire: str = "", odd: str = "") -> None:
        """A part that consists of those of another reader, which began here."""
        parts = tuple(inner.parts)
        if parts:
            self.parts.append(FramePart(start=self.at, end=inner.at, label=label, wire=wire, odd=odd, parts=parts))
        self.at = inner.at

    def inner(self) -> "PartReader":
        """A reader that begins here."""
        return PartReader(self.data, self.at, self.end)

    def rest(self, label: str, odd: str = "") -> None:
        """The bytes that no other part has taken. ``odd``: what is wrong with them, as text."""
        self.take(self.left, label, "rest", odd=odd)


def leaves(parts: Iterable[FramePart]) -> Iterator[FramePart]:
    """The parts that consist of no others."""
    for part in parts:
        if part.parts:
            yield from leaves(part.parts)
        else:
            yield part


def replaced(parts: Iterable[FramePart], new: Callable[[FramePart], FramePart]) -> tuple[FramePart, ...]:
    """The same with other leaves."""
    return tuple(
        msgspec.structs.replace(part, parts=replaced(part.parts, new)) if part.parts else new(part) for part in parts
    )
