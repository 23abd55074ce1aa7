"""The controller's end: what the ESP32 asks the MGM111 radio, and what the answers lead to.

    $f every 3 s until answered ─► $r, then $m, $i ─► $r every poll_s
                                     30 s without a reading ─► $j (no faster than every 30 s)
                                       j = 0: never provisioned    j = 1: joined, but the meter is silent
                                       no answer: $f ─► no answer: the radio is gone, $f every 3 s

One request is outstanding at a time; the protocol has no other way to match an answer than its letter. A repeated
reading and an ``e`` frame never count as the answer to a request, and an unrequested ``f`` confirms no reset.
Source: docs/protocols/emporia.md §1.2, §1.3 and, for what must not happen, §3.2.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.seconds import TimeLimit
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Out,
    Refusal,
    SessionCommand,
    Ticket,
    WireAction,
)
from unclouded.core.sessions.session_parts import DeferredEvents, Ids, Timers, earliest
from unclouded.families.emporia import commands, states
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaNoise
from unclouded.families.emporia.listener import StreamListener
from unclouded.families.emporia.pending_reset import PendingReset
from unclouded.families.emporia.radio_info import RadioInfo
from unclouded.families.emporia.reading_filter import ReadingFilter, reported
from unclouded.families.emporia.request_queue import EmporiaRequestQueue
from unclouded.families.emporia.shown_code import SHOW_CODE, ShownCode

PRODUCT = "mgm111"
FIRMWARE, POLL, SILENCE = "firmware", "poll", "silence"  # the timers


class HostSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The [session] table of Emporia profiles; all in seconds.

    ``rejoin_s``: silence of the meter before ``$j``, and the least time between two of them; two polls
    where that is longer, since one lost reading is not silence. ``gap_s``: longer for bridges that pause.
    """

    poll_s: Annotated[float, msgspec.Meta(ge=1)] = 15.0
    request_timeout_s: TimeLimit = 2.0
    firmware_retry_s: TimeLimit = 3.0
    rejoin_s: Annotated[float, msgspec.Meta(ge=30)] = 30.0
    gap_s: TimeLimit = 0.1


class HostSession:
    """One conversation with a radio; a ``session.Session``."""

    def __init__(self, settings: HostSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._rejoin_s = max(settings.rejoin_s, 2 * settings.poll_s)
        self._requests = EmporiaRequestQueue(settings.request_timeout_s)
        ids = Ids()
        self._reset = PendingReset(ids)
        self._code = ShownCode(ids)
        self._deferred = DeferredEvents()
        self._listener = StreamListener("device", settings.gap_s)
        self._counts = dict.fromkeys(_COUNTERS, 0)
        self._up = False
        self._deadline: float | None = None  # of all but the listener
        self._deadline_is_known = False
        self._begin(0.0)

    # --- Session -------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._end("the line was connected again", now) if self._up else []
        self._up = True
        self._begin(now)
        self._requests.add(commands.FIRMWARE)
        self._send(now)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        events = self._end(reason, now)
        self._up = False
        return [*events, states.offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self._received(self._listener.receive(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """Nothing here waits for the outcome of a datagram."""
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if isinstance(command, WireAction) and command.name == SHOW_CODE:
            ticket = self._code.issue(command, now)
            settled = self._code.begin(ticket, self._up)
            letters = self._info.letters_of_code().replace(self._requests.outstanding, "")
        else:
            ticket = self._reset.issue(command, now)
            settled, letters = self._reset.begin(ticket, self._up), commands.RESET
        self._deferred.add(settled, now)
        if not settled:
            for letter in reversed(letters):
                self._requests.add_first(letter)
            self._send(now)
        self._deadline_is_known = False
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """A radio asks nothing of the hub."""
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = self._received(self._listener.tick(now), now)
        events += self._unanswered(self._requests.overdue(now))
        for name in self._timers.due(now):
            self._due(name, now)
        events += [*self._reset.overdue(now), *self._code.overdue(now)]
        self._send(now)
        self._deadline_is_known = False
        return events + self._deferred.take()

    def deadline(self) -> float | None:
        if not self._deadline_is_known:
            self._deadline_is_known = True
            self._deadline = earliest(
                self._deferred.deadline(),
                self._timers.earliest(),
                self._requests.deadline(),
                self._reset.deadline(),
                self._code.deadline(),
            )
        at, gap_at = self._deadline, self._listener.deadline()
        return at if gap_at is None or (at is not None and at < gap_at) else gap_at

    def outgoing(self, now: float) -> list[Out]:
        return list(self._requests.outgoing())

    def stats(self) -> Mapping[str, float]:
        return {
            **self._listener.stats(),
            **self._counts,
            "timeouts": self._requests.timeouts,
            "round_trip_ms": round(self._requests.round_trip_s * 1000, 3),
        }

    # --- requests ------------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        """As after switching on; only counts stay."""
        self._requests.clear()
        self._timers = Timers()
        self._silent_from = now  # the newest reading, join or start: a join is due ``rejoin_s`` after it
        self._firmware: int | None = None
        self._info = RadioInfo()
        self._readings = ReadingFilter(soon_s=self._settings.poll_s / 4)
        self._state = states.MeterState(now)
        self._deadline_is_known = False

    def _end(self, reason: str, now: float) -> list[Event]:
        events = [*self._received(self._listener.close(), now), *self._deferred.take()]
        events += [*self._reset.unreachable(reason), *self._code.unreachable(reason)]
        self._begin(now)
        return events

    def _send(self, now: float) -> None:
        match self._requests.send(now):
            case "":
                return
            case commands.FIRMWARE:
                self._timers.set(FIRMWARE, now + self._settings.firmware_retry_s)
            case commands.INSTALL_CODE:
                self._info.code_requested(now)
            case commands.JOIN:
                self._expect_reading(now)
                self._counts["joins"] += 1
        self._counts["frames_out"] += 1
        self._deadline_is_known = False

    def _expect_reading(self, now: float) -> None:
        """Wait ``rejoin_s`` for a reading. The timer that runs is not moved: when it is due it looks again."""
        self._silent_from = now
        if self._timers.at(SILENCE) is None:
            self._timers.set(SILENCE, now + self._rejoin_s)
            self._deadline_is_known = False

    def _due(self, name: str, now: float) -> None:
        if name == FIRMWARE:
            self._requests.add(commands.FIRMWARE)
        elif name == POLL:
            self._timers.set(POLL, now + self._settings.poll_s)
            self._requests.add(commands.READING, *self._info.missing())
        elif now < self._silent_from + self._rejoin_s:
            self._timers.set(SILENCE, self._silent_from + self._rejoin_s)
        else:
            self._requests.add(commands.READING, commands.JOIN)  # a reading that arrives now makes the join needless

    def _unanswered(self, letter: str) -> list[Event]:
        if letter == commands.RESET:  # it has no answer: the radio must answer another request
            self._reset.sent()
            self._lose_radio()
            self._requests.add(commands.FIRMWARE)
        elif letter == commands.JOIN:
            self._requests.add_first(commands.FIRMWARE)
        elif letter == commands.INSTALL_CODE and self._code.is_wanted:
            self._requests.add_first(letter)
        elif letter == commands.FIRMWARE:
            self._lose_radio()
            return self._state.unanswered()
        return []

    def _lose_radio(self) -> None:
        """It may come back as another one: start again from its firmware."""
        self._firmware = None
        self._info.forget()
        self._requests.remove(commands.READING + commands.MAC + commands.INSTALL_CODE + commands.JOIN)
        self._timers.clear(POLL, SILENCE)

    # --- answers -------------------------------------------------------------------------------

    def _received(self, pieces: Sequence[EmporiaFrame | EmporiaNoise], now: float) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            if isinstance(piece, EmporiaNoise):
                events.append(self._info.rejected(piece.reason, piece.data, now))
                continue
            events += self._reading(piece.payload, now) if piece.type == commands.READING else self._answer(piece, now)
            if not self._requests.is_idle:
                self._send(now)
        return events

    def _answer(self, frame: EmporiaFrame, now: float) -> list[Event]:
        letter, payload = frame.type, frame.payload
        if letter == commands.ALERT:  # never requested, of unknown meaning; seen on poor radio links
            self._counts["alerts"] += 1
            return []
        is_answer = self._answers(letter, now)
        self._deadline_is_known = False
        match letter:
            case commands.FIRMWARE:
                return self._present(payload[0], is_answer, now)
            case commands.JOIN:
                return self._joined(payload[0], now)
            case commands.MAC:
                return self._info.mac(payload)
        return [*self._info.install_code(payload), *self._code.received(payload, self._info.mac_text)]

    def _answers(self, letter: str, now: float) -> bool:
        """Is it the answer to the outstanding request?"""
        if self._requests.answered(letter, now):
            self._deadline_is_known = False
            return True
        self._counts["unasked"] += 1
        return False

    def _present(self, firmware: int, is_answer: bool, now: float) -> list[Event]:
        """The radio reports its firmware version."""
        self._timers.clear(FIRMWARE)
        is_new, self._firmware = self._firmware is None, firmware
        events: list[Event] = []
        if is_new:
            events += self._start_polling(firmware, now)
        elif self._is_silent(now) and not self._reset.is_sent:
            events += self._state.waiting(states.JOIN_UNANSWERED)
        if is_answer:
            events += self._reset.proved()
        elif self._reset.is_sent:
            self._requests.add(commands.FIRMWARE)
        return events

    def _start_polling(self, firmware: int, now: float) -> list[Event]:
        events = self._state.waiting(states.FIRST_READING)
        self._timers.set(POLL, now + self._settings.poll_s)
        self._expect_reading(now)
        self._requests.add(commands.READING, *self._info.missing())
        return events + self._info.add({"product": PRODUCT, "firmware": str(firmware)})

    def _joined(self, value: int, now: float) -> list[Event]:
        if not self._is_silent(now):
            return []
        return self._state.waiting(states.silent(value != 0, self._firmware, self._readings.problem))

    def _reading(self, payload: bytes, now: float) -> Sequence[Event]:
        try:
            reading = self._readings.take(payload, now)
        except WireError as error:
            self._answers(commands.READING, now)
            self._counts["useless"] += 1
            return [self._info.rejected(str(error), payload, now)]
        if reading is None:
            self._counts["duplicates"] += 1
            return ()
        self._answers(commands.READING, now)
        self._counts["readings"] += 1
        self._expect_reading(now)
        self._requests.remove(commands.JOIN)
        if reading.registers.partial:
            self._counts["partial"] += 1
        events = self._state.online(now)
        events.append(reported(reading))
        return events

    def _is_silent(self, now: float) -> bool:
        read_at = self._readings.read_at
        return read_at is None or now >= read_at + self._rejoin_s


_COUNTERS = ("frames_out", "joins", "readings", "duplicates", "useless", "partial", "unasked", "alerts")
