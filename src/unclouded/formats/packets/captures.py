"""pcap and pcapng, as formats; and packets from anywhere -> a reading."""

from collections.abc import Iterable, Iterator, Sequence

from unclouded.formats.packets.capture_files import PCAP, PCAPNG, CaptureFile
from unclouded.formats.packets.connections import CapturedConnections, PacketConnection
from unclouded.formats.packets.fragments import FragmentTable
from unclouded.formats.packets.layers import FRAGMENTED, segment_of
from unclouded.formats.packets.packet import CapturedPacket, DataSegment, PacketProblems
from unclouded.formats.packets.streams import NO_DATA, MessageChunks
from unclouded.formats.reading import FormatReading, InputFormat, RefusedForm, Specificity, refusal
from unclouded.formats.source import InputSource

OLD_MAGIC = {
    b"\xa1\xb2\xcd\x34": "a changed pcap",
    b"\x34\xcd\xb2\xa1": "a changed pcap",
    b"snoop\0\0\0": "a capture of snoop",
    b"GMBU": "a capture of Microsoft Network Monitor",
}


def reading_of(
    segments: Iterable[DataSegment],
    problems: PacketProblems,
    *,
    lines: int = 0,
    explained: int = 0,
    unread: Sequence[int] = (),
    started: float | None = None,
) -> FormatReading:
    """The reading of segments in the order of their packets. ``lines``: of the text; 0 = they are from a file."""
    table = CapturedConnections()
    count = stamps = 0
    for segment in segments:
        table.add(segment)
        count += 1
        stamps += segment.t is not None
    return reading_of_connections(
        table.connections,
        problems,
        lines=lines,
        explained=explained,
        data_lines=count,
        unread=unread,
        started=started,
        stamps=stamps,
    )


def reading_of_connections(
    connections: Sequence[PacketConnection],
    problems: PacketProblems,
    *,
    lines: int,
    explained: int,
    data_lines: int,
    unread: Sequence[int] = (),
    started: float | None = None,
    stamps: int = 0,
) -> FormatReading:
    """The reading of connections that are put together. ``lines``: of the text; 0 = they are from a file."""
    found = MessageChunks()
    found.add_all(connections)
    chunks = found.chunks
    refused = found.refused
    if refused is None and not chunks and not lines:
        refused = RefusedForm("packets", " ".join([NO_DATA, *problems.texts]))
    return FormatReading(
        chunks=chunks,
        lines=lines,
        explained=explained,
        data_lines=data_lines,
        unread=unread,
        notes=[*problems.texts, *found.notes],
        refused=refused,
        started=started,
        stamps=stamps,
    )


def packet_segments(packets: Iterable[CapturedPacket], problems: PacketProblems) -> Iterator[DataSegment]:
    """The data of packets, those in fragments put together."""
    fragments = FragmentTable()
    for packet in packets:
        segment = segment_of(packet, problems, fragments)
        if segment is not None:
            yield segment
    for _ in range(fragments.lost):
        problems.count(FRAGMENTED)


def read(source: InputSource) -> FormatReading:
    file = CaptureFile(source.data)
    segments = list(packet_segments(file.packets(), file.problems))
    return reading_of(segments, file.problems, started=file.clock.started)


CAPTURE = InputFormat(
    name="pcap",
    group="packets",
    title="a capture of packets",
    specificity=Specificity.MAGIC,
    recognise=lambda source: float(source.data[:4] in PCAP or source.data[:4] == PCAPNG),
    read=read,
    of_bytes=True,
)
OTHER = InputFormat(
    name="packets_other",
    group="refused",
    title="a capture in another format",
    specificity=Specificity.MAGIC,
    recognise=lambda source: float(any(source.data.startswith(magic) for magic in OLD_MAGIC)),
    read=lambda source: refusal("packets_other", "Open it in Wireshark and save it as pcapng."),
    of_bytes=True,
)
FORMATS = (CAPTURE, OTHER)
