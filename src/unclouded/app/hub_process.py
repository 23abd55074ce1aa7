"""The composition root: Config + families + profiles + links + store + web -> a running hub.

``running`` is the whole life of a hub, from the lock on its data folder to the last reading on disk.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import resource
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from starlette.types import ASGIApp

from unclouded import VERSION
from unclouded.app.access.web_listener import WebListener, web_listener_of
from unclouded.app.backup.restoring import StagedRestore, apply_staged
from unclouded.app.backup.service import BackupService
from unclouded.app.composition import Composition
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.live import LiveConfiguration
from unclouded.app.costs.service import CostsService
from unclouded.app.decode_service.service import DecodeService
from unclouded.app.disk.service import DiskService, measured, remembered_disk
from unclouded.app.exporting.service import ExportService
from unclouded.app.feeds.service import FeedsService
from unclouded.app.files.downloads import Downloads
from unclouded.app.files.update_files import UpdateFiles
from unclouded.app.onboarding.service import OnboardingService
from unclouded.app.plug_key import with_plug_key
from unclouded.app.products.service import ProductService
from unclouded.app.publishing.live_fleet import LiveFleet
from unclouded.app.publishing.live_homekit import LiveHomekit
from unclouded.app.publishing.live_metrics import LiveMetrics
from unclouded.app.publishing.registry import HubParts
from unclouded.app.publishing.service import Publishing
from unclouded.app.recent_log import RecentLog
from unclouded.app.rules.service import RulesService, restored_memory
from unclouded.app.setup.service import SetupService
from unclouded.app.weather.live_weather import LiveWeather
from unclouded.core.errors import ConfigError
from unclouded.core.model import Notice
from unclouded.core.system.supervise import supervise
from unclouded.core.views.configuration import EditOrigin, HubEdit, ReloadView
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.identity import known_device
from unclouded.hub.services.services import Services
from unclouded.links.http.file_server import FileServer
from unclouded.store.sink import Store, StoredState
from unclouded.web.api.api import Api
from unclouded.web.history.history import HistoryReader
from unclouded.web.server import serve, unix_socket

if TYPE_CHECKING:
    from unclouded.links.broker.server import BrokerServer

log = logging.getLogger("unclouded")

COLLECT_AFTER = (100_000, 50, 100)  # objects, young collections, middle ones
OPEN_FILES = 8_192  # half of them may be connections to the broker


class RunningHub(msgspec.Struct, frozen=True):
    """A hub that runs: its store, its API and the socket of it, its configuration, its broker if it has one.

    ``web``: the page's address, "" where there is none. ``notes``: sentences for the user at the start.
    """

    hub: Hub
    store: Store
    socket: Path
    api: ASGIApp
    configuration: LiveConfiguration
    broker: "BrokerServer | None" = None
    web: str = ""
    notes: tuple[str, ...] = ()


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[RunningHub]:
    """A hub with its store and API, from start to flushed end.

    Raises ConfigError (a second hub on the data folder, a broken profile) and StoreError.
    """
    with locked(config.data):
        async with running_locked(config) as running:
            yield running


@contextlib.asynccontextmanager
async def running_locked(config: Config) -> AsyncIterator[RunningHub]:
    """The same, where the caller holds the lock on the data folder."""
    allow_connections()
    restored = apply_staged(config.data)
    config = with_plug_key(config)
    composition = Composition(config)
    store = Store(config.store)
    store.open()
    try:
        with web_listener_of(config) as listener, RecentLog() as recent:
            async with _serving(composition, store, listener, recent, restored) as running:
                yield running
    finally:
        await store.close()


def relax_collector() -> None:
    """Collect cycles rarely, and never examine the objects that are loaded now.

    A full collection stops all traffic: with 2,000 plugs on the broker and 1,500 connecting again, the longest
    pause was 19 ms with these thresholds and 156 ms with Python's own.
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def allow_connections() -> None:
    """Raise the limit of open files as far as the system permits: the default of 1,024 is too low for many plugs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, OPEN_FILES) if hard != resource.RLIM_INFINITY else OPEN_FILES
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.asynccontextmanager
async def _serving(
    composition: Composition,
    store: Store,
    listener: WebListener | None,
    recent: RecentLog,
    restored: StagedRestore | None,
) -> AsyncIterator[RunningHub]:
    parts = _HubServices(composition, store, listener, recent)
    parts.begin(restored)
    config, api = composition.config, parts.api
    try:
        if composition.broker is not None:
            composition.broker.start()  # a port in use is an error now; afterwards it is supervised
        with unix_socket(config.control) as sock:
            async with asyncio.TaskGroup() as group:
                tasks: list[asyncio.Task[None]] = []

                def start(name: str, run: Callable[[], Awaitable[None]]) -> None:
                    tasks.append(group.create_task(supervise(name, run), name=name))

                def run_broker(broker: "BrokerServer") -> None:
                    start("broker", broker.run)

                for name, run in parts.runs().items():
                    start(name, run)
                start("api", lambda: serve(api.app(), sock))
                composition.run_broker = run_broker
                if composition.broker is not None:
                    run_broker(composition.broker)
                relax_collector()
                at_start = _at_start(listener)
                yield RunningHub(parts.hub, store, config.control, api.app(), parts.live, composition.broker, *at_start)
                for task in tasks:
                    task.cancel()
    finally:
        await parts.close()
        config.control.unlink(missing_ok=True)


class _HubServices:
    """All that a hub consists of, made in the order in which one needs another."""

    def __init__(self, composition: Composition, store: Store, listener: WebListener | None, recent: RecentLog) -> None:
        config, stored = composition.config, store.stored_state()
        self._composition, self._store, self._listener, self._recent = composition, store, listener, recent
        self._loop = asyncio.get_running_loop()
        self._clock = WallClock(self._loop.time)
        self._weather = LiveWeather(config, partial(self._notify, "weather"))
        self._update_files = UpdateFiles(config.data / "updates")
        downloads = Downloads(self._update_files, FileServer(config.download_port))
        self._services = Services(self._known_time, config.zone, self._weather.newest, downloads, config.place)
        remembered = restored_state(stored)
        self.hub = Hub(composition.nodes, self._services, self._clock, os.urandom, remembered, composition.admitter)
        self._history = HistoryReader(config.store, config.zone, store)
        self._plugs = SetupService(config)
        self.live = LiveConfiguration(composition, self.hub, store, partial(self._notify, "configuration"))
        self._publishing = self._made_publishing()
        self._metrics = LiveMetrics(self._publishing)
        memory = restored_memory(stored.memory)
        self._rules = RulesService(config, self.hub, self._loop.time, self._known_time, memory)
        self._feeds = FeedsService(
            config, store.deliver, self._rules.set_value, self._known_time, partial(self._notify, "feed")
        )
        self._costs = CostsService(config, self.hub, self._history, self._time)
        self._disk = DiskService(
            self.hub,
            lambda: measured(config.data, lambda: bytes_of(config.store)),
            lambda: (self._time(), self._clock.trusted()),
            remembered_disk(stored.memory),
        )
        self._backups = BackupService(lambda: composition.config, self._known_time, self._loop.time, self._notify)
        self._onboarding = OnboardingService(composition, self.hub, self._services, self._clock, self.live)
        self._started = self._loop.time()
        self.api = self._made_api()

    def begin(self, restored: StagedRestore | None) -> None:
        """Join hub, store and configuration, and record the start."""
        store, hub, config = self._store, self.hub, self._composition.config
        self._unsubscribe = hub.subscribe(store.deliver, stamped=True)
        store.notify, store.devices = hub.notify, hub.devices
        hub.wait_stored = store.keep
        store.use_retention(config.retention)
        self._history.kept = config.retention
        self._composition.listen(hub, self._services)
        self.live.on_applied = self._apply
        self._notify("started", f"The hub started, version {VERSION}.")
        if restored is not None:
            aside = config.data / restored.aside
            self._notify("restored", f"The backup {restored.file} is in place. What was there before is in {aside}.")

    def runs(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs as long as the hub does, by its name; the broker and the socket of the API are not among it."""
        runs: dict[str, Callable[[], Awaitable[None]]] = {
            "store": self._store.run,
            "hub": self.hub.run,
            "weather": self._weather.run,
            "configuration": self.live.run,
            "publishing": self._publishing.run,
            "rules": self._rules.run,
            "backups": self._backups.run,
            "feeds": self._feeds.run,
            "disk": self._disk.run,
        }
        listener = self._listener
        if listener is not None:
            runs["web"] = partial(listener.run, self.api.app(), self._metrics.is_open)
            if listener.name is not None:
                runs["mdns"] = listener.name.run
        return runs

    async def close(self) -> None:
        await self._onboarding.close()
        await self.live.close()
        await self._plugs.close()
        self._unsubscribe()
        await self._history.close()

    # --- time and notices ------------------------------------------------------------------------

    def _time(self) -> float:
        return self._clock.at(self._loop.time())

    def _known_time(self) -> float | None:
        """None where the clock of this computer is not to be trusted."""
        return self._time() if self._clock.trusted() else None

    def _notify(self, kind: str, text: str, data: Mapping[str, str] | None = None) -> None:
        self.hub.notify(Notice("", self._time(), kind, text, data or {}))

    # --- parts that need many others -------------------------------------------------------------

    def _made_publishing(self) -> Publishing:
        return Publishing(
            self._composition.config,
            self.hub,
            self._time,
            partial(self._notify, "publishing"),
            store=self._store.stats,
            updates=self._update_files,
            parts=HubParts(
                self._store,
                self._history,
                lambda: self.api.app(),  # noqa: PLW0108  # it is made later
                lambda: self.api.pages,
                self._known_time,
            ),
        )

    def _made_api(self) -> Api:
        composition = self._composition
        return Api(
            self.hub,
            self._about,
            self._history,
            updates=self._update_files,
            plugs=self._plugs,
            products=ProductService(self.hub, composition.new_library),
            decoder=DecodeService(composition.config.profiles),
            configuration=self.live,
            log=self._recent.lines,
            onboarding=self._onboarding,
            backup=self._backups,
            exports=ExportService(lambda: composition.config),
            metrics=self._metrics,
            homekit=LiveHomekit(self._publishing),
            rules=self._rules,
            costs=self._costs,
            feeds=self._feeds,
            uplink=LiveFleet(self._publishing, lambda: composition.config, self._change_table),
        )

    def _about(self) -> Mapping[str, object]:
        uptime_s = self._loop.time() - self._started
        return about(self._composition, self._store, self._listener, self._publishing, self._disk, uptime_s)

    async def _change_table(self, edit: HubEdit) -> ReloadView:
        return await self.live.change_hub((await self.live.view()).revision, edit, EditOrigin("fleet"))

    def _apply(self, config: Config, renamed: Mapping[str, str]) -> None:
        """What of the hub's own keys counts at once."""
        self._store.use_retention(config.retention)
        self._history.kept = config.retention
        self._weather.use(config)
        self._plugs.use(config)
        self._services.place, self._services.zone, self._history.zone = config.place, config.zone, config.zone
        self._publishing.use(config)
        self._rules.use(config, renamed)
        self._feeds.use(config)
        self._costs.use(config)


def _at_start(listener: WebListener | None) -> tuple[str, tuple[str, ...]]:
    """The address of the page, and the sentences for the user at the start."""
    return ("", ()) if listener is None else (listener.urls[0], tuple(listener.notes))


def about(
    composition: Composition,
    store: Store,
    listener: WebListener | None,
    publishing: Publishing,
    disk: DiskService,
    uptime_s: float,
) -> Mapping[str, object]:
    """The answer to GET /api/hub."""
    broker = (
        {
            "broker": {
                "listen": place_of(composition.broker),
                **composition.broker.stats(),
                "problems": composition.broker.problems(),
            }
        }
        if composition.broker is not None
        else {}
    )
    return {
        "version": VERSION,
        "pid": os.getpid(),
        "data": str(composition.config.data),
        "uptime_s": round(uptime_s),
        "timezone": str(composition.config.zone),
        "name": composition.config.tables.hub.name,
        "disk": msgspec.to_builtins(disk.view()),
        "store": {"bytes": bytes_of(composition.config.store), **store.stats()},
        "web": listener.urls if listener is not None else (),
        "publish": publishing.views(),
        **broker,
    }


def bytes_of(store: Path) -> int:
    """The size of the store on disk, with what is not yet in its main file."""
    files = [store, store.with_name(f"{store.name}-wal"), store.with_name(f"{store.name}-shm")]
    return sum(file.stat().st_size for file in files if file.exists())


def place_of(broker: "BrokerServer") -> str:
    """The address of the broker: host:port."""
    return f"{broker.address[0]}:{broker.address[1]}"


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """The data folder, created if needed and locked for this hub. Raises ConfigError."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if data.stat().st_mode & stat.S_IWOTH:
            raise ConfigError(
                f"The data folder {data} may be written by every user of this computer, so none of its keys and "
                f"passwords is safe. Run: chmod o-w {data}"
            )
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


def restored_state(stored: StoredState) -> RestoredState:
    """The state of earlier runs, as the hub takes it."""
    known = [known_device(one) for one in stored.devices]
    return RestoredState(stored.ledgers, stored.memory, known)
