"""`fleet history`: the history of a device, as the fleet has it."""

import time
from collections.abc import Iterator

import click

from unclouded.app.computer_zone import named_zone
from unclouded.app.stored.history import StoredRow
from unclouded.cli.fleet.access import ALL, find_home, fleet_option, with_base
from unclouded.cli.options import Whole, json_option, time_option
from unclouded.cli.output.energy.history_text import print_csv, row_json, row_text
from unclouded.cli.output.lines import print_json, print_text
from unclouded.fleet.base.bases import FleetBases
from unclouded.web.schemas import History, Series

USUAL_S = 86_400.0
MOST = 100_000  # rows of one series
MOST_POINTS = 100


@click.command("history")
@click.argument("hub")
@click.argument("device")
@click.argument("points", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, 2026-11-20T08:00, or 2h (ago). [default: 1d]")
@click.option("--to", "end", metavar="TIME", help="End; readings at this time are not included.")
@click.option("--rows", type=Whole(1, MOST), default=MOST, show_default=True, help="At most, of each point.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a header.")
@fleet_option
@json_option
def command(
    hub: str,
    device: str,
    points: tuple[str, ...],
    start: str | None,
    end: str | None,
    rows: int,
    as_csv: bool,
    folder: str | None,
    as_json: bool,
) -> None:
    """Print what the fleet has of DEVICE (of all POINTS, or of those named) in the home of HUB, oldest first.

    The output is that of `unclouded history`: of the finest level that the home lets out and that has no more than
    --rows rows; readings, or the minimum, mean and maximum of each minute or quarter of an hour. Times without a zone
    are those of the home.
    """

    async def history(base: FleetBases) -> History:
        home = (await find_home(base, hub)).hub
        catalogue = await base.homes.catalogue(ALL, home)
        zone = named_zone(catalogue.zone)
        known = [series.point for one in catalogue.devices if one.id == device for series in one.series]
        chosen = points or tuple(dict.fromkeys(known))[:MOST_POINTS]
        until = time_option(end, zone) or time.time()
        since = time_option(start, zone) or until - USUAL_S
        return await base.history.history(ALL, home, device, chosen, since, until, rows)

    found = sorted_rows(with_base(folder, history))
    if as_csv:
        print_csv(found)
        return
    for row in found:
        if as_json:
            print_json(row_json(row))
        else:
            print_text(row_text(row))


def sorted_rows(history: History) -> list[StoredRow]:
    """The rows of all series by time."""
    rows = [row for one in history.series for row in _rows(one)]
    return sorted(rows, key=lambda row: row.at)


def _rows(series: Series) -> Iterator[StoredRow]:
    """Those with a value; where numbers are condensed, their least, mean and greatest."""
    marks = {mark.index: mark for mark in series.marks}
    for number, (at, value) in enumerate(zip(series.at, series.value, strict=True)):
        mark = marks.get(number)
        quality, flags = ("good", ()) if mark is None else (mark.quality, mark.flags)
        mean = series.mean[number] if series.mean else None
        if mean is not None and series.min and series.max:
            numbers = (series.min[number], mean, series.max[number])
            yield StoredRow(at, series.device, series.point, None, quality, flags, *numbers)
        elif value is not None:
            yield StoredRow(at, series.device, series.point, value, quality, flags)
