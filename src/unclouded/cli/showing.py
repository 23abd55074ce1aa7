"""Showing what goes on: a live table on a terminal, plain lines or JSON lines elsewhere."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable
from datetime import tzinfo
from pathlib import Path

import click

from unclouded.cli.output import print_json
from unclouded.cli.table import LiveView, plain_line
from unclouded.model import Fact, Notice, Reading, Status
from unclouded.web.lines import reading_json, status_json

REFRESH = 0.5  # s between two pictures of the table


async def until_stopped(span: float | None, ended: asyncio.Event | None = None) -> None:
    """Until Ctrl-C, SIGTERM, the end of the span (s), or ``ended``."""
    stopped = ended or asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stopped.set)
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), span)
    finally:
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(one)


def wants_table(as_json: bool) -> bool:
    return not as_json and sys.stdout.isatty()


class Printer:
    """Readings as lines on stdout; what else happens as words on stderr, or as JSON lines.

    ``ended`` is set when nobody reads any more (``| head``).
    """

    def __init__(self, as_json: bool, ended: asyncio.Event) -> None:
        self._as_json = as_json
        self._ended = ended

    def __call__(self, facts: Iterable[Fact]) -> None:
        if self._ended.is_set():
            return
        try:
            for fact in facts:
                self._print(fact)
        except BrokenPipeError:
            self._ended.set()
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (nothing else may fail on it at exit)

    def _print(self, fact: Fact) -> None:
        match fact:
            case Reading() if self._as_json:
                print_json(reading_json(fact))
            case Reading():
                click.echo(plain_line(fact))
            case Status() if self._as_json:
                print_json({"status": status_json(fact)})
            case Status():
                click.echo(f"{fact.device} is {fact.state}{f': {fact.reason}' if fact.reason else ''}", err=True)
            case Notice() if not self._as_json:
                click.echo(f"{fact.device}: {fact.words}", err=True)


class Screen:
    """The live table on the whole terminal; feed it facts while ``shown``."""

    def __init__(self, title: str, zone: tzinfo | None = None) -> None:
        self._view = LiveView(title, zone)

    def feed(self, facts: Iterable[Fact]) -> None:
        self._view.feed(*facts)

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        from rich.console import Console
        from rich.live import Live

        async def draw() -> None:
            while True:
                live.update(self._view.render(time.time(), console.width), refresh=True)
                await asyncio.sleep(REFRESH)

        console = Console()
        with Live(console=console, screen=True, auto_refresh=False) as live:
            drawing = asyncio.create_task(draw(), name="screen")
            try:
                yield
            finally:
                drawing.cancel()
