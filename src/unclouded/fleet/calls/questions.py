"""Questions to a hub: its own HTTP API, asked through the fleet's connection, marked with who answered.

Source: docs/protocols/fleet.md §9
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from unclouded.core.errors import CommandError, LinkError
from unclouded.fleet.calls.hub_link import HubRequests, HubSilent
from unclouded.uplink.messages import MessageError, Question, Reply, decode_message, encode_message

TIMEOUT_S = 15.0
LARGEST_QUESTION = 200 * 1024  # bytes of its body
LARGEST_BODY = 16 * 1024 * 1024  # bytes of an answer that is unpacked
MOST_AT_A_HUB = 4  # questions of all people at one hub at once; more wait
MOST = 200  # at all hubs


class HubAnswer(msgspec.Struct, frozen=True):
    """What a hub answered. ``hub``: who; ``at``: when it came (Unix s); ``status``: of HTTP."""

    hub: str
    at: float
    status: int
    content_type: str
    body: bytes


class HubQuestions:
    """Asks hubs, few questions at a time of each. ``wall``: Unix s."""

    def __init__(self, link: HubRequests, wall: Callable[[], float]) -> None:
        self._link = link
        self._wall = wall
        self._all = asyncio.Semaphore(MOST)
        self._hubs: dict[str, tuple[asyncio.Semaphore, int]] = {}  # those that are asked now; how many ask

    @property
    def asked_hubs(self) -> int:
        """How many hubs are asked now."""
        return len(self._hubs)

    async def ask(self, hub: str, question: Question, timeout_s: float = TIMEOUT_S) -> HubAnswer:
        """Raises HubAway, HubSilent, LinkError, and CommandError where the question is too large."""
        if len(question.body) > LARGEST_QUESTION:
            raise CommandError(
                f"The request has {len(question.body)} bytes; at most {LARGEST_QUESTION} are passed on to a hub."
            )
        try:
            async with asyncio.timeout(timeout_s), self._turn(hub), self._all:
                data = await self._link.request(f"down.{hub}.question", encode_message(question), timeout_s)
        except TimeoutError:
            raise HubSilent(f"The hub {hub} did not answer within {timeout_s:.0f} s.") from None
        return _answer(hub, self._wall(), data)

    @asynccontextmanager
    async def _turn(self, hub: str) -> AsyncIterator[None]:
        turn, count = self._hubs.get(hub, (None, 0))
        turn = turn or asyncio.Semaphore(MOST_AT_A_HUB)
        self._hubs[hub] = (turn, count + 1)
        try:
            async with turn:
                yield
        finally:
            count = self._hubs[hub][1] - 1
            if count:
                self._hubs[hub] = (turn, count)
            else:
                del self._hubs[hub]


def _answer(hub: str, at: float, data: bytes) -> HubAnswer:
    try:
        reply = decode_message(data)
    except MessageError as error:
        raise LinkError(f"The hub {hub} sent an answer that cannot be read: {error}.") from None
    if not isinstance(reply, Reply):
        raise LinkError(f"The hub {hub} sent something else than an answer.")
    body = _unpacked(hub, reply.body) if reply.packed else reply.body
    return HubAnswer(hub, at, reply.status, reply.content_type, body)


def _unpacked(hub: str, packed: bytes) -> bytes:
    """Raises LinkError where it is damaged or too large."""
    unpacking = zlib.decompressobj()
    try:
        body = unpacking.decompress(packed, LARGEST_BODY)
    except zlib.error as error:
        raise LinkError(f"The hub {hub} sent a damaged answer: {error}.") from None
    if not unpacking.eof:
        raise LinkError(f"The hub {hub} sent an answer that is cut off, or larger than {LARGEST_BODY} bytes.")
    return body
