"""Dumps with offsets: of xxd, hexdump and od, in all their forms.

    00000000: 55aa 0000 0000 ff55  U......U      xxd, also -u, -g1        00000000: 01010101 10101010  U.   xxd -b
    00000000  55 aa 00 00 …  |U.......|          hexdump -C               0000000 aa55 0000 0000 55ff      hexdump
    0000000 125125 000000                        od                       0000000 55 aa 00  >U..<          od -tx1z
    0000000  85 170   0                          od -tu1                  0000000   U 252  \\0  \\0          od -c

Words of hexdump and od (-x) are little-endian. The base of od's offsets is the one in which they count on.
"""

import re
from functools import cache, partial
from typing import TYPE_CHECKING

from unclouded.formats.documents.dump_rows import BASES, BLANK, DumpLayout, DumpReader
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

if TYPE_CHECKING:
    import numpy as np

FITS = 0.9
SAMPLE = 200
BEGIN = 2_048  # characters that show the base of the offsets
_HEX = "[0-9A-Fa-f]"
_BARE = r"(?P<offset>[0-9A-Fa-f]{4,16})"
ESCAPES = {r"\0": 0, r"\a": 7, r"\b": 8, r"\t": 9, r"\n": 10, r"\v": 11, r"\f": 12, r"\r": 13}
CELL = 4  # columns of od -c
OCTAL = frozenset("01234567")
NO_ESCAPE = 255


class CharacterCells(dict[str, int]):
    """Value of a cell of od -c as it is written, 256 for what is none; each is read once."""

    def __missing__(self, cell: str) -> int:
        value = self[cell] = _character(cell.strip(" ") or " ")
        return value


def _character(cell: str) -> int:
    if cell in ESCAPES:
        return ESCAPES[cell]
    if len(cell) == 1:
        return min(ord(cell), 256)
    return min(int(cell, 8), 256) if len(cell) == 3 and OCTAL.issuperset(cell) else 256


def characters(cells: str) -> bytes:
    """The cells of od -c: four columns each, a letter, an escape or three octal digits."""
    try:
        return bytes([KNOWN_CELLS[cells[start : start + CELL]] for start in range(0, len(cells), CELL)])
    except ValueError:
        return b""


def character_columns(cells: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """The same of many rows, and which cells are some."""
    import numpy as np

    first, second, third, last = (cells[:, place::CELL] for place in range(CELL))
    octal = [letters - ord("0") for letters in (second, third, last)]
    is_octal = (octal[0] < 4) & (octal[1] < 8) & (octal[2] < 8)
    is_escape = (second == BLANK) & (third == ord("\\"))
    is_letter = (second == BLANK) & (third == BLANK) & (last >= BLANK) & (last <= ord("~"))
    escaped = _escape_table()[last]
    values = np.where(is_octal, octal[0] * 64 + octal[1] * 8 + octal[2], np.where(is_escape, escaped, last))
    return values, (first == BLANK) & (is_octal | is_letter | (is_escape & (escaped != NO_ESCAPE)))


@cache
def _escape_table() -> "np.ndarray":
    """The byte that each letter is behind a backslash."""
    import numpy as np

    table = np.full(256, NO_ESCAPE, np.uint8)
    for text, value in ESCAPES.items():
        table[ord(text[1])] = value
    return table


def _little_endian(name: str, width: int) -> DumpLayout:
    """Of xxd -e: words, of which the last one may be short; blanks stand before it."""
    short = "|".join(f"[ ]{{{2 * (width - size)}}}{_HEX}{{{2 * size}}}" for size in range(width, 0, -1))
    return DumpLayout(
        name=name,
        title=f"a dump of xxd -e{'' if width == 4 else f' -g{width}'}",
        row=re.compile(
            rf"(?P<offset>{_HEX}{{4,16}}):[ ]"
            rf"(?P<cells>(?:{_HEX}{{{2 * width}}}[ ]){{0,32}}(?:{short}))(?:[ ]{{2}}|[ ]?$)"
        ),
        digits=2 * width,
        width=width,
        is_doubtful=True,
    )


KNOWN_CELLS = CharacterCells()  # at most one for each way to write four columns: the row's expression allows few
LAYOUTS = (
    DumpLayout(
        name="xxd",
        title="a dump of xxd",
        row=re.compile(
            rf"(?P<offset>{_HEX}{{4,16}}):[ ](?P<cells>(?:{_HEX}{{2}})+(?:[ ](?:{_HEX}{{2}})+)*)(?:[ ]{{2}}|[ ]?$)"
        ),
    ),
    *(_little_endian(name, group) for name, group in (("xxd_e", 4), ("xxd_e2", 2), ("xxd_e8", 8))),
    DumpLayout(
        name="xxd_b",
        title="a dump of xxd -b",
        row=re.compile(rf"(?P<offset>{_HEX}{{4,16}}):[ ](?P<cells>[01]{{8}}(?:[ ][01]{{8}})*)(?:[ ]{{2}}|[ ]?$)"),
        digits=8,
        base=2,
    ),
    DumpLayout(
        name="hexdump_c",
        title="a dump of hexdump -C",
        row=re.compile(
            rf"{_BARE}[ ]{{2}}(?P<cells>{_HEX}{{2}}(?:[ ]{{1,2}}{_HEX}{{2}})*)(?:[ ]{{1,60}}\||[ ]{{0,60}}$)"
        ),
    ),
    DumpLayout(
        name="words",
        title="a dump of hexdump (little-endian words)",
        row=re.compile(rf"{_BARE}[ ]{{1,4}}(?P<cells>{_HEX}{{4}}(?:[ ]{{1,4}}{_HEX}{{4}})*)[ ]{{0,60}}$"),
        digits=4,
        width=2,
        bases=BASES,
        is_doubtful=True,
    ),
    DumpLayout(
        name="od_words",
        title="a dump of od (octal words)",
        row=re.compile(rf"{_BARE}[ ](?P<cells>[0-7]{{6}}(?:[ ][0-7]{{6}})*)[ ]{{0,60}}$"),
        digits=6,
        base=8,
        width=2,
        bases=BASES,
        is_doubtful=True,
    ),
    DumpLayout(
        name="od_hex",
        title="a dump of od -tx1",
        row=re.compile(rf"{_BARE}[ ]{{1,2}}(?P<cells>{_HEX}{{2}}(?:[ ]{_HEX}{{2}})*)(?:[ ]{{1,60}}>|[ ]{{0,60}}$)"),
        bases=BASES,
    ),
    DumpLayout(
        name="od_octal",
        title="a dump of od -b",
        row=re.compile(rf"{_BARE}[ ](?P<cells>[0-3][0-7]{{2}}(?:[ ][0-3][0-7]{{2}})*)(?:[ ]{{1,60}}>|[ ]{{0,60}}$)"),
        digits=3,
        base=8,
        bases=BASES,
        is_doubtful=True,
    ),
    DumpLayout(
        name="od_decimal",
        title="a dump of od -tu1",
        row=re.compile(rf"{_BARE}[ ]{{1,3}}(?P<cells>\d{{1,3}}(?:[ ]{{1,3}}\d{{1,3}})*)(?:[ ]{{1,60}}>|[ ]{{0,60}}$)"),
        digits=3,
        base=10,
        bases=BASES,
        is_doubtful=True,
    ),
    DumpLayout(
        name="od_c",
        title="a dump of od -c",
        row=re.compile(rf"{_BARE}(?P<cells>(?:[ ]{{3}}[ -~]|[ ]{{2}}\\[0abfnrtv]|[ ][0-7]{{3}})+)$"),
        bases=BASES,
        cells=characters,
        columns=character_columns,
        is_doubtful=True,
    ),
)


def share(layout: DumpLayout, source: InputSource) -> float:
    """The share of the lines that are rows of this layout, where nearly all are."""
    lines = [line for line in source.lines[:SAMPLE] if line and not line.isspace()]
    rows = sum(1 for line in lines if layout.row.match(line) is not None)
    others = sum(1 for line in lines if len(line) <= 16 and layout.row.match(line) is None)  # stars and lengths
    found = (rows + min(others, rows)) / len(lines) if lines else 0.0
    return found if found >= FITS and rows else 0.0


def read(layout: DumpLayout, source: InputSource) -> FormatReading:
    """Read in the base in which the offsets count on."""
    head = source.head(BEGIN)
    base = layout.bases[0]
    if len(layout.bases) > 1:
        base = max(layout.bases, key=lambda one: _fit(layout, one, head))
    return DumpReader(layout, base).read(source)


def _fit(layout: DumpLayout, base: int, head: InputSource) -> tuple[int, int]:
    reading = DumpReader(layout, base).read(head)
    return reading.explained, -len(reading.chunks)


FORMATS = tuple(
    InputFormat(
        name=layout.name,
        group="dump",
        title=layout.title,
        specificity=Specificity.DUMP,
        recognise=partial(share, layout),
        read=partial(read, layout),
        is_doubtful=layout.is_doubtful,
    )
    for layout in LAYOUTS
)
