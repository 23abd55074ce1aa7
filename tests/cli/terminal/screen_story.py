"""A terminal on the console of a simulated plug, in memory, under a clock that jumps: what is typed, what is shown."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from families.meross.meross_pair import UUID
from pair import ambient
from unclouded.app.console import direct_console
from unclouded.app.console.connection import ConsoleListener
from unclouded.app.console.direct_console import DirectConsole
from unclouded.app.console.history_file import HistoryFile
from unclouded.cli.terminal.screen import ConsoleScreen
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.session import Asked
from unclouded.families.meross import PlugOptions
from unclouded.families.meross.console.plug.console_device import ConsoleDevice
from unclouded.links.memory import MemoryLink, pair

STEPS = 2_000  # turns of 50 ms that something may take
CTRL_C, CTRL_D = "\x03", "\x04"


class ScreenOutput(DummyOutput):
    """Keeps what is written on the screen."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, data: str) -> None:
        self.text += data

    def write_raw(self, data: str) -> None:
        self.text += data

    def get_size(self) -> Size:
        return Size(rows=24, columns=80)


class ScreenStory:
    """``far``: the plug's end of the line."""

    def __init__(self, input: PipeInput, output: ScreenOutput, far: MemoryLink, folder: Path) -> None:
        self.output, self.far = output, far
        self.history = HistoryFile(folder / "state" / "console_history")
        self.screen = ConsoleScreen(self.history, input=input, output=output, refresh_s=0.0)
        self.running: asyncio.Task[None] | None = None
        self._input = input
        self._seen = 0

    @property
    def new(self) -> str:
        """What was shown since it was last waited for."""
        return self.output.text[self._seen :]

    async def type(self, line: str) -> None:
        self._input.send_text(f"{line}\r")
        await asyncio.sleep(0)

    async def key(self, key: str) -> None:
        self._input.send_text(key)
        await asyncio.sleep(0)

    async def shows(self, *texts: str) -> str:
        """Wait until all of them were shown since the last wait; what was shown up to then."""
        await self.until(lambda: all(text in self.new for text in texts), ", ".join(texts))
        found = self.new
        self._seen = len(self.output.text)
        return found

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        for _ in range(STEPS):
            if is_so():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{what} is not in {self.new[-3_000:]}")

    async def left(self) -> None:
        assert self.running is not None
        await self.until(self.running.done, "the end of the terminal")
        self.running.result()


@asynccontextmanager
async def simulated_line(monkeypatch: Any, *faults: str) -> AsyncIterator[MemoryLink]:
    """A simulated plug on the far end of the link that the next DirectConsole opens; its end of the line."""
    near, far = pair()
    monkeypatch.setattr(direct_console, "open_link", lambda link, **how: near)
    options = PlugOptions(uuid=UUID, dialect="hw2.1.7", unconfigured=True, faults=frozenset(faults))
    drivers: list[Driver] = []

    def answer(events: Any, now: float) -> None:  # Any: events of a session
        for event in events:
            if isinstance(event, Asked):
                drivers[0].answer(event.id, True)

    drivers.append(Driver(ConsoleDevice(options, ambient(3)), far, answer))
    task = asyncio.create_task(drivers[0].run(), name="plug")
    try:
        yield far
    finally:
        task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def opened_screen(
    monkeypatch: Any, folder: Path, *faults: str, first: str = "is online"
) -> AsyncIterator[ScreenStory]:
    """A terminal that has shown ``first``."""
    async with simulated_line(monkeypatch, *faults) as far:
        with create_pipe_input() as input, create_app_session(input=input, output=ScreenOutput()) as app:
            assert isinstance(app.output, ScreenOutput)
            story = ScreenStory(input, app.output, far, folder)
            async with DirectConsole("serial:///dev/ttyUSB9", story.screen.runner, polls=True) as console:
                story.running = asyncio.create_task(story.screen.run(console), name="screen")
                await story.shows(first)
                try:
                    yield story
                finally:
                    story.running.cancel()
                    await asyncio.wait({story.running})


@asynccontextmanager
async def opened_line(monkeypatch: Any, listener: ConsoleListener | None = None) -> AsyncIterator[DirectConsole]:
    """A console that is ready, without a terminal."""
    async with simulated_line(monkeypatch), DirectConsole("serial:///dev/ttyUSB9", listener) as console:
        await console.wait_until_ready(10.0)
        yield console
