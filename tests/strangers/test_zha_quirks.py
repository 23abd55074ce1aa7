"""The codecs of zha-quirks and zigpy, made for Zigbee by other people, read what ours write, and the other way round.

Tuya's data points are the same on the Zigbee and on the serial line; the Emporia radio hands Zigbee Cluster Library
frames through unread.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.emporia.emporia_examples import CODE, E1_TO_E6, E17, E18
from strangers.driven import Driven, driven, needs
from unclouded.families.emporia import install_code, zcl
from unclouded.families.emporia.reading import Registers, encode_zcl, parse_registers
from unclouded.families.tuya.line.datapoint import BOOL, ENUM, RAW, STRING, VALUE, DataPoint, read_points

pytestmark = needs("zha-quirks")

REAL_READINGS = [E17, E18, *(frame[4:-1] for frame in E1_TO_E6)]
INT32 = st.integers(-(2**31), 2**31 - 1)
# zha-quirks puts length in one byte, so texts and raw values are short here.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
VALUES = st.one_of(
    st.tuples(st.just(BOOL), st.booleans()),
    st.tuples(st.just(VALUE), INT32),
    st.tuples(st.just(STRING), TEXTS),
    st.tuples(st.just(ENUM), st.integers(0, 255)),
)
POINTS = st.builds(lambda id, value: DataPoint(id, *value), st.integers(0, 255), VALUES)
RAWS = st.builds(lambda id, value: DataPoint(id, RAW, value), st.integers(0, 255), st.binary(max_size=100))

REGISTERS = st.builds(
    Registers,
    delivered=st.integers(0, 2**47),
    received=st.integers(0, 2**47),
    multiplier=st.integers(1, 2**23),
    divisor=st.integers(1, 2**23),
    demand=st.integers(-(2**22), 2**22),
    sequence=st.integers(0, 255),
)


@pytest.fixture(scope="module")
def codecs() -> Iterator[Driven]:
    with driven("zha-quirks", "zha_quirks_driver.py") as one:
        yield one


@given(points=st.lists(POINTS | RAWS, min_size=1, max_size=6))
@settings(max_examples=60)
def test_it_reads_the_data_points_that_we_write(codecs: Driven, points: list[DataPoint]) -> None:
    found = codecs.ask("points", data=b"".join(map(bytes, points)).hex())
    values = [None if point.type == RAW else point.value for point in points]
    assert [(id, type, value) for id, type, _, value in found] == [
        (point.id, point.type, value) for point, value in zip(points, values, strict=True)
    ]


@given(point=POINTS)
@settings(max_examples=60)
def test_we_read_the_data_points_that_it_writes(codecs: Driven, point: DataPoint) -> None:
    data = bytes.fromhex(codecs.ask("encode_point", point=point.id, type=point.type, value=point.value))
    assert (data, read_points(data)) == (bytes(point), (point,))


@pytest.mark.parametrize("payload", REAL_READINGS, ids=lambda payload: f"sequence {payload[1]}")
def test_it_reads_real_readings_as_we_do(codecs: Driven, payload: bytes) -> None:
    ours = zcl.parse(payload)
    assert isinstance(ours, zcl.Attributes)
    found = codecs.ask("attributes", frame=payload.hex())
    assert (found["sequence"], found["command"]) == (ours.header.sequence, ours.header.command)
    assert found["records"] == [
        [one.attribute, one.status, *(() if one.status else (one.type, one.number()))] for one in ours.records
    ]


@given(REGISTERS)
@settings(max_examples=60)
def test_it_reads_the_readings_of_our_radio(codecs: Driven, registers: Registers) -> None:
    found = codecs.ask("attributes", frame=encode_zcl(registers).hex())
    assert [record[3] for record in found["records"]] == [
        *(registers.delivered, registers.received, registers.multiplier, registers.divisor, registers.demand)
    ]


@given(st.integers(0, 255), st.integers(0, 2**47), st.integers(-(2**22), 2**22))
@settings(max_examples=60)
def test_we_read_the_reports_that_it_writes(codecs: Driven, sequence: int, delivered: int, demand: int) -> None:
    records = [[0x0000, zcl.UINT48, delivered], [0x0400, zcl.INT24, demand]]
    found = parse_registers(bytes.fromhex(codecs.ask("encode_report", sequence=sequence, records=records)))
    assert (found.sequence, found.delivered, found.demand) == (sequence, delivered, demand)


@given(st.binary(min_size=6, max_size=6), st.booleans())
@settings(max_examples=60)
def test_it_finds_the_same_install_codes_valid(codecs: Driven, code: bytes, is_right: bool) -> None:
    checksum = install_code.crc16_x25(code) ^ (0 if is_right else 0x0101)
    whole = code + checksum.to_bytes(2, "little")
    assert codecs.ask("install_code_is_valid", code=whole.hex()) is is_right is install_code.is_valid(whole)
    assert codecs.ask("install_code_is_valid", code=CODE.hex())
