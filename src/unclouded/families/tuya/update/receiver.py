"""The MCU's end of an update: what a simulated MCU does with new firmware, and with files.

    0a size ─► how long blocks are to be     0b offset, data ─► taken, in order      0b end ─► a new version, restart

The same block once more is acknowledged and not written twice; one that is out of order is not answered. The new
version is the one that the firmware names (``unclouded-sim-version:1.2.3;`` anywhere in it), else its last number
grows by one. Source: docs/protocols/tuya_wifi.md §2.4.12; docs/protocols/tuya_low_power.md §3.11.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

import msgspec

from unclouded.core.model import LARGEST_UPDATE
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.messages import Bare, Result
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart
from unclouded.families.tuya.update.transfer_kind import TransferKind

NAMED = re.compile(rb"unclouded-sim-version:(\d{1,2}\.\d{1,2}\.\d{1,2});")
SHORT, LONG = 0, 2  # codes for blocks of 256 and 1024 bytes
LOSES = 5  # each fifth block, where blocks are lost
STOPS = 10  # blocks after which it falls silent

UPDATE_FAULTS: Mapping[str, str] = {
    "ignores-update": "It does not answer the start of an update.",
    "loses-update-blocks": "It misses each fifth block of an update, once.",
    "restarts-during-update": "It restarts in the middle of an update.",
    "keeps-old-version": "It reports its old version after an update.",
    "takes-small-blocks": "It takes an update in blocks of 256 bytes.",
    "stops-during-update": "It stops answering after ten blocks of an update.",
}


class PacketResult(msgspec.Struct, frozen=True):
    """What the MCU answers to a packet, None = nothing; and whether it restarts then."""

    answer: Message | None = None
    restarts: bool = False


class UpdateTarget:
    """What an MCU has received. ``kinds``: that it takes. ``version``: of its firmware; ``sub_versions``: of others."""

    def __init__(self, version: str, kinds: Iterable[TransferKind], faults: Iterable[str] = ()) -> None:
        self.version = version
        self.sub_versions: dict[int, str] = {}
        self._kinds = {kind.start: kind for kind in kinds}
        self._faults = frozenset(faults)
        self._start: UpdateStart | None = None
        self._data = bytearray()
        self._blocks = 0
        self._missed: set[int] = set()
        self._is_over = True

    @property
    def data(self) -> bytes:
        """The bytes of the newest update or file, as far as they have come."""
        return bytes(self._data)

    @property
    def is_whole(self) -> bool:
        """Has all of it come, and its end?"""
        return self._start is not None and self._is_over

    def received(self, message: Message) -> PacketResult | None:
        """Frames of an update; None = it is none."""
        match message:
            case UpdateStart():
                return self._begin(message)
            case UpdateBlock():
                return self._take(message)
        return None

    def restarted(self) -> None:
        """The MCU has restarted: what was not whole is lost."""
        if not self._is_over:
            self._start = None

    # --- inside ------------------------------------------------------------------------------------

    def _begin(self, start: UpdateStart) -> PacketResult:
        if "ignores-update" in self._faults or start.size > LARGEST_UPDATE:
            return PacketResult()
        self._start = start
        self._data.clear()
        self._missed.clear()
        self._blocks = 0
        self._is_over = False
        kind = self._kinds.get(start.command)
        if kind is not None and kind.step:  # nothing is agreed on
            return PacketResult(Bare(start.command))
        return PacketResult(Result(start.command, SHORT if "takes-small-blocks" in self._faults else LONG))

    def _take(self, block: UpdateBlock) -> PacketResult:
        start = self._start
        kind = self._kinds.get(start.command) if start is not None else None
        if start is None or kind is None or block.command != kind.block or block.channel != start.channel:
            return PacketResult()
        if not block.data:
            return self._end(block, start, kind)
        if self._ignores(block):
            return PacketResult()
        if self._reboots(kind):
            self._start = None
            return PacketResult(restarts=True)
        end = block.offset + len(block.data)
        if block.offset == len(self._data) and end <= start.size and not self._is_over:
            self._data += block.data
            self._blocks += 1
        elif bytes(self._data[block.offset : end]) != block.data:
            return PacketResult()
        return PacketResult(Bare(block.command))

    def _ignores(self, block: UpdateBlock) -> bool:
        """Whether a fault lets it ignore this block."""
        if "stops-during-update" in self._faults and self._blocks >= STOPS:
            return True
        due = "loses-update-blocks" in self._faults and self._blocks % LOSES == LOSES - 1
        misses = due and block.offset not in self._missed
        if misses:
            self._missed.add(block.offset)
        return misses

    def _reboots(self, kind: TransferKind) -> bool:
        size = self._start.size if self._start else 0
        return kind.replaces and "restarts-during-update" in self._faults and len(self._data) >= size // 2

    def _end(self, block: UpdateBlock, start: UpdateStart, kind: TransferKind) -> PacketResult:
        """Received twice, its answer was lost: it restarts once."""
        if block.offset != start.size or len(self._data) != start.size:
            return PacketResult()
        restarts = kind.replaces and not self._is_over
        if restarts:
            self._replace(start)
        self._is_over = True
        return PacketResult(Bare(block.command), restarts)

    def _replace(self, start: UpdateStart) -> None:
        """Run what has come, unless it is not what was promised."""
        if "keeps-old-version" in self._faults or (start.md5 and start.md5 != _md5_of(self._data)):
            return
        named = NAMED.search(self._data)
        if start.channel is not None:
            self.sub_versions[start.channel] = ".".join(map(str, start.version))
        else:
            self.version = named[1].decode() if named else _next(self.version)


def _next(version: str) -> str:
    head, dot, last = version.rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdecimal() else version


def _md5_of(data: bytes | bytearray) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
