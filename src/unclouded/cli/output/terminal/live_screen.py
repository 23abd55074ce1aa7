"""The live table on the whole terminal."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import tzinfo

from unclouded.cli.output.terminal.live_table import HINT, LiveView
from unclouded.core.model import Fact

REFRESH_S = 0.5  # s between two frames of the table


def wants_table(as_json: bool) -> bool:
    """Whether the live table is shown: on a terminal, without --json."""
    return not as_json and sys.stdout.isatty()


def screen_hint(web: str, notes: Sequence[str]) -> str:
    """The foot of the table: the notes of the start and the address of the page, which the table would hide."""
    return " · ".join([*notes, *([f"The page: {web}"] if web else []), HINT])


class LiveScreen:
    """The live table on the whole terminal; feed it facts while ``shown``."""

    def __init__(self, title: str, zone: tzinfo | None = None, hint: str = HINT) -> None:
        self._view = LiveView(title, zone, hint)

    def feed(self, facts: Iterable[Fact]) -> None:
        """Takes facts; they are drawn with the next picture, at most REFRESH_S later."""
        self._view.feed(*facts)

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Draws while the block lasts; then the terminal is as it was before."""
        from rich.console import Console
        from rich.live import Live

        async def draw() -> None:
            while True:
                live.update(self._view.render(time.time(), console.width), refresh=True)
                await asyncio.sleep(REFRESH_S)

        console = Console()
        with Live(console=console, screen=True, auto_refresh=False) as live:
            drawing = asyncio.create_task(draw(), name="screen")
            try:
                yield
            finally:
                drawing.cancel()
