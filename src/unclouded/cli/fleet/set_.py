"""`fleet set`: a command to one home."""

import asyncio
import secrets
import time

import click

from unclouded.cli.fleet.access import ALL, find_home, fleet_option, operator_name, with_base
from unclouded.cli.options import Span, json_option, typed_value
from unclouded.cli.output.fleets.homes_text import command_json, command_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import OPEN_FATES, GivenCommand, NewCommand
from unclouded.fleet.controls import checked_command

LOOK_S = 0.3
DONE = ("confirmed", "held")  # the exit code is 0


@click.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("hub")
@click.argument("device")
@click.argument("point")
@click.argument("value")
@click.option(
    "--until",
    "span",
    type=Span(),
    default="10m",
    show_default=True,
    help="A hub that is reached later does not carry it out.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait for the outcome: `fleet commands` shows it.")
@fleet_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    hub: str,
    device: str,
    point: str,
    value: str,
    span: float,
    no_wait: bool,
    folder: str | None,
    as_json: bool,
) -> None:
    """Set POINT of DEVICE in the home of HUB to VALUE: a number, a text, or of a switch on and off.

    DEVICE is its id, or its name where the home lets out names. What its hub says cannot be set is refused at once.
    A running `fleet serve` delivers it, now or when the hub is connected again, until --until has passed.
    The outcome is what the hub reports; the exit code is 1 where it was not done.
    """

    async def give(base: FleetBases) -> GivenCommand:
        home = await find_home(base, hub)
        now = time.time()
        known = await base.homes.catalogue(ALL, home.hub)
        target = checked_command(known, NewCommand(hub=home.hub, device=device, point=point, value=typed_value(value)))
        async with base.together(home.organisation):
            (given,) = await base.commands.give(ALL, [target], operator_name(), now + span, now, secrets.token_hex(8))
            about = {"device": target.device, "point": target.point, "value": target.value, "command": given.id}
            await base.audit.note(operator_name(), "command.give", home.hub, now, home.organisation, about)
        while not no_wait and given.fate in OPEN_FATES and time.time() < now + span:
            await asyncio.sleep(LOOK_S)
            given = await base.commands.command(ALL, given.id)
        return given

    given = with_base(folder, give)
    if as_json:
        print_json(command_json(given))
    else:
        for line in command_lines([given]):
            print_text(line)
    ctx.exit(0 if no_wait or given.fate in DONE else 1)
