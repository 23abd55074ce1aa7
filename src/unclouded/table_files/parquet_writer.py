"""Parquet, written by pyarrow, which is imported here and nowhere else.

    time     timestamp in milliseconds, UTC, with the name of the zone
    value    DECIMAL(18, most decimals of any point), so that sums are exact; texts are in the column ``text``
    others   texts by dictionary

Rows are written in groups: a group needs memory for its rows only.
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from unclouded.core.errors import CommandError
from unclouded.core.system.extras import how_to_install, is_installed
from unclouded.table_files.tables import Cell, ExportColumn, ExportTable, Row, decimal_text, scaled_integer

GROUP_ROWS = 100_000  # of a row group
DIGITS = 18  # of a decimal; as many as fit 64 bits
LONG_DIGITS = 38  # where there are more than MOST_DECIMALS
MOST_DECIMALS = 8


def require_pyarrow() -> None:
    """Raises CommandError with the commands that install it."""
    if not is_installed("parquet"):
        raise CommandError(
            f"A Parquet file needs pyarrow, which is not installed. {how_to_install('parquet')} Or export as CSV, "
            "JSON lines or SQLite."
        )


class ParquetWriter:
    """``zone``: its name, as in Europe/Madrid. Any: pyarrow has no types."""

    def __init__(self, out: BinaryIO, zone: str) -> None:
        require_pyarrow()
        self._out = out
        self._zone = zone
        self._file: Any = None
        self._schema: Any = None
        self._rows: list[Row] = []
        self._columns: Sequence[Callable[[Sequence[Cell]], Sequence[Any]]] = ()

    def begin(self, table: ExportTable) -> None:
        import pyarrow
        from pyarrow import parquet

        arrays = _Arrays(pyarrow, self._zone, table.decimals)
        fields = [field for column in table.columns for field in arrays.fields(column)]
        self._schema = pyarrow.schema(fields)
        self._columns = [arrays.maker(column) for column in table.columns]
        times = [column.name for column in table.columns if column.kind == "time"]
        others = [field.name for field in fields if field.name not in times]
        self._file = parquet.ParquetWriter(
            self._out,
            self._schema,
            compression="zstd",
            use_dictionary=others,
            column_encoding=dict.fromkeys(times, "DELTA_BINARY_PACKED"),
            store_decimal_as_integer=True,
        )

    def rows(self, rows: Sequence[Row]) -> None:
        self._rows += rows
        if len(self._rows) >= GROUP_ROWS:
            self._write_group()

    def end(self) -> None:
        self._write_group()
        self._file.close()

    def close(self) -> None:
        """What pyarrow holds goes with it."""

    def _write_group(self) -> None:
        import pyarrow

        if not self._rows:
            return
        cells = zip(*self._rows, strict=True)
        arrays = [array for make, column in zip(self._columns, cells, strict=True) for array in make(column)]
        self._rows = []
        self._file.write_batch(pyarrow.record_batch(arrays, schema=self._schema))


class _Arrays:
    """The columns of rows as pyarrow has them."""

    def __init__(self, pyarrow: Any, zone: str, decimals: int) -> None:
        self._pa = pyarrow
        self._decimals = decimals
        self._one: int = 10**decimals
        digits = DIGITS if decimals <= MOST_DECIMALS else LONG_DIGITS
        self._limit: int = 10**digits
        self._types: Mapping[str, Any] = {
            "time": pyarrow.timestamp("ms", zone),
            "text": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
            "number": pyarrow.decimal128(digits, decimals),
            "value": pyarrow.decimal128(digits, decimals),
            "flag": pyarrow.bool_(),
        }

    def fields(self, column: ExportColumn) -> Sequence[Any]:
        """A field, and for a value one of its texts."""
        names = [(column.name, column.kind), *([("text", "text")] if column.kind == "value" else [])]
        return [self._pa.field(name, self._types[kind]) for name, kind in names]

    def maker(self, column: ExportColumn) -> Callable[[Sequence[Cell]], Sequence[Any]]:
        make = {"time": self._times, "text": self._texts, "number": self._numbers, "flag": self._flags}
        return make.get(column.kind, self._values)

    def _times(self, cells: Sequence[Cell]) -> Sequence[Any]:
        buffer = self._pa.py_buffer(array("q", [cell if isinstance(cell, int) else 0 for cell in cells]))
        return [self._pa.Array.from_buffers(self._types["time"], len(cells), [None, buffer])]

    def _texts(self, cells: Sequence[Cell]) -> Sequence[Any]:
        places: dict[Cell, int] = {}
        indices = [None if cell is None else places.setdefault(cell, len(places)) for cell in cells]
        known = self._pa.array(indices, self._pa.int32())
        texts = self._pa.array([_encodable(str(text)) for text in places], self._pa.string())
        return [self._pa.DictionaryArray.from_arrays(known, texts)]

    def _flags(self, cells: Sequence[Cell]) -> Sequence[Any]:
        return [self._pa.array([bool(cell) for cell in cells], self._pa.bool_())]

    def _numbers(self, cells: Sequence[Cell]) -> Sequence[Any]:
        return [self._decimals_of([self._integer(cell) for cell in cells])]

    def _values(self, cells: Sequence[Cell]) -> Sequence[Any]:
        integers = [self._integer(cell) for cell in cells]
        texts: list[Cell] = [None] * len(cells)
        for place, (cell, integer) in enumerate(zip(cells, integers, strict=True)):
            if integer is None and cell is not None:
                texts[place] = decimal_text(cell) if isinstance(cell, tuple) else str(cell)
        return [self._decimals_of(integers), *self._texts(texts)]

    def _integer(self, cell: Cell) -> int | None:
        """A number in the column's scale; None where it is none, or too large for the column."""
        if isinstance(cell, bool):
            return int(cell) * self._one
        if not isinstance(cell, tuple):
            return None
        number = scaled_integer(cell, self._decimals)
        return number if -self._limit < number < self._limit else None

    def _decimals_of(self, numbers: Sequence[int | None]) -> Any:
        """The array of these: 128 bits each, the lower half first, and a bit that says whether there is one."""
        known = [number or 0 for number in numbers]
        halves = array("Q", bytes(16 * len(known)))
        halves[0::2] = array("Q", [number & (1 << 64) - 1 for number in known])
        halves[1::2] = array("Q", [number >> 64 & (1 << 64) - 1 for number in known])
        valid = None
        if None in numbers:
            valid = self._pa.array([number is not None for number in numbers], self._pa.bool_()).buffers()[1]
        return self._pa.Array.from_buffers(self._types["number"], len(known), [valid, self._pa.py_buffer(halves)])


def _encodable(text: str) -> str:
    """Lone surrogates, which no encoding can carry, as question marks."""
    return text.encode("utf-8", "replace").decode()
