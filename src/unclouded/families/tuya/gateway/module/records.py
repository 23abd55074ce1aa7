"""Records of sub-devices, such as who opened a lock and when: stored before they are acknowledged, each of them once.

    2c ─► when? ─► Reported(at=…) ─► stored? ─► 2c 00            its answer was lost: it again ─► 2c 00, no more
       └─ no time, or a sub-device that is not known ─► 2c 01

What makes a record the same is its time, its sub-device and its data points. The newest of each sub-device are known
over restarts too. Source: docs/protocols/tuya_gateway.md §2.4.5.
"""

import hashlib
from collections.abc import Mapping

from unclouded.core.sessions.session import Event, Remember

KEPT = 64  # records of each sub-device that are known again
MOST = 256  # sub-devices whose records are known; those that left are among them, for they may come back
DIGEST = 8  # bytes
PREFIX = "records:"


class RecordMemory:
    """The digests of the newest records. ``memory``: of an earlier run."""

    def __init__(self, memory: Mapping[str, bytes]) -> None:
        self._digests = {
            key.removeprefix(PREFIX): _digests(value)
            for key, value in memory.items()
            if key.startswith(PREFIX) and value
        }

    def is_known(self, id: str, payload: bytes) -> bool:
        """Whether a record with this payload is among the newest of the sub-device, so that it is a repeat."""
        return _digest(payload) in self._digests.get(id, ())

    def put(self, id: str, payload: bytes) -> list[Event]:
        """It is reported now; the event goes with the report."""
        newest = [*self._digests.pop(id, ()), _digest(payload)][-KEPT:]
        self._digests[id] = newest
        oldest = next(iter(self._digests)) if len(self._digests) > MOST else ""
        if oldest:
            del self._digests[oldest]
        return [Remember(PREFIX + id, b"".join(newest)), *([Remember(PREFIX + oldest, b"")] if oldest else ())]


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=DIGEST).digest()


def _digests(value: bytes) -> list[bytes]:
    return [value[at : at + DIGEST] for at in range(0, len(value) - len(value) % DIGEST, DIGEST)][-KEPT:]
