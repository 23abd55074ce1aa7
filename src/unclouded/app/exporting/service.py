"""Exports for clients of the API, each in a process of its own."""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import get_args

import msgspec

from unclouded.app.configuration.config import Config
from unclouded.app.exporting.export import PREFIX, check_request
from unclouded.app.worker_process import worker_pieces
from unclouded.core.errors import StoreError
from unclouded.core.views.export import ExportRequest
from unclouded.web.schemas import By

WORKER = "unclouded.app.exporting.worker"
PERIODS: Sequence[str] = get_args(By)
MOST = 2  # at a time
BUSY = f"{MOST} exports are being made. Wait until one of them has ended."


class ExportService:
    """Satisfies web's ExportSource. ``config``: the configuration that counts."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._running = 0

    async def pieces(self, request: ExportRequest) -> AsyncIterator[bytes]:
        """The file, piece by piece. Raises CommandError and StoreError; later than the first piece StoreError only."""
        if self._running >= MOST:
            raise StoreError(BUSY)
        check_request(request)
        config = self._config()
        if not self._running:
            self._tidy()
        asked = {"store": str(config.store), "zone": config.zone.key, "temporary": str(config.data), "request": request}
        self._running += 1
        try:
            async for piece in worker_pieces(WORKER, msgspec.json.encode(asked)):
                yield piece
        finally:
            self._running -= 1

    def _tidy(self) -> None:
        """Remove what processes that were killed have left."""
        with suppress(OSError):
            for left in self._config().data.glob(f"{PREFIX}*"):
                shutil.rmtree(left, True)
