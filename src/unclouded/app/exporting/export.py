"""Exports: from a store to a file, or to any stream of bytes.

store ── content (rows in batches) ──► writer of the format ──► stream, or a new file beside, which is renamed
"""

import logging
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, Protocol
from zoneinfo import ZoneInfo

from unclouded.app.exporting.content import export_tables
from unclouded.app.exporting.sqlite_writer import SqliteWriter
from unclouded.app.files.new_file import new_file
from unclouded.core.errors import CommandError
from unclouded.core.views.export import ExportRequest
from unclouded.store.reading.reader import StoredDevice, StoreReader
from unclouded.table_files.parquet_writer import ParquetWriter, require_pyarrow
from unclouded.table_files.tables import ExportTable, Row
from unclouded.table_files.text_writers import CsvWriter, JsonLinesWriter
from unclouded.table_files.zoned_times import ZonedTimes

log = logging.getLogger("unclouded.export")

PIECE = 1024 * 1024  # bytes that are copied at once
PREFIX = ".export-"  # of files that are only needed meanwhile

OnProgress = Callable[[float, int], None]  # which part is done, 0 to 1; how many rows


class ExportWriter(Protocol):
    """Writes tables one after another in one format."""

    def begin(self, table: ExportTable) -> None:
        """The next table."""

    def rows(self, rows: "list[Row] | tuple[Row, ...]") -> None:
        """Writes further rows behind those before."""

    def end(self) -> None:
        """The last one is complete."""

    def close(self) -> None:
        """Give back what it holds, whether it has ended or failed."""


class ExportJob:
    """One export from the store at ``store``, with times in ``zone``. ``now``: Unix seconds; nothing later is read."""

    def __init__(self, store: Path, zone: ZoneInfo, request: ExportRequest, now: float) -> None:
        check_request(request)
        self._store = store
        self._zone = zone
        self._request = request
        self._now = now
        self.rows = 0

    def write(self, out: BinaryIO, temporary: Path, on_progress: OnProgress) -> None:
        """Write it to a stream. ``temporary``: a folder for a file that is needed meanwhile (SQLite).

        Raises CommandError for what is not in the store, StoreError, and OSError where the stream takes no more.
        """
        if self._request.format != "sqlite":
            self._run(lambda devices: self._stream_writer(out), on_progress)
            return
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=temporary) as folder:
            file = Path(folder) / "export.sqlite"
            self.write_sqlite(file, on_progress)
            with file.open("rb") as made:
                shutil.copyfileobj(made, out, PIECE)

    def write_sqlite(self, file: Path, on_progress: OnProgress) -> None:
        """Write it to a new SQLite file."""
        with suppress(FileNotFoundError):
            file.unlink()  # an empty one that keeps the place
        self._run(lambda devices: SqliteWriter(file, ZonedTimes(self._zone), devices), on_progress)

    # --- inside --------------------------------------------------------------------------------

    def _stream_writer(self, out: BinaryIO) -> "CsvWriter | JsonLinesWriter | ParquetWriter":
        match self._request.format:
            case "csv":
                return CsvWriter(out, ZonedTimes(self._zone))
            case "jsonl":
                return JsonLinesWriter(out, ZonedTimes(self._zone))
        return ParquetWriter(out, self._zone.key)

    def _run(self, writer_of: Callable[[list[StoredDevice]], ExportWriter], on_progress: OnProgress) -> None:
        with StoreReader(self._store) as reader:
            tables = export_tables(reader, self._zone, self._request, self._now)
            writer = writer_of(reader.devices())
            with closing(writer):
                for number, table in enumerate(tables):
                    writer.begin(table)
                    for batch in table.batches:
                        writer.rows(list(batch.rows))
                        self.rows += len(batch.rows)
                        on_progress((number + batch.done) / len(tables), self.rows)
                writer.end()
            for hour in reader.damaged_hours():
                log.warning("%s: %s", self._store, hour)


def check_request(request: ExportRequest) -> None:
    """Raises CommandError where it cannot be carried out, whatever is stored."""
    if request.format == "parquet":
        require_pyarrow()
    if len(request.content) > 1 and request.format != "sqlite":
        raise CommandError(
            f"A file of the format {request.format} has one table: export {' and '.join(request.content)} one after "
            "another, or as SQLite."
        )
    if request.step is not None and not request.step >= 1:
        raise CommandError("The shortest step is 1 s; without a step each reading is a row.")
    if request.start is not None and request.end is not None and request.start >= request.end:
        raise CommandError("The time of the export is empty: it has to begin before it ends.")


def export_file(job: ExportJob, target: Path, request: ExportRequest, force: bool, on_progress: OnProgress) -> None:
    """Write an export to a file, which appears when it is complete. Raises CommandError where there is one already."""
    with new_file(target, force) as partial:
        if request.format == "sqlite":
            job.write_sqlite(partial, on_progress)
            return
        with partial.open("wb") as out:
            job.write(out, target.parent, on_progress)
