"""Values on a wire, by the names of a profile."""

import pytest

from unclouded import families
from unclouded.app.protocols import settings_of
from unclouded.core.family import Piece
from unclouded.core.model import NamedValue
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.hub.readings.naming import ValueNames
from unclouded.profiles import ProfileLibrary

TUYA = families.family("tuya_wifi")
PHASE = bytes.fromhex("08 80 00 03 E8 00 27 10")  # docs/protocols/tuya_wifi.md §2.8.3


def names(profile: str) -> ValueNames:
    return ValueNames(ProfileLibrary(settings_of).get(profile), TUYA.decoders)


def report(*points: DataPoint) -> Piece:
    (piece,) = TUYA.decoder("device").feed(bytes(Frame(3, 7, b"".join(map(bytes, points)))))
    return piece


def test_every_value_of_a_frame_is_named_with_its_unit_and_its_scale() -> None:
    piece = report(DataPoint(1, 1, True), DataPoint(18, 2, 312), DataPoint(19, 2, 673), DataPoint(38, 4, 2))
    assert names("tuya/plug_metering").text(piece) == (
        "on true, current_A 0.312 A, power_W 67.3 W, after_power_cut last"
    )


def test_without_a_profile_or_a_row_a_value_is_raw() -> None:
    piece = report(DataPoint(19, 2, 673), DataPoint(103, 3, "hello you"))
    assert ValueNames().text(piece) == '19 = 673, 103 = "hello you"'
    assert names("tuya/plug_metering").text(piece) == 'power_W 67.3 W, 103 = "hello you"'
    assert names("tuya/plug_metering").points(piece)[1] == NamedValue(id="103", raw="hello you")


def test_the_text_can_have_the_value_on_the_wire_too() -> None:
    piece = report(DataPoint(1, 1, True), DataPoint(19, 2, 673))
    profile = ProfileLibrary(settings_of).get("tuya/plug_metering")
    assert ValueNames(profile, with_raw=True).text(piece) == "on true (1), power_W 67.3 W (19: 673)"


def test_an_increment_has_a_plus_sign() -> None:
    assert names("tuya/plug_metering").text(report(DataPoint(17, 2, 32))) == "energy_import_Wh +32 Wh"


def test_a_raw_value_is_decoded_where_the_profile_can() -> None:
    named = names("tuya/breaker").points(report(DataPoint(6, 0, PHASE)))
    assert {(one.key, one.reading, one.unit) for one in named} >= {("voltage_V", 217.6, "V"), ("current_A", 1.0, "A")}
    broken = names("tuya/breaker").points(report(DataPoint(6, 0, b"\1")))
    assert [(one.raw, one.reading) for one in broken] == [("01", None)]


def test_other_fields_of_a_message_stay() -> None:
    record = bytes(Frame(3, 0x34, bytes.fromhex("0b 01 01 16 02 16 0b 16 21 02 02 00 04 00 00 00 64")))
    (piece,) = TUYA.decoder("device").feed(record)
    assert ValueNames().text(piece) == "kind=1 (local) time=[22,2,22,11,22,33] 2 = 100"


@pytest.mark.parametrize("control", ["\x1b", "\x9b", "\x7f", "\u202e", "\n"])
def test_no_control_byte_gets_through_to_a_terminal(control: str) -> None:
    """Not those that JSON leaves as they are, either: 9b begins a command as ESC [ does."""
    (piece,) = TUYA.decoder("device").feed(bytes(Frame(3, 7, bytes(DataPoint(3, 3, f"{control}2J")))))
    assert ValueNames().text(piece) == {"\n": '3 = "\\n2J"'}.get(control, f'3 = "\\u{ord(control):04x}2J"')
    features = b'{"a":"\\u%04x2J"}' % ord(control)
    (piece,) = TUYA.decoder("device").feed(bytes(Frame(3, 0x37, b"\0" + features)))
    assert ValueNames().text(piece).isprintable()
    (piece,) = TUYA.decoder("controller").feed(bytes(Frame(0, 0x37, b'\2{"\\u%04x2J":1}' % ord(control))))
    assert ValueNames().text(piece).isprintable()


@pytest.mark.parametrize("family", ["emporia", "meross", "tuya_gateway"])
def test_messages_of_families_without_values_are_listed_field_by_field(family: str) -> None:
    piece = Piece(offset=0, data=b"x", kind="frame", message={"a": 1, "points": [2]})
    assert ValueNames(None, families.family(family).decoders).text(piece) == "a=1 points=[2]"
