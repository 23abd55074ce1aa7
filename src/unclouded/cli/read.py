"""`read`: the newest values of a device, as soon as there are any."""

import time
from typing import Any  # the API's JSON

import click

from unclouded.cli.client import HubClient, any_hub, configuration
from unclouded.cli.output import Span, config_options, json_option, print_json
from unclouded.cli.table import plain_line
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.json_lines import fact_of
from unclouded.core.model import Reading

PAUSE = 0.1  # s between two looks at the board
SETTLED = 0.3  # s without another point after which a device has told all


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
    with any_hub(configuration(config, data), [device]) as hub:
        readings = _wait_for(hub, device, point, timeout)
    for reading in readings:
        fact = fact_of(reading)
        if as_json:
            print_json(reading)
        elif isinstance(fact, Reading):
            click.echo(plain_line(fact))


def _wait_for(hub: HubClient, device: str, point: str | None, timeout: float) -> list[Any]:
    """The readings once there are some and no more of them come at once. Raises LinkError when none comes."""
    give_up = time.monotonic() + timeout
    seen = -1
    while True:
        readings = [one for one in hub.get("/api/readings", device=device) if point in (None, one["point"])]
        if readings and len(readings) == seen:
            return readings
        if time.monotonic() > give_up:
            raise LinkError(_why_nothing(hub, device, point))
        seen = len(readings)
        time.sleep(SETTLED if readings else PAUSE)


def _why_nothing(hub: HubClient, device: str, point: str | None) -> str:
    found = hub.get("/api/devices", device=device)
    if not found:
        known = ", ".join(one["id"] for one in hub.get("/api/devices"))
        raise CommandError(f"There is no device {device!r}. There are: {known}.")
    keys = [one["key"] for one in found[0]["points"]]
    if point is not None and point not in keys:
        raise CommandError(f"{device} has no point {point!r}. It has: {', '.join(keys)}.")
    reason = f": {found[0]['reason']}" if found[0]["reason"] else ""
    return f"{device} has said nothing yet; it is {found[0]['state']}{reason}"
