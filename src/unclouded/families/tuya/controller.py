"""Which dialect does the MCU speak? Listens, tries both, and hands the line to the session that fits.

    up ─► the ordinary module begins: 00 each second ──00 answered, 07 …──► ordinary
            three in vain: 01 as well, every 3 s
            ├─ 01 answered with version 0, and 00 still not ──► battery device
            └─ 05, 06, 08, 10 … as only battery devices say them ──► battery device

A battery device is remembered: after a restart it counts as asleep, not as gone. A decision is taken back
where the ordinary MCU falls silent, or the battery device says what none would.
Until it is taken, bytes are cut at the frame that settles it: what comes before it is the ordinary module's,
it and the rest are the other's, however the bytes were chunked. Source: docs/protocols/tuya_low_power.md §4.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.session import (
    Advanced,
    Ambient,
    Answer,
    Asked,
    AskTime,
    Event,
    Failure,
    Identified,
    LinkPath,
    LocalTime,
    Offline,
    Out,
    Refusal,
    Remember,
    Session,
    SessionCommand,
    Settled,
    Ticket,
    Waiting,
)
from unclouded.core.session_parts import earliest
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.low_power.codes import PRODUCT, RECORD, REPORT, STATUS
from unclouded.families.tuya.low_power.commands import LOW_POWER, read_low
from unclouded.families.tuya.low_power.module import NO_TIME, LowModule
from unclouded.families.tuya.messages import Bare, Unknown, frame_of
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.commands import WIFI, read_message
from unclouded.families.tuya.wifi.module import WifiModule

FIRST_TRY = 3.5  # s of heartbeats in vain before 01 is tried as well
NEXT_TRY = 3.0  # s between two tries
HEARTBEATS = 1.5  # s that an MCU which answered 01 has to answer a heartbeat after all; one is sent each second
QUESTIONS = 256  # that may wait for the house; a session lets go of its own before
MEMORY = "dialect"
LOW = "low_power"

GAUGES = frozenset({"held_bytes", "round_trip_ms"})

SILENT = "The MCU does not answer"
OR_ASLEEP = "Or it is a battery device that sleeps: it is asked as one too."
CHANGED = frozenset({Settled, Advanced, Asked, Waiting})
NO_HEARTBEAT = "answers 01 with version 0 and no heartbeat"


def controller(settings: LineSettings, ambient: Ambient) -> Session:
    """The module's end for one device, as its settings say."""
    match settings.dialect:
        case "normal":
            return WifiModule(settings, ambient)
        case "low_power":
            return LowModule(settings, ambient, "as configured")
    return DetectingModule(settings, ambient)


class DetectingModule:
    """A session in the controller role: one of the two, and which one is found out."""

    def __init__(self, settings: LineSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._ambient = ambient
        self._remembered = ambient.memory.get(MEMORY, b"") == LOW.encode()
        self._path: LinkPath | None = None
        self._is_low = False
        self._inner: Session = WifiModule(settings, ambient)
        self._decided = False
        self._watch = self._new_watch()
        self._tail = b""  # heard, but the watch cannot say yet what it is
        self._try_at: float | None = None
        self._decide_at: float | None = None
        self._tries: list[Out] = []
        self._outs: list[Out] = []
        self._spoke_at = float("-inf")
        self._number = 0
        self._tickets: dict[Ticket, Ticket] = {}  # the inner session's -> ours
        self._questions: dict[int, int] = {}  # ours -> the inner session's
        self._time_asked = 0  # our own question
        self._time = NO_TIME
        self._past: Counter[str] = Counter()  # what former inner sessions counted
        if self._remembered:
            self._become_low("remembered")

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._settle_watch(now) if self._path is not None else []
        self._path = path
        self._outs.clear()
        if not self._is_low:
            self._doubt(now)
            self._number += 1
            self._time_asked = self._number  # a battery device's first word may be a record in local time
            events.append(Asked(self._time_asked, AskTime()))
        return [*events, *self._tell(self._inner.up(path, now))]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._path is None or path != self._path.name:
            return self._tell(self._inner.down(path, reason, now))
        events = self._settle_watch(now)
        self._path = None
        self._try_at = self._decide_at = None
        self._tries.clear()
        self._outs.clear()
        events += self._tell(self._inner.down(path, reason, now))
        self._questions.clear()
        return events

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if self._decided:
            return self._hear(data, now)
        self._tail += data
        return self._look(self._watch.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:  # bytes have no fate here
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        ticket = self._inner.submit(command, now)
        self._number += 1
        self._tickets[ticket] = self._number
        return self._number

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        inner = self._questions.pop(id, None)
        if id == self._time_asked and isinstance(value, LocalTime):
            self._time = value
        return () if inner is None else self._tell(self._inner.answer(inner, value, now))

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        if not self._decided:
            events += self._look(self._watch.tick(now), now)
        if self._decide_at is not None and self._decide_at <= now:
            events += self._turn(now)
        if self._try_at is not None and self._try_at <= now and self._path is not None:
            self._try_at = now + NEXT_TRY
            self._tries.append(Out(bytes(frame_of(Bare(PRODUCT))), path=self._path.name))
        events += self._run(now)
        self._pump(now)
        return events

    def deadline(self) -> float | None:
        watch = None if self._decided else self._watch.deadline()
        speak = self._spoke_at + self._settings.minimum_gap_s if self._tries else None
        return earliest(watch, self._decide_at, self._try_at, speak, self._inner.deadline())

    def outgoing(self, now: float) -> list[Out]:
        self._pump(now)
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> Mapping[str, float]:
        inner = self._inner.stats()
        counted = {key: value + self._past[key] for key, value in inner.items() if key not in GAUGES}
        return {
            **self._past,
            **inner,
            **counted,
            "bytes_in": counted["bytes_in"] + len(self._tail),
            "held_bytes": inner["held_bytes"] + len(self._tail),
        }

    # --- finding out -----------------------------------------------------------------------------

    def _look(self, pieces: Sequence[Frame | Noise], now: float) -> list[Event]:
        """Hand on what is settled, up to the frame that tells which dialect it is."""
        events: list[Event] = []
        for piece in pieces:
            data = bytes(piece) if isinstance(piece, Frame) else piece.data
            verdict = self._verdict(piece, now) if isinstance(piece, Frame) else ""
            if verdict:
                rest, self._tail = self._tail, b""
                if verdict != WIFI.name:
                    events += self._swap_to_low(verdict, now)
                else:
                    self._decide()
                return [*events, *self._hear(rest, now)]
            self._tail = self._tail[len(data) :]
            events += self._hear(data, now)
        return events

    def _verdict(self, frame: Frame, now: float) -> str:
        """What the frame proves: "wifi", or why it is a battery device; "" = nothing yet."""
        if frame.version or (frame.command == 0x00 and frame.payload):
            return WIFI.name
        message = read_low("device", frame)
        if frame.command == PRODUCT and not isinstance(message, Unknown):
            if self._decide_at is None:
                self._decide_at = now + HEARTBEATS
            return ""
        return _proof(message, read_message("device", frame), frame)

    def _turn(self, now: float) -> list[Event]:
        """01 was answered, and no heartbeat since; or the battery device was none."""
        self._decide_at = None
        if self._is_low:
            return self._swap_to_normal(now)
        rest, self._tail = self._tail, b""
        return [*self._swap_to_low(NO_HEARTBEAT, now), *self._hear(rest, now)]

    def _swap_to_low(self, why: str, now: float) -> list[Event]:
        events = self._drop(now)
        self._become_low(why)
        if not self._remembered:
            self._remembered = True
            events.append(Remember(MEMORY, LOW.encode()))
        return [*events, *self._begin(now)]

    def _swap_to_normal(self, now: float) -> list[Event]:
        events = self._drop(now)
        self._inner = WifiModule(self._settings, self._ambient)
        self._is_low = self._remembered = False
        self._doubt(now)
        return [*events, Remember(MEMORY, b""), *self._begin(now)]

    def _begin(self, now: float) -> list[Event]:
        if self._path is None:
            return []
        if isinstance(self._inner, LowModule):
            self._inner.hush(self._spoke_at + self._settings.minimum_gap_s)
        return self._tell(self._inner.up(self._path, now))

    def _drop(self, now: float) -> list[Event]:
        """The session that does not fit lets go; what it says of that is of no use but the fate of its wishes."""
        name = self._path.name if self._path is not None else ""
        events = self._tell(self._inner.down(name, "it speaks another dialect", now))
        events += self._tell(self._inner.tick(now))
        for key, value in self._inner.stats().items():
            if key not in GAUGES:
                self._past[key] += int(value)
        self._questions.clear()
        self._tickets.clear()
        return [event for event in events if not isinstance(event, Offline | Asked)]

    def _become_low(self, why: str) -> None:
        self._inner = LowModule(self._settings, self._ambient, why, self._time)
        self._is_low = True
        self._decide()

    def _decide(self) -> None:
        self._decided = True
        self._try_at = self._decide_at = None

    def _doubt(self, now: float) -> None:
        """Nothing is known (any more): watch, and try 01 where heartbeats are in vain."""
        self._decided = False
        self._watch = self._new_watch()
        self._decide_at = None
        self._try_at = now + FIRST_TRY

    def _new_watch(self) -> Framer:
        return Framer((WIFI.shapes, LOW_POWER.shapes), gap=self._settings.frame_gap_s)

    def _settle_watch(self, now: float) -> list[Event]:
        return [] if self._decided else self._look(self._watch.close(), now)

    # --- in between ------------------------------------------------------------------------------

    def _hear(self, data: bytes, now: float) -> list[Event]:
        if not data or self._path is None:
            return []
        events: list[Event] = []
        for event in self._tell(self._inner.receive(data, now, self._path.name)):
            events.append(event)
            if self._is_low and type(event) is Identified:
                events.append(Remember(MEMORY, LOW.encode()))  # under the name that it has now
        if isinstance(self._inner, LowModule) and self._inner.foreign and self._decide_at is None:
            self._decide_at = now
        return events

    def _pump(self, now: float) -> None:
        """What the inner session says, and our own 01 where it says nothing for as long as two frames are apart."""
        said = self._inner.outgoing(now)
        if said:
            self._outs += said
            self._spoke_at = now
        while self._tries and now >= self._spoke_at + self._settings.minimum_gap_s:
            self._outs.append(self._tries.pop(0))
            self._past["frames_out"] += 1
            self._spoke_at = now

    def _run(self, now: float) -> list[Event]:
        """The inner session's tick; where the ordinary MCU falls silent it may have been another's line all along."""
        events = self._tell(self._inner.tick(now))
        if self._decided and not self._is_low and any(isinstance(event, Offline) for event in events):
            self._doubt(now)
        return events

    def _tell(self, events: Sequence[Event]) -> list[Event]:
        """Events as ours."""
        return [self._told(event) if type(event) in CHANGED else event for event in events]

    def _told(self, event: Event) -> Event:
        match event:
            case Waiting(reason=reason) if reason.startswith(SILENT) and not self._decided:
                return msgspec.structs.replace(event, reason=f"{reason} {OR_ASLEEP}")
            case Settled(ticket=ticket):
                return msgspec.structs.replace(event, ticket=self._tickets.pop(ticket, ticket))
            case Advanced(ticket=ticket):
                return msgspec.structs.replace(event, ticket=self._tickets.get(ticket, ticket))
            case Asked(id=id):
                self._number += 1
                self._questions[self._number] = id
                if len(self._questions) > QUESTIONS:
                    del self._questions[next(iter(self._questions))]
                return msgspec.structs.replace(event, id=self._number)
        return event


def _proof(low: Message, normal: Message, frame: Frame) -> str:
    """ "wifi", or why this frame can be a battery device's only; "" = it can be either's."""
    if isinstance(low, Unknown):
        return "" if isinstance(normal, Unknown) else WIFI.name
    if frame.command in (PRODUCT, STATUS):
        return ""
    if frame.command == REPORT:
        return "reports with 05 and version 0"
    if frame.command == RECORD:
        return "reports records with 08 and version 0"
    if isinstance(normal, Unknown):
        return f"says {frame.command:02x} with version 0 as only battery devices do"
    return ""
