"""The messages about sub-devices: joining, removal, presence, the registry.

    device (MCU)                                          controller (module)
    08 {pk_type, sub_id, pid, ver, …}   AddSubDevice      13 {cids, rets, key, virt_id}    AddResult
    12 {pid, cids, ver, …}              AddSubDevices     09 {sub_id, devkey, tp}          DeleteSubDevice
    19 {sub_id}                         LocalDelete       0a {sub_id}                      HeartbeatQuery
    0a {sub_id, lp, hb_time}            HeartbeatReply    1c more and packet, count, ids   DeviceListPacket
    2a {all, cids, state}               PresenceChange    2d {sub_id, ret}                 BindingReply
    2d {sub_id, d_link, e_val}          BindingQuery      21 {sub_id}                      VersionQuery
    21 {sub_id, ver}                    VersionReply      29 {sub_id, dpid}                PointsQuery

Source: docs/protocols/tuya_gateway.md §2.2, §2.3, §2.7.
"""

from collections.abc import Iterable
from typing import Annotated, ClassVar

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import (
    Count,
    Flag,
    JsonMessage,
    PointId,
    SecretJson,
    Text,
    Version,
    counted,
    counted_texts,
    id_problem,
    must,
)
from unclouded.families.tuya.line.framing import Frame

BATCH = 32  # sub-devices that one 12 adds at most; docs/protocols/tuya_gateway.md §1.7.2
LIST_PACKET = 248  # bytes of a packet of the list: its frame has 255; docs/protocols/tuya_gateway.md §2.7.1
LIST_PACKETS = 128
MORE = 0x80
DELETE, FACTORY_RESET = 0, 1  # ``tp`` of DeleteSubDevice
BOUND, NOT_BOUND, NOT_ASSIGNED, BOUND_TO_PHONE, BINDING_UNKNOWN = range(5)  # ``ret`` of BindingReply


class AddSubDevice(JsonMessage, frozen=True, kw_only=True):
    """A sub-device wants to join. ``channel``: of its firmware; ``ota`` 1: it can be updated."""

    command: ClassVar[int] = codes.ADD
    pk_type: int = 1
    sub_id: Text
    pid: Text
    ver: Version
    channel: Count = 10
    ota: Flag = 0

    def problem(self) -> str:
        return id_problem(self.sub_id)


class AddSubDevices(JsonMessage, frozen=True):
    """Several of one product want to join."""

    command: ClassVar[int] = codes.ADD_MANY
    pid: Text
    cids: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=BATCH)]
    ver: Version
    channel: Count = 10
    ota: Flag = 0

    def problem(self) -> str:
        twice = next((id for number, id in enumerate(self.cids) if id in self.cids[:number]), "")
        return next(filter(None, map(id_problem, self.cids)), f"{twice} stands twice" if twice else "")


class AddResult(SecretJson, frozen=True):
    """Which sub-devices are registered (``rets`` 0) and which are not. Bluetooth keys and ids may be fewer."""

    command: ClassVar[int] = codes.ADD_RESULT
    cids: tuple[Text, ...]
    rets: tuple[int, ...]
    key: tuple[str, ...] | None = None
    virt_id: tuple[str, ...] | None = None

    def problem(self) -> str:
        return parallel_problem(self.cids, self.rets)


class DeleteSubDevice(SecretJson, frozen=True, kw_only=True):
    """Remove a sub-device; ``tp`` FACTORY_RESET: it forgets everything. ``devkey``: its key, where it has one."""

    command: ClassVar[int] = codes.DELETE
    sub_id: Text
    devkey: str | None = None
    tp: Flag


class LocalDelete(JsonMessage, frozen=True):
    """A sub-device was removed at the gateway."""

    command: ClassVar[int] = codes.LOCAL_DELETE
    sub_id: Text


class HeartbeatQuery(JsonMessage, frozen=True):
    """Is this sub-device there?"""

    command: ClassVar[int] = codes.HEARTBEAT
    sub_id: Text


class HeartbeatReply(JsonMessage, frozen=True):
    """It is. ``lp`` 1: it runs on a battery and sleeps. ``hb_time``: seconds of its cycle, of old MCUs."""

    command: ClassVar[int] = codes.HEARTBEAT
    sub_id: Text
    lp: Flag = 0
    hb_time: Count | None = None


class PresenceChange(JsonMessage, frozen=True, kw_only=True):
    """These sub-devices (``all`` 1: every one) are online (``state`` 1) or offline (0)."""

    command: ClassVar[int] = codes.ONLINE
    all: Flag
    cids: tuple[Text, ...] | None = None
    state: Flag

    def problem(self) -> str:
        return "" if self.all or self.cids is not None else "all is 0, and there is no list of ids"


class BindingQuery(SecretJson, frozen=True):
    """Where is this sub-device bound? ``d_link`` 1: it can be bound to gateway and phone. ``e_val``: encrypted."""

    command: ClassVar[int] = codes.BINDING
    sub_id: Text
    d_link: Flag = 0
    e_val: str | None = None


class BindingReply(JsonMessage, frozen=True):
    """``ret``: BOUND …"""

    command: ClassVar[int] = codes.BINDING
    sub_id: Text
    ret: Annotated[int, msgspec.Meta(ge=BOUND, le=BINDING_UNKNOWN)]


class VersionQuery(JsonMessage, frozen=True):
    """Which firmware does the sub-device have?"""

    command: ClassVar[int] = codes.SUB_VERSION
    sub_id: Text


class VersionReply(JsonMessage, frozen=True):
    """The firmware of a sub-device."""

    command: ClassVar[int] = codes.SUB_VERSION
    sub_id: Text
    ver: Version


class PointsQuery(JsonMessage, frozen=True):
    """Report these data points."""

    command: ClassVar[int] = codes.QUERY_POINTS
    sub_id: Text
    dpid: tuple[PointId, ...]


class DeviceListPacket(msgspec.Struct, frozen=True):
    """A part of the list of sub-devices. ``packet``: its number, from 0. ``more``: others follow."""

    command: ClassVar[int] = codes.LIST
    packet: int
    more: bool
    ids: tuple[str, ...]

    def payload(self) -> bytes:
        head = bytes((self.packet | (MORE if self.more else 0), len(self.ids)))
        return head + b"".join(map(counted, self.ids))


def parallel_problem(ids: tuple[str, ...], results: tuple[int, ...]) -> str:
    """Lists that belong together have one length."""
    return "" if len(ids) == len(results) else f"{len(ids)} ids and {len(results)} results"


# --- the list of sub-devices ------------------------------------------------------------------------


def list_packets(ids: Iterable[str], limit: int = LIST_PACKET) -> tuple[DeviceListPacket, ...]:
    """The list in packets of at most ``limit`` bytes of data; ids beyond 128 packets are left out."""
    parts: list[list[str]] = [[]]
    room = limit - 2
    for id in ids:
        size = len(counted(id))
        if size > room and parts[-1]:
            parts.append([])
            room = limit - 2
        parts[-1].append(id)
        room -= size
    parts = parts[:LIST_PACKETS]
    last = len(parts) - 1
    return tuple(DeviceListPacket(number, number < last, tuple(part)) for number, part in enumerate(parts))


class DeviceListAssembler:
    """Puts the packets of a list together; packet 0 starts again, and a packet that is missing spoils the list."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._next = 0

    def add(self, packet: DeviceListPacket) -> tuple[str, ...] | None:
        """The whole list, where this was its last packet."""
        if packet.packet == 0:
            self._ids, self._next = [], 0
        if packet.packet != self._next:
            self._next = LIST_PACKETS  # that no packet has
            return None
        self._ids += packet.ids
        self._next += 1
        return None if packet.more else tuple(self._ids)


# --- reading ----------------------------------------------------------------------------------------


def list_problem(packet: DeviceListPacket) -> str:
    return "" if all(packet.ids) else "an id is empty"


def read_device_list(frame: Frame) -> DeviceListPacket:
    data = frame.payload
    ids = counted_texts(data[2:])
    must(len(ids) == data[1])
    return DeviceListPacket(data[0] & ~MORE, data[0] >= MORE, ids)
