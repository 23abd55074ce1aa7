"""`export`: stored data as a file for other programs."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast, get_args

import click
import msgspec

from unclouded.app.exporting.export import ExportJob, OnProgress, export_file
from unclouded.app.exporting.service import PERIODS
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option, time_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.output.terminal.progress import ProgressPrinter
from unclouded.cli.signals import ended_by_signal
from unclouded.core.errors import CommandError
from unclouded.core.views.export import ExportContent, ExportFormat, ExportRequest

STDOUT = "-"
THOUSANDTHS = 1000  # steps of the progress
BINARY = ("parquet", "sqlite")


class Step(Span):
    """A time span, or raw."""

    name = "step"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        return 0.0 if value == "raw" else super().convert(value, param, ctx)


@click.command("export")
@click.option("--device", "devices", metavar="DEVICE", multiple=True, help="Only this one; may be given several times.")
@click.option("--point", "points", metavar="POINT", multiple=True, help="Only this one; may be given several times.")
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, 2026-11-20T08:00, or 2h (ago).")
@click.option("--to", "end", metavar="TIME", help="End; what is at this time is not included.")
@click.option("--step", type=Step(), default="raw", help="One row per point and step: 1m, 15m, 1h, 1d. [default: raw]")
@click.option("--energy", "by", type=click.Choice(PERIODS), help="What each counter rose by in each local period.")
@click.option("--events", is_flag=True, help="States, commands, warnings.")
@click.option("--readings", is_flag=True, help="The readings, beside energy and events (SQLite).")
@click.option("--format", "format_", type=click.Choice(get_args(ExportFormat)), required=True)
@click.option("--output", metavar="FILE", required=True, help="The file to write, or - for stdout.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@config_options
@json_option
def command(
    devices: tuple[str, ...],
    points: tuple[str, ...],
    start: str | None,
    end: str | None,
    step: float,
    by: str | None,
    events: bool,
    readings: bool,
    format_: str,
    output: str,
    force: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Write stored readings, energy or events to a file: CSV, JSON lines, Parquet or SQLite, while a hub runs or not.

    Without --energy and --events: the readings. SQLite takes several of them, as tables; the others one. Times have
    the offset of the configured time zone; decimals are exact. From another computer: GET /api/export.
    """
    chosen = configuration(config, data)
    content = [name for name, is_in in (("energy", by), ("events", events)) if is_in]
    if readings or not content:
        content.insert(0, "readings")
    request = ExportRequest(
        format=cast(ExportFormat, format_),  # cast: click has checked it
        content=cast(tuple[ExportContent, ...], tuple(content)),
        devices=devices,
        points=points,
        start=time_option(start, chosen.zone),
        end=time_option(end, chosen.zone),
        step=step or None,
        by=by or "day",
    )
    begun = time.monotonic()
    job = ExportJob(chosen.store, chosen.zone, request, time.time())
    with ended_by_signal(), _progress(as_json) as on_progress:
        if output == STDOUT:
            _to_stdout(job, request, on_progress)
            return
        export_file(job, Path(output), request, force, on_progress)
    size, seconds = Path(output).stat().st_size, time.monotonic() - begun
    if as_json:
        print_json({"export": {"file": output, "rows": job.rows, "bytes": size, **msgspec.to_builtins(request)}})
        return
    print_text(f"{output} has {job.rows:,} rows, {size:,} bytes; that took {seconds:.1f} s.")


def _to_stdout(job: ExportJob, request: ExportRequest, on_progress: OnProgress) -> None:
    if sys.stdout.isatty() and request.format in BINARY:
        raise CommandError(f"{request.format} is not text for a terminal. Name a file with --output, or use a pipe.")
    job.write(sys.stdout.buffer, Path.cwd(), on_progress)
    sys.stdout.buffer.flush()


@contextlib.contextmanager
def _progress(as_json: bool) -> Iterator[OnProgress]:
    """On a terminal a bar on stderr, elsewhere nothing."""
    if as_json or not sys.stderr.isatty():
        yield lambda done, rows: None
        return
    printer = ProgressPrinter(sys.stderr)
    try:
        yield lambda done, rows: printer.step(round(done * THOUSANDTHS), THOUSANDTHS, f"{rows:,} rows")
    finally:
        printer.end()
