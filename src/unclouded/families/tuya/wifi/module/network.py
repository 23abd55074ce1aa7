"""Which network status an MCU is sent: the real one, or that of pairing for a while after a reset.

    04 cloud ──reset (04, 05)──► 00, 01 or 06 pairing ──2a, or the time is over──► 02 ─► 03 ─► 04 cloud

Source: docs/protocols/tuya_wifi.md §2.4.6, §2.4.7.
"""

from collections.abc import Iterable

from unclouded.core.sessions.session import Network

CONNECTING = (Network.NO_ROUTER.value, Network.ROUTER.value)


class ShownNetwork:
    """``pairing``: what is sent instead of the real status; None = nothing."""

    def __init__(self) -> None:
        self.pairing: int | None = None
        self._real = Network.CLOUD.value

    @property
    def status(self) -> int:
        return self.status_while(self.pairing)

    def status_while(self, pairing: int | None) -> int:
        """The same for another state of ``pairing``."""
        return self._real if pairing is None else pairing

    def change(self, status: int) -> bool:
        """How the network really is; True = the MCU is to be sent another status."""
        changed, self._real = status != self._real, status
        return changed and self.pairing is None

    def before(self, states: Iterable[int]) -> list[int]:
        """Those of these states that may be sent before the status: not it itself, and no better one."""
        cloud = self.status == Network.CLOUD.value
        return [state for state in states if state != self.status and (state != Network.ROUTER.value or cloud)]

    def connect(self) -> list[int]:
        """Pairing is over: what the MCU is sent, one after the other."""
        self.pairing = None
        return [*self.before(CONNECTING), self._real]
