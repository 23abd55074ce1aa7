"""From raw rows to rows of the catalogue: access, scale, range, options, packed values, signs and counters."""

import re
from collections.abc import Iterator
from decimal import Decimal

from tools.catalogue.facts import RawRow, RawTable, options
from tools.catalogue.keys import key_of

from unclouded.profiles.catalogue.table import CatalogueRow

ACCESS = {"rw": "rw", "ro": "r", "wo": "w"}
CONFIDENCE = {"A": "confirmed", "B": "single", "B!": "disputed"}


def table_rows(table: RawTable, rows: list[RawRow]) -> Iterator[CatalogueRow]:
    taken: set[str] = set()
    for raw in rows:
        yield row_of(table, raw, taken)


def row_of(table: RawTable, raw: RawRow, taken: set[str]) -> CatalogueRow:
    key = key_of(table, raw, taken)
    taken.add(key)
    type_ = "raw" if raw.type == "?" else raw.type
    words, ordered = options(raw.enum) if type_ in ("enum", "bitmap") else ((), True)
    low, high = range_of(raw)
    return CatalogueRow(
        dp=int(raw.dp),
        type=type_,
        key=key,
        access=ACCESS[raw.access],
        confidence=CONFIDENCE[raw.confidence],
        code=raw.code,
        scale=scale_of(raw) if type_ == "value" else Decimal(1),
        low=low,
        high=high,
        options=words if ordered else (),
        possible=() if ordered else words,
        counter="increment" if "counter=increment" in raw.note else None,
        decode=decode_of(raw),
        negative_when=sign_of(raw),
    )


def scale_of(raw: RawRow) -> Decimal:
    return Decimal(raw.scale) if raw.scale not in ("", "0") else Decimal(1)


def range_of(raw: RawRow) -> tuple[int | None, int | None]:
    match = re.search(r"wire (-?\d+)\.\.(-?\d+)", raw.note)
    return (int(match[1]), int(match[2])) if match else (None, None)


def sign_of(raw: RawRow) -> tuple[int, int] | None:
    match = re.search(r"negative when dp (\d+) = (-?\d+)", raw.note)
    return (int(match[1]), int(match[2])) if match and match[1] != raw.dp else None


def decode_of(raw: RawRow) -> str:
    return "phase" if raw.raw_layout.startswith("phase") else ""
