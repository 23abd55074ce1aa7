"""Lines, log lines and answers: however they are chunked, cut and interleaved."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.console.console_line import ANSWERS
from unclouded.families.meross.console.wire.answer_form import AnswerLine
from unclouded.families.meross.console.wire.answer_types import (
    ConfigEntries,
    DebugInfo,
    HistoryDay,
    PowerInfo,
    ScanAnswer,
    TaskTable,
)
from unclouded.families.meross.console.wire.answers import read_answer
from unclouded.families.meross.console.wire.command_line import command_of
from unclouded.families.meross.console.wire.lines import BINARY, ENDLESS, ConsoleLine, ConsoleLines, LineKind
from unclouded.families.meross.console.wire.log_line import ConsoleLogLine, read_log_line, read_log_lines

LOG = "[T: 152 M: mrs_timer C: info F: mrs_timer_nvdm_load_rules L: 556]: load 0 rules"
SCAN = (
    "Ch  SSID                             BSSID               Auth    Cipher  RSSI    WPS_EN  CM      DPID    SR  \r\n"
    "6   Two words                        02:00:00:00:00:01   9       8       -21     1       0       0       0   \r\n"
)
TASKS = "task info:\r\nname       | status | prio | stack | id\r\nTmr Svc    \tB\t19\t468\t12\r\n"
TASKS += "mrs_main   \tB\t5\t848\t2\r\n"
POWER = (
    "--------------runtime----------------\r\nenergy:cur:5,last:4,now:9\r\np:67379\r\nv:2387 (ratio:188)\r\n"
    "i:418 (ratio:100)\r\npulse unit:0\r\nmax current:0\r\nreport status:todo\r\nreport time[0] 00:00\r\n"
    "--------------history data----------------\r\n"
    f"{HistoryDay(1, '2018-11-08', 1541721480, 180)}\r\n"
)
STATUS = (
    "wifi status:connect\r\niot status:online\r\niot info:\r\nprimary   host: mqtt.example:443\r\nuser id       :17\r\n"
)
DEBUG = '{\r\n\t"system":\t{\r\n\t\t"version":\t"2.1.7",\r\n\t\t"localTimeOffset":\t0\r\n\t}\r\n}\r\n'
CONFIG = "show all group\r\n[STA]Ssid: Home\r\n[meross]dev.tim.Rule.00:\r\n[meross]dev.enr.VRatio: 188\r\n"
TEXTS = {
    **{name: text for name, text in ANSWERS.items() if name},
    "meross scan": SCAN,
    "meross task": TASKS,
    "meross power": POWER,
    "meross iot status": STATUS,
    "meross iot dbg": DEBUG,
    "config show": CONFIG,
}


def lines_of(*chunks: bytes) -> list[ConsoleLine]:
    reader = ConsoleLines()
    return [line for chunk in chunks for line in reader.feed(chunk)] + reader.close()


def answer_texts(lines: Sequence[ConsoleLine]) -> list[AnswerLine]:
    return [AnswerLine(line.text, line.cut) for line in lines if line.kind in (LineKind.TEXT, LineKind.BLANK)]


def answer(name: str, text: bytes) -> object:
    row = command_of(name)
    assert row is not None
    return read_answer(row, answer_texts(lines_of(text)))


# --- lines ------------------------------------------------------------------------------------------

PARTS = st.sampled_from(
    [
        b"$",
        b"$ ",
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"abc",
        b"[T",
        LOG.encode(),
        b"x" * 2040,
        b"\x00" * 9,
        b"\xff",
        b"\x1b[0m",
    ]
)


@given(st.lists(PARTS, max_size=14), st.lists(st.integers(0, 6000), max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_chunking_gives_the_same_lines_and_no_byte_vanishes(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    borders = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    chunks = [data[start:end] for start, end in pairwise(borders)]
    whole, pieces = lines_of(data), lines_of(*chunks)
    assert b"".join(line.data for line in pieces) == data
    assert merged(whole) == merged(pieces)


def merged(lines: Sequence[ConsoleLine]) -> list[tuple[LineKind, str, bytes, bool]]:
    """Neighbouring noise of one reason is one stretch."""
    found: list[tuple[LineKind, str, bytes, bool]] = []
    for line in lines:
        last = found[-1] if found else None
        if last and line.kind is last[0] is LineKind.NOISE and line.reason == last[1]:
            found[-1] = (line.kind, line.reason, last[2] + line.data, False)
        else:
            found.append((line.kind, line.reason or line.text, line.data, line.cut))
    return found


def test_a_line_without_an_end_is_noise_and_little_of_it_is_held() -> None:
    reader = ConsoleLines()
    found = [line for _ in range(100) for line in reader.feed(b"a" * 1000)]
    assert {line.reason for line in found} == {ENDLESS} and len(reader.held) < 2048
    assert [line.kind for line in reader.feed(b"a\r\nfree: 1\r\n")] == [LineKind.NOISE, LineKind.TEXT]


@pytest.mark.parametrize("data", [b"\x00" * 40 + b"\n", bytes(range(128, 256)) + b"\n", b"a\xf8\x80\x01\x02b\n"])
def test_bytes_that_are_no_text_are_noise(data: bytes) -> None:
    assert [line.reason for line in lines_of(data)] == [BINARY]


def test_escape_sequences_and_control_characters_are_no_part_of_a_line() -> None:
    (line,) = lines_of(b"\x1b[1;32mheap info:\x1b[0m\x07\r\n")
    assert line.text == "heap info:"


@pytest.mark.parametrize("data", [b"$8710c>", b"$\x01f\x01\x02\r"])
def test_a_dollar_of_another_protocol_is_no_prompt(data: bytes) -> None:
    assert all(line.kind is not LineKind.PROMPT for line in lines_of(data))


# --- log lines --------------------------------------------------------------------------------------


def test_a_log_line_is_read_and_written_as_it_was() -> None:
    read = read_log_line(LOG)
    assert read == ConsoleLogLine(152, "mrs_timer", "info", "mrs_timer_nvdm_load_rules", 556, "load 0 rules")
    assert str(read) == LOG


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[T: 141 M: mrs_timer C: info F: mrs_timer_task_WTBL1 for cli[255] fail",
            ConsoleLogLine(141, "mrs_timer", "info", "mrs_timer_task_", 0, "WTBL1 for cli[255] fail", True),
        ),
        ("[T wifi C: erro", ConsoleLogLine(0, "wifi", "error", "", 0, "", True)),
        ("[T: 9 M: mrs_", ConsoleLogLine(9, "mrs_", "", "", 0, "", True)),
    ],
)
def test_a_log_line_that_is_cut_has_what_can_be_read(text: str, expected: ConsoleLogLine) -> None:
    assert read_log_line(text) == expected


@given(st.integers(0, len(LOG)))
@settings(max_examples=60, deadline=None)
def test_a_log_line_cut_anywhere_is_one_that_is_cut_or_no_log_line(end: int) -> None:
    read = read_log_line(LOG[:end])
    assert read is None or read.cut or LOG[:end] == str(read)


# --- answers ----------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(TEXTS)), st.lists(st.integers(0, 10_000), max_size=4))
@settings(max_examples=400, deadline=None)
def test_log_lines_anywhere_inside_an_answer_leave_it_as_it_is(name: str, places: list[int]) -> None:
    text = TEXTS[name].encode()
    interrupted = text
    for place in sorted((place % (len(text) + 1) for place in places), reverse=True):
        interrupted = interrupted[:place] + f"{LOG}\r\n".encode() + interrupted[place:]
    assert answer(name, interrupted) == answer(name, text)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_line_of_an_answer_is_understood(name: str) -> None:
    read = answer(name, TEXTS[name].encode())
    assert getattr(read, "unread", None) == ()


def test_answers_have_the_types_of_their_fields() -> None:
    power, scan, tasks = (
        answer(f"meross {name}", TEXTS[f"meross {name}"].encode()) for name in ("power", "scan", "task")
    )
    assert isinstance(power, PowerInfo) and isinstance(scan, ScanAnswer) and isinstance(tasks, TaskTable)
    assert (power.power, power.voltage, power.current) == (67379, 2387, 418)
    assert power.history == (HistoryDay(1, "2018-11-08", 1541721480, 180),)
    assert (scan.networks[0].ssid, scan.networks[0].rssi_dBm) == ("Two words", -21)
    assert (tasks.tasks[0].name, tasks.tasks[0].stack) == ("Tmr Svc", 468)


def test_a_cut_key_in_the_debug_answer_costs_one_value() -> None:
    text = '{\r\n\t"cloud":\t{\r\n\t\t"sysConnectTime":\t"N/A",\r\n\t\t"sysOnlineT[T wifi C: erro\r\n'
    read = answer("meross iot dbg", (text + '\t\t"sysDisconnectCount":\t0\r\n\t}\r\n}\r\n').encode())
    assert isinstance(read, DebugInfo)
    assert read.cloud == {"sysConnectTime": "N/A", "sysDisconnectCount": 0} and read.unread == ('"sysOnlineT',)


def test_slots_are_decoded_as_far_as_their_form_is_known() -> None:
    text = (
        '[meross]dev.tmr.Rule.03: {"id":"a","time":963}\r\n[meross]dev.tim.Rule.00: 1,2\r\n[meross]dev.tim.Rule.01:\r\n'
    )
    text += '[meross]dev.enr.data07: {"date":"2018-11-08","value":180}\r\n[meross]dev.enr.data08: 99\r\n'
    read = answer("config show", text.encode())
    assert isinstance(read, ConfigEntries)
    assert [(one.list, one.slot, one.rule) for one in read.rules] == [
        ("tmr", 3, {"id": "a", "time": 963}),
        ("tim", 0, None),
    ]
    assert [(one.slot, one.date, one.energy_Wh) for one in read.days] == [(7, "2018-11-08", 180), (8, "", None)]
    assert read.free_slots == {"tim": 1}


@given(st.sampled_from(sorted(TEXTS)), st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_an_answer_of_any_bytes_is_read_without_an_error(name: str, data: bytes) -> None:
    answer(name, data)


# --- many lines of the log at once ------------------------------------------------------------------

ODD_LINES = (
    f"{LOG}\n",
    f"{LOG}\r",
    f"{LOG}\r\r\n",
    f"{LOG[:30]}\r\n",
    f"{LOG}{LOG}\r\n",
    f"{LOG}\t\r\n",
    f"{LOG}\u00e9\r\n",
    f"{LOG} key=abc\r\n",
    f"{LOG}{'x' * 1_900}\r\n",
    LOG.replace("info", "debug") + "\r\n",
    LOG.replace("556", "1234567") + "\r\n",
    "$ [T: 9\r\n",
    "free: 1\r\n",
    "\r\n",
)


@given(st.lists(st.sampled_from([f"{LOG}\r\n", f"{LOG}: $ x]: [y]\r\n", *ODD_LINES]), max_size=6))
@settings(deadline=None, max_examples=200)
def test_many_lines_at_once_are_read_as_one_by_one_or_not_at_all(lines: list[str]) -> None:
    data = "".join(lines).encode()
    found = read_log_lines(data)
    if found is not None:
        read = [line for line in lines_of(data) if line.kind is not LineKind.BLANK]
        assert [line.text for line in read] == [text for text, _ in found]
        logs = [line.log for line in read if line.log is not None]
        assert [(log.module, log.level, log.function, log.line) for log in logs] == [place for _, place in found]
        assert not any(log.cut for log in logs)


@pytest.mark.parametrize("odd", ODD_LINES)
def test_one_line_that_is_another_makes_all_of_them_be_read_one_by_one(odd: str) -> None:
    regular = f"{LOG}\r\n"
    assert len(read_log_lines((regular * 3).encode()) or ()) == 3
    assert read_log_lines((regular + odd + regular).encode()) is None


@given(st.lists(st.sampled_from([f"{LOG}\r\n", *ODD_LINES]), max_size=6), st.integers(1, 200))
@settings(deadline=None, max_examples=200)
def test_a_reader_that_takes_the_log_at_once_misses_nothing(lines: list[str], size: int) -> None:
    data = "".join(lines).encode()
    reader, texts = ConsoleLines(), []
    for at in range(0, len(data), size):
        chunk = data[at : at + size]
        taken = reader.take_log(chunk)
        texts += [text for text, _ in taken] if taken is not None else [line.text for line in reader.feed(chunk)]
    texts += [line.text for line in reader.close()]
    assert texts == [line.text for line in lines_of(data)]
