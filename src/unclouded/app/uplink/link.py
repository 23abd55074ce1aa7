"""The hub's connection to the fleet: what it sends, each message noted as it was sent.

Source: docs/protocols/fleet.md §1
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from unclouded.app.uplink.membership import Membership
from unclouded.app.uplink.sent_log import SentLog, SentMessage
from unclouded.core.errors import StoreError
from unclouded.core.security.nkeys import NKey
from unclouded.links.nats.client import NatsClient, NatsReply
from unclouded.links.nats.connection import NatsIdentity
from unclouded.links.nats.wire import NatsMessage

log = logging.getLogger("unclouded.uplink")

NOTE_S = 1.0  # s between two writes of the log of what was sent
MOST_UNNOTED = 500  # messages; the disk is full or very slow
LONGEST_NOTED = 1024 * 1024


class FleetLink:
    """``membership``: the newest, for its token. ``changed``: the connection has come up or gone.

    Every message goes through here, so that the log has each of them. ``wall``: Unix s.
    """

    def __init__(
        self,
        membership: Callable[[], Membership],
        key: NKey,
        sent: SentLog,
        wall: Callable[[], float],
        ping_s: float,
        changed: Callable[[], None],
    ) -> None:
        known = membership()
        self.hub = known.hub
        identity = NatsIdentity(
            name=known.hub, token=lambda: membership().token, sign=key.sign, authority=known.authority
        )
        self.client = NatsClient(known.servers, identity, f"_INBOX.{known.hub}", ping_s, changed)
        self.messages = self.bytes = self.unnoted = 0
        self._sent = sent
        self._wall = wall
        self._notes: deque[SentMessage] = deque(maxlen=MOST_UNNOTED)
        self._problem = ""

    @property
    def is_up(self) -> bool:
        return self.client.state.state == "connected"

    def listen(self, what: str, received: Callable[[NatsMessage], None]) -> None:
        """Get what the fleet sends to ``down.HUB.WHAT``."""
        self.client.subscribe(f"down.{self.hub}.{what}", received)

    async def request(self, subject: str, data: bytes, timeout_s: float) -> NatsReply:
        """Send, and wait for an answer."""
        self._note(subject, data)
        return await self.client.request(subject, data, timeout_s)

    def publish(self, subject: str, data: bytes) -> bool:
        """Whether it was given to the network."""
        if not self.is_up or not self.client.publish(subject, data):
            return False
        self._note(subject, data)
        return True

    async def run_notes(self) -> None:
        """Write the log of what was sent, until cancelled."""
        try:
            while True:
                await asyncio.sleep(NOTE_S)
                await self._write()
        finally:
            await self._write()

    # --- inside --------------------------------------------------------------------------------

    def _note(self, subject: str, data: bytes) -> None:
        if not self.is_up:
            return
        self.messages += 1
        self.bytes += len(data)
        self.unnoted += len(self._notes) == MOST_UNNOTED
        self._notes.append(SentMessage(self._wall(), subject, data))

    async def _write(self) -> None:
        notes = list(self._notes)
        if not notes:
            return
        self._notes.clear()
        try:
            await asyncio.to_thread(self._sent.add, notes)
            self._problem = ""
        except StoreError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                log.warning("The log of sent messages cannot be written: %s", error)
