"""The controller's end: what the ESP32 says to the MGM111 radio, and what it makes of the answers.

    $f every 3 s until answered ─► $r, then $m, $i ─► $r every poll_s
                                     30 s without a reading ─► $j (no faster than every 30 s)
                                       j = 0: never provisioned    j = 1: joined, but the meter is silent
                                       no answer: $f ─► no answer: the radio is gone, $f every 3 s

One request is outstanding at a time and answers are told apart by their letter only. A repeated
reading and an ``e`` frame never count as the answer to a request.
Source: docs/protocols/emporia.md §1.2, §1.3 and, for what must not happen, §3.2.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    Identified,
    LinkPath,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    Reported,
    SessionCommand,
    Ticket,
    Waiting,
    WireAction,
)
from unclouded.core.session_parts import DeferredEvents, Tickets, Timers, earliest
from unclouded.families.emporia import install_code, states
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaNoise
from unclouded.families.emporia.listener import StreamListener
from unclouded.families.emporia.meter import ReadingFilter
from unclouded.families.emporia.reading import MeterReading
from unclouded.families.emporia.request_queue import EmporiaRequestQueue

PRODUCT = "mgm111"
RESET = "reset_radio"
CODE_ATTEMPTS = 3  # requests for the install code before we do without
CODE_WINDOW = 10.0  # s after asking for the install code in which any stray byte may belong to it
RESET_PATIENCE = 30.0  # s for the radio to answer again after a reset

_Positive = Annotated[float, msgspec.Meta(gt=0)]


class HostSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The [session] table of Emporia profiles; all in seconds.

    ``rejoin_s``: silence of the meter before ``$j``, and the least time between two of them; two polls
    where that is longer, since one lost reading is no silence. ``gap_s``: longer for bridges that pause.
    """

    poll_s: Annotated[float, msgspec.Meta(ge=1)] = 15.0
    request_timeout_s: _Positive = 2.0
    firmware_retry_s: _Positive = 3.0
    rejoin_s: Annotated[float, msgspec.Meta(ge=30)] = 30.0
    gap_s: _Positive = 0.1


class HostSession:
    """One conversation with a radio; a ``session.Session``."""

    def __init__(self, settings: HostSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._rejoin = max(settings.rejoin_s, 2 * settings.poll_s)
        self._asker = EmporiaRequestQueue(settings.request_timeout_s)
        self._tickets = Tickets()
        self._reset: Ticket | None = None  # the wish to reset the radio
        self._reset_sent = False  # and whether $d is out, so that the next $f proves something
        self._later = DeferredEvents()
        self._ear = StreamListener("device", settings.gap_s)
        self._counts = dict.fromkeys(_COUNTERS, 0)
        self._up = False
        self._begin()

    # --- Session -------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._end("the line was made anew", now) if self._up else []
        self._up, self._up_at = True, now
        self._asker.want("f")
        self._send(now)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        events = self._end(reason, now)
        self._up = False
        return [*events, Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self._heard(self._ear.hear(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if not isinstance(command, WireAction):
            raise CommandError("A meter has nothing that can be set.")
        if command.name != RESET or command.part:
            raise CommandError(f"An Emporia radio knows no action but {RESET}, not {command.name!r}.")
        ticket = self._tickets.issue(now + RESET_PATIENCE)
        if not self._up:
            self._later.add(self._tickets.settle(ticket, "unreachable", "there is no line to the radio"), now)
        elif self._reset is not None:
            self._later.add(self._tickets.settle(ticket, "refused", "a reset is under way"), now)
        else:
            self._reset, self._reset_sent = ticket, False
            self._asker.want_first("d")
            self._send(now)
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = self._heard(self._ear.tick(now), now)
        events += self._unanswered(self._asker.overdue(now))
        for name in self._timers.due(now):
            self._due(name, now)
        for ticket in self._tickets.overdue(now):
            self._reset = None
            events += self._tickets.settle(ticket, "timeout", states.RESET_UNANSWERED)
        self._send(now)
        return events + self._later.take()

    def deadline(self) -> float | None:
        return earliest(
            self._later.deadline(),
            self._timers.earliest(),
            self._asker.deadline(),
            self._ear.deadline(),
            self._tickets.earliest(),
        )

    def outgoing(self, now: float) -> list[Out]:
        return list(self._asker.outgoing())

    def stats(self) -> Mapping[str, float]:
        return {
            **self._ear.stats(),
            **self._counts,
            "timeouts": self._asker.timeouts,
            "round_trip_ms": round(self._asker.round_trip * 1000, 3),
        }

    # --- asking --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """As after switching on; only counts stay."""
        self._asker.forget_all()
        self._timers = Timers()
        self._firmware: int | None = None
        self._info: dict[str, str] = {}
        self._code_attempts = 0
        self._code_asked_at = float("-inf")
        self._up_at = 0.0
        self._meter = ReadingFilter(soon=self._settings.poll_s / 4)
        self._state = ""  # ONLINE, or why not: the reason of the last Waiting or Offline

    def _end(self, reason: str, now: float) -> list[Event]:
        events = [*self._heard(self._ear.close(), now), *self._later.take()]
        events += self._tickets.settle_all("unreachable", reason)
        self._reset = None
        self._begin()
        return events

    def _send(self, now: float) -> None:
        match self._asker.send(now):
            case "":
                return
            case "f":
                self._timers.set("firmware", now + self._settings.firmware_retry_s)
            case "i":
                self._code_attempts += 1
                self._code_asked_at = now
            case "j":
                self._timers.set("silent", now + self._rejoin)
                self._counts["joins"] += 1
        self._counts["frames_out"] += 1

    def _due(self, name: str, now: float) -> None:
        match name:
            case "firmware":
                self._asker.want("f")
            case "poll":
                self._timers.set("poll", now + self._settings.poll_s)
                self._asker.want("r", *self._unknown())
            case "silent":
                self._asker.want("r", "j")  # a reading that comes now makes the join needless

    def _unknown(self) -> list[str]:
        """What the radio has not told of itself."""
        code = "install_code" not in self._info and self._code_attempts < CODE_ATTEMPTS
        return ["m"] * ("mac" not in self._info) + ["i"] * code

    def _unanswered(self, letter: str) -> list[Event]:
        match letter:
            case "d":  # it has no answer: ask for a sign of life
                self._reset_sent = True
                self._lose_radio()
                self._asker.want("f")
            case "j":
                self._asker.want_first("f")
            case "f":
                reason = states.NO_FIRMWARE if self._state in ("", states.NO_FIRMWARE) else states.GONE
                self._lose_radio()
                return self._stuck(reason)
        return []

    def _lose_radio(self) -> None:
        """It may come back as another one: start again from its firmware."""
        self._firmware = None
        self._info = {}
        self._code_attempts = 0
        self._asker.forget("rmij")
        self._timers.clear("poll", "silent")

    # --- hearing -------------------------------------------------------------------------------

    def _heard(self, pieces: Sequence[EmporiaFrame | EmporiaNoise], now: float) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            if isinstance(piece, EmporiaNoise):
                events.append(Rejected(piece.reason, self._shown(piece.data, now)))
                continue
            events += self._answer(piece, now)
            self._send(now)
        return events

    def _shown(self, data: bytes, now: float) -> bytes:
        """The bytes for a Rejected; as zeros where they may hold an install code, or its readable tail."""
        return bytes(len(data)) if now < self._code_asked_at + CODE_WINDOW else install_code.blanked(data)

    def _answer(self, frame: EmporiaFrame, now: float) -> list[Event]:
        match frame.type:
            case "r":
                return self._reading(frame.payload, now)
            case "e":  # unasked, of unknown meaning; seen on poor radio links
                self._counts["alerts"] += 1
                return []
        if not self._asker.answered(frame.type, now):
            self._counts["unasked"] += 1
        match frame.type:
            case "f":
                return self._is_there(frame.payload[0], now)
            case "j":
                return self._joined(frame.payload[0], now)
            case "m":
                mac = frame.payload[::-1]
                return self._learned({"identity": mac.hex(), "mac": mac.hex(":")})
        return self._learned({"install_code": install_code.words(frame.payload)})

    def _is_there(self, firmware: int, now: float) -> list[Event]:
        self._timers.clear("firmware")
        known, self._firmware = self._firmware is not None, firmware
        if known:
            return self._stuck(states.JOIN_UNANSWERED) if self._is_silent(now) else []
        events = self._stuck(states.FIRST_READING)
        self._timers.set("poll", now + self._settings.poll_s)
        self._timers.set("silent", now + self._rejoin)
        self._asker.want("r", *self._unknown())
        events += self._learned({"product": PRODUCT, "firmware": str(firmware)})
        if self._reset is not None and self._reset_sent:
            events += self._tickets.settle(self._reset, "confirmed", states.RESET_DONE)
            self._reset = None
        return events

    def _joined(self, value: int, now: float) -> list[Event]:
        if not self._is_silent(now):
            return []
        return self._stuck(states.silent(value != 0, self._firmware, self._meter.trouble))

    def _learned(self, info: Mapping[str, str]) -> list[Event]:
        """News of the radio: told as soon as its identity is known, and again when more is."""
        before, self._info = self._info, {**self._info, **info}
        return [Identified(self._info)] if "identity" in self._info and before != self._info else []

    def _reading(self, payload: bytes, now: float) -> list[Event]:
        try:
            reading = self._meter.take(payload, now)
        except WireError as error:
            self._was_asked(now)
            self._counts["useless"] += 1
            return [Rejected(str(error), self._shown(payload, now))]
        if reading is None:
            self._counts["duplicates"] += 1
            return []
        self._was_asked(now)
        self._counts["readings"] += 1
        self._timers.set("silent", now + self._rejoin)
        self._asker.forget("j")
        online: list[Event] = [] if self._state == states.ONLINE else [Online()]
        self._state = states.ONLINE
        return [*online, self._reported(reading)]

    def _reported(self, reading: MeterReading) -> Reported:
        partial = reading.registers.partial
        if not partial:
            return Reported(reading.values)
        self._counts["partial"] += 1
        return Reported(reading.values, odd=dict.fromkeys(reading.values, f"the reading is incomplete: {partial}"))

    def _was_asked(self, now: float) -> None:
        self._counts["unasked"] += not self._asker.answered("r", now)

    def _is_silent(self, now: float) -> bool:
        read_at = self._meter.read_at
        return read_at is None or now >= read_at + self._rejoin

    def _stuck(self, reason: str) -> list[Event]:
        """Say once why there are no readings; Offline where a radio that answered does so no more."""
        if self._state == reason:
            return []
        self._state = reason
        if reason == states.GONE:
            return [Offline(reason)]
        since = self._up_at if self._meter.read_at is None else self._meter.read_at
        return [Waiting(reason, since)]


_COUNTERS = ("frames_out", "joins", "readings", "duplicates", "useless", "partial", "unasked", "alerts")
