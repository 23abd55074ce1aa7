"""Listening to a line without sending a byte: what comes at each setting, and which family it looks like."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from unclouded.app.onboarding.candidates import LineSetting
from unclouded.app.unknown.family_guess import RecognisedLine, recognise
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import Failure, LinkPath

LISTEN_S = 1.0  # s at each setting; a metering chip sends every 50 ms, a plug's console every few seconds
MOST_BYTES = 8_192  # that are kept of each setting
EVERY_S = 0.25  # s between two tries to recognise what came


class LineFindings(msgspec.Struct, frozen=True, kw_only=True):
    """``recognised`` None: nothing is certain. ``setting``: with which that, or most bytes came.

    ``received``: bytes at all settings. ``problem``: the link's.
    """

    recognised: RecognisedLine | None = None
    setting: LineSetting | None = None
    received: int = 0
    problem: str = ""


class ReceivedBytes:
    """An Inlet that keeps what comes, and why the link is down."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.problem = ""

    def up(self, path: LinkPath) -> None:
        self.problem = ""

    def down(self, path: str, reason: str) -> None:
        self.problem = reason

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        self.data = (self.data + data)[-MOST_BYTES:]

    def failed(self, id: int, why: Failure) -> None:
        """Nothing is sent."""


async def listen(
    open_link: Callable[[LineSetting], Link], settings: Sequence[LineSetting], listen_s: float = LISTEN_S
) -> LineFindings:
    """Listen with each of the settings until one of them gives frames. Raises ConfigError and LinkRefused."""
    counts: dict[LineSetting, int] = {}
    problem = ""
    for setting in settings:
        found, inlet = await _listen_once(open_link(setting), listen_s)
        counts[setting] = len(inlet.data)
        problem = inlet.problem
        if found is not None:
            return LineFindings(recognised=found, setting=setting, received=sum(counts.values()))
        if problem:
            break
    most = max(counts, key=lambda one: counts[one], default=None)
    return LineFindings(setting=most, received=sum(counts.values()), problem=problem)


async def _listen_once(link: Link, seconds: float) -> tuple[RecognisedLine | None, ReceivedBytes]:
    inlet, tried = ReceivedBytes(), 0
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    link.start(inlet)
    try:
        while (left := until - loop.time()) > 0 and not inlet.problem:
            await asyncio.sleep(min(EVERY_S, left))
            if len(inlet.data) > tried:
                tried = len(inlet.data)
                found = await asyncio.to_thread(recognise, bytes(inlet.data))
                if found is not None:
                    return found, inlet
    finally:
        await link.close()
    return None, inlet
