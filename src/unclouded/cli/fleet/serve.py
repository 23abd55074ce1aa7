"""`fleet serve`: a server of the fleet."""

import asyncio
import logging
from collections.abc import Callable

import click

from unclouded.cli.fleet.access import fleet_option
from unclouded.cli.options import Span, json_option
from unclouded.cli.output.lines import log_to_stderr, print_json, print_text
from unclouded.cli.signals import bounded_end, run_stoppable, until_stopped
from unclouded.fleet.configuration import FleetConfiguration, find_fleet

END_S = 25.0  # that storing and answering what was received may take at the end; systemd waits for 30


@click.command("serve")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@click.option("--no-page", is_flag=True, help="Only store what hubs send: no page, no API, no joining.")
@fleet_option
@json_option
def command(span: float | None, no_page: bool, folder: str | None, as_json: bool) -> None:
    """Run a server of the fleet until Ctrl-C or SIGTERM: it stores what hubs send, delivers commands to them, and
    serves the page, the API and joining.

    NATS and PostgreSQL run beside it, as docs/fleet.md describes. Several servers on the same ones share the work; a
    server that ends stores and answers what it has received first, and one that is killed loses nothing.
    """
    log_to_stderr(logging.INFO)
    with bounded_end(END_S) as stopping:
        run_stoppable(_serve(find_fleet(folder), span, not no_page, as_json, stopping), stopping)


async def _serve(
    fleet: FleetConfiguration, span: float | None, has_page: bool, as_json: bool, stopping: Callable[[], None]
) -> None:
    from unclouded.app.service.manager import ServiceManager
    from unclouded.fleet.serve import serving
    from unclouded.fleet.web_app import fleet_web_app

    ended = asyncio.Event()
    url = fleet.tables.web.url
    async with (
        serving(fleet, fleet_web_app if has_page else None),
        ServiceManager().serving(f"the page: {url}" if has_page else "no page"),
    ):
        if as_json:
            print_json({"ready": {"fleet": str(fleet.folder), "page": url if has_page else ""}})
        else:
            print_text(f"The fleet of {fleet.folder} runs; the page: {url if has_page else 'off'}", err=True)
        await until_stopped(span, ended)
        stopping()
