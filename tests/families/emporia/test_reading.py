"""Payloads to Wh and W, with the values of real meters."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.emporia.emporia_examples import E1_TO_E6, E17, E18, E19, E20, PAIRED, WATTS, WH, v2
from unclouded.core.errors import WireError
from unclouded.families.emporia import reading as reading_module
from unclouded.families.emporia import zcl
from unclouded.families.emporia.reading import (
    RECEIVED,
    Registers,
    WireFactors,
    encode_v2,
    encode_zcl,
    parse_reading,
    parse_registers,
)


def test_e1_to_e6_the_sniffed_readings() -> None:
    readings = [parse_reading(frame[4:-1]) for frame in E1_TO_E6]
    assert [reading.import_Wh for reading in readings] == list(WH)
    assert [reading.demand_W for reading in readings] == list(WATTS)
    assert {reading.export_Wh for reading in readings} == {9_901_082}
    assert [reading.registers.sequence for reading in readings] == list(range(0x48, 0x4E))


@pytest.mark.parametrize(("sequence", "watts"), PAIRED)
def test_e7_to_e16_rebuilt_from_sequence_and_power(sequence: int, watts: int) -> None:
    registers = Registers(delivered=WH[0], received=1, multiplier=1, divisor=1000, demand=watts, sequence=sequence)
    reading = parse_reading(encode_zcl(registers))
    assert (reading.registers.sequence, reading.demand_W) == (sequence, watts)


def test_e17_the_documented_log() -> None:
    reading = parse_reading(E17)
    assert (reading.import_Wh, reading.export_Wh, reading.demand_W) == (5_858_944, 7_926_904, 909)
    assert reading.scale == WireFactors(1, 1000)


def test_e18_the_meter_without_export_has_37_bytes() -> None:
    reading = parse_reading(E18)
    assert len(E18) == 37
    assert reading.values == {"import": 318_458, "demand": 440}
    assert reading.missing == {"export": "unsupported attribute (status 0x86)"}


def test_e19_multiplier_and_divisor_are_exact() -> None:
    reading = parse_reading(E19)
    assert reading.import_Wh == Fraction("66367634.4")
    assert reading.demand_W == Fraction("1815.6")
    assert reading.registers.uptime_ms == 528_550
    assert "export" in reading.missing


def test_e20_the_meter_behind_current_transformers_reads_as_its_log_shows() -> None:
    reading = parse_reading(E20)
    assert (reading.import_Wh, reading.demand_W) == (3_060_725, 1280)
    assert reading.registers.uptime_ms == 157_472_000


def test_energy_has_no_float_in_it() -> None:
    """float32 rounds 152 468 889 Wh to a multiple of 16."""
    registers = Registers(delivered=152_468_889, multiplier=1, divisor=1000, sequence=0)
    assert parse_reading(encode_zcl(registers)).import_Wh == 152_468_889


def test_multiplier_and_divisor_use_all_their_bits() -> None:
    registers = Registers(delivered=10**12, multiplier=70_000, divisor=7_000_000, demand=-5, sequence=0)
    reading = parse_reading(encode_zcl(registers))
    assert (reading.import_Wh, reading.demand_W) == (10**13, -50)


def test_giving_to_the_grid_is_negative_power() -> None:
    for encode in (encode_zcl, encode_v2):
        registers = Registers(delivered=5, multiplier=1, divisor=1000, demand=-1234, sequence=0)
        assert parse_reading(encode(registers)).demand_W == -1234


@pytest.mark.parametrize("top", ["00", "FF"])
def test_the_top_byte_of_an_old_negative_power_does_not_count(top: str) -> None:
    assert parse_registers(v2({56: top + "FFFF9C"})).demand == -100


def test_missing_values_are_absent_and_not_zero() -> None:
    reading = parse_reading(encode_zcl(Registers(multiplier=1, divisor=1000, sequence=0)))
    assert reading.values == {}
    assert set(reading.missing.values()) == {"the meter has no value now"}


@pytest.mark.parametrize("marker", ["00400000", "00000000"])
def test_the_old_marker_is_one_exact_value(marker: str) -> None:
    assert parse_registers(v2({4: marker})).delivered is None


@pytest.mark.parametrize("count", ["00400001", "003FFFFF", "0697D0F4", "09167D87"])
def test_larger_counts_than_the_old_marker_are_good(count: str) -> None:
    assert parse_registers(v2({4: count})).delivered == int(count, 16)


def test_an_old_demand_of_800000_is_missing() -> None:
    assert parse_registers(v2({57: "800000"})).demand is None


@pytest.mark.parametrize(("multiplier", "divisor"), [(0, 1000), (1, 0), (None, 1000), (1, None), (0, 0)])
def test_a_bad_scale_leaves_the_last_good_one(multiplier: int | None, divisor: int | None) -> None:
    payload = encode_zcl(Registers(delivered=10, multiplier=multiplier, divisor=divisor, demand=3, sequence=0))
    assert parse_reading(payload).values == {}
    assert parse_reading(payload, WireFactors(1, 1000)).values == {"import": 10, "demand": 3}


def test_half_a_scale_that_disagrees_with_the_last_one_is_not_mixed_with_it() -> None:
    payload = encode_zcl(Registers(delivered=10, multiplier=3, divisor=None, sequence=0))
    assert parse_reading(payload, WireFactors(1, 1000)).values == {}


def test_reordered_and_extra_attributes_are_read_too() -> None:
    whole = zcl.parse(E17)
    assert isinstance(whole, zcl.Attributes)
    extra = zcl.uint(0x0300, 0x30, 0)
    shuffled = bytes(zcl.Attributes(whole.header, (extra, *reversed(whole.records), extra)))
    assert parse_reading(shuffled).values == parse_reading(E17).values


def test_a_report_is_a_reading_too() -> None:
    whole = zcl.parse(E17)
    assert isinstance(whole, zcl.Attributes)
    report = zcl.Attributes(zcl.ZclHeader(1, zcl.REPORT_ATTRIBUTES), whole.records)
    assert parse_reading(bytes(report)).values == parse_reading(E17).values


def test_a_truncated_reading_gives_what_it_holds_and_is_marked() -> None:
    reading = parse_reading(E17[:20], WireFactors(1, 1000))
    assert reading.values == {"import": 5_858_944}
    assert reading.registers.partial == "attribute 0x0001 is cut short"
    assert reading.missing["demand"] == "attribute 0x0001 is cut short"


@pytest.mark.parametrize("length", [0, 1, 2])
def test_less_than_a_header_is_no_reading(length: int) -> None:
    with pytest.raises(WireError, match="cut short"):
        parse_reading(E17[:length])


def test_an_old_reading_that_is_cut_short_is_no_reading() -> None:
    with pytest.raises(WireError, match="neither 152 long"):
        parse_reading(E19[:100])


def test_a_refusal_of_the_meter_is_an_error_with_its_status() -> None:
    with pytest.raises(WireError, match=r"not authorized \(status 0x7E\)"):
        parse_reading(bytes.fromhex("18 05 0B 00 7E"))


COUNT48 = st.none() | st.integers(0, 2**48 - 2)
REGISTERS = st.builds(
    Registers,
    delivered=COUNT48,
    received=COUNT48,
    multiplier=st.integers(1, 2**24 - 2),
    divisor=st.integers(1, 2**24 - 2),
    demand=st.none() | st.integers(-0x7FFFFF, 0x7FFFFF),
    sequence=st.integers(0, 255),
)


def counts(registers: Registers) -> tuple[int | None, ...]:
    return (registers.delivered, registers.received, registers.multiplier, registers.divisor, registers.demand)


@given(REGISTERS, st.sampled_from([(), (RECEIVED,)]))
@settings(max_examples=200, deadline=None)
def test_registers_come_back_from_new_payloads(registers: Registers, unsupported: tuple[int, ...]) -> None:
    payload = encode_zcl(registers, unsupported)
    back = parse_registers(payload)
    assert len(payload) == (37 if unsupported else 44)
    assert back.sequence == registers.sequence
    assert counts(back)[2:] == counts(registers)[2:]
    assert back.delivered == registers.delivered
    assert back.received == (None if unsupported else registers.received)


@given(REGISTERS, st.integers(0, 43), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_the_usual_form_read_in_one_go_means_the_same_as_its_records(registers: Registers, at: int, byte: int) -> None:
    payload = bytearray(encode_zcl(registers))
    payload[at] = byte
    try:
        message = zcl.parse(bytes(payload))
        fast = parse_registers(bytes(payload))
    except WireError:
        return
    assert isinstance(message, zcl.Attributes)
    assert fast == reading_module._from_records(message)


@given(REGISTERS, st.integers(0, 2**32 - 1), st.integers(1, 2**32 - 1).filter(lambda count: count != 0x400000))
@settings(max_examples=100, deadline=None)
def test_registers_come_back_from_old_payloads(registers: Registers, uptime_ms: int, delivered: int) -> None:
    old = Registers(
        delivered=delivered,
        multiplier=registers.multiplier,
        divisor=registers.divisor,
        demand=registers.demand,
        uptime_ms=uptime_ms,
    )
    back = parse_registers(encode_v2(old))
    assert counts(back) == counts(old)
    assert back.uptime_ms == uptime_ms


@given(st.builds(WireFactors, st.integers(1, 2**24), st.integers(1, 2**24)), st.integers(-(2**23), 2**48))
@settings(max_examples=200, deadline=None)
def test_scales_are_exact_in_both_directions(scale: WireFactors, count: int) -> None:
    value = scale.of(count)
    assert value == Fraction(count) * scale.multiplier * 1000 / scale.divisor
    assert isinstance(value, int) == (Fraction(value).denominator == 1)
    assert scale.count(value) == count


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_payload_is_a_reading_or_a_wire_error(payload: bytes) -> None:
    try:
        parse_reading(payload, WireFactors(1, 1000))
    except WireError:
        pass
