"""One session on its link, for every family and both roles: the only waiting that a conversation does.

Each thing that happens (bytes, a way up or down, a wish, a deadline) is handed to the session at once,
its events go out, and what it wants to say goes to the link, all in the same turn of the loop.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from unclouded.core.link import Inlet, Link
from unclouded.core.recent_chunks import RecentChunks
from unclouded.core.session import Answer, Event, Failure, LinkPath, Refusal, Session, SessionCommand, Ticket
from unclouded.core.session_parts import succeed
from unclouded.core.supervise import Fault

OnEvents = Callable[[Sequence[Event], float], None]


class Driver(Inlet):
    """Drives ``session`` on ``link`` and tells ``on_events`` (events, now) what came of it.

    ``tape``: takes down what is said. It belongs to whoever made it, and may outlive this driver.
    """

    def __init__(self, session: Session, link: Link, on_events: OnEvents, tape: RecentChunks | None = None) -> None:
        self._session = session
        self._tape = tape
        self._link = link
        self._on_events = on_events
        self._loop = asyncio.get_running_loop()
        self._fault = Fault()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._paths: set[str] = set()
        self._closed = False

    async def run(self) -> None:
        """Until cancelled. Raises what went wrong inside a callback, and LinkRefused."""
        try:
            self._link.start(self)
            await self._fault.wait()
        finally:
            await self._close()

    def submit(self, command: SessionCommand) -> Ticket:
        """Begin a wish now. Raises CommandError."""
        now = self._loop.time()
        ticket = self._session.submit(command, now)
        self._pump(now)
        return ticket

    def answer(self, id: int, value: Answer | Refusal) -> None:
        """Answer an Asked. Safe to call from within ``on_events``."""
        if not self._closed:
            self._take(lambda now: self._session.answer(id, value, now))

    def stats(self) -> Mapping[str, float]:
        return self._session.stats()

    # --- Inlet ---------------------------------------------------------------------------------

    def up(self, path: LinkPath) -> None:
        self._paths.add(path.name)
        self._border(path.name)
        self._take(lambda now: self._session.up(path, now))

    def down(self, path: str, reason: str) -> None:
        self._paths.discard(path)
        self._border(path)
        self._take(lambda now: self._session.down(path, reason, now))

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        now = self._loop.time()
        if self._tape is not None:
            self._tape.put((now, False, path, data))
        with self._fault:
            events = self._session.receive(data, now, path, re)
            if events:
                self._pass_on(events, now)
            self._pump(now)

    def failed(self, id: int, why: Failure) -> None:
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
        """Report events; a session that was replaced is let go."""
        self._session, events = succeed(self._session, events)
        if events:
            self._on_events(events, now)

    def _pump(self, now: float) -> None:
        """Send what the session wants to send and wait for its next deadline."""
        for out in self._session.outgoing(now):
            if self._tape is not None and out.data:
                self._tape.put((now, True, out.path, out.data))
            self._link.send(out)
        at = self._session.deadline()
        if at is not None and (self._timer_at is None or at < self._timer_at) and not self._closed:
            self._wake_at(at)

    def _wake_at(self, at: float) -> None:
        """A timer that runs is moved only to an earlier time: one that fires early looks again. Most are put off."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._tick, at)

    def _border(self, path: str) -> None:
        if self._tape is not None:
            self._tape.put((self._loop.time(), False, path, b""))

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
