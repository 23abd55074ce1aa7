"""Access to a hub: the one that runs on the data folder, or one started in this process for some devices."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from unclouded.app.access.hub_client import HubClient, is_listening
from unclouded.app.configuration.config import Config, cache_folder
from unclouded.app.configuration.tables.file import BROKER, NOWHERE, links_of
from unclouded.core.errors import CommandError, LinkError, UncloudedError


def demo_folder() -> Path:
    """The data folder of the demo; it is kept, and may be deleted."""
    return cache_folder() / "demo"


def is_running(config: Config) -> bool:
    """Whether a hub runs on the data folder."""
    return is_listening(config.control)


def zone_of(hub: HubClient, config: Config) -> ZoneInfo:
    """The time zone of a hub: of one that runs, the one that it was started with."""
    try:
        return ZoneInfo(hub.get("/api/hub")["timezone"])
    except (KeyError, ValueError, OSError, LinkError, CommandError):
        return config.zone


def running_hub(config: Config) -> HubClient:
    """The hub that runs. Raises LinkError where none does."""
    if not is_running(config):
        raise LinkError("Plugs connect to a running hub. Start it first: unclouded run.")
    return HubClient(config.control)


@contextlib.contextmanager
def any_hub(config: Config, devices: Sequence[str] = ()) -> Iterator[HubClient]:
    """The hub that runs, or one in this process for ``devices`` (all, if none are named) while the block lasts.

    Raises ConfigError for a device that the configuration does not have.
    """
    if is_running(config):
        yield HubClient(config.control)
        return
    chosen = config.for_devices(devices) if devices else config
    _must_be_reachable(chosen)
    with own_hub(chosen) as hub:
        yield hub


def _must_be_reachable(config: Config) -> None:
    """Raises LinkError for plugs that only connect to a hub by themselves: they need one that keeps running."""
    for device in config.devices:
        wires = [device.link, *(channel.link for channel in device.channel)]
        if all(link.startswith(BROKER) for wire in wires if wire for link in links_of(wire)):
            raise LinkError(f"{device.id} connects to the hub by itself. Start the hub first: unclouded run.")


@contextlib.contextmanager
def own_hub(config: Config) -> Iterator[HubClient]:
    """A hub in a thread of this process, on the Unix socket only. Raises what prevents its start."""
    from unclouded.app.hub_process import running

    config = config.with_web(NOWHERE)

    ready: threading.Event = threading.Event()
    failed: list[UncloudedError] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        async with running(config):
            ended = asyncio.Event()
            stop.append((asyncio.get_running_loop(), ended))
            ready.set()
            await ended.wait()

    def thread() -> None:
        try:
            asyncio.run(run())
        except UncloudedError as error:
            failed.append(error)
        finally:
            ready.set()

    worker = threading.Thread(target=thread, name="hub")
    worker.start()
    ready.wait()
    try:
        if failed:
            raise failed[0]
        yield HubClient(config.control, own=True)
    finally:
        for loop, ended in stop:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)
        worker.join()
