"""Reading a recorded Tuya line of any dialect: each frame and each stretch of noise as a Piece, for people."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from unclouded.core.family import Piece, Sender, Totals, checked_sender, fed_bytes
from unclouded.core.sessions.session import WireValue
from unclouded.families.tuya.line.fields import PLAIN_HEAD, Field
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.line.shapes import HEADER_SIZE, DialectShapes

if TYPE_CHECKING:
    from unclouded.families.tuya.line.bulk_scan import Scan


class FrameReading(msgspec.Struct, frozen=True):
    """A frame explained: who sent it (None = it may be either), what is odd about it, its fields and its points.

    ``part``: the sub-device that it is about. ``products``: those that it names, by part.
    """

    sender: Sender | None
    odd: str
    message: Mapping[str, Any] | None  # Any: JSON types
    values: tuple[tuple[str, WireValue], ...] = ()  # by wire key
    part: str = ""
    products: Mapping[str, str] = {}


class StreamFramer(Protocol):
    """Bytes in, frames and noise out, in the order of the stream."""

    def feed(self, data: bytes) -> Iterable[Frame | Noise]:
        """The frames and noise that are whole with these bytes."""

    def close(self) -> Iterable[Frame | Noise]:
        """What was held back, as there is no more: frames, and the rest as noise."""


def plain_frame_of(data: bytes) -> Frame:
    """The frame that these bytes are; they were checked."""
    return Frame(data[2], data[3], data[HEADER_SIZE:-1])


class DialectReading(msgspec.Struct, frozen=True, kw_only=True):
    """How the frames of one dialect are explained. ``name_of`` needs no more than a payload's first byte.

    ``framer``, ``frame_of``, ``head``: where its frames are not those of the other dialects.
    """

    shapes: DialectShapes
    name_of: Callable[[int, bytes], str]
    sub_of: Callable[[int, bytes], int | None]
    read: Callable[[Sender | None, Frame], FrameReading]
    framer: Callable[[], StreamFramer] | None = None
    frame_of: Callable[[bytes], Frame] = plain_frame_of
    head: tuple[Field, ...] = PLAIN_HEAD

    def new_framer(self) -> StreamFramer:
        """A framer for one direction of a recorded line, which splits nothing by time."""
        return Framer((self.shapes,), gap=None) if self.framer is None else self.framer()


class LineDecoder:
    """A Decoder. Without a known sender, one is named only where no other could have sent the frame."""

    def __init__(self, dialect: DialectReading, sender: Sender | None) -> None:
        self._dialect = dialect
        self._sender = checked_sender(sender)
        self._framer = dialect.new_framer()
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        return self._pieces(self._framer.feed(fed_bytes(data)))

    def close(self) -> Sequence[Piece]:
        return self._pieces(self._framer.close())

    def _pieces(self, found: Iterable[Frame | Noise]) -> list[Piece]:
        return [self._frame(one) if isinstance(one, Frame) else self._noise(one) for one in found]

    def _noise(self, noise: Noise) -> Piece:
        data, sender = noise.data, self._sender
        return Piece(offset=self._advance(data), data=data, kind="noise", reason=noise.reason, sender=sender)

    def _frame(self, frame: Frame) -> Piece:
        dialect, data = self._dialect, bytes(frame)
        reading = dialect.read(self._sender, frame)
        return Piece(
            offset=self._advance(data),
            data=data,
            kind="frame",
            reason=reading.odd,
            sender=reading.sender,
            command=frame.command,
            sub=dialect.sub_of(frame.command, frame.payload),
            name=dialect.name_of(frame.command, frame.payload),
            message=reading.message,
            values=reading.values,
            part=reading.part,
            products=reading.products,
        )

    def _advance(self, data: bytes) -> int:
        offset = self._offset
        self._offset += len(data)
        return offset


class LineTally:
    """A Tally, by the bulk scan; numpy is imported when the first is made."""

    def __init__(self, dialect: DialectReading) -> None:
        from unclouded.families.tuya.line.bulk_scan import BulkFramer

        self._dialect = dialect
        self._framer = BulkFramer((dialect.shapes,))
        self._with_sub = frozenset(command for command in range(256) if dialect.sub_of(command, b"\0") is not None)
        self._frames: Counter[tuple[int, bytes]] = Counter()
        self._noise: Counter[str] = Counter()

    def feed(self, data: bytes) -> None:
        self._count(self._framer.feed(data))

    def pause(self) -> None:
        self._framer.pause()

    def totals(self) -> Totals:
        self._count(self._framer.close())
        names: Counter[str] = Counter()
        for (command, head), times in self._frames.items():
            names[self._dialect.name_of(command, head) or str(command)] += times
        return Totals(
            frames=names.total(), noise_bytes=self._noise.total(), by_reason=dict(self._noise), by_command=dict(names)
        )

    def _count(self, scans: "Iterable[Scan]") -> None:
        for scan in scans:
            self._frames += scan.count(self._with_sub)
            for stretch in scan.noise:
                self._noise[stretch.reason] += stretch.size
