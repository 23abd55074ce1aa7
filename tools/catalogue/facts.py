"""The raw facts of an import: tables.tsv and rows.tsv as they come, one struct a line."""

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple


class RawRow(NamedTuple):
    table: str
    dp: str
    type: str
    key: str
    unit: str
    scale: str
    enum: str
    access: str
    raw_layout: str
    confidence: str
    code: str
    note: str


class RawTable(NamedTuple):
    table: str
    kind: str
    maker_model: str
    sources: str
    product_ids: str

    @property
    def products(self) -> list[str]:
        return [one for one in self.product_ids.split(",") if one != "-"]


def read_rows(folder: Path) -> dict[str, list[RawRow]]:
    rows: dict[str, list[RawRow]] = defaultdict(list)
    for words in _lines(folder / "rows.tsv"):
        row = RawRow(*words)
        rows[row.table].append(row)
    return rows


def read_tables(folder: Path) -> list[RawTable]:
    return [RawTable(*words) for words in _lines(folder / "tables.tsv")]


def read_conflicts(folder: Path) -> list[list[str]]:
    return list(_lines(folder / "conflicts.tsv"))


def _lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def options(enum: str) -> tuple[tuple[str, ...], bool]:
    """The options of an enum or bitmap in wire order, and whether that order is known."""
    if enum.startswith("order unverified:"):
        return tuple(map(_word, enum.removeprefix("order unverified:").split())), False
    found = {
        int(number): _word(text) for number, text in re.findall(r"(?:^| )(?:bit)?(\d+):(.*?)(?= (?:bit)?\d+:|$)", enum)
    }
    if not found or max(found) > 250:
        return (), bool(found)
    return tuple(found.get(number, str(number)) for number in range(max(found) + 1)), True


def _word(text: str) -> str:
    return re.sub(r"[\s|,]+", "_", text.strip()) or "_"
