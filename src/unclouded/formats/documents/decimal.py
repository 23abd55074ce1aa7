"""Decimal numbers of 0 to 255 that fill the whole text: 85 170 3 0 0 1 1 4."""

import re

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.byte_lines import counted
from unclouded.formats.text.digits import NUMBER, SEPARATORS, numbers, only

THREE_DIGITS = re.compile(r"(?<!\d)\d{3}(?!\d)")
ONE_DIGIT = re.compile(r"(?<!\d)\d(?!\d)")
LONGER = re.compile(r"\d{4}")


def recognise(source: InputSource) -> float:
    """1 where there are only numbers of up to three digits, one of them of three digits or of one."""
    text = source.head(16_384).text or ""
    is_decimal = only(text, "0123456789" + SEPARATORS + "[](){}") and LONGER.search(text) is None
    return 1.0 if is_decimal and (THREE_DIGITS.search(text) or ONE_DIGIT.search(text)) else 0.0


def read(source: InputSource) -> FormatReading:
    data = numbers(source.text or "", 10) or b""
    lines = counted(len(data), source.lines, lambda line: len(NUMBER.findall(line)))
    chunks = [InputChunk(None, None, data, line=lines[0], lines=lines)] if data else []
    explained = source.filled if data else 0
    return FormatReading(chunks=chunks, lines=source.filled, explained=explained, data_lines=explained)


DECIMAL = InputFormat(
    name="decimal",
    group="decimal",
    title="decimal numbers",
    specificity=Specificity.DECIMAL,
    recognise=recognise,
    read=read,
    is_doubtful=True,
)
FORMATS = (DECIMAL,)
