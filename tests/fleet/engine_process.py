"""Servers of the fleet as processes that a test can kill: python engine_process.py DSN URLS SHARD.

For each line on its stdin it forks one, and prints its pid. A server that ends in good order prints "ended".
"""

import asyncio
import contextlib
import os
import signal
import sys

from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable
from unclouded.fleet.engine import FleetEngine
from unclouded.fleet.keys.issuer import Credentials
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.connection import NatsIdentity
from unclouded.uplink.messages import HubToken


class NoRenewal:
    """Tokens of tests last longer than these."""

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        raise BaseRefused("not in this test")


def identity(credentials: Credentials, name: str) -> NatsIdentity:
    return NatsIdentity(name, token=lambda: credentials.token, sign=credentials.key.sign)


def fleet_client(urls: list[str], trust: PrivateTrust, name: str = "fleet") -> NatsClient:
    return NatsClient(urls, identity(trust.fleet(name), name))


async def serve(dsn: str, urls: list[str], shard: int, trust: PrivateTrust) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    base = FleetBase(dsn, 3)
    while True:
        with contextlib.suppress(BaseUnavailable):
            await base.open()
            break
        base = FleetBase(dsn, 3)
        await asyncio.sleep(0.2)
    engine = FleetEngine({shard: base}, fleet_client(urls, trust), {shard: NoRenewal()})
    async with engine.running():
        await stopped.wait()
    await base.close()
    os.write(1, b"ended\n")


def main(dsn: str, urls: list[str], shard: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    trust = PrivateTrust()
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asyncio.run(serve(dsn, urls, shard, trust))
            os._exit(0)
        os.write(1, b"%d\n" % pid)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(","), int(sys.argv[3]))
