"""Requests to NATS itself, by the user of the system account."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from itertools import count

from unclouded.core.errors import LinkError
from unclouded.fleet.enrolment.revoking import Request
from unclouded.fleet.keys.issuer import Credentials
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.connection import NatsIdentity

TIMEOUT_S = 10.0


@contextlib.asynccontextmanager
async def system_client(
    servers: Sequence[str], credentials: Credentials, authority: str = "", timeout_s: float = TIMEOUT_S
) -> AsyncIterator[NatsClient]:
    """A client that is connected to one of the servers, each tried once. ``authority``: PEM, "" = those of the system.

    Raises LinkError.
    """
    changed, failed = asyncio.Event(), count(1)
    identity = identity_of(credentials, authority=authority)
    client = NatsClient(servers, identity, changed=changed.set, level=logging.DEBUG)  # a server does so each minute
    running = asyncio.ensure_future(client.run())
    try:
        async with asyncio.timeout(timeout_s):
            while not client.is_connected:
                changed.clear()
                await changed.wait()
                if client.state.state in ("refused", "waiting") and next(failed) >= len(servers):
                    break
        if not client.is_connected:
            raise LinkError(_reason(client))
        yield client
    except TimeoutError:
        raise LinkError(_reason(client)) from None
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def identity_of(credentials: Credentials, name: str = "unclouded fleet", authority: str = "") -> NatsIdentity:
    """Who connects, as the client wants it. ``name``: for the logs of the server; ``authority``: PEM, "" = no TLS."""
    return NatsIdentity(name, lambda: credentials.token, credentials.key.sign, authority=authority)


def nats_request(client: NatsClient, timeout_s: float = TIMEOUT_S) -> Request:
    """Ask NATS, and wait for the answer; LinkError where there is none."""

    async def request(subject: str, data: bytes) -> bytes:
        reply = await client.request(subject, data, timeout_s)
        if reply.failure:
            raise LinkError(f"NATS does not answer ({reply.failure}).")
        return reply.data

    return request


def _reason(client: NatsClient) -> str:
    return client.state.text.removesuffix(" It is tried again.")
