"""The walker reads what it can of any ZCL frame and keeps the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.emporia.emporia_examples import E17, E18
from unclouded.core.errors import WireError
from unclouded.families.emporia import zcl
from unclouded.families.emporia.zcl import (
    AttributeRecord,
    Attributes,
    DefaultResponse,
    UnknownCommand,
    ZclHeader,
    parse,
)


def attributes(data: bytes) -> Attributes:
    message = parse(data)
    assert isinstance(message, Attributes)
    return message


def test_the_readings_of_real_radios_are_read_to_their_last_byte() -> None:
    for payload, count in ((E17, 5), (E18, 5)):
        message = attributes(payload)
        assert (len(message.records), message.rest, message.partial) == (count, b"", "")


def test_an_unsupported_attribute_has_three_bytes() -> None:
    assert attributes(E18).records[1] == AttributeRecord(0x0001, status=0x86)


def test_a_report_has_no_status() -> None:
    message = attributes(bytes.fromhex("18 05 0A 0000 25 010000000000 0004 2A 9CFFFF"))
    assert [(record.attribute, record.number()) for record in message.records] == [(0, 1), (0x0400, -100)]


def test_a_default_response_names_what_it_answers() -> None:
    assert parse(bytes.fromhex("18 05 0B 00 86")) == DefaultResponse(ZclHeader(5, 0x0B), command=0, status=0x86)


def test_a_manufacturer_code_stands_before_the_sequence() -> None:
    message = attributes(bytes.fromhex("1C 5F11 09 01 0000 00 20 07"))
    assert message.header == ZclHeader(9, 1, control=0x1C, manufacturer=0x115F)
    assert message.records[0].number() == 7


def test_commands_of_a_cluster_are_not_taken_for_global_ones() -> None:
    assert isinstance(parse(bytes.fromhex("19 05 01 0000 00 20 07")), UnknownCommand)


def test_an_unknown_type_stops_the_walk_and_keeps_what_was_read() -> None:
    message = attributes(bytes.fromhex("18 05 01 0103 00 22 010000 0002 00 48 AABB"))
    assert len(message.records) == 1
    assert message.rest.hex() == "00020048aabb"
    assert message.partial == "attribute 0x0200 has the unknown type 0x48"


@pytest.mark.parametrize("length", range(4, 44))
def test_a_truncated_reading_gives_the_records_that_are_whole(length: int) -> None:
    whole, cut = attributes(E17), attributes(E17[:length])
    assert cut.records == whole.records[: len(cut.records)]
    assert bytes(cut) == E17[:length]
    assert bool(cut.partial) == bool(cut.rest)


@pytest.mark.parametrize("data", ["", "18", "1805", "1C050100"])
def test_less_than_a_header_is_an_error(data: str) -> None:
    with pytest.raises(WireError, match="cut short"):
        parse(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("kind", "value", "number"),
    [
        (0x20, "ff", None), (0x20, "fe", 254), (0x25, "ffffffffffff", None), (0x25, "ffffffff0000", 2**32 - 1),
        (0x22, "ffffff", None), (0x2A, "000080", None), (0x2A, "010080", -0x7FFFFF), (0x2A, "ffffff", -1),
        (0x18, "ff", 255), (0x30, "00", 0), (0x31, "ffff", None), (0x10, "01", 1), (0x42, "0141", None),
        (0x2F, "0000000000000080", None), (0x27, "ffffffffffffffff", None), (0x39, "0000803f", None),
    ],
)  # fmt: skip
def test_numbers_and_their_missing_value_markers(kind: int, value: str, number: int | None) -> None:
    assert AttributeRecord(0, kind, bytes.fromhex(value)).number() == number


SIZES = {
    **{base + step: step + 1 for base in (0x08, 0x18, 0x20, 0x28) for step in range(8)},
    0x10: 1, 0x30: 1, 0x31: 2, 0x38: 2, 0x39: 4, 0x3A: 8, 0xE0: 4, 0xE1: 4, 0xE2: 4, 0xE8: 2, 0xE9: 2, 0xEA: 4,
    0xF0: 8, 0xF1: 16,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "size"), SIZES.items())
def test_every_type_has_its_size(kind: int, size: int) -> None:
    message = attributes(b"\x18\x05\x0a\x34\x12" + bytes([kind]) + bytes(size) + b"\x01\x00\x20\x07")
    assert [record.attribute for record in message.records] == [0x1234, 0x0001]
    assert len(message.records[0].value) == size


@pytest.mark.parametrize("text", ["41 03 616263", "42 00", "42 FF", "43 0300 616263", "44 FFFF"])
def test_texts_carry_their_own_length(text: str) -> None:
    value = bytes.fromhex(text)
    message = attributes(b"\x18\x05\x0a\x34\x12" + value + b"\x01\x00\x20\x07")
    assert message.records == (AttributeRecord(0x1234, value[0], value[1:]), AttributeRecord(1, 0x20, b"\x07"))


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\x18\x05\x01", b"\x18\x05\x0a", b"\x18\x05\x0b", b"\x1c\0\0\5\1"])
)
@settings(max_examples=200, deadline=None)
def test_whatever_parses_encodes_unchanged(body: bytes, head: bytes) -> None:
    try:
        message = parse(head + body)
    except WireError:
        return
    assert bytes(message) == head + body


def counts_of(kind: int) -> st.SearchStrategy[tuple[int, int]]:
    """The type and a count that it can carry and that is not its "missing"."""
    top = 1 << 8 * ((kind & 7) + 1)
    return st.tuples(
        st.just(kind), st.integers(1 - top // 2, top // 2 - 1) if kind >= 0x28 else st.integers(0, top - 2)
    )


NUMBERS = st.one_of(*map(counts_of, range(0x20, 0x30)))


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), NUMBERS), max_size=8), st.sampled_from([0x01, 0x0A]))
@settings(max_examples=100, deadline=None)
def test_numbers_come_back_from_any_records_in_any_order(rows: list[tuple[int, tuple[int, int]]], command: int) -> None:
    records = tuple(zcl.uint(attribute, kind, count) for attribute, (kind, count) in rows)
    message = attributes(bytes(Attributes(ZclHeader(1, command), records)))
    assert message.records == records
    assert [record.number() for record in message.records] == [count for _, (_, count) in rows]
