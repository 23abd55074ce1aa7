"""`history`: what was measured, read from the store whether a hub runs or not."""

import csv
import re
import sys
import time
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import click

from unclouded.cli.client import configuration
from unclouded.cli.output import Span, config_options, json_option, print_json
from unclouded.core.errors import CommandError
from unclouded.core.times import iso, parse_time
from unclouded.store.condense import HistoryRow
from unclouded.store.reader import FOREVER, StoreReader

COLUMNS = ("at", "device", "point", "value", "min", "mean", "max", "quality", "flags")
AGO = re.compile(r"\d+(\.\d+)?[smhd]")


@click.command("history")
@click.argument("device")
@click.argument("points", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="2026-11-20, 2026-11-20T08:00, or 2h (ago).")
@click.option("--to", "end", metavar="TIME", help="Until before this time.")
@click.option("--step", type=Span(), help="One row for each point and step: 1m, 1h; numbers as min, mean, max.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values with a header.")
@config_options
@json_option
def command(
    device: str,
    points: tuple[str, ...],
    start: str | None,
    end: str | None,
    step: float | None,
    as_csv: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print the readings of DEVICE (all POINTS, or those named), oldest first.

    Times without a zone are in the time zone of the configuration.
    """
    checked = configuration(config, data)
    since, until = _time(start, checked.zone, 0.0), _time(end, checked.zone, FOREVER)
    with StoreReader(checked.store) as reader:
        rows = reader.history(device, points or None, since, until, step)
        if as_csv:
            _print_csv(rows)
        elif as_json:
            for row in rows:
                print_json(as_line(row))
        else:
            for row in rows:
                click.echo(_words(row))


def as_line(row: HistoryRow) -> dict[str, object]:
    """A row as `history --json` prints it: ``value``, or ``min mean max`` where rows were condensed."""
    line: dict[str, object] = {"at": iso(row.at), "device": row.device, "point": row.point}
    if row.mean is None:
        line["value"] = row.value
    else:
        line |= {"min": row.min, "mean": row.mean, "max": row.max}
    return line | {"quality": row.quality, "flags": list(row.flags)}


def _print_csv(rows: Iterable[HistoryRow]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        flags = " ".join(row.flags)
        writer.writerow((iso(row.at), row.device, row.point, row.value, row.min, row.mean, row.max, row.quality, flags))


def _words(row: HistoryRow) -> str:
    value = f"{row.value}" if row.mean is None else f"{row.min:g} … {row.mean:.3f} … {row.max:g}"
    marks = "" if row.quality == "good" and not row.flags else f"  {row.quality} {' '.join(row.flags)}"
    return f"{iso(row.at)}  {row.point:<22} {value}{marks}".rstrip()


def _time(text: str | None, zone: ZoneInfo, default: float) -> float:
    if text is None:
        return default
    if AGO.fullmatch(text):
        return time.time() - Span().convert(text, None, None)
    try:
        return parse_time(text, zone)
    except ValueError:
        raise CommandError(
            f"{text!r} is no time. Write 2026-11-20, 2026-11-20T08:00 or 2h for two hours ago."
        ) from None
