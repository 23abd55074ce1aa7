"""Packets of Tuya's protocol on the local network, which is encrypted and is not what a module and its MCU speak.

    00 00 55 aa  number(4)  command(4)  length(4)  …  00 00 aa 55         versions 3.1 to 3.4
    00 00 66 99  00 00  number(4)  command(4)  length(4)  …  00 00 99 66  version 3.5

Inside of one there may be the bytes of a valid frame: with the number 1 it holds 55 aa 00 00 00 01 00 00.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from unclouded.formats.chunk import InputChunk

BEGIN = re.compile(rb"\x00\x00(?:\x55\xaa|\x66\x99)")
SIGNS = (b"\x00\x00\x55\xaa", b"\x00\x00\x66\x99")
FORMS = {0x55: (16, 0, b"\x00\x00\xaa\x55"), 0x66: (18, 4, b"\x00\x00\x99\x66")}  # header, bytes behind length, end
LAST_COMMAND = 0x100
LEAST, MOST = 8, 65_536  # bytes behind the header
MOST_CUT = 4_096
ADVICE = (
    "These are packets of Tuya's protocol on the local network (port 6668). They are encrypted and say nothing of the "
    "line between the module and its MCU: tap that line, or decode the data points that tinytuya prints."
)


def spans(data: bytes) -> list[tuple[int, int]]:
    """Where such packets begin and end; a last one may be cut off."""
    found = []
    at = 0
    while (begin := BEGIN.search(data, at)) is not None:
        end = _end(data, begin.start())
        if end:
            found.append((begin.start(), end))
        at = end or begin.start() + 1
    return found


def _end(data: bytes, start: int) -> int:
    header, behind, sign = FORMS[data[start + 2]]
    command = int.from_bytes(data[start + header - 8 : start + header - 4])
    length = int.from_bytes(data[start + header - 4 : start + header])
    if len(data) < start + header or not (0 < command < LAST_COMMAND and LEAST <= length <= MOST):
        return 0
    end = start + header + length + behind
    if end > len(data):
        return len(data) if length <= MOST_CUT else 0
    return end if data[end - 4 : end] == sign else 0


class LanFilter:
    """Takes such packets out of chunks. ``count``: how many."""

    def __init__(self) -> None:
        self.count = 0

    def chunks(self, chunks: Iterable[InputChunk]) -> Iterator[InputChunk]:
        """The chunks without such packets; one with packets becomes the pieces between them."""
        for chunk in chunks:
            if any(sign in chunk.data for sign in SIGNS) and (found := spans(chunk.data)):
                self.count += len(found)
                yield from _rest(chunk, found)
            else:
                yield chunk


def _rest(chunk: InputChunk, found: list[tuple[int, int]]) -> Iterator[InputChunk]:
    ends = [0, *(end for _, end in found)]
    starts = [*(start for start, _ in found), len(chunk.data)]
    for begin, end in zip(ends, starts, strict=True):
        if end > begin:
            times = None if chunk.times is None else chunk.times[begin:end]
            lines = None if chunk.lines is None else chunk.lines[begin:end]
            t = chunk.t if times is None else times[0]
            yield msgspec.structs.replace(
                chunk, t=t, data=chunk.data[begin:end], times=times, lines=lines, gap=begin > 0
            )
