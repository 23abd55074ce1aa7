"""A hub to talk to: the one that runs on the data folder, or one started in this process for these devices.

Either way the verbs speak to its API over the Unix socket ``DATA/control``.
"""

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec

from unclouded.app.config import BROKER, NOWHERE, Config, cache_folder, find_config, links_of, load_config
from unclouded.core.errors import CommandError, ConfigError, LinkError, UncloudedError

PAUSE = 0.05  # s between two looks


class HubClient:
    """The API of a hub. Any: decoded JSON, as web/api.py documents it.

    ``own``: it runs in this process, and ends with it.
    """

    def __init__(self, path: Path, own: bool = False) -> None:
        self._path = path
        self.own = own

    def get(self, path: str, **query: str | Sequence[str]) -> Any:
        return msgspec.json.decode(self._ask("GET", _with_query(path, query)).read())

    def post(self, path: str, body: object) -> Any:
        return msgspec.json.decode(self._ask("POST", path, msgspec.json.encode(body)).read())

    def put(self, path: str, data: bytes, **query: str | Sequence[str]) -> Any:
        return msgspec.json.decode(self._ask("PUT", _with_query(path, query), data).read())

    def lines(self, path: str, body: object | None = None, **query: str | Sequence[str]) -> Iterator[Any]:
        """JSON lines, as they come."""
        payload = None if body is None else msgspec.json.encode(body)
        response = self._ask("POST" if payload else "GET", _with_query(path, query), payload)
        with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
            while line := response.readline():
                yield msgspec.json.decode(line)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> http.client.HTTPResponse:
        connection = _UnixConnection(self._path)
        try:
            connection.request(method, path, body, {"Connection": "close"})
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise LinkError(f"The hub does not answer on {self._path}: {error}. Is it still running?") from None
        if response.status >= 400:
            raise CommandError(_detail(response.read()))
        return response


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


def device_path(device: str, rest: str = "") -> str:
    path = f"/api/devices/{quote(device, safe='')}"
    return f"{path}/{rest}" if rest else path


def configuration(given: str | None, data: str | None = None) -> Config:
    """The configuration that is meant; where there is none, that of the demo, if it runs. Raises ConfigError."""
    try:
        return load_config(find_config(given), data)
    except ConfigError:
        demo = demo_folder() / "unclouded.toml"
        if given or data or not demo.is_file() or not is_running(load_config(demo)):
            raise
        click.echo("(no configuration here: talking to the demo that runs)", err=True)
        return load_config(demo)


def demo_folder() -> Path:
    """Where the demo's data is; it survives, and may be thrown away."""
    return cache_folder() / "demo"


def is_running(config: Config) -> bool:
    """Does a hub answer on the data folder?"""
    with contextlib.closing(_UnixConnection(config.control)) as connection:
        try:
            connection.connect()
        except OSError:
            return False
        return True


@contextlib.contextmanager
def any_hub(config: Config, devices: Sequence[str] = ()) -> Iterator[HubClient]:
    """The hub that runs, or one of our own for ``devices`` (all, if none are named) while the block lasts.

    Raises CommandError for a device that the configuration does not have.
    """
    if is_running(config):
        yield HubClient(config.control)
        return
    chosen = config.for_devices(devices) if devices else config
    _must_be_reachable(chosen)
    with own_hub(chosen) as hub:
        yield hub


def _must_be_reachable(config: Config) -> None:
    """Plugs that only call cannot be called: they need a hub that waits for them."""
    for device in config.devices:
        wires = [device.link, *(channel.link for channel in device.channel)]
        if all(link.startswith(BROKER) for wire in wires if wire for link in links_of(wire)):
            raise LinkError(f"{device.id} connects to the hub by itself. Start the hub first: unclouded run.")


@contextlib.contextmanager
def own_hub(config: Config) -> Iterator[HubClient]:
    """A hub in a thread of this process, on the Unix socket alone. Raises what keeps it from starting."""
    from unclouded.app.hub_process import running

    config = config.with_web(NOWHERE)

    ready: threading.Event = threading.Event()
    failed: list[UncloudedError] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def life() -> None:
        async with running(config):
            ended = asyncio.Event()
            stop.append((asyncio.get_running_loop(), ended))
            ready.set()
            await ended.wait()

    def thread() -> None:
        try:
            asyncio.run(life())
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


def _with_query(path: str, query: dict[str, str | Sequence[str]]) -> str:
    text = urlencode({key: value for key, value in query.items() if value}, doseq=True)
    return f"{path}?{text}" if text else path


def _detail(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return "The hub refused the request."


def known_states(
    hub: HubClient, devices: Sequence[str], passing: Sequence[str] = ("connecting",), patience: float = 3.0
) -> Any:
    """The devices, once none of them is in one of these states any more; a hub that has just begun needs a moment."""
    give_up = time.monotonic() + patience
    while True:
        found = hub.get("/api/devices", device=devices)
        if time.monotonic() > give_up or not any(one["state"] in passing for one in found):
            return found
        time.sleep(PAUSE)


def online(hub: HubClient, device: str) -> None:
    """Give a device that is just being connected a moment; what it is then is for the wish to say."""
    known_states(hub, [device], ("connecting", "waiting"), 10.0)
