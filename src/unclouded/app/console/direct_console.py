"""A console that no hub holds: its session, driven on a link by this process.

async with DirectConsole("serial:///dev/ttyUSB0", listener) as console:
    await console.wait_until_ready(10.0)
    end = await console.run(WireAction("console", {"command": "meross mem"}))
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from unclouded.app.console.connection import ConsoleListener, ConsoleStatus
from unclouded.app.driven_session import DrivenSession
from unclouded.app.protocols import profile_library
from unclouded.core.errors import LinkError
from unclouded.core.model import Outcome
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    Identified,
    Logged,
    Noticed,
    Offline,
    Online,
    Reported,
    Waiting,
    WireAction,
)
from unclouded.families.meross.console import FAMILY
from unclouded.families.meross.console.controller.command_lists import OfferedCommand
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.hub.clock import WallClock
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.links import open_link

NOT_OPEN = "The link could not be opened in time"


class DirectConsole:
    """Use it as an async context manager. ``polls``: values are read too, for a status line.

    Raises ConfigError where the address of the link is wrong.
    """

    def __init__(
        self, link: str, listener: ConsoleListener | None = None, base: Path | None = None, polls: bool = False
    ) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._clock = WallClock(loop.time)
        self.status = ConsoleStatus(name=link)
        self._session = ConsoleSession(ConsoleSettings(polls=polls), Ambient(self._clock.at, os.urandom))
        opened = open_link(link, baud=FAMILY.baud, parity=FAMILY.parity, base=base)
        self._driven = DrivenSession(self._session, opened, self._on_events, "console.driver")
        self._listener = listener or ConsoleListener()
        self._interpreter = Interpreter(link, profile_library().get(FAMILY.generic), DeviceEnergy("", {}))
        self._ready = asyncio.Event()

    def offered(self) -> Sequence[OfferedCommand]:
        return self._session.offered()

    async def ended(self) -> None:
        assert self._driven.task is not None
        await asyncio.wait({self._driven.task})
        self._driven.task.result()

    async def wait_until_ready(self, timeout_s: float) -> None:
        """Until the console has shown its prompt. Raises LinkError with the reason where it does not."""
        ready = asyncio.ensure_future(self._ready.wait())
        task = self._driven.task
        assert task is not None
        try:
            await asyncio.wait({ready, task}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if task.done():
            task.result()
        if not self._ready.is_set():
            raise LinkError(self.status.reason or f"{NOT_OPEN}: is the adapter connected, and the port free?")

    async def run(self, action: WireAction) -> Outcome:
        began = self._loop.time()
        end = await self._driven.run(action)
        return Outcome(end.result, end.reason, round((self._loop.time() - began) * 1000, 1), end.answer)

    async def __aenter__(self) -> Self:
        self._driven.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._driven.stop()

    def _on_events(self, events: Sequence[Event], now: float) -> None:
        status, listener = self.status, self._listener
        for event in events:
            match event:
                case Online():
                    self._ready.set()
                    status.enter("online", "", listener)
                case Waiting(reason=reason):
                    self._ready.clear()
                    status.enter("waiting", reason, listener)
                case Offline(reason=reason):
                    self._ready.clear()
                    status.enter("offline", reason, listener)
                case Identified(info=info):
                    status.describe(info, listener)
                case Reported():
                    for reading in self._interpreter.readings(event, self._clock.at(now)):
                        status.read(reading.point, reading.value, reading.at)
                case Logged():
                    listener.logged(event)
                case Noticed(reason=reason):
                    listener.noticed(reason)
