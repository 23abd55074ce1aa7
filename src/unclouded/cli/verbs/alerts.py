"""`alerts`: what needs attention."""

from datetime import datetime

import click

from unclouded.app.access.hub_access import is_running, zone_of
from unclouded.app.access.hub_client import HubClient
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import LinkError
from unclouded.core.times import from_iso


@click.command("alerts")
@config_options
@json_option
def command(config: str | None, data: str | None, as_json: bool) -> None:
    """List what needs attention now, the worst first: alarms and faults that devices report, devices that do not
    answer, values beyond the limits of the configuration (alert_above, alert_below), low batteries.
    """
    chosen = configuration(config, data)
    if not is_running(chosen):
        raise LinkError("A running hub knows what needs attention. Start it first: unclouded run.")
    hub = HubClient(chosen.control)
    found, zone = hub.get("/api/alerts"), zone_of(hub, chosen)
    for alert in found:
        if as_json:
            print_json(alert)
        else:
            since = datetime.fromtimestamp(from_iso(alert["since"]), zone)
            print_text(f"{alert['kind']:<8} {since:%Y-%m-%d %H:%M}  {alert['text']}")
    if not found and not as_json:
        print_text("Nothing needs attention.")
