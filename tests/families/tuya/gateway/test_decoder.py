"""The example frames of docs/protocols/tuya_gateway.md §3, and what of them is wrong."""

import pytest

from unclouded.core.family import Piece
from unclouded.families.tuya import FAMILY_GATEWAY
from unclouded.families.tuya.gateway.commands import gateway_redact
from unclouded.families.tuya.gateway.decoder import gateway_decoder


def decode(text: str) -> list[Piece]:
    decoder = gateway_decoder(None)
    return [*decoder.feed(bytes.fromhex(text)), *decoder.close()]


def frame(command: int, payload: bytes, version: int = 0) -> str:
    body = b"\x55\xaa" + bytes([version, command]) + len(payload).to_bytes(2) + payload
    return (body + bytes([sum(body) & 0xFF])).hex()


RIGHT = [
    ("55AA00010000 00", 0x01, "product info"),
    ("55AA00020000 01", 0x02, "working mode"),
    ("55AA000200040103 0102 0C", 0x02, "working mode"),
    ("55AA0003000100 03", 0x03, "network status"),
    ("55AA00030000 02", 0x03, "network status"),
    ("55AA00040000 03", 0x04, "reset Wi-Fi"),
    ("55AA0005000100 05", 0x05, "reset Wi-Fi, choose pairing"),
    ("55AA00050000 04", 0x05, "reset Wi-Fi, choose pairing"),
    ("55AA00100000 0F", 0x10, "time (GMT)"),
    ("55AA00100007 01100413050607 50", 0x10, "time (GMT)"),
    ("55AA00310002001E 50", 0x31, "learn an infrared code"),
    (
        "55AA0031007500000094FC00360000236F236F068E0226068E0226068E02260226022602260226068E0226022602260226022602260226"
        "068E0226068E0226068E022602260226068E0226068E0226068E0226068E0226022602260226022602260226068E022602260226022602"
        "26A9CF236F08CE022682D582D585",
        0x31,
        "learn an infrared code",
    ),
    (
        "55AA0033002C000006772E74656D700A772E68756D69646974790A772E707265737375726506772E706D323505772E736F32 B0",
        0x33,
        "subscribe to weather",
    ),
    (
        "55AA0033002B0206772E74656D700A772E68756D69646974790A772E707265737375726506772E706D323505772E736F32 B1",
        0x33,
        "weather now",
    ),
    ("55AA0033000103 36", 0x33, "time with its zone"),
    ("55AA003300020400 38", 0x33, "pause or resume heartbeats"),
]

# The vendor prints only the heads of long frames (docs/protocols/tuya_gateway.md §3.7): the bytes that their lengths
# name do not follow.
HEADS = [
    "55AA001E010400000000",
    "55AA001E001600000200",
    "55AA00200109043132333400000000",
    "55AA0020001B043132333400000200",
]


@pytest.mark.parametrize(("text", "command", "name"), RIGHT, ids=lambda value: str(value)[:24])
def test_the_right_examples_of_the_vendor_are_named(text: str, command: int, name: str) -> None:
    (piece,) = decode(text)
    assert (piece.kind, piece.command, piece.name, piece.reason) == ("frame", command, name, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("55AA00020000 04", "bad checksum"),  # the checksum of the next example
        ("55AA00100007 0110041305060702 54", "bad checksum"),  # the header of 10, with the payload of 11
    ],
)
def test_the_wrong_examples_are_noise_with_a_reason(text: str, why: str) -> None:
    """docs/protocols/tuya_gateway.md §3.12."""
    pieces = decode(text)
    assert {piece.kind for piece in pieces} == {"noise"}
    assert pieces[0].reason == why
    assert sum(len(piece.data) for piece in pieces) == len(bytes.fromhex(text))


@pytest.mark.parametrize("text", HEADS)
def test_the_heads_of_elided_examples_are_cut_off(text: str) -> None:
    assert [(piece.kind, piece.reason) for piece in decode(text)] == [("noise", "cut off")]


def test_the_corrected_example_is_a_frame() -> None:
    (piece,) = decode("55AA00110008 0110041305060702 54")
    assert piece.name == "time (local)"


def test_weather_under_the_number_of_another_command_is_reported() -> None:
    """docs/protocols/tuya_gateway.md §3.12: the frame is whole, but 21 asks for a sub-device's version here."""
    (piece,) = decode(
        "55AA00210040010A772E68756D69646974790004000000450677 2E74656D7000040000002006772E706D323500040000001 0"
        "0B772E636F6E646974696F6E0106E5A49AE4BA91 1E".replace(" ", "")
    )
    assert piece.name == "sub-device version"
    assert piece.reason == "sub-device version must be JSON, and this is not"


def test_reports_and_commands_name_their_sub_device() -> None:
    command, report = decode("55AA000C000A043132333401010001 01E7 55AA000D000A043132333401010001 01E8")
    assert (command.sender, report.sender) == ("controller", "device")
    assert report.message == {"sub_id": "1234", "points": [{"id": 1, "type": "bool", "value": True}]}


def test_a_record_and_a_group_member_have_more_before_their_points() -> None:
    (record,) = decode("55AA002C0014011A0B1417311504313233340102000400000001AC")
    assert record.message == {"sub_id": "1234", "points": [{"id": 1, "type": "value", "value": 1}]}
    (member,) = decode(frame(0x22, b"\x0212\x041234" + bytes.fromhex("0101000101")))
    assert member.message is not None and (member.message["group"], member.message["sub_id"]) == ("12", "1234")


def test_json_is_shown_and_broken_json_is_reported() -> None:
    (asked,) = decode("55AA000A00117B227375625F6964223A2231323334227D14")
    assert asked.message == {"sub_id": "1234"}
    (broken,) = decode(frame(0x08, b'{"sub_id":"1234",}'))
    assert broken.message is None and "must be JSON" in broken.reason
    (security,) = decode("55AA00C00022027B226D6F6465223A2232222C2264656C6179223A33302C22736F756E64223A307D93")
    assert security.message == {"mode": "2", "delay": 30, "sound": 0}


def test_the_pairing_frame_never_shows_the_password() -> None:
    text = frame(0x23, b'{"s":"home","p":"hunter22","t":"token"}')
    (piece,) = decode(text)
    assert piece.message is None
    blanked = gateway_redact(None, bytes.fromhex(text))
    assert b"hunter22" not in blanked and len(blanked) == len(bytes.fromhex(text))
    assert decode(blanked.hex())[0].kind == "frame"


def test_the_table_has_every_operation_once() -> None:
    codes = [(row.code, row.sub) for row in FAMILY_GATEWAY.commands]
    assert len(codes) == len(set(codes)) == 65
    assert len({code for code, _ in codes}) == 53


@pytest.mark.parametrize("text", [b'{"\xa7":1}', b"[" * 1000], ids=["no UTF-8", "without end"])
def test_what_is_no_json_at_all_is_reported_and_no_error(text: bytes) -> None:
    (piece,) = decode(frame(0x01, text))
    assert piece.message is None
    assert piece.reason == "product info must be JSON, and this is not"
