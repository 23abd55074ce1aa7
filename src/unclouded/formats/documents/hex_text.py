"""Hex that fills the whole text, with any separators, wherever lines are wrapped.

    55aa0303…   55 AA 03 03 …   55:AA:03:03   55-AA-03   55 AA 0 0 0 0 FF   one byte a line

All of it is joined, line ends included: a terminal may wrap inside of a byte.
"""

import re

from unclouded.formats.chunk import InputChunk, Mark
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.byte_lines import Count, counted
from unclouded.formats.text.digits import HEX_DIGITS, NO_SEPARATORS, NUMBER, SEPARATORS, numbers, only, pairs

FITS = 0.9  # share of the lines that are nothing but hex
LINE = re.compile(r"[\s:;,._|\-0-9A-Fa-f]+")
SINGLE = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f](?![0-9A-Fa-f])")
SAMPLE = 200
MARKS = ("0x", "0X", "\\u00", "\\x", "\\X", "16#", "&H", "&h", "$", "%", "#", "h", "H", "x", "X")
LEAST_MARKED = 3


def _share(source: InputSource) -> float:
    lines = [line for line in source.lines[:SAMPLE] if line and not line.isspace()]
    share = sum(1 for line in lines if LINE.fullmatch(line)) / len(lines) if lines else 0.0
    return share if share >= FITS else 0.0


def _read(source: InputSource) -> FormatReading:
    text = source.text or ""
    data = pairs(text)
    if data is not None:
        return _reading(source, _joined(source, data, _digits, signs=(2, 1)), source.filled)
    fitting, unread = _fitting(source)
    digits = "".join(fitting).translate(NO_SEPARATORS)
    notes = ["the last digit is half a byte and is left out"] if len(digits) % 2 else []
    data = bytes.fromhex(digits[: len(digits) // 2 * 2])
    mark: Mark = "cut" if notes else ""
    chunks = _joined(source, data, _fitting_digits, mark, signs=(2, 1))
    reading = _reading(source, chunks, len(fitting))
    reading.unread, reading.notes = unread, notes
    return reading


def _fitting(source: InputSource) -> tuple[list[str], list[int]]:
    """The lines that are hex, and the numbers of the others."""
    fitting: list[str] = []
    unread: list[int] = []
    for number, line in enumerate(source.lines, 1):
        if line and not line.isspace():
            if LINE.fullmatch(line):
                fitting.append(line)
            elif len(unread) < MOST_UNREAD:
                unread.append(number)
    return fitting, unread


def _read_lines(source: InputSource) -> FormatReading:
    """Each line by itself: where one has half a byte at its end, its rest is lost."""
    fitting, unread = _fitting(source)
    chunks = []
    for number, line in enumerate(source.lines, 1):
        digits = line.translate(NO_SEPARATORS) if LINE.fullmatch(line) else ""
        if digits:
            is_cut = len(digits) % 2 == 1
            data = bytes.fromhex(digits[: len(digits) // 2 * 2])
            chunks.append(InputChunk(None, None, data, line=number, mark="cut" if is_cut else ""))
    reading = _reading(source, chunks, len(fitting))
    reading.unread, reading.notes = unread, ["lines with half a byte at their end are cut off there"]
    return reading


def _has_odd_line(source: InputSource) -> bool:
    lines = source.lines[:SAMPLE]
    return any(len(line.translate(NO_SEPARATORS)) % 2 for line in lines if LINE.fullmatch(line))


def _unpadded_share(source: InputSource) -> float:
    text = source.head(16_384).text or ""
    return 1.0 if only(text, HEX_DIGITS + SEPARATORS) and SINGLE.search(text) else 0.0


def _read_unpadded(source: InputSource) -> FormatReading:
    data = numbers(source.text or "", 16, 2) or b""
    return _reading(source, _joined(source, data, _numbers), source.filled if data else 0)


def _mark(text: str) -> str:
    """The mark that stands at the bytes; "" where there is none."""
    return next((mark for mark in MARKS if text.count(mark) >= LEAST_MARKED), "")


def _marked_share(source: InputSource) -> float:
    text = source.head(16_384).text or ""
    mark = _mark(text)
    return 1.0 if mark and only(text.replace(mark, ""), HEX_DIGITS + SEPARATORS) else 0.0


def _read_marked(source: InputSource) -> FormatReading:
    text = source.text or ""
    mark = _mark(text)
    data = pairs(text.replace(mark, ""))
    if data is None or len(data) != text.count(mark):
        data = numbers(text.replace(mark, " "), 16, 2) or data or b""
    return _reading(source, _joined(source, data, lambda line: line.count(mark)), source.filled if data else 0)


def _joined(
    source: InputSource, data: bytes, count: Count, mark: Mark = "", signs: tuple[int, int] = (1, 1)
) -> list[InputChunk]:
    """All bytes as one chunk; ``count``: the signs of a line, ``signs``: how many of them stand for how many bytes."""
    if not data:
        return []
    lines = counted(len(data), source.lines, count, signs=signs)
    return [InputChunk(None, None, data, line=lines[0], mark=mark, lines=lines)]


def _digits(line: str) -> int:
    return len(line.translate(NO_SEPARATORS))


def _fitting_digits(line: str) -> int:
    return _digits(line) if LINE.fullmatch(line) else 0


def _numbers(line: str) -> int:
    return len(NUMBER.findall(line))


def _reading(source: InputSource, chunks: list[InputChunk], explained: int) -> FormatReading:
    return FormatReading(chunks=chunks, lines=source.filled, explained=explained, data_lines=explained)


HEX = InputFormat(
    name="hex_text",
    group="hex",
    title="hex",
    specificity=Specificity.HEX,
    recognise=_share,
    read=_read,
)
HEX_LINES = InputFormat(
    name="hex_lines",
    group="hex",
    title="hex, each line by itself",
    specificity=Specificity.HEX,
    recognise=lambda source: _share(source) if _has_odd_line(source) else 0.0,
    read=_read_lines,
)
UNPADDED = InputFormat(
    name="hex_unpadded",
    group="hex",
    title="hex numbers of one or two digits",
    specificity=Specificity.HEX,
    recognise=_unpadded_share,
    read=_read_unpadded,
)
MARKED = InputFormat(
    name="hex_marked",
    group="hex",
    title="hex with marks",
    specificity=Specificity.HEX,
    recognise=_marked_share,
    read=_read_marked,
)
FORMATS = (HEX, HEX_LINES, UNPADDED, MARKED)
