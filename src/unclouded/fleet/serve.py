"""A server of the fleet, from its configuration to a running process: databases, NATS, engine, page.

Several of them on the same databases and NATS are fine: they share the work. The page can be opened at each.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from starlette.types import ASGIApp

from unclouded.core.errors import ConfigError
from unclouded.core.security.tls import server_context
from unclouded.core.system.sockets import Address
from unclouded.core.system.supervise import supervise
from unclouded.fleet.api.metrics import FleetMetrics, LatencyHistogram, metrics_app
from unclouded.fleet.asking import fleet_identity
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.configuration import FleetConfiguration
from unclouded.fleet.engine import FleetEngine, end_tasks
from unclouded.fleet.enrolment.enroller import Enroller
from unclouded.fleet.enrolment.renewal import HubRenewal
from unclouded.fleet.enrolment.service import RevocationKeeper, enroller_of, push_revocations
from unclouded.fleet.folder.key_files import KeyFiles
from unclouded.fleet.opening import BasesOpening
from unclouded.links.nats.client import NatsClient
from unclouded.web.server import address_text, serve, tcp_socket

log = logging.getLogger("unclouded.fleet")

CONNECTIONS = 12  # to each database


class RunningFleet(msgspec.Struct, frozen=True):
    """What the page and the API work with. ``base``: all databases as one."""

    configuration: FleetConfiguration
    base: FleetBases
    engine: FleetEngine
    enroller: Enroller
    revocations: RevocationKeeper
    metrics: FleetMetrics


WebApp = Callable[[RunningFleet], ASGIApp]


@contextlib.asynccontextmanager
async def serving(configuration: FleetConfiguration, app: WebApp | None = None) -> AsyncIterator[RunningFleet]:
    """While the block lasts; then what was received is stored and answered. ``app``: None = no page, no API.

    A database that is away, or has tables of a newer version, joins when it can be used. Metrics have a socket of their
    own where ``metrics_listen`` says so, also without a page.
    Raises ConfigError, LinkError (the address of the page or of the metrics) and BaseError (newer tables of the first).
    """
    issuer = KeyFiles(configuration.keys).issuer()

    def connection_changed() -> None:
        if client.is_connected:  # a nats-server that lost its folder has no list of revoked keys
            revocations.changed()

    client = NatsClient(configuration.connect, fleet_identity(configuration, issuer), changed=connection_changed)
    async with contextlib.AsyncExitStack() as stack:
        shards = [table.shard for table in configuration.tables.base]
        bases = {shard: FleetBase(configuration.dsn_of(shard), CONNECTIONS) for shard in shards}
        for base in bases.values():
            stack.push_async_callback(base.close)
        renewals = {shard: HubRenewal(base.register, issuer) for shard, base in bases.items()}
        engine = FleetEngine(bases, client, renewals, configuration.servers, configuration.keep_days)
        every = FleetBases(bases)
        revocations = RevocationKeeper(lambda: push_revocations(configuration, every, time.time()))
        opening = BasesOpening(every, bases, configuration.dsn_of, revocations.changed)
        await opening.begin()
        commits = LatencyHistogram()
        engine.observe(commits.observe)
        metrics = FleetMetrics(every, engine.counters, commits)
        enroller = enroller_of(configuration, every, issuer, revocations.changed)
        fleet = RunningFleet(configuration, every, engine, enroller, revocations, metrics)
        if app is not None:
            await stack.enter_async_context(_page(configuration, app(fleet)))
        if configuration.tables.web.metrics_listen:
            await stack.enter_async_context(_metrics(configuration, metrics))
        await stack.enter_async_context(_task("databases", opening.run))
        await stack.enter_async_context(_task("revocations", revocations.run))
        await stack.enter_async_context(engine.running())
        yield fleet


@contextlib.asynccontextmanager
async def _page(configuration: FleetConfiguration, app: ASGIApp) -> AsyncIterator[None]:
    """Serve the page and the API while the block lasts."""
    web = configuration.tables.web
    address = listen_address(web.listen)
    tls = None
    if web.certificate_file:
        try:
            tls = server_context(configuration.path(web.certificate_file), configuration.path(web.key_file))
        except OSError as error:
            raise ConfigError(f"The certificate of the page cannot be used: {error}.") from None
        tls.set_alpn_protocols(["http/1.1"])
    with tcp_socket(address) as sock:
        async with _task("web", lambda: serve(app, sock, tls)):
            log.info("The page: %s on %s", web.url, address_text(address))
            yield


@contextlib.asynccontextmanager
async def _metrics(configuration: FleetConfiguration, metrics: FleetMetrics) -> AsyncIterator[None]:
    """Serve /metrics alone while the block lasts."""
    address = listen_address(configuration.tables.web.metrics_listen)
    app = metrics_app(metrics, configuration.metrics_token)
    with tcp_socket(address) as sock:
        async with _task("metrics", lambda: serve(app, sock)):
            log.info("Metrics: http://%s/metrics", address_text(address))
            yield


@contextlib.asynccontextmanager
async def _task(name: str, run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """A supervised task while the block lasts."""
    task = asyncio.create_task(supervise(name, run), name=name)
    try:
        yield
    finally:
        await end_tasks([task])


def listen_address(text: str) -> Address:
    """HOST:PORT of the configuration."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
