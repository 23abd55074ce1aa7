"""Bulk headers: which of all the headers in a long stretch of bytes begin a regular frame, as arrays of numbers.

    55 AA | VV CC LL LL | id type length | value | SS || 55 AA …        regular: LL LL ends where the next one is

For every ``55 AA`` at once: where the next one stands, what length it states, whether the sum is right, whether the
payload tiles. Where no header is inside and the next follows at once, that is all the framer would check as well
(docs/protocols/tuya_wifi.md §6). The sum comes from running sums over the whole stretch.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from unclouded.families.tuya.line.framing import ANYTHING, JUST_UNITS, MIXED, FrameRules
from unclouded.families.tuya.line.resync import HEADER
from unclouded.families.tuya.line.shapes import HEADER_SIZE, ID, LAST_TYPE, OVERHEAD, UNIT_HEADER, Shape, tiles

DEPTH = 12  # units of a frame that are followed as arrays; longer frames are rare

Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]
Mask = NDArray[np.bool_]

_HEADER_OF = np.array([UNIT_HEADER if type <= LAST_TYPE else 2**40 for type in range(256)], np.intp)  # of a unit
_HIGH_BYTE = np.arange(256, dtype=np.intp) << 8


class BulkHeaders(msgspec.Struct, frozen=True):
    """Every ``55 AA`` of a block and its fields. ``regular``, of all but the last: it is a frame up to the next one."""

    headers: Places
    commands: Bytes
    sizes: NDArray[np.uint16]
    regular: Mask


class RegularFrames:
    """Finds regular frames, by the rules of the dialects."""

    def __init__(self, rules: FrameRules) -> None:
        self.longest = max(rules.caps) + OVERHEAD
        self._caps = np.array(rules.caps, np.uint16)
        self._least_cap = min(rules.caps)
        self._kinds = bytes(rules.kinds)
        self._mixed = {command: rules.table[command] for command, kind in enumerate(rules.kinds) if kind == MIXED}

    def find(self, data: bytes, view: Bytes, pauses: Sequence[int]) -> BulkHeaders:
        """The headers of a block."""
        headers = headers_in(view)
        high, low = behind(view, 4, headers), behind(view, 5, headers)
        sizes = numbers(high, low)
        commands = behind(view, 3, headers)
        lengths = sizes[:-1].astype(np.intp)
        lengths += OVERHEAD
        regular: Mask = headers[1:] - headers[:-1] == lengths
        found = BulkHeaders(headers, commands, sizes, regular)
        if len(regular):
            # The sum of a whole frame is twice its last byte, as that is the sum of the others.
            last = view.take(headers[1:] - 1)
            before = sums_before(view, headers)
            regular &= before[1:] - before[:-1] == last + last
            if sizes.max() > self._least_cap:
                regular &= (sizes <= self._caps.take(commands))[:-1]
            if pauses:
                regular &= _without_pause(headers, pauses)
            self._drop_unfitting(data, view, found, _one_unit(view, headers, high, low))
        return found

    # --- inside --------------------------------------------------------------------------------

    def _drop_unfitting(self, data: bytes, view: Bytes, found: BulkHeaders, fit: Mask) -> None:
        """Remove the frames whose payload has no shape that their command allows."""
        kinds = np.frombuffer(found.commands.tobytes().translate(self._kinds), np.uint8)
        fit &= kinds == JUST_UNITS
        fit |= kinds == ANYTHING
        fit = fit[:-1]
        doubtful = (found.regular > fit).nonzero()[0]
        np.logical_and(found.regular, fit, out=found.regular)
        if len(doubtful):
            found.regular[doubtful] = self._fit(data, view, found, doubtful)

    def _fit(self, data: bytes, view: Bytes, found: BulkHeaders, rows: Places) -> Mask:
        """Payloads that are not just one unit."""
        bodies, ends = found.headers[rows] + HEADER_SIZE, found.headers[rows + 1] - 1
        fit = _tile(data, view, bodies, ends)
        commands = found.commands[rows]
        for command, shapes in self._mixed.items():
            some = (commands == command).nonzero()[0]
            if len(some):
                fit[some] = _fit_shapes(shapes, data, view, bodies[some], ends[some])
        return fit


def headers_in(view: Bytes) -> Places:
    """Where 55 AA stands."""
    mask = view[:-1] == HEADER[0]
    mask &= view[1:] == HEADER[1]
    places: Places = mask.nonzero()[0]
    return places


def sums_before(view: Bytes, places: Places) -> Bytes:
    """The sum of all bytes that stand before each place, modulo 256.

    Running sums within words of 8 bytes, of those words within 64 bytes, and of these: three places to look up each
    time, and a third less work than np.add.reduceat over frames of 15 bytes.
    """
    bytes_ = np.zeros((len(view) // 64 + 1) * 64, np.uint8)
    bytes_[1 : len(view) + 1] = view
    _run_in_words(bytes_)
    words = bytes_[7::8].copy()
    before_words = words.copy()
    _run_in_words(before_words)
    lines = before_words[7::8].copy()
    before_words -= words
    before_lines = np.add.accumulate(lines, dtype=np.uint8)
    before_lines -= lines
    sums = bytes_.take(places)
    sums += before_words.take(places >> 3)
    sums += before_lines.take(places >> 6)
    return sums


def _run_in_words(column: Bytes) -> None:
    """Make each byte the sum of itself and those before it in its word of 8."""
    for bits in (8, 16, 32):
        column += (column.view("<u8") << np.uint64(bits)).view(np.uint8)


def behind(view: Bytes, distance: int, starts: Places) -> Bytes:
    """The bytes that far behind each start; of a start too near the end, any: no frame has room there."""
    return view[distance:].take(starts, mode="clip") if distance < len(view) else np.zeros(len(starts), np.uint8)


def numbers(high: Bytes, low: Bytes) -> NDArray[np.uint16]:
    """Numbers of two bytes."""
    numbers = high.astype(np.uint16)
    numbers <<= 8
    numbers |= low
    return numbers


def _without_pause(headers: Places, pauses: Sequence[int]) -> Mask:
    """Whether there is no pause between a header and the next."""
    places = np.array(pauses, np.intp)
    result: Mask = places.searchsorted(headers[:-1], "right") == places.searchsorted(headers[1:], "left")
    return result


def _fit_shapes(shapes: Sequence[Shape], data: bytes, view: Bytes, bodies: Places, ends: Places) -> Mask:
    """shapes.fits for an array of payloads, under any of the shapes."""
    fit = np.zeros(len(bodies), np.bool_)
    for shape in shapes:
        at = bodies
        for part in shape.before if shape.units else ():
            at = np.where(at < ends, at + (behind(view, 0, at) + np.intp(1) if part == ID else part), ends + 1)
        good = (ends - bodies <= shape.plain) | _tile(data, view, at, ends) if shape.units else True
        good |= (at == ends) & shape.may_be_empty
        fit |= good & (ends - bodies <= shape.cap)
    return fit


def _one_unit(view: Bytes, headers: Places, high: Bytes, low: Bytes) -> Mask:
    """Whether the payload is one unit. ``high``, ``low``: its size. False also where that needs a closer look."""
    one: Mask = behind(view, 9, headers) == low - np.uint8(UNIT_HEADER)
    one &= low >= UNIT_HEADER
    one &= behind(view, 8, headers) == high
    one &= behind(view, 7, headers) <= LAST_TYPE
    return one


def _tile(data: bytes, view: Bytes, at: Places, ends: Places) -> Mask:
    """shapes.tiles for an array of payloads."""
    at = np.where(at < ends, at, ends + 1)
    for _ in range(DEPTH):
        more = ends - at >= UNIT_HEADER
        if not np.count_nonzero(more):
            break
        step = _HEADER_OF.take(behind(view, 1, at))
        step += _HIGH_BYTE.take(behind(view, 2, at))
        step += behind(view, 3, at)
        np.add(at, step, out=at, where=more)
    done: Mask = at == ends
    for row in (ends - at >= UNIT_HEADER).nonzero()[0].tolist():
        done[row] = tiles(data, int(at[row]), int(ends[row]))
    return done
