"""`costs`: what devices, rooms and the whole home cost."""

from typing import get_args

import click

from unclouded.app.costs.access import costs_of
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option, time_option
from unclouded.cli.output.energy.cost_text import cost_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.times import iso
from unclouded.core.views.costs import CostPeriod, CostsView


@click.command("costs")
@click.argument("device", required=False)
@click.option("--by", type=click.Choice(get_args(CostPeriod)), help="A line for each of these periods.")
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, 2026-11-20T08:00, or 2h (ago).")
@click.option("--to", "end", metavar="TIME", help="End; this time is not included.")
@click.option("--rooms", is_flag=True, help="Rooms instead of devices.")
@click.option("--tariff", metavar="NAME", help="In this tariff. [default: the one of [costs]]")
@config_options
@json_option
def command(
    device: str | None,
    by: CostPeriod | None,
    start: str | None,
    end: str | None,
    rooms: bool,
    tariff: str | None,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print what each device has cost with taxes, in the last 31 days unless --from and --to say otherwise.

    With DEVICE or --by there is a line for each period, of the device or of the whole home.
    """
    loaded = configuration(config, data)
    times = time_option(start, loaded.zone), time_option(end, loaded.zone)
    view = costs_of(loaded, tariff or "", by or "day", *times, device or "", rooms)
    if as_json:
        _print_rows(view)
        return
    for line in cost_lines(view, loaded.zone, by_period=by is not None or device is not None):
        print_text(line)


def _print_rows(view: CostsView) -> None:
    """One object for each row and period."""
    for row in view.rows:
        for place, cost in enumerate(row.cost):
            print_json(
                {
                    "start": iso(view.at[place]),
                    "end": iso(view.at[place + 1]),
                    "kind": row.kind,
                    "id": row.id,
                    "inside": row.inside,
                    "cost": cost,
                    "currency": view.currency,
                    "kWh": row.kWh[place],
                    "kg": row.kg[place] if row.kg else None,
                    "estimated": bool(row.estimated and row.estimated[place]),
                }
            )
