"""The controller's end: commands and their answers, log lines in between, and every way in which nothing comes back."""

import pytest
from hypothesis import strategies as st

from families.meross.console.console_line import UUID, answering, console
from pair import ambient
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    Identified,
    LinkPath,
    Logged,
    Noticed,
    Offline,
    Online,
    Reported,
    Session,
    SessionCommand,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings

LOG = "[T: 152 M: mrs_timer C: info F: mrs_timer_nvdm_load_rules L: 556]: load 0 rules\r\n"
BOOT = "F1: 0000 0000\r\nLeaving the BROM\r\n\r\nLast reset reason:HAL_WDT_SOFTWARE_RESET\r\n"


def settled(events: list[Event], ticket: int) -> Settled:
    (found,) = [one for one in events if isinstance(one, Settled) and one.ticket == ticket]
    return found


class TestConsoleSession(SessionLaws):
    def make(self, ambient: Ambient) -> Session:
        return ConsoleSession(ConsoleSettings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        lines = ["$ ", "meross mem\r\n", "free: 83536\r\n", LOG, BOOT, "free: 8" + LOG + "3536\r\n", "\r\n", "$"]
        return st.sampled_from([one.encode() for one in lines]) | st.binary(max_size=40)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from(
            [
                WireAction("console", {"command": "meross mem"}),
                WireAction("console", {"command": "meross ping 10.0.0.1"}),
                WireAction("console", {"command": "reboot"}),
                WireAction("console_commands"),
                WireAction("console_cancel"),
                WireAction("console_crash"),
                WireCommand({"on": True}),
            ]
        )


# --- answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("echo", [True, False])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\n\r"])
def test_a_command_has_a_typed_answer_whatever_ends_a_line_and_whether_there_is_an_echo(echo: bool, end: str) -> None:
    line = console(echo=echo, end=end).start()
    line.wait(1.0)
    ticket = line.do("meross  mem")
    line.wait(1.0)
    found = settled(line.events, ticket)
    assert found.result == "confirmed"
    assert found.answer == {"total": 184320, "free": 83536, "low": 80496}
    assert found.reason == "heap info:; total:184320; free: 83536; low: 80496"


def test_a_console_comes_online_with_its_prompt_and_says_which_plug_it_is() -> None:
    line = console().start()
    assert line.events[0] == Online()
    (identified,) = [one for one in line.events if isinstance(one, Identified)]
    assert identified.info["identity"] == UUID and identified.info["product"] == "mss310"


def test_commands_that_the_device_lists_and_the_table_does_not_are_offered_and_must_be_confirmed() -> None:
    line = console().start()
    ticket = line.do("", "console_commands")
    offered = {one["name"]: one for one in settled(line.events, ticket).answer["commands"]}
    assert offered["meross new"]["help"] == "a new thing" and offered["meross new"]["danger"]
    assert offered["meross hw"]["listed"] and not offered["meross net"]["listed"]
    with pytest.raises(CommandError, match="console_unknown"):
        line.do("meross new")
    ticket = line.do("meross new", "console_unknown")
    assert settled(line.events, ticket).reason == "The plug answered: unknown command meross new"


def test_an_unknown_command_is_refused_with_the_devices_own_text() -> None:
    line = console().start()
    found = settled(line.events, line.do("meross sun"))
    assert (found.result, found.reason) == ("refused", "The plug answered: unknown command meross sun")


@pytest.mark.parametrize(
    ("command", "action"),
    [
        ("meross crash", "console_crash"),
        ("meross e2p mac 02:00:00:00:00:02", "console_e2p_mac"),
        ("meross e2p uuid x", "console_e2p_uuid"),
        ("config write STA Ssid a", "console_config_write"),
        ("config reset STA", "console_config_reset"),
        ("meross fac 1", "console_fac_1"),
        ("meross test relay 1 1", "console_test_relay"),
        ("meross iot unbind", "console_iot_unbind"),
        ("meross iot upgrade http://a/b", "console_iot_upgrade"),
        ("meross foo", "console_unknown"),
    ],
)
def test_what_is_dangerous_runs_only_as_an_action_of_its_own(command: str, action: str) -> None:
    line = console().start()
    with pytest.raises(CommandError, match=action):
        line.do(command)
    assert command not in line.typed


def test_a_secret_that_was_read_alone_is_hidden_in_the_lines_and_in_the_text_of_the_outcome() -> None:
    line = console(config_read_STA_WpaPsk="my secret words\r\n").start()
    found = settled(line.events, line.do("config read STA WpaPsk", lines="show"))
    assert found.answer["lines"] == ["** ****** *****"]
    assert "secret" not in found.reason


@pytest.mark.parametrize("gives_up", ["console_cancel", ""])
def test_a_secret_that_is_answered_late_is_hidden(gives_up: str) -> None:
    line = console().start()
    line.silent = True
    line.do("config read STA WpaPsk")
    if gives_up:
        line.do("", gives_up)
    else:
        line.wait(60.0)
    line.send("my secret words\r\n")
    line.silent = False
    logged = [one.text for one in line.events if isinstance(one, Logged)]
    assert logged and not any("secret" in text for text in logged)
    line.send("$ ")
    settled(line.events, line.do("meross mem"))
    line.send("words without a secret\r\n")
    assert line.events[-1] == Logged("words without a secret")


def test_the_rest_of_a_log_line_with_a_secret_is_hidden() -> None:
    line = console().start()
    inner = "[T: 2 M: mrs_wifi C: info F: f L: 2]: beacon\r\n"
    line.send(f'[T: 1 M: mrs_http C: info F: f L: 1]: rx {{"pass{inner}word":"my hunter2 word"}}\r\n')
    logged = [one.text for one in line.events if isinstance(one, Logged)]
    assert any("beacon" in text for text in logged) and not any("hunter2" in text for text in logged)


def test_the_text_of_a_setting_that_is_no_secret_is_shown_also_where_it_stands_alone() -> None:
    line = console(config_read_STA_Channel="6\r\n").start()
    found = settled(line.events, line.do("config read STA Channel", lines="show"))
    assert (found.reason, found.answer["unread"], found.answer["lines"]) == ("6", ("6",), ["6"])


@pytest.mark.parametrize("answer", ["[STA]WpaPsk: hunter22", "set hunter22 ok", "invalid value hunter22"])
def test_a_secret_that_is_written_is_hidden_in_all_of_the_answer(answer: str) -> None:
    line = console(config_write_STA_WpaPsk_hunter22=f"{answer}\r\n").start()
    ticket = line.do("", "console_config_write", group="STA", item="WpaPsk", value="hunter22")
    found = settled(line.events, ticket)
    assert "hunter22" not in repr(found) and "********" in found.answer["unread"][0]


def test_the_words_of_an_answer_that_has_no_secret_are_shown() -> None:
    line = console(stat="LINK\r\n\txmit: 3\r\n").start()
    found = settled(line.events, line.do("stat", lines="show"))
    assert found.answer["lines"] == ["LINK", "\txmit: 3"] and found.reason == "LINK; xmit: 3"


# --- cancelling -------------------------------------------------------------------------------------


def test_a_command_that_is_cancelled_settles_with_those_that_wait_and_the_console_goes_on() -> None:
    line = console().start()
    line.wait(1.0)
    line.silent = True
    scan, mem = line.do("meross scan"), line.do("meross mem")
    line.silent = False
    line.do("", "console_cancel")
    assert {settled(line.events, one).reason for one in (scan, mem)} == {"The command was cancelled."}
    assert "\x03" in line.typed
    line.wait(1.0)
    assert settled(line.events, line.do("meross mem")).result == "confirmed"
    assert not any(isinstance(one, Offline) for one in line.events)


def test_where_no_command_runs_cancelling_sends_nothing() -> None:
    line = console().start()
    line.wait(1.0)
    sent = len(line.typed)
    assert settled(line.events, line.do("", "console_cancel")).result == "confirmed"
    assert len(line.typed) == sent


# --- log lines in between ---------------------------------------------------------------------------


def test_log_lines_inside_an_answer_are_events_and_leave_the_answer_whole() -> None:
    line = console().start()
    line.damage = lambda text: text.replace(b"83536", b"83" + LOG.encode() + b"536")
    found = settled(line.events, line.do("meross mem"))
    assert found.answer["free"] == 83536
    assert Logged(LOG.strip(), "info", "mrs_timer") in line.events


def test_a_log_line_behind_the_prompt_is_no_answer() -> None:
    line = console().start()
    line.send(LOG + "cmd id 0xd5 -- 0x0 seq 0x5\r\n")
    assert line.events[-2] == Logged(LOG.strip(), "info", "mrs_timer")
    assert line.events[-1] == Logged("cmd id 0xd5 -- 0x0 seq 0x5", "", "driver")


def test_a_ping_ends_with_the_reply_that_comes_after_the_prompt() -> None:
    log = "[T: 7 M: ping C: info F: ping_send L: 194]: [ping]: ping: send seq(0x0001) 10.0.0.1\r\n"
    log += "[T: 8 M: ping C: info F: ping_recv L: 256]: [ping]: ping: recv seq(0x0001) 10.0.0.1, 1 ms\r\n"
    line = answering({"meross ping 10.0.0.1": ""}).start()
    line.damage = lambda text: text + (log.encode() if b"ping" in text else b"")
    found = settled(line.events, line.do("meross ping 10.0.0.1"))
    assert list(found.answer["replies"]) == [{"sequence": "0x0001", "ms": 1, "address": "10.0.0.1"}]


def test_a_command_that_prints_nothing_is_done_with_its_prompt() -> None:
    line = answering({"meross fac 0": ""}, echo=False).start()
    ticket = line.do("meross fac 0")
    line.wait(1.0)
    assert settled(line.events, ticket).result == "confirmed"


def test_a_prompt_that_was_lost_ends_the_answer_when_its_time_is_up() -> None:
    line = console().start()
    line.damage = lambda text: text.removesuffix(b"$ ")
    ticket = line.do("meross mem")
    line.wait(4.0)
    assert settled(line.events, ticket).answer["free"] == 83536


# --- restarts and silence ---------------------------------------------------------------------------


def test_a_board_that_restarts_settles_the_running_command_and_says_why_it_started() -> None:
    line = console().start()
    line.silent = True
    ticket = line.do("meross scan")
    line.send("Ch  SSID\r\n" + BOOT)
    found = settled(line.events, ticket)
    assert (found.result, found.reason) == ("unreachable", "The board started again while meross scan ran.")
    assert any(isinstance(one, Noticed) and "HAL_WDT_SOFTWARE_RESET" in one.reason for one in line.events)
    assert isinstance(line.events[-1], (Waiting, Noticed))
    line.silent = False
    line.wait(10.0)
    assert Online() in line.events[-8:]


def test_a_command_that_comes_while_the_board_starts_waits_for_its_prompt() -> None:
    line = console().start()
    line.silent = True
    line.send(BOOT)
    ticket = line.do("meross mem")
    line.wait(3.0)
    line.silent = False
    line.wait(5.0)
    assert settled(line.events, ticket).answer["free"] == 83536


@pytest.mark.parametrize(("command", "action"), [("reboot", "console"), ("", "console_crash")])
def test_a_command_that_restarts_the_board_is_done_when_it_starts(command: str, action: str) -> None:
    line = console().start()
    line.silent = True
    ticket = line.do(command, action)
    line.send(BOOT)
    assert settled(line.events, ticket).result == "confirmed"


def test_a_board_that_does_not_restart_is_a_timeout() -> None:
    line = console().start()
    line.silent = True
    ticket = line.do("reboot")
    line.wait(20.0)
    assert settled(line.events, ticket).reason == "The board did not start again within 15 s."


@pytest.mark.parametrize(
    ("received", "says"),
    [
        (b"", "RX and TX are crossed"),
        (b"\x00\xf8\x80\x00\xfe" * 20, "115200 baud"),
        (b"U-Boot 1.1.3 (Jul 30 2018)\r\nPlease choose the operation:\r\n", "57600"),
        (b"\r\n$8710c>", "Realtek"),
        (b"\x55\xaa\x00\x00\x00\x00\xff", "Tuya"),
        ((b"\x55\x5a" + bytes(22)) * 3, "HLW8032"),
        (LOG.encode(), "TX of the adapter to RX"),
        (b"MT7628 # ", "U-Boot"),
        (b"BusyBox v1.12.1 (2018-08-09) built-in shell\r\n\r\n/ # ", "Linux"),
        (b"\r\nroot@OpenWrt:/# ", "Linux"),
        (b"\r\nmeross login: ", "Linux"),
        (b"\r\n> ", "no prompt"),
    ],
)
@pytest.mark.parametrize("end", [b"", b"\r\n"])  # a prompt and a frame have no end of a line
def test_a_line_that_is_no_console_is_named_with_what_to_do(received: bytes, says: str, end: bytes) -> None:
    line = console()
    line.silent = True
    line.start()
    line.events += line.session.receive(received, 0.0)
    line.events += line.session.receive(end if received else b"", 0.0)
    line.wait(3.0)
    (waiting,) = [one for one in line.events if isinstance(one, Waiting)]
    assert says in waiting.reason


def test_nothing_is_typed_into_the_shell_of_a_realtek_chip_until_a_console_is_there() -> None:
    line = console()
    line.silent = True
    line.start()
    line.events += line.session.receive(b"\r\n$8710c>", 0.0)
    typed = len(line.typed)
    line.wait(60.0)
    assert len(line.typed) == typed
    line.silent = False
    line.send("\r\n$ ")
    assert "meross hw" in line.typed and any(isinstance(one, Online) for one in line.events)


def test_a_console_that_no_longer_answers_is_offline_and_its_command_says_what_to_check() -> None:
    line = console().start()
    line.silent = True
    ticket = line.do("meross mem")
    line.wait(10.0)
    assert "GND" in settled(line.events, ticket).reason
    assert any(isinstance(one, Offline) for one in line.events)


# --- values -----------------------------------------------------------------------------------------

POWER = "p:67379\r\nv:2387 (ratio:188)\r\ni:418 (ratio:100)\r\n"
RELAY = "config read meross dev.ctl.switchStatus.00"


def test_the_hub_gets_the_values_of_the_polls() -> None:
    line = answering(
        {"meross power": POWER, RELAY: "1\r\n", "meross iot status": "wifi status:connect\r\n"}, polls=True
    ).start()
    line.wait(1.0)
    values: dict[str, object] = {}
    for event in line.events:
        values |= dict(event.values) if isinstance(event, Reported) else {}
    assert values["power.p"] == 67379 and values["power.v"] == 2387 and values["power.i"] == 418
    assert values["on"] is True and values["iot.wifi"] == "connect" and values["mem.free"] == 83536


def test_switching_is_confirmed_by_the_setting_that_the_plug_then_shows() -> None:
    line = answering({f"meross switch {UUID} on": "", RELAY: "[meross]dev.ctl.switchStatus.00: 1\r\n"}).start()
    ticket = line.session.submit(WireCommand({"on": True}), line.now)
    line.pump()
    line.wait(2.0)
    assert settled(line.events, ticket).result == "confirmed" and Reported({"on": True}) in line.events


def test_a_relay_that_stays_as_it_was_is_refused_with_the_warning_about_mains() -> None:
    line = answering({f"meross switch {UUID} on": "", RELAY: "0\r\n"}).start()
    ticket = line.session.submit(WireCommand({"on": True}), line.now)
    line.pump()
    line.wait(10.0)
    found = settled(line.events, ticket)
    assert found.result == "refused" and "mains" in found.reason


def test_secrets_of_an_answer_are_hidden_unless_their_owner_asks() -> None:
    shown = {"config show STA": "show group STA\r\n[STA]Ssid: Home\r\n[STA]WpaPsk: hunter22\r\n"}
    line = answering(shown).start()
    found = settled(line.events, line.do("config show STA"))
    assert "hunter22" not in repr(found) and found.answer["entries"][1]["value"] == "********"
    found = settled(line.events, line.do("config show STA", secrets="show"))
    assert found.answer["entries"][1]["value"] == "hunter22"


def test_too_many_commands_are_refused() -> None:
    session = ConsoleSession(ConsoleSettings(), ambient())
    session.up(LinkPath(), 0.0)
    for _ in range(32):
        session.submit(WireAction("console", {"command": "meross mem"}), 0.0)
    with pytest.raises(CommandError, match="wait for this console"):
        session.submit(WireAction("console", {"command": "meross mem"}), 0.0)
