"""Runs of bytes in a line of text: pairs with one separator, digits without any, pairs with marks, lists of numbers.

    55 AA 03 …   55:AA:03   55-AA-03   55AA03…   55AA 0307 …   0x55, 0xAA   x55 xAA   \\x55\\xAA   $55 $AA   55h AAh
    %55%AA   [55][AA]   85 170 3 0 …

A run ends where its pattern ends. What is not bytes is none: a MAC address (six pairs), the parts of a UUID, dates.
"""

import re
from collections.abc import Iterator

import msgspec

_PAIR = "[0-9A-Fa-f]{2}"
_START = r"(?<![0-9A-Za-z_.])"
_END = r"(?![0-9A-Za-z_])"
MARKS = ("0x", "0X", "\\x", "\\X", "16#", "&H", "&h", "$", "%", "#")
_MARK = r"0[xX]|\\[xX]|16\#|&[hH]|[$%\#]|(?<![0-9A-Za-z_])[xX]"
RUN = re.compile(
    rf"""
      (?P<pairs>{_START}{_PAIR}(?P<sep>[ ]|[:\-.,;_|\t]|,[ ]|[ ]{{2}}){_PAIR}{_END}
                (?:(?:(?P=sep)|[ ]{{2}}){_PAIR}{_END})*)
    | (?P<grouped>{_START}(?:{_PAIR}){{2}}(?:[ ](?:{_PAIR}){{2}})+(?:[ ]{_PAIR})?{_END})
    | (?P<packed>{_START}(?:0[xX])?(?:{_PAIR}){{2,}}){_END}
    | (?P<marked>(?P<mark>{_MARK})[0-9A-Fa-f]{{1,2}}{_END}(?:[ \t,;:]{{0,3}}(?P=mark)[0-9A-Fa-f]{{1,2}}{_END})*)
    | (?P<glued>(?:\\[xX]{_PAIR}){{2,}})
    | (?P<wrapped>(?:[\[<(]{_PAIR}[\]>)][ ,]?){{3,}})
    | (?P<suffixed>{_START}{_PAIR}[hH]{_END}(?:[ \t,;]{{1,3}}{_PAIR}[hH]{_END})+)
    | (?P<single>{_START}{_PAIR}){_END}
    """,
    re.VERBOSE,
)
NUMBERS = re.compile(
    r"(?<![0-9A-Za-z_.])\d{1,3}(?P<sep>[ ]|,[ ]?|[:;|\-\t])\d{1,3}(?:(?P=sep)\d{1,3})*(?![0-9A-Za-z_])"
)
UNPADDED = re.compile(
    r"(?<![0-9A-Za-z_.])[0-9A-Fa-f]{1,2}(?P<sep>[ ]|,[ ]?|[:;|\-\t])[0-9A-Fa-f]{1,2}"
    r"(?:(?P=sep)[0-9A-Fa-f]{1,2})*(?![0-9A-Za-z_])"
)
MAC_PAIRS = 6
LEAST = 3  # bytes of the shortest frame
NOT_HEX = re.compile(r"0[xX]|16#|[^0-9A-Fa-f]+")
_BARE = str.maketrans(dict.fromkeys(" :-.,;_|\t"))
SHORTEST = {
    "pairs": 3,
    "grouped": 7,
    "packed": 7,
    "marked": 3,
    "glued": 3,
    "wrapped": 3,
    "suffixed": 3,
    "single": 99,
}  # bytes, in prose


class ByteRun(msgspec.Struct, frozen=True, gc=False):
    """Bytes in a line, and where they stand. ``kind``: how they are written."""

    data: bytes
    start: int
    end: int
    kind: str


def first_run(line: str, start: int = 0) -> ByteRun | None:
    """The first run of bytes at or behind ``start``."""
    return next(runs(line, start), None)


def likely_run(line: str, start: int = 0) -> ByteRun | None:
    """The first run that is long enough and no address; else the first of all: a length may stand before the bytes."""
    found = (run for run in runs(line, start, among_words=True) if len(run.data) >= LEAST)
    return next(found, None) or first_run(line, start)


def runs(line: str, start: int = 0, *, among_words: bool = False) -> Iterator[ByteRun]:
    """All runs of bytes in a line, in order, also of one byte. ``among_words``: without addresses and dates."""
    for found in RUN.finditer(line, start):
        if not (found["pairs"] and _is_other(found, among_words)):
            yield _run(found)


def prose_runs(line: str) -> Iterator[ByteRun]:
    """The runs that can be bytes among words: long enough, and no address, date or number."""
    for run in runs(line, among_words=True):
        if len(run.data) >= SHORTEST[run.kind] and not (run.kind == "packed" and line[run.start : run.end].isdigit()):
            yield run


def looks_like_data(line: str) -> bool:
    """Whether there are bytes in a line that are not a decimal number, address or date."""
    found = runs(line, among_words=True)
    return any(len(run.data) >= LEAST and not line[run.start : run.end].isdecimal() for run in found)


def number_run(text: str) -> bytes | None:
    """Decimal numbers of 0 to 255 that fill the text; None where it is something else."""
    found = NUMBERS.fullmatch(text)
    if found is None:
        return None
    try:
        return bytes(map(int, text.replace(found["sep"].strip() or found["sep"], " ").split()))
    except ValueError:
        return None


def unpadded_run(text: str) -> bytes | None:
    """Hex numbers of one or two digits that fill the text; None where it is something else."""
    found = UNPADDED.fullmatch(text)
    if found is None:
        return None
    return bytes(int(one, 16) for one in text.replace(found["sep"].strip() or found["sep"], " ").split())


def _is_other(found: re.Match[str], among_words: bool) -> bool:
    """Whether pairs are a time, or among words an address or a date."""
    text, sep = found[0], found["sep"]
    count = (len(text) + len(sep)) // (2 + len(sep))
    if not among_words:
        return sep == ":" and count <= 3 and text.replace(":", "").isdigit()
    is_address = count == MAC_PAIRS and sep in ":-"
    return is_address or (sep in ":-." and count <= 4 and text.replace(sep, "").isdigit())


def _run(found: re.Match[str]) -> ByteRun:
    kind = found.lastgroup if found.lastgroup not in ("sep", "mark") else None
    kind = kind or next(name for name in ("pairs", "marked") if found[name] is not None)
    text = found[0]
    if kind == "pairs":
        data = bytes.fromhex(text.translate(_BARE))
    elif kind in ("packed", "single"):
        data = bytes.fromhex(text[2:] if text[1:2] in ("x", "X") else text)
    elif kind == "marked":
        data = bytes(int(one, 16) for one in NOT_HEX.sub(" ", text.replace(found["mark"], " ")).split())
    else:
        data = bytes.fromhex(NOT_HEX.sub("", text))
    return ByteRun(data, found.start(), found.end(), kind)
