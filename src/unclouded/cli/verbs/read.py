"""`read`: the newest values of a device, as soon as there are any."""

import time
from datetime import tzinfo
from typing import Any

import click

from unclouded.app.access.hub_access import any_hub, zone_of
from unclouded.app.access.hub_client import newest_readings
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import plain_line, print_json, print_text
from unclouded.cli.output.value_text import age_text, since_text
from unclouded.core.model import Reading
from unclouded.core.text.printable import sentence
from unclouded.core.times import from_iso
from unclouded.core.views.json_lines import fact_of

ANSWERING = ("online", "asleep")  # an asleep device reports when something changes


@click.command("read")
@click.argument("device")
@click.argument("point", required=False)
@click.option("--timeout", type=Span(), default=10.0, show_default="10s", help="How long to wait for a value.")
@config_options
@json_option
def command(
    device: str, point: str | None, timeout: float, config: str | None, data: str | None, as_json: bool
) -> None:
    """Print the newest reading of each point of DEVICE, or of one POINT."""
    chosen = configuration(config, data)
    with any_hub(chosen, [device]) as hub:
        readings = newest_readings(hub, device, point, timeout)
        zone, state = zone_of(hub, chosen), hub.get("/api/devices", device=[device])
    now = time.time()
    for one in state:
        if one["state"] not in ANSWERING:
            print_text(state_note(one, max(from_iso(reading["at"]) for reading in readings), now, zone), err=True)
    for reading in readings:
        fact = fact_of(reading)
        if as_json:
            print_json(reading)
        elif isinstance(fact, Reading):
            click.echo(plain_line(fact, zone, now))


def state_note(device: dict[str, Any], newest: float, now: float, zone: tzinfo) -> str:  # Any: the API's JSON
    """``pump is offline since 13:41: no heartbeat answer. Its last values are 2 h old.``"""
    since = f" {since_text(from_iso(device['since']), now, zone)}" if device["since"] else ""
    because = f": {device['reason']}" if device["reason"] else ""
    state = sentence(f"{device['id']} is {device['state']}{since}{because}")
    return f"{state} Its last values are {age_text(max(now - newest, 1.0))} old."
