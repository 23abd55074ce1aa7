"""`read`: the newest values of a device, as soon as there are any."""

import click

from unclouded.app.hub_access import any_hub
from unclouded.app.hub_client import newest_readings
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import plain_line, print_json
from unclouded.core.json_lines import fact_of
from unclouded.core.model import Reading


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
        readings = newest_readings(hub, device, point, timeout)
    for reading in readings:
        fact = fact_of(reading)
        if as_json:
            print_json(reading)
        elif isinstance(fact, Reading):
            click.echo(plain_line(fact))
