"""The composition root: Config + families + profiles + links + sinks -> a running hub.

It alone knows everybody. ``running`` is the whole life of a hub, from the lock on its data folder to the
last reading on disk.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import resource
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from unclouded import VERSION
from unclouded.app.config import DEVICE_ID, Config, DeviceTable
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.update_files import UpdateFiles
from unclouded.app.web_listener import WebListener, reception_of
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Notice
from unclouded.core.supervise import supervise
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.identity import KnownDevice
from unclouded.hub.node import NodeSpec
from unclouded.hub.services import Services
from unclouded.store.sink import Store
from unclouded.web.api import Api
from unclouded.web.history import HistoryReader as Archive
from unclouded.web.server import serve, unix_socket

if TYPE_CHECKING:
    from unclouded.app.weather import Weather
    from unclouded.links.broker.server import BrokerServer

log = logging.getLogger("unclouded")

COLLECT_AFTER = (100_000, 50, 100)  # objects, young collections, middle ones
OPEN_FILES = 8_192  # the broker takes 4,096 plugs


class RunningHub(msgspec.Struct, frozen=True):
    """A hub that runs: the house it serves, its store, where its API listens, its broker if it has one.

    ``web``: the page's address, "" where there is none. ``notes``: what a person must be told at the start.
    """

    hub: Hub
    store: Store
    socket: Path
    broker: "BrokerServer | None" = None
    web: str = ""
    notes: tuple[str, ...] = ()


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[RunningHub]:
    """A hub with its store and API, from start to flushed end.

    Raises ConfigError (a second hub on the data folder, a broken profile) and StoreError.
    """
    with locked(config.data):
        allow_connections()
        composition = Composition(config)
        store = Store(config.store)
        store.open()
        try:
            with reception_of(config) as reception:
                async with _serving(composition, store, reception) as running:
                    yield running
        finally:
            await store.close()


def calm_collector() -> None:
    """Collect cycles seldom, and never look at what is loaded now.

    A full collection stops every plug: with 2,000 of them on the broker and 1,500 calling again, the longest
    stop was 19 ms with these thresholds and 156 ms with Python's own.
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def allow_connections() -> None:
    """As many open files as the system lets us have: a house of plugs is more than the usual thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, OPEN_FILES) if hard != resource.RLIM_INFINITY else OPEN_FILES
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Composition:
    """What a configuration is made of: the broker, the devices, and how more of them come in."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.broker: BrokerServer | None = None
        self._take_in: Callable[[str, str], DeviceTable] | None = None
        devices = list(config.devices)
        if config.broker is not None and config.runs_broker:
            from unclouded.app.admissions import Admissions, make_broker

            porter = Admissions(config)
            self._take_in = porter.take_in
            self.broker = make_broker(config, porter)
            devices += porter.devices(devices)
        self._builder = DeviceFactory(msgspec.structs.replace(config, devices=tuple(devices)), self.broker)
        self.nodes = self._builder.nodes()

    def admit(self, uuid: str, name: str) -> NodeSpec:
        """A node for a plug that called. Raises CommandError."""
        if self._take_in is None:
            raise CommandError("This hub has no broker, so there is no plug to admit.")
        if not DEVICE_ID.fullmatch(name):
            raise CommandError(f"{name!r} may have only a to z, 0 to 9 and _.")
        return self._builder.node(self._take_in(uuid, name), f"the plug {uuid}")

    def listen(self, hub: Hub) -> None:
        """Tell the hub of plugs that call and are not known."""
        if self.broker is not None:
            from unclouded.app.admissions import as_device

            self.broker.on_seen = lambda seen: hub.seen(as_device(seen))


@contextlib.asynccontextmanager
async def _serving(composition: Composition, store: Store, reception: WebListener | None) -> AsyncIterator[RunningHub]:
    config = composition.config
    loop = asyncio.get_running_loop()
    clock = WallClock(loop.time)
    weather = _weather_of(config, lambda words: hub.notify(Notice("", clock.at(loop.time()), "weather", words)))
    shelf = UpdateFiles(config.data / "updates")
    services = Services(
        lambda: clock.at(loop.time()) if clock.trusted() else None,
        config.zone,
        weather.newest if weather else None,
        shelf,
    )
    hub = Hub(composition.nodes, services, clock, os.urandom, past_of(store), composition.admit)
    leave = hub.subscribe(store.deliver, stamped=True)
    store.notify = hub.notify
    hub.keep = store.keep
    composition.listen(hub)
    started = loop.time()
    hub.notify(Notice("", clock.at(started), "started", f"The hub started, version {VERSION}."))
    archive = Archive(config.store, config.zone)
    api = Api(hub, lambda: about(composition, store, reception, loop.time() - started), archive, updates=shelf)
    try:
        if composition.broker is not None:
            composition.broker.start()  # a port in use is said now; afterwards it is supervised
        with unix_socket(config.control) as sock:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(supervise("store", store.run), name="store"),
                    group.create_task(supervise("api", lambda: serve(api.app(), sock)), name="api"),
                    group.create_task(supervise("hub", hub.run), name="hub"),
                ]
                if composition.broker is not None:
                    tasks.append(group.create_task(supervise("broker", composition.broker.run), name="broker"))
                if weather is not None:
                    tasks.append(group.create_task(supervise("weather", weather.run), name="weather"))
                if reception is not None:
                    tasks.append(group.create_task(supervise("web", lambda: reception.run(api.app())), name="web"))
                calm_collector()
                yield RunningHub(hub, store, config.control, composition.broker, *_for_people(reception))
                for task in tasks:
                    task.cancel()
    finally:
        leave()
        await archive.close()
        config.control.unlink(missing_ok=True)


def _weather_of(config: Config, notify: Callable[[str], None]) -> "Weather | None":
    if config.weather is None:
        return None
    from unclouded.app.weather import Weather

    return Weather(config.weather, config.base, notify)


def _for_people(reception: WebListener | None) -> tuple[str, tuple[str, ...]]:
    """The page's address, and what must be told at the start."""
    return ("", ()) if reception is None else (reception.urls[0], tuple(reception.notes))


def about(
    composition: Composition, store: Store, reception: WebListener | None, uptime_s: float
) -> Mapping[str, object]:
    """What GET /api/hub says."""
    broker = (
        {"broker": {"listen": place_of(composition.broker), **composition.broker.stats()}}
        if composition.broker is not None
        else {}
    )
    return {
        "version": VERSION,
        "pid": os.getpid(),
        "data": str(composition.config.data),
        "uptime_s": round(uptime_s),
        "timezone": str(composition.config.zone),
        "store": {"bytes": bytes_of(composition.config.store), **store.stats()},
        "web": reception.urls if reception is not None else (),
        **broker,
    }


def bytes_of(store: Path) -> int:
    """What the store takes on disk, with what is not yet in its main file."""
    files = [store, store.with_name(f"{store.name}-wal"), store.with_name(f"{store.name}-shm")]
    return sum(file.stat().st_size for file in files if file.exists())


def place_of(broker: "BrokerServer") -> str:
    """Where plugs find the broker: host:port."""
    return f"{broker.address[0]}:{broker.address[1]}"


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


def past_of(store: Store) -> RestoredState:
    """What the store knows of earlier runs, as the hub wants it."""
    past = store.past()
    known = [
        KnownDevice(
            identity=one.identity,
            id=one.id,
            family=one.family,
            link=one.link,
            product=one.info.get("product", ""),
        )
        for one in past.devices
    ]
    return RestoredState(past.ledgers, past.memory, known)
