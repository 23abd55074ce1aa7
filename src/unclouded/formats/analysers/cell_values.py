"""A cell of a decoder's output -> the value of its byte.

0x55   0b01010101   U (0x55)   '170' (0xAA)   [AA]      marked: the same in every radix
85   55   125   U   '170'   COMMA   \\r                  by the radix of the whole file
"""

import re
from collections.abc import Iterable
from typing import Literal

Radix = Literal["hex", "decimal", "octal", "binary", "ascii"]

BASES: dict[Radix, int] = {"hex": 16, "decimal": 10, "octal": 8, "binary": 2}
MARKED = re.compile(r"(?:0[xX]|\[|\\x)([0-9A-Fa-f]{1,2})\]?")
BRACKET = re.compile(r"\(0x([0-9A-Fa-f]{2})\)$")
BITS = re.compile(r"0b([01]{1,8})")
QUOTED = re.compile(r"'(\d{1,3})'")
RADICES: tuple[tuple[Radix, re.Pattern[str]], ...] = (
    ("binary", re.compile("[01]{8}")),
    ("octal", re.compile("[0-3][0-7]{2}")),
    ("hex", re.compile("[0-9A-Fa-f]{2}")),
    ("decimal", re.compile(r"\d{1,3}")),
)
NAMES = {
    "COMMA": 44,
    "SPACE": 32,
    "' '": 32,
    "": 32,
    "\\0": 0,
    "\\a": 7,
    "\\b": 8,
    "\\t": 9,
    "\\n": 10,
    "\\v": 11,
    "\\f": 12,
    "\\r": 13,
    "\\\\": 92,
}


def value_of(cell: str, radix: Radix) -> int | None:
    """The byte that a cell says; None where it is none."""
    marked = _marked(cell)
    if marked is not None:
        return marked
    if radix == "ascii":
        return _character(cell)
    try:
        value = int(cell, BASES[radix])
    except ValueError:
        return None
    return value if 0 <= value < 256 and cell.isalnum() else None


def _marked(cell: str) -> int | None:
    found = BRACKET.search(cell) or MARKED.fullmatch(cell)
    if found is not None:
        return int(found[1], 16)
    found = BITS.fullmatch(cell.replace(" ", "")) if cell[:2] == "0b" else None
    return None if found is None else int(found[1], 2)


def _character(cell: str) -> int | None:
    quoted = QUOTED.fullmatch(cell)
    if quoted is not None:
        return int(quoted[1]) if int(quoted[1]) < 256 else None
    if len(cell) == 1:
        return ord(cell) if ord(cell) < 256 else None
    return NAMES.get(cell)


def radix_of(cells: Iterable[str], *, is_padded: bool) -> Radix:
    """The radix of cells without marks. ``is_padded``: hex, octal and binary values have all their digits."""
    plain = [cell for cell in cells if _marked(cell) is None or cell[:1] == "["]
    if any(cell[:1] in ("[", "'") for cell in plain):
        return "ascii"
    if not is_padded:
        return "decimal" if all(cell.isdigit() for cell in plain) else "ascii"
    fitting = (name for name, form in RADICES if plain and all(form.fullmatch(cell) for cell in plain))
    return next(fitting, "ascii")
