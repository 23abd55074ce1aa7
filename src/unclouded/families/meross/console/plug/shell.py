"""The shell of the simulated plug: what is typed becomes a command, and its answer is printed.

    first client, restart ─► the log of the start ─► prompt ─► line ─► row of the command table ─► handler ─► answer

What is typed while the board starts is lost. Names, help texts and forms are those of the command table.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from unclouded.core.sessions.session import Event
from unclouded.core.sessions.session_parts import count_noise, earliest
from unclouded.families.meross.console.plug.baud_error import at_double_rate
from unclouded.families.meross.console.plug.boot_log import PHASE_EVENTS, SOFTWARE_RESET, WATCHDOG_RESET, boot_lines
from unclouded.families.meross.console.plug.commands_iot import IOT, dump
from unclouded.families.meross.console.plug.commands_plug import PLUG
from unclouded.families.meross.console.plug.commands_system import SYSTEM
from unclouded.families.meross.console.plug.line_editor import LineEditor, Typed
from unclouded.families.meross.console.plug.shell_context import INVALID, Handler, ShellContext
from unclouded.families.meross.console.plug.shell_output import ShellOutput
from unclouded.families.meross.console.wire.commands import (
    INCOMPLETE,
    NAMES,
    ConsoleCommand,
    listed_under,
    rows_of,
)
from unclouded.families.meross.plug.device import MerossDevice
from unclouded.families.meross.plug.network_state import PlugPhase

HANDLERS: Mapping[str, Handler] = {**SYSTEM, **PLUG, **IOT}
UNKNOWN: Sequence[str] = ("command not found",)  # made up
STARTED_AFTER_S = 0.2  # until the shell reads
REBOOT_EVERY = 5  # commands, with the fault "restarts-while-answering"
LONGEST_NAME = max(len(name.split()) for name in NAMES)
NARROWEST = 6  # characters of a name in a list
_LINES = re.compile(rb"[^\r\n]*[\r\n]|[^\r\n]+")


class ConsoleShell:
    """``follow`` after everything that may have changed the plug."""

    def __init__(self, device: MerossDevice, token: Callable[[int], bytes]) -> None:
        self._faults = device.faults
        self._output = ShellOutput(device.plug, device.faults, token)
        self._context = ShellContext(device, self._output)
        self._editor = LineEditor()
        self._counts: Counter[str] = Counter()
        self._has_started = False
        self._reads_from = 0.0
        self._seen = self._state()

    # --- the line --------------------------------------------------------------------------------

    def up(self, path: str, now: float) -> None:
        """The first one gets to see the log of the start."""
        self._output.down()
        self._output.path = path
        if not self._has_started:
            self._boot(now)

    def down(self) -> None:
        """The console's path is gone: a line that is half typed counts as lost, and nothing is printed any more."""
        self._lose("the line was lost", self._editor.clear())
        self._output.down()

    def receive(self, data: bytes, now: float) -> list[Event]:
        self._counts["bytes_in"] += len(data)
        if "uses-wrong-baud" in self._faults:
            self._lose("another baud rate", len(data))
            self._output.echo(at_double_rate(data), now)
            return []
        for line in _LINES.findall(data):
            if now < self._reads_from:
                self._lose("the board is starting", len(line))
            else:
                self._type(line, now)
        return self._context.take()

    def dump(self, direction: str, data: bytes, now: float) -> None:
        """A message of the plug's other interfaces."""
        if self._context.dumps_messages and data:
            dump(self._context, direction, data, now)

    # --- the plug --------------------------------------------------------------------------------

    def follow(self, now: float) -> None:
        """Print what has become of the plug, whoever has changed it."""
        before, self._seen = self._seen, self._state()
        changes, phase, is_updating = self._seen
        if changes != before[0] and phase is PlugPhase.STARTING:
            self._boot(now)
        elif changes != before[0] and phase in PHASE_EVENTS:
            self._log_event(*PHASE_EVENTS[phase], now)
        if is_updating != before[2]:
            self._log_event(141, f"event upgrade {'start' if is_updating else 'end'}", now)

    def tick(self, now: float) -> list[Event]:
        self._context.run_due(now)
        return self._context.take()

    def release(self, now: float) -> None:
        """What is due by now may be taken from ``output``; ``deadline()`` is later than ``now`` afterwards."""
        self._output.release(now)

    def deadline(self) -> float | None:
        """When the next job runs or the next text is printed, in monotonic seconds; None = neither waits."""
        return earliest(self._context.deadline(), self._output.deadline())

    @property
    def output(self) -> ShellOutput:
        return self._output

    def stats(self) -> Mapping[str, float]:
        """Counts of what was typed; ``held_bytes``: of the line that has not ended."""
        empty = dict.fromkeys(("bytes_in", "frames_in", "frame_bytes", "noise_bytes"), 0)
        return {**empty, **self._counts, "held_bytes": len(self._editor.held)}

    # --- inside --------------------------------------------------------------------------------

    def _state(self) -> tuple[int, PlugPhase, bool]:
        plug = self._context.plug
        return plug.network.changes, plug.network.phase, plug.is_updating

    def _log_event(self, number: int, text: str, now: float) -> None:
        self._output.log("mrs_main", "mrs_main_proc", number, text, now)

    def _boot(self, now: float) -> None:
        """The board starts: what was typed or was to come is lost, and its log is printed."""
        self._has_started = True
        self._context.plug.clock.uptime(now)  # it runs from now
        self._lose("the board is starting", self._editor.clear())
        self._context.cancel()
        self._output.restart(now)
        for line in boot_lines(self._context.plug, self._context.reset_reason):
            self._output.text(line.text, now + line.at_ms / 1000)
        self._reads_from = now + STARTED_AFTER_S
        self._output.prompt(self._reads_from)
        self._context.reset_reason = SOFTWARE_RESET
        self._context.dumps_messages, self._context.lowest_free = False, 0

    def _lose(self, reason: str, size: int) -> None:
        if size:
            count_noise(self._counts, reason, size)

    def _type(self, data: bytes, now: float) -> None:
        for typed in self._editor.feed(data):
            self._output.echo(typed.echo, now)
            self._lose(typed.reason, typed.lost)
            if typed.gave_up:
                self._context.stop()
                self._output.prompt(now)
            elif typed.line is not None and self._output.is_overrun(now):
                self._lose("more output than the line can carry", typed.used)
            else:
                self._counts["frame_bytes"] += typed.used
                self._entered(typed, now)

    def _entered(self, typed: Typed, now: float) -> None:
        words = (typed.line or "").split()
        if typed.line is None:
            return
        self._context.has_prompt = True
        if words:
            self._run(words, typed.line, now)
        if self._context.has_prompt:
            self._output.prompt(now)

    def _run(self, words: Sequence[str], line: str, now: float) -> None:
        self._counts["frames_in"] += 1
        lines = self._answer(words, line, now)
        if "restarts-while-answering" in self._faults and self._counts["frames_in"] % REBOOT_EVERY == 0:
            self._output.answer(lines[: len(lines) // 2], now)
            self._context.has_prompt = False
            self._context.restart(now, WATCHDOG_RESET)
        else:
            self._output.answer(lines, now)

    def _answer(self, words: Sequence[str], line: str, now: float) -> Sequence[str]:
        name = _name_in(words)
        if not name:
            return UNKNOWN
        rows = rows_of(name)
        args = line.split(None, len(words) if name != "config write" else 4)[len(name.split()) :]
        row = next((row for row in rows if len(row.args) == len(args)), None)
        if row is None:
            return _wrong_arguments(rows)
        if row.is_list:
            return _list(name)
        if (row.usage and name not in HANDLERS) or (row.usage and not args and name != "meross e2p"):
            return (row.usage,)
        return HANDLERS[name](self._context, args, now)


def _name_in(words: Sequence[str]) -> str:
    """The longest name that the words begin with; "" where there is none."""
    for count in range(min(len(words), LONGEST_NAME), 0, -1):
        name = " ".join(words[:count])
        if name in NAMES:
            return name
    return ""


def _wrong_arguments(rows: Sequence[ConsoleCommand]) -> Sequence[str]:
    """Made up: how it is written, where it can have arguments."""
    if rows[0].is_list:
        return UNKNOWN
    if rows[0].usage:
        return (rows[0].usage,)
    written = next((row.help for row in rows if row.args and row.help.startswith("config")), "")
    return (written or rows[-1].form,) if rows[-1].args else INVALID


def _list(name: str) -> Sequence[str]:
    """The commands of the first level, or those that can follow a name."""
    rows = listed_under(name)
    names = [row.name.split()[-1] for row in rows]
    width = max(NARROWEST, *map(len, names))
    lines = [f"{one:<{width}} - {row.help}" for one, row in zip(names, rows, strict=True)]
    return lines if name == "?" else [INCOMPLETE, "", *lines]
