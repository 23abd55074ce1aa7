"""A console for lines from a pipe: one command after the other; the first that fails ends it.

printf 'meross hw\\nmeross mem\\n' | unclouded console bench
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterable

from unclouded.app.console.connection import ConsoleConnection, ConsoleListener
from unclouded.app.console.typed_command import checked
from unclouded.cli.output.lines import outcome_code, print_json, print_text
from unclouded.cli.terminal.painted import Painted, text_of
from unclouded.cli.terminal.runner import QUIT, ConsoleRunner
from unclouded.core.sessions.session import Logged

COMMENT = "#"


class PrintedLog(ConsoleListener):
    """What the board prints by itself, on stderr; nothing where ``is_on`` is False."""

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on

    def logged(self, line: Logged) -> None:
        if self._is_on:
            print_text(line.text, err=True)

    def noticed(self, text: str) -> None:
        if self._is_on:
            print_text(text, err=True)


async def run_lines(
    console: ConsoleConnection, lines: AsyncIterator[str], *, confirmed: bool, secrets: bool, as_json: bool
) -> int:
    """Run each line; the exit code. ``confirmed``: dangerous commands may run.

    Raises CommandError for a line that is wrong, and LinkError.
    """
    runner = ConsoleRunner(_ignore if as_json else _print, secrets=secrets, lines=not as_json)
    async for line in lines:
        text = line.strip()
        if text == QUIT:
            break
        if text.startswith("/"):
            runner.local(text)
        elif text and not text.startswith(COMMENT):
            code = await _run_line(console, runner, text, confirmed, as_json)
            if code:
                return code
    return 0


async def _run_line(
    console: ConsoleConnection, runner: ConsoleRunner, text: str, confirmed: bool, as_json: bool
) -> int:
    checked(text, confirmed=confirmed)
    command = runner.parse(text)
    runner.typed("$ ", command.shown)
    if command.warning:
        print_text(f"Warning: {command.warning}", err=True)
    end = await runner.run(console, command)
    if as_json:
        print_json({"command": command.shown, **end})
    return outcome_code(end)


async def lines_of(file: Iterable[str]) -> AsyncIterator[str]:
    """The lines of a file that may block, such as a pipe; the thread that reads it ends with the program."""
    loop = asyncio.get_running_loop()
    found: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program ends
            for line in file:
                loop.call_soon_threadsafe(found.put_nowait, line)
            loop.call_soon_threadsafe(found.put_nowait, None)

    threading.Thread(target=read, name="console.lines", daemon=True).start()
    while (line := await found.get()) is not None:
        yield line


def _print(line: Painted) -> None:
    print_text(text_of(line))


def _ignore(line: Painted) -> None:
    """With JSON, the outcome is the one object of a command."""
