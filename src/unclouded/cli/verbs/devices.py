"""`devices`: the devices and their states."""

import re
import time
from typing import Any

import click

from unclouded.app.access.hub_access import any_hub
from unclouded.app.access.hub_client import implausible_points, known_states
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import NO_DEVICES, print_json, print_text
from unclouded.cli.output.terminal.text_width import columns, padded
from unclouded.cli.output.value_text import age_text
from unclouded.core.confidence import sources_text
from unclouded.core.errors import CommandError
from unclouded.core.text.printable import printable
from unclouded.core.times import from_iso


@click.command("devices")
@click.argument("devices", nargs=-1)
@config_options
@json_option
def command(devices: tuple[str, ...], config: str | None, data: str | None, as_json: bool) -> None:
    """List the devices, their states and their rooms; named DEVICES with their points and actions."""
    with any_hub(configuration(config, data), devices) as hub:
        found = known_states(hub, devices)
        implausible = implausible_points(hub.get("/api/readings"))
    missing = set(devices) - {device["id"] for device in found}
    if missing:
        raise CommandError(f"There is no device {min(missing)!r}.")
    if not found and not as_json:
        print_text(NO_DEVICES, err=True)
    room = max((columns(printable(device["room"])) for device in found), default=0)
    for device in found:
        if as_json:
            print_json(device)
        elif devices:
            _print_whole(device)
        else:
            print_text(_headline(device, room))
            if "disagree" in _sources(device):
                print_text(f"    {_sources(device)}")
        if device["id"] in implausible and not as_json:
            points = ", ".join(implausible[device["id"]])
            print_text(f"    suspect: {points}; is {device['profile']} the right profile?")


def _headline(device: dict[str, Any], room: int = 0) -> str:  # Any: the API's JSON
    """``room``: the width of the column for it; 0 = there is none."""
    since = age_text(time.time() - from_iso(device["since"])) if device["since"] else ""
    reason = f": {device['reason']} (since {since})" if device["reason"] else ""
    place = f"{padded(printable(device['room']), room)} " if room else ""
    return f"{device['id']:<12} {device['state']:<10} {place}{device['family']} on {device['link']}{reason}"


def _sources(device: dict[str, Any]) -> str:  # Any: the API's JSON
    return sources_text((point["key"], point["kind"], point.get("confidence", "")) for point in device["points"])


def _print_whole(device: dict[str, Any]) -> None:  # Any: the API's JSON
    print_text(_headline(device))
    for key in ("name", "room", "profile", "identity", "parent"):
        if device[key]:
            print_text(f"    {key}: {device[key]}")
    if sources := _sources(device):
        print_text(f"    sources: {sources}")
    for key, value in device["info"].items():  # of itself, which may differ from what it is called here
        if value != device.get(key):
            print_text(f"    {f'reported {key}' if key in device else key}: {value}")
    for point in device["points"]:
        settable = "can be set" if "w" in point["access"] else ""
        print_text(f"    {point['key']:<22} {settable:<11} {point['label']}".rstrip())
    for action in device["actions"]:
        print_text(f"    action {action['name']}: {action['words']}")
    if any(_is_unsure(point) for point in device["points"]):
        print_text(f"    not all of its points are known; report the product: unclouded dump {device['id']} --profile")


def _is_unsure(point: dict[str, Any]) -> bool:  # Any: the API's JSON
    """Whether no source says what a point is: it has its number for a name, or that of similar products."""
    return point.get("confidence", "") in ("matched", "guessed") or re.fullmatch(r"dp_\d+", point["key"]) is not None
