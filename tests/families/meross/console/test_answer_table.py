"""The answers of the console as one table: the lines of each command, what they say, and what follows from it."""

import msgspec
import pytest

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import WireValue
from unclouded.families.meross.console.wire.answer_form import AnswerLine, ConsoleAnswer, whole_lines
from unclouded.families.meross.console.wire.answers import read_answer, refusal, without_secrets
from unclouded.families.meross.console.wire.command_line import command_of, typed
from unclouded.families.meross.console.wire.known_lines import facts_of, known_line, log_facts
from unclouded.families.meross.console.wire.lines import ConsoleLine, ConsoleLines, LineKind, is_text
from unclouded.families.meross.console.wire.log_line import ConsoleLogLine, read_log_line, read_log_lines
from unclouded.families.meross.console.wire.values import values_of


def answered(command: str, *lines: str) -> ConsoleAnswer:
    row = command_of(command)
    assert row is not None
    return read_answer(row, [AnswerLine(one) for one in lines])


def said(answer: ConsoleAnswer) -> dict[str, object]:
    """What an answer says, without what it does not have."""
    fields: dict[str, object] = msgspec.json.decode(msgspec.json.encode(answer))
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


ANSWERS: list[tuple[str, list[str], dict[str, object]]] = [
    ("?", ["ip - show current IP config"], {"commands": [{"name": "ip", "help": "show current IP config"}]}),
    ("meross led", ["meross led red/green on/off/quick/slow"], {"usage": "meross led red/green on/off/quick/slow"}),
    ("reboot", ["soon"], {"unread": ["soon"]}),
    (
        "ip",
        ["interface: st2", "mode: dhcp", "dhcp:", "ip 10.0.0.7", "netmask 255.0.0.0", "gateway 10.0.0.1"],
        {
            "interfaces": [
                {"name": "st2", "mode": "dhcp", "ip": "10.0.0.7", "netmask": "255.0.0.0", "gateway": "10.0.0.1"}
            ]
        },
    ),
    ("ver", ["CM4 Image  Ver:1.2", "N9 Image  Ver: 3"], {"cm4": "1.2", "n9": "3"}),
    ("meross mem", ["heap info:", "total: 9", "free: 8", "low: 7"], {"total": 9, "free": 8, "low": 7}),
    ("meross net", ["network info:", "ip: :10.0.0.7", "router mac :a:b"], {"address": "10.0.0.7", "router_mac": "a:b"}),
    ("meross fw", ["firmware info", "fw version:2.1.4", "buildDate :x"], {"version": "2.1.4", "built": "x"}),
    (
        "meross time",
        ["time info:", "local time:noon,local offset: -60", "utc timestamp: 5", "system uptime: 1h0m1s"],
        {"local_time": "noon", "local_offset_s": -60, "utc": 5, "uptime_s": 3601},
    ),
    (
        "meross sun",
        ["latitude: -1.5, longitude: 2, tz: UTC", "sunrise 6:01", "sunset 18:02"],
        {"latitude": -1.5, "longitude": 2.0, "zone": "UTC", "sunrise": "6:01", "sunset": "18:02"},
    ),
    ("meross e2p uuid", ["uuid: " + "a1" * 16], {"uuid": "a1" * 16}),
    ("meross e2p mac", ["34:29:8f:0:0:1"], {"mac": "34:29:8f:0:0:1"}),
    (
        "meross ping 10.0.0.7",
        ["[ping]: ping: send seq(0x1) 10.0.0.7", "[ping]: ping: recv seq(0x1) 10.0.0.7, 4 ms"],
        {
            "sent": [{"sequence": "0x1", "address": "10.0.0.7"}],
            "replies": [{"sequence": "0x1", "ms": 4, "address": "10.0.0.7"}],
        },
    ),
    (
        "meross power",
        [
            "----runtime----",
            "energy:cur:1,last:2,now:3",
            "p:4",
            "v:5 (ratio:6)",
            "i:7 (ratio:8)",
            "pulse unit:9",
            "max current:10",
            "report status:on",
            "report time[01] 0:15",
            "----history data----",
            "data[02] date:2018-11-02 time:1541721481 value:11",
        ],
        {
            "energy_current": 1,
            "energy_last": 2,
            "energy_now": 3,
            "power": 4,
            "voltage": 5,
            "voltage_ratio": 6,
            "current": 7,
            "current_ratio": 8,
            "pulse_unit": 9,
            "max_current": 10,
            "report_status": "on",
            "report_times": [{"slot": 1, "time": "0:15"}],
            "history": [{"slot": 2, "date": "2018-11-02", "time": 1541721481, "energy_Wh": 11}],
        },
    ),
    ("meross crash", ["system crash test..."], {}),
    ("meross fac", ["In fac mode: YES"], {"factory_mode": True}),
    ("meross fac 1", ["In fac mode:NO"], {"factory_mode": False}),
    ("meross iot unbind", ["device unbind via cli [1]"], {"state": "1"}),
    (
        "meross iot rule",
        ["before", "timer rules info:", "one", "two", "autooff rules info:", "pAd2", "three"],
        {"timers": ["one", "two"], "auto_off": ["three"], "unread": ["before"]},
    ),
    ("meross iot log on", ["mrs_protocol_set_log:protocol package dump 0"], {"dump": 0}),
    (
        "meross iot dbg",
        ["{", '"system": {', '"version": "2",', '"x": {', "},", '"cloud": {', '"up": true', "pAd2", "so", "}", "}"],
        {"system": {"version": "2"}, "cloud": {"up": True}, "unread": ["so"]},
    ),
    (
        "meross iot status",
        [
            "wifi status:up",
            "iot status:on",
            "iot info:",
            "primary host: a:1",
            "secondary host: b:2",
            "user id:5",
            "user key:k",
            "bind id:6",
        ],
        {
            "wifi": "up",
            "server": "on",
            "primary_host": "a",
            "primary_port": 1,
            "secondary_host": "b",
            "secondary_port": 2,
            "user_id": "5",
            "user_key": "k",
            "bind_id": "6",
        },
    ),
]


@pytest.mark.parametrize(("command", "lines", "expected"), ANSWERS, ids=[one[0] for one in ANSWERS])
def test_each_line_of_an_answer_is_a_field(command: str, lines: list[str], expected: dict[str, object]) -> None:
    assert said(answered(command, *lines)) == expected


def test_settings_are_sorted_into_rules_days_and_free_slots() -> None:
    shown = said(
        answered(
            "config show",
            "show all group",
            '[meross]dev.tmr.Rule.03: {"id": 1}',
            "[meross]dev.tmr.Rule.04: ",
            "[meross]dev.atf.Rule.00: ",
            '[meross]dev.enr.data01: {"date": "2018-11-02", "value": 5}',
            "[STA]Ssid: home",
        )
    )
    assert shown["rules"] == [{"list": "tmr", "slot": 3, "text": '{"id": 1}', "rule": {"id": 1}}]
    days = [{"slot": 1, "text": '{"date": "2018-11-02", "value": 5}', "date": "2018-11-02", "energy_Wh": 5}]
    assert shown["days"] == days and shown["free_slots"] == {"tmr": 1, "atf": 1}


def test_an_incomplete_command_lists_what_it_goes_on_with() -> None:
    listed = answered("meross iot upgrade x", "incomplete command, more options:", "status - show status")
    assert said(listed) == {"commands": [{"name": "status", "help": "show status"}]}


def test_lines_of_the_driver_are_no_part_of_an_answer_and_a_number_that_is_none_makes_all_unread() -> None:
    assert said(answered("meross mem", "pAd2", "free: 8", "else")) == {"free": 8, "unread": ["else"]}
    assert said(answered("meross power", "  report time[999] 0:15", " ", "p:" + "9" * 12)) == {
        "power": 999_999_999_999,
        "report_times": [{"slot": 999, "time": "0:15"}],
    }
    assert said(answered("ip", "mode: dhcp", "interface: st2")) == {
        "interfaces": [{"name": "st2", "mode": "", "ip": "", "netmask": "", "gateway": ""}],
        "unread": ["mode: dhcp"],
    }


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        ([("fr", True), ("ee: 8", False)], ["free: 8"]),
        ([("fr", True), ("pAd2", False), ("ee: 8", False)], ["free: 8"]),
        ([("free: 8", True), ("low: 7", False)], ["free: 8", "low: 7"]),
        ([("f", True), ("r", True), ("ee: 8", False)], ["free: 8"]),
        ([("fr", True), (" ", False), ("low: 7", False)], ["fr ", "low: 7"]),
        ([("fr", True)], ["fr"]),
        ([(" ", True)], []),
        ([(" ", False)], []),
    ],
)
def test_the_parts_of_a_line_that_was_interrupted_are_joined(lines: list[tuple[str, bool]], whole: list[str]) -> None:
    def fits(text: str) -> bool:
        return text in ("free: 8", "low: 7")

    assert whole_lines([AnswerLine(*one) for one in lines], fits) == whole


@pytest.mark.parametrize(
    ("command", "lines", "why"),
    [
        ("meross", ["incomplete command, more options:", "hw - x"], ""),
        ("meross e2p", ["incomplete command, more options:", "uuid - x"], ""),
        (
            "meross mem",
            ["incomplete command, more options:", "a - x", "b - y"],
            "The command is not complete. It goes on with: a, b.",
        ),
        (
            "meross mem",
            ["incomplete command, more options:"],
            "The command is not complete. It goes on with: nothing that it names.",
        ),
        ("meross ping 10.0.0.7", ["[ping]: ping: recv seq(0x1), 4 ms"], ""),
        ("meross mem", ["x failed"], ""),
        ("meross mem", ["Unknown command"], "The plug answered: Unknown command"),
        ("meross crash", ["it failed", "again error"], "The plug answered: it failed"),
        ("meross led red on", ["not found"], "The plug answered: not found"),
        ("meross iot log on", ["not found"], ""),
        ("stat", ["not found"], ""),
    ],
)
def test_why_a_command_was_not_done(command: str, lines: list[str], why: str) -> None:
    row = command_of(command)
    assert row is not None and refusal(row, answered(command, *lines)) == why


def test_secrets_of_an_answer_are_eight_stars_and_what_is_empty_stays_so() -> None:
    assert said(without_secrets(answered("meross iot status", "user key:k", "user id:5"))) == {
        "user_key": "********",
        "user_id": "5",
    }
    assert said(without_secrets(answered("meross iot status", "user key:"))) == {}
    shown = said(without_secrets(answered("config show", "[meross]dev.cfg.Key: k", "[meross]dev.cfg.Port: 5", "so")))
    entries = [
        {"group": "meross", "key": "dev.cfg.Key", "value": "********"},
        {"group": "meross", "key": "dev.cfg.Port", "value": "5"},
    ]
    assert shown == {"entries": entries, "unread": ["********"]}


@pytest.mark.parametrize(
    ("command", "lines", "expected"),
    [
        ("meross power", ["p:4", "v:5 (ratio:6)", "i:7 (ratio:8)"],
         {"power.p": 4, "power.v": 5, "power.i": 7, "power.v_ratio": 6, "power.i_ratio": 8}),
        ("meross power", ["report status:on"], {"power.days": 0}),
        ("meross power", [f"data[0{n}] date:2018-11-0{n} time:{9 - n} value:{n}" for n in (1, 2)],
         {"power.days": 2, "power.today": 2}),
        ("meross power", [f"data[0{n}] date:2018-11-01 time:{9 - n} value:{n}" for n in (1, 2)],
         {"power.days": 2, "power.today": 1}),
        ("meross mem", ["free: 8", "low: 7", "total: 9"], {"mem.free": 8, "mem.low": 7}),
        ("meross task", ["idle  R  0  90  2", "main task  B  3  80  1"], {"tasks": 2}),
        ("meross task", [], {}),
        ("meross iot status", ["wifi status:up", "iot status:"], {"iot.wifi": "up"}),
        ("meross iot status", ["iot status:on"], {"iot.server": "on"}),
        ("meross time", ["system uptime: 1h0m1s"], {"uptime": 3601}),
        ("meross fac", ["In fac mode: NO"], {"factory_mode": False}),
        ("config show", ["[meross]dev.ctl.switchStatus.00: 1"], {"on": True}),
        ("config show", ["[meross]dev.ctl.switchStatus.00: 0"], {"on": False}),
        ("config show", ["[meross]dev.ctl.switchStatus.00: 2"], {}),
        ("ver", ["N9 Image Ver: 3"], {}),
    ],
)  # fmt: skip
def test_the_values_of_an_answer_by_wire_key(command: str, lines: list[str], expected: dict[str, WireValue]) -> None:
    assert values_of(answered(command, *lines)) == expected


# --- commands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name", "args"),
    [
        ("meross", "meross", 0),
        ("meross led", "meross led", 0),
        ("meross led red", "meross led", 2),
        ("meross led red on now", "meross led", 2),
        ("config show", "config show", 0),
        ("config show STA", "config show", 1),
        ("meross fac 1", "meross fac 1", 0),
        ("meross fac 2", "meross fac", 0),
        ("meross test relay 1 2", "meross test relay", 2),
    ],
)
def test_a_line_is_the_command_whose_name_and_arguments_fit_best(line: str, name: str, args: int) -> None:
    row = command_of(line)
    assert row is not None and (row.name, len(row.args)) == (name, args)


def test_what_only_begins_as_a_list_is_a_command_that_is_not_known() -> None:
    assert command_of("meross dance") is None and command_of("dance") is None and command_of("") is None
    unknown = typed(" meross  dance on ")
    assert (unknown.line, unknown.row.name, unknown.args) == ("meross dance on", "meross dance on", {})
    assert unknown.row.danger.startswith("This program does not know this command") and not unknown.row.shown


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("  ", "Which command"),
        ("x" * 201, "at most 200 characters"),
        ("meross ä", "all of them ASCII"),
        ("meross \x07", "all of them ASCII"),
        ("meross led red on now", "^meross led does not know 'now'. It is written: meross led or meross led <led>"),
        ("meross mem 5 6", "^meross mem does not know '5 6'"),
        ("config write STA WpaPsk my word", "^<value> of config write cannot have a space"),
        ("meross led red", "needs <state>"),
    ],
)
def test_a_line_that_cannot_be_sent_says_why(line: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        typed(line)


def test_a_command_of_the_largest_size_is_sent() -> None:
    assert len(typed("x" * 200).line) == 200
    assert typed("meross led red on").args == {"led": "red", "state": "on"}


# --- lines ------------------------------------------------------------------------------------------


def test_which_bytes_are_no_text() -> None:
    assert [code for code in range(128) if not is_text(bytes([code]))] == [
        *range(7),
        *range(14, 27),
        *range(28, 32),
        127,
    ]


def lines_of(data: bytes) -> list[ConsoleLine]:
    lines = ConsoleLines()
    return [*lines.feed(data), *lines.close()]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"me\x08\x08so_me\x7f\n", "so_m"),
        (b"\x08\x08so\n", "so"),
        (b"\x1b[1;31mred\x1b[0m \x1bMup\n", "red up"),
        (b"a\x07b\tc\n", "ab\tc"),
        ("é\n".encode(), "é"),
    ],
)
def test_a_line_is_what_stands_there_in_the_end(data: bytes, text: str) -> None:
    assert [(one.kind, one.text, one.data) for one in lines_of(data)] == [(LineKind.TEXT, text, data)]


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (b"$ meross mem\r\n", ["prompt", "text"]),
        (b"$$ $ \n", ["prompt", "prompt", "prompt", "blank"]),
        (b"$8710c>\n", ["text"]),
        (b"a $ b\n", ["text"]),
        (b"\r\n", ["blank"]),
        (b"$", ["prompt"]),
        (b"$ ", ["prompt"]),
        (b"ab[T: 9 M: a C: info F: f L: 1]: x\r\n", ["text", "log"]),
        (b"[T: 9 M: a C: in[T: 9 M: a C: info F: f L: 1]: x\r\n", ["log", "log"]),
        (b"[TX\n", ["text"]),
    ],
)
def test_the_kinds_of_lines(data: bytes, kinds: list[str]) -> None:
    found = lines_of(data)
    assert [one.kind.value for one in found] == kinds
    assert b"".join(one.data for one in found) == data
    lines = ConsoleLines()
    assert [*(one for code in data for one in lines.feed(bytes([code]))), *lines.close()] == found
    assert [one.cut for one in found] == [one.kind.value != "prompt" and b"\n" not in one.data and len(kinds) > 1
                                         and one is not found[-1] for one in found]  # fmt: skip


# --- the log ----------------------------------------------------------------------------------------

LOG = "[T: 153 M: mrs_http C: info F: mrs_http_handle_event L: 33]: httpd status = 1"


def test_a_log_line_is_read_as_it_is_printed() -> None:
    line = ConsoleLogLine(153, "mrs_http", "info", "mrs_http_handle_event", 33, "httpd status = 1")
    assert read_log_line(LOG) == line and str(line) == LOG


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[T: 153 M: a C: info F: f L: 1234567]: x", (153, "a", "info", "f", "1234567]: x")),
        ("[T: 1234567890123456 M: a C: info F: f L: 1]: x", (123456789012345, "a", "info", "f", "6 1]: x")),
        ("[T: 153 M: a C: erro", (153, "a", "error", "", "")),
        ("[T: 153 M: a C: x F: f_1WTBL1 for L: 3", (153, "a", "x", "f_1", "WTBL1 for 3")),
        ("[T: 153 M: mrs", (153, "mrs", "", "", "")),
        ("[T wifi C: erro", (0, "wifi", "error", "", "")),
        ("[T: ", (0, "", "", "", "")),
        ("[T: 12 so", (12, "", "", "", "so")),
    ],
)
def test_a_log_line_that_is_cut_says_what_can_be_read(text: str, expected: tuple[int, str, str, str, str]) -> None:
    found = read_log_line(text)
    assert found is not None and found.cut and found.line == 0
    assert (found.at_ms, found.module, found.level, found.function, found.text) == expected


def test_what_does_not_begin_as_a_log_line_is_none() -> None:
    assert [read_log_line(text) for text in ("", "[T", "[TX", "x" + LOG, "[t: 3 M: ")] == [None] * 5


@pytest.mark.parametrize(
    "odd",
    ["x", "[T: 9 M: x]: y", LOG.replace("info", "loud"), LOG.replace("33", "3333333"), LOG + "\x1b", LOG + LOG,
     LOG + " key = k"],
)  # fmt: skip
def test_many_log_lines_at_once_are_read_only_where_all_are_whole(odd: str) -> None:
    place = ("mrs_http", "info", "mrs_http_handle_event", 33)
    whole = f"{LOG}\r\n".encode()
    assert read_log_lines(whole * 2) == [(LOG, place)] * 2
    assert read_log_lines(whole + f"{odd}\r\n".encode()) is None
    assert read_log_lines(whole + LOG.encode()) is None


@pytest.mark.parametrize(
    ("rest", "is_taken"),
    [
        (b"", True),
        (b"[", True),
        (b"[T: 1\r", True),
        (b"[T: 1\r ", False),
        (b"$", False),
        (b"[" + b"x" * 2046, True),
        (b"[" + b"x" * 2047, False),
    ],
)
def test_the_log_is_taken_at_once_where_nothing_is_certain_of_the_line_behind_it(rest: bytes, is_taken: bool) -> None:
    lines, whole = ConsoleLines(), f"{LOG}\r\n".encode()
    assert lines.feed(whole[:9]) == [] and lines.held == whole[:9]
    found = lines.take_log(whole[9:] + rest)
    assert [text for text, _ in found or ()] == ([LOG] if is_taken else [])
    assert lines.held == (rest if is_taken else whole[:9])
    assert lines.take_log(b"no end") is None


@pytest.mark.parametrize(
    ("text", "printer", "starts", "facts"),
    [
        *((text, "boot_loader", True, {}) for text in ("bl_uart_init", "custom_setSFIExt", "hal_flash_init")),
        *((text, "boot_loader", True, {}) for text in ("hal_emi_configure", "hal_clock_set_pll_dcm_init")),
        *((text, "system", True, {}) for text in ("sleep locked.", "#" * 10, "## Meross IOT running... ##")),
        *((text, "driver", False, {}) for text in ("===> rt2860_close", "__original_rt2860_init", "EntryLifeCheck=1")),
        *((text, "driver", False, {}) for text in ("RMAC_RFCR = 0x1F", "Event 0x1f not handled")),
        ("F1: 0000 0000 [00FF]", "boot_rom", True, {}),
        ("Leaving the BROM", "boot_rom", True, {}),
        ("set CP10 an CP11 Full Access", "boot_loader", True, {}),
        ("NOR_init", "boot_loader", True, {}),
        ("hal_emi_configure_advanced", "boot_loader", True, {}),
        ("hf_fsys_ck freq=12", "boot_loader", True, {"clock_kHz": "12"}),
        ("read update info from 0x1f", "boot_loader", True, {"update_info": "0x1f"}),
        ("exit: bl_fota_is_triggered 0", "boot_loader", True, {"update_check": "0"}),
        ("Jump to addr 0x10", "boot_loader", True, {"started_at": "0x10"}),
        ("normal bootup", "system", True, {}),
        ("No 32k crystal", "system", True, {"clock_crystal": "No 32k crystal"}),
        ("system up:5", "system", True, {}),
        ("Last reset reason:HAL_WDT", "system", True, {"reset_reason": "HAL_WDT"}),
        ("meross watch dog start", "system", True, {}),
        ("cmd id 0xdd -- 0x0 seq 0x0", "driver", False, {}),
        (" pAd2 ", "driver", False, {}),
        (
            "PhyMode=1, BW=2, BssCoex=3, x",
            "driver",
            False,
            {"phy_mode": "1", "bandwidth": "2"},
        ),
        ("ap up34:29:8f:0:0:1", "driver", False, {"ap_mac": "34:29:8f:0:0:1"}),
        ("Response MAC=34:29:8f:0:0:1", "driver", False, {"response_mac": "34:29:8f:0:0:1"}),
        ("NORMAL MODE", "driver", False, {}),
        ("WTBL1 for cli[255] fail", "driver", False, {}),
        ("TxPower = 5", "driver", False, {"tx_power": "5"}),
        ("auth:1, encrypt:2", "driver", False, {"auth": "1", "encrypt": "2"}),
        ("[MRS Scan Event Callback]: Scan Done!", "driver", False, {}),
    ],
)
def test_lines_that_no_command_asked_for(text: str, printer: str, starts: bool, facts: dict[str, str]) -> None:
    row = known_line(text)
    assert row is not None and (row.printer, row.starts) == (printer, starts)
    assert facts_of(row, text) == facts


@pytest.mark.parametrize(
    ("module", "text", "facts"),
    [
        ("common", "platform:MT7682-x.", {"platform": "MT7682-x"}),
        ("mrs_timer", "load 3 rules", {"timer_rules": "3"}),
        ("mrs_atf", "load 4 rules", {"auto_off_rules": "4"}),
        ("mrs_reset", "button reset enable,max count[5]", {"button_reset_count": "5"}),
        ("mrs_http", "httpd status = 1", {"httpd": "1"}),
        ("mrs_main", "WiFi Init Done: port = 0", {"wifi_port": "0"}),
        ("mrs_main", "event ip ready", {"event": "ip ready"}),
        ("mrs_main", "so", {}),
        ("other", "load 3 rules", {}),
    ],
)
def test_what_log_lines_report_of_a_start(module: str, text: str, facts: dict[str, str]) -> None:
    assert log_facts(module, text) == facts
