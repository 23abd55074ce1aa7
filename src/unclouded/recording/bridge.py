"""A bridge: two wires joined as if they were one, and somebody who hears what goes over it.

    Wi-Fi module ◄──► Side "controller" ═══ the same bytes, at once ═══ Side "device" ◄──► MCU
                                  └──────────► Witness.heard ◄──────────┘

Nothing is framed, held back or repaired on its way across: what comes in on one side is sent on the other in the
same turn of the loop, and only then the witness hears of it. What comes for a side that is down, or that takes no
more, is dropped and counted, as on a cut wire; an old frame delivered late would mean something else. Without
``forward`` the sides are two taps (or one), and nothing is ever sent.
"""

from collections.abc import Mapping
from typing import Protocol

from unclouded.core.family import Sender
from unclouded.core.link import Inlet, Link
from unclouded.core.session import Failure, LinkPath, Out


class BridgeObserver(Protocol):
    """Who hears what goes over a bridge. None of it may wait or raise."""

    def heard(self, sender: Sender, data: bytes, path: str = "") -> None: ...
    def up(self, sender: Sender) -> None:
        """That side's wire is there (again)."""

    def down(self, sender: Sender, reason: str) -> None:
        """It is gone, or not there yet; its link dials on."""

    def dropped(self, sender: Sender, size: int) -> None:
        """So many bytes for that side were not taken."""


class Bridge:
    """``sides``: the wire to each of the two ends."""

    def __init__(self, sides: Mapping[Sender, Link], witness: BridgeObserver, *, forward: bool = True) -> None:
        self._witness = witness
        self._sides = {sender: Side(sender, link, witness) for sender, link in sides.items()}
        if forward:
            one, other = self._sides.values()
            one.peer, other.peer = other.link, one.link

    def start(self) -> None:
        """Raises LinkRefused where a side can never be had; ``close`` it then, too."""
        for side in self._sides.values():
            side.link.start(side)

    async def close(self) -> None:
        for side in self._sides.values():
            await side.link.close()


class Side(Inlet):
    """One end of a bridge. ``peer``: where to send on what comes in here."""

    def __init__(self, sender: Sender, link: Link, witness: BridgeObserver) -> None:
        self.link = link
        self.peer: Link | None = None
        self._sender: Sender = sender
        self._witness = witness

    def up(self, path: LinkPath) -> None:
        self._witness.up(self._sender)

    def down(self, path: str, reason: str) -> None:
        self._witness.down(self._sender, reason)

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        if self.peer is not None:
            self.peer.send(Out(data, id=len(data)))  # all that is to be known of a lost chunk is its length
        self._witness.heard(self._sender, data, path)

    def failed(self, id: int, why: Failure) -> None:
        self._witness.dropped(self._sender, id)
