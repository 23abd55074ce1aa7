"""`record`: what goes over a wire, into a capture: one wire listened to, two, or a bridge between two ends.

module ◄──► bridge ◄──► MCU        nothing of ours is said; each side gets the other's bytes, unchanged, at once
              └──► capture, and with --watch the same lines as `decode` prints
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from unclouded import families
from unclouded.cli.decode import profile_named
from unclouded.cli.output import Span, json_option, log_to_stderr, print_json
from unclouded.cli.recording import DecodedLines, RecordObserver, Urls
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.links import check_url
from unclouded.links.url import parse

SWITCH = 0.0002  # s that the threads that write may go on while a byte waits to be sent on; Python leaves them 5 ms
LINES = ("serial", "tcp", "rfc2217", "pty", "listen")  # links that carry a line of bytes, as a bridge can join them


@click.command("record")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--family", required=True, type=click.Choice(families.NAMES), help="Which protocol it is.")
@click.option("--link", metavar="URL", help="One wire to listen on: serial:///dev/ttyUSB0?baud=9600")
@click.option("--module", "--controller", "controller", metavar="URL", help="A bridge: the wire to the module.")
@click.option("--mcu", "--device", "device", metavar="URL", help="A bridge: the wire to the MCU, or to the device.")
@click.option("--listen-only", is_flag=True, help="No bridge: what both say is only listened to, on a wire each.")
@click.option("--watch", is_flag=True, help="Print what is said as well, as `decode` does.")
@click.option("--profile", metavar="NAME|FILE", help="Names values by it, else by the product's that says its name.")
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
    found = families.family(family)
    log_to_stderr()
    teller = DecodedLines(found, profile_named(found, profile) if profile else None, as_json=as_json)
    record = RecordObserver(found, file, urls, teller, watch=watch)
    with _quick_switches():
        asyncio.run(record.run(span, forward))
    if as_json:
        print_json(record.totals())
    else:
        click.echo("\n".join(record.words()))
    if not record.is_whole:
        raise click.exceptions.Exit(1)


@contextmanager
def _quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _sides(link: str | None, controller: str | None, device: str | None, listen_only: bool) -> tuple[Urls, bool]:
    """The wires, and whether they are joined. Raises UsageError and CommandError."""
    urls: dict[Sender, str] = {}
    if controller:
        urls["controller"] = controller
    if device:
        urls["device"] = device
    if link:
        if urls:
            raise click.UsageError("Say either --link, or --module and --mcu.")
        return {"device": link}, False
    if not urls or (len(urls) == 1 and not listen_only):
        raise click.UsageError("Say what to record: --link URL, or both --module URL and --mcu URL.")
    _check(list(urls.values()))
    return urls, not listen_only


def _check(urls: Sequence[str]) -> None:
    """Raises ConfigError and CommandError where two ends cannot be joined so."""
    for text in urls:
        check_url(text)
        url = parse(text)
        if url.scheme not in LINES:
            known = ", ".join(f"{scheme}:" for scheme in LINES)
            raise CommandError(f"{url.shown} is no line of bytes. The two ends can be {known}.")
    if len(set(urls)) < len(urls):
        raise CommandError("The two ends are one and the same wire. Each end needs a wire of its own.")
