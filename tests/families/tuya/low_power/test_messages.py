"""The low-power dialect's messages: every byte of them comes back, and the frames of the page are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.family import Sender
from unclouded.core.sessions.session import LocalTime
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import VALUE, DataPoint
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.line.shapes import fits
from unclouded.families.tuya.low_power.commands import LOW_POWER, read_low
from unclouded.families.tuya.low_power.messages import (
    Cache,
    CacheAsked,
    LowRecordReport,
    Reset,
    Strength,
    local_time,
    seconds_of,
    stamp_of,
)
from unclouded.families.tuya.messages import Bare, NetworkStatus, Result, Unknown, frame_of
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart

POINT = DataPoint(17, VALUE, 1)


def frame(text: str) -> Frame:
    (one,) = Framer((LOW_POWER.shapes,), gap=None).feed(bytes.fromhex(text))
    assert isinstance(one, Frame)
    return one


@pytest.mark.parametrize(
    ("sender", "text", "message"),
    [
        ("controller", "55 aa 00 10 00 0a 01 01 11 02 00 04 00 00 00 01 33", Cache((POINT,))),
        ("controller", "55 aa 00 0b 00 02 01 50 5d", Strength(0x0B, True, 80)),
        ("controller", "55 aa 00 08 00 01 00 08", Result(8, 0)),
        ("controller", "55 aa 00 05 00 01 00 05", Result(5, 0)),
        ("device", "55 aa 00 10 00 01 00 10", CacheAsked(b"")),
        ("device", "55 aa 00 06 00 00 05", Bare(6)),
    ],
)
def test_the_frames_of_the_real_session(sender: Sender, text: str, message: Message) -> None:
    assert read_low(sender, frame(text)) == message
    assert bytes(frame_of(message)) == bytes.fromhex(text)


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        ("controller", NetworkStatus(4, 2)),
        ("device", Reset(1)),
        ("device", LowRecordReport(bytes.fromhex("01180a130d2305"), (POINT, DataPoint(1, 1, True)))),
        ("device", CacheAsked(b"\x11\x12")),
        ("controller", Cache(())),
        ("controller", UpdateStart(0x0D, 524_288)),
        ("controller", UpdateBlock(0x0E, 1024, bytes(range(256)))),
        ("controller", local_time(LocalTime(1_790_000_000.0, 3600))),
    ],
)
def test_what_is_written_is_what_is_read(sender: Sender, message: Message) -> None:
    sent = frame_of(message)
    assert read_low(sender, sent) == message
    assert any(fits(shape, sent.payload) for shape in [LOW_POWER.shapes.shapes.get(sent.command)] if shape) or (
        sent.command not in LOW_POWER.shapes.shapes
    )


@given(st.sampled_from(["controller", "device"]), st.integers(0, 0x10), st.binary(max_size=40))
def test_any_payload_is_written_again_unchanged(sender: Sender, command: int, payload: bytes) -> None:
    message = read_low(sender, Frame(0, command, payload))
    assert message.command == command
    if isinstance(message, Unknown) or command != 0x10 or payload[:1] != b"\0":
        assert message.payload() == payload


@given(st.integers(946_684_800, 4_102_444_800 - 1))
def test_a_record_keeps_its_second(local: int) -> None:
    assert seconds_of(stamp_of(float(local))) == local


@pytest.mark.parametrize("stamp", ["00180a130d2305", "01180d130d2305", "01180a130d23", "02180a130d2305"])
def test_a_stamp_that_is_no_time_is_none(stamp: str) -> None:
    assert seconds_of(bytes.fromhex(stamp)) is None
    assert seconds_of(stamp_of(None)) is None
