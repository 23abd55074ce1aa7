"""Levels of a line -> the bytes of a UART: a start bit, eight data bits, the lowest first, a stop bit (8N1).

    idle ────┐start┌─0─┬─1─┬─ … ─┬─7─┬─stop──      sampled in the middle of each bit, from the falling edge on

The baud rate is what the shortest pulses show; the idle level is the one that fits more bytes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from unclouded.formats.analysers.decoded_rows import ByteRow, chunks_by_time, with_sides
from unclouded.formats.reading import FormatReading, refusal

if TYPE_CHECKING:
    import numpy as np

    Seconds = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

BAUDS = (300, 1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 74880, 115200, 230400, 460800, 921600)
SNAP = 0.04  # of a usual baud rate, within which it is taken
SHORTEST = 0.02  # share of the pulses that may be shorter than a bit: glitches
LONGEST = 10.5  # bits of a pulse that is not a pause
BITS = 8
STOP = 9.5  # bits from the falling edge to the middle of the stop bit
NEXT = 9.3  # bits from a falling edge to the earliest next one of a start bit
LEAST = 3  # bytes
SAME = 0.9  # share of the bytes that may be equal
FITS = 0.8  # share of the bytes that have their stop bit
ADVICE = (
    "It holds only the levels of the lines, and no line looks like a UART with 8 data bits, no parity and 1 stop bit. "
    "Add a UART decoder (in Logic an Async Serial analyser) to each line, and export what it decodes."
)


class LevelChannel(msgspec.Struct, frozen=True):
    """One line. ``changes``: seconds at which its level changes; ``first``: the level before the first change."""

    name: str
    changes: "Seconds"
    first: bool


class UartBytes(msgspec.Struct, frozen=True):
    """What a line carries. ``starts``: seconds of each start bit; ``is_whole``: whether the stop bit is there."""

    baud: float
    values: bytes
    starts: Sequence[float]
    is_whole: Sequence[bool]

    @property
    def is_varied(self) -> bool:
        """Whether there are enough bytes, not nearly all the same, to judge the baud rate by."""
        most = max(map(self.values.count, set(self.values)), default=0)
        return len(self.values) >= LEAST and most < SAME * len(self.values)

    @property
    def share(self) -> float:
        """The share of the bytes that have their stop bit; 0 where nearly all are the same, as of a clock."""
        return sum(self.is_whole) / len(self.is_whole) if self.is_varied else 0.0


def read_levels(name: str, channels: Sequence[LevelChannel], lines: int = 0) -> FormatReading:
    """The bytes of all lines that are a UART; a refusal where none is. ``name``: of the format."""
    found = [(channel.name, best) for channel in channels if (best := uart_of(channel)) is not None]
    if not found:
        return refusal(name, ADVICE)
    rows = sorted((row for lane, one in found for row in _rows(lane, one)), key=lambda row: row.t or 0.0)
    bauds = ", ".join(f"{lane}: {one.baud:.0f} baud" for lane, one in found)
    lost = sum(len(one.is_whole) - sum(one.is_whole) for _, one in found)
    notes = [f"decoded from levels as 8N1, the baud rate guessed ({bauds})"]
    return FormatReading(
        chunks=with_sides(chunks_by_time(rows, rows[0].t or 0.0)),
        lines=lines,
        explained=lines,
        data_lines=len(rows),
        notes=[*notes, f"bytes without their stop bit, left out: {lost}"] if lost else notes,
        stamps=len(rows),
    )


def uart_of(channel: LevelChannel) -> UartBytes | None:
    """The bytes of a line; None where it is not a UART."""
    bit = bit_of(channel.changes)
    if not bit:
        return None
    best = max((decoded(channel, bit, idle) for idle in (True, False)), key=lambda one: one.share)
    return best if best.share >= FITS else None


def bit_of(changes: "Seconds") -> float:
    """Seconds of one bit, by the shortest pulses; 0 = there are too few."""
    import numpy as np

    widths = np.diff(changes)
    if len(widths) < 2 * LEAST:
        return 0.0
    shortest = float(np.quantile(widths, SHORTEST))
    if shortest <= 0:
        return 0.0
    bit = shortest
    for longest in (2.5, 4.5, LONGEST):  # short pulses first: a long one multiplies the error
        counts = np.round(widths / bit)
        used = (counts >= 1) & (counts <= longest)
        bit = float(widths[used].sum() / counts[used].sum())
    usual = min(BAUDS, key=lambda baud: abs(baud * bit - 1))
    return 1 / usual if abs(usual * bit - 1) <= SNAP else bit


def decoded(channel: LevelChannel, bit: float, idle: bool) -> UartBytes:
    """The bytes with bits of this length, where the line is at ``idle`` between them."""
    import numpy as np

    begin = int(channel.first != idle)  # the first change that leaves the idle level
    falls = channel.changes[begin::2]
    following = np.searchsorted(falls, falls + NEXT * bit).tolist()
    starts, at = [], 0
    while at < len(falls):
        starts.append(at)
        at = following[at]
    times = falls[starts]
    is_idle = [_level(channel, times + (place + 1.5) * bit) == idle for place in range(BITS)]
    values = sum((one.astype(np.uint8) << place for place, one in enumerate(is_idle)), np.zeros(len(times), np.uint8))
    is_whole = (_level(channel, times + bit / 2) != idle) & (_level(channel, times + STOP * bit) == idle)
    return UartBytes(1 / bit, values.astype(np.uint8).tobytes(), times.tolist(), is_whole.tolist())


def _level(channel: LevelChannel, times: "Seconds") -> "Flags":
    """The level at each time."""
    import numpy as np

    found: Flags = (np.searchsorted(channel.changes, times, side="right") % 2 == 1) != channel.first
    return found


def _rows(lane: str, found: UartBytes) -> list[ByteRow]:
    lost = [False, *(not whole for whole in found.is_whole)]
    rows = zip(found.values, found.starts, found.is_whole, lost[:-1], strict=True)
    return [ByteRow(value, lane, t, 0, after_loss) for value, t, whole, after_loss in rows if whole]


def channels_of(samples: "np.ndarray", rate: float, names: Sequence[tuple[int, str]]) -> list[LevelChannel]:
    """The lines in samples, of which each is one number; ``names``: of each bit. ``rate``: samples a second."""
    import numpy as np

    changes = np.flatnonzero(samples[1:] != samples[:-1]) + 1
    states = samples[np.concatenate((np.zeros(1, np.int64), changes))]
    channels = []
    for bit, name in names:
        levels = (states >> bit & 1).astype(np.bool_)
        own = changes[levels[1:] != levels[:-1]]
        channels.append(LevelChannel(name, own / rate, bool(levels[0])))
    return channels
