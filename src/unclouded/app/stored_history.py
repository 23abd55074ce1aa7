"""Stored readings, read from the store whether a hub runs or not."""

import contextlib
from collections.abc import Collection, Iterator

from unclouded.app.config import Config
from unclouded.store.condense import HistoryRow
from unclouded.store.reader import FOREVER, StoreReader

StoredRow = HistoryRow  # a reading, or one step of condensed readings


@contextlib.contextmanager
def stored_history(
    config: Config,
    device: str,
    points: Collection[str],
    start: float | None = None,
    end: float | None = None,
    step: float | None = None,
) -> Iterator[Iterator[StoredRow]]:
    """Readings from ``start`` until before ``end`` (Unix seconds), oldest first, while the block lasts.

    ``points`` empty: all. ``step`` (seconds): one row per point and step. Raises CommandError for an unknown device,
    and StoreError.
    """
    with StoreReader(config.store) as reader:
        yield reader.history(
            device, points or None, 0.0 if start is None else start, FOREVER if end is None else end, step
        )
