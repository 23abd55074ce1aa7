"""Capture files -> packets.

pcap     a1b2c3d4 (microseconds) or a1b23c4d (nanoseconds), in the byte order of the computer that wrote it
         24 bytes of header; each packet: seconds(4) fraction(4) captured(4) length(4) data
pcapng   blocks: type(4) length(4) … length(4); a section header says the byte order
         section 0a0d0d0a, interface 1, packet 2 (old), simple packet 3, packet 6
"""

import struct
from collections.abc import Iterator

import msgspec

from unclouded.formats.packets.packet import CapturedPacket, PacketProblems

PCAP = {  # magic -> byte order, ticks a second
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
}
PCAPNG = b"\x0a\x0d\x0d\x0a"
SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
TIME_UNIT, TIME_OFFSET, FLAGS = 9, 14, 2  # options
DIRECTIONS = {1: "in", 2: "out"}
NANO = 1_000_000_000
MOST_DIGITS = 18  # of a second, or bits of one, that a clock can have


class PacketClock:
    """Seconds since the first packet. ``started``: Unix seconds of it."""

    def __init__(self) -> None:
        self._first: int | None = None

    def seconds(self, nanoseconds: int) -> float:
        """Seconds since the first packet that was asked for, which is 0. ``nanoseconds``: since 1970."""
        if self._first is None:
            self._first = nanoseconds
        return (nanoseconds - self._first) / NANO

    @property
    def started(self) -> float | None:
        return None if self._first is None else self._first / NANO


class CaptureFile:
    """One file. ``problems``: what is wrong with it, known when its packets are read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.clock = PacketClock()
        self.problems = PacketProblems()

    def packets(self) -> Iterator[CapturedPacket]:
        """The packets, up to a fault in the file."""
        if self._data[:4] == PCAPNG:
            return SectionReader(self._data, self.clock, self.problems).packets()
        return self._pcap()

    def _pcap(self) -> Iterator[CapturedPacket]:
        data, clock = self._data, self.clock
        order, ticks = PCAP.get(data[:4], ("<", 1))
        if len(data) < 24:
            self.problems.say("the file ends in its header")
            return
        link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
        header = struct.Struct(order + "IIII")
        unit = NANO // ticks
        at, number = 24, 0
        while at + 16 <= len(data):
            number += 1
            seconds, fraction, size, _ = header.unpack_from(data, at)
            at += 16
            if size > len(data) - at:
                break
            t = clock.seconds(seconds * NANO + fraction * unit)
            yield CapturedPacket(number, t, link, data[at : at + size])
            at += size
        else:
            number += 1
        if at < len(data):
            self.problems.say(f"packet {number}: the file ends in it, or its length is wrong; no more is read")


class CaptureInterface(msgspec.Struct, frozen=True):
    """Where packets were taken from. ``unit``: ticks a second; ``offset``: seconds that are added."""

    link: int
    snap: int = 0
    unit: int = 1_000_000
    offset: int = 0


class SectionReader:
    """Reads the blocks of pcapng."""

    def __init__(self, data: bytes, clock: PacketClock, problems: PacketProblems) -> None:
        self._data, self._clock, self._problems = data, clock, problems
        self._order = "<"
        self._interfaces: list[CaptureInterface] = []
        self._number = 0

    def packets(self) -> Iterator[CapturedPacket]:
        """The packets of all sections; a block with a wrong length ends it, and is named in the problems."""
        data, at, block = self._data, 0, 0
        while at + 12 <= len(data):
            block += 1
            if data[at : at + 4] == PCAPNG:
                self._order = ORDERS.get(data[at + 8 : at + 12], self._order)
                self._interfaces = []
            kind, size = struct.unpack_from(self._order + "II", data, at)
            if size < 12 or size % 4 or size > len(data) - at:
                break
            found = self._block(kind, at + 8, at + size - 4)
            if found is not None:
                yield found
            at += size
        if at < len(data):
            text = f"block {at and block}, behind packet {self._number}: its length is wrong, or the file ends in it"
            self._problems.say(f"{text}; no more is read")

    # --- inside --------------------------------------------------------------------------------

    def _block(self, kind: int, begin: int, end: int) -> CapturedPacket | None:
        if kind == INTERFACE and end - begin >= 8:
            self._interfaces.append(self._interface(begin, end))
        elif kind in (PACKET, OLD_PACKET) and end - begin >= 20:
            return self._packet(kind, begin, end)
        elif kind == SIMPLE_PACKET and end - begin >= 4:
            return self._simple(begin, end)
        return None

    def _interface(self, begin: int, end: int) -> CaptureInterface:
        link, _, snap = struct.unpack_from(self._order + "HHI", self._data, begin)
        unit, offset = 1_000_000, 0
        for code, value in self._options(begin + 8, end):
            if code == TIME_UNIT and value:
                size = min(value[0] & 0x7F, MOST_DIGITS)
                unit = 2**size if value[0] & 0x80 else 10**size
            elif code == TIME_OFFSET and len(value) == 8:
                offset = struct.unpack(self._order + "q", value)[0]
        return CaptureInterface(link, snap, unit, offset)

    def _options(self, at: int, end: int) -> Iterator[tuple[int, bytes]]:
        while at + 4 <= end:
            code, size = struct.unpack_from(self._order + "HH", self._data, at)
            if not code or size > end - at - 4:
                return
            yield code, self._data[at + 4 : at + 4 + size]
            at += 4 + (size + 3) // 4 * 4

    def _packet(self, kind: int, begin: int, end: int) -> CapturedPacket | None:
        form = "IIIII" if kind == PACKET else "HxxIIII"
        which, high, low, size, _ = struct.unpack_from(self._order + form, self._data, begin)
        self._number += 1
        begin += 20
        if which >= len(self._interfaces) or size > end - begin:
            self._problems.count("its interface or its length is wrong")
            return None
        source = self._interfaces[which]
        t = self._clock.seconds((high << 32 | low) * NANO // source.unit + source.offset * NANO)
        data = self._data[begin : begin + size]
        direction = self._direction(begin + (size + 3) // 4 * 4, end)
        return CapturedPacket(self._number, t, source.link, data, direction=direction)

    def _direction(self, begin: int, end: int) -> str:
        flags = next((value for code, value in self._options(begin, end) if code == FLAGS and len(value) == 4), None)
        return "" if flags is None else DIRECTIONS.get(struct.unpack(self._order + "I", flags)[0] & 3, "")

    def _simple(self, begin: int, end: int) -> CapturedPacket | None:
        self._number += 1
        if not self._interfaces:
            self._problems.count("its interface or its length is wrong")
            return None
        source = self._interfaces[0]
        size = min(struct.unpack_from(self._order + "I", self._data, begin)[0], end - begin - 4)
        size = min(size, source.snap or size)
        return CapturedPacket(self._number, None, source.link, self._data[begin + 4 : begin + 4 + size])
