"""Printing in a thread of its own, so that a slow reader of stdout never stops the event loop."""

import asyncio
import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Generic, Self, TypeVar

import click

from unclouded.cli.output.lines import plain_line, print_json, print_text
from unclouded.core.model import Device, Fact, Notice, Reading, Status
from unclouded.core.views.json_lines import event_json, reading_json, status_json

T = TypeVar("T")

PRINT_BACKLOG = 2_000  # batches that wait for a slow reader at most
FLUSH_S = 2.0  # s that the end waits for such a reader


class BackgroundPrinter(Generic[T]):
    """Prints items in a thread of its own.

    Batches beyond the backlog are dropped and counted. ``ended`` is set when the reader closed the pipe (``| head``);
    a full disk ends the printing only.
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
        """Print what waits, for at most FLUSH_S seconds."""
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
            with contextlib.suppress(RuntimeError, OSError):  # the loop is closed: the program ends anyway
                if isinstance(error, BrokenPipeError):
                    self._loop.call_soon_threadsafe(self._ended.set)
                else:
                    click.echo(f"Printing has stopped: {error.strerror}.", err=True)


class FactPrinter(BackgroundPrinter[Fact]):
    """Prints readings as lines on stdout, and states and notices on stderr; or all as JSON lines, with rooms."""

    def __init__(self, as_json: bool, ended: asyncio.Event, zone: tzinfo | None = None) -> None:
        super().__init__(self._print, ended)
        self._as_json = as_json
        self._zone = zone

    def _print(self, fact: Fact) -> None:
        match fact:
            case Reading() if self._as_json:
                print_json(reading_json(fact))
            case Reading():
                click.echo(plain_line(fact, self._zone, time.time()))
            case Device() if self._as_json:
                named = {"id": fact.id, "name": fact.name, "room": fact.room, "parent": fact.parent}
                print_json({"device_info": named})
            case Status() if self._as_json:
                print_json({"status": status_json(fact)})
            case Status():
                print_text(f"{fact.device} is {fact.state}{f': {fact.reason}' if fact.reason else ''}", err=True)
            case Notice() if self._as_json:
                print_json({"notice": event_json(fact)})
            case Notice():
                print_text(f"{fact.device or 'hub'}: {fact.words}", err=True)
