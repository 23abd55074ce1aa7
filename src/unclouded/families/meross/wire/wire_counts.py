"""Counts of one end of the wire, and how it rejects what it cannot use: never with a secret in it."""

from collections import Counter
from collections.abc import Mapping

from unclouded.core.family import Sender
from unclouded.core.sessions.session import Event, Rejected
from unclouded.core.sessions.session_parts import count_noise
from unclouded.families.meross.wire.redact import redact

SHOWN = 200  # bytes of a bad message that are handed on


class WireCounts:
    """``peer``: who sends what this end receives."""

    def __init__(self, peer: Sender) -> None:
        self._peer: Sender = peer
        self._counts: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        """Count so many more of a name."""
        self._counts[name] += count

    def rejected(self, reason: str, data: bytes = b"") -> Event:
        """Reject a message; ``data`` is counted as noise."""
        self._counts["rejected"] += 1
        if data:
            count_noise(self._counts, reason, len(data))
        return Rejected(reason, redact(self._peer, data[:SHOWN]))

    def stats(self) -> Mapping[str, float]:
        """The counts; a datagram that is not a message counts as noise."""
        return {"frames_in": 0, "frames_out": 0, "noise_bytes": 0, **self._counts}
