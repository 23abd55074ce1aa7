"""What the database of a fleet needs at times: partitions, sealed days, retention. Any number of servers may do it."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from unclouded.fleet.base.errors import BaseError
from unclouded.fleet.base.schema.upkeep import BaseUpkeep

log = logging.getLogger("unclouded.fleet")

EVERY_S = 600.0
AGAIN_S = 60.0  # after a failure
BETWEEN_S = 0.2  # s between two steps of sealing, so that ingesters come in between
SOME = 50  # hub-days in a step


class Upkeep:
    """``keep_days``: by level; what is not in it is kept for ever. ``wall``: Unix s."""

    def __init__(self, base: BaseUpkeep, keep_days: Mapping[str, int], wall: Callable[[], float]) -> None:
        self.sealed_days = 0
        self.dropped = 0
        self._base = base
        self._keep_days = keep_days
        self._wall = wall

    async def run(self) -> None:
        """Until cancelled. What fails is tried again later."""
        known = ""
        while True:
            pause, failure = EVERY_S, ""
            try:
                await self.step()
            except BaseError as error:
                pause, failure = AGAIN_S, str(error)
            if failure and failure != known:
                log.warning("The upkeep of the database failed and is tried again: %s", failure)
            known = failure
            await asyncio.sleep(pause)

    async def step(self) -> None:
        """All that is due now. Raises BaseError."""
        await self._base.partitions_ahead(self._wall())
        while True:
            some = await self._base.seal(self._wall(), SOME)
            self.sealed_days += some.hub_days
            if not some.more:
                break
            await asyncio.sleep(BETWEEN_S)
        gone = await self._base.drop_expired(self._wall(), self._keep_days) if self._keep_days else []
        self.dropped += len(gone)
        for name in gone:
            log.info("Retention: the partition %s is deleted.", name)
