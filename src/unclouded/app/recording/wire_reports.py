"""The states of the two wires of a bridge as sentences: open, closed, and whether an end accepts its bytes."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from unclouded.core.family import Sender

QUIET_S = 10.0  # s between two reports about bytes that one side does not accept


class RejectedBytes(msgspec.Struct, kw_only=True):
    """Bytes that one side did not accept. ``spell``: since it last accepted any; ``reported``: to the user."""

    bytes: int = 0
    spell: int = 0
    reported: bool = False
    quiet_until: float = 0.0


class WireReports:
    """``names``: of the sides. ``report``: takes one sentence about a wire, in the loop."""

    def __init__(self, names: Mapping[Sender, str], report: Callable[[str], None]) -> None:
        self._names = names
        self._report = report
        self._rejected: dict[Sender, RejectedBytes] = {sender: RejectedBytes() for sender in names}
        self._been_up: set[Sender] = set()
        self._up: set[Sender] = set()

    def rejected(self, sender: Sender) -> int:
        """Bytes for that side that were dropped, because it did not accept them."""
        return self._rejected[sender].bytes

    def received(self, sender: Sender) -> None:
        """That side has sent something, so it accepts bytes again."""
        if self._rejected[sender].reported:
            self._report_side(sender, "is received again", self._rejected[sender])

    def up(self, sender: Sender) -> None:
        again = " again" if sender in self._been_up else ""
        self._been_up.add(sender)
        self._up.add(sender)
        self._report_side(sender, f"the line is open{again}", self._rejected[sender])

    def down(self, sender: Sender, reason: str) -> None:
        self._up.discard(sender)
        self._report_side(sender, f"{reason} Waiting for it.")

    def dropped(self, sender: Sender, size: int) -> None:
        rejected = self._rejected[sender]
        rejected.bytes += size
        rejected.spell += size
        now = asyncio.get_running_loop().time()
        if sender in self._up and not rejected.reported and now >= rejected.quiet_until:
            rejected.reported, rejected.quiet_until = True, now + QUIET_S
            self._report_side(sender, "accepts nothing now; bytes for it are dropped")

    def _report_side(self, sender: Sender, text: str, rejected: RejectedBytes | None = None) -> None:
        """Report the state of a side's wire; with ``rejected``: and how many bytes it has missed."""
        if rejected is not None and rejected.spell:
            text += f"; {rejected.spell:,} bytes for it were dropped meanwhile"
            rejected.spell, rejected.reported = 0, False
        name = f"{self._names[sender]}: " if len(self._names) > 1 else ""
        self._report(name + text)
