"""`fleet doctor`: what prevents a fleet from working, or puts it at risk."""

import click

from unclouded.cli.fleet.access import fleet_option
from unclouded.cli.options import json_option
from unclouded.cli.output.hub.finding_lines import print_findings
from unclouded.fleet.configuration import find_fleet
from unclouded.fleet.doctor.running import examine_fleet


@click.command("doctor")
@fleet_option
@json_option
@click.pass_context
def command(ctx: click.Context, folder: str | None, as_json: bool) -> None:
    """Check keys, certificates, NATS, the databases and the clock of a fleet, and say what to do. Nothing is changed.

    Exit code 1 where there is a problem.
    """
    ctx.exit(1 if print_findings(examine_fleet(find_fleet(folder)), as_json) else 0)
