"""Reads rows straight from the pages of a SQLite file, for files too damaged for SQLite. Nothing is written.

    file     │ page 1: header, sqlite_master │ page 2 │ … │     each a node of one B-tree, or free, or overflow
    file-wal │ header │ frame: page number, page │ …            newer copies of pages, valid up to the last commit

    leaf     type · cells · … │ pointer, pointer … │   ┈┈┈   │ cell: size, [rowid], record, [overflow page] │ cell …

Trees are followed from their roots as far as their nodes can be read. Leaves below a damaged node are found because
no tree reaches them, and their table is recognised by the types of their columns.
Source: sqlite.org/fileformat2.html.
"""

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

MAGIC = b"SQLite format 3\0"
PAGE_BYTES = 4096  # where the header does not say
WAL_MAGIC = (0x377F0682, 0x377F0683)
WAL_HEADER, FRAME_HEADER = 32, 24  # bytes
TABLE_LEAF, TABLE_NODE, INDEX_LEAF, INDEX_NODE = 13, 5, 10, 2
NODES = frozenset({TABLE_LEAF, TABLE_NODE, INDEX_LEAF, INDEX_NODE})
INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)  # of the serial types 0 to 6
MASTER = "sqlite_master"

Column = int | float | str | bytes | None
Record = tuple[Column, ...]


class DamagedPage(Exception):
    """A page, or a part of one, cannot be read."""


class TableShape(msgspec.Struct, frozen=True, kw_only=True):
    """What a row of a table looks like. ``types``: by column; ``order``: in which the columns are stored.

    ``rowid``: the column that stands in for the rowid, None = there is none; ``clustered``: the table is stored as an
    index (WITHOUT ROWID). ``defaults``: the values of columns that were added later, as far as they may be missing.
    """

    name: str
    types: tuple[str, ...]
    optional: tuple[bool, ...]
    order: tuple[int, ...]
    clustered: bool
    rowid: int | None = None
    defaults: Mapping[int, Column] = {}

    def row(self, record: Record, rowid: int | None) -> Record | None:
        """The columns in their declared order, None where the record is not one of this table."""
        if len(record) > len(self.order):
            return None
        row: list[Column] = [None] * len(self.types)
        for place, column in enumerate(self.order):
            if place >= len(record):
                if column not in self.defaults:
                    return None
                row[column] = self.defaults[column]
                continue
            value = rowid if column == self.rowid and record[place] is None else record[place]
            if not _fits(value, self.types[column], self.optional[column] and column != self.rowid):
                return None
            row[column] = value
        return tuple(row)


class SqliteFile:
    """A SQLite file and its write-ahead log, page by page. Raises OSError where the file cannot be opened.

    ``damaged``: places that could not be read so far, pages and cells alike.
    """

    def __init__(self, path: Path) -> None:
        self.damaged = 0
        self._file = path.open("rb")
        self._wal: BinaryIO | None = None
        self._newer: dict[int, int] = {}  # page -> its offset in the write-ahead log
        try:
            header = self._file.read(100)
            length = self._file.seek(0, 2)
            self._page_bytes = _page_bytes(header, length)
            self._usable = self._page_bytes  # a store reserves no bytes at the end of pages, whatever a header says
            self._count = -(-length // self._page_bytes)
            self._read_wal(path.with_name(f"{path.name}-wal"))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes both files; no page can be read afterwards."""
        self._file.close()
        if self._wal is not None:
            self._wal.close()

    def rows(self, shapes: Sequence[TableShape], indexes: Collection[str] = ()) -> Iterator[tuple[str, Record]]:
        """(table, row) of every readable row of these tables; (index, record) of these indexes.

        Those that their tree leads to come first. A row may come twice. Rows of no tree are read only where a tree
        is damaged, and never from free pages.
        """
        trees, intact = self._trees()
        seen: set[int] = {1}
        for shape in shapes:
            intact = intact and shape.name in trees
            for record, rowid in self._tree(trees.get(shape.name), seen):
                found = _classified(record, rowid, [shape, *shapes])
                if found is not None:
                    yield found
                else:
                    self.damaged += 1
        for name in indexes:
            for record, _ in self._tree(trees.get(name), seen):
                yield name, record
        if not intact or self.damaged:
            for name, root in trees.items():
                if name not in indexes and all(shape.name != name for shape in shapes):
                    for _ in self._tree(root, seen, pages_only=True):
                        pass
            yield from self._orphans(shapes, seen | self._free())

    def rows_of_page(self, number: int, shapes: Sequence[TableShape]) -> Iterator[tuple[str, Record]]:
        """(table, row) of every row on one page that can be of these tables."""
        try:
            node = self._node(number)
        except DamagedPage:
            return  # an overflow page, or a damaged one: that is counted where a tree leads to it
        for record, rowid in self._records(node):
            found = _classified(record, rowid, shapes)
            if found is not None:
                yield found

    # --- trees -----------------------------------------------------------------------------------

    def _trees(self) -> tuple[dict[str, int], bool]:
        """The roots of all tables and indexes, and whether the list is complete."""
        before = self.damaged
        roots = {MASTER: 1}
        for record, _ in self._tree(1, set()):
            if len(record) == 5 and isinstance(record[1], str) and isinstance(record[3], int) and record[3]:
                roots[record[1]] = record[3]
        return roots, self.damaged == before

    def _tree(self, root: int | None, seen: set[int], pages_only: bool = False) -> Iterator[tuple[Record, int | None]]:
        """The records below a root, with the rowids that they have; ``pages_only``: none, but every page is seen."""
        waiting = [] if root is None else [root]
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            try:
                node = self._node(number)
            except DamagedPage:
                self.damaged += 1
                continue
            waiting += node.children()
            if not pages_only:
                yield from self._records(node)

    def _orphans(self, shapes: Sequence[TableShape], seen: Collection[int]) -> Iterator[tuple[str, Record]]:
        """The rows on pages that no tree leads to."""
        for number in range(2, max([self._count, *self._newer]) + 1):
            if number not in seen:
                yield from self.rows_of_page(number, shapes)

    def _free(self) -> set[int]:
        """The pages of the list of free pages; they hold rows that were deleted or moved."""
        free: set[int] = set()
        try:
            trunk = struct.unpack_from(">I", self._page(1), 32)[0]
            while trunk and trunk not in free:
                free.add(trunk)
                page = self._page(trunk)
                trunk, count = struct.unpack_from(">II", page)
                count = min(count, self._usable // 4 - 2)
                free.update(struct.unpack_from(f">{count}I", page, 8))
        except DamagedPage:
            self.damaged += 1
        return free

    # --- pages -----------------------------------------------------------------------------------

    def _node(self, number: int) -> "_Node":
        page = self._page(number)
        start = 100 if number == 1 else 0
        kind, cells = page[start], struct.unpack_from(">H", page, start + 3)[0]
        if kind not in NODES or start + 8 + 2 * cells > self._usable:
            raise DamagedPage
        return _Node(page, start, kind, cells)

    def _records(self, node: "_Node") -> Iterator[tuple[Record, int | None]]:
        if node.kind == TABLE_NODE:
            return
        for pointer in node.pointers():
            try:
                yield self._cell(node, pointer)
            except (DamagedPage, IndexError, struct.error, UnicodeDecodeError, OverflowError):
                self.damaged += 1

    def _cell(self, node: "_Node", at: int) -> tuple[Record, int | None]:
        page, rowid = node.page, None
        if at < node.start + 8:
            raise DamagedPage
        if node.kind == INDEX_NODE:
            at += 4
        size, at = _varint(page, at)
        if node.kind == TABLE_LEAF:
            rowid, at = _varint(page, at)
            rowid = rowid - 2**64 if rowid >= 2**63 else rowid
        return _record(self._payload(page, at, size, node.kind == TABLE_LEAF)), rowid

    def _payload(self, page: bytes, at: int, size: int, of_table: bool) -> bytes:
        usable = self._usable
        most = usable - 35 if of_table else (usable - 12) * 64 // 255 - 23
        least = (usable - 12) * 32 // 255 - 23
        if size > usable * (self._count + len(self._newer)):
            raise DamagedPage
        local = size
        if size > most:
            local = least + (size - least) % (usable - 4)
            local = local if local <= most else least
        if at + local > usable:
            raise DamagedPage
        payload = page[at : at + local]
        if local == size:
            return payload
        (following,) = struct.unpack_from(">I", page, at + local)
        parts, left = [payload], size - local
        while left > 0:
            more = self._page(following)
            (following,) = struct.unpack_from(">I", more)
            parts.append(more[4 : 4 + min(left, usable - 4)])
            left -= len(parts[-1])
        return b"".join(parts)

    def _page(self, number: int) -> bytes:
        offset = self._newer.get(number)
        try:
            if offset is not None and self._wal is not None:
                self._wal.seek(offset)
                page = self._wal.read(self._page_bytes)
            elif 1 <= number <= self._count:
                self._file.seek((number - 1) * self._page_bytes)
                page = self._file.read(self._page_bytes)
            else:
                raise DamagedPage
        except OSError:
            raise DamagedPage from None
        if len(page) < self._page_bytes:
            raise DamagedPage
        return page

    def _read_wal(self, path: Path) -> None:
        """Find the newest committed copy of each page in the write-ahead log."""
        try:
            self._wal = path.open("rb")
            header = self._wal.read(WAL_HEADER)
            size = self._wal.seek(0, 2)
        except OSError:
            return
        if len(header) < WAL_HEADER or int.from_bytes(header[:4]) not in WAL_MAGIC:
            return
        if int.from_bytes(header[8:12]) != self._page_bytes:
            return
        pending: dict[int, int] = {}
        for offset in range(WAL_HEADER, size - FRAME_HEADER - self._page_bytes + 1, FRAME_HEADER + self._page_bytes):
            self._wal.seek(offset)
            number, committed, salts = struct.unpack(">II8s", self._wal.read(16))
            if salts != header[16:24] or number == 0:
                return
            pending[number] = offset + FRAME_HEADER
            if committed:
                self._newer |= pending
                self._count = max(self._count, min(committed, self._count + len(self._newer)))
                pending = {}


class _Node(msgspec.Struct, frozen=True):
    """A page that is a node of a B-tree; ``start``: of its header within the page."""

    page: bytes
    start: int
    kind: int
    cells: int

    def pointers(self) -> Sequence[int]:
        head = self.start + (12 if self.kind in (TABLE_NODE, INDEX_NODE) else 8)
        cells = min(self.cells, (len(self.page) - head) // 2)
        return struct.unpack_from(f">{cells}H", self.page, head)

    def children(self) -> list[int]:
        if self.kind not in (TABLE_NODE, INDEX_NODE):
            return []
        found = [struct.unpack_from(">I", self.page, at)[0] for at in self.pointers() if at + 4 <= len(self.page)]
        found.append(struct.unpack_from(">I", self.page, self.start + 8)[0])
        return found[::-1]  # the first is taken first


def _classified(record: Record, rowid: int | None, shapes: Sequence[TableShape]) -> tuple[str, Record] | None:
    """The first of the tables that such a record can belong to, and its row."""
    for shape in shapes:
        if shape.clustered is (rowid is None):
            row = shape.row(record, rowid)
            if row is not None:
                return shape.name, row
    return None


def _page_bytes(header: bytes, length: int) -> int:
    """The size of a page: that of the header where it is the usual one, or agrees with the length of the file."""
    if header[:16] != MAGIC or len(header) < 100:
        return PAGE_BYTES
    size = int.from_bytes(header[16:18])
    size = 65_536 if size == 1 else size
    is_possible = size >= 512 and size & (size - 1) == 0 and int.from_bytes(header[28:32]) * size == length
    return size if is_possible else PAGE_BYTES


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """An integer of at most nine bytes, and where it ends."""
    number = 0
    for place in range(at, at + 8):
        byte = data[place]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, place + 1
    return number << 8 | data[at + 8], at + 9


def _record(payload: bytes) -> Record:
    """The columns of a record; every byte of it belongs to one."""
    head, at = _varint(payload, 0)
    body = head
    columns: list[Column] = []
    while at < head:
        kind, at = _varint(payload, at)
        value, body = _column(payload, body, kind)
        columns.append(value)
    if at != head or body != len(payload):
        raise DamagedPage
    return tuple(columns)


def _column(payload: bytes, at: int, kind: int) -> tuple[Column, int]:
    if kind <= 6:
        end = at + INTEGER_BYTES[kind]
        value: Column = int.from_bytes(payload[at:end], signed=True) if kind else None
    elif kind == 7:
        end = at + 8
        value = struct.unpack_from(">d", payload, at)[0]
    elif kind in (8, 9):
        return kind - 8, at
    elif kind < 12:
        raise DamagedPage
    else:
        end = at + (kind - 12) // 2
        value = payload[at:end].decode() if kind % 2 else payload[at:end]
    if end > len(payload):
        raise DamagedPage
    return value, end


def _fits(value: Column, type: str, optional: bool) -> bool:
    if value is None:
        return optional
    match type:
        case "INTEGER":
            return isinstance(value, int)
        case "REAL":
            return isinstance(value, int | float)
        case "TEXT":
            return isinstance(value, str)
        case "BLOB":
            return isinstance(value, bytes)
    return True
