"""The parts of frames, of every family and dialect: they cover each byte once, whatever the bytes are."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from case_library import recordings
from unclouded import families
from unclouded.core.family import Dialect, Family, Piece, Sender
from unclouded.core.frame_part import FramePart, leaves
from unclouded.core.views.json_parts import json_parts
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi.commands import WIFI
from unclouded.families.tuya.zigbee_module.commands import ZIGBEE_MODULE
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame

ROOT = Path(__file__).parent.parent.parent
HEX = re.compile(r"^\|? ?`?((?:[0-9a-f]{2} ?){7,})`?(?: |$)", re.MULTILINE)
TABLES = {"normal": WIFI, "low_power": LOW_POWER, "gateway": GATEWAY, "zigbee_module": ZIGBEE_MODULE}
FAMILIES = {name: families.family(name) for name in families.NAMES}
ALL: dict[str, Family | Dialect] = {
    **{name: family for name, family in FAMILIES.items() if family.layout is not None},
    **FAMILIES["tuya_wifi"].dialects,
}


def pieces(reading: Family | Dialect, sender: Sender | None, data: bytes) -> list[Piece]:
    decoder = reading.decoder(sender)
    return [*decoder.feed(data), *decoder.close()]


def parts_of(reading: Family | Dialect, piece: Piece) -> Sequence[FramePart]:
    assert reading.layout is not None
    return reading.layout(piece)


def assert_covered(parts: Sequence[FramePart], start: int, end: int) -> None:
    """The parts are these bytes, in order and without a gap, and so are the parts of each part."""
    at = start
    for part in parts:
        assert part.start == at < part.end
        if part.parts:
            assert_covered(part.parts, part.start, part.end)
        at = part.end
    assert at == end


def check(reading: Family | Dialect, data: bytes) -> None:
    for sender in ("controller", "device", None):
        for piece in pieces(reading, sender, data):
            parts = parts_of(reading, piece)
            assert_covered(parts, 0, len(piece.data))
            text = msgspec.json.encode(parts)
            assert msgspec.json.encode(msgspec.json.decode(text, type=list[FramePart])) == text


@cache
def printed_frames() -> tuple[bytes, ...]:
    """Every frame of the protocol pages."""
    texts = (page.read_text("utf-8") for page in sorted((ROOT / "docs" / "protocols").glob("*.md")))
    return tuple(bytes.fromhex(found) for text in texts for found in HEX.findall(text))


# --- every byte once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_the_parts_of_every_printed_frame_cover_it(name: str) -> None:
    frames = printed_frames()
    assert len(frames) > 200
    for frame in frames:
        check(ALL[name], frame)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_parts_of_damaged_frames_cover_them(name: str, data: st.DataObject) -> None:
    frame = bytearray(data.draw(st.sampled_from(printed_frames())) + data.draw(st.sampled_from(printed_frames())))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(frame) - 1))
        frame[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        frame = frame or bytearray(b"U")
    check(ALL[name], bytes(frame))


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_parts_of_any_payload_of_any_command_cover_it(name: str, data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(TABLES[name].specs))
    head = b"" if spec.sub is None else bytes((spec.sub,))
    payload = head + data.draw(st.one_of(st.binary(max_size=24), st.sampled_from([f[6:-1] for f in printed_frames()])))
    version = data.draw(st.sampled_from((0, 1, 3)))
    frame = Frame(version, spec.code, payload)
    check(ALL[name], bytes(SequencedFrame(2, spec.code, payload, 7) if name == "zigbee_module" else frame))


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from((b"\x55\xaa", b"$\x01r", b"$\x01i\x08", b'{"header":', b"U\x5a", b"\r")), max_size=8))
def test_the_parts_of_beginnings_of_frames_cover_them(name: str, starts: list[bytes]) -> None:
    check(ALL[name], b"\x03\x07\x00".join(starts))


@settings(max_examples=200, deadline=None)
@given(st.text('{}[]:,"\\ a1', max_size=40))
def test_the_parts_of_what_may_be_json_cover_it(text: str) -> None:
    data = text.encode()
    parts = json_parts(data, 0, len(data))
    if parts:
        assert_covered(parts, 0, len(data))


def recorded_frames() -> set[tuple[str, bytes]]:
    """The different frames of the recorded cases, each with the name of its family, or of its dialect."""
    found = set()
    for case in recordings():
        for frame in case.expected.frames:
            text = frame.split(" ", 2)[2]
            data = text.encode() if text.startswith("{") else bytes.fromhex(text)
            found.add((case.dialect or case.family, data))
    return found


def test_the_parts_of_every_recorded_frame_cover_it() -> None:
    known = [(name, data) for name, data in recorded_frames() if name in ALL]
    assert len(known) > 150
    for name, data in known:
        check(ALL[name], data)


# --- what they are ------------------------------------------------------------------------------------


def explained(name: str, text: str, sender: Sender | None = None) -> list[str]:
    """Label and value of each field, and what is odd about it."""
    data = text.encode() if text.startswith("{") else bytes.fromhex(text)
    reading = ALL[name]
    found = [part for piece in pieces(reading, sender, data) for part in leaves(parts_of(reading, piece))]
    return [f"{part.label} {part.text}".strip() + (f" ! {part.odd}" if part.odd else "") for part in found]


def test_a_report_of_a_power_is_explained_field_by_field() -> None:
    assert explained("tuya_wifi", "55 aa 03 07 00 08 13 02 00 04 00 00 02 a1 cd") == [
        "header",
        "version 3",
        "command report",
        "length 8 bytes",
        "dp 19",
        "type value",
        "length 4",
        "value 673",
        "checksum right",
    ]


def test_a_wrong_checksum_is_explained_with_the_right_one() -> None:
    found = explained("tuya_wifi", "55 aa 03 07 00 08 13 02 00 04 00 00 02 a1 ce")
    assert found[7:] == ["value 673", "checksum wrong ! should be cd"]


def test_a_frame_that_is_cut_off_says_how_much_is_missing() -> None:
    found = explained("tuya_wifi", "55 aa 03 07 00 08 13 02 00 04 00 00")
    assert found[3] == "length 8 bytes ! 8 and a checksum should follow, but 6 bytes are there"
    assert found[-1] == "value ! 4 bytes should follow"


def test_each_header_in_noise_begins_a_frame() -> None:
    data = bytes.fromhex("55 aa 03 07 00 08 13 02 55 aa 03 00 00 01 01 05")
    parts = parts_of(ALL["tuya_wifi"], Piece(offset=0, data=data, kind="noise"))
    assert [part.start for part in parts if part.label == "header"] == [0, 8]
    assert parts[3].odd == "8 and a checksum should follow, but 2 bytes are there"
    assert parts[-1].odd == "should be 04"


def test_bytes_behind_what_a_command_has_are_surplus() -> None:
    assert explained("tuya_wifi", "55 aa 00 25 00 02 01 02 29", "controller")[4] == (
        "surplus ! 2 bytes more than this command has"
    )


def test_numbers_have_their_meaning_and_years_their_century() -> None:
    assert "status 4 (cloud)" in explained("tuya_wifi", "55 aa 00 03 00 01 04 07")
    record = explained("tuya_wifi", "55 aa 03 34 00 0e 0b 01 02 16 02 12 10 1b 06 01 01 00 01 01 b1")
    assert record[2:9] == [
        "command extended service",
        "length 14 bytes",
        "sub-command record report",
        "version 1",
        "kind 2 (GMT)",
        "year 2022",
        "month 2",
    ]


def test_the_id_of_a_sub_device_stands_before_its_data_points() -> None:
    found = explained("tuya_gateway", "55 aa 00 0d 00 0a 04 31 32 33 34 01 01 00 01 01 53")
    assert found[4:10] == ["length 4", "sub_id 1234", "dp 1", "type bool", "length 1", "value true"]


def test_frames_of_a_zigbee_module_have_a_sequence_number() -> None:
    found = explained("zigbee_module", "55 aa 02 00 26 06 00 08 10 02 00 04 00 00 00 e1 2c")
    assert found[2:5] == ["sequence 38", "command report", "length 8 bytes"]


def test_every_attribute_of_a_meter_reading_is_explained() -> None:
    text = "2401722c 18e801 0000 00 25 67ef07000000 0100 00 25 000000000000 0103 00 22 010000 "
    found = explained("emporia", text + "0203 00 22 e80300 0004 00 2a 0a0300 0d")
    assert found[4:7] == ["ZCL control from the meter", "sequence 232", "ZCL command attributes, as asked"]
    assert found[7:11] == ["attribute 0000 import", "status success", "type uint48", "import 520039: 520039 Wh"]
    assert found[-2:] == ["demand 778: 778 W", "end"]


def test_a_damaged_frame_of_the_metering_chip_is_explained() -> None:
    frame = "555a02f778000a30 00b9b2000c68 1b5af4 0f2a6a 71 0012"
    data = bytes.fromhex(frame)
    found = explained("hlw8032", (data + bytes((sum(data[2:]) + 1 & 0xFF,))).hex())
    assert found[-1].startswith("checksum wrong ! should be ")


def test_values_of_a_plug_have_their_units() -> None:
    text = (
        '{"header":{"messageId":"d0","namespace":"Appliance.Control.Electricity","method":"GETACK","payloadVersion":1,'
        '"from":"/appliance/1/publish","timestamp":1552215950,"sign":"ab"},'
        '"payload":{"electricity":{"channel":0,"current":293,"voltage":2301,"power":67300}}}'
    )
    found = explained("meross", text)
    assert 'header.namespace "Appliance.Control.Electricity"  electricity' in found
    assert "header.timestamp 1552215950  2019-03-10 11:05:50 UTC" in found
    assert found[-4:] == [
        "payload.electricity.current 293  mA",
        "payload.electricity.voltage 2301  × 0.1 V",
        "payload.electricity.power 67300  mW",
        "end of JSON",
    ]


# --- sections -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_command_names_the_section_that_describes_it(name: str) -> None:
    for row in ALL[name].commands:
        page, _, number = row.section.partition(" \N{SECTION SIGN}")
        heading = re.compile(rf"^#+ {re.escape(number)} ", re.MULTILINE)
        assert heading.search((ROOT / page).read_text("utf-8")), f"{name} {row.code}: {row.section}"
