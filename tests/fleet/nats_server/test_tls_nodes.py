"""Three nodes of NATS with TLS everywhere: hubs and servers at different ones, and among themselves."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fleet.identities import new_hub_id
from fleet.node_certificates import node_certificates
from unclouded.fleet.enrolment.nats_request import identity_of
from unclouded.fleet.local_servers.nats import HOST, PrivateNats
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.wire import NatsMessage

STUCK_S = 120.0  # never reached in a test that passes


def stranger_says_hello(address: tuple[str, int], authority: str) -> None:
    """To the port for other nodes, without a certificate of its own."""
    context = ssl.create_default_context(cadata=authority)
    with (
        socket.create_connection(address, STUCK_S) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as encrypted,
    ):
        encrypted.sendall(b"PING\r\n")
        encrypted.recv(100)


async def test_a_hub_is_answered_by_a_server_at_another_node_also_when_its_own_node_ends(
    own_nats: Callable[..., PrivateNats], tmp_path: Path
) -> None:
    files, authority = node_certificates(tmp_path)
    nats, id = own_nats(nodes=3, tls=files), new_hub_id()
    hub = NatsClient(nats.urls, identity_of(nats.trust.hub(id), id, authority), f"_INBOX.{id}")
    server = NatsClient(nats.urls[2:], identity_of(nats.trust.fleet(), "fleet", authority))

    def echo(message: NatsMessage) -> None:
        server.publish(message.reply, message.data)

    server.subscribe("up.0.>", echo, "ingest.0")
    running = [asyncio.create_task(one.run()) for one in (hub, server)]

    async def is_answered() -> bool:
        return (await hub.request(f"up.0.{id}", b"window", 1.0)).data == b"window"

    async def until_answered() -> None:
        async with asyncio.timeout(STUCK_S):
            while not await is_answered():
                await asyncio.sleep(0.05)

    with pytest.raises(ssl.SSLError, match="certificate"):
        stranger_says_hello(nats.route_addresses[1], authority)
    try:
        await until_answered()
        assert hub.state.server == nats.urls[0].removeprefix("tls://")
        nats.kill(0)
        await until_answered()
        assert hub.state.server in (nats.urls[1].removeprefix("tls://"), nats.urls[2].removeprefix("tls://"))
    finally:
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
