"""Packets that were printed as rows of hex, each from offset 0 on: by tshark -x, Wireshark and tcpdump -x -xx -X -XX.

        4   0.003000    192.0.2.9 → 192.0.2.7    TCP 61 …              12:00:00.000000 IP 192.0.2.9.53000 > …
    0000  02 00 00 00 00 01 02 00 …   ........                      	0x0000:  4500 002f 0001 4000 …  E../..@.

The text does not say the link: it is the one in which the packets are plausible.
"""

import re
from collections.abc import Iterator, Sequence

from unclouded.formats.packets.captures import packet_segments, reading_of
from unclouded.formats.packets.layers import LINKS, is_plausible
from unclouded.formats.packets.packet import CapturedPacket, PacketProblems
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.stamps import StampClock, stamp_of

_HEX = "[0-9A-Fa-f]"
ROW = re.compile(
    rf"[ \t]{{0,8}}(?:0x(?P<long>{_HEX}{{4,8}}):[ ]{{1,2}}|(?P<short>{_HEX}{{4,8}})[ ]{{2,4}})"
    rf"(?P<cells>(?:{_HEX}{{2}}){{1,2}}(?:[ ](?:{_HEX}{{2}}){{1,2}})*)(?:[ ]{{2}}|[ ]?$)"
)
NUMBER = re.compile(r"\s{0,8}\d{1,9}\s{1,4}")  # of a packet, before its time
PART = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9 -]{0,40}) \(\d{1,9} (?:bytes|bits)\):?\s{0,4}"
)  # several dumps of one packet
WHOLE = ("Frame", "Packet")
TRIED = (1, 101, 113, 276, 0)  # links
LARGEST = 262_144  # bytes of a packet
SAMPLE = 200  # lines
FULL = 16  # bytes of a row
BEHIND = ("  ", " ", "")  # what stands between bytes and their text
CERTAIN = 3  # packets that are looked at


class RowLayout(dict[int, str]):
    """How a full row is written, to read others without an expression: what a row with an offset begins with."""

    def __init__(self, row: re.Match[str], line: str) -> None:
        start, end = row.span("long" if row["long"] else "short")
        self._begin, self._end = row.span("cells")
        self._lead, self._digits, self._behind = line[:start], end - start, line[end : self._begin]

    def __missing__(self, offset: int) -> str:
        text = self[offset] = f"{self._lead}{offset:0{self._digits}x}{self._behind}"
        return text

    def read(self, line: str, offset: int) -> bytes | None:
        """The bytes of a row with that offset; None where it is written otherwise."""
        if not line.startswith(self[offset]) or line[self._end : self._end + 2] not in BEHIND:
            return None
        try:
            return bytes.fromhex(line[self._begin : self._end])
        except ValueError:
            return None


class TextPackets:
    """Reads the packets of a text, line by line."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._clock = StampClock()
        self._link = 0
        self._parts: list[bytes] = []
        self._size = self._begin = self._number = 0
        self._t: float | None = None
        self._is_part = False
        self._layout: RowLayout | None = None
        self.lines = self.explained = 0
        self.unread: list[int] = []

    @property
    def started(self) -> float | None:
        return self._clock.started

    def packets(self) -> Iterator[CapturedPacket]:
        """The packets in their order, as they are read; may be asked for once. Rows out of order end a packet."""
        for number, line in enumerate(self._lines, 1):
            offset, data = self._row(line)
            if data is None:
                if line and not line.isspace():
                    yield from self._finish()
                    self._heading(number, line)
                continue
            if offset != self._size or not offset:
                yield from self._finish()
                self._begin = number
            self.lines += 1
            self.explained += 1
            if offset != self._size:
                self._not_understood(number)
            elif offset < LARGEST:
                self._parts.append(data)
                self._size += len(data)
        yield from self._finish()

    # --- inside --------------------------------------------------------------------------------

    def _row(self, line: str) -> tuple[int, bytes | None]:
        """The offset and the bytes of a row; None where the line is none."""
        if self._layout is not None:
            for offset in (self._size, 0):
                data = self._layout.read(line, offset)
                if data:
                    return offset, data
        row = ROW.match(line)
        if row is None:
            return 0, None
        data = bytes.fromhex(row["cells"])
        if self._layout is None and len(data) == FULL:
            self._layout = RowLayout(row, line)
        return int(row["long"] or row["short"], 16), data

    def _finish(self) -> Iterator[CapturedPacket]:
        """The packet whose rows were read, unless it is only a part of the last one."""
        if not self._size:
            return
        data = b"".join(self._parts)
        self._parts, self._size = [], 0
        if not self._is_part:
            self._number += 1
            yield CapturedPacket(self._number, self._t, self._link_of(data), data, self._begin)
        self._is_part = False

    def _link_of(self, data: bytes) -> int:
        if self._number > 1 and is_plausible(data, self._link):
            return self._link
        found = next((link for link in TRIED if is_plausible(data, link)), None)
        if found is not None:
            self._link = found
        return found if found is not None else (self._link or TRIED[0])

    def _heading(self, number: int, line: str) -> None:
        part = PART.fullmatch(line) if line[:1].isalpha() else None
        self.lines += 1
        if part is not None:
            self._is_part = part["name"] not in WHOLE
            self.explained += 1
            return
        stamp = stamp_of(line)
        if stamp is None and (begin := NUMBER.match(line)) is not None:
            stamp = stamp_of(line[begin.end() :])
        if stamp is None:
            self._not_understood(number)
            return
        self.explained += 1
        self._t = self._clock.seconds(stamp)

    def _not_understood(self, number: int) -> None:
        if len(self.unread) < MOST_UNREAD:
            self.unread.append(number)


def recognise(source: InputSource) -> float:
    """1 where one of the first packets is one of IP."""
    found = TextPackets(source.lines[:SAMPLE])
    packets = (packet for packet, _ in zip(found.packets(), range(CERTAIN), strict=False))
    return float(any(packet.link in LINKS and is_plausible(packet.data, packet.link) for packet in packets))


def read(source: InputSource) -> FormatReading:
    problems = PacketProblems()
    found = TextPackets(source.lines)
    segments = list(packet_segments(found.packets(), problems))
    return reading_of(
        segments,
        problems,
        lines=found.lines,
        explained=found.explained,
        unread=found.unread,
        started=found.started,
    )


PACKETS = InputFormat(
    name="packet_text",
    group="packets",
    title="packets that tshark or tcpdump printed",
    specificity=Specificity.PROGRAM,
    recognise=recognise,
    read=read,
)
FORMATS = (PACKETS,)
