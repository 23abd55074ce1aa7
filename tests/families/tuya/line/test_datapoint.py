"""Data points: strict out, lenient in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, WireError
from unclouded.families.tuya.line.datapoint import (
    BITMAP,
    BOOL,
    ENUM,
    RAW,
    STRING,
    VALUE,
    DataPoint,
    decode_value,
    encode_value,
    read_points,
    type_of,
    write_points,
)

values = st.one_of(
    st.tuples(st.just(RAW), st.binary(max_size=40)),
    st.tuples(st.just(BOOL), st.booleans()),
    st.tuples(st.just(VALUE), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(STRING), st.text(max_size=20).filter(lambda text: not text.endswith("\0"))),
    st.tuples(st.just(ENUM), st.integers(0, 255)),
    st.tuples(st.just(BITMAP), st.integers(0, 2**32 - 1)),
)
points = st.builds(lambda id, pair: DataPoint(id, pair[0], pair[1]), st.integers(0, 255), values)


@given(st.lists(points, max_size=6))
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(sent: list[DataPoint]) -> None:
    read = read_points(write_points(sent))
    assert [(point.id, point.type, point.value, point.odd) for point in read] == [
        (point.id, point.type, point.value, "") for point in sent
    ]


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=12)), max_size=5))
@settings(max_examples=200, deadline=None)
def test_whatever_a_unit_holds_is_a_value_and_is_written_again_unchanged(units: list[tuple[int, int, bytes]]) -> None:
    payload = b"".join(bytes((id, type)) + len(body).to_bytes(2) + body for id, type, body in units)
    assert write_points(read_points(payload)) == payload


@pytest.mark.parametrize(
    ("type", "body", "value", "odd"),
    [
        (VALUE, "000002a1", 673, ""),
        (VALUE, "fffffff6", -10, ""),
        (VALUE, "a1", 161, "a value of 1 byte"),
        (VALUE, "02a1", 673, "a value of 2 bytes"),
        (VALUE, "", b"", "a value of 0 bytes"),
        (BOOL, "00000001", True, "a bool of 4 bytes"),
        (BOOL, "02", True, "a bool of 2"),
        (ENUM, "00000003", 3, "an enum of 4 bytes"),
        (BITMAP, "01", 1, ""),
        (BITMAP, "0100", 256, ""),
        (BITMAP, "00010000", 65536, ""),
        (BITMAP, "000001", 1, "a bitmap of 3 bytes"),
        (STRING, "6869", "hi", ""),
        (STRING, "686900", "hi", ""),
        (STRING, "68ff", "h\ufffd", "a string that is not UTF-8"),
        (RAW, "00ff", b"\x00\xff", ""),
        (9, "00ff", b"\x00\xff", "unknown type 9"),
    ],
)
def test_deviations_of_real_mcus_are_values_with_a_warning(type: int, body: str, value: object, odd: str) -> None:
    """docs/protocols/tuya_wifi.md §2.6 item 1; esphome/issues 2149."""
    assert decode_value(type, bytes.fromhex(body)) == (value, odd)


def test_units_that_do_not_fill_the_payload_are_refused() -> None:
    with pytest.raises(WireError, match="longer than the payload"):
        read_points(bytes.fromhex("13020004000002"))
    with pytest.raises(WireError):
        read_points(b"\x01\x02")


@pytest.mark.parametrize(
    ("type", "value"),
    [
        (VALUE, 2**31),
        (VALUE, "7"),
        (ENUM, 256),
        (ENUM, -1),
        (BITMAP, 2**32),
        (BOOL, 2),
        (STRING, 7),
        (RAW, "00"),
        (RAW, bytes(1021)),
        (9, 1),
    ],
)
def test_what_a_type_cannot_hold_is_the_callers_mistake(type: int, value: object) -> None:
    with pytest.raises(CommandError):
        encode_value(type, value)  # type: ignore[arg-type]  # on purpose


def test_a_bitmap_is_as_wide_as_its_value_needs() -> None:
    assert [len(encode_value(BITMAP, value)) for value in (0xFF, 0x100, 0x10000)] == [1, 2, 4]


def test_a_python_value_suggests_a_type() -> None:
    assert [type_of(value) for value in (True, 7, "text", b"raw")] == [BOOL, VALUE, STRING, RAW]
