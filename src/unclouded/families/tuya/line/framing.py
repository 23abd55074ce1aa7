"""Tuya serial framing, which every Tuya line shares, and resynchronisation on a damaged line.

    55 AA | VV | CC | LL LL | payload | SS      LL big-endian, SS = sum of all bytes before, mod 256

The framer keeps the eight rules of docs/protocols/tuya_wifi.md §6: frames and noise come out in the order of
the stream, together they are the stream, and how it was chunked makes no difference. A frame that
stands where one is expected takes the short way below; everything else is settled by FrameCandidates.
Source: docs/protocols/tuya_wifi.md §2.1.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from zlib import adler32

import msgspec

from unclouded.families.tuya.line.resync import HEADER, NO_HEADER, OVERTAKEN, Candidate, FrameCandidates
from unclouded.families.tuya.line.shapes import (
    HEADER_SIZE,
    ID,
    LAST_TYPE,
    OVERHEAD,
    UNIT_HEADER,
    UNITS,
    DialectShapes,
    Shape,
    Table,
    fits,
    table_of,
    tiles,
)

GAP = 0.3  # s of silence after which a half frame is given up; docs/protocols/tuya_wifi.md §6
SHORT = 256  # bytes whose sum stays below Adler-32's modulus
AROUND = OVERHEAD - len(HEADER)  # bytes around the payload between two headers
HEAD = 8  # bytes behind the header, up to the first value; they settle all but the sum of a frame of one unit
LONG_HEAD = 9  # the same with an id of no bytes
HEADS = 512  # of them are remembered
LONG_HEADS = 2048  # the same of heads with an id: of 128 sub-devices with 16 points each
UNSEEN = (-1, 0, 0)  # length, version and command, as of a head
BEHIND_ID = -2  # in place of a length: the first value stands behind an id, and so does the rest of the head
BLOCK = 4096  # bytes that are processed at once

SETS_OF_DIALECTS = 32  # whose rules are kept

ANYTHING, JUST_UNITS, MIXED = 0, 1, 2  # what a command's payload may be


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame; ``bytes(frame)`` is exact. ``version``: 0 from a module, 3 from today's MCUs."""

    version: int
    command: int
    payload: bytes = b""

    def __bytes__(self) -> bytes:
        body = HEADER + bytes((self.version, self.command)) + len(self.payload).to_bytes(2) + self.payload
        return body + bytes((sum(body) & 0xFF,))

    def __str__(self) -> str:
        return self.text({})

    def text(self, names: Mapping[int, str]) -> str:
        """For logs: ``v3 heartbeat [1 byte]``."""
        size = len(self.payload)
        name = names.get(self.command, f"command {self.command:02x}")
        return f"v{self.version} {name} [{size} byte{'s' if size != 1 else ''}]"


class Noise(msgspec.Struct, frozen=True, gc=False):
    """Bytes that were no frame, and why."""

    data: bytes
    reason: str


class FrameRules(msgspec.Struct, frozen=True):
    """What a framer looks up by the number of a command: each has 256 entries. ``has_id``: an id before the units."""

    table: Table
    caps: tuple[int, ...]
    kinds: tuple[int, ...]
    has_id: tuple[bool, ...]


@lru_cache(SETS_OF_DIALECTS)
def rules_of(dialects: tuple[DialectShapes, ...]) -> FrameRules:
    """The rules of frames that at least one of the dialects allows; framers of the same dialects share them."""
    table = table_of(dialects)
    return FrameRules(
        table=table,
        caps=tuple(max(shape.cap for shape in shapes) for shapes in table),
        kinds=tuple(kind_of(shapes) for shapes in table),
        has_id=tuple(len(shapes) == 1 and shapes[0].before == (ID,) for shapes in table),
    )


class Framer:
    """Bytes in, Frames and Noise out. ``gap``: seconds of silence that end what is half received; None = never."""

    def __init__(self, dialects: Sequence[DialectShapes], gap: float | None = GAP) -> None:
        rules = rules_of(tuple(dialects))
        self._table, self._caps = rules.table, rules.caps
        self._kinds, self._has_id = rules.kinds, rules.has_id
        self._heads: dict[bytes, tuple[int, int, int]] = {}  # of frames seen; a device repeats itself
        self._long_heads: dict[bytes, int] = {}  # heads with an id -> the length
        self._gap = gap
        self._fed_at = 0.0
        self._held = b""
        self._candidates: FrameCandidates | None = None  # None: the line is regular
        self._label = NO_HEADER  # why the byte before the held ones was noise

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a frame."""
        return len(self._held)

    def feed(self, data: bytes, now: float = 0.0) -> list[Frame | Noise]:
        """What is settled now."""
        self._fed_at = now
        if len(data) <= BLOCK:
            return self._run(self._held + data if self._held else data, closing=False)
        starts = range(0, len(data), BLOCK)
        return [piece for start in starts for piece in self._run(self._held + data[start : start + BLOCK], False)]

    def deadline(self) -> float | None:
        """When silence will have ended what is held."""
        return None if self._gap is None or not self._held else self._fed_at + self._gap

    def tick(self, now: float) -> list[Frame | Noise]:
        """Give up what is half received, where the line was silent for long enough."""
        at = self.deadline()
        return self.close() if at is not None and at <= now else []

    def close(self) -> list[Frame | Noise]:
        """The stream has ended, or a gap has passed: whatever is still open is settled now."""
        out = self._run(self._held, closing=True)
        self._label = NO_HEADER
        return out

    def skip(self) -> None:
        """Continue behind whole frames that were found in the stream by other means; nothing may be held."""
        self._label = NO_HEADER

    # --- inside --------------------------------------------------------------------------------

    def _run(self, data: bytes, closing: bool) -> list[Frame | Noise]:
        out: list[Frame | Noise] = []
        at = 0
        while True:
            candidates = self._candidates
            if candidates is None:
                at = self._take_regular(data, at, out)
                if at == len(data) or (not closing and self._is_single(data, at)):
                    self._held = data[at:]
                    return out
                data = data[at:]
                candidates = FrameCandidates(self._table)
            winner = candidates.look(data, closing)
            if winner is None:
                self._held = self._hold(data, candidates, out, closing)
                return out
            at = self._take_winner(data, candidates, winner, out)

    def _take_regular(self, data: bytes, at: int, out: list[Frame | Noise]) -> int:
        """Take the regular frames from ``at`` on: one behind the other, and no other reading is possible.

        Cut at every header, such a frame is one piece, whole: nothing inside it could be another.
        """
        if not data.startswith(HEADER, at):
            return at
        heads, long_heads = self._heads, self._long_heads
        pieces = data[at + 2 :].split(HEADER)
        if data[-1] == 0x55:  # perhaps half a header; a frame that ends in it is longer than the rest, and waits
            pieces[-1] = pieces[-1][:-1]
        for piece in pieces:
            length = len(piece)
            expected, version, command = heads.get(piece[:HEAD], UNSEEN)
            # The sum begins at FF, as the header adds; the checksum at the end is in it as well.
            if expected == length or (
                expected == BEHIND_ID and long_heads.get(piece[: LONG_HEAD + piece[4]]) == length
            ):
                total = adler32(piece, 0xFF)
            else:
                head = self._head_of(piece, length)
                if head is None:
                    break
                _, version, command = head
                total = adler32(piece, 0xFF) if length < SHORT else sum(piece, 0xFF)
            if total - 2 * piece[-1] & 0xFF:
                break
            out.append(Frame(version, command, piece[4:-1]))
            at += length + 2
        self._label = NO_HEADER
        return at

    def _head_of(self, piece: bytes, length: int) -> tuple[int, int, int] | None:
        """The head of what may be a frame: its length without the header, version, command. None = it is no frame."""
        size = length - AROUND
        if size < 0 or piece[2] << 8 | piece[3] != size:
            return None
        head = length, piece[0], piece[1]
        kind = self._kinds[piece[1]]
        if length >= SHORT or kind == MIXED:
            if not any(fits(shape, piece[4:-1]) for shape in self._table[piece[1]]):
                return None
            if length < SHORT and self._has_id[piece[1]]:
                self._remember_id(piece, length, head)
            return head
        if kind == ANYTHING:
            settled = length <= HEAD
        else:
            settled = size >= UNIT_HEADER and piece[5] <= LAST_TYPE and piece[6] << 8 | piece[7] == size - UNIT_HEADER
            if not settled and not tiles(piece, 4, length - 1):
                return None
        if settled and len(self._heads) < HEADS:
            self._heads[piece[:HEAD]] = head
        return head

    def _remember_id(self, piece: bytes, length: int, head: tuple[int, int, int]) -> None:
        """The head of a frame of an id and one unit."""
        long = LONG_HEAD + piece[4]
        is_unit = long < length and piece[long - 2] << 8 | piece[long - 1] == length - 1 - long
        if is_unit and len(self._heads) < HEADS and len(self._long_heads) < LONG_HEADS:
            self._heads[piece[:HEAD]] = BEHIND_ID, head[1], head[2]
            self._long_heads[piece[:long]] = length

    def _is_single(self, data: bytes, at: int) -> bool:
        """Whether the rest is the beginning of a frame, with nothing inside that could be another: then wait."""
        seen = len(data)
        if seen < at + HEADER_SIZE:
            return HEADER.startswith(data[at : at + 2])
        if not data.startswith(HEADER, at) or data.find(HEADER, at + 2) >= 0:
            return False
        size = data[at + 4] << 8 | data[at + 5]
        end = at + OVERHEAD + size
        if size > self._caps[data[at + 3]]:
            return False
        return end > seen

    def _take_winner(
        self, data: bytes, candidates: FrameCandidates, winner: Candidate, out: list[Frame | Noise]
    ) -> int:
        start, end = winner.start - candidates.base, winner.end - candidates.base
        self._add_noise(data[:start], candidates, out)
        out.append(Frame(data[start + 2], data[start + 3], data[start + HEADER_SIZE : end - 1]))
        self._candidates = None
        self._label = NO_HEADER
        return end

    def _hold(self, data: bytes, candidates: FrameCandidates, out: list[Frame | Noise], closing: bool) -> bytes:
        """Without a winner: what must be kept; everything before it is noise."""
        first = candidates.first
        if first is not None:
            keep = first.start - candidates.base
        else:
            half_header = not closing and data.endswith(HEADER[:1])
            keep = len(data) - half_header
        self._add_noise(data[:keep], candidates, out)
        self._candidates = None if first is None else candidates
        candidates.base += keep
        return data[keep:]

    def _add_noise(self, data: bytes, candidates: FrameCandidates, out: list[Frame | Noise]) -> None:
        """State why each stretch from one header to the next was no frame; equal neighbours are one."""
        start, at = 0, data.find(HEADER)
        while at >= 0:
            label = candidates.refusals.pop(candidates.base + at, OVERTAKEN)
            if label != self._label:
                _put_noise(data[start:at], self._label, out)
                start, self._label = at, label
            at = data.find(HEADER, at + len(HEADER))
        _put_noise(data[start:], self._label, out)


def _put_noise(data: bytes, label: str, out: list[Frame | Noise]) -> None:
    if data:
        out.append(Noise(data, label))


def kind_of(shapes: Sequence[Shape]) -> int:
    """What the payload of a command with these shapes may be."""
    if not any(shape.units for shape in shapes):
        return ANYTHING
    return JUST_UNITS if tuple(shapes) == (UNITS,) else MIXED
