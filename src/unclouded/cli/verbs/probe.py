"""`probe`: query an unknown Tuya MCU and propose a profile for it."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from unclouded.app.unknown.probing import ProbeResult, probe
from unclouded.cli.options import Span, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.output.text_files import make_folder, write_text


@click.command("probe")
@click.option("--link", required=True, metavar="URL", help="The wire to the MCU: serial:///dev/ttyUSB0?baud=9600")
@click.option("--for", "span", type=Span(), default=30.0, show_default="30s", help="How long to query it.")
@click.option("--write", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the profile to FILE.")
@json_option
def command(link: str, span: float, file: Path | None, as_json: bool) -> None:
    """Act as the Wi-Fi module of an unknown MCU for a while, and propose a profile for it.

    Nothing is set: the MCU is only queried. Switch a load on before, so that scales can be found.
    """
    if file is not None:
        make_folder(file.parent)  # a mistake is named before the query
    result = asyncio.run(probe(link, span, _name(file), lambda text: print_text(text, err=True)))
    if file is not None:
        write_text(file, result.toml)
    if as_json:
        print_json(_as_json(result))
    elif file is None:
        click.echo(result.toml, nl=False)
    else:
        count, why = len(result.proposed.rows), result.proposed.why
        click.echo(f"{count} points: {why}. Written to {file}; the hub reads profiles of the folder that [hub] names.")


def _name(file: Path | None) -> str:
    """A profile's name is its path in the profiles folder."""
    return re.sub(r"[^\w-]", "_", file.name.removesuffix(".toml")) if file is not None else "probed"


def _as_json(result: ProbeResult) -> Mapping[str, object]:
    proposed = result.proposed
    rows = [
        {
            "wire": one.row.wire,
            "type": one.row.type,
            "key": one.row.point.key,
            "scale": one.row.mul / one.row.div,
            "why": one.why,
        }
        for one in proposed.rows
    ]
    return {
        "product": result.product,
        "like": proposed.like,
        "why": proposed.why,
        "polls": proposed.polls,
        "points": msgspec.to_builtins(rows),
        "toml": result.toml,
    }
