"""Live updates for pages: one subscription to the hub, one frame for all clients.

    hub ── facts ──► merged, newest only ──── at most every 250 ms ──► one JSON text ──┬──► slot ──► page
                                                                                      ├──► slot ──► page
                                                                                      └──► slot (not sent yet:
                                                                                           stale ──► snapshot)

Each message of the WebSocket is a ``Live``: {"snapshot": …} first, then {"changes": …}. A client that has not
received its last frame when the next one is ready gets a new snapshot as soon as it can receive one: always the
newest state, never a backlog. Empty changes are sent after 5 s without a frame, so that a page can detect a broken
connection. Without clients there is neither a subscription nor a timer. Reasons and events are in the language that a
client asks for (``?language=de``), else in that of its browser: there is one text for each language.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from unclouded.core.model import Alert, Device, Fact, Notice, PublicHub, Reading, Status
from unclouded.core.views.facts import AlertView, EventView
from unclouded.core.views.json_lines import alert_json, change_of, device_json, event_json, status_json
from unclouded.web.said_views import said_changes, said_snapshot
from unclouded.web.schemas import Changes, HubView, Live, Role, Snapshot
from unclouded.web.words import ENGLISH, answering_in, asked_language, language

FRAME_INTERVAL_S = 0.25  # minimum time between frames
FIRST_FRAME_DELAY_S = 0.02  # after a pause, to include facts of the same moment
HEARTBEAT_S = 5.0  # time without a frame after which an empty one is sent; removed devices are detected then, too
NOTICES_KEPT = 50  # for clients that missed frames

PointKey = tuple[str, str]  # device, point
ClientState = Literal["new", "stale", "current"]


class LivePages:
    """All connected pages of one hub. ``about``: the answer to GET /api/hub; ``wall``: the clock, Unix seconds.

    All calls run in the event loop in which ``serve`` is awaited.
    """

    def __init__(self, hub: PublicHub, about: Callable[[], HubView], wall: Callable[[], float]) -> None:
        self._hub = hub
        self._about = about
        self._wall = wall
        self._clients: list[Client] = []
        self._unsubscribe: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._flush_is_due = False
        self._sent_at = self._checked_at = 0.0
        self._pending = _Pending()
        self._newest: dict[PointKey, float] = {}
        self._known: set[str] = set()
        self._notices: deque[tuple[int, EventView]] = deque(maxlen=NOTICES_KEPT)
        self._notice_count = 0
        self._snapshots: dict[tuple[Role, str], tuple[float, str]] = {}
        self._named: tuple[str, str] = ("", "")  # name and time zone of the home, as the pages know them

    async def serve(self, socket: WebSocket) -> None:
        """Send a snapshot and all changes to one page, until it disconnects."""
        role: Role = "read" if socket.scope.get("unclouded.role", "control") == "read" else "control"
        await socket.accept()
        client = self.add(role, asked_language(socket.query_params))
        feeding = asyncio.create_task(self._feed(client, socket), name="live.page")
        disconnected = asyncio.create_task(_until_disconnect(socket), name="live.disconnect")
        try:
            await asyncio.wait({feeding, disconnected}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.remove(client)
            for task in (feeding, disconnected):
                task.cancel()
            await asyncio.gather(feeding, disconnected, return_exceptions=True)
        if feeding.done() and not feeding.cancelled():
            feeding.result()  # raises an internal error for the server to log

    def add(self, role: Role, its_language: str = ENGLISH) -> "Client":
        """Add a client: from now on it is offered every frame."""
        if not self._clients:
            self._start()
        client = Client(role, self._notice_count, its_language)
        self._clients.append(client)
        return client

    def remove(self, client: "Client") -> None:
        """Remove a client; after the last one, unsubscribe from the hub."""
        self._clients.remove(client)
        if not self._clients:
            self._stop()

    def message(self, client: "Client") -> list[str]:
        """The messages to send now: the client's frame, or a snapshot if it missed one."""
        state, frame = client.take()
        if state == "current":
            client.last_notice = self._notice_count
            return [frame]
        missed = [view for number, view in self._notices if number > client.last_notice] if state == "stale" else []
        client.last_notice = self._notice_count
        with answering_in(client.language):
            texts = [self._snapshot(client.role)]
            if missed:
                texts.append(_text(changes=said_changes(Changes(at=self._wall(), notices=missed))))
        return texts

    # --- inside --------------------------------------------------------------------------------

    async def _feed(self, client: "Client", socket: WebSocket) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await client.ready()
                for text in self.message(client):
                    await socket.send_text(text)
                client.sent()

    def _start(self) -> None:
        facts = self._hub.snapshot()
        self._newest = {(fact.device, fact.point): fact.at for fact in facts if type(fact) is Reading}
        self._known = {fact.id for fact in facts if type(fact) is Device}
        self._named = self._names()
        self._unsubscribe = self._hub.subscribe(self._deliver)
        self._sent_at = self._checked_at = asyncio.get_running_loop().time()
        self._set_timer(self._sent_at + HEARTBEAT_S)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._timer = self._unsubscribe = None
        self._flush_is_due = False
        self._pending = _Pending()
        self._snapshots.clear()

    def _deliver(self, facts: Sequence[Fact]) -> None:
        """Receive facts from the hub for the next frame."""
        if not self._pending.take(facts, self._newest, self._wall):
            return
        self._snapshots.clear()
        if not self._flush_is_due:
            self._flush_is_due = True
            now = asyncio.get_running_loop().time()
            self._set_timer(max(self._sent_at + FRAME_INTERVAL_S, now + FIRST_FRAME_DELAY_S))

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._flush)

    def _flush(self) -> None:
        """Send one frame to all clients. The timer is set first, so that an error does not stop later frames."""
        self._flush_is_due = False
        self._sent_at = asyncio.get_running_loop().time()
        self._set_timer(self._sent_at + HEARTBEAT_S)
        pending, self._pending = self._pending, _Pending()
        has_news = pending.devices or pending.notices
        gone = self._gone() if has_news or self._sent_at >= self._checked_at + HEARTBEAT_S else []
        changes = self._changes(pending, gone)
        texts = {one: _text_in(one, changes) for one in {client.language for client in self._clients}}
        for client in self._clients:
            client.offer(texts[client.language])

    def _changes(self, pending: "_Pending", gone: list[str]) -> Changes:
        notices = [event_json(notice) for notice in pending.notices]
        for view in notices:
            self._notice_count += 1
            self._notices.append((self._notice_count, view))
        facts = self._hub.snapshot() if pending.devices else ()
        names = self._named
        self._named = self._names() if notices else names  # a change of the configuration is noticed
        name, timezone = (new if new != old else None for new, old in zip(self._named, names, strict=True))
        statuses = {fact.device: fact for fact in facts if type(fact) is Status}
        return Changes(
            at=self._wall(),
            devices=[
                device_json(one, statuses.get(one.id)) for one in pending.devices.values() if one.id in self._known
            ],
            gone=gone,
            statuses=[status_json(one) for one in pending.statuses.values() if one.device in self._known],
            readings=[change_of(one) for one in pending.readings.values() if one.device in self._known],
            notices=notices,
            alerts=self._alerts() if pending.has_alerts else None,
            name=name,
            timezone=timezone,
        )

    def _alerts(self) -> list[AlertView]:
        return [alert_json(one) for one in self._hub.alerts()]

    def _names(self) -> tuple[str, str]:
        about = self._about()
        return about.name, about.timezone

    def _gone(self) -> list[str]:
        """The ids of removed devices. The hub publishes new devices, but not their removal."""
        self._checked_at = self._sent_at
        present = {device.id for device in self._hub.devices()}
        gone = sorted(self._known - present)
        self._known = present
        if gone:
            self._snapshots.clear()
            self._newest = {key: at for key, at in self._newest.items() if key[0] in present}
        return gone

    def _snapshot(self, role: Role) -> str:
        """The current snapshot; encoded once for all clients that need it at the same time, in their language."""
        now, key = asyncio.get_running_loop().time(), (role, language())
        made_at, text = self._snapshots.get(key, (-FRAME_INTERVAL_S, ""))
        if now >= made_at + FRAME_INTERVAL_S:
            text = _text(snapshot=said_snapshot(self._current(role)))
            self._snapshots[key] = (now, text)
        return text

    def _current(self, role: Role) -> Snapshot:
        facts = self._hub.snapshot()
        about = self._about()
        statuses = {fact.device: fact for fact in facts if type(fact) is Status}
        return Snapshot(
            at=self._wall(),
            version=about.version,
            timezone=about.timezone,
            name=about.name,
            devices=[device_json(fact, statuses.get(fact.id)) for fact in facts if type(fact) is Device],
            readings=[change_of(fact) for fact in facts if type(fact) is Reading],
            alerts=self._alerts(),
            role=role,
        )


class Client:
    """One connected page with a slot for at most one frame."""

    def __init__(self, role: Role, last_notice: int, its_language: str = ENGLISH) -> None:
        self.role = role
        self.language = its_language
        self.last_notice = last_notice  # number of the last notice that was sent
        self._frame = ""
        self._state: ClientState = "new"
        self._sending = False
        self._filled = asyncio.Event()
        self._filled.set()

    def offer(self, frame: str) -> None:
        """The next frame. A client that is still receiving the previous one becomes stale."""
        if self._state == "current" and not self._frame and not self._sending:
            self._frame = frame
        elif self._state == "current":
            self._state, self._frame = "stale", ""
        self._filled.set()

    async def ready(self) -> None:
        """Wait until there is something to send."""
        await self._filled.wait()

    def take(self) -> tuple[ClientState, str]:
        """The state of the client and the frame in its slot; call ``sent`` after sending."""
        state, frame = self._state, self._frame
        self._state, self._frame, self._sending = "current", "", True
        self._filled.clear()
        return state, frame

    def sent(self) -> None:
        """What was sent has left: the next may be sent."""
        self._sending = False


class _Pending:
    """Changes since the last frame: only the newest of each device and point."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.statuses: dict[str, Status] = {}
        self.readings: dict[PointKey, Reading] = {}
        self.notices: list[Notice] = []
        self.has_alerts = False  # one began, or ended

    def take(self, facts: Sequence[Fact], newest: dict[PointKey, float], wall: Callable[[], float]) -> bool:
        """Whether any of the facts is shown by pages. ``newest``: the time of the newest reading of each point.

        A time in the future is from before the clock was set back: any reading is newer than that.
        """
        shown = False
        for fact in facts:
            match fact:
                case Reading():
                    key = (fact.device, fact.point)
                    if fact.at < newest.get(key, fact.at) <= wall():
                        continue  # a late one; pages show the newest
                    newest[key] = fact.at
                    self.readings[key] = fact
                case Status():
                    self.statuses[fact.device] = fact
                case Device():
                    self.devices[fact.id] = fact
                case Notice():
                    self.notices.append(fact)
                case Alert():
                    self.has_alerts = True
                case _:
                    continue
            shown = True
        return shown


def _text(snapshot: Snapshot | None = None, changes: Changes | None = None) -> str:
    return msgspec.json.encode(Live(snapshot=snapshot, changes=changes)).decode()


def _text_in(its_language: str, changes: Changes) -> str:
    with answering_in(its_language):
        return _text(changes=said_changes(changes))


async def _until_disconnect(socket: WebSocket) -> None:
    """Wait until the page disconnects; its messages are ignored."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
