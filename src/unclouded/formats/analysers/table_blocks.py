"""Rows of a table, a block of lines at once: where each line has the same number of fields, numpy reads the columns.

A block in which anything is irregular is read row by row, with the same result. Times are read when they are asked for.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from unclouded.formats.analysers.byte_table import DATA, QUOTES, RowReader, TableState
from unclouded.formats.analysers.columns import FieldBytes, FieldLines, FieldTimes
from unclouded.formats.analysers.decoded_rows import SILENCE_S, TimesFrom, in_time, with_sides
from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading

if TYPE_CHECKING:
    from unclouded.formats.analysers.byte_table import ByteTable
    from unclouded.formats.analysers.columns import Flags, Places

SHORT = 16_384  # characters that are read row by row: numpy takes time to load
UNIX = 1e9  # seconds: a time that has a date
NO_BYTE = -1
EMPTY_QUOTES = 2


def read_table(table: "ByteTable", text: str) -> FormatReading:
    """All rows of a table."""
    state = TableState(table, text)
    if len(text) <= SHORT:
        RowReader(state).read(text[table.offset :], table.first_line)
    else:
        BlockReader(state, text).read()
    errors = [f"bytes with a framing or parity error, left out: {state.errors}"] if state.errors else []
    return FormatReading(
        chunks=with_sides(in_time(state.chunks)),
        lines=state.lines + 1,
        explained=state.explained + 1,
        data_lines=state.data_lines,
        unread=state.unread,
        notes=errors,
        started=state.zero if state.zero is not None and state.zero > UNIX else None,
        stamps=state.data_lines,
    )


class BlockReader:
    """Reads one text."""

    def __init__(self, state: TableState, text: str) -> None:
        self._state, self._table = state, state.table
        self._bytes = FieldBytes(text.encode("utf-8", "replace"))
        self._start = len(text[: state.table.offset].encode("utf-8", "replace"))
        self._rows = RowReader(state)

    def read(self) -> None:
        """Reads the whole table into the state: regular blocks by columns with numpy, all others row by row."""
        data, line = self._bytes.data, self._table.first_line
        for begin, end, is_regular in self._bytes.blocks(self._start):
            found = (
                self._bytes.fields(begin, end, ord(self._table.separator), self._table.width) if is_regular else None
            )
            if found is not None and TableBlock(self._state, self._bytes, *found, line).read():
                line += len(found[0])
                continue
            self._rows.read(data[begin:end].decode("utf-8", "replace"), line)
            line += data.count(b"\n", begin, end)


class TableBlock:
    """Lines with the same number of fields. ``starts``, ``ends``: of each field, a row for each line."""

    def __init__(self, state: TableState, data: FieldBytes, starts: "Places", ends: "Places", line: int) -> None:
        self._state, self._table, self._bytes = state, state.table, data
        self._starts, self._ends, self._line = starts, ends, line

    def read(self) -> bool:
        """Whether all rows were read; nothing is read where one is not regular."""
        import numpy as np

        state, table = self._state, self._table
        used, lanes = self._used(), self._lanes()
        if used is None or lanes is None or not self._is_time(used):
            return False
        lost = used & self._filled(table.errors)
        kept = used & ~lost
        found = [(name, of_lane, self._values(column, of_lane & kept)) for name, column, of_lane in lanes]
        if any(values is None for _, _, values in found):
            return False
        if state.zero is None and used.any():
            state.zero = self._times(np.flatnonzero(used)[:1])[0]
        for name, of_lane, values in found:
            assert values is not None
            rows = np.flatnonzero(of_lane & kept)
            self._lane(name, rows[values >= 0], values[values >= 0], np.cumsum(lost & of_lane))
        state.errors += int(lost.sum())
        state.lines += len(used)
        state.explained += len(used)
        state.data_lines += int(kept.sum())
        return True

    # --- inside --------------------------------------------------------------------------------

    def _used(self) -> "Flags | None":
        """The rows that hold a byte of a UART, also one that is lost."""
        import numpy as np

        used = ~self._filled(self._table.empty)
        if self._table.kind is None:
            return used
        kinds = self._kinds(self._table.kind)
        if kinds is None:
            return None
        texts, which = kinds
        taken: Flags = used & np.array([text.strip(QUOTES) == DATA for text in texts])[which]
        return taken

    def _kinds(self, column: int) -> "tuple[list[str], Places] | None":
        return self._bytes.kinds(self._starts[:, column], self._ends[:, column])

    def _filled(self, columns: Sequence[int]) -> "Flags":
        """The rows in which one of the columns is not empty."""
        import numpy as np

        filled = np.zeros(len(self._starts), np.bool_)
        for column in columns:
            sizes = self._ends[:, column] - self._starts[:, column]
            is_empty = (sizes == 0) | ((sizes == EMPTY_QUOTES) & (self._bytes.raw[self._starts[:, column]] == ord('"')))
            filled |= ~is_empty
        return filled

    def _lanes(self) -> "list[tuple[str, int, Flags]] | None":
        """Each lane with the column of its bytes and its rows; None where there is no telling."""
        import numpy as np

        table = self._table
        every = np.ones(len(self._starts), np.bool_)
        if table.name is None:
            return [(name, column, every) for column, name in table.values]
        kinds = self._kinds(table.name)
        if kinds is None:
            return None
        texts, which = kinds
        return [(text.strip(QUOTES), table.values[0][0], which == kind) for kind, text in enumerate(texts)]

    def _is_time(self, used: "Flags") -> bool:
        """Whether the times of the rows begin as times do."""
        import numpy as np

        first = self._bytes.raw[self._starts[used, self._table.time]]
        return bool(np.isin(first, np.frombuffer(b'0123456789-."', np.uint8)).all())

    def _values(self, column: int, rows: "Flags") -> "Places | None":
        """The byte of each row, -1 = none; None where a cell that must hold one does not."""
        import numpy as np

        starts, ends = self._starts[rows, column], self._ends[rows, column]
        plain = self._bytes.hex_values(starts, ends)
        if plain is not None:
            return plain.astype(np.int64)
        kinds = self._bytes.kinds(starts, ends)
        if kinds is None:
            return None
        texts, which = kinds
        known = [self._state.value(text) for text in texts]
        if len(self._table.values) == 1 and None in known:
            return None
        values: Places = np.array([NO_BYTE if value is None else value for value in known], np.int64)[which]
        return values

    def _times(self, rows: "Places") -> FieldTimes:
        column, table = self._table.time, self._table
        starts, ends = self._starts[rows, column], self._ends[rows, column]
        return FieldTimes(self._bytes.data, starts, ends, lambda cell: table.seconds(cell) or 0.0)

    def _lane(self, name: str, rows: "Places", values: "Places", lost: "Places") -> None:
        import numpy as np

        state = self._state
        if len(rows):
            times = TimesFrom(self._times(rows), state.zero or 0.0)
            losses = lost[rows]
            cuts = [0, *self._cuts(rows, times, losses), len(rows)]
            data = values.astype(np.uint8).tobytes()
            lines = rows + self._line
            for begin, end in pairwise(cuts):
                is_lost = name in state.lost if begin == 0 else False
                is_lost |= bool(losses[begin] > (losses[begin - 1] if begin else 0))
                self._add(name, data[begin:end], times[begin:end], lines[begin:end], is_lost)
            state.lost.discard(name)
        if len(lost) and lost[-1] > (lost[rows[-1]] if len(rows) else 0):
            state.lost.add(name)

    def _cuts(self, rows: "Places", times: TimesFrom, losses: "Places") -> Iterator[int]:
        """Where a byte was lost, or the lane was silent: only where the seconds of the times change."""
        import numpy as np

        column = self._table.time
        starts, ends = self._starts[rows, column], self._ends[rows, column]
        changed = self._bytes.seconds_change(starts, ends)
        changed[1:] |= losses[1:] != losses[:-1]
        places = np.flatnonzero(changed)
        whole = self._bytes.whole_numbers(starts[places], ends[places])
        before = self._bytes.whole_numbers(starts[places - 1], ends[places - 1])
        steps = (whole - before + 1) * self._table.unit
        is_near = (before >= 0) & (whole >= before) & (steps <= SILENCE_S) & (losses[places] == losses[places - 1])
        for at in places[~is_near]:
            is_lost = losses[at] != losses[at - 1]
            if is_lost or not 0 <= times[int(at)] - times[int(at) - 1] <= SILENCE_S:
                yield int(at)

    def _add(self, name: str, data: bytes, times: Sequence[float], lines: "Places", is_lost: bool) -> None:
        chunk = InputChunk(times[0], None, data, name, int(lines[0]), gap=is_lost, times=times, lines=FieldLines(lines))
        self._state.chunks.append(chunk)
