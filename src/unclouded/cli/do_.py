"""`do`: the actions of a device."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from unclouded.cli.client import HubClient, any_hub, configuration, device_path, online
from unclouded.cli.output import config_options, json_option, outcome_code, print_json, say_outcome
from unclouded.cli.progress import ProgressPrinter
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.model import LARGEST_UPDATE

STOPPED = 130  # the exit code of Ctrl-C


@click.command("do")
@click.argument("device")
@click.argument("action", required=False)
@click.argument("args", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--yes", is_flag=True, help="Yes, really: for actions that destroy something.")
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

    An argument that is a file is read from here: `do pump update file=./pump-1.0.2.bin --yes`.
    """
    with any_hub(configuration(config, data), [device]) as hub:
        actions = hub.get(device_path(device))["actions"]
        if action is None:
            _list(actions, device, as_json)
            return
        known = next((one for one in actions if one["name"] == action), None)
        named = _with_files(hub, known, _named(args), yes)
        online(hub, device)
        body = {"action": action, "args": named, "confirmed": yes, "origin": "cli"}
        try:
            end = _follow(hub.lines(device_path(device, "do"), body), f"{device} {action}", as_json)
        except KeyboardInterrupt:
            click.echo(_farewell(hub, device, action), err=True)
            ctx.exit(STOPPED)
    ctx.exit(outcome_code(end))


def _named(args: tuple[str, ...]) -> dict[str, str]:
    for arg in args:
        if "=" not in arg:
            raise click.UsageError(f"Write {arg!r} as NAME=VALUE.")
    return dict(arg.split("=", 1) for arg in args)


# --- files ----------------------------------------------------------------------------------------

Action = Mapping[str, Any]  # Any: the API's JSON


def _with_files(hub: HubClient, action: Action | None, args: Mapping[str, str], yes: bool) -> dict[str, str]:
    """The arguments, with each file that they name sent to the hub: it stays under the name that is there then.

    Of a wish that the hub will refuse nothing is sent.
    """
    if action is None or (action["danger"] and not yes) or any(name not in action["args"] for name in args):
        return dict(args)
    files = {name: _read(args[name]) for name in action["files"] if name in args}
    return {**args, **{name: _keep(hub, args[name], data) for name, data in files.items()}}


def _read(place: str) -> bytes:
    """Raises CommandError."""
    try:
        with Path(place).expanduser().open("rb") as file:
            data = file.read(LARGEST_UPDATE + 1)
    except OSError as error:
        raise CommandError(f"The file {place} cannot be read: {error.strerror}.") from None
    except RuntimeError:  # ~somebody
        raise CommandError(f"The file {place} cannot be read: nobody here has that home.") from None
    if len(data) > LARGEST_UPDATE:
        raise CommandError(f"The file {place} is too long: {LARGEST_UPDATE} bytes are the most.")
    return data


def _keep(hub: HubClient, place: str, data: bytes) -> str:
    """Under which name the hub keeps it; another file of that name stays as it is."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(place).name)[-100:].lstrip(".") or "file"
    kept = hub.put(f"/api/updates/{quote(name)}", data, beside="true")
    return str(kept["name"])


# --- what comes of it -----------------------------------------------------------------------------


def _follow(lines: Iterator[Action], what: str, as_json: bool) -> Action:
    """Tell how far it is and what came of it; the last line."""
    teller, end = ProgressPrinter(), None
    try:
        for line in lines:
            if as_json:
                print_json(line)
            elif "progress" in line:
                teller.tell(line["progress"], line["of"], line["text"])
            end = line if "outcome" in line else end
    finally:
        teller.end()
    if end is None:
        raise LinkError(
            f"The hub ended before {what} was done, so nobody knows what came of it. Start it and try again."
        )
    if not as_json:
        say_outcome(what, end)
    return end


def _farewell(hub: HubClient, device: str, action: str) -> str:
    """What becomes of an action that nobody waits for any more."""
    if hub.own:
        return f"{action} ends here, as the hub ran in this command: {device} may have got a part of it. Run it again."
    return f"{action} goes on in the hub, which {device} hangs on; what came of it will stand in the log on the page."


def _list(actions: list[Action], device: str, as_json: bool) -> None:
    if not actions and not as_json:
        click.echo(f"{device} has no actions.")
    for action in actions:
        if as_json:
            print_json(action)
            continue
        danger = f"  Danger: {action['danger']}" if action["danger"] else ""
        click.echo(f"{action['name']:<20} {action['words']}{danger}")
        for name, words in action["args"].items():
            file = " (a file on this computer)" if name in action["files"] else ""
            click.echo(f"  {f'{name}=':<18} {words}{file}")
