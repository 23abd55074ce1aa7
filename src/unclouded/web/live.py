"""The live house for pages: one subscription to the hub, one frame for all who look.

    hub ── facts ──► gathered, newest only ── at most each 250 ms ──► one JSON text ──┬──► slot ──► page
                                                                                      ├──► slot ──► page
                                                                                      └──► slot (not sent yet:
                                                                                           stale ──► snapshot)

Each message of the WebSocket is a ``Live``: {"snapshot": …} first, then {"changes": …}. A page that has not
taken its last frame when the next one is ready gets a fresh snapshot as soon as it can take one: always the
newest, never the backlog. Changes with nothing in them come after 5 s of silence, so that a page can tell a
quiet house from a dead line. While nobody looks there is neither a subscription nor a timer.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from unclouded.core.json_lines import change_of, device_json, event_json, status_json
from unclouded.core.model import Device, Fact, Notice, PublicHub, Reading, Status
from unclouded.core.views import EventView
from unclouded.web.schemas import Changes, HubView, Live, Role, Snapshot

GATHER = 0.25  # s from one frame to the next at the least
TOGETHER = 0.02  # s that the first fact after a pause waits for those of the same moment
HEARTBEAT = 5.0  # s without a frame after which an empty one goes out; devices that left are noticed then as well
NOTICES_KEPT = 50  # for pages that were too slow for a frame

Place = tuple[str, str]  # device, point
Told = Literal["nothing", "stale", "all"]


class LivePages:
    """All pages that look at one House. ``about``: what GET /api/hub says; ``wall``: Unix seconds.

    It belongs to the loop in which ``serve`` is awaited.
    """

    def __init__(self, hub: PublicHub, about: Callable[[], HubView], wall: Callable[[], float]) -> None:
        self._hub = hub
        self._about = about
        self._wall = wall
        self._clients: list[Client] = []
        self._leave: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._hurried = False
        self._sent_at = self._looked_at = 0.0
        self._gathered = _Gathered()
        self._newest: dict[Place, float] = {}
        self._known: set[str] = set()
        self._notices: deque[tuple[int, EventView]] = deque(maxlen=NOTICES_KEPT)
        self._noticed = 0
        self._snapshots: dict[Role, tuple[float, str]] = {}

    async def serve(self, socket: WebSocket) -> None:
        """Tell one page all that happens, until it goes."""
        role: Role = "read" if socket.scope.get("unclouded.role", "control") == "read" else "control"
        await socket.accept()
        client = self.enter(role)
        feeding = asyncio.create_task(self._feed(client, socket), name="live.page")
        listening = asyncio.create_task(_until_gone(socket), name="live.gone")
        try:
            await asyncio.wait({feeding, listening}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leave(client)
            for task in (feeding, listening):
                task.cancel()
            await asyncio.gather(feeding, listening, return_exceptions=True)
        if feeding.done() and not feeding.cancelled():
            feeding.result()  # a mistake of ours is for the server to log

    def enter(self, role: Role) -> "Client":
        """Somebody looks: from now on frames come into the client's slot."""
        if not self._clients:
            self._begin()
        client = Client(role, self._noticed)
        self._clients.append(client)
        return client

    def leave(self, client: "Client") -> None:
        """The client looks no more; after the last one the hub is left alone."""
        self._clients.remove(client)
        if not self._clients:
            self._end()

    def message(self, client: "Client") -> list[str]:
        """What to send to the client now: its frame, or all there is where it missed one."""
        told, frame = client.take()
        if told == "all":
            client.noticed = self._noticed
            return [frame]
        missed = [view for number, view in self._notices if number > client.noticed] if told == "stale" else []
        client.noticed = self._noticed
        texts = [self._snapshot(client.role)]
        if missed:
            texts.append(_text(changes=Changes(at=self._wall(), notices=missed)))
        return texts

    # --- inside --------------------------------------------------------------------------------

    async def _feed(self, client: "Client", socket: WebSocket) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await client.ready()
                for text in self.message(client):
                    await socket.send_text(text)
                client.sent()

    def _begin(self) -> None:
        facts = self._hub.snapshot()
        self._newest = {(fact.device, fact.point): fact.at for fact in facts if type(fact) is Reading}
        self._known = {fact.id for fact in facts if type(fact) is Device}
        self._leave = self._hub.subscribe(self._deliver)
        self._sent_at = self._looked_at = asyncio.get_running_loop().time()
        self._set_timer(self._sent_at + HEARTBEAT)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._leave is not None:
            self._leave()
        self._timer = self._leave = None
        self._hurried = False
        self._gathered = _Gathered()
        self._snapshots.clear()

    def _deliver(self, facts: Sequence[Fact]) -> None:
        """Take in what the hub says; it goes out with the next frame."""
        if not self._gathered.take(facts, self._newest):
            return
        self._snapshots.clear()
        if not self._hurried:
            self._hurried = True
            now = asyncio.get_running_loop().time()
            self._set_timer(max(self._sent_at + GATHER, now + TOGETHER))

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._flush)

    def _flush(self) -> None:
        """One frame for all; the next timer is set first, so that no mistake in a frame ends the frames."""
        self._hurried = False
        self._sent_at = asyncio.get_running_loop().time()
        self._set_timer(self._sent_at + HEARTBEAT)
        gathered, self._gathered = self._gathered, _Gathered()
        news = gathered.devices or gathered.notices
        gone = self._gone() if news or self._sent_at >= self._looked_at + HEARTBEAT else []
        text = _text(changes=self._changes(gathered, gone))
        for client in self._clients:
            client.offer(text)

    def _changes(self, gathered: "_Gathered", gone: list[str]) -> Changes:
        notices = [event_json(notice) for notice in gathered.notices]
        for view in notices:
            self._noticed += 1
            self._notices.append((self._noticed, view))
        facts = self._hub.snapshot() if gathered.devices else ()
        statuses = {fact.device: fact for fact in facts if type(fact) is Status}
        return Changes(
            at=self._wall(),
            devices=[
                device_json(one, statuses.get(one.id)) for one in gathered.devices.values() if one.id in self._known
            ],
            gone=gone,
            statuses=[status_json(one) for one in gathered.statuses.values() if one.device in self._known],
            readings=[change_of(one) for one in gathered.readings.values() if one.device in self._known],
            notices=notices,
        )

    def _gone(self) -> list[str]:
        """The devices that are no more, by name. The hub tells of those that come, not of these."""
        self._looked_at = self._sent_at
        there = {device.id for device in self._hub.devices()}
        gone = sorted(self._known - there)
        self._known = there
        if gone:
            self._snapshots.clear()
            self._newest = {place: at for place, at in self._newest.items() if place[0] in there}
        return gone

    def _snapshot(self, role: Role) -> str:
        """The whole house; made once for all who need it at the same time."""
        now = asyncio.get_running_loop().time()
        made_at, text = self._snapshots.get(role, (-GATHER, ""))
        if now >= made_at + GATHER:
            text = _text(snapshot=self._whole(role))
            self._snapshots[role] = (now, text)
        return text

    def _whole(self, role: Role) -> Snapshot:
        facts = self._hub.snapshot()
        about = self._about()
        statuses = {fact.device: fact for fact in facts if type(fact) is Status}
        return Snapshot(
            at=self._wall(),
            version=about.version,
            timezone=about.timezone,
            devices=[device_json(fact, statuses.get(fact.id)) for fact in facts if type(fact) is Device],
            readings=[change_of(fact) for fact in facts if type(fact) is Reading],
            role=role,
        )


class Client:
    """The place of one page: at most one frame waits in it."""

    def __init__(self, role: Role, noticed: int) -> None:
        self.role = role
        self.noticed = noticed  # number of the last notice that it was told
        self._frame = ""
        self._told: Told = "nothing"
        self._sending = False
        self._filled = asyncio.Event()
        self._filled.set()

    def offer(self, frame: str) -> None:
        """The next frame. A client that is not done with the one before becomes stale."""
        if self._told == "all" and not self._frame and not self._sending:
            self._frame = frame
        elif self._told == "all":
            self._told, self._frame = "stale", ""
        self._filled.set()

    async def ready(self) -> None:
        """Wait until there is something to send."""
        await self._filled.wait()

    def take(self) -> tuple[Told, str]:
        """What the client has been told so far, and the frame in its slot; call ``sent`` when it has gone."""
        told, frame = self._told, self._frame
        self._told, self._frame, self._sending = "all", "", True
        self._filled.clear()
        return told, frame

    def sent(self) -> None:
        self._sending = False


class _Gathered:
    """What came since the last frame: of each thing the newest."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.statuses: dict[str, Status] = {}
        self.readings: dict[Place, Reading] = {}
        self.notices: list[Notice] = []

    def take(self, facts: Sequence[Fact], newest: dict[Place, float]) -> bool:
        """Is there anything among these that pages show? ``newest`` says how old each point's reading is."""
        shown = False
        for fact in facts:
            match fact:
                case Reading():
                    place = (fact.device, fact.point)
                    if fact.at < newest.get(place, fact.at):
                        continue  # a late one; the newest is what people see
                    newest[place] = fact.at
                    self.readings[place] = fact
                case Status():
                    self.statuses[fact.device] = fact
                case Device():
                    self.devices[fact.id] = fact
                case Notice():
                    self.notices.append(fact)
                case _:
                    continue
            shown = True
        return shown


def _text(snapshot: Snapshot | None = None, changes: Changes | None = None) -> str:
    return msgspec.json.encode(Live(snapshot=snapshot, changes=changes)).decode()


async def _until_gone(socket: WebSocket) -> None:
    """A page has nothing to say; what it says anyway is let go of."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
