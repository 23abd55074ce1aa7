"""A client of a hub's API over its Unix socket ``DATA/control``."""

import asyncio
import contextlib
import http.client
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from unclouded.core.errors import CommandError, LinkError
from unclouded.core.model import Fact
from unclouded.core.views.json_lines import fact_of

POLL_S = 0.05  # s between two queries of states
READINGS_POLL_S = 0.1  # s between two queries of readings
SETTLED_S = 0.3  # s without another point after which a device has reported all
STATES_TIMEOUT_S = 3.0
CONNECT_TIMEOUT_S = 10.0
ANSWER_S = 5.0  # within which a hub that works says something of itself; its loop is never blocked for so long
SEND_S = 60.0  # for sending a request, firmware for example
ABOUT = "/api/hub"


class HubClient:
    """The API of a hub. Any: decoded JSON, as web/api/api.py documents it.

    ``own``: the hub runs in this process, and ends with it. A request may take long; while it does, the hub is asked
    now and then whether it works at all, so that one that hangs is named and not waited for. ``answer_s``: how long an
    answer to that may take. Every request raises LinkError where the hub is away or hangs, and CommandError with the
    hub's sentence where it refuses.
    """

    def __init__(self, path: Path | str, own: bool = False, answer_s: float = ANSWER_S) -> None:
        self._path = Path(path).expanduser()
        self._answer_s = answer_s
        self.own = own

    def get(self, path: str, **query: str | Sequence[str]) -> Any:
        """The answer of a GET. ``query``: its parameters, a sequence = several times the same one."""
        return msgspec.json.decode(self._request("GET", _with_query(path, query)).read())

    def post(self, path: str, body: object) -> Any:
        """The answer of a POST of a value as JSON."""
        return msgspec.json.decode(self._request("POST", path, msgspec.json.encode(body)).read())

    def put(self, path: str, data: bytes, **query: str | Sequence[str]) -> Any:
        """The answer of a PUT of bytes as they are, a file for example."""
        return msgspec.json.decode(self._request("PUT", _with_query(path, query), data).read())

    def patch(self, path: str, body: object) -> Any:
        """The answer of a PATCH of a value as JSON."""
        return msgspec.json.decode(self._request("PATCH", path, msgspec.json.encode(body)).read())

    def delete(self, path: str, **query: str) -> Any:
        """The answer of a DELETE."""
        return msgspec.json.decode(self._request("DELETE", _with_query(path, dict(query))).read())

    def lines(self, path: str, body: object | None = None, **query: str | Sequence[str]) -> Iterator[Any]:
        """JSON lines, as they come."""
        payload = None if body is None else msgspec.json.encode(body)
        response = self._request("POST" if payload else "GET", _with_query(path, query), payload)
        with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
            while line := response.readline():
                yield msgspec.json.decode(line)

    def works(self) -> bool:
        """Whether the hub says something of itself in time. One that is gone works, until a request is made."""
        with contextlib.closing(_UnixConnection(self._path, self._answer_s)) as connection:
            try:
                connection.request("GET", ABOUT, None, {"Connection": "close"})
            except TimeoutError:
                return False
            except OSError:
                return True
            return connection.has_answer(self._answer_s)

    def _request(self, method: str, path: str, body: bytes | None = None) -> http.client.HTTPResponse:
        _check_path(path)
        connection = _UnixConnection(self._path, self._answer_s)
        try:
            # a hub that refuses answers at once, and reads no more of the request
            with contextlib.suppress(BrokenPipeError):
                connection.request(method, path, body, {"Connection": "close"})
            while not connection.has_answer(self._answer_s):
                if not self.works():
                    raise self._hangs()
            connection.wait_for_ever()
            response = connection.getresponse()
        except TimeoutError:
            connection.close()
            raise self._hangs() from None
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            connection.close()
            raise LinkError(
                f"No hub runs on {self._path}. Start it, or name the socket of another: control in its data folder."
            ) from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise LinkError(f"The hub does not answer on {self._path}: {error}. Is it still running?") from None
        except LinkError:
            connection.close()
            raise
        if response.status >= 400:
            with contextlib.closing(connection):
                raise CommandError(_detail(response.read()))
        return response

    def _hangs(self) -> LinkError:
        return LinkError(
            f"The hub accepts connections on {self._path} and does not answer within {self._answer_s:g} s: it hangs, or"
            " was stopped. Run: unclouded doctor"
        )


class _UnixConnection(http.client.HTTPConnection):
    """``limit_s``: for connecting. A hub that hangs accepts some connections, which wait in a queue, and then none."""

    def __init__(self, path: Path, limit_s: float) -> None:
        super().__init__("localhost")
        self._path = str(path)
        self._limit_s = limit_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SEND_S)
        give_up = time.monotonic() + self._limit_s
        while True:
            try:
                return self.sock.connect(self._path)
            except BlockingIOError:  # the queue is full
                if time.monotonic() >= give_up:
                    raise TimeoutError from None
                time.sleep(POLL_S)

    def has_answer(self, timeout: float) -> bool:
        """Whether something of the answer arrives within ``timeout``, or the connection ends."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def wait_for_ever(self) -> None:
        """An answer that has begun may be one that goes on for as long as the hub runs."""
        self.sock.settimeout(None)


def is_listening(path: Path) -> bool:
    """Whether a hub accepts connections on this socket, or is too busy to: it may hang."""
    with contextlib.closing(_UnixConnection(path, 0.0)) as connection:
        try:
            connection.connect()
        except TimeoutError:
            return True
        except OSError:
            return False
        return True


def device_path(device: str, rest: str = "") -> str:
    """The path of a device in the API, and of what is below it; the id is escaped."""
    path = f"/api/devices/{quote(device, safe='')}"
    return f"{path}/{rest}" if rest else path


# --- states and readings ------------------------------------------------------------------------------


def known_states(
    hub: HubClient,
    devices: Sequence[str],
    passing: Sequence[str] = ("connecting",),
    timeout: float = STATES_TIMEOUT_S,
) -> Any:
    """The devices, as soon as none is in a ``passing`` state, or after ``timeout``; a new hub needs a moment."""
    give_up = time.monotonic() + timeout
    while True:
        found = hub.get("/api/devices", device=devices)
        if time.monotonic() > give_up or not any(one["state"] in passing for one in found):
            return found
        time.sleep(POLL_S)


def wait_until_connected(hub: HubClient, device: str) -> None:
    """Wait while a device is being connected; a command then reports the state that results."""
    known_states(hub, [device], ("connecting", "waiting"), CONNECT_TIMEOUT_S)


def newest_readings(hub: HubClient, device: str, point: str | None, timeout: float) -> list[Any]:
    """The readings of a device (of one point), once no more of them arrive at once.

    Raises LinkError where none arrives within ``timeout``, and CommandError for an unknown device or point.
    """
    give_up = time.monotonic() + timeout
    seen, is_checked = -1, False
    while True:
        every = hub.get("/api/readings", device=device)
        readings = [one for one in every if point in (None, one["point"])]
        has_settled = bool(every) and len(every) == seen
        if readings and has_settled:
            return readings
        if has_settled and not is_checked:
            _described(hub, device, point)
            is_checked = True
        if time.monotonic() > give_up:
            raise LinkError(_why_nothing(hub, device, point))
        seen = len(every)
        time.sleep(SETTLED_S if every else READINGS_POLL_S)


def implausible_points(readings: Iterable[dict[str, Any]]) -> dict[str, list[str]]:  # Any: the API's JSON
    """By device the points whose newest reading does not agree with the others of its phase."""
    points: dict[str, list[str]] = {}
    for reading in readings:
        if "scale" in reading["flags"]:
            points.setdefault(reading["device"], []).append(reading["point"])
    return points


def follow_facts(
    hub: HubClient, devices: Sequence[str], ended: asyncio.Event, on_facts: Callable[[list[Fact]], None]
) -> None:
    """Pass every new fact to ``on_facts``, in the running loop; set ``ended`` when the hub has ended."""
    loop = asyncio.get_running_loop()

    def receive() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program ends
            for line in hub.lines("/api/watch", device=devices):
                fact = fact_of(line)
                if fact is not None:
                    loop.call_soon_threadsafe(on_facts, [fact])
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=receive, name="watch", daemon=True).start()


# --- inside -------------------------------------------------------------------------------------------


def _described(hub: HubClient, device: str, point: str | None) -> dict[str, Any]:  # Any: the API's JSON
    """The device that has the point. Raises CommandError for an unknown device or point."""
    found = hub.get("/api/devices", device=device)
    if not found:
        known = ", ".join(one["id"] for one in hub.get("/api/devices"))
        raise CommandError(f"There is no device {device!r}. There are: {known}.")
    keys = [one["key"] for one in found[0]["points"]]
    if point is not None and point not in keys:
        raise CommandError(f"{device} has no point {point!r}. It has: {', '.join(keys)}.")
    described: dict[str, Any] = found[0]
    return described


def _why_nothing(hub: HubClient, device: str, point: str | None) -> str:
    """Raises CommandError for an unknown device or point."""
    found = _described(hub, device, point)
    reason = f": {found['reason']}" if found["reason"] else ""
    return f"{device} has reported nothing yet; it is {found['state']}{reason}"


def _with_query(path: str, query: dict[str, str | Sequence[str]]) -> str:
    text = urlencode({key: value for key, value in query.items() if value}, doseq=True)
    return f"{path}?{text}" if text else path


def _check_path(path: str) -> None:
    """Raises CommandError where it is no path of a URL."""
    if not path.startswith("/"):
        raise CommandError(f"The path {path!r} does not begin with a slash, as /api/devices does.")
    if not path.isascii() or not path.isprintable() or " " in path:
        raise CommandError(
            f"The path {path!r} has a space or another character that a URL cannot have. Escape names in it:"
            " urllib.parse.quote(NAME, safe='')."
        )


def _detail(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return "The hub refused the request."
