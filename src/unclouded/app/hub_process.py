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
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from starlette.types import ASGIApp

from unclouded import VERSION
from unclouded.app.backup.restoring import StagedRestore, apply_staged
from unclouded.app.backup.service import BackupService
from unclouded.app.composition import Composition
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.live import LiveConfiguration
from unclouded.app.costs.service import CostsService
from unclouded.app.decode_service.service import DecodeService
from unclouded.app.disk.service import DiskService, measured, remembered_disk
from unclouded.app.downloads import Downloads
from unclouded.app.exporting.service import ExportService
from unclouded.app.feeds.service import FeedsService
from unclouded.app.live_weather import LiveWeather
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
from unclouded.app.update_files import UpdateFiles
from unclouded.app.web_listener import WebListener, web_listener_of
from unclouded.core.configuration_views import EditOrigin, HubEdit, ReloadView
from unclouded.core.errors import ConfigError
from unclouded.core.model import Notice
from unclouded.core.supervise import supervise
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.identity import known_device
from unclouded.hub.services import Services
from unclouded.links.file_server import FileServer
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
    config = composition.config
    loop = asyncio.get_running_loop()
    clock = WallClock(loop.time)
    weather = LiveWeather(config, lambda text: hub.notify(Notice("", clock.at(loop.time()), "weather", text)))
    update_files = UpdateFiles(config.data / "updates")
    services = Services(
        lambda: clock.at(loop.time()) if clock.trusted() else None,
        config.zone,
        weather.newest,
        Downloads(update_files, FileServer(config.download_port)),
        config.place,
    )
    stored = store.stored_state()
    hub = Hub(composition.nodes, services, clock, os.urandom, restored_state(stored), composition.admitter)
    unsubscribe = hub.subscribe(store.deliver, stamped=True)
    store.notify, store.devices = hub.notify, hub.devices
    hub.wait_stored = store.keep
    composition.listen(hub, services)
    started = loop.time()
    hub.notify(Notice("", clock.at(started), "started", f"The hub started, version {VERSION}."))
    if restored is not None:
        text = f"The backup {restored.file} is in place. What was there before is in {config.data / restored.aside}."
        hub.notify(Notice("", clock.at(started), "restored", text))
    history = HistoryReader(config.store, config.zone, store)
    plugs = SetupService(config)
    live = LiveConfiguration(
        composition,
        hub,
        store,
        lambda text, data: hub.notify(Notice("", clock.at(loop.time()), "configuration", text, data)),
    )
    publishing = Publishing(
        config,
        hub,
        lambda: clock.at(loop.time()),
        lambda text: hub.notify(Notice("", clock.at(loop.time()), "publishing", text)),
        store=store.stats,
        updates=update_files,
        parts=HubParts(
            store,
            history,
            lambda: api.app(),  # noqa: PLW0108  # it is made later
            lambda: api.pages,
            lambda: clock.at(loop.time()) if clock.trusted() else None,
        ),
    )
    metrics = LiveMetrics(publishing)
    rules = RulesService(
        config,
        hub,
        loop.time,
        lambda: clock.at(loop.time()) if clock.trusted() else None,
        restored_memory(stored.memory),
    )
    feeds = FeedsService(
        config,
        store.deliver,
        rules.set_value,
        lambda: clock.at(loop.time()) if clock.trusted() else None,
        lambda text: hub.notify(Notice("", clock.at(loop.time()), "feed", text)),
    )
    costs = CostsService(config, hub, history, lambda: clock.at(loop.time()))
    store.use_retention(config.retention)
    history.kept = config.retention
    disk = DiskService(
        hub,
        lambda: measured(config.data, lambda: bytes_of(config.store)),
        lambda: (clock.at(loop.time()), clock.trusted()),
        remembered_disk(stored.memory),
    )
    live.on_applied = partial(_apply_to_hub, store, weather, services, history, plugs, publishing, rules, feeds, costs)
    backups = BackupService(
        lambda: composition.config,
        lambda: clock.at(loop.time()) if clock.trusted() else None,
        loop.time,
        lambda kind, text: hub.notify(Notice("", clock.at(loop.time()), kind, text)),
    )

    async def change_table(edit: HubEdit) -> ReloadView:
        return await live.change_hub((await live.view()).revision, edit, EditOrigin("fleet"))

    onboarding = OnboardingService(composition, hub, services, clock, live)
    api = Api(
        hub,
        lambda: about(composition, store, listener, publishing, disk, loop.time() - started),
        history,
        updates=update_files,
        plugs=plugs,
        products=ProductService(hub, composition.new_library),
        decoder=DecodeService(config.profiles),
        configuration=live,
        log=recent.lines,
        onboarder=onboarding,
        backup=backups,
        exports=ExportService(lambda: composition.config),
        metrics=metrics,
        homekit=LiveHomekit(publishing),
        rules=rules,
        money=costs,
        prices=feeds,
        fleet=LiveFleet(publishing, lambda: composition.config, change_table),
    )
    try:
        if composition.broker is not None:
            composition.broker.start()  # a port in use is an error now; afterwards it is supervised
        with unix_socket(config.control) as sock:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(supervise("store", store.run), name="store"),
                    group.create_task(supervise("api", lambda: serve(api.app(), sock)), name="api"),
                    group.create_task(supervise("hub", hub.run), name="hub"),
                    group.create_task(supervise("weather", weather.run), name="weather"),
                    group.create_task(supervise("configuration", live.run), name="configuration"),
                    group.create_task(supervise("publishing", publishing.run), name="publishing"),
                    group.create_task(supervise("rules", rules.run), name="rules"),
                    group.create_task(supervise("backups", backups.run), name="backups"),
                    group.create_task(supervise("feeds", feeds.run), name="feeds"),
                    group.create_task(supervise("disk", disk.run), name="disk"),
                ]

                def run_broker(broker: "BrokerServer") -> None:
                    tasks.append(group.create_task(supervise("broker", broker.run), name="broker"))

                composition.run_broker = run_broker
                if composition.broker is not None:
                    run_broker(composition.broker)
                if listener is not None:
                    serving = partial(listener.run, api.app(), metrics.is_open)
                    tasks.append(group.create_task(supervise("web", serving), name="web"))
                if listener is not None and listener.name is not None:
                    tasks.append(group.create_task(supervise("mdns", listener.name.run), name="mdns"))
                relax_collector()
                yield RunningHub(hub, store, config.control, api.app(), live, composition.broker, *_at_start(listener))
                for task in tasks:
                    task.cancel()
    finally:
        await onboarding.close()
        await live.close()
        await plugs.close()
        unsubscribe()
        await history.close()
        config.control.unlink(missing_ok=True)


def _apply_to_hub(
    store: Store,
    weather: LiveWeather,
    services: Services,
    history: HistoryReader,
    plugs: SetupService,
    publishing: Publishing,
    rules: RulesService,
    feeds: FeedsService,
    costs: CostsService,
    config: Config,
    renamed: Mapping[str, str],
) -> None:
    """What of the hub's own keys counts at once."""
    store.use_retention(config.retention)
    history.kept = config.retention
    weather.use(config)
    plugs.use(config)
    services.place, services.zone, history.zone = config.place, config.zone, config.zone
    publishing.use(config)
    rules.use(config, renamed)
    feeds.use(config)
    costs.use(config)


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
