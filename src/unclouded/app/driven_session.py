"""A session of its own on a link, driven by this process: one action after the other to its end.

driven = DrivenSession(session, link, on_events, "setup.10.10.10.1")
driven.start()
end = await driven.run(WireAction("scan", {}))
await driven.stop()
"""

import asyncio
from collections.abc import Sequence

from unclouded.core.sessions.driver import Driver, OnEvents
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import Event, Session, SessionCommand, Settled, Ticket


class DrivenSession:
    """``on_events`` receives every event but the ends of what ``run`` waits for. ``name``: of the task."""

    def __init__(self, session: Session, link: Link, on_events: OnEvents, name: str) -> None:
        self.driver = Driver(session, link, self._on_events)
        self.task: asyncio.Task[None] | None = None
        self._listener = on_events
        self._name = name
        self._waiting: dict[Ticket, asyncio.Future[Settled]] = {}

    def start(self) -> asyncio.Task[None]:
        """Runs the driver in a task, which ends with ``stop`` or an error of the link. Needs a running loop."""
        self.task = asyncio.create_task(self.driver.run(), name=self._name)
        return self.task

    async def stop(self) -> asyncio.Task[None] | None:
        """End the driver. Returns its task, which may have ended with an error; None = it was never started."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait({self.task})
        return self.task

    async def run(self, command: SessionCommand) -> Settled:
        """Submit a command and wait for its end. Raises CommandError for invalid arguments."""
        ticket = self.driver.submit(command)
        ended: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = ended
        try:
            return await ended
        finally:
            del self._waiting[ticket]

    def _on_events(self, events: Sequence[Event], now: float) -> None:
        others = [event for event in events if not self._is_end(event)]
        if others:
            self._listener(others, now)

    def _is_end(self, event: Event) -> bool:
        """Whether it is the end of what ``run`` waits for; it has it now."""
        ended = self._waiting.get(event.ticket) if isinstance(event, Settled) else None
        if ended is None or not isinstance(event, Settled):
            return False
        if not ended.done():
            ended.set_result(event)
        return True
