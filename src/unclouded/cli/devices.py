"""`devices`: what there is and how it fares."""

import time
from collections.abc import Iterable
from typing import Any

import click

from unclouded.cli.client import any_hub, configuration, known_states
from unclouded.cli.output import config_options, json_option, print_json
from unclouded.cli.value_text import age_words
from unclouded.core.errors import CommandError
from unclouded.core.times import from_iso


@click.command("devices")
@click.argument("devices", nargs=-1)
@config_options
@json_option
def command(devices: tuple[str, ...], config: str | None, data: str | None, as_json: bool) -> None:
    """List the devices and how they fare; named DEVICES with all that can be read, set and done."""
    with any_hub(configuration(config, data), devices) as hub:
        found = known_states(hub, devices)
        suspects = doubted(hub.get("/api/readings"))
    missing = set(devices) - {device["id"] for device in found}
    if missing:
        raise CommandError(f"There is no device {min(missing)!r}.")
    for device in found:
        if as_json:
            print_json(device)
        elif devices:
            _print_whole(device)
        else:
            click.echo(_headline(device))
        if device["id"] in suspects and not as_json:
            points = ", ".join(suspects[device["id"]])
            click.echo(f"    suspect: {points}; is {device['profile']} the right profile?")


def doubted(readings: Iterable[dict[str, Any]]) -> dict[str, list[str]]:  # Any: the API's JSON
    """By device the points whose newest reading physics does not allow."""
    points: dict[str, list[str]] = {}
    for reading in readings:
        if "scale" in reading["flags"]:
            points.setdefault(reading["device"], []).append(reading["point"])
    return points


def _headline(device: dict[str, Any]) -> str:  # Any: the API's JSON
    since = age_words(time.time() - from_iso(device["since"])) if device["since"] else ""
    reason = f": {device['reason']} (since {since})" if device["reason"] else ""
    return f"{device['id']:<12} {device['state']:<10} {device['family']} on {device['link']}{reason}"


def _print_whole(device: dict[str, Any]) -> None:  # Any: the API's JSON
    click.echo(_headline(device))
    for key in ("name", "profile", "identity", "parent"):
        if device[key]:
            click.echo(f"    {key}: {device[key]}")
    for key, value in device["info"].items():
        click.echo(f"    {key}: {value}")
    for point in device["points"]:
        settable = "can be set" if "w" in point["access"] else ""
        click.echo(f"    {point['key']:<22} {settable:<11} {point['label']}".rstrip())
    for action in device["actions"]:
        click.echo(f"    action {action['name']}: {action['words']}")
