"""A console that no hub holds: its session, driven on a link by this process.

async with DirectConsole("serial:///dev/ttyUSB0", on_log) as console:
    await console.wait_until_ready(10.0)
    end = await console.run(WireAction("console", {"command": "meross mem"}), 10.0)
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from unclouded.core.driver import Driver
from unclouded.core.errors import LinkError
from unclouded.core.model import Outcome
from unclouded.core.session import (
    Ambient,
    Event,
    Logged,
    Noticed,
    Offline,
    Online,
    Settled,
    Waiting,
    WireAction,
)
from unclouded.families.meross.console import FAMILY
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.hub.clock import WallClock
from unclouded.links import open_link

OnLog = Callable[[Logged], None]

NOT_OPEN = "The link could not be opened in time"


class DirectConsole:
    """Use it as an async context manager. ``on_log`` gets each line that the board prints by itself.

    Raises ConfigError where the address of the link is wrong.
    """

    def __init__(self, link: str, on_log: OnLog = lambda line: None, base: Path | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.session = ConsoleSession(ConsoleSettings(polls=False), Ambient(WallClock(loop.time).at, os.urandom))
        opened = open_link(link, baud=FAMILY.baud, parity=FAMILY.parity, base=base)
        self._driver = Driver(self.session, opened, self._on_events)
        self._on_log = on_log
        self._ready = asyncio.Event()
        self._reason = ""
        self._waiting: dict[int, asyncio.Future[Settled]] = {}
        self._task: asyncio.Task[None] | None = None

    async def wait_until_ready(self, timeout_s: float) -> None:
        """Until the console has shown its prompt. Raises LinkError with the reason where it does not."""
        ready = asyncio.ensure_future(self._ready.wait())
        assert self._task is not None
        try:
            await asyncio.wait({ready, self._task}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._task.done():
            self._task.result()
        if not self._ready.is_set():
            raise LinkError(self._reason or f"{NOT_OPEN}: is the adapter connected, and the port free?")

    async def run(self, action: WireAction, timeout_s: float | None = None) -> Outcome:
        """Run an action to its end. Raises CommandError for one that is invalid."""
        began = self._loop.time()
        ticket = self._driver.submit(action)
        ended: asyncio.Future[Settled] = self._loop.create_future()
        self._waiting[ticket] = ended
        try:
            async with asyncio.timeout(timeout_s):
                end = await ended
        except TimeoutError:
            return Outcome("timeout", f"No answer within {timeout_s:g} s.", self._ms_since(began))
        finally:
            del self._waiting[ticket]
        return Outcome(end.result, end.reason, self._ms_since(began), end.answer)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._driver.run(), name="console.driver")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})

    def _ms_since(self, began: float) -> float:
        return round((self._loop.time() - began) * 1000, 1)

    def _on_events(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            match event:
                case Settled(ticket=ticket) if ticket in self._waiting and not self._waiting[ticket].done():
                    self._waiting[ticket].set_result(event)
                case Online():
                    self._ready.set()
                case Waiting(reason=reason) | Offline(reason=reason):
                    self._reason = reason
                    self._ready.clear()
                case Logged():
                    self._on_log(event)
                case Noticed(reason=reason):
                    self._on_log(Logged(reason, source="hub"))
