"""A conversation with one plug during its set-up: one action after the other over HTTP."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from types import TracebackType
from typing import Self

from unclouded.app.driven_session import DrivenSession
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    AskClock,
    Asked,
    Event,
    Noticed,
    Refusal,
    Settled,
    WireAction,
)
from unclouded.families.meross.setup.scripts import SetupSettings
from unclouded.families.meross.setup.session import PlugSetup
from unclouded.hub.clock import WallClock
from unclouded.hub.services.zone import clock_time
from unclouded.links.http.link import HttpLink, open_http
from unclouded.links.url import parse

Progress = Callable[[str], None]


class SetupConversation:
    """Use it as an async context manager. ``address``: a host or HOST:PORT. ``progress`` gets each request as text.

    Raises ConfigError where the address is wrong.
    """

    def __init__(
        self, address: str, settings: SetupSettings, zone: tzinfo, timeout_s: float, progress: Progress
    ) -> None:
        loop = asyncio.get_running_loop()
        self._clock = WallClock(loop.time)
        self._link = link_to(address, timeout_s)
        self.session = PlugSetup(settings, Ambient(self._clock.at, os.urandom))
        self._zone = zone
        self._progress = progress
        self._driven = DrivenSession(self.session, self._link, self._on_events, f"setup.{self._link.place}")

    def wait_for_answers(self, timeout_s: float) -> None:
        """From now on an answer may take that long."""
        self._link.timeout = timeout_s

    async def do(self, action: str, **args: str) -> Settled:
        """Run an action to its end. Raises CommandError for invalid arguments."""
        return await self._driven.run(WireAction(action, args))

    async def __aenter__(self) -> Self:
        task = self._driven.start()
        try:
            await asyncio.sleep(0)  # the link is up
        except asyncio.CancelledError:  # __aexit__ is not called then
            task.cancel()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task = await self._driven.stop()
        if task is not None and not task.cancelled():
            task.result()

    def _on_events(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            match event:
                case Advanced(words=words) | Noticed(reason=words):
                    self._progress(words)
                case Asked(id=id, question=AskClock()) if self._clock.trusted():
                    self._driven.driver.answer(id, clock_time(time.time(), self._zone))
                case Asked(id=id):
                    self._driven.driver.answer(id, Refusal("The clock of this computer is not set."))


def link_to(address: str, timeout_s: float) -> HttpLink:
    """The link to a plug at HOST or HOST:PORT, also written as a URL. Raises CommandError and ConfigError."""
    place = address.strip().removeprefix("http://").rstrip("/")
    if not place or "/" in place or "?" in place:
        raise CommandError(f"{address!r} is not an address of a plug. Write 192.168.1.40, or 192.168.1.40:80.")
    link = open_http(parse(f"http://{place}?timeout={timeout_s:g}"), 0, Path())
    assert isinstance(link, HttpLink)
    return link
