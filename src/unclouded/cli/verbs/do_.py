"""`do`: the actions of a device."""

from collections.abc import Iterator, Sequence

import click

from unclouded.app.action_files import Action, with_uploaded_files
from unclouded.app.hub_access import any_hub
from unclouded.app.hub_client import HubClient, device_path, wait_until_connected
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import outcome_code, print_json, print_outcome, print_text
from unclouded.cli.output.progress import ProgressPrinter
from unclouded.core.errors import LinkError

STOPPED = 130  # the exit code of Ctrl-C


@click.command("do")
@click.argument("device")
@click.argument("action", required=False)
@click.argument("args", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--yes", is_flag=True, help="Confirm an action that can do damage.")
@config_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    device: str,
    action: str | None,
    args: tuple[str, ...],
    yes: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """List the actions of DEVICE, or run one: `do meter reset_radio --yes`.

    An argument that is a file is read on this computer: `do pump update file=./pump-1.0.2.bin --yes`.
    """
    with any_hub(configuration(config, data), [device]) as hub:
        actions = hub.get(device_path(device))["actions"]
        if action is None:
            _list(actions, device, as_json)
            return
        known = next((one for one in actions if one["name"] == action), None)
        named = with_uploaded_files(hub, known, _named(args), yes)
        wait_until_connected(hub, device)
        body = {"action": action, "args": named, "confirmed": yes, "origin": "cli"}
        try:
            end = _follow(hub.lines(device_path(device, "do"), body), f"{device} {action}", as_json)
        except KeyboardInterrupt:
            print_text(_interrupted(hub, device, action), err=True)
            ctx.exit(STOPPED)
    ctx.exit(outcome_code(end))


def _named(args: tuple[str, ...]) -> dict[str, str]:
    for arg in args:
        if "=" not in arg:
            raise click.UsageError(f"Write {arg!r} as NAME=VALUE.")
    return dict(arg.split("=", 1) for arg in args)


def _follow(lines: Iterator[Action], what: str, as_json: bool) -> Action:
    """Print the progress and the outcome; returns the last line. Raises LinkError where the hub ends before it."""
    progress, end = ProgressPrinter(), None
    try:
        for line in lines:
            if as_json:
                print_json(line)
            elif "progress" in line:
                progress.step(line["progress"], line["of"], line["text"])
            end = line if "outcome" in line else end
    finally:
        progress.end()
    if end is None:
        raise LinkError(
            f"The hub ended before {what} was done, so its outcome is unknown. Start the hub and try again."
        )
    if not as_json:
        print_outcome(what, end)
    return end


def _interrupted(hub: HubClient, device: str, action: str) -> str:
    """What happens to an action after Ctrl-C."""
    if hub.own:
        return f"{action} ends here, as the hub ran in this command: {device} may have received a part. Run it again."
    return f"{action} continues in the hub; its outcome will be in the log on the page of {device}."


def _list(actions: Sequence[Action], device: str, as_json: bool) -> None:
    if not actions and not as_json:
        print_text(f"{device} has no actions.")
    for action in actions:
        if as_json:
            print_json(action)
            continue
        danger = f"  Danger: {action['danger']}" if action["danger"] else ""
        print_text(f"{action['name']:<20} {action['words']}{danger}")
        for name, text in action["args"].items():
            file = " (a file on this computer)" if name in action["files"] else ""
            print_text(f"  {f'{name}=':<18} {text}{file}")
