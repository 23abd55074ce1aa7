"""From the store to the content of a window, in steps of a few milliseconds, for the devices that are let out.

    work = WindowReader(reader, filter, energy).read(window, as_of)
    for data in work: time.sleep(YIELD_S) where data is None, else it is the content      (in a thread)

Source: docs/protocols/fleet.md §4, §11
"""

from collections.abc import Callable, Iterator

from unclouded.store.outbox import Window
from unclouded.store.reader import StoreReader
from unclouded.uplink.contents.energy import EnergyWindow
from unclouded.uplink.let_out import LetOutFilter, LetOutRules

EnergyOf = Callable[[int, LetOutFilter], EnergyWindow]  # of the hour from a Unix second on; only of what is let out


class WindowReader:
    """``energy``: made by the hub's own rules; ``zone``, ``version``: of the catalogue. In one thread at a time.

    What was read is kept for the windows of the same hour, while ``as_of`` says that it is still good.
    """

    def __init__(
        self, reader: StoreReader, rules: LetOutRules, energy: EnergyOf, zone: str = "UTC", version: str = ""
    ) -> None:
        raise NotImplementedError

    def filter(self) -> LetOutFilter:
        """The rules for the devices that the store has now."""
        raise NotImplementedError

    def read(self, window: Window, as_of: int) -> Iterator[bytes | None]:
        """None after each step; the content as the last one. Raises StoreError; KeyError for an unknown level."""
        raise NotImplementedError
