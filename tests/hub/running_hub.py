"""A hub that runs in a test, and all that it published."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from unclouded.core.model import Fact, Memory
from unclouded.hub.hub import Hub

Kind = TypeVar("Kind")


class HubFacts:
    """``facts``: in the order in which the hub published them."""

    def __init__(self, hub: Hub, *, stamped: bool = False) -> None:
        self.hub = hub
        self.facts: list[Fact] = []
        hub.subscribe(self.facts.extend, stamped=stamped)

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def memory(self) -> dict[str, dict[str, bytes]]:
        """What a store would have kept for sessions: by identity and key."""
        kept: dict[str, dict[str, bytes]] = {}
        for fact in self.of(Memory):
            kept.setdefault(fact.identity, {})[fact.key] = fact.value
        return kept


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """These run until the block ends."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
