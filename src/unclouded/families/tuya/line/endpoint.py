"""One end of a Tuya line as a session: all that depends neither on the dialect nor on the role.

    link ─► FramedLine ─► plain reports ─────────────────────────────────► events
                   └────► Role.received(frame) ─► queue, questions, timers, events
    RequestQueue ─► Role.sending(request) ─► FramedLine ─► link

An Endpoint is composed of EndpointParts and a Role. The parts are the line (framer and counters), the queue of
requests, timers, deferred events, questions to the hub and ids; the role decides what is sent and what a frame means.
Module and MCU of each dialect are one role each; a factory makes the endpoint (``wifi_module``, ``low_mcu`` …).

Most chunks of a line hold nothing but values that no request waits for. They change no deadline and send nothing, so
``outgoing`` and ``deadline`` answer from what was computed before; every other call makes them look again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from unclouded.core.sessions.session import (
    Answer,
    Asked,
    Event,
    Failure,
    LinkPath,
    Offline,
    Out,
    Question,
    Refusal,
    Rejected,
    SessionCommand,
    Ticket,
)
from unclouded.core.sessions.session_parts import DeferredEvents, Ids, Timers, count_noise, earliest
from unclouded.families.tuya.line.framing import GAP, Frame, Framer, Noise
from unclouded.families.tuya.line.redact import veil_piece
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.line.shapes import OVERHEAD, DialectShapes

NO_PATH = "there is no connection to the device"
NO_ANSWER_YET = "The hub did not answer in time."
QUESTIONS = 32  # questions to the hub that may be open
ZEROS = ("bytes_in", "frames_in", "frames_out", "frame_bytes", "noise_bytes")

Pieces = Sequence[Frame | Noise]
Then = Callable[[Answer | Refusal, float], Sequence[Event]]
Plain = Callable[[Pieces, int, float, list[Event]], int]


class FramedLine:
    """Bytes in both directions, framed and counted.

    ``path``: the name of the one that is up, None = none is. ``is_recorded``: a capture is replayed.
    """

    def __init__(self, dialect: DialectShapes, gap_s: float | None, counts: Counter[str]) -> None:
        self.path: str | None = None
        self.is_recorded = False
        self.outs: list[Out] = []
        self._counts = counts
        self._framer = Framer((dialect,), gap=gap_s)
        self.tick = self._framer.tick  # what is settled because the line is silent
        self.close = self._framer.close  # what was half received when the connection ended
        self.deadline = self._framer.deadline

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a frame."""
        return self._framer.held

    # --- received --------------------------------------------------------------------------------

    def feed(self, data: bytes, now: float) -> Pieces:
        """Bytes as they arrived at ``now``: the frames and noise that are whole with them."""
        self._counts["bytes_in"] += len(data)
        return self._framer.feed(data, now)

    def count(self, frames: int, payload_bytes: int) -> None:
        """Count frames that were received."""
        self._counts["frames_in"] += frames
        self._counts["frame_bytes"] += payload_bytes + frames * OVERHEAD

    def ignore(self, data: bytes, reason: str) -> None:
        """Count bytes that are not even looked at."""
        self._counts["bytes_in"] += len(data)
        count_noise(self._counts, reason, len(data))

    def lost(self, noise: Noise) -> Rejected:
        """Count bytes that were no frame, and report them without what might be secret."""
        count_noise(self._counts, noise.reason, len(noise.data))
        return Rejected(noise.reason, veil_piece(noise.data))

    # --- sent ------------------------------------------------------------------------------------

    def put(self, data: bytes) -> None:
        """Send this, if there is a connection."""
        if self.path is not None:
            self.outs.append(Out(data, path=self.path))

    def drain(self) -> list[Out]:
        """What is to be sent now; each is given once."""
        outs, self.outs = self.outs, []
        if outs:
            self._counts["frames_out"] += len(outs)
        return outs

    def drop(self) -> None:
        """What is not sent yet is discarded."""
        self.outs.clear()

    def stats(self) -> dict[str, float]:
        """The counts of this line, and the bytes that are held back."""
        return {**dict.fromkeys(ZEROS, 0), **self._counts, "held_bytes": self.held}


class Questions:
    """What was asked of the hub and is not answered yet. ``limit``: more than that, and the oldest is refused."""

    def __init__(self, ids: Ids, limit: int = QUESTIONS) -> None:
        self._ids = ids
        self._limit = limit
        self._open: dict[int, Then] = {}
        self._kept: dict[int, Then] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._kept)

    def ask(
        self, question: Question, then: Then, now: float, id: int = 0, keep: bool = False, part: str = ""
    ) -> list[Event]:
        """Ask; ``then`` gets the answer. ``id``: one that was taken before. ``keep``: it is never the oldest.

        ``part``: the sub-device that the question is about.
        """
        id = id or self._ids.next()
        if keep:
            self._kept[id] = then
            return [Asked(id, question, part)]
        refused: Sequence[Event] = ()
        if len(self._open) >= self._limit:
            refused = self._open.pop(next(iter(self._open)))(Refusal(NO_ANSWER_YET), now)
        self._open[id] = then
        return [*refused, Asked(id, question, part)]

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The hub's answer; one to a question that is not open is ignored."""
        then = self._open.pop(id, None) or self._kept.pop(id, None)
        return then(value, now) if then is not None else ()

    def cancel(self, ids: Sequence[int]) -> None:
        """These need no answer any more."""
        for id in ids:
            self._open.pop(id, None)
            self._kept.pop(id, None)

    def clear(self) -> None:
        """Forget all open questions and kept answers."""
        self._open.clear()
        self._kept.clear()


class EndpointParts:
    """What an endpoint is composed of, and what its role works with.

    ``ids``, ``counts``: those of the device, where its sessions replace each other; they serve all of them.
    """

    def __init__(
        self,
        dialect: DialectShapes,
        gap_s: float | None = GAP,
        pause_s: float = 0.0,
        *,
        questions: int = QUESTIONS,
        ids: Ids | None = None,
        counts: Counter[str] | None = None,
    ) -> None:
        self.ids = ids or Ids()
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.line = FramedLine(dialect, gap_s, self.counts)
        self.queue = RequestQueue(pause_s, self.counts)
        self.timers = Timers()
        self.deferred = DeferredEvents()
        self.questions = Questions(self.ids, questions)
        self.settle: Callable[[float], list[Event]] = lambda now: []  # ends what is half received; by the Endpoint

    def reset(self) -> None:
        """The connection is over, or another one begins: nothing is under way."""
        self.line.drop()
        self.queue.reset()
        self.timers.clear_all()
        self.questions.clear()

    def answer_by(self, question: Question, now: float, data: Callable[[Answer | Refusal], bytes]) -> list[Event]:
        """Ask the hub, and send what ``data`` makes of its answer in the place among the answers that is taken now."""
        promise = self.queue.promise()

        def then(value: Answer | Refusal, now: float) -> Sequence[Event]:
            self.queue.fulfil(promise, data(value))
            return ()

        return self.questions.ask(question, then, now)

    def deadline(self) -> float | None:
        """Of all parts but the line."""
        return earliest(self.deferred.deadline(), self.queue.deadline(), self.timers.earliest())


class Role(Protocol):
    """What one end does in one dialect: it sends by the queue, asks the hub by the questions, waits by the timers."""

    def opened(self, now: float) -> Sequence[Event]:
        """There is a connection; the parts are reset."""

    def closed(self, reason: str, now: float) -> Sequence[Event]:
        """The connection is gone; the parts are reset. Every command settles. Offline is reported by the Endpoint."""

    def received(self, frame: Frame, now: float) -> Sequence[Event]:
        """The other end sent this."""

    def noise(self, rejected: Rejected, now: float) -> Sequence[Event]:
        """Bytes that were no frame; they are counted already."""

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """As Session.submit."""

    def sending(self, request: Request, now: float) -> bool:
        """This leaves now. False = it is not put on the line after all."""

    def unanswered(self, request: Request, now: float) -> Sequence[Event]:
        """The last try of this request has timed out."""

    def due(self, timer: str, now: float) -> Sequence[Event]:
        """This timer has run out."""

    def tick(self, now: float) -> Sequence[Event]:
        """Whatever else is due."""

    def deadline(self) -> float | None:
        """When ``tick`` has something to do."""

    def stats(self, now: float) -> Mapping[str, float]:
        """Beside those of the parts."""


class Handover(Protocol):
    """Decides when another session goes on in the place of this one; what it returns may end in Replaced."""

    def opened(self, now: float) -> Sequence[Event]:
        """A new connection began."""

    def ticked(self, events: Sequence[Event], now: float) -> Sequence[Event]:
        """After a tick, with its events: those, and what follows from them."""


C = TypeVar("C", bound=Role)


class Endpoint(Generic[C]):
    """A Session.

    ``plain``: takes the frames from a place on which change nothing but values, reports and counts them, and returns
    how far it came. ``refuses``: why bytes are not taken at all, "" = they are.
    """

    def __init__(
        self,
        parts: EndpointParts,
        role: C,
        plain: Plain | None = None,
        refuses: Callable[[bytes, float], str] | None = None,
    ) -> None:
        self.parts = parts
        self.role = role
        self.handover: Handover | None = None
        self.path: LinkPath | None = None
        self._line = parts.line
        self._plain = plain
        self._refuses = refuses
        self._now = 0.0  # of the last call, for stats
        self._dirty = True  # since the deadline was computed something has happened that may move it, or send
        self._due: float | None = None
        parts.settle = self._settle

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._touch(now)
        events = self._close(now)
        self.path, self._line.path, self._line.is_recorded = path, path.name, path.recorded
        events += self.role.opened(now)
        return events if self.handover is None else [*events, *self.handover.opened(now)]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._line.path is None:
            return [*self.parts.deferred.take(), Offline(reason)]  # why there is no connection yet
        if path != self._line.path:
            return ()
        self._touch(now)
        events = self._close(now)
        self.path = self._line.path = None
        return [*events, *self.role.closed(reason, now), Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if self._refuses is not None:
            reason = self._refuses(data, now)
            self._touch(now)
            if reason:
                self._line.ignore(data, reason)
                return ()
        return self._take(self._line.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:  # bytes have no outcome
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        self._touch(now)
        return self.role.submit(command, now)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        self._touch(now)
        events = self.parts.questions.answer(id, value, now)
        self._pump(now)
        return events

    def tick(self, now: float) -> Sequence[Event]:
        self._touch(now)
        events = [*self.parts.deferred.take(), *self._take(self._line.tick(now), now)]
        expired = self.parts.queue.expired(now)
        if expired is not None:
            events += self.role.unanswered(expired, now)
        for timer in self.parts.timers.due(now):
            events += self.role.due(timer, now)
        events += self.role.tick(now)
        self._pump(now)
        return events if self.handover is None else self.handover.ticked(events, now)

    def deadline(self) -> float | None:
        if self._dirty:
            self._due = self.fresh_deadline()
            self._dirty = False
        gap, due = self._line.deadline(), self._due
        return due if gap is None or (due is not None and due <= gap) else gap

    def fresh_deadline(self) -> float | None:
        """The deadline of all but the line, computed again."""
        return earliest(self.parts.deadline(), self.role.deadline())

    def outgoing(self, now: float) -> list[Out]:
        if not self._dirty and not self._line.outs and (self._due is None or now < self._due):
            return []
        self._touch(now)
        self._pump(now)
        return self._line.drain()

    def stats(self) -> Mapping[str, float]:
        return {**self._line.stats(), **self.parts.queue.stats(), **self.role.stats(self._now)}

    # --- inside ----------------------------------------------------------------------------------

    def _touch(self, now: float) -> None:
        self._now = now
        self._dirty = True

    def _take(self, pieces: Pieces, now: float) -> list[Event]:
        events: list[Event] = []
        at, size, plain = 0, len(pieces), self._plain
        while True:
            if plain is not None:
                at = plain(pieces, at, now, events)
            if at >= size:
                return events
            self._one(pieces[at], now, events)
            at += 1

    def _one(self, piece: Frame | Noise, now: float, events: list[Event]) -> None:
        self._touch(now)
        if isinstance(piece, Noise):
            events += self.role.noise(self._line.lost(piece), now)
            return
        self._line.count(1, len(piece.payload))
        events += self.role.received(piece, now)
        if self.parts.queue.is_prompt:
            self._pump(now)

    def _settle(self, now: float) -> list[Event]:
        return self._take(self._line.close(), now)

    def _close(self, now: float) -> list[Event]:
        """The end of a connection: no one waits for what was asked on it."""
        events = self._settle(now)
        self.parts.reset()
        return [event for event in events if not isinstance(event, Asked)]

    def _pump(self, now: float) -> None:
        """Put on the line what is to be sent now."""
        if self._line.path is None:
            return
        for request in self.parts.queue.ready(now):
            if self.role.sending(request, now):
                self._line.put(request.data)
