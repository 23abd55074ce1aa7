"""Records with Unix milliseconds (e0): docs/protocols/tuya_wifi.md §2.6 item 16."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pair import ambient
from unclouded.core.sessions.session import LinkPath, Reported
from unclouded.families.tuya.line.datapoint import VALUE, DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Unknown
from unclouded.families.tuya.wifi.commands import read_message
from unclouded.families.tuya.wifi.decoder import wifi_decoder
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module
from unclouded.families.tuya.wifi.service_messages import UnixRecord

RECORD = bytes.fromhex(
    "55aa00e0003003313733313437323538353030300102000400000264020200040000016d0304000101040100010105020004000000610c"
)
VALUES = {"1": 612, "2": 365, "3": 1, "4": True, "5": 97}


def test_a_record_is_decoded_with_its_time() -> None:
    decoder = wifi_decoder(None)
    [piece] = [*decoder.feed(RECORD), *decoder.close()]
    assert (piece.sender, piece.name) == ("device", "record report (Unix time)")
    assert piece.message is not None and piece.message["time"] == "2024-11-13T04:36:25Z"
    assert dict(piece.values) == VALUES


def test_its_values_are_reported_with_that_time_and_once_more_marked_as_repeated() -> None:
    module = wifi_module(WifiSettings(), ambient())
    module.up(LinkPath(), 0.0)
    module.receive(bytes(Frame(0, 0, b"\1")), 0.1)
    events = [*module.receive(RECORD, 1.0), *module.receive(RECORD, 2.0)]
    assert [event for event in events if isinstance(event, Reported)] == [
        Reported(VALUES, at=1_731_472_585.0, types={"3": "enum"}),
        Reported(VALUES, at=1_731_472_585.0, types={"3": "enum"}, repeated=True),
    ]


@given(st.integers(0, 10**13 - 1), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=5))
def test_every_record_is_written_as_it_was_read(milliseconds: int, counts: list[int]) -> None:
    points = tuple(DataPoint(number + 1, VALUE, count) for number, count in enumerate(counts))
    record = UnixRecord(milliseconds, points)
    frame = Frame(0, 0xE0, record.payload())
    assert read_message("device", frame) == record
    decoder = wifi_decoder("device")
    [piece] = [*decoder.feed(bytes(frame)), *decoder.close()]
    assert piece.message is not None and piece.message["time"].endswith("Z")


@pytest.mark.parametrize(
    "payload", [b"", b"\3", b"\3" + b"1" * 12, b"\1" + RECORD[7:-1], b"\3" + b"x" * 13 + RECORD[20:-1]]
)
def test_other_kinds_of_time_and_damaged_records_stay_unknown(payload: bytes) -> None:
    assert isinstance(read_message("device", Frame(0, 0xE0, payload)), Unknown)


def test_the_controller_does_not_send_records() -> None:
    assert isinstance(read_message("controller", Frame(0, 0xE0, RECORD[6:-1])), Unknown)
