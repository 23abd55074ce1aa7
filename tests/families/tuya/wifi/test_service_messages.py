"""The messages of the services, both ways: what is built is read back, and the bytes of the page are what they are."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.family import Sender
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import BOOL, DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Bare, Points, Result, Unknown, frame_of
from unclouded.families.tuya.wifi.commands import read_message
from unclouded.families.tuya.wifi.service_messages import (
    BluetoothTest,
    Features,
    FreeMemory,
    Mac,
    MapBlock,
    MapsBlock,
    ModuleInfo,
    RecordReport,
    Sub,
    SubResult,
    TimeNotice,
    WeatherAnswer,
    WeatherData,
    WeatherNames,
    WifiCredentials,
    WifiTest,
)

ANY = st.integers(0, 255)
LONG = st.integers(0, 2**32 - 1)
DATA = st.binary(max_size=40)
TEXT = st.text(max_size=20)
POINT = st.builds(DataPoint, ANY, st.just(BOOL), st.booleans())
VALUE = st.tuples(TEXT, TEXT | st.integers(-(2**31), 2**31 - 1))
NOT_ENDED = st.binary(min_size=1, max_size=40)


def anyone(*pairs: tuple[Sender, st.SearchStrategy[Message]]) -> st.SearchStrategy[tuple[Sender, Message]]:
    return st.one_of(*(st.tuples(st.just(sender), messages) for sender, messages in pairs))


MESSAGES = anyone(
    ("device", st.builds(Bare, st.sampled_from((0x0E, 0x0F, 0x21, 0x25, 0x2D, 0x2E, 0x2F, 0x0B, 0x32, 0x60, 0x64)))),
    ("device", st.builds(Points, st.just(0x22), st.lists(POINT, min_size=1).map(tuple))),
    ("controller", st.builds(Result, st.sampled_from((0x23, 0x28, 0x2A, 0x2C, 0x2E, 0x2F, 0x30, 0x60, 0x62)), ANY)),
    ("device", st.builds(Result, st.sampled_from((0x0A, 0x31)), ANY)),
    ("controller", st.builds(WifiTest, st.booleans(), ANY)),
    ("controller", st.builds(FreeMemory, LONG)),
    ("controller", st.builds(Mac, st.booleans(), st.binary(min_size=6, max_size=6))),
    ("device", st.builds(WeatherNames, st.lists(TEXT, max_size=6).map(tuple))),
    ("controller", st.builds(WeatherAnswer, st.booleans(), ANY)),
    ("controller", st.builds(WeatherData, st.none() | st.lists(VALUE, max_size=6).map(tuple))),
    ("device", st.builds(WifiCredentials, st.sampled_from((0x2A, 0x2C)), DATA)),
    ("device", st.builds(MapBlock, st.integers(0, 65535), LONG, DATA)),
    ("device", st.builds(MapsBlock, ANY, st.integers(0, 65535), ANY, ANY, LONG, DATA)),
    ("device", st.builds(Sub, st.just(0x34), st.just(1), st.sampled_from((b"\0", b"\1")))),
    ("device", st.builds(Sub, st.just(0x34), st.sampled_from((2, 3, 4, 5)))),
    ("device", st.builds(Sub, st.just(0x34), st.just(7), NOT_ENDED)),
    ("controller", st.builds(SubResult, st.just(0x34), st.sampled_from((1, 3, 4, 5, 0x0B)), ANY)),
    ("controller", st.builds(TimeNotice, ANY, st.binary(min_size=7, max_size=7))),
    ("controller", st.builds(ModuleInfo, ANY, DATA)),
    (
        "device",
        st.builds(RecordReport, ANY, ANY, st.binary(min_size=6, max_size=6), st.lists(POINT).map(tuple)),
    ),
    ("controller", st.builds(BluetoothTest, ANY, ANY)),
    ("controller", st.builds(SubResult, st.just(0x37), st.just(0), ANY)),
    ("device", st.builds(Sub, st.just(0x37), st.integers(2, 8), DATA)),
    ("controller", st.builds(Sub, st.just(0x37), st.integers(3, 8), DATA)),
)


@given(MESSAGES)
@settings(max_examples=200, deadline=None)
def test_what_is_built_is_read_back(sent: tuple[Sender, Message]) -> None:
    sender, message = sent
    assert read_message(sender, frame_of(message)) == message


@given(st.sampled_from(("controller", "device")), st.integers(0, 3), ANY, st.binary(max_size=40), st.integers(0, 12))
@settings(max_examples=200, deadline=None)
def test_any_frame_of_any_command_is_written_again_unchanged(
    sender: Sender, version: int, command: int, payload: bytes, sub: int
) -> None:
    for data in (payload, bytes((sub,)) + payload):
        frame = Frame(version, command, data)
        assert frame_of(read_message(sender, frame), version) == frame


def device(hex: str) -> Message:
    data = bytes.fromhex(hex)
    return read_message("device", Frame(data[2], data[3], data[6:-1]))


def test_the_weather_request_of_the_page_has_three_names() -> None:
    """The vendor's own sample has a wrong length; this is the right one."""
    asked = device("55aa0320001b0a772e68756d696469747906772e706d323508772e646174652e37f8")
    assert asked == WeatherNames(("w.humidity", "w.pm25", "w.date.7"))


def test_a_record_has_its_own_time() -> None:
    record = device("55aa0334000e0b0102160212101b060101000101b1")
    assert record == RecordReport(1, 2, bytes((22, 2, 18, 16, 27, 6)), (DataPoint(1, BOOL, True),))


def test_the_features_of_the_page() -> None:
    features = device("55aa03370021007b226d63755f6f7461223a302c22616276223a332c22627566223a313032347dac")
    assert isinstance(features, Features)
    assert features.fields == {"mcu_ota": 0, "abv": 3, "buf": 1024}


@pytest.mark.parametrize(
    ("sender", "command", "payload"),
    [
        ("device", 0x33, b"\1abc"),
        ("device", 0x38, b"\1"),
        ("device", 0x3C, b"\0\1\0\0\0\0"),
        ("device", 0x20, b"\x0aw.temp"),
        ("controller", 0x21, b"\1\6w.temp\0"),
        ("device", 0x34, b""),
        ("device", 0x34, b"\x0b\1"),
        ("controller", 0x0F, b"\0\0"),
    ],
)
def test_what_has_no_known_layout_stays_unknown(sender: Sender, command: int, payload: bytes) -> None:
    assert read_message(sender, Frame(3, command, payload)) == Unknown(command, payload)


@pytest.mark.parametrize("show", [repr, str])
def test_secrets_are_not_shown(show: Callable[[object], str]) -> None:
    assert "hush" not in show(WifiCredentials(0x2A, b'{"s":"hush","p":"hush"}'))
    assert "hush" not in show(ModuleInfo(0, b'{"wcfg":{"pwd":"hush"}}'))


def test_credentials_are_whole_or_they_are_not() -> None:
    assert WifiCredentials(0x2A, b'{"s":"a","p":"b","t":"c"}').is_whole()
    assert WifiCredentials(0x2C, b'{"ssid":"a","password":""}').is_whole()
    for bad in (
        b"",
        b"[]",
        b'{"ssid":"a"}',
        b'{"ssid":"a","password":5}',
        b'{"ssid":"' + b"a" * 33 + b'","password":""}',
    ):
        assert not WifiCredentials(0x2C, bad).is_whole()
