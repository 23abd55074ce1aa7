"""Bytes that stand apart in the text: numbers with 0x between other words, and groups of eight bits.

Serial.write(0x55); Serial.write(0xAA); Serial.write(0x00);          01010101 10101010 00000011
"""

import re

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

HEX = re.compile(r"(?<![0-9A-Za-z_])0[xX]([0-9A-Fa-f]{1,2})(?![0-9A-Za-z_])")
BITS = re.compile(r"(?<![0-9A-Za-z_])(?:0[bB])?([01]{8})(?![0-9A-Za-z_])")
LEAST = 5  # bytes
BEGIN = 16_384  # characters that are looked at


def _read(source: InputSource, pattern: re.Pattern[str], base: int) -> FormatReading:
    """All numbers of the text, in order, each with its line."""
    data, lines = bytearray(), []
    for number, line in enumerate(source.lines, 1):
        found = pattern.findall(line)
        data += bytes(int(one, base) for one in found)
        lines += [number] * len(found)
    chunks = [InputChunk(None, None, bytes(data), line=lines[0], lines=lines)] if data else []
    explained = len(set(lines))
    return FormatReading(chunks=chunks, lines=source.filled, explained=explained, data_lines=explained)


def _recognise(source: InputSource, pattern: re.Pattern[str]) -> float:
    text = source.head(BEGIN).text or ""
    return 1.0 if sum(1 for _ in pattern.finditer(text)) >= LEAST else 0.0


SCATTERED = InputFormat(
    name="hex_scattered",
    group="hex",
    title="hex numbers between other words",
    specificity=Specificity.HEX,
    recognise=lambda source: _recognise(source, HEX),
    read=lambda source: _read(source, HEX, 16),
    is_doubtful=True,
)
EIGHT_BITS = InputFormat(
    name="bits",
    group="decimal",
    title="binary numbers",
    specificity=Specificity.HEX,
    recognise=lambda source: _recognise(source, BITS),
    read=lambda source: _read(source, BITS, 2),
    is_doubtful=True,
)
FORMATS = (SCATTERED, EIGHT_BITS)
