"""Waiting for what other tasks do."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 60.0  # never reached in a test that passes


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.002)
