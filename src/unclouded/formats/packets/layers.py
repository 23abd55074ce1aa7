"""Packets -> the data of TCP, UDP or a serial line, through the layers below: link, VLAN tags, IPv4 and IPv6.

Links: Ethernet 1, loopback 0 and 108, raw IP 12 14 101 228 229, Linux cooked 113 and 276; serial lines: RTAC 250,
user-defined 147 to 162 (bytes as they are), USB captures 189 220 249 (bulk transfers of an adapter).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from struct import Struct
from struct import error as StructError

import msgspec

from unclouded.formats.packets.fragments import FragmentTable
from unclouded.formats.packets.packet import CapturedPacket, DataSegment, PacketProblems
from unclouded.formats.packets.serial_links import SERIAL_LINKS

VLAN = {0x8100, 0x88A8, 0x9100}
IP4, IP6, PPPOE = 0x0800, 0x86DD, 0x8864
PPP = {0x0021: IP4, 0x0057: IP6}
MOST_TAGS = 8
LOOPBACK = {2: IP4, 10: IP6, 24: IP6, 28: IP6, 30: IP6}
TCP, UDP, FRAGMENT = 6, 17, 44
EXTENSIONS = {0, 43, 51, 60}  # of IPv6: hop by hop, routing, authentication, destination
MOST_EXTENSIONS = 8
IP4_HEADER = Struct(">BxHHHxB2x4s4s")  # size of the header, of all, number, fragment, protocol, addresses
TCP_HEADER = Struct(">HHI4xBB")  # ports, sequence number, size of the header, flags
NOT_IP = "not IP"
CUT = "its headers are cut"
FRAGMENTED = "of one larger packet some fragments are missing"


class LayerError(Exception):
    """Why a packet has no data of a connection."""


def segment_of(packet: CapturedPacket, problems: PacketProblems, fragments: FragmentTable) -> DataSegment | None:
    """The data of a packet; None where it has none, with the reason counted, or where fragments of it are missing."""
    serial = SERIAL_LINKS.get(packet.link)
    if serial is not None:
        return serial(packet)
    begin = LINKS.get(packet.link)
    if begin is None:
        problems.count(f"the link type {packet.link} is not read")
        return None
    try:
        return _ip(packet, *begin(packet.data), fragments)
    except IndexError:
        problems.count(CUT)
    except LayerError as error:
        if str(error) not in (NOT_IP, ""):
            problems.count(str(error))
    return None


def _word(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


# --- links: the type of what is inside, and where it begins -------------------------------------------


def ethernet(data: bytes, at: int = 12) -> tuple[int, int]:
    """EtherType and begin of what is inside, behind VLAN tags and PPPoE. ``at``: where the type stands."""
    for _ in range(MOST_TAGS):
        kind = _word(data, at)
        if kind not in VLAN:
            break
        at += 4
    if kind == PPPOE:
        return PPP.get(_word(data, at + 8), 0), at + 10
    return kind, at + 2


def cooked(data: bytes) -> tuple[int, int]:
    """EtherType and begin of what is inside a packet of Linux cooked capture (113)."""
    return ethernet(data, 14)


def cooked2(data: bytes) -> tuple[int, int]:
    """EtherType and begin of what is inside a packet of Linux cooked capture 2 (276)."""
    kind, at = _word(data, 0), 20
    return ethernet(data, at + 2) if kind in VLAN else (kind, at)


def loopback(data: bytes) -> tuple[int, int]:
    """EtherType (0 = not IP) and begin of what is inside a packet of a loopback interface."""
    family = data[0] | data[3]  # in either byte order
    return LOOPBACK.get(family, 0), 4


def raw_ip(data: bytes) -> tuple[int, int]:
    """EtherType (0 = not IP) and begin of a packet without a link layer."""
    return {4: IP4, 6: IP6}.get(data[0] >> 4, 0), 0


LINKS: Mapping[int, Callable[[bytes], tuple[int, int]]] = {
    0: loopback,
    1: ethernet,
    12: raw_ip,
    14: raw_ip,
    101: raw_ip,
    108: loopback,
    113: cooked,
    228: raw_ip,
    229: raw_ip,
    276: cooked2,
}


# --- IP and above -------------------------------------------------------------------------------------


def _ip(packet: CapturedPacket, kind: int, at: int, fragments: FragmentTable) -> DataSegment | None:
    data = packet.data
    if kind == IP4 and data[at] >> 4 == 4:
        return _ip4(packet, at, fragments)
    if kind == IP6 and data[at] >> 4 == 6:
        return _ip6(packet, at, fragments)
    raise LayerError(NOT_IP)


def _ip4(packet: CapturedPacket, at: int, fragments: FragmentTable) -> DataSegment | None:
    data = packet.data
    try:
        begin, size, number, fragment, kind, source, target = IP4_HEADER.unpack_from(data, at)
    except StructError as error:
        raise LayerError(CUT) from error
    header = (begin & 15) * 4
    if header < 20:
        raise LayerError(CUT)
    end = at + size if size >= header else len(data)  # 0 where the computer's network card cuts large packets
    ends = _address(source), _address(target)
    if fragment & 0x3FFF:
        place, is_last = (fragment & 0x1FFF) * 8, not fragment & 0x2000
        whole = fragments.add((source, target, number, kind), place, data[at + header : end], is_last=is_last)
        if whole is None:
            return None
        return _transport(msgspec.structs.replace(packet, data=whole), kind, *ends, 0, len(whole))
    return _transport(packet, kind, *ends, at + header, end)


@lru_cache(4_096)
def _address(data: bytes) -> str:
    return ".".join(map(str, data))


def _ip6(packet: CapturedPacket, at: int, fragments: FragmentTable) -> DataSegment | None:
    data = packet.data
    size, kind = _word(data, at + 4), data[at + 6]
    source, target = (data[begin : begin + 16].hex(":", 2) for begin in (at + 8, at + 24))
    at += 40
    end = at + size if size else len(data)
    for _ in range(MOST_EXTENSIONS):
        if kind == FRAGMENT:
            kind, place, number = data[at], _word(data, at + 2), data[at + 4 : at + 8]
            whole = fragments.add(
                (source, target, number, kind), place & 0xFFF8, data[at + 8 : end], is_last=not place & 1
            )
            if whole is None:
                return None
            packet, data, at, end = msgspec.structs.replace(packet, data=whole), whole, 0, len(whole)
            continue
        if kind not in EXTENSIONS:
            break
        unit = 4 if kind == 51 else 8
        kind, at = data[at], at + (data[at + 1] + (2 if unit == 4 else 1)) * unit
    return _transport(packet, kind, source, target, at, end)


def _transport(packet: CapturedPacket, kind: int, source: str, target: str, at: int, end: int) -> DataSegment | None:
    data, t = packet.data, packet.t
    if kind not in (TCP, UDP):
        raise LayerError(NOT_IP)
    if kind == UDP:
        ends = (source, _word(data, at)), (target, _word(data, at + 2))
        return DataSegment(packet.number, t, *ends, data[at + 8 : end], line=packet.line, protocol="udp")
    try:
        port, other, sequence, size, flags = TCP_HEADER.unpack_from(data, at)
    except StructError as error:
        raise LayerError(CUT) from error
    opens = ("server" if flags & 0x10 else "client") if flags & 0x02 else ""
    payload = data[at + (size >> 4) * 4 : end]
    return DataSegment(packet.number, t, (source, port), (target, other), payload, sequence, opens, packet.line)


def is_plausible(data: bytes, link: int) -> bool:
    """Whether these bytes are a packet of this link with TCP or UDP in it: for text, which does not say the link."""
    try:
        kind, at = LINKS[link](data)
        if kind == IP4 and data[at] >> 4 == 4:
            return data[at] & 15 >= 5 and data[at + 9] in (TCP, UDP) and _word(data, at + 2) <= len(data) - at + 65
        return kind == IP6 and data[at] >> 4 == 6 and len(data) >= at + 40
    except IndexError:
        return False
