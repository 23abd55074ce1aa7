"""A TOML text cut at the headers of its tables, so that one table can be changed and all else stays byte for byte.

    # Meter and pump                      lead of the first [[device]]: the comment right above its header
    [[device]]                            body
    id = "meter"
    [blank]                               tail: blank lines, and comments that belong to no header
    [device.scale]                        the next block
    power_W = 40

The text must be valid TOML.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from unclouded.core.text.toml_text import BYTE_ORDER_MARK

# What may hold a bracket or a line end that is none: strings and comments; then brackets and line ends themselves.
TOKEN = re.compile(
    r'"""(?:[^\\]|\\[\s\S])*?"{3,5}'
    r"|'''[\s\S]*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}\n]"
)

TablePath = tuple[str, ...]


class TextBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A header with its key lines. ``path``: of the table, () = what stands before the first header.

    ``is_array``: the header is one of an array of tables, so each begins another element.
    """

    path: TablePath = ()
    is_array: bool = False
    lead: str = ""
    body: str = ""
    tail: str = ""

    @property
    def text(self) -> str:
        return self.lead + self.body + self.tail


def text_of(blocks: Sequence[TextBlock]) -> str:
    """The whole text again."""
    return "".join(block.text for block in blocks)


def blocks_of(text: str) -> list[TextBlock]:
    """The blocks of a text, in order; the first may be empty."""
    bare = text.removeprefix(BYTE_ORDER_MARK)
    lines = _lines_of(bare)
    headers = [number for number, line in enumerate(lines) if line.is_header]
    starts = [0, *(_lead_start(lines, number) for number in headers), len(lines)]
    pieces = [lines[start:end] for start, end in pairwise(starts)]
    leads = [0, *(header - start for header, start in zip(headers, starts[1:], strict=False))]
    first, *others = [_block(piece, lead) for piece, lead in zip(pieces, leads, strict=True)]
    return [replace(first, lead=text[: len(text) - len(bare)] + first.lead), *others]


def elements(blocks: Sequence[TextBlock], path: TablePath) -> list[list[int]]:
    """The elements of an array of tables: for each the places of its blocks, its own header first."""
    found: list[list[int]] = []
    for place, block in enumerate(blocks):
        if block.path == path and block.is_array:
            found.append([place])
        elif found and len(block.path) > len(path) and block.path[: len(path)] == path:
            found[-1].append(place)
    return found


# --- inside -------------------------------------------------------------------------------------------


class _Line(msgspec.Struct):
    """``is_inside``: it begins within a text or brackets of a line before it."""

    text: str
    is_header: bool = False
    is_inside: bool = False

    @property
    def is_comment(self) -> bool:
        return not self.is_inside and self.text.lstrip().startswith("#")

    @property
    def is_empty(self) -> bool:
        return self.is_comment or (not self.is_inside and not self.text.strip())


def _lines_of(text: str) -> list[_Line]:
    lines = [_Line(line) for line in re.findall(r"[^\n]*\n|[^\n]+", text)]
    number, depth, start = 0, 0, 0
    for token in TOKEN.finditer(text):
        what = token[0]
        if what in "[{":
            is_first = depth == 0 and what == "[" and not text[start : token.start()].strip()
            lines[number].is_header = lines[number].is_header or is_first
            depth += 1
        elif what in "]}":
            depth -= 1
        for _ in range(what.count("\n")):
            number += 1
            if number < len(lines):
                lines[number].is_inside = depth > 0 or what != "\n"
        start = token.end() if "\n" in what else start
    return lines


def _lead_start(lines: Sequence[_Line], header: int) -> int:
    """The first of the comment lines right above a header."""
    start = header
    while start and lines[start - 1].is_comment:
        start -= 1
    return start


def _block(lines: Sequence[_Line], header: int) -> TextBlock:
    """``header``: which of the lines it is."""
    end = len(lines)
    while end > header and lines[end - 1].is_empty:
        end -= 1
    path, is_array = _path_of(lines[header].text) if lines and lines[header].is_header else ((), False)
    return TextBlock(
        path=path,
        is_array=is_array,
        lead=_joined(lines[:header]),
        body=_joined(lines[header:end]),
        tail=_joined(lines[end:]),
    )


def _joined(lines: Sequence[_Line]) -> str:
    return "".join(line.text for line in lines)


def _path_of(header: str) -> tuple[TablePath, bool]:
    table: object = tomllib.loads(header)
    return tuple(_steps(table)), header.lstrip().startswith("[[")


def _steps(table: object) -> Iterator[str]:
    while isinstance(table, dict | list) and table:
        if isinstance(table, list):
            table = table[0]
            continue
        ((key, table),) = table.items()
        yield key
