"""The process of one export for a client of the API: ``python -m unclouded.app.exporting.worker``."""

import sys
import time
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from unclouded.app.exporting.export import ExportJob
from unclouded.app.worker_process import worker_main
from unclouded.core.views.export import ExportRequest


class ExportOptions(msgspec.Struct, frozen=True):
    """``temporary``: a folder for a file that is needed meanwhile."""

    store: str
    zone: str
    temporary: str
    request: ExportRequest


def work(options: bytes, out: BinaryIO) -> None:
    """Writes the export that the options (ExportOptions as JSON) describe."""
    asked = msgspec.json.decode(options, type=ExportOptions)
    job = ExportJob(Path(asked.store), ZoneInfo(asked.zone), asked.request, time.time())
    job.write(out, Path(asked.temporary), lambda done, rows: None)


if __name__ == "__main__":
    sys.exit(worker_main(work))
