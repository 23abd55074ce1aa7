"""The terminal on a screen: what is typed below, what the board prints above it, and the state of the console.

    [    0.153] mrs_http: httpd status = 1          lines of the log, whenever they come
    bench$ meross me|                               the line that is typed, with completion and history
    meross mem - the free memory                    how the command is written
     online   mss310 2.1.7  67.3 W  relay on …      the state

A command runs while the next one is typed; they run one after the other.
"""

import asyncio
import time
from collections.abc import Iterable

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output

from unclouded.app.console.completion import Completion, ConsoleCompletion
from unclouded.app.console.connection import ConsoleConnection
from unclouded.app.console.history_file import HistoryFile
from unclouded.app.console.typed_command import CheckedCommand
from unclouded.cli.output.terminal.text_width import columns
from unclouded.cli.terminal.completer import ConsoleCompleter, ConsoleHistory
from unclouded.cli.terminal.painted import Painted, painted_status, wrapped
from unclouded.cli.terminal.runner import QUIT, ConsoleRunner
from unclouded.cli.terminal.styles import STYLE, colour_depth, formatted
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.sessions.session import WireAction
from unclouded.core.text.printable import printable

REFRESH_S = 1.0  # s between two drawings of the state
CONFIRM = "Type yes to run it: "
CANCEL = WireAction("console_cancel")
WIDEST_NAME = 24  # columns of the prompt


class ConsoleScreen:
    """``input``, ``output``: None = those of this process. ``refresh_s``: 0 = only when something happens."""

    def __init__(
        self,
        history: HistoryFile,
        secrets: bool = False,
        input: Input | None = None,
        output: Output | None = None,
        refresh_s: float = REFRESH_S,
    ) -> None:
        self.runner = ConsoleRunner(self._show, secrets=secrets)
        self._output = output
        self._waiting: asyncio.Queue[CheckedCommand] = asyncio.Queue()
        self._running: CheckedCommand | None = None
        self._shown: list[Painted] = []  # in the next turn of the loop
        self._is_over = False
        self._cancelling: asyncio.Task[None] | None = None
        self._console: ConsoleConnection | None = None
        self._prompt: PromptSession[str] = PromptSession(
            message=self._message,
            completer=ConsoleCompleter(self._candidates),
            history=ConsoleHistory(history),
            bottom_toolbar=self._toolbar,
            key_bindings=self._keys(),
            style=STYLE,
            color_depth=colour_depth(),
            refresh_interval=refresh_s,
            enable_history_search=True,
            reserve_space_for_menu=6,
            input=input,
            output=output,
        )
        self._confirm: PromptSession[str] = PromptSession(
            history=DummyHistory(), style=STYLE, color_depth=colour_depth(), input=input, output=output
        )

    async def run(self, console: ConsoleConnection) -> None:
        """Until the person leaves. Raises LinkError where the console cannot be used any more."""
        self._console = console
        tasks = [
            asyncio.create_task(self._read(), name="console.read"),
            asyncio.create_task(self._work(console), name="console.work"),
            asyncio.create_task(console.ended(), name="console.ended"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._is_over = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    # --- what is typed -------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            try:
                text = (await self._prompt.prompt_async()).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if text == QUIT:
                return
            if text:
                await self._take(text)

    async def _take(self, text: str) -> None:
        try:
            if text.startswith("/"):
                self.runner.typed(self._name(), text)
                self.runner.local(text)
                return
            command = self.runner.parse(text)
            self.runner.typed(self._name(), command.shown)
            if await self._may_run(command):
                self._waiting.put_nowait(command)
        except CommandError as error:
            self.runner.fail(str(error))

    async def _may_run(self, command: CheckedCommand) -> bool:
        """What is dangerous is asked; what switches the relay is warned of."""
        if not command.danger:
            if command.warning:
                self.runner.warn(f"Warning: {command.warning}")
            return True
        self.runner.warn(f"{command.row.form}: {command.danger}")
        try:
            if (await self._confirm.prompt_async(CONFIRM)).strip().lower() == "yes":
                return True
        except (KeyboardInterrupt, EOFError):
            pass
        self.runner.warn("It was not run.")
        return False

    async def _work(self, console: ConsoleConnection) -> None:
        """Run the commands, one after the other."""
        while True:
            self._running = await self._waiting.get()
            self._prompt.app.invalidate()
            try:
                await self.runner.run(console, self._running)
            except (CommandError, LinkError) as error:
                self.runner.fail(str(error))
            finally:
                self._running = None
            self._prompt.app.invalidate()

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            """Cancel what runs; else give the line up."""
            if self._running is None and self._waiting.empty():
                event.app.exit(exception=KeyboardInterrupt, style="class:aborting")
            elif self._cancelling is None or self._cancelling.done():
                self._cancelling = asyncio.get_running_loop().create_task(self._cancel(), name="console.cancel")

        return keys

    async def _cancel(self) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait()
        assert self._console is not None
        try:
            await self._console.run(CANCEL)
        except (CommandError, LinkError) as error:
            self.runner.fail(str(error))

    # --- what is shown -------------------------------------------------------------------------

    def _show(self, line: Painted) -> None:
        """Above the line that is typed; what comes in one turn of the loop is drawn once."""
        if self._is_over:
            return
        if not self._shown:
            asyncio.get_running_loop().call_soon(self._flush)
        self._shown += wrapped(line, self._prompt.output.get_size().columns)

    def _flush(self) -> None:
        lines, self._shown = self._shown, []
        pieces = [piece for line in lines for piece in (*formatted(line), ("", "\n"))]
        print_formatted_text(
            FormattedText(pieces), end="", style=STYLE, color_depth=colour_depth(), output=self._output
        )

    def _message(self) -> FormattedText:
        running = self._running
        if running is not None:
            return FormattedText([("class:note", f"({running.shown}) "), ("class:prompt", self._name())])
        return FormattedText([("class:prompt", self._name())])

    def _name(self) -> str:
        """The device, or the last part of the link."""
        name = self._console.status.name if self._console is not None else ""
        short = name.rstrip("/").rpartition("/")[2] or name
        return f"{printable(short)[-WIDEST_NAME:]}$ "

    def _toolbar(self) -> FormattedText:
        assert self._console is not None
        width = self._prompt.output.get_size().columns
        state = formatted(painted_status(self._console.status, time.time(), width))
        hint = self._hint(self._prompt.default_buffer.text, width)
        return FormattedText([*hint, ("", "\n"), *state] if hint else state)

    def _hint(self, text: str, width: int) -> list[tuple[str, str]]:
        """How the command that is being typed is written."""
        command = self._completion().hint(text)
        if command is None:
            return []
        shown = printable(f" {command.form} - {command.help}")
        line = shown if columns(shown) <= width else f"{shown[: width - 1]}…"
        return [("class:danger" if command.danger else "class:note", line)]

    def _candidates(self, text: str) -> Iterable[Completion]:
        return self.runner.local_completions(text) if text.startswith("/") else self._completion().completions(text)

    def _completion(self) -> ConsoleCompletion:
        assert self._console is not None
        return ConsoleCompletion(self._console.offered(), self._console.status.info.get("identity", ""))
