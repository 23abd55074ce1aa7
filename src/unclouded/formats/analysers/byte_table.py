"""A table with a decoded byte, or one of each lane, on each line: its columns, and its rows one by one.

name,type,start_time,duration,data              the columns of each program: saleae.py, dsview.py
"Async Serial","data",0.0125,0.000989,0x55
"""

from collections.abc import Iterator, Sequence

import msgspec

from unclouded.formats.analysers.cell_values import Radix, radix_of, value_of
from unclouded.formats.analysers.decoded_rows import ByteRow, chunks_by_time
from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import MOST_UNREAD
from unclouded.formats.text.stamps import stamp_of

SAMPLE = 400  # lines that show the radix
QUOTES = "\"' \t"
DATA = "data"  # the type of rows that hold a byte
FAR = 1e15  # seconds: no time


class ByteTable(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a table. ``first_line``: of the rows, from 1; ``offset``: of them in the text.

    ``values``: columns of bytes, each with the name of its lane; "" = the column ``name`` has it, if there is one.
    ``kind``: the column that must say "data". ``empty``: columns that must be empty, or the row is no byte of a UART.
    ``errors``: columns that must be empty, or the byte is lost. ``unit``: seconds of the numbers in column ``time``.
    """

    separator: str
    width: int
    first_line: int
    offset: int
    time: int
    values: Sequence[tuple[int, str]]
    name: int | None = None
    kind: int | None = None
    empty: Sequence[int] = ()
    errors: Sequence[int] = ()
    unit: float = 1.0

    def seconds(self, cell: str) -> float | None:
        """A time: a number, or a date with a time of the day (Unix seconds). None where it is none."""
        cell = cell.strip(QUOTES)
        try:
            at = float(cell.replace(",", ".")) * self.unit
        except ValueError:
            stamp = stamp_of(cell)
            return stamp.at if stamp is not None and stamp.kind == "date" else None
        return at if -FAR < at < FAR else None


class TableState:
    """What is known of the table so far. ``zero``: its first time. ``lost``: the lanes that lost a byte since the last.

    ``errors``: how many bytes were lost.
    """

    def __init__(self, table: ByteTable, text: str) -> None:
        self.table = table
        self.zero: float | None = None
        self.lost: set[str] = set()
        self.errors = 0
        self.lines = self.explained = self.data_lines = 0
        self.chunks: list[InputChunk] = []
        self.unread: list[int] = []
        self._radix = _radix(table, text)
        self._values: dict[str, int | None] = {}

    def value(self, cell: str) -> int | None:
        """The byte in a cell; None where it is none. An empty cell is one only where a space may stand for itself."""
        if cell not in self._values:
            if len(self._values) > 65_536:
                self._values.clear()
            text = bare(cell)
            is_empty = not text.strip() and (len(self.table.values) > 1 or not cell)
            self._values[cell] = None if is_empty else value_of(text, self._radix)
        return self._values[cell]


def bare(cell: str) -> str:
    """A cell without blanks and quotes around it, unless it is a blank itself."""
    text = cell.strip(" \t")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"')
    return text or cell


def _radix(table: ByteTable, text: str) -> Radix:
    rows = text[table.offset : table.offset + SAMPLE * 80].split("\n")[:SAMPLE]
    fields = [fields_of(row, table.separator) for row in rows]
    cells = {bare(row[at]) for row in fields if len(row) == table.width for at, _ in table.values}
    is_padded = len({name for _, name in table.values if name}) > 0
    return radix_of({cell for cell in cells if cell}, is_padded=is_padded)


def fields_of(line: str, separator: str) -> list[str]:
    """The fields of a line; a quoted one may hold the separator. The quotes stay."""
    if '"' not in line:
        return line.split(separator)
    fields, start = [], 0
    while start <= len(line):
        closed = line.find('"', start + 1) if line.startswith('"', start) else -1
        end = line.find(separator, max(closed, start))
        end = len(line) if end < 0 else end
        fields.append(line[start:end])
        start = end + 1
    return fields


class RowReader:
    """Reads rows one by one."""

    def __init__(self, state: TableState) -> None:
        self._state = state

    def read(self, text: str, first_line: int) -> None:
        """Reads a part of the table into the state. ``first_line``: the number of its first line in the file."""
        rows = list(self._rows(text, first_line))
        self._state.chunks += chunks_by_time(rows, self._state.zero or 0.0)

    def _rows(self, text: str, first_line: int) -> Iterator[ByteRow]:
        state, table = self._state, self._state.table
        for number, line in enumerate(text.removesuffix("\n").split("\n"), first_line):
            if not line or line.isspace():
                continue
            state.lines += 1
            fields = fields_of(line, table.separator)
            found = self._row(fields, number) if len(fields) == table.width else None
            if found is None:
                if len(state.unread) < MOST_UNREAD:
                    state.unread.append(number)
                continue
            state.explained += 1
            state.data_lines += bool(found)
            yield from found

    def _row(self, fields: Sequence[str], number: int) -> list[ByteRow] | None:
        """The bytes of a row; None where it is not understood."""
        state, table = self._state, self._state.table
        if self._is_other(fields):
            return []
        at = table.seconds(fields[table.time])
        if at is None:
            return None
        if state.zero is None:
            state.zero = at
        lane = "" if table.name is None else fields[table.name].strip(QUOTES)
        if any(fields[column].strip(QUOTES) for column in table.errors):
            state.errors += 1
            state.lost.add(lane)
            return []
        found = [(name or lane, state.value(fields[column])) for column, name in table.values]
        rows = [self._byte(value, name, at, number) for name, value in found if value is not None]
        return rows if rows or len(table.values) > 1 else None

    def _byte(self, value: int, lane: str, at: float, number: int) -> ByteRow:
        is_after_loss = lane in self._state.lost
        self._state.lost.discard(lane)
        return ByteRow(value, lane, at, number, is_after_loss)

    def _is_other(self, fields: Sequence[str]) -> bool:
        table = self._state.table
        if table.kind is not None and fields[table.kind].strip(QUOTES) != DATA:
            return True
        return any(fields[column].strip(QUOTES) for column in table.empty)
