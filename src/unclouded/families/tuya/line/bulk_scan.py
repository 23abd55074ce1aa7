"""Long Tuya recordings, framed by the block: the same frames, noise and offsets as the Framer, many times faster.

    55 AA 03 07 00 08 … SS | 55 AA 03 00 00 01 01 04 | 55 AA 03 07 00 08 …
    └ header               └ header                  └ header         each frame ends where the next begins

On a healthy line nearly every frame is *regular*: it ends exactly where the next header stands, and no header is
inside. Such a frame has no other reading, so whole runs of them are found, summed and tiled as arrays of
numbers. All else goes to a Framer, up to the next regular frame before which it holds nothing back: there the eight
rules of docs/protocols/tuya_wifi.md §6 decide. numpy is imported with this module, and only
bulk scans import it.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from unclouded.families.tuya.line.bulk_headers import Bytes, Mask, Places, RegularFrames, behind
from unclouded.families.tuya.line.framing import Frame, Framer, Noise, rules_of
from unclouded.families.tuya.line.shapes import HEADER_SIZE, OVERHEAD, DialectShapes

BLOCK = 524_288  # bytes that are processed at once; some forty calls a block must not matter

Item = TypeVar("Item", bound=np.generic)


class Stretch(msgspec.Struct, frozen=True):
    """Noise: ``size`` bytes from ``start`` on (in the data of its Scan), and why they were no frame."""

    start: int
    size: int
    reason: str


class Scan(msgspec.Struct, frozen=True):
    """What a stretch of the stream holds, as arrays; one row for each frame.

    ``offset``: where ``data`` begins in the stream. ``starts``: where each frame begins in ``data``.
    ``sizes``: bytes of payload. Frames and noise together are ``data``.
    """

    offset: int
    data: bytes
    starts: Places
    versions: Bytes
    commands: Bytes
    sizes: NDArray[np.uint16]
    noise: Sequence[Stretch]

    @property
    def offsets(self) -> Places:
        """Where each frame begins in the stream."""
        return self.starts + self.offset

    def pieces(self) -> Iterator[Frame | Noise]:
        """Frames and Noise in the order of the stream."""
        columns = (self.starts.tolist(), self.versions.tolist(), self.commands.tolist(), self.sizes.tolist())
        at = 0
        noise = iter(self.noise)
        for start, version, command, size in zip(*columns, strict=True):
            while at < start:
                at, one = self._noise(next(noise))
                yield one
            at = start + OVERHEAD + size
            yield Frame(version, command, self.data[start + HEADER_SIZE : at - 1])
        yield from (self._noise(rest)[1] for rest in noise)

    def count(self, with_sub: Collection[int]) -> Counter[tuple[int, bytes]]:
        """Frames by command and, of commands in ``with_sub``, the first byte of the payload; in order of appearance."""
        rows: list[tuple[int, int, bytes, int]] = []
        for command in np.flatnonzero(np.bincount(self.commands, minlength=256)).tolist():
            here = np.flatnonzero(self.commands == command)
            if command not in with_sub:
                rows.append((int(here[0]), command, b"", len(here)))
                continue
            subs = [self.data[at : at + (size > 0)] for at, size in self._bodies(here)]
            rows += [(int(here[subs.index(sub)]), command, sub, times) for sub, times in Counter(subs).items()]
        return Counter({(command, sub): times for _, command, sub, times in sorted(rows)})

    def _bodies(self, rows: Places) -> Iterator[tuple[int, int]]:
        return zip((self.starts[rows] + HEADER_SIZE).tolist(), self.sizes[rows].tolist(), strict=True)

    def _noise(self, one: Stretch) -> tuple[int, Noise]:
        end = one.start + one.size
        return end, Noise(self.data[one.start : end], one.reason)


class BulkFramer:
    """Bytes in, Scans out, each of about ``block`` bytes: reads smaller than that wait for more."""

    def __init__(self, dialects: Sequence[DialectShapes], block: int = BLOCK) -> None:
        self._framer = Framer(dialects, gap=None)  # for what is not regular; what it holds stands first in the rest
        self._regular = RegularFrames(rules_of(tuple(dialects)))
        self._block = block
        self._rest = b""  # bytes of the last block that are not settled
        self._reads: list[bytes] = []
        self._waiting = 0  # bytes in ``_reads``
        self._pauses: list[int] = []  # positions in the stream at which the line was silent
        self._base = 0  # position of the rest in the stream

    def feed(self, data: bytes) -> list[Scan]:
        """What is settled now."""
        if self._waiting + len(data) < self._block:
            self._reads.append(data)
            self._waiting += len(data)
            return []
        new = b"".join((*self._reads, data)) if self._reads else data
        self._reads, self._waiting = [], 0
        whole = len(new) - len(new) % self._block
        if whole < len(new):
            self._reads, self._waiting = [new[whole:]], len(new) - whole
        return [self._scan(new[at : at + self._block], closing=False) for at in range(0, whole, self._block)]

    def pause(self) -> None:
        """The line was silent for so long that what was half received is given up."""
        at = self._base + len(self._rest) + self._waiting
        if not self._pauses or self._pauses[-1] != at:
            self._pauses.append(at)

    def close(self) -> list[Scan]:
        """The stream has ended: whatever is still open is settled now."""
        new = b"".join(self._reads)
        self._reads, self._waiting = [], 0
        return [self._scan(new, closing=True)]

    def _scan(self, new: bytes, closing: bool) -> Scan:
        data = self._rest + new if self._rest else new
        pauses = [at - self._base for at in self._pauses if at <= self._base + len(data)]
        del self._pauses[: len(pauses)]
        block = BlockScan(self._framer, self._regular, data, pauses)
        settled = block.run(closing)
        scan = block.scan(self._base, settled)
        self._rest = data[settled:]
        self._base += settled
        return scan


class BlockScan:
    """One block, from its first byte to its last settled one: regular runs as arrays, the rest by the framer."""

    def __init__(self, framer: Framer, regular: RegularFrames, data: bytes, pauses: list[int]) -> None:
        self._framer = framer
        self._data = data
        self._pauses = pauses  # positions in the data
        self._paused = 0  # how many of them were reached
        self._longest = regular.longest
        self._fed = framer.held  # bytes that were processed
        self._rows: list[tuple[int, int]] = []  # which headers begin frames: from row to row
        self._noise: list[Stretch] = []
        self._bytes = np.frombuffer(data, np.uint8)
        self._found = regular.find(data, self._bytes, pauses)
        self._headers = self._found.headers

    def run(self, closing: bool) -> int:
        """Process the block; returns how many bytes are settled."""
        for begin, end in _runs(self._found.regular):
            first = self._reach(begin, end)
            if first < end:
                self._skip(first, end)
        self._feed(len(self._data), keep=not closing)
        if closing:
            self._add(self._framer.close(), len(self._data))
        return self._fed - self._framer.held

    def scan(self, offset: int, settled: int) -> Scan:
        """What was found, for a block that begins at ``offset`` and of which so much is settled."""
        found, rows = self._found, self._rows
        starts = _rows_of(found.headers, rows)
        versions = behind(self._bytes, 2, starts)
        commands, sizes = _rows_of(found.commands, rows), _rows_of(found.sizes, rows)
        return Scan(offset, self._data[:settled], starts, versions, commands, sizes, self._noise)

    # --- inside --------------------------------------------------------------------------------

    def _reach(self, begin: int, end: int) -> int:
        """Feed the framer until it holds nothing before a regular frame; returns which one (``end``: none)."""
        at, stride = begin, 1
        self._feed(int(self._headers[at]))
        while self._framer.held and at < end:
            at, stride = min(at + stride, end), stride * 2
            self._feed(int(self._headers[at]))
        return at

    def _skip(self, first: int, end: int) -> None:
        """A run of regular frames."""
        after = int(self._headers[end])
        self._framer.skip()
        self._fed = after
        self._rows.append((first, end))
        self._paused = bisect_right(self._pauses, after, self._paused)

    def _feed(self, end: int, keep: bool = False) -> None:
        """Pass what stands before ``end`` to the framer. ``keep``: not the beginning of an unfinished frame."""
        while self._paused < len(self._pauses) and self._pauses[self._paused] <= end:
            self._pass(self._pauses[self._paused])
            self._paused += 1
            self._add(self._framer.close(), self._fed)
        short = end - self._fed <= self._longest
        if not (keep and short and not self._framer.held):
            self._pass(end)

    def _pass(self, end: int) -> None:
        if self._fed < end:
            data = self._data[self._fed : end]
            self._fed = end
            self._add(self._framer.feed(data), end - self._framer.held)

    def _add(self, pieces: Sequence[Frame | Noise], end: int) -> None:
        """Note the pieces that end at ``end``."""
        at = end - sum(_length(piece) for piece in pieces)
        for piece in pieces:
            if isinstance(piece, Frame):
                row = int(self._headers.searchsorted(at))
                self._rows.append((row, row + 1))
            else:
                self._add_noise(at, piece)
            at += _length(piece)

    def _add_noise(self, at: int, piece: Noise) -> None:
        last = self._noise[-1] if self._noise else None
        if last is not None and last.start + last.size == at and last.reason == piece.reason:
            self._noise[-1] = Stretch(last.start, last.size + len(piece.data), last.reason)
        else:
            self._noise.append(Stretch(at, len(piece.data), piece.reason))


def _runs(regular: Mask) -> Iterator[tuple[int, int]]:
    """(first, behind the last) of each run of regular frames."""
    edges = (regular[1:] != regular[:-1]).nonzero()[0] + 1
    first = [0] if len(regular) and regular[0] else []
    last = [len(regular)] if len(regular) and regular[-1] else []
    ends = [*first, *edges.tolist(), *last]
    return zip(ends[::2], ends[1::2], strict=True)


def _rows_of(column: NDArray[Item], rows: Sequence[tuple[int, int]]) -> NDArray[Item]:
    """The rows from … to … of an array."""
    if len(rows) == 1:
        return column[rows[0][0] : rows[0][1]]
    return np.concatenate([column[:0], *(column[first:end] for first, end in rows)])


def _length(piece: Frame | Noise) -> int:
    return OVERHEAD + len(piece.payload) if isinstance(piece, Frame) else len(piece.data)
