"""`do`: the actions of a device."""

import click

from unclouded.cli.client import any_hub, configuration, device_path, online
from unclouded.cli.output import config_options, json_option, outcome_code, print_json, say_outcome


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
    """List the actions of DEVICE, or run one: `do meter reset_radio --yes`."""
    with any_hub(configuration(config, data), [device]) as hub:
        online(hub, device)
        if action is None:
            _list(hub.get("/api/devices", device=device)[0]["actions"], device, as_json)
            return
        body = {"action": action, "args": _named(args), "confirmed": yes, "origin": "cli"}
        for line in hub.lines(device_path(device, "do"), body):
            if as_json:
                print_json(line)
            elif "progress" in line:
                click.echo(f"{line['progress']} of {line['of'] or '?'} {line['text']}")
            else:
                say_outcome(f"{device} {action}", line)
    ctx.exit(outcome_code(line))


def _named(args: tuple[str, ...]) -> dict[str, str]:
    for arg in args:
        if "=" not in arg:
            raise click.UsageError(f"Write {arg!r} as NAME=VALUE.")
    return dict(arg.split("=", 1) for arg in args)


def _list(actions: list[dict[str, str]], device: str, as_json: bool) -> None:
    if not actions and not as_json:
        click.echo(f"{device} has no actions.")
    for action in actions:
        if as_json:
            print_json(action)
        else:
            danger = f"  Danger: {action['danger']}" if action["danger"] else ""
            click.echo(f"{action['name']:<20} {action['words']}{danger}")
