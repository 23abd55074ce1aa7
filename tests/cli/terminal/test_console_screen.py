"""The terminal on a console: typed answers, the log above, questions before danger, and what is kept."""

import stat
from pathlib import Path
from typing import Any

from cli.terminal.screen_story import CTRL_C, CTRL_D, opened_screen
from unclouded.core.sessions.session import Out
from virtual_loop import story


@story
async def test_a_command_is_answered_by_a_table_and_the_state_stands_below(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.type("meross mem")
        await terminal.shows("total  184320", "mss310 2.1.7")
        await terminal.type("/raw")
        await terminal.shows("heap info:", "total:184320")
        await terminal.key(CTRL_D)
        await terminal.left()


@story
async def test_the_log_of_a_start_is_shown_and_then_its_report(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.type("reboot")
        shown = await terminal.shows(
            "The board starts again", "The board has started:", "modules", "reset WDT_SOFTWARE"
        )
        assert "mrs_http: httpd status = 1" in shown
        assert "reset_reason        HAL_WDT_SOFTWARE_RESET" in shown
        await terminal.type("/log off")
        await terminal.shows("No lines of the log are shown.")
        await terminal.type("reboot")
        shown = await terminal.shows("The board has started:", "modules")
        assert "httpd status" not in shown


@story
async def test_what_is_dangerous_runs_only_after_yes(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.type("meross fac 1")
        await terminal.shows("Type yes to run it")
        await terminal.type("y")
        await terminal.shows("It was not run.")
        await terminal.type("meross fac")
        await terminal.shows("factory_mode  no")
        await terminal.type("meross fac 1")
        await terminal.shows("Type yes to run it")
        await terminal.type("yes")
        await terminal.until(terminal.screen._waiting.empty, "the command")
        await terminal.type("meross fac")
        await terminal.shows("factory_mode  yes")


@story
async def test_a_command_that_switches_the_relay_warns_of_mains(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.type("meross switch 19010100000000000000020000000001 on")
        await terminal.shows("Never connect the board to mains")


@story
async def test_ctrl_c_cancels_the_command_that_runs(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.type("meross scan")
        await terminal.shows("(meross scan)")
        await terminal.key(CTRL_C)
        await terminal.shows("The command was cancelled.")
        await terminal.type("meross fw")
        await terminal.shows("version  2.1.7")


@story
async def test_tab_completes_what_the_device_lists_and_the_keys_of_a_group(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.key("meross iot sta\t")
        await terminal.shows("- show status")
        await terminal.type("")
        await terminal.shows("wifi ")
        await terminal.key("config read STA WpaPs\t")
        await terminal.shows("config read <group> <item>", "the password of that Wi-Fi")


@story
async def test_secrets_are_neither_in_the_history_nor_in_a_transcript(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.type("config write STA WpaPsk hunter22")
        await terminal.shows("Type yes to run it")
        await terminal.type("yes")
        await terminal.type("config read STA WpaPsk")
        await terminal.shows("********")
        target = tmp_path / "transcript.txt"
        await terminal.type(f"/save {target}")
        await terminal.shows("lines were written")
        text = target.read_text()
        assert "config write STA WpaPsk ********" in text and "hunter22" not in text
        await terminal.type(f"/save {target}")
        await terminal.shows("exists already")
        assert terminal.history.lines() == ["config read STA WpaPsk", f"/save {target}"]
        assert not any("hunter22" in line for line in terminal.screen._prompt.history.get_strings())
        file = tmp_path / "state" / "console_history"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@story
async def test_a_line_that_is_cut_and_comes_back_is_shown_both_times(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        inlet = terminal.far._inlet
        assert inlet is not None
        await terminal.far.close()
        await terminal.shows("is offline")
        await terminal.type("meross mem")
        await terminal.shows("unreachable: The console is not connected.")
        terminal.far.start(inlet)
        await terminal.shows("is online")


@story
async def test_wrong_lines_say_what_is_wrong(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path) as terminal:
        await terminal.type("/what")
        await terminal.shows("There is no /what. There are: /help")
        await terminal.type("meross ping")
        await terminal.shows("needs <address>")
        await terminal.type("/help")
        await terminal.shows("/save FILE", "Ctrl-C cancels")
        await terminal.type("/quit")
        await terminal.left()


@story
async def test_another_computer_on_the_line_is_named(monkeypatch: Any, tmp_path: Path) -> None:
    async with opened_screen(monkeypatch, tmp_path, "sends-nothing", first="does not answer") as terminal:
        terminal.far.send(Out(b"\r\nU-Boot 1.1.3 (Apr 2017)\r\nPlease choose the operation:\r\n"))
        await terminal.shows("This looks like a U-Boot prompt of hardware version 1")
