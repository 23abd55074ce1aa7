"""`record`: the bytes of a wire into a capture: one wire, two taps, or a bridge between two ends.

module ◄──► bridge ◄──► MCU        each side gets the other's bytes, unchanged and at once; nothing is added
              └──► capture, and with --watch the lines that `decode` prints

Lines are printed by a thread of its own: a terminal that is stopped with Ctrl-S must not stop the appliance.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from unclouded.app.decoding.live_reader import LiveEntry
from unclouded.app.protocols import NAMES
from unclouded.app.recording.recorder import LineRecorder, Urls, check_ends
from unclouded.cli.options import Span, json_option
from unclouded.cli.output.bytes.recording_text import PrintedLine, RecordingText, recording_json, recording_lines
from unclouded.cli.output.lines import log_to_stderr, print_json, print_text
from unclouded.cli.output.terminal.printer import BackgroundPrinter
from unclouded.cli.signals import until_stopped
from unclouded.core.family import Sender


@click.command("record")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--family", required=True, type=click.Choice(NAMES), help="Protocol family of the line.")
@click.option("--link", metavar="URL", help="One wire to record: serial:///dev/ttyUSB0?baud=9600")
@click.option("--module", "--controller", "controller", metavar="URL", help="Bridge: the wire to the module.")
@click.option("--mcu", "--device", "device", metavar="URL", help="Bridge: the wire to the MCU or device.")
@click.option("--listen-only", is_flag=True, help="Do not join the wires; each is a tap of one side.")
@click.option("--watch", is_flag=True, help="Print the decoded frames too, as `decode` does.")
@click.option(
    "--profile", metavar="NAME|FILE", help="Profile that names the values. [default: by the product on the line]"
)
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@json_option
def command(
    file: Path,
    family: str,
    link: str | None,
    controller: str | None,
    device: str | None,
    listen_only: bool,
    watch: bool,
    profile: str | None,
    span: float | None,
    as_json: bool,
) -> None:
    """Record a wire into FILE until Ctrl-C. Keys and passwords are blanked before they are written.

    With --module and --mcu, two ends are joined as if wired together: each gets the other's bytes unchanged.
    """
    urls, forward = _sides(link, controller, device, listen_only)
    log_to_stderr()
    recorder = asyncio.run(_record(family, file, urls, profile, forward, watch, span, as_json))
    if as_json:
        print_json(recording_json(recorder))
    else:
        for line in recording_lines(recorder):
            print_text(line)
    if not recorder.is_whole:
        raise click.exceptions.Exit(1)


async def _record(
    family: str,
    file: Path,
    urls: Urls,
    profile: str | None,
    forward: bool,
    watch: bool,
    span: float | None,
    as_json: bool,
) -> LineRecorder:
    ended = asyncio.Event()

    def show(entries: Sequence[LiveEntry]) -> None:
        if watch:
            printer.feed(list(text.lines(entries)))

    with BackgroundPrinter(PrintedLine.show, ended) as printer:
        recorder = LineRecorder(
            family, file, urls, profile, report=lambda text: printer.feed([PrintedLine(text, err=True)]), show=show
        )
        text = RecordingText(recorder.family, as_json=as_json)
        await recorder.run(lambda: until_stopped(span, ended), forward=forward)
    return recorder


def _sides(link: str | None, controller: str | None, device: str | None, listen_only: bool) -> tuple[Urls, bool]:
    """The wires, and whether they are joined. Raises UsageError and CommandError."""
    urls: dict[Sender, str] = {}
    if controller:
        urls["controller"] = controller
    if device:
        urls["device"] = device
    if link:
        if urls:
            raise click.UsageError("Give either --link, or --module and --mcu.")
        return {"device": link}, False
    if not urls or (len(urls) == 1 and not listen_only):
        raise click.UsageError("Name what to record: --link URL, or both --module URL and --mcu URL.")
    check_ends(list(urls.values()))
    return urls, not listen_only
