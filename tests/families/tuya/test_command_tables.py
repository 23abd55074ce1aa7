"""The command tables of the three dialects, and what derives from their rows."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from unclouded.core.family import Sender
from unclouded.core.masking import masked
from unclouded.families.tuya.analysis.timing import LOW_POWER_RULES, NORMAL
from unclouded.families.tuya.gateway.decoder import gateway_decoder
from unclouded.families.tuya.gateway.wire import codes as gateway
from unclouded.families.tuya.gateway.wire.commands import GATEWAY, gateway_redact
from unclouded.families.tuya.line.command import CommandSpec, CommandTable
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import Secret
from unclouded.families.tuya.line.shapes import BULK_CAP, GATEWAY_BULK_CAP, ID, UNITS_CAP, Shape
from unclouded.families.tuya.low_power import codes as low
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi import codes as wifi
from unclouded.families.tuya.wifi.commands import WIFI, wifi_hidden, wifi_redact
from unclouded.families.tuya.wifi.decoder import wifi_decoder

TABLES = {table.name: table for table in (WIFI, LOW_POWER, GATEWAY)}
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)

# The inventory of the gateway dialect that was made of the vendor's text is not part of this repository; its digest is.
INVENTORY = Path(__file__).parents[4].joinpath("shared", "protocols", "tuya_gateway_commands.json")
DIGEST = "0dd6c65626af12b2c8038b41b6cacf132d62e41db3a52196be433be1e36f9a2f"


# --- rows -------------------------------------------------------------------------------------------


@each_table
def test_each_command_stands_in_one_row(table: CommandTable) -> None:
    keys = [(spec.code, spec.sub) for spec in table.specs]
    assert len(keys) == len(set(keys))


@each_table
def test_a_code_has_sub_commands_in_all_its_rows_or_in_none(table: CommandTable) -> None:
    without = {spec.code for spec in table.specs if spec.sub is None}
    assert not without & table.with_sub


@each_table
def test_another_code_that_answers_is_a_command_of_the_other_end(table: CommandTable) -> None:
    for spec in table.specs:
        if spec.answered_by is not None:
            answer = table.spec(spec.answered_by)
            assert not spec.response.sent and set(answer.senders).isdisjoint(spec.senders)


@each_table
def test_only_commands_with_an_answer_have_a_time_out(table: CommandTable) -> None:
    assert not [spec.name for spec in table.specs if spec.timeout_s and spec.answer is None]
    assert not [spec.name for spec in table.specs if spec.tries > 1 and not spec.timeout_s]


@each_table
def test_what_is_printed_are_the_rows(table: CommandTable) -> None:
    assert [(row.code, row.sub, row.name) for row in table.rows] == [
        (spec.code, spec.sub, spec.name) for spec in table.specs
    ]


def digest(operations: Iterable[tuple[int, int | None, str, bool]]) -> str:
    """Of code, sub-command, who starts it, and whether it carries JSON."""
    ordered = sorted(operations, key=lambda one: (one[0], one[1] or 0))
    return hashlib.sha256(json.dumps(ordered).encode()).hexdigest()


def test_the_gateway_has_the_operations_of_the_digest() -> None:
    of_specs = ((one.code, one.sub, one.initiator, one.request.json or one.response.json) for one in GATEWAY.specs)
    assert digest(of_specs) == DIGEST


@pytest.mark.skipif(not INVENTORY.exists(), reason="the inventory of the vendor's text is not on this machine")
def test_the_digest_is_that_of_the_inventory() -> None:
    ends = {"module": "controller", "MCU": "device"}
    listed = json.loads(INVENTORY.read_text("utf-8"))
    assert (
        digest((one["code"], one["sub"], ends[one["initiator"]], one["encoding"] == "json") for one in listed) == DIGEST
    )


@pytest.mark.skipif(not INVENTORY.exists(), reason="the inventory of the vendor's text is not on this machine")
def test_the_gateway_has_the_commands_of_the_inventory() -> None:
    expected = {(one["code"], one["sub"]): one for one in json.loads(INVENTORY.read_text("utf-8"))}
    specs = {(spec.code, spec.sub): spec for spec in GATEWAY.specs}
    assert specs.keys() == expected.keys()
    assert (len(specs), len({code for code, _ in specs})) == (65, 53)
    for key, spec in specs.items():
        one = expected[key]
        assert spec.initiator == {"module": "controller", "MCU": "device"}[one["initiator"]], spec.name
        assert (spec.request.json or spec.response.json) == (one["encoding"] == "json"), spec.name
        assert (spec.answer is None) == (one["response"].startswith(("none documented", "none"))) or (
            spec.answered_by is not None
        ), spec.name
        assert (spec.answered_by == gateway.REPORT) == ("0x0D report" in one["response"]), spec.name


# --- what the framer knows --------------------------------------------------------------------------

UNITS = Shape(UNITS_CAP, units=True)
BULK = Shape(BULK_CAP, bulk=True)
GATEWAY_BULK = Shape(GATEWAY_BULK_CAP, bulk=True)


def points(plain: int = -1, *before: int, may_be_empty: bool = False) -> Shape:
    return Shape(UNITS_CAP, units=True, before=before, plain=plain, may_be_empty=may_be_empty)


def gateway_points(plain: int, *before: int) -> Shape:
    return points(plain, *before, may_be_empty=True)


def test_the_shapes_of_the_framer_follow_from_both_payloads() -> None:
    """docs/protocols/tuya_wifi.md §6; docs/protocols/tuya_low_power.md §3; docs/protocols/tuya_gateway.md §2."""
    assert WIFI.shapes.shapes == {
        **dict.fromkeys((0x06, 0x07, 0x22), UNITS),
        **dict.fromkeys((0x0A, 0x0B, 0x28, 0x30, 0x32, 0x37), BULK),
    }
    assert LOW_POWER.shapes.shapes == {
        0x05: points(1),
        0x08: points(1, 7),
        0x09: points(0),
        0x10: points(256, 2),
        0x0E: BULK,
    }
    assert GATEWAY.shapes.shapes == {
        **dict.fromkeys((0x0C, 0x0D), gateway_points(-1, ID)),
        0x14: gateway_points(0, ID),
        0x22: gateway_points(0, ID, ID),
        0x2C: gateway_points(1, 7, ID),
        **dict.fromkeys((0x0E, 0x0F, 0x12, 0x13, 0x2A), Shape(2048)),
        **dict.fromkeys((0x1E, 0x20, 0x24, 0x25, 0x26, 0x30, 0x31), GATEWAY_BULK),
    }


# --- requests and answers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "frame", "matches"),
    [
        (WIFI.spec(wifi.PRODUCT), Frame(3, wifi.PRODUCT, b"{}"), True),
        (WIFI.spec(wifi.PRODUCT), Frame(3, wifi.MODE), False),
        (WIFI.spec(wifi.SET), Frame(3, wifi.REPORT, b"\1\1\0\1\1"), True),
        (WIFI.spec(wifi.SET), Frame(3, wifi.SET), False),
        (WIFI.spec(wifi.SYNC_REPORT), Frame(0, wifi.SYNC_RESULT, b"\1"), True),
        (WIFI.spec(wifi.HEARTBEAT), Frame(3, wifi.HEARTBEAT, b"\1"), True),
        (WIFI.spec(wifi.HEARTBEAT), Frame(0, wifi.HEARTBEAT), False),
        (WIFI.spec(wifi.EXTENDED, wifi.TIME_NOTICE), Frame(3, wifi.EXTENDED, b"\2"), True),
        (WIFI.spec(wifi.EXTENDED, wifi.TIME_NOTICE), Frame(3, wifi.EXTENDED, b"\5"), False),
        (WIFI.spec(wifi.EXTENDED, wifi.TIME_NOTICE), Frame(3, wifi.EXTENDED), False),
        (WIFI.spec(wifi.REPORT), Frame(0, wifi.REPORT), False),
        (LOW_POWER.spec(low.SET), Frame(0, low.SET), True),
        (GATEWAY.spec(gateway.SECURITY, gateway.ARM), Frame(0, gateway.SECURITY, b"\0\0"), True),
        (GATEWAY.spec(gateway.SECURITY, gateway.ARM), Frame(0, gateway.SECURITY, b"\1\0{}"), False),
        (GATEWAY.spec(gateway.REMOVAL), Frame(3, gateway.REMOVAL), False),
    ],
    ids=lambda value: value.name if isinstance(value, CommandSpec) else str(value),
)
def test_a_request_matches_its_answer_by_code_and_sub_command(spec: CommandSpec, frame: Frame, matches: bool) -> None:
    assert spec.matches(frame) is matches


def test_a_command_is_found_by_who_starts_it() -> None:
    assert WIFI.started_by("controller", wifi.PRODUCT) is WIFI.spec(wifi.PRODUCT)
    assert WIFI.started_by("device", wifi.PRODUCT) is None
    assert WIFI.started_by("device", wifi.EXTENDED, wifi.RECORD) is WIFI.spec(wifi.EXTENDED, wifi.RECORD)
    assert WIFI.started_by("device", wifi.EXTENDED) is None
    both = WIFI.spec(wifi.FACTORY_MODE)
    assert WIFI.started_by("controller", both.code) is WIFI.started_by("device", both.code) is both


def test_the_timing_rules_are_the_rows_with_a_time_out() -> None:
    """docs/protocols/tuya_wifi.md §2.3.2; docs/protocols/tuya_low_power.md §2.2."""

    def limits(sender: Sender, *keys: int | tuple[int, int]) -> dict[int | tuple[int, int], float]:
        pairs = [(key, key if isinstance(key, tuple) else (key, None)) for key in keys]
        return {key: NORMAL.asks[sender, *pair].timeout_s for key, pair in pairs}

    assert limits("controller", 0x00, 0x01, 0x06, 0x0B, (0x34, 0x02), (0x37, 0x06)) == {
        **{0x00: 3.0, 0x01: 0.3, 0x06: 0.3, 0x0B: 5.0, (0x34, 0x02): 0.3, (0x37, 0x06): 5.0}
    }
    assert limits("device", 0x1C, 0x22, 0x28, 0x0E, (0x34, 0x0B), (0x35, 0x01)) == {
        **{0x1C: 0.3, 0x22: 6.0, 0x28: 1.0, 0x0E: 10.0, (0x34, 0x0B): 6.0, (0x35, 0x01): 10.0}
    }
    assert (len(NORMAL.asks), len(LOW_POWER_RULES.asks)) == (48, 15)
    assert NORMAL.pushes.keys() == {("controller", 0x0C), ("controller", 0x1C), ("device", 0x02)}
    assert not LOW_POWER_RULES.pushes


# --- secrets ----------------------------------------------------------------------------------------


def test_the_secrets_are_those_of_the_rows() -> None:
    members = ("ssid", "password", "passwd", "pwd", "psk", "token", "key", "url")
    expected: dict[tuple[int, int | None], Secret] = {
        (wifi.PAIRING, None): Secret(longer_than=1),
        (wifi.CONNECTION_TEST, None): Secret(longer_than=1),
        (wifi.EXTENDED, wifi.MODULE_INFO): Secret(head=2, longer_than=2),
        (wifi.RADIO_REMOTE, None): Secret(),
        (wifi.MATTER, None): Secret(),
        (wifi.FEATURES, wifi.FEATURES_REPORT): Secret(1, members, longer_than=2),
        (wifi.FEATURES, wifi.FILE_INFO): Secret(1, members, longer_than=1),
        **{(wifi.FEATURES, sub): Secret(1, longer_than=1) for sub in range(3, 9)},
    }
    assert WIFI.secrets == expected and not LOW_POWER.secrets
    assert {code for code, _ in GATEWAY.secrets} == {
        *(gateway.DELETE, gateway.ADD_RESULT, gateway.PAIRING, gateway.BINDING),
        *(gateway.BROADCAST, gateway.FROM_APP, gateway.TO_APP),
    }


def redacted(frame: Frame) -> bytes:
    """The payload that is left, of a frame of the same length and with a right checksum."""
    data = gateway_redact(None, bytes(frame))
    assert len(data) == len(bytes(frame)) and sum(data[:-1]) & 0xFF == data[-1]
    return data[6:-1]


def test_a_gateway_loses_the_members_that_are_secret_and_no_others() -> None:
    """docs/protocols/tuya_gateway.md §1.9."""
    delete = Frame(0, gateway.DELETE, b'{"sub_id":"1234","Devkey":"k3y","tp":1}')
    assert redacted(delete) == b'{"sub_id":"1234","Devkey":"***","tp":1}'
    result = Frame(0, gateway.ADD_RESULT, b'{"key":["ab",{"a":"cd"}],"cids":["1"],"virt_id":["v"],"rets":[0]}')
    assert redacted(result) == b'{"key":["**",{"a":"**"}],"cids":["1"],"virt_id":["*"],"rets":[0]}'
    broken = Frame(0, gateway.DELETE, b'{"devkey":"k3y",}')
    assert redacted(broken) == b"*" * 17
    assert redacted(Frame(3, gateway.BINDING, b'{"ret":0}')) == b'{"ret":0}'
    assert redacted(Frame(0, gateway.HEARTBEAT, b'{"key":"kept"}')) == b'{"key":"kept"}'


def test_the_pass_through_of_a_gateway_is_blanked_and_its_answer_is_not() -> None:
    assert redacted(Frame(0, gateway.BROADCAST, b"\x01\x02\x03")) == b"***"
    assert redacted(Frame(3, gateway.BROADCAST, b"\x00\x00")) == b"\x00\x00"
    assert redacted(Frame(3, gateway.FROM_APP)) == b""


def test_a_decoder_does_not_show_the_secret_members() -> None:
    frame = Frame(0, gateway.DELETE, b'{"sub_id":"1234","devkey":"k3y","tp":1}')
    (piece,) = gateway_decoder(None).feed(bytes(frame))
    assert piece.message == {"sub_id": "1234", "devkey": "··", "tp": 1, "means": {"tp": "factory reset"}}


def test_a_frame_without_secrets_is_the_same_object() -> None:
    report = bytes(Frame(3, wifi.REPORT, b"\1\1\0\1\1"))
    assert wifi_redact("device", report) is report


# --- what is shown ----------------------------------------------------------------------------------


def shown(data: bytes, before: bytes = b"") -> str:
    return masked(data, wifi_hidden(None, before, data)).hex()


@pytest.mark.parametrize("text", ["55aa0024000141ff", "55aa03070005010100010112", "48656c6c6f", "55aa2a41", "0d0a"])
def test_noise_without_secrets_is_shown_as_it_was(text: str) -> None:
    assert shown(bytes.fromhex(text)) == text


def test_a_secret_is_shown_as_dots_between_its_header_and_what_follows() -> None:
    frame = bytes(Frame(0, wifi.PAIRING, b'{"s":"a*c","p":""}'))
    assert shown(frame) == "55aa002a00127b2273223a22" + "··" * 3 + b'","p":""}'.hex() + "··"
    cut = frame[:-3]
    assert shown(cut) == "55aa002a0012" + "··" * 16
    assert shown(cut + b"\x55\xaa\0\0\0\0\xff") == "55aa002a0012" + "··" * 16 + "55aa00000000ff"
    assert shown(cut[9:], before=cut[:9]) == "··" * 13
    assert shown(b"hunter2", before=b"\x55\xaa\0\x2a\0\x40") == "··" * 7


def test_the_rest_of_json_without_its_header_is_hidden() -> None:
    assert shown(b'\xffunter2","t":"x"}\x12') == "ff" + "··" * 16 + "12"
    assert shown(b"unter2", before=b'"p":"h') == "··" * 6


@pytest.mark.parametrize(
    ("command", "payload", "left"),
    [
        (wifi.RADIO_REMOTE, b"\1\2code", "··" * 6),
        (wifi.MATTER, b"MT:Y.K9042C00KA0648G00", "··" * 22),
        (wifi.FEATURES, b"\3\0\0file", "03" + "··" * 6),
    ],
)
def test_remote_codes_matter_codes_and_files_are_blanked(command: int, payload: bytes, left: str) -> None:
    frame = bytes(Frame(3, command, payload))
    assert shown(frame)[12:-2] == left
    blanked = wifi_redact(None, frame)
    assert len(blanked) == len(frame) and payload[3:] not in blanked
    (piece,) = wifi_decoder("device").feed(frame)
    assert payload[3:].hex() not in str(piece.message) and "2a2a" not in str(piece.message)


def test_a_credential_in_a_features_report_is_hidden_and_the_rest_shown() -> None:
    frame = bytes(Frame(3, wifi.FEATURES, b'\0{"mcu_ota":1,"token":"hunter2"}'))
    assert b"hunter2" not in wifi_redact(None, frame) and b'"mcu_ota":1' in wifi_redact(None, frame)
    (piece,) = wifi_decoder("device").feed(frame)
    assert "hunter2" not in str(piece.message) and "**" not in str(piece.message)
