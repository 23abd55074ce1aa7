"""A base with its tables."""

from collections.abc import AsyncIterator

import pytest

from unclouded.fleet.base.base import FleetBase


@pytest.fixture
async def base(base_dsn: str) -> AsyncIterator[FleetBase]:
    async with FleetBase(base_dsn, 4) as found:
        yield found
