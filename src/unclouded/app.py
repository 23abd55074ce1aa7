"""The composition root: Config + families + profiles + links + sinks -> a running hub.

It alone knows everybody. ``running`` is the whole life of a hub, from the lock on its data folder to the
last reading on disk.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from unclouded import VERSION
from unclouded.builder import Builder
from unclouded.config import Config
from unclouded.errors import ConfigError
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, Past
from unclouded.hub.identity import Known
from unclouded.hub.node import NodeSpec
from unclouded.hub.services import Services
from unclouded.sinks.store import Store
from unclouded.supervise import supervise
from unclouded.web.api import Api
from unclouded.web.server import serve, unix_socket

log = logging.getLogger("unclouded")


class Running(msgspec.Struct, frozen=True):
    """A hub that runs: the house it serves, its store, and where its API listens."""

    hub: Hub
    store: Store
    socket: Path


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """A hub with its store and API, from start to flushed end.

    Raises ConfigError (a second hub on the data folder, a broken profile) and StoreError.
    """
    with locked(config.data):
        nodes = Builder(config).nodes()
        store = Store(config.store)
        store.open()
        try:
            async with _serving(config, store, nodes) as running:
                yield running
        finally:
            await store.close()


@contextlib.asynccontextmanager
async def _serving(config: Config, store: Store, nodes: Sequence[NodeSpec]) -> AsyncIterator[Running]:
    loop = asyncio.get_running_loop()
    clock = WallClock(loop.time)
    services = Services(lambda: clock.at(loop.time()) if clock.trusted() else None, config.zone)
    hub = Hub(nodes, services, clock, os.urandom, past_of(store))
    leave = hub.subscribe(store.deliver, stamped=True)
    store.notify = hub.notify
    started = loop.time()
    api = Api(hub, lambda: about(config, store, loop.time() - started))
    try:
        with unix_socket(config.control) as sock:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(supervise("store", store.run), name="store"),
                    group.create_task(supervise("api", lambda: serve(api.app(), sock)), name="api"),
                    group.create_task(hub.run(), name="hub"),
                ]
                yield Running(hub, store, config.control)
                for task in tasks:
                    task.cancel()
    finally:
        leave()
        config.control.unlink(missing_ok=True)


def about(config: Config, store: Store, uptime_s: float) -> Mapping[str, object]:
    """What GET /api/hub says."""
    return {
        "version": VERSION,
        "pid": os.getpid(),
        "data": str(config.data),
        "uptime_s": round(uptime_s),
        "store": dict(store.stats()),
    }


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """The data folder, made if need be, for this hub alone. Raises ConfigError."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (data / "lock").open("a+")
    except OSError as error:
        raise ConfigError(
            f"The data folder {data} cannot be used: {error.strerror}. Choose another with --data."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read().strip() or "unknown"
            raise ConfigError(
                f"Another hub runs on {data} (process {other}). Stop it first, or choose another folder with --data."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def past_of(store: Store) -> Past:
    """What the store knows of earlier runs, as the hub wants it."""
    past = store.past()
    known = [
        Known(
            identity=one.identity,
            id=one.id,
            family=one.family,
            link=one.link,
            product=one.info.get("product", ""),
        )
        for one in past.devices
    ]
    return Past(past.ledgers, past.memory, known)
