"""`watch`: the house live."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

import click

from unclouded.cli.client import HubClient, any_hub, configuration
from unclouded.cli.display import LiveScreen, Printer, until_stopped, wants_table
from unclouded.cli.output import Span, config_options, json_option
from unclouded.core.json_lines import fact_of
from unclouded.core.model import Fact


@click.command("watch")
@click.argument("devices", nargs=-1)
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@config_options
@json_option
def command(devices: tuple[str, ...], span: float | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Show every device (or DEVICES) live: a table on a terminal, else a line for each reading."""
    with any_hub(configuration(config, data), devices) as hub:
        asyncio.run(_watch(hub, devices, span, as_json))


async def _watch(hub: HubClient, devices: tuple[str, ...], span: float | None, as_json: bool) -> None:
    ended = asyncio.Event()
    if not wants_table(as_json):
        with Printer(as_json, ended) as printer:
            _listen(hub, devices, ended, printer.feed)
            await until_stopped(span, ended)
        return
    screen = LiveScreen("Home")
    _listen(hub, devices, ended, screen.feed)
    async with screen.shown():
        await until_stopped(span, ended)


def _listen(hub: HubClient, devices: tuple[str, ...], ended: asyncio.Event, hear: Callable[[list[Fact]], None]) -> None:
    """Hand every fact to ``hear``, in the loop; set ``ended`` when the hub is gone."""
    loop = asyncio.get_running_loop()

    def listen() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            for line in hub.lines("/api/watch", device=devices):
                fact = fact_of(line)
                if fact is not None:
                    loop.call_soon_threadsafe(hear, [fact])
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen, name="watch", daemon=True).start()
