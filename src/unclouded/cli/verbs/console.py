"""`console`: the serial console of an opened plug: a terminal, one command, or lines from a pipe."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import click

from unclouded.app.access.hub_access import any_hub
from unclouded.app.configuration.config import Config, data_folder
from unclouded.app.console.one_command import run_on_hub, run_on_link
from unclouded.app.console.target import device_on, is_link, link_of
from unclouded.app.console.typed_command import CheckedCommand, checked
from unclouded.cli.configuration import configuration, configuration_if_any
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.hub.report_text import report_lines
from unclouded.cli.output.lines import outcome_code, print_json, print_outcome, print_text
from unclouded.cli.terminal.script import PrintedLog


class ConsolePlace:
    """Where the console is: ``device`` of a hub with ``config``, or a ``link`` that no hub holds (device "")."""

    def __init__(self, target: str, config: str | None, data: str | None) -> None:
        self.link = self.device = ""
        self.config: Config | None
        if not is_link(target):
            self.config, self.device = configuration(config, data), target
            return
        self.config = configuration_if_any(config, data)
        self.link = link_of(target)
        self.device = device_on(self.link, self.config) if self.config is not None else ""


@click.command("console", context_settings={"ignore_unknown_options": True})
@click.argument("target", metavar="DEVICE|LINK")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.option("--yes", is_flag=True, help="Confirm a command that can do damage.")
@click.option("--secrets", is_flag=True, help="Show your own passwords and keys in the answer.")
@click.option("--log", "with_log", is_flag=True, help="Print what the board prints by itself too, on stderr.")
@click.option("--timeout", type=Span(), default="10s", show_default=True, help="Time for a LINK to show its prompt.")
@config_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    words: tuple[str, ...],
    yes: bool,
    secrets: bool,
    with_log: bool,
    timeout: float,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Open the serial console of an opened Meross plug (115200 baud), or run one COMMAND and print its answer.

    DEVICE is a device of the hub; LINK is the port of a board that no hub holds: `console /dev/ttyUSB0 meross hw`.
    Without a COMMAND it is a terminal; from a pipe it runs a command for each line, up to the first that fails.
    Never connect the board to mains and to a serial adapter at once.
    """
    if words:
        typed = checked(" ".join(words), confirmed=yes, show_secrets=secrets)
        if typed.warning:
            print_text(f"Warning: {typed.warning}", err=True)
        end = _run(ConsolePlace(target, config, data), typed, timeout, PrintedLog(with_log))
        _print(end, typed, as_json)
        ctx.exit(outcome_code(end))
    place = ConsolePlace(target, config, data)
    if sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        _open_screen(place, secrets)
        return
    ctx.exit(_run_script(place, PrintedLog(with_log), timeout, confirmed=yes, secrets=secrets, as_json=as_json))


# --- one command -----------------------------------------------------------------------------------


def _run(
    place: ConsolePlace, typed: CheckedCommand, timeout_s: float, log: PrintedLog
) -> Mapping[str, Any]:  # Any: the API's JSON
    """On the hub that holds the console, else on the link itself."""
    if place.config is None or not place.device:
        return run_on_link(place.link, typed, timeout_s, log)
    with any_hub(place.config, [place.device]) as hub:
        return run_on_hub(hub, place.device, typed)


def _print(end: Mapping[str, Any], typed: CheckedCommand, as_json: bool) -> None:
    if as_json:
        print_json(end)
        return
    answer = dict(end["answer"]) if end["outcome"] == "confirmed" else {}
    lines = [*answer.pop("unread", ()), *report_lines(answer)]
    for line in lines:
        print_text(line)
    if not lines:
        print_outcome(typed.shown, end)


# --- many ------------------------------------------------------------------------------------------


def _open_screen(place: ConsolePlace, secrets: bool) -> None:
    """A terminal until the person leaves. prompt_toolkit is imported here, as it takes a third of a second."""
    from unclouded.app.console.history_file import HistoryFile
    from unclouded.app.console.opened import opened_console
    from unclouded.cli.signals import run_stoppable
    from unclouded.cli.terminal.screen import ConsoleScreen

    folder = place.config.data if place.config is not None else data_folder()

    async def run() -> None:
        screen = ConsoleScreen(HistoryFile(folder / "state" / "console_history"), secrets)
        async with opened_console(place.config, place.device, place.link, screen.runner) as console:
            await screen.run(console)

    run_stoppable(run())


def _run_script(
    place: ConsolePlace, log: PrintedLog, timeout_s: float, *, confirmed: bool, secrets: bool, as_json: bool
) -> int:
    from unclouded.app.console.opened import opened_console
    from unclouded.cli.terminal.script import lines_of, run_lines

    async def run() -> int:
        async with opened_console(place.config, place.device, place.link, log, ready_s=timeout_s) as console:
            lines = lines_of(sys.stdin)
            return await run_lines(console, lines, confirmed=confirmed, secrets=secrets, as_json=as_json)

    return asyncio.run(run())
