"""Capture files of serial lines: packets that are the bytes of a UART, or of the USB transfers of an adapter.

RTAC serial (250)   seconds(4) microseconds(4) event(1) lines(1) footer(2) data; events 1, 3 are sent, 2, 4 received
USER0 to USER15     bytes as they are; pcapng may say the direction
usbmon (189, 220)   header of 48 or 64 bytes: type at 8, transfer at 9 (3 = bulk), endpoint at 10 (80h = in)
USBPcap (249)       length of the header(2), endpoint at 21, transfer at 22
"""

from collections.abc import Callable, Mapping

from unclouded.formats.packets.packet import CapturedPacket, DataSegment
from unclouded.formats.text.labels import IN, OUT

RTAC_HEADER = 12
RTAC_SENT, RTAC_RECEIVED = (1, 3), (2, 4)
BULK = 3
IN_ENDPOINT = 0x80
FTDI_STATUS = {b"\x01\x60", b"\x11\x60", b"\x21\x60", b"\x31\x60"}  # of the modem, before the data of each USB packet
FTDI_PACKETS = (64, 512)
LINE = "UART"


def _segment(packet: CapturedPacket, lane: str, data: bytes) -> DataSegment:
    other = {OUT: IN, IN: OUT}.get(lane, "")
    ends = (lane, 0), (other, 0)
    return DataSegment(packet.number, packet.t, *ends, data, line=packet.line, protocol="serial")


def rtac(packet: CapturedPacket) -> DataSegment | None:
    """The data of an RTAC serial packet; None for events without data."""
    data = packet.data
    if len(data) <= RTAC_HEADER or data[8] not in (*RTAC_SENT, *RTAC_RECEIVED):
        return None
    return _segment(packet, OUT if data[8] in RTAC_SENT else IN, data[RTAC_HEADER:])


def user_defined(packet: CapturedPacket) -> DataSegment | None:
    """The data of a packet of USER0 to USER15, in the direction that pcapng names, where it does."""
    return _segment(packet, {"in": IN, "out": OUT}.get(packet.direction, ""), packet.data)


def usbmon(header: int) -> Callable[[CapturedPacket], DataSegment | None]:
    """A reader of usbmon packets with a header of so many bytes; it gives None for all but bulk transfers with data."""

    def read(packet: CapturedPacket) -> DataSegment | None:
        data = packet.data
        if len(data) <= header or data[9] != BULK:
            return None
        return _usb(packet, data[10], data[header:])

    return read


def usbpcap(packet: CapturedPacket) -> DataSegment | None:
    """The data of a bulk transfer that USBPcap recorded; None for other packets."""
    data = packet.data
    header = int.from_bytes(data[:2], "little")
    if len(data) <= header or header < 27 or data[22] != BULK:
        return None
    return _usb(packet, data[21], data[header:])


def _usb(packet: CapturedPacket, endpoint: int, data: bytes) -> DataSegment | None:
    if not endpoint & IN_ENDPOINT:
        return _segment(packet, OUT, data)
    data = without_status(data)
    return _segment(packet, IN, data) if data else None


def without_status(data: bytes) -> bytes:
    """Without the two bytes that an adapter of FTDI puts before the data of each USB packet."""
    for size in FTDI_PACKETS:
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        if all(part[:2] in FTDI_STATUS for part in parts):
            return b"".join(part[2:] for part in parts)
    return data


SERIAL_LINKS: Mapping[int, Callable[[CapturedPacket], DataSegment | None]] = {
    250: rtac,
    189: usbmon(48),
    220: usbmon(64),
    249: usbpcap,
    **dict.fromkeys(range(147, 163), user_defined),
}
