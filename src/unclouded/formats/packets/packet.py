"""What a capture holds: a packet as it was taken from its link, and the data in it."""

from collections.abc import Sequence

import msgspec


class CapturedPacket(msgspec.Struct, frozen=True, gc=False):
    """A packet. ``number``: from 1. ``t``: seconds since the first one; None = not known. ``link``: its LINKTYPE.

    ``line``: of the text that it stands in; 0 = it is from no text. ``direction``: "in" or "out", where it is recorded.
    """

    number: int
    t: float | None
    link: int
    data: bytes
    line: int = 0
    direction: str = ""


class DataSegment(msgspec.Struct, frozen=True, gc=False):
    """The data of a packet. ``source``, ``target``: address and port as text; equal text is the same end.

    ``sequence``: of TCP; None = the segments are in order. ``opens``: it opens a connection ("client", "server").
    """

    number: int
    t: float | None
    source: tuple[str, int]
    target: tuple[str, int]
    data: bytes
    sequence: int | None = None
    opens: str = ""
    line: int = 0
    protocol: str = "tcp"


class PacketProblems:
    """What is not as it should be, counted. ``texts``: for people."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._said: list[str] = []

    def count(self, reason: str) -> None:
        """One more packet with this problem."""
        self._counts[reason] = self._counts.get(reason, 0) + 1

    def say(self, text: str) -> None:
        """Adds a sentence that is shown as it is, before the counts."""
        self._said.append(text)

    @property
    def texts(self) -> Sequence[str]:
        """Sentences that were added, then one for each reason, with how many packets it was."""
        counted = (f"{count} packet{'s' if count > 1 else ''}: {reason}" for reason, count in self._counts.items())
        return [*self._said, *counted]
