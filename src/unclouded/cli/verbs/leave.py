"""`leave`: this home leaves its fleet."""

from pathlib import Path

import click

from unclouded.app.configuration.access import access_to
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text


@click.command("leave")
@config_options
@json_option
@click.pass_context
def command(ctx: click.Context, config: str | None, data: str | None, as_json: bool) -> None:
    """Leave the fleet: nothing more is sent, the key of this home is revoked and deleted.

    What the fleet has stays there until it deletes it. Exit code 1 where the fleet could not be reached: it then only
    notices that nothing arrives any more, and its operator can revoke the key.
    """
    from unclouded.app.uplink.joining import leave

    chosen = configuration(config, data)
    done = leave(chosen, access_to(Path(chosen.where), data).change_hub)
    if as_json:
        print_json(done)
    else:
        print_text(f"This home has left the fleet{f' at {done.url}' if done.url else ''}. Nothing more is sent.")
        if done.problem:
            print_text(f"The fleet could not be informed: {done.problem}", err=True)
            print_text(f"Its operator can revoke this home: unclouded fleet revoke {done.hub}", err=True)
    if done.problem:
        ctx.exit(1)
