"""The controller's end of the console: one command at a time, log lines in between.

    up ─► Return ─► prompt ─► Online ─► meross hw, meross fw, lists ─► polls, commands
           │ no prompt: Return every wake_s, and why, as far as that shows
    a line of the boot loader ─► the running command settles, nothing is sent until the next prompt

A command whose answer does not come settles with what to check. Log lines are events, whatever they interrupt.
Source: docs/protocols/meross_console.md §1, §3.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.family import MASKED
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Logged,
    Noticed,
    Offline,
    Out,
    Refusal,
    Rejected,
    SessionCommand,
    Settled,
    Ticket,
    WireCommand,
)
from unclouded.core.sessions.session_parts import DeferredEvents, Ids, count_noise, earliest
from unclouded.families.meross.console.controller.actions import CANCEL, LINES, LIST, SECRETS, command_of_action
from unclouded.families.meross.console.controller.answer_events import AnswerEvents, relay_of, settled
from unclouded.families.meross.console.controller.command_lists import OfferedCommand
from unclouded.families.meross.console.controller.command_queue import ConsoleQueue
from unclouded.families.meross.console.controller.last_start import LAST_START, LastStart
from unclouded.families.meross.console.controller.polling import ConsolePolling, own_request
from unclouded.families.meross.console.controller.running_command import ConsoleRequest, RunningCommand
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.controller.states import CHECK, ConsoleState
from unclouded.families.meross.console.wire.answer_form import ConsoleAnswer
from unclouded.families.meross.console.wire.answer_types import HardwareInfo
from unclouded.families.meross.console.wire.answers import refusal
from unclouded.families.meross.console.wire.command_line import command_of, typed
from unclouded.families.meross.console.wire.commands import RELAY_WARNING
from unclouded.families.meross.console.wire.known_lines import facts_of, known_line
from unclouded.families.meross.console.wire.lines import LONGEST_LINE, ConsoleLine, ConsoleLines, LineKind
from unclouded.families.meross.console.wire.redact import reads_secret, redact
from unclouded.families.meross.console.wire.secret_words import may_hold_secret
from unclouded.families.meross.console.wire.values import ON

START_S = 4.0  # s after the last line of a start: the console should answer
VERIFY_S = 1.0  # s between two looks at the relay after it was switched
VERIFY_TRIES = 4
SHOW = "show"  # the value of arguments that ask for more
CTRL_C = b"\x03"
CANCELLED = "The command was cancelled."
NOT_CONNECTED = "The console is not connected."
NOT_SWITCHED = (
    f"The relay is not switched over the console. {RELAY_WARNING} Over Wi-Fi the plug can be switched safely. For a"
    " board that is on no mains: the command meross switch on its console, or switches_relay = true in its"
    " [device.session]."
)


class ConsoleSession:
    """One conversation with a console; a ``session.Session``."""

    def __init__(self, settings: ConsoleSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._wall = ambient.wall
        self._ids = Ids()
        self._queue = ConsoleQueue()
        self._polling = ConsolePolling(settings)
        self._last_start = LastStart(ambient.memory.get(LAST_START, b""))
        self._answers = AnswerEvents(self._polling, self._last_start, settings.uuid)
        self._deferred = DeferredEvents()
        self._lines = ConsoleLines()
        self._counts = dict.fromkeys(_COUNTERS, 0)
        self._round_trip_s = 0.0
        self._is_up = self._is_replayed = False
        self._out: list[Out] = []
        self._begin(0.0)

    def _begin(self, now: float) -> None:
        """A new connection; what was learned and counted stays."""
        self._running: RunningCommand | None = None
        self._state = ConsoleState(now)
        self._is_ready = False  # a prompt was received, and nothing since shows that there is none
        self._is_starting = self._is_prompted = False
        self._cut_text = ""  # of a line that the log interrupts: what follows may be its rest
        self._hides_text = False  # text may be the late answer of a command that reads a secret
        self._wake_at: float | None = None
        self._verify: tuple[float, ConsoleRequest] | None = None
        self._polling.stop()

    # --- Session -------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._end("The line was connected again.", now) if self._is_up else []
        self._is_up, self._is_replayed = True, path.recorded
        self._begin(now)
        if not path.recorded:
            self._wake(now)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        events = self._end(reason, now)
        self._is_up = False
        self._begin(now)
        return [*events, Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts["bytes_in"] += len(data)
        events = self._log_run(data) if self._running is None and not self._is_starting else None
        if events is None:
            events = self._received(self._lines.feed(data), now)
        self._send(now)
        return events

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """Nothing here waits for the outcome of a datagram."""
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if isinstance(command, WireCommand):
            return self._switch(command, now)
        if command.name == LIST:
            return self._list_commands(now)
        if command.name == CANCEL:
            return self._cancel(now)
        found = command_of_action(command)
        self._queue.check_room()
        secrets, lines = (command.args.get(name) == SHOW for name in (SECRETS, LINES))
        return self._submit(
            ConsoleRequest(
                row=found.row, line=found.line, ticket=self._ids.next(), show_secrets=secrets, show_lines=lines
            ),
            now,
        )

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """A console asks nothing of the hub."""
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        running = self._running
        if running is not None and running.deadline <= now:
            events += self._overdue(running, now)
        if self._wake_at is not None and self._wake_at <= now:
            events += self._unanswered_wake(now)
        if self._verify is not None and self._verify[0] <= now:
            self._queue.add_first(self._verify[1])
            self._verify = None
        for request in self._polling.due(now) if self._is_ready else ():
            self._queue.add(request)
        self._send(now)
        return [*events, *self._deferred.take()]

    def deadline(self) -> float | None:
        return earliest(
            self._deferred.deadline(),
            self._running.deadline if self._running is not None and not self._is_replayed else None,
            self._wake_at,
            self._verify[0] if self._verify is not None else None,
            self._polling.deadline() if self._is_ready else None,
        )

    def outgoing(self, now: float) -> list[Out]:
        outs, self._out = self._out, []
        return outs

    def offered(self) -> Sequence[OfferedCommand]:
        """The commands that are known, with those that the device has listed."""
        return self._answers.learned.offered()

    def stats(self) -> Mapping[str, float]:
        return {
            **self._counts,
            "held_bytes": len(self._lines.held),
            "round_trip_ms": round(self._round_trip_s * 1000, 3),
            "unknown_commands": len(self._answers.learned.new),
        }

    # --- commands ------------------------------------------------------------------------------

    def _submit(self, request: ConsoleRequest, now: float) -> Ticket:
        assert request.ticket is not None
        if self._is_up:
            self._queue.add(request)
            self._send(now)
        else:
            self._deferred.add([Settled(request.ticket, "unreachable", NOT_CONNECTED)], now)
        return request.ticket

    def _switch(self, command: WireCommand, now: float) -> Ticket:
        """Raises CommandError for what is not a switching of the relay."""
        value = command.values.get(ON)
        if len(command.values) != 1 or not isinstance(value, bool):
            raise CommandError(f"On this console, {ON} can be set to on or off, and nothing else.")
        if not self._settings.switches_relay:
            raise CommandError(NOT_SWITCHED)
        self._queue.check_room()
        ticket = self._ids.next()
        if self._is_up and (why_foreign := self._answers.why_foreign):
            self._deferred.add([Settled(ticket, "refused", why_foreign)], now)
            return ticket
        if self._is_up and not self._answers.uuid:
            reason = "The plug has not reported its UUID yet, which this command needs. Try again in a moment."
            self._deferred.add([Settled(ticket, "unreachable", reason)], now)
            return ticket
        found = typed(f"meross switch {self._answers.uuid or '-'} {'on' if value else 'off'}")
        return self._submit(ConsoleRequest(row=found.row, line=found.line, ticket=ticket, relay=value), now)

    def _list_commands(self, now: float) -> Ticket:
        """What can be typed, at once: for completion."""
        ticket = self._ids.next()
        if not self._is_up:
            self._deferred.add([Settled(ticket, "unreachable", NOT_CONNECTED)], now)
            return ticket
        offered = msgspec.to_builtins(self.offered())
        new = ", ".join(self._answers.learned.new)
        reason = f"{len(offered)} commands" + (f"; not known to this program: {new}" if new else "")
        self._deferred.add([Settled(ticket, "confirmed", reason, {"commands": offered})], now)
        return ticket

    def _cancel(self, now: float) -> Ticket:
        """Ctrl-C, then Return: what runs and what waits is settled."""
        ticket = self._ids.next()
        if not self._is_up:
            self._deferred.add([Settled(ticket, "unreachable", NOT_CONNECTED)], now)
            return ticket
        running, self._running = self._running, None
        requests = [*([running.request] if running is not None else []), *self._queue.clear()]
        if self._verify is not None:
            requests.append(self._verify[1])
            self._verify = None
        events = [event for one in requests for event in settled(one, "refused", CANCELLED)]
        self._deferred.add([*events, Settled(ticket)], now)
        if running is not None:
            self._is_ready = False
            self._hides_text |= reads_secret(running.request.line)
            self._polling.stop()
            self._out.append(Out(CTRL_C))
            self._wake(now)
        return ticket

    def _send(self, now: float) -> None:
        """Send the next command, where the console waits for one."""
        if self._running is not None or not self._is_ready or self._is_replayed:
            return
        request = self._queue.next()
        if request is None:
            return
        timeout_s = request.row.timeout_s * self._settings.slower
        self._running = RunningCommand(request, now, timeout_s)
        self._write(request.line.encode("ascii"))

    def _write(self, text: bytes) -> None:
        self._out.append(Out(text + self._settings.end))
        self._counts["frames_out"] += 1

    def _wake(self, now: float) -> None:
        """Type Return, which a console answers with a prompt."""
        self._write(b"")
        self._wake_at = now + self._settings.wake_s

    # --- lines ---------------------------------------------------------------------------------

    def _received(self, lines: Sequence[ConsoleLine], now: float) -> list[Event]:
        events: list[Event] = []
        for line in lines:
            if line.kind is LineKind.NOISE:
                events += self._noise(line)
                continue
            self._counts["frames_in"] += 1
            self._counts["frame_bytes"] += len(line.data)
            self._counts["cut_lines"] += line.cut
            match line.kind:
                case LineKind.PROMPT:
                    events += self._prompt(now)
                case LineKind.LOG:
                    events += self._log(line, now)
                case _:
                    events += self._text(line, now)
            if self._is_starting:
                self._last_start.take(line)
            self._is_prompted = line.kind is LineKind.PROMPT
            if self._running is None:
                self._send(now)
        return events

    def _noise(self, line: ConsoleLine) -> list[Event]:
        count_noise(self._counts, line.reason, len(line.data))
        if not self._is_ready:
            self._state.foreign(line.data, is_text=False)
        return [Rejected(line.reason)]

    def _prompt(self, now: float) -> list[Event]:
        running = self._running
        has_started, events = self._is_starting, self._start_ended()
        if running is not None:
            return [*events, *(self._completed(running, now) if running.prompted(now) else [])]
        return events if self._is_ready else [*self._ready(now, has_started), *events]

    def _ready(self, now: float, has_started: bool) -> list[Event]:
        """The console waits for a command."""
        self._is_ready, self._wake_at = True, None
        for request in self._polling.begin(now, has_started) if not self._is_replayed else ():
            self._queue.add(request)
        return self._state.online(now)

    def _start_ended(self) -> list[Event]:
        self._is_starting = False
        return self._answers.started() if self._last_start.end() else []

    def _log(self, line: ConsoleLine, now: float) -> list[Event]:
        assert line.log is not None
        self._state.logged()
        self._counts["log_lines"] += 1
        self._cut_text = f"{self._cut_text}{line.text if line.cut else ''}"[-LONGEST_LINE:]
        events: list[Event] = [Logged(_shown(line), line.log.level, line.log.module)]
        running = self._running
        if running is not None and line.log.module == "ping" and running.take(line.log.text, cut=False):
            events += self._completed(running, now)
        return events

    def _log_run(self, data: bytes) -> list[Event] | None:
        """Many lines of the log at once; None where they may be something else too."""
        held = len(self._lines.held)
        found = self._lines.take_log(data)
        if found is None:
            return None
        self._state.logged()
        self._is_prompted = False
        self._counts["frames_in"] += len(found)
        self._counts["log_lines"] += len(found)
        self._counts["frame_bytes"] += held + len(data) - len(self._lines.held)
        return [Logged(text, place[1], place[0]) for text, place in found]

    def _text(self, line: ConsoleLine, now: float) -> list[Event]:
        known = known_line(line.text)
        events: list[Event] = []
        if known is not None:
            events.append(Logged(_shown(line), "", known.printer.replace("_", " ")))
            if known.starts:
                events += self._started(facts_of(known, line.text), now)
        if self._is_replayed and self._is_prompted:
            self._running = _overheard(line.text, now) or self._running
        running = self._running
        if running is not None:
            return [*events, *(self._completed(running, now) if running.take(line.text, line.cut) else [])]
        if known is None and line.kind is LineKind.TEXT:
            whole, self._cut_text = self._cut_text + line.text, f"{self._cut_text}{line.text}" if line.cut else ""
            is_secret = self._hides_text or (len(whole) > len(line.text) and may_hold_secret(whole))
            events.append(Logged(MASKED if is_secret else _shown(line)))
            if not self._is_ready:
                self._state.foreign(line.data, is_text=True)
        return events

    def _started(self, facts: Mapping[str, str], now: float) -> list[Event]:
        """The board starts again: a command that was under way has ended."""
        events: list[Event] = []
        if not self._is_starting:
            self._is_starting = True
            self._last_start.begin(self._wall(now))
            events = [*self._interrupted(now), *self._state.starting(now)]
        self._wake_at = now + START_S if not self._is_replayed else None
        if reason := facts.get("reset_reason"):
            events.append(Noticed("restarted", f"The board has started; the reason of the reset is {reason}."))
        return events

    def _interrupted(self, now: float) -> list[Event]:
        running, self._running = self._running, None
        self._is_ready = False
        self._polling.stop()
        events: list[Event] = []
        if running is not None and running.request.row.restarts:
            events += settled(running.request, "confirmed", "The board starts again.", running.answer())
        elif running is not None:
            why = f"The board started again while {running.request.row.name} ran."
            events += settled(running.request, "unreachable", why)
        if self._verify is not None:
            events += settled(self._verify[1], "unreachable", "The board started again after it was switched.")
            self._verify = None
        return events

    # --- answers -------------------------------------------------------------------------------

    def _completed(self, running: RunningCommand, now: float) -> list[Event]:
        """The answer of the running command is complete."""
        self._running = None
        self._hides_text = False
        self._counts["answers"] += 1
        self._round_trip_s = now - running.sent_at
        request, answer = running.request, running.answer()
        why_not = refusal(request.row, answer)
        events = self._answers.of(request, answer)
        if why_foreign := self._answers.why_foreign:
            events += self._state.foreign_plug(why_foreign, now)
        elif isinstance(answer, HardwareInfo):
            events += self._state.online(now)
        if request.relay is not None and not why_not:
            return events + self._switched(request, answer, now)
        if why_not:
            return events + settled(request, "refused", why_not, answer)
        text = running.text() if not request.show_secrets else ""
        return events + settled(request, "confirmed", text, answer, running.lines())

    def _switched(self, request: ConsoleRequest, answer: ConsoleAnswer, now: float) -> list[Event]:
        """The relay was switched; or its state was read to see whether it was."""
        if not request.row.relay and relay_of(answer) == request.relay:
            return settled(request, "confirmed", "")
        if request.tries == 1:
            state = "on" if request.relay else "off"
            return settled(request, "refused", f"The plug does not report the relay as {state}. {RELAY_WARNING}")
        tries = VERIFY_TRIES if request.row.relay else request.tries - 1
        look = own_request(self._polling.relay_line)
        following = msgspec.structs.replace(look, ticket=request.ticket, relay=request.relay, tries=tries)
        if request.row.relay:
            self._queue.add_first(following)
        else:
            self._verify = now + VERIFY_S, following
        return []

    # --- silence -------------------------------------------------------------------------------

    def _overdue(self, running: RunningCommand, now: float) -> list[Event]:
        """The time of the running command is up: with what it has, or without an answer."""
        if running.expires > now or (running.has_lines and not running.request.row.restarts):
            return self._completed_late(running, now)
        self._running = None
        self._counts["timeouts"] += 1
        request = running.request
        if request.row.restarts:
            waited = running.expires - running.sent_at
            return settled(request, "timeout", f"The board did not start again within {waited:.0f} s.")
        self._is_ready = False
        self._hides_text |= reads_secret(request.line)
        self._polling.stop()
        events = settled(request, "timeout", f"No answer to {request.row.name}. {CHECK}.")
        self._wake(now)
        return events

    def _completed_late(self, running: RunningCommand, now: float) -> list[Event]:
        """Without the prompt behind it, which was lost, or stands behind the last line."""
        events: list[Event] = []
        if running.expires <= now:
            for line in self._lines.close():
                text = line.text.removesuffix("$ ").removesuffix("$")
                events += self._late_line(msgspec.structs.replace(line, text=text))
        return [*events, *(self._completed(running, now) if self._running is running else [])]

    def _late_line(self, line: ConsoleLine) -> list[Event]:
        if line.kind is LineKind.NOISE:
            return self._noise(line)
        self._counts["frames_in"] += 1
        self._counts["frame_bytes"] += len(line.data)
        if self._running is not None and line.kind is LineKind.TEXT:
            self._running.take(line.text, line.cut)
        return []

    def _unanswered_wake(self, now: float) -> list[Event]:
        if self._state.forbids_typing(self._lines.held):
            self._wake_at = now + self._settings.wake_s
        else:
            self._wake(now)
        if self._is_starting:
            return self._start_ended()
        events = self._state.unanswered(now, self._lines.held)
        for request in self._queue.clear():
            events += settled(request, "unreachable", f"The console does not answer. {CHECK}.")
        return events

    def _end(self, reason: str, now: float) -> list[Event]:
        """The line is gone: every command settles."""
        events = [*self._received(self._lines.close(), now), *self._deferred.take()]
        waiting = [*self._queue.clear()]
        if self._running is not None:
            waiting.insert(0, self._running.request)
        if self._verify is not None:
            waiting.append(self._verify[1])
        for request in waiting:
            events += settled(request, "unreachable", reason)
        self._out.clear()
        return events


_COUNTERS = (
    "bytes_in",
    "frame_bytes",
    "noise_bytes",
    "frames_in",
    "frames_out",
    "log_lines",
    "cut_lines",
    "answers",
    "timeouts",
)


def _shown(line: ConsoleLine) -> str:
    """A line as it is passed on: without its end, and without secrets."""
    if line.log is not None and not may_hold_secret(line.text):
        return line.text
    return redact(None, line.text.encode()).decode("utf-8", "replace").strip()


def _overheard(text: str, now: float) -> RunningCommand | None:
    """A command that a replayed console shows by its echo."""
    row = command_of(" ".join(text.split()))
    if row is None:
        return None
    return RunningCommand(ConsoleRequest(row=row, line=" ".join(text.split())), now, float("inf"))
