"""What is asked of an export of stored data: by the command line, and by clients of the API."""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

ExportContent = Literal["readings", "energy", "events"]
ExportFormat = Literal["csv", "jsonl", "parquet", "sqlite"]
EXPORT_CONTENTS: Sequence[ExportContent] = get_args(ExportContent)
EXPORT_FORMATS: Sequence[ExportFormat] = get_args(ExportFormat)


class ExportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Stored data from ``start`` until before ``end`` (Unix seconds; None: all, until now).

    ``devices``, ``points``: ids and keys, none = all. ``step``: seconds, None = each reading. ``by``: the periods of
    energy: hour, day, week, month.
    """

    format: ExportFormat
    content: tuple[ExportContent, ...] = ("readings",)
    devices: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    step: float | None = None
    by: str = "day"
