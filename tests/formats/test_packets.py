"""Captures of packets: streams put in order, what they hold, every link, and files that are damaged or made to harm."""

import io
import json
import struct
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.app.decoding.input_chunks import FoundInput, one_file
from unclouded.app.decoding.line_decoding import decoding_of
from unclouded.app.decoding.pieces import TimedPiece
from unclouded.formats.packets.connections import DirectedStream
from unclouded.formats.packets.fragments import FragmentTable
from unclouded.formats.packets.http_messages import messages_of
from unclouded.formats.packets.packet import DataSegment
from unclouded.formats.packets.telnet import TelnetFilter

BEAT, ANSWER = bytes.fromhex("55aa00000000ff"), bytes.fromhex("55aa030000010104")
PLUG, HUB = ("192.0.2.7", 80), ("192.0.2.9", 50_000)
ETHERNET = bytes.fromhex("020000000001020000000002")


def message(method: str, sender: str) -> bytes:
    header = {"messageId": "0" * 32, "namespace": "Appliance.System.All", "method": method, "from": sender, "sign": ""}
    return json.dumps({"header": header, "payload": {}}, separators=(",", ":")).encode()


GET = message("GET", "http://192.0.2.9/config")
GETACK = message("GETACK", "/appliance/1901010000000000000048e1e9000001/publish")


def tcp(
    data: bytes, sequence: int = 1, source: tuple[str, int] = HUB, target: tuple[str, int] = PLUG, flags: int = 24
) -> bytes:
    """A packet of IPv4."""
    inner = struct.pack(">HHIIBBHHH", source[1], target[1], sequence % 2**32, 0, 0x50, flags, 65_535, 0, 0) + data
    ends = b"".join(bytes(map(int, end[0].split("."))) for end in (source, target))
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inner), 1, 0x4000, 64, 6, 0) + ends + inner


def fragments(packet: bytes, size: int) -> list[bytes]:
    """The same packet of IPv4 in pieces of so many bytes."""
    header, data = packet[:20], packet[20:]
    pieces = []
    for at in range(0, len(data), size):
        part, more = data[at : at + size], 0x2000 if at + size < len(data) else 0
        place = struct.pack(">HHHH", 20 + len(part), 7, more | at // 8, 0x4006)
        pieces.append(header[:2] + place + header[10:] + part)
    return pieces


def fragments6(packet: bytes, size: int) -> list[bytes]:
    """The same packet of IPv6 in pieces; its extension goes with the data."""
    data, pieces = packet[40:], []
    for at in range(0, len(data), size):
        part, more = data[at : at + size], int(at + size < len(data))
        head = struct.pack(">HBB", len(part) + 8, 44, 64)
        pieces.append(packet[:4] + head + packet[8:40] + struct.pack(">BBHI", 0, 0, at | more, 9) + part)
    return pieces


def tcp6(data: bytes) -> bytes:
    inner = struct.pack(">HHIIBBHHH", 50_000, 2000, 1, 0, 0x50, 24, 65_535, 0, 0) + data
    extension = bytes([6, 0, 0, 0, 0, 0, 0, 0])
    return (
        struct.pack(">IHBB", 0x60000000, len(inner) + 8, 0, 64)
        + bytes(15)
        + b"\1"
        + bytes(15)
        + b"\2"
        + extension
        + inner
    )


def pcap(packets: Sequence[bytes], link: int = 101, order: str = "<", step_s: float = 0.01) -> bytes:
    parts = [struct.pack(order + "IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, link)]
    for at, packet in enumerate(packets):
        micros = round(at * step_s * 1e6)
        parts += [
            struct.pack(order + "IIII", 1_795_953_600 + micros // 10**6, micros % 10**6, len(packet), len(packet)),
            packet,
        ]
    return b"".join(parts)


def pcapng(packets: Sequence[bytes], link: int = 101, order: str = "<") -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

    section = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    nanoseconds = struct.pack(order + "HHBxxxHH", 9, 1, 9, 0, 0)
    parts = [section, block(1, struct.pack(order + "HHI", link, 0, 0) + nanoseconds)]
    for at, packet in enumerate(packets):
        ticks = (1_795_953_600 * 100 + at) * 10**7
        parts.append(
            block(
                6, struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), len(packet)) + packet
            )
        )
    return b"".join(parts)


def decoded(data: bytes) -> tuple[list[TimedPiece], FoundInput]:
    decoding = decoding_of(None, one_file(io.BytesIO(data)))
    return list(decoding.pieces()), decoding.source.found


def frames(data: bytes) -> list[bytes]:
    return [one.piece.data for one in decoded(data)[0] if one.piece.kind == "frame"]


@pytest.mark.parametrize(
    ("link", "begin"),
    [
        (1, ETHERNET + b"\x08\x00"),
        (1, ETHERNET + b"\x81\x00\x00\x07\x88\xa8\x00\x01\x08\x00"),
        (1, ETHERNET + b"\x88\x64\x11\x00\x00\x01\x00\x50\x00\x21"),
        (101, b""),
        (113, bytes(14) + b"\x08\x00"),
        (276, b"\x08\x00" + bytes(18)),
        (0, b"\x02\0\0\0"),
        (108, b"\0\0\0\x02"),
    ],
)
def test_every_link_is_read(link: int, begin: bytes) -> None:
    assert frames(pcap([begin + tcp(BEAT)], link)) == [BEAT]


def test_both_byte_orders_both_files_and_both_versions_of_ip_are_read() -> None:
    for order in "<>":
        assert frames(pcap([tcp(BEAT)], order=order)) == [BEAT]
        pieces, _ = decoded(pcapng([tcp(BEAT), tcp(ANSWER, source=PLUG, target=HUB)], order=order))
        assert [(one.t, one.piece.data) for one in pieces] == [(0.0, BEAT), (0.01, ANSWER)]
    assert frames(pcap([tcp6(ANSWER)])) == [ANSWER]


def test_serial_lines_in_captures_are_read() -> None:
    rtac = [bytes(8) + bytes([event]) + bytes(3) + data for event, data in ((1, BEAT), (2, ANSWER))]
    pieces, _ = decoded(pcap(rtac, 250))
    assert [(one.piece.data, one.piece.sender) for one in pieces] == [(BEAT, "controller"), (ANSWER, "device")]
    assert frames(pcap([ANSWER[:3], ANSWER[3:]], 147)) == [ANSWER]
    usb = [
        bytes(8) + b"C" + bytes([3, 0x81]) + bytes(53) + b"\x01\x60" + part for part in (b"", ANSWER[:4], ANSWER[4:])
    ]
    assert frames(pcap(usb, 220)) == [ANSWER]


@settings(max_examples=40)
@given(data=st.data(), start=st.sampled_from([1, 2**32 - 20, 5_000]))
def test_segments_in_any_order_and_sent_again_are_one_stream(data: st.DataObject, start: int) -> None:
    content = bytes(range(60))
    cuts = sorted({0, 60, *data.draw(st.lists(st.integers(1, 59), max_size=6))})
    parts = [(begin, content[begin:end]) for begin, end in pairwise(cuts)]
    again = data.draw(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 10)), max_size=4))
    parts += [(begin, content[begin : begin + size]) for begin, size in again]
    stream = DirectedStream()
    stream.open((start - 1) % 2**32)
    for at, (begin, part) in enumerate(data.draw(st.permutations(parts))):
        stream.add(DataSegment(at, float(at), HUB, PLUG, part, (start + begin) % 2**32))
    runs = stream.runs()
    assert [run.data for run in runs] == [content]
    times = [piece.t for piece in runs[0].pieces]
    assert times == sorted(times, key=lambda t: t or 0.0)


def test_a_missing_packet_cuts_a_frame_and_the_next_one_is_whole() -> None:
    pieces, _ = decoded(pcap([tcp(ANSWER[:4], 1), tcp(ANSWER + BEAT, 100)]))
    assert [(one.piece.kind, one.piece.data) for one in pieces] == [
        ("cut", ANSWER[:4]),
        ("frame", ANSWER),
        ("frame", BEAT),
    ]


def http(start: str, body: bytes, extra: str = "") -> bytes:
    return f"{start}\r\nHost: x\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_messages_of_a_plug_are_found_on_any_port_in_both_directions() -> None:
    plug = ("192.0.2.7", 8123)
    packets = [
        tcp(http("POST /config HTTP/1.1", GET), 1, HUB, plug),
        tcp(http("HTTP/1.1 200 OK", GETACK)[:50], 1, plug, HUB),
        tcp(http("HTTP/1.1 200 OK", GETACK)[50:], 51, plug, HUB),
        tcp(http("GET /index HTTP/1.1", b""), 1, HUB, ("192.0.2.8", 80)),
    ]
    pieces, found = decoded(pcap(packets))
    assert [(one.piece.data, one.piece.sender) for one in pieces] == [(GET, "controller"), (GETACK, "device")]
    assert found.notes == ["without bytes of a device, left out: 1 connection"]


def test_an_answer_in_chunks_is_put_together() -> None:
    half = len(GETACK) // 2
    chunked = (
        f"{half:x}\r\n".encode()
        + GETACK[:half]
        + f"\r\n{len(GETACK) - half:x}\r\n".encode()
        + GETACK[half:]
        + b"\r\n0\r\n\r\n"
    )
    found = list(messages_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked))
    assert [(one.body, one.is_cut) for one in found] == [(GETACK, False)]


def mqtt(topic: str, payload: bytes, version: int = 4, qos: int = 1) -> bytes:
    name = topic.encode()
    body = (
        struct.pack(">H", len(name))
        + name
        + (b"\0\7" if qos else b"")
        + (b"\3\x23\0\1" if version == 5 else b"")
        + payload
    )
    size, rest = b"", len(body)
    while True:
        size += bytes([rest % 128 | (128 if rest > 127 else 0)])
        rest //= 128
        if not rest:
            return bytes([0x30 | qos << 1]) + size + body


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("is_open", [True, False])
def test_published_messages_have_the_side_of_their_topic(version: int, is_open: bool) -> None:
    connect = b"\x10\x10\x00\x04MQTT" + bytes([version]) + b"\x02\x00\x3c\x00\x04plug"
    first = connect if is_open else b""
    topic = "/appliance/1901010000000000000048e1e9000001/"
    sent = first + mqtt(topic + "publish", GETACK, version)
    packets = [
        tcp(sent, 1, PLUG, ("192.0.2.9", 1883)),
        tcp(
            mqtt(topic + "subscribe", GET, version, 0) + mqtt("home/other", b"secret", version),
            1,
            ("192.0.2.9", 1883),
            PLUG,
        ),
    ]
    pieces, _ = decoded(pcap(packets))
    assert [(one.piece.data, one.piece.sender) for one in pieces] == [(GETACK, "device"), (GET, "controller")]


def test_what_the_broker_passes_on_counts_once() -> None:
    topic = "/appliance/1901010000000000000048e1e9000001/publish"
    packets = [tcp(mqtt(topic, GETACK), 1, (f"192.0.2.{host}", 1000), ("192.0.2.9", 1883)) for host in (3, 4)]
    assert frames(pcap(packets)) == [GETACK]
    assert frames(pcap(packets, step_s=1.0)) == [GETACK, GETACK]


@given(cuts=st.lists(st.integers(1, 40), max_size=8))
def test_telnet_is_undone_whatever_the_packets(cuts: list[int]) -> None:
    data = (
        b"\xff\xfb\x2c" + BEAT[:-1] + b"\xff\xff" + b"\xff\xfa\x2c\x01\x00\x00\x25\x80\xff\xf0" + ANSWER + b"\xff\xf1"
    )
    undo, found, at = TelnetFilter(), b"", 0
    for size in [*cuts, len(data)]:
        found += undo.feed(data[at : at + size])
        at += size
    assert found == BEAT + ANSWER


@pytest.mark.parametrize(
    ("data", "port", "text"),
    [
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x00\x01", 8883, "TLS"),
        (bytes.fromhex("000055aa000000010000000900000008") + bytes(8), 6668, "6668"),
        (b"", 80, "no connection"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, port: int, text: str) -> None:
    pieces, found = decoded(pcap([tcp(data, 1, HUB, ("192.0.2.7", port))]))
    assert text in found.refused
    assert pieces == []


def test_a_fault_in_the_file_is_named_with_its_packet_and_what_was_before_it_is_read() -> None:
    whole = pcap([tcp(BEAT), tcp(ANSWER, 8)])
    for damaged in (whole[:-3], whole[: -len(tcp(ANSWER)) - 8] + b"\xff\xff\xff\xff" + whole[-len(tcp(ANSWER)) - 4 :]):
        pieces, found = decoded(damaged)
        assert [one.piece.data for one in pieces] == [BEAT]
        assert any("packet 2" in note for note in found.notes)
    pieces, found = decoded(pcapng([tcp(BEAT)]) + struct.pack("<III", 6, 0xFFFFFFF0, 0))
    assert [one.piece.data for one in pieces] == [BEAT]
    assert any("behind packet 1" in note for note in found.notes)


@settings(max_examples=60)
@given(data=st.binary(max_size=200), form=st.integers(0, 3), place=st.integers(0, 300))
def test_no_capture_raises(data: bytes, form: int, place: int) -> None:
    good = (
        pcap([ETHERNET + b"\x81\x00" * 30 + data, tcp(data)], 1),
        pcapng([tcp(data)]),
        pcap([tcp(BEAT), tcp6(data)]),
        b"",
    )[form]
    for one in (good[:place] + data + good[place + len(data) :], good[:24] + data, good[:place]):
        decoded(one)


@pytest.mark.parametrize(
    "packet",
    [
        tcp(b"\xff\xfa\x2c", 1),
        tcp(b"GET / HTTP/1.1 ", 1),
        tcp(b"\x30\xff\xff\xff\x7f", 1),
        tcp(b"", 1, flags=2),
        tcp(b"x", 77),
        ETHERNET + b"\x81\x00" * 20,
    ],
)
def test_a_capture_of_very_many_tiny_packets_has_linear_cost(packet: bytes) -> None:
    from test_linear import calls

    few, many = (calls(lambda data: decoded(data) and None, pcap([packet] * count)) for count in (200, 800))
    assert many < few * 4.5


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
@pytest.mark.parametrize("size", [8, 24])
def test_fragments_of_ip_are_put_together_in_any_order(size: int, order: slice) -> None:
    packets = [*fragments(tcp(BEAT), size)[order], *fragments(tcp(ANSWER, source=PLUG, target=HUB), size)[order]]
    assert frames(pcap([*packets, packets[0]])) == [BEAT, ANSWER]
    assert frames(pcap(fragments6(tcp6(BEAT), size)[order])) == [BEAT]


def test_fragments_that_are_missing_or_overlap_are_reported() -> None:
    packets = fragments(tcp(BEAT), 8)
    overlapping = packets[1][:6] + struct.pack(">H", 0x2001) + packets[1][8:]
    for some in (packets[:-1], [packets[0], overlapping, packets[-1]]):
        pieces, found = decoded(pcap([tcp(ANSWER, source=PLUG, target=HUB), *some]))
        assert [one.piece.data for one in pieces if one.piece.kind == "frame"] == [ANSWER]
        assert "fragments are missing" in " ".join(found.notes) or len(some) == 3


def test_many_fragments_cost_no_more_than_their_bytes() -> None:
    table = FragmentTable()
    for place in range(8, 65_000, 8):
        assert table.add("a", place, bytes(8), is_last=place == 64_992) is None
    whole = table.add("a", 0, bytes(8), is_last=False)
    assert whole is not None
    assert len(whole) == 65_000
    for key in range(100):
        table.add(key, 0, bytes(8), is_last=False)
    assert table.lost == 100
