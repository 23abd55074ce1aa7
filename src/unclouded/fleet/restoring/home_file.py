"""The store file of one home, from what the fleet has of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import Scope
from unclouded.fleet.restoring.store_file import LEVELS, StoreFile
from unclouded.uplink.contents.packing import ContentError

PIECE_S = 7 * 86_400  # of windows that are read at once


class RestoredHome(msgspec.Struct, frozen=True):
    """What is in the file. ``first``, ``last``: Unix s."""

    devices: int
    samples: int
    rows: int
    first: float
    last: float


async def write_home_file(base: FleetBases, hub: str, file: Path) -> RestoredHome:
    """Raises NotInScope, BaseError, StoreError, and CommandError where there is nothing to restore."""
    everything = Scope.everything()
    catalogue = await base.homes.sent_catalogue(everything, hub)
    stored = {one.level: one for one in (await base.homes.home(everything, hub, time.time())).stored}
    levels = [stored[level] for level in LEVELS if level in stored]
    if not levels or not catalogue.devices:
        raise CommandError(
            "The fleet has no readings of this home: it lets out energy at most. "
            "unclouded fleet export writes the energy of its days."
        )
    made = StoreFile(file, catalogue, time.time)
    try:
        for one in levels:
            for begin, end in _pieces(one.first, one.last + 1):
                made.add(one.level, await base.history.windows(everything, hub, one.level, begin, end))
        made.finish()
    except ContentError as error:
        raise CommandError(f"What the fleet has of this home is damaged: {error}.") from None
    finally:
        made.close()
    first, last = min(one.first for one in levels), max(one.last for one in levels)
    return RestoredHome(len(catalogue.devices), made.samples, made.rows, first, last)


def _pieces(first: float, end: float) -> Iterator[tuple[float, float]]:
    """Whole days, so that no sealed one is read twice."""
    at = first // 86_400 * 86_400
    while at < end:
        yield at, at + PIECE_S
        at += PIECE_S
