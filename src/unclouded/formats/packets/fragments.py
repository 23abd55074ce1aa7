"""Fragments of IP packets, put together: each has a place in the packet, and the last one says that none follows."""

from collections.abc import Hashable

import msgspec

MOST_OPEN = 64  # packets that wait for fragments
LARGEST = 65_535  # bytes of a packet


class FragmentedPacket(msgspec.Struct):
    """What of a packet has come. ``parts``: by place; ``received``: bytes of them.

    ``size``: of all, 0 = not known yet.
    """

    parts: dict[int, bytes] = {}
    received: int = 0
    size: int = 0

    def add(self, place: int, data: bytes) -> None:
        """One fragment; one that has come counts once."""
        if place not in self.parts:
            self.parts[place] = data
            self.received += len(data)

    def whole(self) -> bytes:
        """All bytes; empty where fragments overlap."""
        data = bytearray()
        for place in sorted(self.parts):
            if place != len(data):
                return b""
            data += self.parts[place]
        return bytes(data) if len(data) == self.size else b""


class FragmentTable:
    """The packets of which fragments have come. ``lost``: those that were never whole."""

    def __init__(self) -> None:
        self._open: dict[Hashable, FragmentedPacket] = {}
        self._dropped = 0

    @property
    def lost(self) -> int:
        return self._dropped + len(self._open)

    def add(self, key: Hashable, place: int, data: bytes, *, is_last: bool) -> bytes | None:
        """The packet where this fragment makes it whole; else None."""
        if place + len(data) > LARGEST or not data:
            return None
        found = self._open.get(key)
        if found is None:
            if len(self._open) >= MOST_OPEN:
                del self._open[next(iter(self._open))]
                self._dropped += 1
            found = self._open[key] = FragmentedPacket()
        found.add(place, data)
        if is_last:
            found.size = place + len(data)
        if not found.size or found.received < found.size:
            return None
        del self._open[key]
        whole = found.whole()
        self._dropped += not whole
        return whole or None
