"""`run`: the hub with the devices of the configuration."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unclouded.app.configuration.config import Config
from unclouded.cli.configuration import first_or_own_configuration
from unclouded.cli.options import Span, config_options, json_option, web_option
from unclouded.cli.output.lines import log_to_stderr, print_json, print_page_address, print_text
from unclouded.cli.output.terminal.printer import FactPrinter
from unclouded.cli.signals import on_hangup, run_stoppable, until_stopped

if TYPE_CHECKING:
    from unclouded.app.hub_process import RunningHub


@click.command("run")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@web_option
@config_options
@json_option
def command(span: float | None, web: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Run the hub until Ctrl-C or SIGTERM. Its page is at http://127.0.0.1:8099/, its API there and on DATA/control.

    Where there is no configuration it has no devices; the first one that is added, on the page or with `init`, makes
    ./unclouded.toml.

    On SIGHUP it reads the configuration again, and only devices that changed restart: `config reload` does the same.

    With --json each reading is a line on stdout; otherwise only the log is printed, and `watch` shows the readings.
    """
    log_to_stderr(logging.INFO)
    chosen = first_or_own_configuration(config, data)
    log_to_stderr(logging.INFO, chosen.zone)
    run_stoppable(_run(chosen.with_web(web) if web else chosen, span, as_json))


async def _run(config: Config, span: float | None, as_json: bool) -> None:
    from unclouded.app.hub_process import running
    from unclouded.app.service.manager import ServiceManager

    ended = asyncio.Event()
    manager = ServiceManager()
    count = f"{len(config.devices)} device{'' if len(config.devices) == 1 else 's'}"
    async with running(config) as hub, manager.serving(f"{count}; the page: {hub.web or 'off'}"):
        print_page_address(hub.web, hub.notes)
        _print_first_steps(hub, config)
        with on_hangup(hub.configuration.request_reload, ended.set):
            if as_json:
                await _print_readings(hub, config, span, ended)
                return
            click.echo(f"The hub runs with {count}; watch with: unclouded watch", err=True)
            await until_stopped(span, ended)


def _print_first_steps(hub: "RunningHub", config: Config) -> None:
    """Say where to go on with a hub that has no devices yet."""
    if config.start:
        print_text(f"There is no {config.where} in {Path.cwd()}: the hub starts without devices.", err=True)
    if not hub.hub.devices():
        page = "on the page, or " if hub.web else ""
        print_text(f"To add the first device: {page}in another terminal with `unclouded init`.", err=True)


async def _print_readings(hub: "RunningHub", config: Config, span: float | None, ended: asyncio.Event) -> None:
    from unclouded.app.hub_process import place_of

    broker = {"broker": place_of(hub.broker)} if hub.broker is not None else {}
    devices = [one.id for one in hub.hub.devices()]
    print_json({"ready": {"control": str(hub.socket), "devices": devices, **broker, "web": hub.web}})
    with FactPrinter(True, ended, config.zone) as printer:
        hub.hub.subscribe(printer.feed)
        await until_stopped(span, ended)
