"""`schedule`: the rules that a device keeps and carries out by itself."""

from collections.abc import Mapping
from typing import Any

import click
import msgspec

from unclouded.app.access.hub_access import any_hub
from unclouded.app.access.hub_client import device_path, wait_until_connected
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option, named_arguments
from unclouded.cli.output.hub.action_lines import follow_action
from unclouded.cli.output.lines import outcome_code, print_json, print_text
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.model import ScheduleRule
from unclouded.core.schedule import SCHEDULE, UNSCHEDULE, rule_text

ID_WIDTH, TEXT_WIDTH = 18, 44


@click.command("schedule")
@click.argument("device")
@click.argument("args", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--delete", "rule", metavar="RULE", help="Delete this rule.")
@config_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    device: str,
    args: tuple[str, ...],
    rule: str | None,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """List the rules that DEVICE keeps and carries out by itself; make, change or delete one.

    \b
    schedule kettle                                        list them
    schedule kettle at=07:30 turn=on days=mon-fri          a timer
    schedule kettle at=sunset-20m turn=on lasts=2h         by the sun, for two hours
    schedule kettle after=15m                              off, 15 minutes after it was switched on
    schedule kettle rule=k3v9w1… enabled=no                change one
    schedule kettle --delete k3v9w1…
    """
    if args and rule:
        raise click.UsageError("Delete a rule, or write one: not both.")
    with any_hub(configuration(config, data), [device]) as hub:
        wait_until_connected(hub, device)
        if not args and not rule:
            _list(hub.get(device_path(device)), device, as_json)
            return
        action, named = (UNSCHEDULE.name, {"rule": rule}) if rule else (SCHEDULE.name, named_arguments(args))
        body = {"action": action, "args": named, "confirmed": True, "origin": "cli"}
        end = follow_action(hub.lines(device_path(device, "do"), body), f"{device} {action}", as_json)
    ctx.exit(outcome_code(end))


def _list(found: Mapping[str, Any], device: str, as_json: bool) -> None:  # Any: the API's JSON
    if SCHEDULE.name not in {action["name"] for action in found["actions"]}:
        raise CommandError(f"{device} keeps no schedule.")
    rules = msgspec.convert(found["schedule"], tuple[ScheduleRule, ...] | None)
    if rules is None:
        raise LinkError(f"It is not known which rules {device} keeps. {_why_unknown(found)}")
    for rule in rules:
        if as_json:
            print_json(rule)
        else:
            notes = [*(() if rule.enabled else ("disabled",)), *((rule.name,) if rule.name else ())]
            print_text(f"{rule.id:<{ID_WIDTH}} {rule_text(rule):<{TEXT_WIDTH}} {', '.join(notes)}".rstrip())
    if not rules and not as_json:
        print_text(f"{device} keeps no rules. Make one: unclouded schedule {device} at=07:30 turn=on")


def _why_unknown(found: Mapping[str, Any]) -> str:  # Any: the API's JSON
    if found["reason"] or found["state"] != "online":
        return f"It is {found['state']}{': ' if found['reason'] else ''}{found['reason']}"
    return (
        "It is online, but has not listed them yet. Try again in a minute. Over HTTP a plug cuts a long list off: "
        "connect it to the broker, or delete rules with another program."
    )
