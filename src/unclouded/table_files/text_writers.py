"""CSV and JSON lines: text, column by column of a batch, then row by row."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import BinaryIO

import msgspec

from unclouded.core.text.printable import csv_text
from unclouded.table_files.tables import Cell, ColumnKind, ExportTable, Row, decimal_text
from unclouded.table_files.zoned_times import ZonedTimes

REMEMBERED = 1000  # texts of a column; names are many times the same

ColumnTexts = Callable[[Sequence[Cell]], Sequence[object]]  # the cells of a column as they are written


class CsvWriter:
    """RFC 4180 with a header. Text has no control characters, and a spreadsheet never evaluates it as a formula."""

    def __init__(self, out: BinaryIO, times: ZonedTimes) -> None:
        self._out = out
        self._kinds: Mapping[ColumnKind, ColumnTexts] = {
            "time": lambda cells: [times.text(cell) if isinstance(cell, int) else "" for cell in cells],
            "text": TextCache(csv_text).column,
            "flag": lambda cells: [int(bool(cell)) for cell in cells],
            "number": lambda cells: [_csv_value(cell) for cell in cells],
            "value": lambda cells: [_csv_value(cell) for cell in cells],
        }
        self._columns: Sequence[ColumnTexts] = ()

    def begin(self, table: ExportTable) -> None:
        self._columns = [self._kinds[column.kind] for column in table.columns]
        self._write([[column.name for column in table.columns]])

    def rows(self, rows: Sequence[Row]) -> None:
        self._write(written_rows(self._columns, rows))

    def end(self) -> None:
        """Nothing is left to be written."""

    def close(self) -> None:
        """It holds nothing."""

    def _write(self, rows: Iterable[Sequence[object]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._out.write(text.getvalue().encode())


class JsonLinesWriter:
    """One object for each row; decimals as they are stored, on and off as true and false."""

    def __init__(self, out: BinaryIO, times: ZonedTimes) -> None:
        self._out = out
        self._kinds: Mapping[ColumnKind, ColumnTexts] = {
            "time": lambda cells: [f'"{times.text(cell)}"' if isinstance(cell, int) else "null" for cell in cells],
            "text": TextCache(_json_text).column,
            "flag": lambda cells: ["true" if cell else "false" for cell in cells],
            "number": lambda cells: [_json_value(cell) for cell in cells],
            "value": lambda cells: [_json_value(cell) for cell in cells],
        }
        self._columns: Sequence[ColumnTexts] = ()
        self._line = ""

    def begin(self, table: ExportTable) -> None:
        self._columns = [self._kinds[column.kind] for column in table.columns]
        cells = ",".join(f'"{column.name}":%s' for column in table.columns)
        self._line = f"{{{cells}}}\n"

    def rows(self, rows: Sequence[Row]) -> None:
        line = self._line
        self._out.write("".join([line % row for row in written_rows(self._columns, rows)]).encode())

    def end(self) -> None:
        """Nothing is left to be written."""

    def close(self) -> None:
        """It holds nothing."""


class TextCache(dict[str, str]):
    """Texts as they are written. ``write``: how one is."""

    def __init__(self, write: Callable[[str], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, text: str) -> str:
        written = self._write(text)
        if len(self) < REMEMBERED:
            self[text] = written
        return written

    def column(self, cells: Sequence[Cell]) -> Sequence[object]:
        """A column as it is written; cells that are not text are empty."""
        return [self[cell] if isinstance(cell, str) else "" for cell in cells]


def written_rows(columns: Sequence[ColumnTexts], rows: Sequence[Row]) -> Iterable[tuple[object, ...]]:
    """The rows as they are written: each column at once, which takes half the time."""
    cells = zip(*rows, strict=True)
    return zip(*[write(column) for write, column in zip(columns, cells, strict=False)], strict=True)


def _csv_value(cell: Cell) -> object:
    match cell:
        case tuple():
            return decimal_text(cell)
        case bool():
            return int(cell)
        case str():
            return csv_text(cell)
    return cell


def _json_value(cell: Cell) -> str:
    match cell:
        case tuple():
            return decimal_text(cell)
        case str():
            return _json_text(cell)
        case bool():
            return "true" if cell else "false"
    return "null"


def _json_text(text: str) -> str:
    """As JSON, where lone surrogates, which UTF-8 cannot carry, are question marks."""
    return msgspec.json.encode(text.encode("utf-8", "replace").decode()).decode()
