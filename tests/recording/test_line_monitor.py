"""The time of each piece, and the order of the pieces of two directions."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from links.text_line_family import LINES
from pair import Pair, ambient
from unclouded.core.family import Sender
from unclouded.core.sessions.session import WireCommand
from unclouded.families import family
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame
from unclouded.recording.line_monitor import LineMonitor, MonitoredPiece, TimeOrder

TUYA = family("tuya_wifi")
QUERY = bytes.fromhex("55 aa 00 08 00 00 07")
SIDES: dict[str, Sender] = {"controller": "controller", "device": "device"}
ENDS_IN_55 = bytes.fromhex("55 aa 00 06 00 05 01 04 00 01 45 55")  # its checksum is 55


def texts(pieces: list[MonitoredPiece]) -> list[tuple[float, Sender, bytes]]:
    return [(one.at, one.sender, one.piece.data) for one in pieces]


def test_a_piece_has_the_time_of_its_last_byte() -> None:
    monitor = LineMonitor(LINES)
    assert texts(monitor.feed(1.0, "device", b"on")) == []
    assert texts(monitor.feed(2.0, "device", b"e\ntwo\nthr")) == [(2.0, "device", b"one\n"), (2.0, "device", b"two\n")]
    assert monitor.held_since == 2.0
    assert texts(monitor.feed(3.0, "device", b"ee\n")) == [(3.0, "device", b"three\n")]
    assert monitor.held_since is None


def test_a_frame_that_waits_to_be_sure_keeps_the_time_at_which_it_came() -> None:
    """A last byte 55 may begin the next header: the framer waits, but the capture has the time of reception."""
    monitor = LineMonitor(TUYA)
    assert monitor.feed(1.0, "controller", ENDS_IN_55) == []
    assert monitor.held_since == 1.0
    both = monitor.feed(16.0, "controller", QUERY)
    assert texts(both) == [(1.0, "controller", ENDS_IN_55), (16.0, "controller", QUERY)]


def test_a_gap_settles_one_direction_and_offsets_go_on() -> None:
    monitor = LineMonitor(TUYA)
    monitor.feed(1.0, "controller", QUERY[:3])
    monitor.feed(1.1, "device", QUERY[:2])
    half = monitor.flush(sender="controller")
    assert texts(half) == [(1.0, "controller", QUERY[:3])]
    assert [one.piece.kind for one in half] == ["noise"]
    (whole,) = monitor.feed(2.0, "controller", QUERY)
    assert (whole.piece.offset, whole.piece.data) == (3, QUERY)
    assert monitor.held_since == 1.1


def test_pieces_are_ordered_by_time_across_directions() -> None:
    monitor, order = LineMonitor(TUYA), TimeOrder()
    assert order.put(monitor.feed(1.0, "controller", ENDS_IN_55), monitor.held_since) == []
    assert order.put(monitor.feed(1.05, "device", QUERY), monitor.held_since) == []
    ready = order.put(monitor.flush(sender="controller"), monitor.held_since)
    assert texts(ready) == [(1.0, "controller", ENDS_IN_55), (1.05, "device", QUERY)]


CHUNKS = st.lists(
    st.tuples(
        st.sampled_from(["controller", "device"]),
        st.lists(st.sampled_from([QUERY, ENDS_IN_55, b"\x55", b"\xaa", b"\0", QUERY[:4], b"\x80"]), max_size=4).map(
            b"".join
        ),
        st.booleans(),
    ),
    max_size=30,
)


def unchanged(sender: Sender | None, data: bytes) -> bytes:
    return data


@given(CHUNKS)
def test_all_bytes_are_delivered_once_and_in_order_of_time(chunks: list[tuple[Sender, bytes, bool]]) -> None:
    dialects = {name: msgspec.structs.replace(one, redact=unchanged) for name, one in TUYA.dialects.items()}
    bare = msgspec.structs.replace(TUYA, redact=unchanged, dialects=dialects)
    monitor, order, ready = LineMonitor(bare), TimeOrder(), []
    for number, (sender, data, pauses) in enumerate(chunks):
        ready += order.put(monitor.feed(float(number), sender, data), monitor.held_since)
        if pauses:
            ready += order.put(monitor.flush(sender=sender), monitor.held_since)
    ready += order.put(monitor.flush(), monitor.held_since)
    assert [one.at for one in ready] == sorted(one.at for one in ready)
    for side in ("controller", "device"):
        spoken = b"".join(data for sender, data, _ in chunks if sender == side)
        assert b"".join(one.piece.data for one in ready if one.sender == side) == spoken


def test_a_battery_device_is_read_in_its_dialect_as_soon_as_it_is_known() -> None:
    """Its questions for the time and the signal are no frames of the ordinary dialect."""
    mcu = low_mcu(LowOptions())
    pair = Pair(low_module(LineSettings(), ambient()), mcu)
    pair.submit(WireCommand({"1": False, "2": 87}), "device")
    pair.run(until=7_200.0)
    monitor = LineMonitor(TUYA)
    ready = [one for at, sender, data in pair.sent for one in monitor.feed(at, SIDES[sender], data)] + monitor.flush()
    assert monitor.dialect == "low_power"
    assert "battery devices" in monitor.why
    assert {one.piece.kind for one in ready} == {"frame"}
    for side in ("controller", "device"):
        ends = [one.piece.offset + len(one.piece.data) for one in ready if one.sender == side]
        assert ends == sorted(ends)
        assert ends[-1] == sum(len(data) for _, sender, data in pair.sent if sender == side), "offsets go on"
    assert {"report", "time (local)"} <= {one.piece.name for one in ready}


def test_bytes_held_during_detection_keep_their_dialect() -> None:
    monitor = LineMonitor(TUYA)
    monitor.feed(1.0, "device", ENDS_IN_55)
    report = bytes.fromhex("55 aa 00 05 00 01 00 05"), bytes.fromhex("55 aa 00 05 00 05 01 01 00 01 01 0d")
    monitor.feed(2.0, "controller", report[0])
    held, ready = monitor.feed(3.0, "device", report[1])
    assert (held.dialect, ready.dialect, monitor.dialect) == ("normal", "normal", "low_power")
    (after,) = monitor.feed(4.0, "device", report[1])
    assert (after.dialect, after.piece.name) == ("low_power", "report")


def test_a_battery_device_that_wakes_after_an_hour_of_unanswered_heartbeats_is_decoded_in_its_dialect() -> None:
    """The module sends heartbeats for hours; the MCU's first bytes are examined all the same."""
    monitor = LineMonitor(TUYA)
    for at in range(3_600):
        monitor.feed(float(at), "controller", bytes.fromhex("55 aa 00 00 00 00 ff"))
    (report,) = monitor.feed(3_600.0, "device", bytes.fromhex("55 aa 00 05 00 05 01 01 00 01 01 0d"))
    assert (report.dialect, report.piece.name) == ("low_power", "report")


@pytest.mark.parametrize("name", ["tuya_wifi", "tuya_gateway"])
@pytest.mark.parametrize(
    ("frame", "dialect"),
    [
        (bytes(Frame(0, 0x0D, b"\x041234" + bytes.fromhex("0101000101"))), "gateway"),
        (bytes(SequencedFrame(2, 6, bytes.fromhex("0101000101"), 37)), "zigbee_module"),
        (bytes(Frame(3, 7, bytes.fromhex("0101000101"))), "normal"),
    ],
)
def test_the_first_frame_shows_the_dialect_and_is_recorded_as_it_is(name: str, frame: bytes, dialect: str) -> None:
    monitor = LineMonitor(family(name))
    [piece] = [*monitor.feed(1.0, "device", frame), *monitor.flush()]
    assert (monitor.dialect, piece.dialect, piece.piece.name) == (dialect, dialect, "report")
    assert piece.piece.data == frame and not piece.redacted


def test_secrets_of_a_gateway_are_blanked_on_a_wire_of_a_wifi_module() -> None:
    pairing = bytes(Frame(0, 0x23, b'{"ssid":"home","password":"12345678"}'))
    monitor = LineMonitor(TUYA)
    pieces = monitor.feed(1.0, "device", bytes(Frame(0, 0x0D, b"\x041234" + bytes.fromhex("0101000101"))))
    pieces += [*monitor.feed(2.0, "controller", pairing), *monitor.flush()]
    assert pieces[-1].redacted and b"12345678" not in pieces[-1].piece.data
