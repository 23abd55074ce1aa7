"""The command tables of the protocol pages, made of the tables in the code.

<!-- commands: tuya_wifi -->
| code | name | started by | request | response | answer | time-out |
…
<!-- /commands -->
"""

import re
from collections.abc import Callable, Iterable, Sequence

from unclouded import families
from unclouded.app.protocols import commands_of
from unclouded.core.family import CommandRow

# Each page: the family, and its dialect where that has a page of its own.
PAGES = {
    "emporia": ("emporia", ""),
    "hlw8032": ("hlw8032", ""),
    "meross": ("meross", ""),
    "meross_console": ("meross_console", ""),
    "tuya_gateway": ("tuya_gateway", ""),
    "tuya_low_power": ("tuya_wifi", "low_power"),
    "tuya_wifi": ("tuya_wifi", "normal"),
    "tuya_zigbee_module": ("tuya_wifi", "zigbee_module"),
}
MARKED = re.compile(r"(<!-- commands: (\w+) -->\n).*?(<!-- /commands -->)", re.DOTALL)


def filled(page: str) -> str:
    """The text of a page with its command tables written again."""
    return MARKED.sub(lambda found: found[1] + table(found[2]) + found[3], page)


def table(name: str) -> str:
    """The table of a page, in Markdown; columns with nothing in them are left out."""
    family, dialect = PAGES[name]
    rows = commands_of(family, dialect)
    columns = [(head, [safe_cell(cell(row)) for row in rows]) for head, cell in _columns(families.family(family).ends)]
    kept = [(head, cells) for head, cells in columns if any(cells)]
    head, *body = [[head for head, _ in kept], *zip(*(cells for _, cells in kept), strict=True)]
    return _line(head) + "|" + "---|" * len(kept) + "\n" + "".join(map(_line, body))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _columns(ends: tuple[str, str]) -> Sequence[tuple[str, Callable[[CommandRow], str]]]:
    starters = {"controller": ends[0], "device": ends[1], "both": "both"}
    return (
        ("code", lambda row: f"`{_code(row.code)}{'' if row.sub is None else f'/{row.sub:02x}'}`"),
        ("name", lambda row: row.name),
        ("started by", lambda row: starters[row.initiator]),
        ("request", lambda row: row.request),
        ("response", lambda row: row.response),
        ("answered by", _answer),
        ("time-out", lambda row: "" if row.timeout_s is None else f"{row.timeout_s:g} s"),
        ("since", lambda row: row.since),
    )


def _answer(row: CommandRow) -> str:
    if row.answer is None:
        return "–"
    return "the same" if row.answer == row.code else f"`{_code(row.answer)}`"


def _code(code: int | str) -> str:
    return code if isinstance(code, str) else f"{code:02x}"


def safe_cell(text: str) -> str:
    """A text in a cell of a table: neither ends the cell, nor is taken for HTML."""
    return text.replace("|", "\\|").replace("<", "\\<")
