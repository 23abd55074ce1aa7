"""Showing what goes on: a live table on a terminal, plain lines or JSON lines elsewhere."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence

import click

from unclouded.cli.output import print_json
from unclouded.cli.table import LiveView, plain_line
from unclouded.model import Fact, Notice, Reading, Status
from unclouded.web.api import as_json

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


def print_facts(facts: Iterable[Fact], json: bool) -> None:
    """Readings (and, in JSON, statuses) as lines."""
    for fact in facts:
        match fact:
            case Reading() if json:
                print_json(as_json(fact))
            case Reading():
                click.echo(plain_line(fact))
            case Status() if not json:
                click.echo(f"{fact.device} is {fact.state}{': ' + fact.reason if fact.reason else ''}", err=True)
            case Notice() if not json:
                click.echo(f"{fact.device}: {fact.words}", err=True)


class Table:
    """The live table on the terminal; feed it facts."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.live import Live

        self._view = LiveView(title)
        self._console = Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)

    def feed(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._view.feed(fact)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        with self._live:
            yield

    async def refreshing(self) -> None:
        """Draw until cancelled."""
        while True:
            self._live.update(self._view.render(time.time(), self._console.width), refresh=True)
            await asyncio.sleep(REFRESH)
