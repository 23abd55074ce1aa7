"""Logs of named programs: what is rebuilt, what is cut, what counts once, and what is only values or messages."""

import io
import json
from pathlib import Path

import pytest

from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.families.tuya.dialect_detector import DialectDetector

HEARTBEAT = "55 AA 00 00 00 00 FF"
REPORT = "55 AA 03 07 00 05 01 01 00 01 01 12"
SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
ENVELOPE = {
    "header": {
        "messageId": "f97c5d29941bfb1b2fdab0874906ab82",
        "namespace": "Appliance.Control.ToggleX",
        "method": "SET",
        "payloadVersion": 1,
        "from": "http://192.0.2.9/config",
        "timestamp": 1795953600,
        "timestampMs": 12,
        "sign": "6762f16815a7620e26b7449f79c397cf",
    },
    "payload": {"togglex": {"channel": 0, "onoff": 1}},
}


def decoded(text: str) -> LineDecoding:
    return decoding_of(None, one_file(io.BytesIO(text.encode())))


def kinds(text: str) -> list[tuple[str, str | None]]:
    return [(one.piece.kind, one.piece.sender) for one in decoded(text).pieces()]


def values_in(text: str) -> dict[str, object]:
    source = one_file(io.BytesIO(text.encode()))
    assert source.found.notes == ["values, no frames"]
    return {key: value for content in source.contents for key, value in content.fields.items()}


def tuya_line(data: str, command: int = 7) -> str:
    return f"[12:00:00][V][tuya:120]: Received Tuya: CMD=0x{command:02X} VERSION=3 DATA=[{data}] INIT_STATE=5"


def test_a_frame_of_the_tuya_component_counts_once_beside_the_bytes_of_the_debugger() -> None:
    debugger = f"[12:00:00.100][D][uart_debug:158]: <<< {REPORT.replace(' ', ':')}"
    text = f"{debugger}\n{tuya_line('01.01.00.01.01 (5)')}"
    assert kinds(text) == [("frame", "device")]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("13.02.00.04.00.00.01.A7.14.02.00.04.00.00.00.01", "frame"),  # 16 bytes that are whole data points
        ("66.00.00.64.00.01.02.03.04.05.06.07.08.09.0A.0B", "cut"),
        ("01.01.00.01.01 (9)", "cut"),
    ],
)
def test_data_that_the_component_cut_off_are_no_frame(data: str, kind: str) -> None:
    found = list(decoded(f"{tuya_line('01', 0)}\n{tuya_line(data)}").pieces())
    assert [one.piece.kind for one in found] == ["frame", kind]
    assert found[0].is_rebuilt


def test_a_line_that_fills_the_buffer_of_the_logger_is_cut_and_not_joined() -> None:
    head = "[12:00:00.000][D][uart_debug:158]: <<< "
    long = ":".join([REPORT.replace(" ", ":")] * 20)[: 511 - len(head) + 14]
    text = f"{head}{long}\n{head}{REPORT.replace(' ', ':')}\n{head.replace('<<<', '>>>')}{HEARTBEAT.replace(' ', ':')}"
    found = [kind for kind, _ in kinds(text)]
    assert found.count("cut") == 1
    assert found[-2:] == ["frame", "frame"]
    assert "noise" not in found


def test_a_log_of_esphome_without_bytes_says_what_to_switch_on() -> None:
    source = one_file(io.BytesIO(b"[12:00:00][D][sensor:093]: 'x': Sending state 1.0\n" * 5))
    assert "debug:" in source.found.refused


def test_equal_messages_on_one_path_of_tasmota_are_all_real() -> None:
    line = '12:00:00.000 MQT: tele/x/RESULT = {{"TuyaReceived":{{"Data":"{}"}}}}'.format(REPORT.replace(" ", ""))
    assert len(kinds(f"{line}\n{line}")) == 2
    assert len(kinds(f"{line}\n{line.replace('MQT', 'RSL')}")) == 1
    later = line.replace("MQT", "RSL").replace("00.000", "09.000")
    assert len(kinds(f"{line}\n{later}")) == 2


def test_serial_data_as_text_are_noted() -> None:
    text = f'12:00:00 RSL: RESULT = {{"SerialReceived":"U"}}\n12:00:00 TYA: Send "{HEARTBEAT.replace(" ", "")}"'
    assert any("SerialDelimiter 254" in note for note in decoded(text).source.found.notes)


def test_commands_of_openbeken_hold_frames_and_its_password_is_not_shown() -> None:
    text = f"Info:MAIN:Using Pass [secret55AA]\nuartSendHex {HEARTBEAT.replace(' ', '')}\nuartFakeHex {REPORT}"
    assert kinds(text) == [("frame", "controller"), ("frame", "device")]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ENVELOPE, indent=2),
        f"it sends {json.dumps(ENVELOPE)} to the plug",
        repr(ENVELOPE),
        json.dumps({"tst": "2026-11-29T12:00:00.5Z+0000", "topic": "a", "payload": json.dumps(ENVELOPE)}),
        f"curl http://192.0.2.7/config -d '{json.dumps(ENVELOPE)}'",
        json.dumps({"topic": "/appliance/1901/subscribe", "payload": ENVELOPE}),
    ],
    ids=["pretty", "in a sentence", "Python", "in a string", "a command", "an object"],
)
def test_a_message_of_a_plug_is_found_anywhere(text: str) -> None:
    found = list(decoded(text).pieces())
    assert [(one.piece.kind, one.piece.sender) for one in found] == [("frame", "controller")]
    assert json.loads(found[0].piece.data) == ENVELOPE


def test_diagnostics_of_home_assistant_are_messages() -> None:
    columns = ["time", "rxtx", "protocol", "method", "namespace", "data"]
    row = ["2026/11/29 - 12:00:00", "RX", "http", "PUSH", "Appliance.Control.ToggleX", {"togglex": []}]
    auto = ["2026/11/29 - 12:00:00", "", "auto", "LOG", "debug", "x"]
    text = json.dumps({"home_assistant": {}, "data": {"version": 2, "trace": [columns, auto, row]}})
    contents = one_file(io.BytesIO(text.encode())).contents
    assert [(one.sender, one.fields["method"], one.fields["payload"]) for one in contents] == [
        ("device", "PUSH", {"togglex": []})
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("status: {'dps': {'1': True, '19': 673}, 'cid': None}", {"1": True, "19": 673}),
        ('{"result":{"properties":[{"dp_id":6,"value":"CPw="}]}}', {"6": "CPw="}),
        ("Payload 00440202000400000064", {"2": 100}),
        (
            'cluster \'manuSpecificTuya\', data \'{"dp":514,"data":{"data":[0,0,0,7],"type":"Buffer"}}\'',
            {"2": 7},
        ),
    ],
)
def test_values_are_read_without_their_frames(text: str, values: dict[str, object]) -> None:
    assert values_in(text) == values


def test_values_without_frames_are_named_by_a_profile() -> None:
    reader = decoded("{}").reader("tuya/breaker")
    named = reader.points_of({"6": "CPwAAccAALU=", "200": 1})
    assert named is not None
    assert {one.key: one.reading for one in named if one.key} == {
        "voltage_V": 230.0,
        "current_A": pytest.approx(0.455),
        "power_W": 181.0,
    }


def test_text_of_a_console_is_read_as_its_family_and_what_people_wrote_is_left_out() -> None:
    log = "[T: 128 M: common C: info F: system_init L: 353]: platform:MT7682-E3."
    decoding = decoded(f"My password is hunter2.\n{log}\n$ meross mem\nfree: 83536\n")
    found = list(decoding.pieces())
    assert decoding.family.name == "meross_console"
    assert [one.piece.name for one in found] == ["log", "command", "meross mem"]


def test_the_metering_chip_is_found_by_two_frames_or_by_one_that_is_all() -> None:
    loaded = "555A02DCD00005FF003CD70020514DE56800624371023C24"
    assert decoded(loaded).family.name == "hlw8032"
    assert decoded(f"{loaded} {loaded} 00").family.name == "hlw8032"
    assert decoded(f"{loaded} 55AA000000 {REPORT}").family.name == "tuya_wifi"


def test_bytes_that_are_a_frame_without_a_sequence_number_too_prove_no_zigbee_module() -> None:
    detector = DialectDetector()
    detector.feed("device", bytes.fromhex("55 aa 03 37 00 02 00 00 3b"))
    assert detector.verdict()[0] == "normal"


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the documents are not part of the project")
@pytest.mark.parametrize(
    ("number", "family", "least"),
    [("000", "meross_console", 200), ("002", "emporia", 2), ("003", "tuya_gateway", 6), ("004", "tuya_wifi", 30)],
)
def test_documents_that_describe_a_line_show_their_frames(number: str, family: str, least: int) -> None:
    path = next(SEEDS.glob(f"{number}_*"))
    decoding = decoding_of(None, one_file(io.BytesIO(path.read_bytes())))
    frames = [one for one in decoding.pieces() if one.piece.kind == "frame"]
    assert decoding.family.name == family
    assert len(frames) >= least
