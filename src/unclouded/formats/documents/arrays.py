"""Lists of numbers in braces or brackets, as in C, JavaScript and Python: { 0x55, 0xAA, 1, 0b11 }.

Comments are not numbers, and neither is what stands outside: ``two_bin_len = 54``.
"""

import re

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.byte_lines import counted

COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*(?:\*/)?|//[^\n]*+")
LIST = re.compile(r"[{\[(](?P<numbers>[\s,0-9A-Fa-fxXbBuUlL'hH_-]*+)(?:[}\])]|\Z)")
BLANK = re.compile(r"[^\n]")
OCTAL = re.compile(r"0[0-3][0-7]{2}")
LEAST = 3  # numbers


class NumberTable(dict[str, int]):
    """Value of a number as it is written, 256 for what is none; each is read once."""

    def __missing__(self, text: str) -> int:
        value = self[text] = _number(text)
        return value


def _number(text: str) -> int:
    """A number of 0 to 255, or of a signed byte; 256 where it is another."""
    text = text.rstrip("uUlL")
    try:
        if len(text) > 1 and text[0] == "0" and text.isdigit():
            value = int(text, 8) if OCTAL.fullmatch(text) else int(text)
        else:
            value = int(text[:-1], 16) if text[-1:] in "hH" else int(text, 0)
    except ValueError:
        return 256
    return value & 0xFF if -128 <= value < 256 else 256


def without_comments(text: str) -> str:
    """The text with blanks in place of comments, so that lines and columns stay."""
    return COMMENT.sub(lambda found: BLANK.sub(" ", found[0]), text) if "/*" in text or "//" in text else text


def recognise(source: InputSource) -> float:
    """1 where there is a list of numbers."""
    text = without_comments(source.text or "")
    return 1.0 if any(found["numbers"].count(",") >= LEAST - 1 for found in LIST.finditer(text)) else 0.0


def read(source: InputSource) -> FormatReading:
    text = without_comments(source.text or "")
    table = NumberTable({"": -1})
    chunks = []
    explained = line = at = 0
    begin = -1
    for found in LIST.finditer(text):
        numbers = list(map(table.__getitem__, found["numbers"].translate(_NO_SPACE).split(",")))
        if numbers[-1] == -1 or found[0][-1] not in "}])":
            numbers.pop()  # behind the last comma, or cut off
        line += text.count("\n", at, found.start())
        begin = max(text.rfind("\n", at, found.start()), begin)
        at = found.start()
        if len(numbers) < LEAST or max(numbers) > 255 or min(numbers) < 0:
            continue
        rows = found["numbers"].split("\n")
        lines = counted(len(numbers), rows, lambda row: row.count(","), line + 1)
        chunks.append(InputChunk(None, None, bytes(numbers), line=line + 1, column=at - begin, lines=lines))
        explained += text.count("\n", at, found.end()) + 1
    return FormatReading(
        chunks=chunks, lines=source.filled, explained=min(explained, source.filled), data_lines=explained
    )


_NO_SPACE = str.maketrans(dict.fromkeys(" \t\n_'"))
ARRAYS = InputFormat(
    name="array",
    group="literal",
    title="a list of numbers",
    specificity=Specificity.LITERAL,
    recognise=recognise,
    read=read,
)
FORMATS = (ARRAYS,)
