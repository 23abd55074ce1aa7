"""`console`: one command on the serial console of an opened plug."""

from collections.abc import Mapping
from typing import Any

import click

from unclouded.app.config import Config
from unclouded.app.console.one_command import run_on_hub, run_on_link
from unclouded.app.console.target import device_on, is_link, link_of
from unclouded.app.console.typed_command import CheckedCommand, checked
from unclouded.app.hub_access import any_hub
from unclouded.cli.configuration import configuration, configuration_if_any
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import outcome_code, print_json, print_outcome, print_text
from unclouded.cli.output.report_text import report_lines
from unclouded.core.errors import CommandError
from unclouded.core.session import Logged

NO_COMMAND = (
    "Which command? For example: unclouded console {0} meross hw."
    " The device lists its commands with: unclouded console {0} '?'"
)


@click.command("console", context_settings={"ignore_unknown_options": True})
@click.argument("target", metavar="DEVICE|LINK")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.option("--yes", is_flag=True, help="Confirm a command that can do damage.")
@click.option("--secrets", is_flag=True, help="Show your own passwords and keys in the answer.")
@click.option("--log", "with_log", is_flag=True, help="Print what the board prints by itself too, on stderr (LINK).")
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
    """Run one command on the serial console of an opened Meross plug (115200 baud), and print its answer.

    DEVICE is a device of the hub; LINK is the port of a board that no hub holds: `console /dev/ttyUSB0 meross hw`.
    Never connect the board to mains and to a serial adapter at once.
    """
    if not words:
        raise CommandError(NO_COMMAND.format(target))
    typed = checked(" ".join(words), confirmed=yes, show_secrets=secrets)
    if typed.warning:
        print_text(f"Warning: {typed.warning}", err=True)
    end = _run(target, typed, timeout, with_log, config, data)
    _print(end, typed, as_json)
    ctx.exit(outcome_code(end))


def _run(
    target: str, typed: CheckedCommand, timeout_s: float, with_log: bool, config: str | None, data: str | None
) -> Mapping[str, Any]:  # Any: the API's JSON
    """On the hub that holds the target, else on the link itself."""
    if not is_link(target):
        return _run_on_hub(configuration(config, data), target, typed)
    settings = configuration_if_any(config, data)
    link = link_of(target)
    device = device_on(link, settings) if settings is not None else ""
    if settings is not None and device:
        return _run_on_hub(settings, device, typed)
    return run_on_link(link, typed, timeout_s, _print_log if with_log else _ignore)


def _run_on_hub(settings: Config, device: str, typed: CheckedCommand) -> Mapping[str, Any]:  # Any: the API's JSON
    with any_hub(settings, [device]) as hub:
        return run_on_hub(hub, device, typed)


def _print(end: Mapping[str, Any], typed: CheckedCommand, as_json: bool) -> None:
    if as_json:
        print_json(end)
        return
    answer = dict(end["answer"]) if end["outcome"] == "confirmed" else {}
    lines = [*answer.pop("unread", ()), *report_lines(answer)]
    for line in lines:
        print_text(line)
    if not lines:
        print_outcome(typed.line, end)


def _print_log(line: Logged) -> None:
    print_text(line.text, err=True)


def _ignore(line: Logged) -> None:
    """Log lines are not asked for."""
