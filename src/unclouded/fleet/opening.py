"""Opens the databases of a fleet: one that is away at the start stops its own organisations only, and joins later.

So does one whose tables are those of a newer Unclouded, unless it is the directory.

away ──► tried again after 1, 2, 4 … 30 s ──► its tables are made, or brought to this version ──► open
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from unclouded.core.system.retry_delays import RetryDelays
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseError, BaseTooNew, BaseUnavailable
from unclouded.fleet.base.schema.migrations import migrate

log = logging.getLogger("unclouded.fleet")

LONGEST_DELAY_S = 30.0


class BasesOpening:
    """``parts``: the same databases by number. ``dsn_of``: raises ConfigError. ``opened``: called when some joined."""

    def __init__(
        self,
        bases: FleetBases,
        parts: Mapping[int, FleetBase],
        dsn_of: Callable[[int], str],
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        self.away: dict[int, str] = dict.fromkeys(parts, "")  # why
        self._bases = bases
        self._parts = parts
        self._dsn_of = dsn_of
        self._opened = opened
        self._is_checked = False

    async def begin(self) -> None:
        """Open those that can be reached now. Raises BaseError, also where the directory has newer tables."""
        await self._open_all()
        await self._check()

    async def run(self) -> None:
        """Until all are open. Raises BaseError, as ``begin``: to be supervised."""
        delays = RetryDelays(max_s=LONGEST_DELAY_S)
        now = asyncio.get_running_loop().time
        while self.away or not self._is_checked:
            await asyncio.sleep(delays.next(now()))
            await self._open_all()
            await self._check()

    async def _open_all(self) -> None:
        before = len(self.away)
        results = await asyncio.gather(*(self._open(shard) for shard in tuple(self.away)), return_exceptions=True)
        if len(self.away) < before:
            self._is_checked = False
            self._opened()
        for error in results:
            if error is not None:
                raise error

    async def _open(self, shard: int) -> None:
        try:
            await migrate(self._dsn_of(shard))
            await self._parts[shard].open()
        except (BaseUnavailable, BaseTooNew) as error:
            if isinstance(error, BaseTooNew) and shard == self._bases.shards[0]:
                raise
            if str(error) != self.away[shard]:
                log.warning("The organisations of the database %d are not served: %s", shard, error)
            self.away[shard] = str(error)
            self._parts[shard].not_opened(str(error))
            return
        if self.away.pop(shard):
            log.info("The organisations of the database %d are served now.", shard)

    async def _check(self) -> None:
        """Organisations of the directory are made known in the others."""
        if self._is_checked:
            return
        try:
            await self._bases.check()
            self._is_checked = True
        except BaseUnavailable:
            pass  # the same again with the next attempt
        except BaseError as error:
            log.error("Organisations of the directory cannot be made known in their databases: %s", error)
            raise
