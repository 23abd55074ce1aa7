"""Multicast DNS on the loopback interface: a name is announced, found, and given to one hub only."""

import asyncio

import pytest

from unclouded.app.access.network_name import NetworkName
from unclouded.core.errors import LinkError
from unclouded.links.mdns import announced, browse

LOOPBACK = ("127.0.0.1",)
TIMEOUT_S = 60.0  # never reached in a test that passes


async def test_a_hub_is_found_by_its_name_and_a_second_one_takes_the_next() -> None:
    name = NetworkName("127.0.0.1", 8099, tls=False)
    running = asyncio.create_task(name.run())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while not name.host:
                await asyncio.sleep(0.02)
                assert not running.done()
        assert name.host == "unclouded.local"
        looking = asyncio.create_task(browse(["_http._tcp"], 1.5, LOOPBACK))
        hosts = ("unclouded", "unclouded-2")
        async with announced("Unclouded", hosts, 8100, ("127.0.0.2",), {}, LOOPBACK) as other:
            assert other == "unclouded-2.local"
        found = {one.port: one for one in await looking}
        assert (found[8099].host, found[8099].address) == ("unclouded.local", "127.0.0.1")
        assert found[8099].texts["product"] == "Unclouded" and found[8099].texts["path"] == "/"
    finally:
        running.cancel()
        await asyncio.wait({running})
    assert name.host == ""


async def test_an_interface_that_is_not_there_is_a_link_error() -> None:
    with pytest.raises(LinkError, match="multicast DNS"):
        await browse(["_http._tcp"], 0.0, ("192.0.2.7",))
