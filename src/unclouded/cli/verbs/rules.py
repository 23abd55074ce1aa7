"""`rules`: the schedules and rules of the hub."""

import math

import click
import msgspec

from unclouded.app.access.hub_access import zone_of
from unclouded.app.access.hub_client import HubClient
from unclouded.app.rules.access import PATH, all_rules, hub_of_rules, one_rule, test_of
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.hub.rule_text import rule_details, rule_lines, test_line
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.model import Value


@click.group("rules")
def command() -> None:
    """Schedules and rules of the hub: what it switches by itself, and why. docs/rules.md shows how they are written."""


@command.command("list")
@config_options
@json_option
def list_rules(config: str | None, data: str | None, as_json: bool) -> None:
    """List the rules with their states and when they act next, the timers and the values that rules compare."""
    loaded = configuration(config, data)
    view, is_live = all_rules(loaded)
    if as_json:
        for one in (*view.rules, *view.timers, *view.values):
            print_json(one)
        return
    zone = zone_of(HubClient(loaded.control), loaded) if is_live else loaded.zone
    for line in rule_lines(view, zone, is_live):
        print_text(line)
    if not view.rules:
        print_text("There are no rules. docs/rules.md shows how one is written.", err=True)
    elif not is_live:
        print_text("No hub runs with this configuration: nothing is carried out.", err=True)


@command.command("show")
@click.argument("rule")
@config_options
@json_option
def show(rule: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Show RULE: its state and why, its conditions with their values, when it acted last and acts next."""
    loaded = configuration(config, data)
    view, is_live = one_rule(loaded, rule)
    if as_json:
        print_json(view)
        return
    for line in rule_details(view, loaded.zone, is_live):
        print_text(line)


@command.command("test")
@click.argument("rule", required=False)
@click.option("--day", help="yesterday (if left out), today, or a date as 2026-11-20.")
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20 or 2026-11-20T08:00.")
@click.option("--to", "end", metavar="TIME", help="End.")
@config_options
@json_option
def test(
    rule: str | None,
    day: str | None,
    start: str | None,
    end: str | None,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print what RULE (all, if none is named) would have done, and why, by the stored history. Nothing is switched."""
    if day and (start or end):
        raise click.UsageError("Give --day, or --from and --to: not both.")
    loaded = configuration(config, data)
    view = test_of(loaded, rule or "", day or "", start or "", end or "")
    for one in view.lines:
        if as_json:
            print_json(one)
        else:
            print_text(test_line(one, loaded.zone))
    for problem in view.problems:
        print_text(problem, err=True)
    if view.left_off:
        print_text(f"{view.left_off} more lines are left out.", err=True)
    elif not view.lines and not as_json:
        print_text("Nothing would have been done.", err=True)


@command.command("on")
@click.argument("rule")
@config_options
@json_option
def switch_on(rule: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Switch RULE on again."""
    _post(config, data, "resume", {"rule": rule}, as_json)


@command.command("off")
@click.argument("rule")
@click.option("--for", "for_s", type=Span(), metavar="SPAN", help="Switch it on again after this time: 2h, 1d.")
@config_options
@json_option
def switch_off(rule: str, for_s: float | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Switch RULE off: it does nothing, also over restarts, until it is switched on again. What it keeps ends."""
    _post(config, data, "pause", {"rule": rule, **({} if for_s is None else {"for_s": for_s})}, as_json)


@command.command("run")
@click.argument("rule")
@config_options
@json_option
def run(rule: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Carry out RULE now, whatever its times and conditions."""
    _post(config, data, "run", {"rule": rule}, as_json)


@command.command("value", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("value")
@click.option("--valid", "valid_s", type=Span(), metavar="SPAN", help="How long it counts: 1h. [default: no end]")
@config_options
@json_option
def value(name: str, value: str, valid_s: float | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Give the hub a value that rules may compare, as in: price 0.08"""
    body = {"name": name, "value": _typed(value), "valid_s": valid_s or 0.0}
    view = hub_of_rules(configuration(config, data)).put(f"{PATH}/values", msgspec.json.encode(body))
    if as_json:
        print_json(next(one for one in view["values"] if one["name"] == name))
    else:
        print_text(f"{name} = {value}")


def _post(config: str | None, data: str | None, what: str, body: dict[str, object], as_json: bool) -> None:
    view = hub_of_rules(configuration(config, data)).post(f"{PATH}/{what}", body)
    if as_json:
        print_json(view)
    else:
        print_text(f"{view['name']}: {view['state']}{f' ({why})' if (why := view['why']) else ''}")


def _typed(text: str) -> Value:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise click.UsageError(f"{text[:40]!r} is not a value that rules can compare.")
    return number
