"""`history`: stored readings, whether a hub runs or not."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import click
import msgspec

from unclouded.app.stored.consumption import stored_anomalies, stored_load
from unclouded.app.stored.history import deleted_readings, stored_energy, stored_history
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option, time_option
from unclouded.cli.output.energy.consumption_text import anomaly_lines, load_lines
from unclouded.cli.output.energy.history_text import PERIODS, print_csv, print_energy, row_json, row_text
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.repairing.check_command import check
from unclouded.cli.repairing.default_group import DefaultGroup
from unclouded.cli.repairing.edit_commands import edit, edits, restore, void
from unclouded.core.errors import CommandError
from unclouded.core.times import iso

MOST_NAMES = 6  # of points in a note


@click.group("history", cls=DefaultGroup)
def command() -> None:
    """Print stored readings, and repair them: mark ranges as wrong, correct or estimate them, find what is suspicious;
    print the base load, and anomalies.

    `unclouded history DEVICE` prints the readings of DEVICE, as `unclouded history show DEVICE` does, which also
    reaches a device that is called as one of these commands.
    """


for _one in (void, edit, restore, edits, check):
    command.add_command(_one)


@command.command("show")
@click.argument("device")
@click.argument("points", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, 2026-11-20T08:00, or 2h (ago).")
@click.option("--to", "end", metavar="TIME", help="End; readings at this time are not included.")
@click.option(
    "--step", type=Span(), help="Condense to one row per point and step (1m, 1h): min, mean and max of numbers."
)
@click.option(
    "--energy",
    "by",
    type=click.Choice(tuple(PERIODS)),
    help="Print what each counter rose by in each local hour, day, week or month.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a header.")
@config_options
@json_option
def show(
    device: str,
    points: tuple[str, ...],
    start: str | None,
    end: str | None,
    step: float | None,
    by: Literal["hour", "day", "week", "month"] | None,
    as_csv: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print the stored readings of DEVICE (of all POINTS, or of those named), oldest first.

    Times without a zone are in the time zone of the configuration; hours, days, weeks and months are its own.
    """
    chosen = configuration(config, data)
    since, until = time_option(start, chosen.zone), time_option(end, chosen.zone)
    if by is not None:
        if step is not None:
            raise CommandError("--energy has its own periods: leave out --step.")
        print_energy(
            stored_energy(chosen, device, by, points, since, until, time.time()), by, chosen.zone, as_csv, as_json
        )
        return
    if step is None:
        _note_deleted(deleted_readings(chosen, device, points), since or 0.0, chosen.zone)
    with stored_history(chosen, device, points, since, until, step) as rows:
        if as_csv:
            print_csv(rows)
        elif as_json:
            for row in rows:
                print_json(row_json(row))
        else:
            for row in rows:
                print_text(row_text(row))


@command.command("load")
@click.argument("devices", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, or 90d (ago). [default: 31 days ago]")
@click.option("--to", "end", metavar="TIME", help="End. [default: now]")
@config_options
@json_option
def load(
    devices: tuple[str, ...],
    start: str | None,
    end: str | None,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print for how much of the time the power of the home, or of DEVICES, reached each level, and the base load.

    The base load is the mean of the lowest tenth of the powers between 0 and 6 h. At most a year at once.
    """
    chosen = configuration(config, data)
    times = time_option(start, chosen.zone), time_option(end, chosen.zone)
    found = stored_load(chosen, devices, *times, time.time())
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for line in load_lines(found, chosen.zone):
        print_text(line)


@command.command("anomalies")
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, or 90d (ago). [default: 31 days ago]")
@click.option("--to", "end", metavar="TIME", help="End. [default: now]")
@config_options
@json_option
def anomalies(start: str | None, end: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """List days and nights unlike those around them, rises of the base load and suspect readings, the newest first.

    Whole days that are over are compared; at most a year at once.
    """
    chosen = configuration(config, data)
    times = time_option(start, chosen.zone), time_option(end, chosen.zone)
    found = stored_anomalies(chosen, *times, time.time())
    if as_json:
        for one in found.items:
            print_json({**msgspec.to_builtins(one), "start": iso(one.start), "end": iso(one.end)})
        return
    for line in anomaly_lines(found, chosen.zone):
        print_text(line)


def _note_deleted(deleted: Mapping[int, list[str]], since: float, zone: ZoneInfo) -> None:
    """Say on stderr what is not among the readings any more."""
    for until in sorted(deleted):
        if until > since:
            names = ", ".join(deleted[until][:MOST_NAMES]) + (" …" if len(deleted[until]) > MOST_NAMES else "")
            when = f"{datetime.fromtimestamp(until, zone):%Y-%m-%d %H:%M %Z}"
            print_text(
                f"Readings before {when} were deleted by a rule of retention ({names}); a few that sums need are left. "
                "With --step 1m, 15m or 1h there is what is kept of them.",
                err=True,
            )
