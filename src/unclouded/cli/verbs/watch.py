"""`watch`: all devices live."""

import asyncio
from datetime import tzinfo

import click

from unclouded.app.access.hub_access import any_hub, zone_of
from unclouded.app.access.hub_client import HubClient, device_path, follow_facts
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import NO_DEVICES, print_text
from unclouded.cli.output.terminal.live_screen import LiveScreen, wants_table
from unclouded.cli.output.terminal.printer import FactPrinter
from unclouded.cli.signals import until_stopped


@click.command("watch")
@click.argument("devices", nargs=-1)
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@config_options
@json_option
def command(devices: tuple[str, ...], span: float | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Show every device (or DEVICES) live: a table on a terminal, else a line for each reading."""
    chosen = configuration(config, data)
    with any_hub(chosen, devices) as hub:
        if not hub.get("/api/devices"):
            print_text(NO_DEVICES, err=True)
        for device in devices:
            hub.get(device_path(device))  # an unknown one is refused: it would be waited for in silence
        asyncio.run(_watch(hub, devices, span, as_json, zone_of(hub, chosen)))


async def _watch(hub: HubClient, devices: tuple[str, ...], span: float | None, as_json: bool, zone: tzinfo) -> None:
    ended = asyncio.Event()
    if not wants_table(as_json):
        with FactPrinter(as_json, ended, zone) as printer:
            follow_facts(hub, devices, ended, printer.feed)
            await until_stopped(span, ended)
        return
    screen = LiveScreen("Home", zone)
    follow_facts(hub, devices, ended, screen.feed)
    async with screen.shown():
        await until_stopped(span, ended)
