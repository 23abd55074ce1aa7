"""The report of a start that the controller keeps: from the board's own lines, and over restarts of the hub."""

from families.meross.console.console_line import HandMadeConsole, console
from families.meross.console.terminal import Terminal
from pair import ambient
from unclouded.core.sessions.session import Ambient, Identified, LinkPath, Remember, Settled
from unclouded.families.meross.console.controller.last_start import LAST_START, LONGEST
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings

BOOT = Terminal().seen.decode().removesuffix("$ ")
VERSIONS = "CM4 Image  Ver:SDK_V4.6.2\r\nN9 Image   Ver:20180102\r\n"


def start_of(line: HandMadeConsole) -> dict[str, str]:
    """What the device is described with of its last start."""
    (*_, newest) = [one for one in line.events if isinstance(one, Identified)]
    return {name.removeprefix("start_"): text for name, text in newest.info.items() if name.startswith("start_")}


def restarted() -> HandMadeConsole:
    line = console(polls=True, ver=VERSIONS).start()
    line.wait(1.0)
    line.send(BOOT + "$ ")
    line.wait(5.0)
    return line


def test_a_start_is_described_with_its_reason_its_rules_its_wifi_and_the_versions() -> None:
    line = restarted()
    start = start_of(line)
    assert start["at"] == "2026-09-21T14:13:21.000Z"
    assert start["reset_reason"] == "HAL_WDT_SOFTWARE_RESET" and start["platform"] == "MT7682-E3"
    assert (start["timer_rules"], start["auto_off_rules"], start["wifi_port"]) == ("0", "0", "1")
    assert start["ap_mac"] == "02:00:00:00:00:01"
    assert start["modules"] == "common, mrs_main, mrs_reset, mrs_timer, mrs_atf, mrs_http"
    assert (start["cm4"], start["n9"]) == ("SDK_V4.6.2", "20180102")
    assert line.typed.count("ver") == 1


def test_a_device_whose_start_was_never_received_has_no_report() -> None:
    line = console(polls=True).start()
    line.wait(5.0)
    assert not start_of(line)
    assert "ver" not in line.typed


def test_the_next_start_replaces_the_report_with_all_of_its_facts() -> None:
    line = restarted()
    line.send("F1: 0000 0000\r\nLast reset reason:HAL_WDT_HARDWARE_RESET\r\n$ ")
    line.wait(0.5)
    start = start_of(line)
    assert start["reset_reason"] == "HAL_WDT_HARDWARE_RESET"
    assert start["platform"] == "", "an empty text replaces the earlier one where the hub merges descriptions"


def test_the_report_outlives_the_hub() -> None:
    before = restarted()
    memory = {one.key: one.value for one in before.events if isinstance(one, Remember)}
    again = HandMadeConsole(ConsoleSession(ConsoleSettings(), Ambient(ambient().wall, ambient().token, memory)))
    again.start()
    again.wait(1.0)
    assert start_of(again) == start_of(before)


def test_a_memory_that_is_damaged_is_no_report() -> None:
    for memory in (b"\xff", b"[1]", b'{"at": 1}'):
        session = ConsoleSession(ConsoleSettings(), Ambient(ambient().wall, ambient().token, {LAST_START: memory}))
        line = HandMadeConsole(session).start()
        line.wait(1.0)
        assert not start_of(line)


def test_a_board_that_starts_for_ever_needs_no_more_memory() -> None:
    line = console().start()
    log = "[T: 1 M: module_{} C: info F: f L: 1]: hello\r\n"
    line.send("F1: 0000 0000\r\n" + "".join(log.format(number) for number in range(1_000)) + "$ ")
    line.wait(1.0)
    assert len(start_of(line)["modules"]) <= LONGEST + 1


def test_the_lines_of_an_answer_are_part_of_it_where_they_are_asked_for() -> None:
    line = console().start()
    line.wait(1.0)
    ticket = line.do("meross mem", lines="show")
    line.wait(1.0)
    (answer,) = [one.answer or {} for one in line.events if isinstance(one, Settled) and one.ticket == ticket]
    assert answer["lines"] == ["heap info:", "total:184320", "free: 83536", "low:  80496"]


def test_the_lines_of_an_answer_hide_secrets_also_where_a_log_line_interrupts_them() -> None:
    log = "[T: 1 M: wifi C: info F: f L: 1]: up\r\n"
    line = console(config_show=f"show all group\r\n[STA]WpaPsk: corr{log}ect-horse\r\n[STA]Ssid: home\r\n").start()
    line.wait(1.0)
    ticket = line.do("config show", lines="show")
    line.wait(1.0)
    (answer,) = [one.answer or {} for one in line.events if isinstance(one, Settled) and one.ticket == ticket]
    text = "\n".join(answer["lines"])
    assert "[STA]WpaPsk: " in text and "corr" not in text and "horse" not in text


def test_a_path_that_opens_again_keeps_the_report() -> None:
    line = restarted()
    line.events.clear()
    line.session.down("", "unplugged", line.now)
    line.session.up(LinkPath(), line.now)
    line.pump()
    line.wait(1.0)
    assert start_of(line)["reset_reason"] == "HAL_WDT_SOFTWARE_RESET"
