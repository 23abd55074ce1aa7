"""What `decode` shows of a console, what it keeps secret, and the report of a start."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pair import Pair, ambient
from unclouded.core.family import Piece
from unclouded.core.sessions.session import Event, LinkPath, Reported, WireAction
from unclouded.families import meross
from unclouded.families.meross.console import FAMILY
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.plug.console_device import ConsoleDevice
from unclouded.families.meross.console.wire.decoder import ConsoleDecoder
from unclouded.families.meross.console.wire.redact import redact
from unclouded.families.meross.console.wire.start_report import StartReport
from unclouded.families.meross.plug.state.plug_options import PlugOptions

LOG = b"[T: 7 M: wifi C: info F: connect L: 1]: link up\r\n"
SECRETS = (b"hunter22", b"0123abcd")
SECRET_LINES = (
    b"$ config read STA WpaPsk\r\nhunter22\r\n$ ",
    b"$ config read meross dev.cfg.Key\r\n[meross]dev.cfg.Key: 0123abcd\r\n$ ",
    b"[STA]WpaPsk: hunter22\r\n[AP]SharedKey: hunter22,hunter22\r\n",
    b"user key       :0123abcd\r\n",
    b'[T: 7 M: mqtt C: info F: send L: 1]: {"header":{"sign":"0123abcd"},"payload":{"password":"hunter22"}}\r\n',
)
START = (
    b"F1: 0000 0000\r\nLeaving the BROM\r\nread update info from 0xeee00\r\n"
    b"[T: 128 M: common C: info F: system_init L: 353]: platform:MT7682-E3.\r\n"
    b"Last reset reason:HAL_WDT_SOFTWARE_RESET\r\nap up02:00:00:00:00:01\r\n"
    b"[T: 152 M: mrs_timer C: info F: mrs_timer_nvdm_load_rules L: 556]: load 3 rules\r\n$ "
)


def decoded(*chunks: bytes) -> list[Piece]:
    decoder = ConsoleDecoder("device")
    return [piece for chunk in chunks for piece in decoder.feed(chunk)] + list(decoder.close())


def simulated_plug() -> ConsoleDevice:
    return ConsoleDevice(PlugOptions(uuid=meross.simulated_uuid(1), key="k", dialect="hw2.1.7"), ambient())


# --- pieces -----------------------------------------------------------------------------------------


def test_commands_their_answers_log_lines_and_the_start_are_frames_with_fields() -> None:
    pieces = decoded(START + b"meross mem\r\nheap info:\r\nfree: 83536\r\n" + LOG + b"\r\n$ ")
    shown = [(piece.name, piece.message) for piece in pieces if piece.kind == "frame"]
    assert ("command", {"command": "meross mem"}) in shown
    assert ("meross mem", {"free": "83536"}) in shown
    assert ("boot rom", {"text": "Leaving the BROM"}) in shown
    assert shown[-2][1] == {
        "at_ms": 7,
        "module": "wifi",
        "level": "info",
        "function": "connect",
        "line": 1,
        "text": "link up",
    }
    assert [dict(piece.values) for piece in pieces if piece.values] == [{"mem.free": 83536}]


@pytest.mark.parametrize("prompt", [b"$ ", b"$ " + LOG + b"$ ", b"$ " + LOG + LOG, b"$ " + LOG + b"NORMAL MODE\r\n"])
def test_a_command_after_a_pause_is_one_whose_prompt_came_before_the_pause(prompt: bytes) -> None:
    decoder = ConsoleDecoder("device")
    before = [*decoder.feed(START + prompt), *decoder.close()]
    after = [*decoder.feed(b"meross mem\r\nfree: 83536\r\n"), *decoder.close()]
    assert any(piece.data.startswith(b"$ ") for piece in before)
    assert [(piece.name, piece.message) for piece in after] == [
        ("command", {"command": "meross mem"}),
        ("meross mem", {"free": "83536"}),
    ]


def test_a_board_that_starts_again_at_its_prompt_has_typed_nothing() -> None:
    pieces = decoded(b"$ " + LOG, b"Leaving the BROM\r\nmeross watch dog start\r\n")
    assert [piece.name for piece in pieces] == ["prompt", "log", "boot rom", "system"]


def test_text_that_no_console_prints_is_noise_and_named() -> None:
    (piece,) = decoded(b"U-Boot 1.1.3 (Jul 30 2018)\r\n")
    assert piece.kind == "noise" and "57600" in piece.reason


@given(
    st.lists(st.sampled_from([START, LOG, *SECRET_LINES, b"$ ", b"\x00\xff\x80", b"x\r\n"]), max_size=6),
    st.integers(0, 99),
)
@settings(max_examples=100, deadline=None)
def test_pieces_add_up_to_the_input_in_any_chunks(parts: list[bytes], seed: int) -> None:
    data, rng = b"".join(parts), random.Random(seed)
    borders = sorted(rng.randrange(len(data) + 1) for _ in range(5))
    chunks = [data[start:end] for start, end in zip([0, *borders], [*borders, len(data)], strict=True)]
    pieces = decoded(*chunks)
    assert b"".join(piece.data for piece in pieces) == data
    assert [piece.offset for piece in pieces] == [
        sum(len(one.data) for one in pieces[:at]) for at in range(len(pieces))
    ]


# --- secrets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", SECRET_LINES)
@given(place=st.integers(0, 200), chunk=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_no_secret_is_shown_wherever_a_log_line_interrupts_it(line: bytes, place: int, chunk: int) -> None:
    at = place % (len(line) + 1)
    data = START + b"\r\n" + line[:at] + LOG + line[at:]
    pieces = decoded(*(data[start : start + chunk] for start in range(0, len(data), chunk)))
    kept = b"".join(redact("device", piece.data) for piece in pieces)
    assert len(kept) == len(data)
    shown = kept + repr([piece.message for piece in pieces]).encode()
    assert not any(secret in shown for secret in SECRETS)
    parts = [secret[:5] for secret in SECRETS] + [secret[-5:] for secret in SECRETS]
    assert not any(part in shown for part in parts)


def test_a_log_line_that_another_one_interrupts_in_a_secret_shows_none_of_it() -> None:
    inner = b"[T: 2 M: a C: info F: f L: 2]: beacon\r\n"
    data = b'[T: 1 M: mrs_http C: info F: f L: 1]: rx {"pass' + inner + b'word":"my hunter2 word"}\r\n'
    assert b"hunter2" not in redact(None, data) and b"beacon" in redact(None, data)
    assert len(redact(None, data)) == len(data)


def test_what_is_typed_is_kept_secret_too() -> None:
    typed = b"config write STA WpaPsk hunter22\r"
    assert redact("controller", typed) == b"config write STA WpaPsk ********\r"
    (piece,) = ConsoleDecoder("controller").feed(typed + b"x")
    assert piece.message == {"command": "config write STA WpaPsk ********"}


def test_a_secret_of_several_words_that_stands_alone_is_hidden() -> None:
    pieces = decoded(b"$ config read STA WpaPsk\r\nmy pass word\r\n$ ")
    assert (
        b"".join(redact("device", piece.data) for piece in pieces) == b"$ config read STA WpaPsk\r\n** **** ****\r\n$ "
    )
    assert "pass" not in repr([piece.message for piece in pieces])


@pytest.mark.parametrize(
    "line",
    [
        b"0123abcd0123abcd0123abcd0123abcd",  # of the form of a UUID, and of that of a key
        b"CONFIG write sta wpapsk hunter22",
        b"config read STA WpaPsk again\r\nmy hunter22 words",
        b"[STA]Wpa\x1b[0mPsk: hunter22",
        b"[STA]WpaPsk: hun\x1b[0mter22",
        b"config write STA WpaPsj\x08 \x08k hunter22",
        b"config write STA WpaPsj\x7fk hunter22",
        b"config read STA WpaPsj\x08 \x08k\r\nmy hunter22 words",
        b"[T: 7 M: wifi C: info F: join L: 1]: Wpa\x00Psk=hunter22 words",
    ],
)
def test_a_secret_is_hidden_however_its_name_was_typed_and_coloured(line: bytes) -> None:
    pieces = decoded(START + b"\r\n" + line + b"\r\n$ ")
    shown = b"".join(redact("device", piece.data) for piece in pieces) + repr([p.message for p in pieces]).encode()
    assert not any(secret in shown for secret in (*SECRETS, b"ter22"))


def test_a_line_reads_as_it_stands_after_its_corrections() -> None:
    (piece,) = ConsoleDecoder("controller").feed(b"meross hx\x7fw\rx")
    assert piece.message == {"command": "meross hw"}


def test_lines_without_secrets_stay_as_they_are() -> None:
    kept = START + b"meross mem\r\nfree: 83536\r\n[STA]WpaPskLen: 8\r\nsome text of a driver\r\n" + LOG
    assert b"".join(redact("device", piece.data) for piece in decoded(kept)) == kept


# --- the report of a start --------------------------------------------------------------------------


def test_the_start_of_a_simulated_plug_is_reported() -> None:
    pair = Pair(ConsoleSession(ConsoleSettings(polls=False), ambient()), simulated_plug())
    pair.run(until=5.0)
    report = StartReport()
    for _, side, data in pair.sent:
        if side == "device":
            report.feed(data)
    fields: dict[str, Any] = dict(report.fields())  # Any: JSON
    assert fields["start"]["reset_reason"] == "HAL_WDT_SOFTWARE_RESET" and fields["start"]["platform"] == "MT7682-E3"
    assert fields["rules"] == {"timer_rules": "0", "auto_off_rules": "0"}
    assert fields["meross hw"]["model"] == "mss310" and "mrs_main" in fields["tasks"] and fields["starts"] == 1


def test_a_second_start_replaces_what_the_first_one_reported() -> None:
    report = StartReport()
    report.feed(START + b"\r\n" + START.replace(b"load 3", b"load 5").replace(b"SOFTWARE", b"HARDWARE"))
    fields: dict[str, Any] = dict(report.fields())  # Any: JSON
    assert fields["starts"] == 2 and fields["rules"] == {"timer_rules": "5"}
    assert fields["start"]["reset_reason"] == "HAL_WDT_HARDWARE_RESET"


def test_a_board_that_starts_again_and_again_without_a_prompt_is_counted() -> None:
    report = StartReport()
    report.feed(START.removesuffix(b"$ ") * 3)
    assert report.fields()["starts"] == 3


def test_a_stream_that_is_no_console_has_no_report() -> None:
    report = StartReport()
    report.feed(b"\x55\xaa\x00\x00hello\r\n")
    assert report.fields() == {}


# --- a recording, replayed --------------------------------------------------------------------------


def test_a_recorded_console_reports_the_values_of_the_answers_in_it() -> None:
    pair = Pair(ConsoleSession(ConsoleSettings(), ambient()), simulated_plug())
    pair.run(until=12.0)
    session = ConsoleSession(ConsoleSettings(), ambient())
    events: list[Event] = list(session.up(LinkPath(recorded=True), 0.0))
    for _, side, data in pair.sent:
        if side == "device":
            events += session.receive(data, 1.0)
    values = {key for event in events if isinstance(event, Reported) for key in event.values}
    assert {"power.p", "mem.free", "iot.wifi", "tasks", "uptime", "on"} <= values
    assert session.outgoing(1.0) == [] and session.deadline() is None


# --- both ends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 0])
def test_both_ends_understand_each_other(chunk: int) -> None:
    pair = Pair(ConsoleSession(ConsoleSettings(), ambient()), simulated_plug(), chunk=chunk)
    pair.run(until=3.0)
    pair.submit(WireAction("console", {"command": "config show"}))
    pair.run(until=6.0)
    (end,) = [at.event for at in pair.events if type(at.event).__name__ == "Settled"]
    assert end.result == "confirmed" and len(end.answer["entries"]) > 200 and "unread" not in end.answer  # type: ignore[union-attr]


def test_the_family_names_what_it_needs() -> None:
    assert FAMILY.baud == 115200 and FAMILY.identity_of == "meross"
    assert {action.name for action in FAMILY.actions if action.danger} >= {"console_crash", "console_config_write"}
