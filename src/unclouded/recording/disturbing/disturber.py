"""A disturbed line between two real ends: a bridge whose two directions have faults, and the timers of what is delayed.

end A ◄──► Side "controller" ═══ DisturbedDirection ═══►═══ Side "device" ◄──► end B
                             ═══◄═══ DisturbedDirection ═══
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from unclouded.core.family import Sender
from unclouded.core.sessions.link import Link
from unclouded.recording.bridge import Bridge, BridgeObserver
from unclouded.recording.disturbing.direction import DisturbedDirection


class DisturberObserver(BridgeObserver, Protocol):
    """Receives the events of a disturbed line. No method may block or raise."""

    def passed_on(self, sender: Sender, data: bytes) -> None:
        """What was passed on of what ``sender`` sent."""


class Disturber:
    """``links``: to each end. ``directions``: the faults of what each end sends, in seconds of the loop's clock."""

    def __init__(
        self,
        links: Mapping[Sender, Link],
        directions: Mapping[Sender, DisturbedDirection],
        observer: DisturberObserver,
    ) -> None:
        self._directions = directions
        self._observer = observer
        self._bridge = Bridge(links, observer, hold=self._receive)
        self._timers: dict[Sender, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """In a running loop. Raises LinkRefused where an end cannot be opened; call ``close`` then, too."""
        self._loop = asyncio.get_running_loop()
        self._bridge.start()

    async def close(self) -> None:
        """What is still delayed is not passed on."""
        for timer in self._timers.values():
            timer.cancel()
        await self._bridge.close()

    def _receive(self, sender: Sender, data: bytes) -> None:
        self._directions[sender].receive(data, self._loop.time())
        self._pass_on(sender)

    def _pass_on(self, sender: Sender) -> None:
        """Pass on what is due, and wait for the next."""
        direction = self._directions[sender]
        for piece in direction.take(self._loop.time()):
            self._bridge.pass_on(sender, piece)
            self._observer.passed_on(sender, piece)
        timer = self._timers.pop(sender, None)
        if timer is not None:
            timer.cancel()
        at = direction.deadline()
        if at is not None:
            self._timers[sender] = self._loop.call_at(at, self._pass_on, sender)
