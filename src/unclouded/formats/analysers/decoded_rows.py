"""Rows of decoded bytes, each with its lane, its line and perhaps its time -> chunks.

With times, the bytes of a lane are joined over many rows, and parted where the line was silent or a byte is lost; the
times order the frames. Without times a chunk ends where the lane changes: the order of rows is all there is.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import overload

import msgspec

from unclouded.formats.chunk import InputChunk
from unclouded.formats.text.labels import IN, OUT, Label, label_of

SILENCE_S = 2.0  # that end a frame
DIGITS = 9  # of a second that are kept


class ByteRow(msgspec.Struct, frozen=True, gc=False):
    """One decoded byte. ``lane``: as the program names it. ``is_after_loss``: a byte of the lane was lost before it."""

    value: int
    lane: str = ""
    t: float | None = None
    line: int = 0
    is_after_loss: bool = False


class TimesFrom(Sequence[float]):
    """Times that are counted from another moment."""

    def __init__(self, times: Sequence[float], zero: float) -> None:
        self._times, self._zero = times, zero

    def __len__(self) -> int:
        return len(self._times)

    @overload
    def __getitem__(self, at: int) -> float: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[float]: ...
    def __getitem__(self, at: int | slice) -> float | Sequence[float]:
        if isinstance(at, slice):
            return TimesFrom(self._times[at], self._zero)
        return round(self._times[at] - self._zero, DIGITS)


def chunks_in_order(values: Sequence[int], lines: Sequence[int], lanes: Sequence[str]) -> list[InputChunk]:
    """Chunks of bytes without times, with the line and the lane of each."""
    chunks, begin = [], 0
    for lane, run in groupby(lanes):
        end = begin + sum(1 for _ in run)
        data = bytes(values[begin:end])
        chunks.append(InputChunk(None, None, data, lane, lines[begin], lines=lines[begin:end]))
        begin = end
    return chunks


def chunks_by_time(rows: Iterable[ByteRow], zero: float) -> list[InputChunk]:
    """Chunks of rows with times, each from its first byte on; ``zero``: what times are counted from."""
    lanes: dict[str, list[ByteRow]] = {}
    chunks: list[InputChunk] = []
    for row in rows:
        run = lanes.setdefault(row.lane, [])
        if run and (row.is_after_loss or not 0 <= (row.t or 0.0) - (run[-1].t or 0.0) <= SILENCE_S):
            chunks.append(_chunk(run, zero))
            run.clear()
        run.append(row)
    chunks += [_chunk(run, zero) for run in lanes.values()]
    return in_time(chunks)


def in_time(chunks: Iterable[InputChunk]) -> list[InputChunk]:
    """In the order of first bytes."""
    return sorted(chunks, key=lambda chunk: chunk.t or 0.0)


def _chunk(run: Sequence[ByteRow], zero: float = 0.0) -> InputChunk:
    first = run[0]
    times = None if first.t is None else [round((row.t or 0.0) - zero, DIGITS) for row in run]
    return InputChunk(
        None if times is None else times[0],
        None,
        bytes(row.value for row in run),
        first.lane,
        first.line,
        gap=first.is_after_loss,
        times=times,
        lines=[row.line for row in run],
    )


def with_sides(chunks: Sequence[InputChunk]) -> list[InputChunk]:
    """The chunks with the sides that the names of their lanes say; two lanes that are TX and RX are named so."""
    names = list(dict.fromkeys(chunk.lane for chunk in chunks))
    labels = {name: label_of(name) for name in names}
    found = sorted(label.lane for label in labels.values())
    is_pair = len(names) == 2 and found == sorted((IN, OUT))
    used = {name: label if is_pair else Label(name, label.sender) for name, label in labels.items()}
    return [
        msgspec.structs.replace(chunk, lane=used[chunk.lane].lane, sender=used[chunk.lane].sender) for chunk in chunks
    ]
