"""`homekit`: the code that pairs the hub with Apple Home."""

import click

from unclouded.app.access.homekit_access import HomekitAccess, code_text
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.views.homekit import HomekitView


@click.command("homekit")
@config_options
@json_option
@click.option("--unpair", is_flag=True, help="End all pairings; every home must add the bridge again.")
def command(config: str | None, data: str | None, as_json: bool, unpair: bool) -> None:
    """Show the code that adds the hub to Apple Home, also as a QR code."""
    access = HomekitAccess(configuration(config, data))
    view = access.unpair() if unpair else access.view()
    if as_json:
        print_json({"homekit": view})
        return
    if unpair:
        print_text(f"{view.name} is not paired now.")
    _print(view)


def _print(view: HomekitView) -> None:
    if view.paired:
        print_text(f"{view.name} is paired: {_count(view.controllers, 'controller')}, {_accessories(view)}.")
        print_text("Other people are invited in Apple Home. To pair it again: unclouded homekit --unpair")
        return
    click.echo(code_text(view))
    print_text(f"Setup code of {view.name}: {view.code}   ({_accessories(view)})")
    print_text("In Apple Home: Add Accessory, then scan this code, or More options and type it.")


def _accessories(view: HomekitView) -> str:
    return _count(view.accessories, "accessory", "accessories")


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or f'{one}s'}"
