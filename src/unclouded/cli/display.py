"""Showing what goes on: a live table on a terminal, plain lines or JSON lines elsewhere."""

import asyncio
import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Generic, Self, TypeVar

import click

from unclouded.cli.output import print_json
from unclouded.cli.table import HINT, LiveView, plain_line
from unclouded.core.json_lines import event_json, reading_json, status_json
from unclouded.core.model import Fact, Notice, Reading, Status

T = TypeVar("T")

PRINT_BACKLOG = 2_000  # batches that wait for a slow reader of our lines at the most
FLUSH_S = 2.0  # s that the end waits for such a reader
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


def say_where(web: str, notes: Sequence[str]) -> None:
    """Where the page is and what else a person must know, on stderr."""
    for line in [*notes, *([f"The page: {web}"] if web else [])]:
        click.echo(line, err=True)


def screen_hint(web: str, notes: Sequence[str]) -> str:
    """The same for the foot of the table, which hides what was printed before it."""
    return " · ".join([*notes, *([f"The page: {web}"] if web else []), HINT])


def wants_table(as_json: bool) -> bool:
    return not as_json and sys.stdout.isatty()


class BackgroundPrinter(Generic[T]):
    """Shows things in a thread of its own, so that a slow reader never stops the loop.

    What it cannot take is dropped and counted. ``ended`` is set when nobody reads any more (``| head``); a full disk
    ends the printing only.
    """

    def __init__(self, show: Callable[[T], None], ended: asyncio.Event) -> None:
        self._show = show
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.Queue[Sequence[T]] = queue.Queue(PRINT_BACKLOG)
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self._dropped = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Print what waits; a reader that takes nothing for FLUSH_S seconds is left alone."""
        self.feed(())
        self._thread.join(FLUSH_S)
        if self._dropped:
            click.echo(f"{self._dropped} lines were not printed: the reader was too slow.", err=True)

    def feed(self, batch: Sequence[T]) -> None:
        """From any thread; an empty batch is the last one."""
        try:
            self._waiting.put_nowait(batch)
        except queue.Full:
            self._dropped += len(batch)

    def _run(self) -> None:
        try:
            while batch := self._waiting.get():
                for one in batch:
                    self._show(one)
        except OSError as error:
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (nothing else may fail on it at exit)
            with contextlib.suppress(RuntimeError, OSError):  # the loop is closed: it ends anyway
                if isinstance(error, BrokenPipeError):
                    self._loop.call_soon_threadsafe(self._ended.set)
                else:
                    click.echo(f"Nothing more is printed: {error.strerror}.", err=True)


class Printer(BackgroundPrinter[Fact]):
    """Readings as lines on stdout; what else happens as words on stderr, or as JSON lines."""

    def __init__(self, as_json: bool, ended: asyncio.Event) -> None:
        super().__init__(self._print, ended)
        self._as_json = as_json

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
            case Notice() if self._as_json:
                print_json({"notice": event_json(fact)})
            case Notice():
                click.echo(f"{fact.device or 'hub'}: {fact.words}", err=True)


class LiveScreen:
    """The live table on the whole terminal; feed it facts while ``shown``."""

    def __init__(self, title: str, zone: tzinfo | None = None, hint: str = HINT) -> None:
        self._view = LiveView(title, zone, hint)

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
