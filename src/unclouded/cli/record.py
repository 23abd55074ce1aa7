"""`record`: what goes over a wire, into a capture, without a word of our own."""

import asyncio
from pathlib import Path

import click

from unclouded import families
from unclouded.cli.output import Span, json_option, print_json
from unclouded.cli.showing import until_stopped
from unclouded.family import Family
from unclouded.links import open_link
from unclouded.links.tap import Tap
from unclouded.session import Failure, Way


@click.command("record")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--family", required=True, type=click.Choice(families.NAMES), help="Which protocol it is.")
@click.option("--link", required=True, metavar="URL", help="The wire to listen on: serial:///dev/ttyUSB0?baud=9600")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@json_option
def command(file: Path, family: str, link: str, span: float | None, as_json: bool) -> None:
    """Record a wire into FILE until Ctrl-C. Keys and passwords are blanked before they are written."""
    counts = asyncio.run(_record(families.family(family), link, file, span))
    if as_json:
        print_json(counts)
    else:
        click.echo(f"{counts['bytes']} bytes heard, written to {file}")


class _Listener:
    """Hears a link and says nothing."""

    def __init__(self) -> None:
        self.heard = 0

    def up(self, way: Way) -> None:
        click.echo("listening", err=True)

    def down(self, way: str, reason: str) -> None:
        click.echo(f"the line is down: {reason}", err=True)

    def received(self, data: bytes, way: str = "", re: int = 0) -> None:
        self.heard += len(data)

    def failed(self, id: int, why: Failure) -> None:
        """Nothing was sent."""


async def _record(family: Family, url: str, file: Path, span: float | None) -> dict[str, object]:
    listener = _Listener()
    tap = Tap(open_link(url, baud=family.baud), file, family)
    tap.start(listener)
    await until_stopped(span)
    await tap.close()
    return {"file": str(file), "bytes": listener.heard}
