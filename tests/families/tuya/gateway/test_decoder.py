"""The example frames of docs/protocols/tuya_gateway.md §3, and what of them is wrong."""

import pytest

from unclouded.core.family import Piece, Sender
from unclouded.families.tuya import FAMILY_GATEWAY
from unclouded.families.tuya.gateway.decoder import gateway_decoder
from unclouded.families.tuya.gateway.wire.commands import gateway_redact


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
    assert record.message == {
        "time": {
            "kind": 1, "year": 2026, "month": 11, "day": 20, "hour": 23, "minute": 49, "second": 21,
            "means": {"kind": "local"},
        },
        "sub_id": "1234",
        "points": [{"id": 1, "type": "value", "value": 1}],
    }  # fmt: skip
    (member,) = decode(frame(0x22, b"\x0212\x041234" + bytes.fromhex("0101000101")))
    assert member.message is not None and (member.message["grp_id"], member.message["sub_id"]) == ("12", "1234")


def test_json_is_shown_and_broken_json_is_reported() -> None:
    (asked,) = decode("55AA000A00117B227375625F6964223A2231323334227D14")
    assert asked.message == {"sub_id": "1234"}
    (broken,) = decode(frame(0x08, b'{"sub_id":"1234"'))
    assert broken.message is None and "must be JSON" in broken.reason
    (security,) = decode("55AA00C00022027B226D6F6465223A2232222C2264656C6179223A33302C22736F756E64223A307D93")
    assert security.message == {
        "mode": 2,
        "delay": 30,
        "sound": 0,
        "means": {"mode": "armed away", "sound": "on"},
    }
    assert security.reason == ""  # the mode is a text in the vendor's example


def test_the_pairing_frame_never_shows_the_password() -> None:
    text = frame(0x23, b'{"s":"home","p":"hunter22","t":"token"}')
    (piece,) = decode(text)
    assert piece.message == {"s": "··", "p": "··", "t": "··"}
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


# --- fields -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "text", "fields"),
    [
        (
            "device",
            "55AA000200040103 0102 0C",
            {"mode": "self", "led_port": "B", "led_pin": 3, "key_port": "B", "key_pin": 2},
        ),
        ("controller", "55aa000300010407", {"status": 4, "means": {"status": "cloud"}}),
        (
            "controller",
            "55AA00100007 01100413050607 50",
            {"ok": True, "year": 2016, "month": 4, "day": 19, "hour": 5, "minute": 6, "second": 7},
        ),
        (
            "controller",
            frame(0x14, bytes.fromhex("023132 0101000101")),
            {"grp_id": "12", "points": [{"id": 1, "type": "bool", "value": True}]},
        ),
        ("controller", "55aa00150002015067", {"result": 1, "detail": 80, "means": {"result": "ok"}}),
        ("controller", "55aa001800010119", {"removal": 1, "means": {"removal": "removal, from the app"}}),
        ("device", frame(0x1A, b"\1\0\x64"), {"allow": 1, "seconds": 100, "means": {"allow": "on"}}),
        ("controller", frame(0x1B, b"\0\1\0\0"), {"free": 65_536}),
        ("controller", "55aa001c000c000204313233340435363738d5", {"packet": 0, "more": False, "ids": ["1234", "5678"]}),
        ("device", "55aa001d0001021f", {"packet_size": 1024}),
        ("controller", "55aa001d00040000021234", {"size": 530}),
        ("controller", frame(0x1E, bytes.fromhex("00000200 aabb")), {"offset": 512, "data": "aabb"}),
        (
            "controller",
            frame(0x20, bytes.fromhex("0431323334 00000200")),
            {"sub_id": "1234", "offset": 512, "data": ""},
        ),
        (
            "controller",
            frame(0x2B, bytes.fromhex("00 a4c138001122")),
            {"result": 0, "mac": "a4:c1:38:00:11:22", "means": {"result": "ok"}},
        ),
        (
            "device",
            "55aa002c0011036b0c13c000000431323334080500010166",
            {
                "time": {"kind": 3, "unix": 1_795_953_600, "means": {"kind": "Unix"}},
                "sub_id": "1234",
                "points": [{"id": 8, "type": "bitmap", "value": 1}],
            },
        ),
        (
            "controller",
            frame(0x30, bytes.fromhex("00 10 01 00009470 0002 0000 236f 0226")),
            {"total": 1, "index": 0, "repeat": 1, "freq": 38_000, "len": 2, "offset": 0, "code": [9071, 550]},
        ),
        ("controller", "55AA00310002001E 50", {"seconds": 30}),
        ("device", "55aa0033000900f006772e74656d708c", {"interval": 240, "names": ["w.temp"]}),
        ("controller", "55aa0033000300010036", {"result": 1, "error": 0, "means": {"result": "ok", "error": "none"}}),
        (
            "controller",
            frame(0x33, bytes.fromhex("01 00 08") + b"w.temp.0" + bytes.fromhex("00 04 fffffffb")),
            {"ok": True, "data": [{"name": "w.temp.0", "type": "integer", "value": -5}]},
        ),
        ("controller", "55aa003300 03 010001 37".replace(" ", ""), {"ok": False, "error": 1}),
        (
            "controller",
            "55aa0033000b03fd1200011a0b1d0e1e3bf9",
            {
                "zone": -750,
                "dst": False,
                "ok": True,
                "year": 2026,
                "month": 11,
                "day": 29,
                "hour": 14,
                "minute": 30,
                "second": 59,
            },
        ),
        ("device", "55AA003300020400 38", {"heartbeat": 0, "means": {"heartbeat": "pause"}}),
        (
            "controller",
            "55aa00c0002401007b226d6f6465223a302c22616c61726d223a312c22636f756e74646f776e223a317dd3",
            {
                "result": 0,
                "mode": 0,
                "alarm": 1,
                "countdown": 1,
                "means": {"result": "ok", "mode": "disarmed", "alarm": "no alarm", "countdown": "none"},
            },
        ),
        ("device", "55AA00C100020001C3", {"alarm": 1, "means": {"alarm": "alarming"}}),
    ],
    ids=lambda value: str(value)[:12],
)
def test_binary_operations_have_named_fields(sender: Sender, text: str, fields: dict[str, object]) -> None:
    """docs/protocols/tuya_gateway.md §2, §3."""
    decoder = gateway_decoder(sender)
    (piece,) = [*decoder.feed(bytes.fromhex(text)), *decoder.close()]
    assert (piece.kind, piece.reason) == ("frame", "")
    assert piece.message == fields


def test_a_frame_that_either_end_may_have_sent_with_another_meaning_has_no_fields() -> None:
    (piece,) = decode("55AA00C100020001C3")  # an alarm, or that it failed
    assert piece.message is None and piece.name == "alarm on or off (local)"


@pytest.mark.parametrize("command", [0x09, 0x13, 0x2D])
def test_keys_of_sub_devices_are_never_shown_also_in_irregular_json(command: int) -> None:
    text = '{“sub_id”:“1234”,“Devkey”:“hunter22”,“key”:["hunter22"],“virt_id”:["hunter22"],“e_val”:“hunter22”,}'
    secret = {0x09: ("devkey",), 0x13: ("key", "virt_id"), 0x2D: ("e_val",)}[command]
    whole = frame(command, text.encode())
    (piece,) = decode(whole)
    assert piece.message is not None and piece.message["sub_id"] == "1234"
    assert all(piece.message[name] == "··" for name in secret)
    assert b"hunter22" not in gateway_redact(None, bytes.fromhex(whole))
    strict = frame(command, b'{"sub_id":"1234","%s":"hunter22"}' % secret[0].encode())
    blanked = gateway_redact(None, bytes.fromhex(strict))
    assert b"hunter22" not in blanked and b'"sub_id":"1234"' in blanked


def test_what_the_phone_and_the_gateway_say_to_each_other_is_only_counted() -> None:
    for command in (0x24, 0x25, 0x26):
        (piece,) = decode(frame(command, b"secret"))
        assert piece.message == {"bytes": "··"} or piece.message == {"bytes": 6}
