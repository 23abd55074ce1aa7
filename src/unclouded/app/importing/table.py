"""A file of text -> rows of cells: encoding, delimiter, decimal mark, times. Linear in the file.

Datum;Verbrauch (kWh)     ──►  header, rows; "," is the decimal mark where ";" or a tab divides the cells
01.02.2025 00:00;0,25
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, NamedTuple

from unclouded.core.errors import CommandError

Order = Literal["ymd", "dmy", "mdy"]
LARGEST = 128 * 1024 * 1024  # bytes of a file
MOST_ROWS = 1_000_000
MOST_COLUMNS = 200
DELIMITERS = (";", "\t", ",", "|")
HEAD_LINES = 20  # that decide about the delimiter
LONGEST_CELL = 200  # characters of what is a number or a time
NUMERIC_DATE = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})"
    r"(?:[ T,]{1,2}(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d{1,9})?)?\s{0,2}([AaPp][Mm])?"
)
DECIMAL_COMMA = re.compile(r"-?[\d.]{0,20}\d,\d{1,12}")
DECIMAL_COMMA_ONLY = re.compile(r"-?(?:[\d.]{0,20}\d,(?:\d{1,2}|\d{4,12})|0,\d{3})")
UNIX_TIME = re.compile(r"\d{9,10}(?:\.\d{1,9})?|\d{12,13}")


class CellRows:
    """Rows of cells, which are divided again each time that they are read: few are in memory at once."""

    def __init__(self, lines: Sequence[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter

    def __iter__(self) -> Iterator[Sequence[str]]:
        """Raises CommandError."""
        try:
            for row in csv.reader(self._lines, delimiter=self._delimiter):
                yield [cell.strip() for cell in row]
        except csv.Error as error:
            raise CommandError(f"The file is not a table: {error}.") from None


class CellTable(NamedTuple):
    """``decimal``: the mark of decimals in its numbers."""

    header: Sequence[str]
    rows: Iterable[Sequence[str]]
    decimal: str


def read_table(path: Path) -> CellTable:
    """Raises CommandError where the file is not a table of text."""
    return table_of(_text(read_bytes(path), path))


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises CommandError."""
    if not path.is_file():
        raise CommandError(f"{path} is {'a folder' if path.is_dir() else 'no file'}.")
    try:
        if path.stat().st_size > LARGEST:
            raise CommandError(f"{path.name} has more than {LARGEST // 2**20} MB. Export a shorter time at once.")
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None


def table_of(text: str) -> CellTable:
    """The cells of a text. Raises CommandError."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise CommandError("The file has no rows below a header.")
    if len(lines) > MOST_ROWS:
        raise CommandError(f"The file has more than {MOST_ROWS:,} rows. Export a shorter time at once.")
    delimiter = _delimiter(lines[:HEAD_LINES])
    (header,) = CellRows(lines[:1], delimiter)
    if len(header) > MOST_COLUMNS:
        raise CommandError(f"The file has more than {MOST_COLUMNS} columns.")
    del lines[0]
    rows = CellRows(lines, delimiter)
    return CellTable(header, rows, "," if _has_commas(rows, delimiter) else ".")


def number_of(text: str, decimal: str) -> Decimal | None:
    """The number in a cell; None where it has none that is finite."""
    plain = text.strip().replace(" ", "").replace("\u00a0", "")
    if not plain or len(plain) > LONGEST_CELL:
        return None
    plain = plain.replace(".", "").replace(",", ".") if decimal == "," else plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < 10**12 else None


def date_order(cells: Iterable[str]) -> Order | None:
    """In which order dates have year, month and day; None where that is ambiguous; other cells do not count."""
    orders: set[Order] = {"dmy", "mdy"}
    is_dated = False
    for cell in cells:
        found = NUMERIC_DATE.fullmatch(cell.strip()) if len(cell) <= LONGEST_CELL else None
        if found is None:
            continue
        if len(found[1]) == 4:
            return "ymd"
        is_dated = True
        if int(found[1]) > 12:
            orders.discard("mdy")
        if int(found[2]) > 12:
            orders.discard("dmy")
        if "." in cell.split(":")[0]:
            orders.discard("mdy")  # with points, the day comes first
        if len(orders) <= 1:
            break
    if not is_dated:
        return "ymd"
    return next(iter(orders)) if len(orders) == 1 else None


def time_in(text: str, order: Order, zone: tzinfo, fold: Literal[0, 1] = 0) -> float | None:
    """Unix seconds of a cell; None where it has no time. Times without an offset are in ``zone``.

    ``fold`` 1: of a time that comes twice as clocks are set back, the second one.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_CELL:
        return None
    if UNIX_TIME.fullmatch(text):
        at = float(text)
        return at / 1000 if at > 1e11 else at
    found = NUMERIC_DATE.fullmatch(text)
    try:
        when = _local(found, order) if found is not None else datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=zone, fold=fold)).timestamp()
    except (ValueError, OverflowError):
        return None


# --- inside -------------------------------------------------------------------------------------------


def _text(data: bytes, path: Path) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _decoded(data, encoding, path)
    if b"\0" in data:
        raise CommandError(f"{path.name} is not text: it has zero bytes. Choose a CSV file.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _decoded(data, "cp1252", path)


def _decoded(data: bytes, encoding: str, path: Path) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise CommandError(f"{path.name} is not text that can be read. Save it as UTF-8.") from None


def _delimiter(lines: Sequence[str]) -> str:
    """The one that divides the lines into the same number of cells, and into most."""
    counts = {mark: [line.count(mark) for line in lines] for mark in DELIMITERS}
    even = [mark for mark in DELIMITERS if counts[mark][0] and min(counts[mark]) >= counts[mark][0]]
    if not even:
        raise CommandError("The file is not a table: no comma, semicolon or tab divides its lines evenly.")
    return even[0]


def _has_commas(rows: Iterable[Sequence[str]], delimiter: str) -> bool:
    """Whether a comma is the decimal mark. Where commas divide the cells, "1,234" may as well be one thousand."""
    decimal = DECIMAL_COMMA if delimiter != "," else DECIMAL_COMMA_ONLY
    return any("," in cell and decimal.fullmatch(cell) for row in rows for cell in row)


def _local(found: re.Match[str], order: Order) -> datetime:
    first, second, third = int(found[1]), int(found[2]), int(found[3])
    if len(found[1]) == 4 or order == "ymd":
        year, month, day = first, second, third
    else:
        year, (day, month) = third, (first, second) if order == "dmy" else (second, first)
    hour = int(found[4] or 0)
    if found[7]:
        hour = hour % 12 + (12 if found[7].lower() == "pm" else 0)
    return datetime(year + 2000 if year < 100 else year, month, day, hour, int(found[5] or 0), int(found[6] or 0))  # noqa: DTZ001  (its zone is added by the caller)


def columns_like(header: Sequence[str], names: Sequence[str]) -> Iterator[int]:
    """The columns whose names contain one of these words."""
    for place, name in enumerate(header):
        if any(word in name.lower() for word in names):
            yield place
