"""Alarms of breakers: the records of the page, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, WireError
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.values.alarm import SET_1, SET_2, Alarm, decode_alarms, read_alarms, write_alarms

# docs/protocols/tuya_wifi.md §2.8.4
CAPTURE = bytes.fromhex("01 01 003c 03 01 00f5 04 01 00b4 08 00 001e")
OFFICIAL = bytes.fromhex("01 01 0000 03 01 0014")


def test_the_capture_of_a_breaker_that_uses_the_second_table() -> None:
    alarms = read_alarms(CAPTURE, SET_2)
    assert alarms == (
        Alarm("over_current", True, 60),
        Alarm("over_voltage", True, 245),
        Alarm("under_voltage", True, 180),
        Alarm("low_balance", False, 30),
    )
    assert write_alarms(alarms, SET_2) == CAPTURE


def test_the_same_ids_mean_other_things_in_the_first_table() -> None:
    assert read_alarms(OFFICIAL, SET_1) == (Alarm("short_circuit", True, 0), Alarm("overload", True, 20))


def test_an_unknown_id_keeps_its_number() -> None:
    alarms = read_alarms(b"\x63\x00\x00\x07", SET_1)
    assert alarms == (Alarm("alarm_99", False, 7),)
    assert write_alarms(alarms, SET_1) == b"\x63\x00\x00\x07"


def test_a_profile_sees_thresholds_and_what_they_do() -> None:
    assert FAMILY_WIFI.decoders["alarm_2"](CAPTURE)["over_voltage"] == 245
    assert decode_alarms(CAPTURE, SET_2)["low_balance_trips"] is False


def test_half_a_record_is_refused() -> None:
    with pytest.raises(WireError, match="records of 4 bytes"):
        read_alarms(CAPTURE[:-1], SET_2)
    with pytest.raises(CommandError, match="no alarm over_current at 70000"):
        write_alarms([Alarm("over_current", True, 70_000)], SET_2)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 1), st.integers(0, 0xFFFF)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_what_is_read_is_written_again(records: list[tuple[int, int, int]]) -> None:
    raw = b"".join(bytes((id, action)) + threshold.to_bytes(2) for id, action, threshold in records)
    for table in (SET_1, SET_2):
        assert write_alarms(read_alarms(raw, table), table) == raw
