"""Which dialect does the MCU use? Receives, tries both, and is replaced by the session that fits.

    up ─► the ordinary module begins: 00 each second ──a version above 0, 07 …──► ordinary
            three in vain: 01 as well, every 3 s
            ├─ 01 answered with version 0, and 00 still not ──► battery device
            └─ 05, 06, 08, 10 … as only battery devices send them ──► battery device
            00 answered with version 0: an old MCU, or a battery device that answers 00 as well: go on, without 01

    Detection ──ordinary──► Endpoint[WifiModule] ──falls silent, or a new connection──► Detection
        └─────battery─────► Endpoint[LowModule] ───sends what none would──────────────► Detection

A battery device is remembered: after a restart it counts as asleep, not as gone. All sessions of one device share its
ids and counters, so tickets and questions stay valid and statistics never fall.
Until it is decided, bytes are cut at the frame that settles it: what comes before it is the ordinary module's,
it and the rest are the other's, however the bytes were chunked. Source: docs/protocols/tuya_low_power.md §4.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Asked,
    AskTime,
    Event,
    Failure,
    LinkPath,
    LocalTime,
    Offline,
    Out,
    Refusal,
    Remember,
    Replaced,
    Session,
    SessionCommand,
    Ticket,
    Waiting,
)
from unclouded.core.sessions.session_parts import Ids, earliest, succeed
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import Endpoint, Pieces, Role
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.low_power import codes as low_codes
from unclouded.families.tuya.low_power.commands import LOW_POWER, read_low
from unclouded.families.tuya.low_power.module import NO_TIME, LowModule, low_module
from unclouded.families.tuya.messages import Bare, Unknown, frame_of
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI, read_message
from unclouded.families.tuya.wifi.module.module import WifiModule, wifi_module

FIRST_PROBE_S = 3.5  # of heartbeats in vain before 01 is tried as well
PROBE_PERIOD_S = 3.0  # between two tries
HEARTBEAT_TIMEOUT_S = 1.5  # for an MCU that answered 01 to answer a heartbeat after all; one is sent each second
MEMORY = "dialect"
LOW = "low_power"

SILENT = "The MCU does not answer"
OR_ASLEEP = "Or it is a battery device that sleeps: it is asked as one too."
NO_HEARTBEAT = "answers 01 with version 0 and no heartbeat"
OTHER_DIALECT = "it uses another dialect"

Old = TypeVar("Old", bound=Role)
New = TypeVar("New", bound=Role)


def controller(settings: LineSettings, ambient: Ambient) -> Session:
    """The module's end for one device, as its settings say."""
    match settings.dialect:
        case "normal":
            return wifi_module(settings, ambient)
        case "low_power":
            return low_module(settings, ambient, "as configured")
    device = DialectMemory(settings, ambient)
    return device.low_power("remembered") if device.is_low_power else Detection(device, device.ordinary())


class DialectMemory:
    """What the sessions of one device share.

    ``is_low_power``: what is remembered. ``is_ordinary``: on this connection it turned out to be no battery device.
    ``time``: as the hub answered.
    """

    def __init__(self, settings: LineSettings, ambient: Ambient) -> None:
        self.settings = settings
        self.is_low_power = ambient.memory.get(MEMORY, b"") == LOW.encode()
        self.is_ordinary = False
        self.time = NO_TIME
        self._ambient = ambient
        self._ids = Ids()
        self._counts: Counter[str] = Counter()

    def ordinary(self) -> Endpoint[WifiModule]:
        """The session of the ordinary line."""
        return wifi_module(self.settings, self._ambient, self._ids, self._counts)

    def low_power(self, why: str) -> Endpoint[LowModule]:
        """The session of the low-power line, and ``why``; the dialect is remembered under the device's identity."""
        identified = (Remember(MEMORY, LOW.encode()),)  # under the identity that the device has from then on
        endpoint = low_module(
            self.settings,
            self._ambient,
            why,
            self.time,
            identified=identified,
            ids=self._ids,
            counts=self._counts,
        )
        endpoint.handover = _ToOrdinary(self, endpoint)
        return endpoint

    def know_time(self, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The answer to the question for the time; a refusal changes nothing."""
        if isinstance(value, LocalTime):
            self.time = value
        return ()


class Detection:
    """A Session in the controller role while the dialect is not decided: the ordinary module's, watched."""

    def __init__(self, device: DialectMemory, ordinary: Endpoint[WifiModule], now: float = 0.0) -> None:
        ordinary.handover = None
        ordinary.role.recognise(False)
        self._device = device
        self._ordinary = ordinary
        self._tail = b""  # received, but the watch has not settled yet what it is
        self._probe_at: float | None = None
        self._decide_at: float | None = None
        self._answers_heartbeats = False
        self._watch = self._new_watch()
        self._watch_anew(now)

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._device.is_ordinary = False  # another device may be on the new connection
        session, events = self._look(self._watch.close(), now)
        if session is not self:  # what was half received on the old connection has decided it
            session, more = succeed(session, session.up(path, now))
            return [*events, *more, Replaced(session)]
        events += self._annotated(self._ordinary.up(path, now))
        self._watch_anew(now)
        return [*events, *self.ask_time(now)]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._ordinary.path is None or path != self._ordinary.path.name:
            return self._ordinary.down(path, reason, now)
        session, events = self._look(self._watch.close(), now)
        if session is not self:
            return [*events, *session.down(path, reason, now), Replaced(session)]
        self._probe_at = self._decide_at = None
        return [*events, *self._ordinary.down(path, reason, now)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._tail += data
        session, events = self._look(self._watch.feed(data, now), now)
        return events if session is self else [*events, Replaced(session)]

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:  # bytes have no outcome
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        return self._ordinary.submit(command, now)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return self._ordinary.answer(id, value, now)

    def tick(self, now: float) -> Sequence[Event]:
        session, events = self._look(self._watch.tick(now), now)
        if session is self and self._decide_at is not None and self._decide_at <= now:
            rest, self._tail = self._tail, b""
            session, more = self._become_low_power(NO_HEARTBEAT, rest, now)
            events += more
        if session is not self:
            session, ticked = succeed(session, session.tick(now))
            return [*events, *ticked, Replaced(session)]
        if self._probe_at is not None and self._probe_at <= now:
            self._probe_at = now + PROBE_PERIOD_S
            self._ordinary.parts.queue.answer(bytes(frame_of(Bare(low_codes.PRODUCT))))  # waits for no answer
        ticked = self._annotated(self._ordinary.tick(now))
        if self._answers_heartbeats and any(isinstance(event, Offline) for event in ticked):
            self._answers_heartbeats = False
            self._probe_at = now + FIRST_PROBE_S
        return [*events, *ticked]

    def deadline(self) -> float | None:
        return earliest(self._watch.deadline(), self._decide_at, self._probe_at, self._ordinary.deadline())

    def outgoing(self, now: float) -> list[Out]:
        return self._ordinary.outgoing(now)

    def stats(self) -> Mapping[str, float]:
        stats = self._ordinary.stats()
        tail = len(self._tail)
        return {**stats, "bytes_in": stats["bytes_in"] + tail, "held_bytes": stats["held_bytes"] + tail}

    def ask_time(self, now: float) -> Sequence[Event]:
        """The first frame of a battery device may be a record in local time."""
        return self._ordinary.parts.questions.ask(AskTime(), self._device.know_time, now)

    # --- inside ----------------------------------------------------------------------------------

    def _watch_anew(self, now: float) -> None:
        """Nothing is known (any more): watch, and try 01 where heartbeats are in vain."""
        self._answers_heartbeats = False
        self._watch = self._new_watch()
        self._tail = b""
        self._decide_at = None
        self._probe_at = now + FIRST_PROBE_S if self._ordinary.path is not None else None

    def _new_watch(self) -> Framer:
        return Framer((WIFI.shapes, LOW_POWER.shapes), gap=self._device.settings.frame_gap_s)

    def _look(self, pieces: Pieces, now: float) -> tuple[Session, list[Event]]:
        """Hand on what is settled, up to the frame that proves a dialect. The session that goes on, and the events."""
        events: list[Event] = []
        for piece in pieces:
            data = bytes(piece) if isinstance(piece, Frame) else piece.data
            verdict = self._verdict(piece, now) if isinstance(piece, Frame) else ""
            if verdict:
                rest, self._tail = self._tail, b""
                session, more = self._decide(verdict, rest, now)
                return session, [*events, *more]
            self._tail = self._tail[len(data) :]
            events += self._annotated(self._ordinary.receive(data, now))
        return self, events

    def _verdict(self, frame: Frame, now: float) -> str:
        """What the frame proves: "wifi", or why it is a battery device; "" = nothing yet."""
        if frame.version:
            return WIFI.name
        if frame.command == codes.HEARTBEAT and frame.payload:  # some battery devices answer it as well
            self._answers_heartbeats = True
            self._probe_at = self._decide_at = None
            return ""
        message = read_low("device", frame)
        if frame.command == low_codes.PRODUCT and not isinstance(message, Unknown):
            if self._device.is_ordinary:
                return WIFI.name
            if self._decide_at is None and not self._answers_heartbeats:
                self._decide_at = now + HEARTBEAT_TIMEOUT_S
            return ""
        return _proof(message, read_message("device", frame), frame)

    def _decide(self, verdict: str, rest: bytes, now: float) -> tuple[Session, list[Event]]:
        if verdict != WIFI.name:
            return self._become_low_power(verdict, rest, now)
        self._ordinary.handover = _ToDetection(self._device, self._ordinary)
        self._ordinary.role.recognise(True)
        return self._ordinary, list(self._ordinary.receive(rest, now))

    def _become_low_power(self, why: str, rest: bytes, now: float) -> tuple[Session, list[Event]]:
        self._decide_at = self._probe_at = None
        session = self._device.low_power(why)
        events: list[Event] = [] if self._device.is_low_power else [Remember(MEMORY, LOW.encode())]
        self._device.is_low_power = True
        return session, [*events, *_hand_over(self._ordinary, session, now), *session.receive(rest, now)]

    def _annotated(self, events: Sequence[Event]) -> list[Event]:
        return [
            msgspec.structs.replace(event, reason=f"{event.reason} {OR_ASLEEP}")
            if isinstance(event, Waiting) and event.reason.startswith(SILENT)
            else event
            for event in events
        ]


class _ToDetection:
    """A Handover: an ordinary MCU that falls silent, or comes back, may be another device."""

    def __init__(self, device: DialectMemory, ordinary: Endpoint[WifiModule]) -> None:
        self._device = device
        self._ordinary = ordinary

    def opened(self, now: float) -> Sequence[Event]:
        detection = Detection(self._device, self._ordinary, now)
        return [*detection.ask_time(now), Replaced(detection)]

    def ticked(self, events: Sequence[Event], now: float) -> Sequence[Event]:
        if not any(isinstance(event, Offline) for event in events):
            return events
        return [*events, Replaced(Detection(self._device, self._ordinary, now))]


class _ToOrdinary:
    """A Handover: a battery device that sends what none would is none."""

    def __init__(self, device: DialectMemory, low_power: Endpoint[LowModule]) -> None:
        self._device = device
        self._low_power = low_power

    def opened(self, now: float) -> Sequence[Event]:
        return ()

    def ticked(self, events: Sequence[Event], now: float) -> Sequence[Event]:
        if not self._low_power.role.foreign:
            return events
        self._device.is_low_power, self._device.is_ordinary = False, True
        ordinary = self._device.ordinary()
        handed = _hand_over(self._low_power, ordinary, now)
        detection = Detection(self._device, ordinary, now)
        return [*events, Remember(MEMORY, b""), *handed, *detection.tick(now), Replaced(detection)]


def _hand_over(old: Endpoint[Old], new: Endpoint[New], now: float) -> list[Event]:
    """Open ``new`` in the place of ``old``, which does not fit: its commands settle, and what it had put on the line
    goes out before anything else."""
    outs, old.parts.line.outs = old.parts.line.outs, []
    path, free_at, old.handover = old.path, old.parts.queue.free_at, None
    events = [*old.down(path.name if path is not None else "", OTHER_DIALECT, now), *old.tick(now)]
    kept: list[Event] = [event for event in events if not isinstance(event, Offline | Asked)]
    new.parts.queue.hush(free_at)
    if path is not None:
        kept += new.up(path, now)
        new.parts.line.outs += outs
    return kept


def _proof(low: Message, normal: Message, frame: Frame) -> str:
    """ "wifi", or why this frame can be a battery device's only; "" = it can be either's."""
    if isinstance(low, Unknown):
        return "" if isinstance(normal, Unknown) else WIFI.name
    if frame.command in (low_codes.PRODUCT, low_codes.STATUS):
        return ""
    if frame.command == low_codes.REPORT:
        return "reports with 05 and version 0"
    if frame.command == low_codes.RECORD:
        return "reports records with 08 and version 0"
    if isinstance(normal, Unknown):
        return f"sends {frame.command:02x} with version 0 as only battery devices do"
    return ""
