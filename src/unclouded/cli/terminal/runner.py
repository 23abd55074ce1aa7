"""Runs the lines of a terminal: commands of the console, and its own, which begin with ``/``.

What is shown goes to ``show``, a line at a time, and to the transcript, without secrets.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from unclouded.app.console.completion import Completion
from unclouded.app.console.connection import ConsoleConnection, ConsoleListener, ConsoleStatus
from unclouded.app.console.log_filter import SETTINGS, LogFilter
from unclouded.app.console.one_command import OutcomeLine, outcome_line
from unclouded.app.console.transcript import Transcript
from unclouded.app.console.typed_command import CheckedCommand, parsed
from unclouded.cli.output.hub.report_text import report_lines
from unclouded.cli.terminal.painted import Painted, painted_log, plain, text_of
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Logged
from unclouded.core.text.printable import printable

QUIT = "/quit"


class LocalCommand(msgspec.Struct, frozen=True):
    """A command of the terminal itself. ``form``: how it is written."""

    name: str
    form: str
    words: str


LOCAL_COMMANDS = (
    LocalCommand("/help", "/help", "this list"),
    LocalCommand("/raw", "/raw [on|off]", "the last answer as it came; on: all answers"),
    LocalCommand("/log", "/log off|all|info|warning|error|MODULE", "which lines of the log are shown"),
    LocalCommand("/save", "/save FILE", "write what was shown to a new file, without secrets"),
    LocalCommand(QUIT, QUIT, "leave; Ctrl-D does it too"),
)
KEYS = "Tab completes, Ctrl-C cancels the running command, Ctrl-R searches the history. ? lists the device's commands."


class ConsoleRunner(ConsoleListener):
    """``show`` gets each line to be shown.

    ``secrets``: one's own are shown in answers. ``lines``: answers are read with their lines, as /raw shows them.
    """

    def __init__(self, show: Callable[[Painted], None], *, secrets: bool = False, lines: bool = True) -> None:
        self._show = show
        self._secrets = secrets
        self._lines = lines
        self._is_raw = False
        self._last_lines: list[str] = []  # of the last answer, as they came
        self.log = LogFilter()
        self.transcript = Transcript()

    # --- commands ------------------------------------------------------------------------------

    def parse(self, text: str) -> CheckedCommand:
        """Raises CommandError."""
        return parsed(text, show_secrets=self._secrets, show_lines=self._lines)

    async def run(self, console: ConsoleConnection, command: CheckedCommand) -> OutcomeLine:
        """Run a command, and show its answer. Raises CommandError and LinkError."""
        outcome = await console.run(command.action)
        line = outcome_line(console.status.name, command.action, outcome)
        self._answered(command, line)
        return line

    def local(self, text: str) -> None:
        """Run a command of the terminal itself. Raises CommandError."""
        name, _, argument = text.strip().partition(" ")
        argument = argument.strip()
        match name:
            case "/help":
                self._help()
            case "/raw":
                self._raw(argument)
            case "/log":
                self._note(self.log.choose(argument or "all"))
            case "/save":
                self._save(argument)
            case _:
                raise CommandError(f"There is no {printable(name)}. There are: {', '.join(_NAMES)}.")

    def local_completions(self, text: str) -> list[Completion]:
        """What the last word of a local command can become."""
        name, space, argument = text.partition(" ")
        if not space:
            return [Completion(one.name, one.words) for one in LOCAL_COMMANDS if one.name.startswith(name)]
        options: Mapping[str, str] = {}
        if name == "/raw":
            options = {"on": "all answers as they come", "off": "answers as tables"}
        elif name == "/log":
            options = {**SETTINGS, **dict.fromkeys(self.log.modules, "a module")}
        return [Completion(one, help) for one, help in options.items() if one.startswith(argument)]

    # --- what happens on the console ------------------------------------------------------------

    def logged(self, line: Logged) -> None:
        if self.log.takes(line):
            self.transcript.add(line.text)
            self._show(painted_log(line))

    def noticed(self, text: str) -> None:
        self._note(text)

    def state_changed(self, status: ConsoleStatus) -> None:
        what = "good" if status.state == "online" else "warning"
        self._put(plain(f"{status.name} is {status.state}{f': {status.reason}' if status.reason else ''}", what))

    def started(self, facts: Mapping[str, str]) -> None:
        self._put(plain("The board has started:", "title"))
        self._put_lines(report_lines(facts, "  "))

    # --- inside --------------------------------------------------------------------------------

    def typed(self, prompt: str, text: str) -> None:
        """A line was typed: for the transcript."""
        self.transcript.add(f"{prompt}{text}")

    def fail(self, text: str) -> None:
        """Show what went wrong."""
        self._put(plain(text, "error"))

    def warn(self, text: str) -> None:
        """Shows a line in the style of warnings."""
        self._put(plain(text, "warning"))

    def _note(self, text: str) -> None:
        self._put(plain(text, "note"))

    def _put(self, line: Painted) -> None:
        self.transcript.add(text_of(line))
        self._show(line)

    def _put_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._put(plain(line))

    def _answered(self, command: CheckedCommand, line: OutcomeLine) -> None:
        answer, is_confirmed = dict(line["answer"]), line["outcome"] == "confirmed"
        came = answer.pop("lines", [])
        unread = answer.pop("unread", [])
        self._last_lines = [*came] or [*unread]
        shown = self._last_lines if self._is_raw else [*unread, *report_lines(answer)]
        kept = command.masked(self._last_lines) if self._secrets else shown
        for text in kept if is_confirmed else ():
            self.transcript.add(printable(text))
        for text in shown if is_confirmed else ():
            self._show(plain(text))
        if not is_confirmed or not shown:
            self._put(plain(_outcome_text(line), "note" if is_confirmed else "error"))

    def _help(self) -> None:
        width = max(len(one.form) for one in LOCAL_COMMANDS)
        self._put_lines(f"{one.form:<{width}}  {one.words}" for one in LOCAL_COMMANDS)
        self._note(KEYS)

    def _raw(self, argument: str) -> None:
        """Raises CommandError."""
        if argument not in ("", "on", "off"):
            raise CommandError("Write: /raw [on|off].")
        if argument:
            self._is_raw = argument == "on"
            self._note("Answers are shown as they come." if self._is_raw else "Answers are shown as tables.")
            return
        for text in self._last_lines:
            self._show(plain(text))
        if not self._last_lines:
            self._note("There is no answer yet.")

    def _save(self, argument: str) -> None:
        """Raises CommandError."""
        if not argument:
            raise CommandError("Name the file: /save FILE.")
        name = self.transcript.save(argument)
        self._note(f"{len(self.transcript.lines)} lines were written to {name}.")


_NAMES = [one.name for one in LOCAL_COMMANDS]


def _outcome_text(line: OutcomeLine) -> str:
    reason = f": {line['reason']}" if line["reason"] else ""
    return f"{line['outcome']}{reason} ({line['ms']:.0f} ms)"
