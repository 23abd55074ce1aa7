"""A bridge: forwards bytes between two links, and reports them to an observer.

    Wi-Fi module ◄──► Side "controller" ═══ the same bytes, at once ═══ Side "device" ◄──► MCU
                                  └──────► BridgeObserver.received ◄────┘

Bytes are forwarded unchanged and unframed in the same loop iteration in which they are received, and only then
reported to the observer. Bytes for a side that is down or whose buffer is full are dropped and counted: a frame
delivered late could be misread. Without ``forward`` the bridge only listens, on one side or two, and sends nothing.
With ``hold`` something else decides what is forwarded, and when, by ``pass_on``.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from unclouded.core.family import Sender
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out


class BridgeObserver(Protocol):
    """Receives the events of a bridge. No method may block or raise."""

    def received(self, sender: Sender, data: bytes, path: str = "") -> None:
        """Bytes of one side, as they arrived; ``path``: the way that they came on, where a link has several."""

    def up(self, sender: Sender) -> None:
        """The link of that side is up (again)."""

    def down(self, sender: Sender, reason: str) -> None:
        """The link of that side is down; it redials by itself."""

    def dropped(self, sender: Sender, size: int) -> None:
        """``size`` bytes for that side were dropped."""


class Bridge:
    """``sides``: the link to each of the two ends. ``hold``: called with what a side sent, instead of forwarding it."""

    def __init__(
        self,
        sides: Mapping[Sender, Link],
        observer: BridgeObserver,
        *,
        forward: bool = True,
        hold: Callable[[Sender, bytes], None] | None = None,
    ) -> None:
        self._observer = observer
        self._sides = {sender: Side(sender, link, observer, hold) for sender, link in sides.items()}
        if forward:
            one, other = self._sides.values()
            one.peer, other.peer = other.link, one.link

    def start(self) -> None:
        """Raises LinkRefused where a side cannot be opened; call ``close`` then, too."""
        for side in self._sides.values():
            side.link.start(side)

    def pass_on(self, sender: Sender, data: bytes) -> None:
        """Send to the other side as if ``sender`` had sent it."""
        self._sides[sender].pass_on(data)

    async def close(self) -> None:
        """Close both links."""
        for side in self._sides.values():
            await side.link.close()


class Side(Inlet):
    """One end of a bridge. ``peer``: the link to which received bytes are forwarded."""

    def __init__(
        self, sender: Sender, link: Link, observer: BridgeObserver, hold: Callable[[Sender, bytes], None] | None
    ) -> None:
        self.link = link
        self.peer: Link | None = None
        self._sender: Sender = sender
        self._observer = observer
        self._hold = hold

    def up(self, path: LinkPath) -> None:
        self._observer.up(self._sender)

    def down(self, path: str, reason: str) -> None:
        self._observer.down(self._sender, reason)

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        if self._hold is not None:
            self._hold(self._sender, data)
        else:
            self.pass_on(data)
        self._observer.received(self._sender, data, path)

    def pass_on(self, data: bytes) -> None:
        """Send what the other side has sent."""
        if self.peer is not None:
            self.peer.send(Out(data, id=len(data)))  # the id is the length: ``failed`` reports it

    def failed(self, id: int, why: Failure) -> None:
        self._observer.dropped(self._sender, id)
