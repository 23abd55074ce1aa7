"""`bill`: the bill of a billing period."""

import click

from unclouded.app.costs.access import bill_of
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.energy.cost_text import bill_lines
from unclouded.cli.output.lines import print_json, print_text


@click.command("bill")
@click.option(
    "--period",
    metavar="PERIOD",
    help="2026-10: the billing period that begins in this month; 2026-10-05: that of this day; 2026; "
    "2026-10-01..2026-10-14. [default: the last one that is over]",
)
@click.option("--tariff", metavar="NAME", help="In this tariff. [default: the one of [costs]]")
@config_options
@json_option
def command(period: str | None, tariff: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Print a bill from what was measured. Its lines are rounded once each, and add up to the total."""
    loaded = configuration(config, data)
    bill = bill_of(loaded, period or "", tariff or "")
    if as_json:
        print_json(bill)
        return
    for line in bill_lines(bill, loaded.zone):
        print_text(line)
