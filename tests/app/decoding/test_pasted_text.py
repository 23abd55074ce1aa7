"""Bytes as people paste them: hex with any separators, and logs of other firmware."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.app.decoding.input_chunk import InputChunk
from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.pasted_text import is_log, log_chunks
from unclouded.core.errors import CommandError

STATUS = bytes.fromhex("55aa0303000005")
TASMOTA = b"""13:08:43.017 TYA: Send "55aa0008000007"
13:08:43.030 MQT: tele/plug/STATE = {"Time":"2026-11-20T13:08:43"}
13:08:43.064 {"TuyaReceived":{"Data":"55AA03070005010100010112","Cmnd":7}}
"""
ESPHOME = b"""[23:59:59.500][D][uart_debug:114]: >>> 55:AA:00:08:00:00:07
[00:00:00.250][D][uart_debug:114]: <<< 55:AA:03:07:00:05:01:01:00:01:01:12
"""


def chunks(text: bytes) -> list[InputChunk]:
    return list(one_file(io.BytesIO(text), "auto").chunks)


@pytest.mark.parametrize(
    "text",
    [
        b"55aa0303000005\n",
        b"55 AA 03 03 00 00 05",
        b"55:AA:03:03:00:00:05\r\n",
        b"0x55 0xAA 0x03 0x03 0x00 0x00 0x05",
        b"0x55,0xAA,0x03,\n0x03,0x00,0x00,0x05,",
        b"55-aa-03-03-00-00-05",
        b"55.AA.03.03.00.00.05",
    ],
)
def test_hex_is_read_with_any_separators(text: bytes) -> None:
    assert chunks(text) == [InputChunk(None, None, STATUS)]


def test_half_a_byte_is_an_error() -> None:
    with pytest.raises(CommandError, match="not whole bytes in hex"):
        chunks(b"55:AA:0")


@pytest.mark.parametrize(("log", "after"), [(TASMOTA, 0.047), (ESPHOME, 0.75)])
def test_a_log_has_directions_and_times(log: bytes, after: float) -> None:
    sent, received = chunks(log)
    assert sent == InputChunk(0.0, "controller", bytes.fromhex("55aa0008000007"))
    assert received == InputChunk(after, "device", bytes.fromhex("55aa03070005010100010112"))


def test_a_log_without_times_keeps_its_order() -> None:
    assert [one.t for one in log_chunks([b">>> 55 AA 00 00 00 00 FF", b"<<< 55 AA 03 00 00 01 01 04"])] == [None, None]


def test_times_of_several_days_go_on() -> None:
    line = b"12:00:00 >>> 55 AA 00 00 00 00 FF"
    night = b"03:00:00 >>> 55 AA 00 00 00 00 FF"
    assert [one.t for one in log_chunks([line, night, line, night])] == [0.0, 54_000.0, 86_400.0, 140_400.0]


def test_a_clock_that_is_set_back_a_little_is_no_other_day() -> None:
    lines = [b"12:00:00 >>> 55 AA 00 00 00 00 FF", b"11:59:58 <<< 55 AA 03 00 00 01 01 04"]
    assert [one.t for one in log_chunks(lines)] == [0.0, 0.0]


@pytest.mark.parametrize(
    "data",
    [
        b'{"header":{"messageId":"0123456789abcdef0123456789abcdef"},"payload":{}}',  # a Meross message
        b"$i0123456789abcdef\r",
        STATUS,
        b"\0" + TASMOTA,
        b"",
    ],
)
def test_other_inputs_are_no_logs(data: bytes) -> None:
    assert not is_log(data)


@given(st.binary(max_size=60) | st.text("05aAxX:., >< Send\n", max_size=60).map(str.encode))
def test_no_input_raises_anything_but_a_command_error(data: bytes) -> None:
    try:
        chunks(data)
    except CommandError as error:
        assert "whole bytes in hex" in str(error)
