"""A bounded queue between the hub, which must not block, and a sink, which may be slow.

    hub ── put(batch) ──►  [ facts in order ]  ──► await get() ── sink

When full, it drops the oldest Readings and counts them. Ledger, Memory and Device facts are state: the newest of each
key replaces the older one, and none is ever dropped.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Sequence

from unclouded.core.model import Device, Fact, Ledger, Memory, Reading

BOUND = 200_000  # facts; a hundred devices of four points fill it in eight minutes


class Mailbox:
    """``dropped``: facts dropped since the start. ``name`` is for logs and statistics."""

    def __init__(self, bound: int = BOUND, name: str = "") -> None:
        self.name = name
        self.dropped = 0
        self._bound = bound
        self._facts: dict[Hashable, Fact] = {}
        self._readings: deque[int] = deque()
        self._others: deque[int] = deque()
        self._number = 0
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._facts)

    def put(self, batch: Sequence[Fact]) -> None:
        """Add a batch. Never blocks."""
        for fact in batch:
            self._take(fact)
        self._drop_oldest()
        if self._facts:
            self._filled.set()

    def put_back(self, batch: Sequence[Fact]) -> None:
        """Return facts that ``get`` gave to the front of the queue."""
        since = self.take()
        self.put(batch)
        self.put(since)

    async def filled(self) -> None:
        """Wait until the queue is not empty."""
        await self._filled.wait()

    async def get(self) -> list[Fact]:
        """Wait for facts and take all of them."""
        await self._filled.wait()
        return self.take()

    def take(self) -> list[Fact]:
        """All facts, in order, without waiting."""
        facts = list(self._facts.values())
        self._facts.clear()
        self._readings.clear()
        self._others.clear()
        self._filled.clear()
        return facts

    def _take(self, fact: Fact) -> None:
        match fact:
            case Ledger() | Memory() | Device():
                self._facts[_key(fact)] = fact
            case _:
                self._number += 1
                self._facts[self._number] = fact
                (self._readings if isinstance(fact, Reading) else self._others).append(self._number)

    def _drop_oldest(self) -> None:
        while len(self._facts) > self._bound and (self._readings or self._others):
            oldest = (self._readings or self._others).popleft()
            del self._facts[oldest]
            self.dropped += 1


def _key(fact: Ledger | Memory | Device) -> Hashable:
    """The key of a state: a newer state with the same key replaces it."""
    match fact:
        case Ledger():
            return ("ledger", fact.identity, fact.point)
        case Memory():
            return ("memory", fact.identity, fact.key)
        case Device():
            return ("device", fact.id, fact.identity)
