"""Our ends of a Meross plug's wires in conformance tests: a session behind an HTTP server, as on a real link."""

from collections.abc import Callable, Sequence

import h11

from conformance.conforming import FIRMWARE, Collector, hub_answers
from families.meross.meross_pair import KEY, UUID
from pair import START_UNIX, Pair, ambient
from unclouded.conformance import suite
from unclouded.conformance.check import PersonTask, RunOptions, RunReport
from unclouded.conformance.meross.hub.played_plug import UUID as PLAYED_UUID
from unclouded.conformance.run import ConformanceRun
from unclouded.core.errors import WireError
from unclouded.core.sessions.session import (
    Answer,
    AskBind,
    AskClock,
    AskPlace,
    Event,
    Failure,
    LinkPath,
    LocalTime,
    Out,
    Question,
    Refusal,
    Session,
    WireCommand,
)
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.meross import MerossController, MerossDevice, MerossSettings, PlugOptions
from unclouded.links.http.link import HEAD as LINK_HEAD
from unclouded.links.http.link import TIMEOUT_S as HTTP_TIMEOUT_S
from unclouded.links.http.reply import ReplyReader
from wrapped_session import Wrapped

EXCHANGES = LinkPath(name="http", push=False, answers=True)
SERVED = LinkPath(name="http", asks=True)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
QUIRKY = b"HTTP/1.1 200 OK\r\nServer : Embedded\x01HTTP\r\nContent-Type: application/json\r\nContent-Length: %d\n\r\n"
CLIENT = LinkPath(name="http", push=False, answers=True, window=1)
HUB_HEAD = LINK_HEAD % b"plug"
BODY_LIMIT = 4_096
OPTIONS = RunOptions(yes=True, assist=True, firmware=FIRMWARE, key=KEY)
Rewrite = Callable[[bytes], bytes]


class HttpPlug(Wrapped):
    """A plug behind an HTTP server. ``out``, ``into``: what becomes of each body that it sends, and receives.

    ``head``: of its replies. ``raw``: what becomes of the bytes of a connection, None = closed. ``limit``: of a body.
    ``any_path``: it takes every request line. ``copies``: of each reply.
    """

    def __init__(
        self,
        inner: Session,
        out: Rewrite = lambda body: body,
        into: Rewrite = lambda body: body,
        head: bytes = HEAD,
        raw: Callable[[bytes], bytes | None] = lambda data: data,
        limit: int = BODY_LIMIT,
        any_path: bool = False,
        copies: int = 1,
    ) -> None:
        super().__init__(inner)
        self._out, self._into, self._head = out, into, head
        self._raw, self._limit, self._any_path, self._copies = raw, limit, any_path, copies
        self._requests: dict[int, tuple[h11.Connection, bytearray]] = {}
        self._outs: list[Out] = []

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        changed = self._raw(data)
        if changed is None:
            return self._reply(re, b"")
        data = changed
        if not data:  # the client has closed
            return ()
        if re in self._requests and self._requests[re][0].their_state in (h11.DONE, h11.MUST_CLOSE):
            return ()
        http, body = self._requests.setdefault(re, (h11.Connection(h11.SERVER), bytearray()))
        try:
            http.receive_data(data)
            while isinstance(event := http.next_event(), h11.Event):
                match event:
                    case h11.Request(method=b"POST", target=b"/config"):
                        continue
                    case h11.Request() if not self._any_path:
                        return self._reply(re, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    case h11.Data():
                        body += event.data
                        if len(body) > self._limit:
                            return self._reply(re, b"")
                    case h11.EndOfMessage():
                        return self.inner.receive(self._into(bytes(body)), now, path, re)
        except h11.RemoteProtocolError:
            return self._reply(re, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        return ()

    def _reply(self, re: int, data: bytes) -> Sequence[Event]:
        self._outs.append(Out(data, path="http", re=re))
        return ()

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        for out in self.inner.outgoing(now):
            body = self._out(out.data) if out.data else b""
            reply = (self._head % len(body) + body) * self._copies if body else b""
            outs.append(Out(reply, path="http", re=out.re))
        return outs


class HttpHub(Wrapped):
    """A controller behind an HTTP client, as links/http/link.py is one. ``out``, ``into``: what becomes of each body.

    ``read``: the body of a reply; raises WireError.
    """

    def __init__(
        self,
        inner: Session,
        out: Rewrite = lambda body: body,
        into: Rewrite = lambda body: body,
        request: Rewrite = lambda body: HUB_HEAD % len(body) + body,
        read: Callable[[bytes], bytes] | None = None,
        timeout_s: float = HTTP_TIMEOUT_S,
    ) -> None:
        super().__init__(inner)
        self._timeout_s = timeout_s
        self._out, self._into, self._request, self._read = out, into, request, read or read_reply
        self._waiting: dict[int, float] = {}

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if self._waiting.pop(re, None) is None:
            return ()
        try:
            body = self._read(data)
        except WireError:
            return self.inner.failed(re, Failure.GARBLED, now)
        return self.inner.receive(self._into(body), now, path, re)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        self._waiting.pop(id, None)
        return self.inner.failed(id, why, now)

    def tick(self, now: float) -> Sequence[Event]:
        late = [id for id, until in self._waiting.items() if until <= now]
        events = [event for id in late for event in self.failed(id, Failure.TIMEOUT, now)]
        return [*events, *self.inner.tick(now)]

    def deadline(self) -> float | None:
        return earliest(self.inner.deadline(), *self._waiting.values())

    def outgoing(self, now: float) -> list[Out]:
        outs = []
        for out in self.inner.outgoing(now):
            self._waiting[out.id] = now + self._timeout_s
            outs.append(Out(self._request(self._out(out.data)), out.id, out.path))
        return outs


def read_reply(data: bytes) -> bytes:
    """As the link reads it. Raises WireError."""
    reader = ReplyReader()
    for piece in (data, b""):
        if reader.body is None:
            reader.feed(piece)
    assert reader.body is not None
    return reader.body


def hub(**settings: object) -> MerossController:
    return MerossController(MerossSettings(**{"key": KEY, "uuid": PLAYED_UUID, **settings}), ambient(1))  # type: ignore[arg-type]


def plug(*faults: str, dialect: str = "hw2", **options: object) -> MerossDevice:
    made = PlugOptions(**{"uuid": UUID, "key": KEY, "dialect": dialect, "faults": frozenset(faults), **options})  # type: ignore[arg-type]
    return MerossDevice(made, ambient(2))


def home(device: MerossDevice) -> Callable[[Pair], None]:
    """What the plug measures: a load behind its relay."""

    def world(pair: Pair) -> None:
        is_on = device.plug.settings.onoff
        values = {"electricity.power": 67_379 * is_on, "electricity.voltage": 2_387, "electricity.current": 418 * is_on}
        pair.submit(WireCommand({**values, "consumption.today": 180 + int(pair.now) // 60}), "device")

    return world


def check_plug(device: MerossDevice, options: RunOptions = OPTIONS, **http: object) -> RunReport:
    """The report of a run over HTTP. ``http``: as HttpPlug has it."""
    run = ConformanceRun(suite("meross"), "controller", options, ambient(), kept := Collector())
    clock = [0.0]
    pair = Pair(
        run,
        HttpPlug(device, **http),  # type: ignore[arg-type]  # HttpPlug's own
        path=EXCHANGES,
        device_path=SERVED,
        answers=lambda side, asked: hub_answers(side, asked, clock[0]),
    )
    world = home(device)
    while kept.report is None and pair.now < 7200.0:
        world(pair)
        if kept.advice and kept.advice.pop(0).kind == "cut_power":
            device.restart(pair.now)
        clock[0] = pair.now
        pair.run(until=pair.now + 1.0)
    assert kept.report is not None, f"the run is not over; the last check is {kept.began[-1:]}"
    return kept.report


def check_hub(end: Session, options: RunOptions = OPTIONS) -> RunReport:
    """The report of a run over HTTP."""
    run = ConformanceRun(suite("meross"), "device", options, ambient(), kept := Collector())
    clock = [0.0]
    pair = Pair(end, run, path=CLIENT, device_path=SERVED, answers=lambda side, asked: answer_of(side, asked, clock[0]))
    while kept.report is None and pair.now < 14_400.0:
        while kept.advice:
            switch(pair, kept.advice.pop(0))
        clock[0] = pair.now
        pair.run(until=pair.now + 1.0)
    assert kept.report is not None, f"the run is not over; the last check is {kept.began[-1:]}"
    return kept.report


def switch(pair: Pair, task: PersonTask) -> None:
    if task.kind in ("switch_on", "switch_off"):
        pair.submit(WireCommand({"onoff": task.kind == "switch_on"}))


def answer_of(side: str, question: Question, now: float) -> Answer | Refusal | None:
    """A hub that knows the time, the zone and where it is."""
    match question:
        case AskClock():
            changes = tuple(
                (START_UNIX + 15_000_000.0 * number, 3600 + 3600 * (number % 2)) for number in range(-1, 20)
            )
            return LocalTime(START_UNIX + now, 3600, changes=changes, zone="Europe/Berlin")
        case AskPlace():
            return {"latitude": 52.52, "longitude": 13.405}
        case AskBind():
            return True
    return hub_answers(side, question, now)
