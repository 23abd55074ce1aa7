"""Base64: a block that is wrapped anywhere, or one piece on each line, with its padding."""

import re
from base64 import b64decode

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.byte_lines import counted

LINE = re.compile(r"[A-Za-z0-9+/]++={0,2}+")
HEX = re.compile(r"[0-9A-Fa-f\s]*")
SAMPLE = 200


def recognise(source: InputSource) -> float:
    """1 where all lines are of base64, and not all of hex."""
    lines = [line.strip() for line in source.lines[:SAMPLE] if line and not line.isspace()]
    is_base64 = bool(lines) and all(LINE.fullmatch(line) for line in lines)
    return 1.0 if is_base64 and not all(HEX.fullmatch(line) for line in lines) else 0.0


def read(source: InputSource) -> FormatReading:
    """Each line by itself where each is whole, otherwise all of them joined."""
    lines = [(number, line.strip()) for number, line in enumerate(source.lines, 1) if line.strip()]
    if any("=" in line for _, line in lines[:-1]):
        chunks = [InputChunk(None, None, data, line=number) for number, line in lines if (data := _bytes(line))]
    else:
        data = _bytes("".join(line for _, line in lines))
        places = counted(len(data), source.lines, lambda line: len(line.strip()), signs=(4, 3))
        chunks = [InputChunk(None, None, data, line=places[0], lines=places)] if data else []
    explained = len(lines) if chunks else 0
    return FormatReading(chunks=chunks, lines=len(lines), explained=explained, data_lines=explained)


def _bytes(text: str) -> bytes:
    """What the text stands for; padding may be missing."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""


BASE64 = InputFormat(
    name="base64",
    group="base64",
    title="base64",
    specificity=Specificity.BASE64,
    recognise=recognise,
    read=read,
    is_doubtful=True,
)
FORMATS = (BASE64,)
