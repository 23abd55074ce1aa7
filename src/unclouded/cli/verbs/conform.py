"""`conform`: test the other end of a line against its protocol."""

import asyncio
from pathlib import Path

import click

from unclouded.app.conformance.check_lists import NAMES, check_fields, listed
from unclouded.app.conformance.html_report import html_text
from unclouded.app.conformance.kept_captures import keep
from unclouded.app.conformance.recording import conform_recording, is_recording
from unclouded.app.conformance.reports import json_text, junit_text, report_fields
from unclouded.app.conformance.running import RunOptions, RunReport, conform, plug_key
from unclouded.cli.options import Span, json_option
from unclouded.cli.output.hub.conformance_lines import ConformancePrinter
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.output.text_files import make_folder, write_text
from unclouded.cli.signals import until_stopped
from unclouded.core.family import Sender

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("conform")
@click.argument("family", type=click.Choice(NAMES))
@click.option("--as", "role", type=click.Choice(["controller", "device"]), help="The end that Unclouded plays.")
@click.option("--link", metavar="URL", help="The wire to the end under test: serial:///dev/ttyUSB0?baud=9600")
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check, or 'mcu.product.*'; may be repeated.")
@click.option("--list", "is_list", is_flag=True, help="List the checks.")
@click.option("--yes", is_flag=True, help="Run dangerous checks too: they switch, reset and update the device.")
@click.option("--assist", is_flag=True, help="A person is there to do what some checks need.")
@click.option("--firmware", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Update for the device.")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="meross: file whose first line is the key of the plug. [default: that of simulated plugs]",
)
@click.option(
    "--wait", "silence_s", type=Span(), help="How long the other end may be silent at first. [default: by role]"
)
@click.option("--junit", type=FILE, help="Write JUnit XML to FILE.")
@click.option("--html", type=FILE, help="Write the report for people to FILE.")
@click.option("--report", "json_file", type=FILE, help="Write the whole report with frames to FILE, as JSON.")
@click.option(
    "--keep",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the frames of what is found in DIR.",
)
@json_option
def command(
    family: str,
    role: Sender | None,
    link: str | None,
    only: tuple[str, ...],
    is_list: bool,
    yes: bool,
    assist: bool,
    firmware: Path | None,
    key_file: Path | None,
    silence_s: float | None,
    junit: Path | None,
    html: Path | None,
    json_file: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Test the other end of a line: whether it keeps the protocol of FAMILY. We play the end that --as names.

    --link replay:FILE judges a recording, or what `dump` wrote, as far as that can be done by looking.

    Exit codes: 0 nothing failed, 1 a check failed or nothing answered, 2 the command is invalid.
    """
    if is_list:
        _list(family, role, as_json)
        return
    if role is None or link is None:
        raise click.UsageError("Name the end to play and the wire: --as controller --link serial:///dev/ttyUSB0")
    files = {path: text for path, text in ((junit, junit_text), (html, html_text), (json_file, json_text)) if path}
    for path in files:
        make_folder(path.parent)  # a mistake is named before the run
    options = RunOptions(
        only=only,
        yes=yes,
        assist=assist,
        firmware=firmware.read_bytes() if firmware is not None else b"",
        silence_s=silence_s,
        key=plug_key(key_file),
    )
    printer = ConformancePrinter(family, as_json)
    if is_recording(link):
        report = conform_recording(family, role, link, options, printer)
    else:
        report = asyncio.run(conform(family, role, link, options, printer, lambda ended: until_stopped(None, ended)))
    for path, text in files.items():
        write_text(path, text(report))
    kept = keep(report, folder) if folder is not None else []
    _print_end(report, kept, as_json)
    if not report.passed:
        raise click.exceptions.Exit(1)


def _print_end(report: RunReport, kept: list[Path], as_json: bool) -> None:
    if as_json:
        print_json({"report": {**report_fields(report, with_checks=False), "kept": [str(path) for path in kept]}})
        return
    if report.silence:
        print_text(report.silence)
    else:
        counts = ", ".join(f"{number} {kind}" for kind, number in report.counts().items() if number)
        print_text(f"{counts or 'no checks'}{'; it was stopped' if report.stopped else ''}.")
    if kept:
        checks = "1 check" if len(kept) == 1 else f"{len(kept)} checks"
        print_text(f"Frames of {checks} are in {kept[0].parent}.")


def _list(family: str, role: Sender | None, as_json: bool) -> None:
    for suite, name, _, check in listed(family, role):
        if as_json:
            print_json(check_fields(suite, name, check))
        else:
            marks = f"{' (--yes)' if check.danger else ''}{' (--assist)' if check.person else ''}"
            print_text(f"{check.id:<38} {check.grade:<9} {check.title}{marks} {check.clause}")
