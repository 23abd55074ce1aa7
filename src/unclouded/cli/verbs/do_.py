"""`do`: the actions of a device."""

from collections.abc import Sequence

import click

from unclouded.app.access.hub_access import any_hub
from unclouded.app.access.hub_client import HubClient, device_path, wait_until_connected
from unclouded.app.files.action_files import Action, with_uploaded_files
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option, named_arguments
from unclouded.cli.output.hub.action_lines import follow_action
from unclouded.cli.output.lines import outcome_code, print_json, print_text

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
        named = with_uploaded_files(hub, known, named_arguments(args), yes, lambda text: print_text(text, err=True))
        wait_until_connected(hub, device)
        body = {"action": action, "args": named, "confirmed": yes, "origin": "cli"}
        try:
            end = follow_action(hub.lines(device_path(device, "do"), body), f"{device} {action}", as_json)
        except KeyboardInterrupt:
            print_text(_interrupted(hub, device, action), err=True)
            ctx.exit(STOPPED)
    ctx.exit(outcome_code(end))


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
