"""`commands`: the command table of a protocol."""

import click
import msgspec

from unclouded import families
from unclouded.cli.output import json_option, print_json


@click.command("commands")
@click.option("--family", required=True, type=click.Choice(families.NAMES), help="Which protocol.")
@click.option("--dialect", default="", metavar="NAME", help="Of tuya_wifi: normal, or low_power for battery devices.")
@json_option
def command(family: str, dialect: str, as_json: bool) -> None:
    """List the commands of a protocol: code, name, who begins, request and response."""
    known = families.family(family)
    if dialect and dialect not in known.dialects:
        raise click.UsageError(
            f"{family} has no dialect {dialect!r}. It has: {', '.join(known.dialects) or 'one only'}."
        )
    for row in known.dialects[dialect].commands if dialect else known.commands:
        if as_json:
            print_json(msgspec.to_builtins(row))
        else:
            code = row.code if isinstance(row.code, str) else f"{row.code:02x}"
            sub = "" if row.sub is None else f"/{row.sub:02x}"
            click.echo(f"{code + sub:<6} {row.name:<28} {row.initiator:<11} {row.request}  ->  {row.response}")
