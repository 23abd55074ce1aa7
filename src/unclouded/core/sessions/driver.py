"""Drives one session on its link, for every family and both roles. All waiting of a conversation happens here.

    link ──received, up, down, failed──► session ──events──► on_events
    link ◄──────────────send──────────── session.outgoing()         the timer waits for session.deadline()

Bytes, paths, commands and deadlines go to the session at once; its events and its output are passed on in the same turn
of the event loop.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.recent_chunks import RecentChunks
from unclouded.core.sessions.session import Answer, Event, Failure, LinkPath, Refusal, Session, SessionCommand, Ticket
from unclouded.core.sessions.session_parts import succeed
from unclouded.core.system.supervise import Fault

OnEvents = Callable[[Sequence[Event], float], None]


class Driver(Inlet):
    """Drives ``session`` on ``link`` and passes its events to ``on_events(events, now)``.

    ``recent``: gets every chunk that is sent or received. It belongs to the caller and may outlive this driver.
    """

    def __init__(self, session: Session, link: Link, on_events: OnEvents, recent: RecentChunks | None = None) -> None:
        self._session = session
        self._recent = recent
        self._link = link
        self._on_events = on_events
        self._loop = asyncio.get_running_loop()
        self._fault = Fault()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._paths: set[str] = set()
        self._closed = False

    async def run(self) -> None:
        """Run until cancelled. Raises LinkRefused, and the exception of a callback that failed."""
        try:
            self._link.start(self)
            await self._fault.wait()
        finally:
            await self._close()

    def submit(self, command: SessionCommand) -> Ticket:
        """Begin a command now. Raises CommandError."""
        now = self._loop.time()
        ticket = self._session.submit(command, now)
        self._pump(now)
        return ticket

    def answer(self, id: int, value: Answer | Refusal) -> None:
        """Answer a question. May be called from within ``on_events``."""
        if not self._closed:
            self._take(lambda now: self._session.answer(id, value, now))

    def stats(self) -> Mapping[str, float]:
        """The statistics of the wire, as the session counts them."""
        return self._session.stats()

    # --- Inlet ---------------------------------------------------------------------------------

    def up(self, path: LinkPath) -> None:
        """Passes on to the session that a path can be used."""
        self._paths.add(path.name)
        self._mark(path.name)
        self._take(lambda now: self._session.up(path, now))

    def down(self, path: str, reason: str) -> None:
        """Passes on to the session that a path is gone, and why."""
        self._paths.discard(path)
        self._mark(path)
        self._take(lambda now: self._session.down(path, reason, now))

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        """Passes bytes of the other end to the session, and its events and output on at once."""
        now = self._loop.time()
        if self._recent is not None:
            self._recent.put((now, False, path, data))
        with self._fault:
            events = self._session.receive(data, now, path, re)
            if events:
                self._pass_on(events, now)
            self._pump(now)

    def failed(self, id: int, why: Failure) -> None:
        """Passes on to the session that the datagram with this id gets no answer."""
        self._take(lambda now: self._session.failed(id, why, now))

    # --- inside --------------------------------------------------------------------------------

    def _take(self, call: Callable[[float], Sequence[Event]]) -> None:
        now = self._loop.time()
        with self._fault:
            events = call(now)
            if events:
                self._pass_on(events, now)
            self._pump(now)

    def _pass_on(self, events: Sequence[Event], now: float) -> None:
        """Pass events on; from a Replaced on, its session is driven."""
        self._session, events = succeed(self._session, events)
        if events:
            self._on_events(events, now)

    def _pump(self, now: float) -> None:
        """Send the session's output and set the timer for its next deadline."""
        for out in self._session.outgoing(now):
            if self._recent is not None and out.data:
                self._recent.put((now, True, out.path, out.data))
            self._link.send(out)
        at = self._session.deadline()
        if at is not None and (self._timer_at is None or at < self._timer_at) and not self._closed:
            self._wake_at(at)

    def _wake_at(self, at: float) -> None:
        """Set the timer, or move it to an earlier time. It is never put off: if it fires early, it is set again."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._tick, at)

    def _mark(self, path: str) -> None:
        """Mark in the chunks that a path came up or went down."""
        if self._recent is not None:
            self._recent.put((self._loop.time(), False, path, b""))

    def _tick(self, at: float) -> None:
        self._timer = self._timer_at = None
        # Some loops wake a little early: what was due at ``at`` is due now.
        now = max(self._loop.time(), at)
        with self._fault:
            due = self._session.deadline()
            if due is not None and due <= now:
                events = self._session.tick(now)
                if events:
                    self._pass_on(events, now)
            self._pump(now)

    async def _close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await self._link.close()
        now = self._loop.time()
        for path in sorted(self._paths):
            events = self._session.down(path, "the hub closed the link", now)
            if events:
                self._pass_on(events, now)
        self._paths.clear()
