"""Two sessions on a fake wire under a virtual clock.

    pair = Pair(ModuleSession(...), McuSession(...))
    pair.run(until=10.0); pair.cut(); pair.run(until=30.0)
    assert pair.events[-1] == At(18.0, "controller", Offline("no heartbeat answer"))

Ten minutes of a lossy line take milliseconds. The wire carries bytes (in chunks of any size, damaged by ``damage``)
or, on paths that answer or ask, datagrams: an Out's id arrives as the other end's ``re`` and comes back as ours.
"""

import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    AskBlock,
    AskCommand,
    Asked,
    AskFile,
    AskMemory,
    AskNetwork,
    AskSignal,
    AskStored,
    AskTime,
    Event,
    Failure,
    LinkPath,
    LocalTime,
    Network,
    Out,
    Question,
    Refusal,
    Remember,
    Session,
    SessionCommand,
    Ticket,
)
from unclouded.core.sessions.session_parts import earliest, succeed

START_UNIX = 1_790_000_000.0  # the wall clock at now = 0 in every test

Damage = Callable[[bytes, random.Random], bytes]
Answers = Callable[[str, Question], Answer | Refusal | None]


class At(msgspec.Struct, frozen=True):
    """An event, when and on which side ("controller" or "device")."""

    t: float
    side: str
    event: Event


def ambient(seed: int = 0, memory: Mapping[str, bytes] | None = None) -> Ambient:
    """A fixed world: the wall clock starts at START_UNIX, random bytes come from ``seed``."""
    rng = random.Random(seed)
    return Ambient(wall=lambda now: START_UNIX + now, token=rng.randbytes, memory=memory or {})


def usual_answers(side: str, question: Question) -> Answer | Refusal | None:
    """What a hub usually answers. None = no answer at all."""
    match question:
        case AskTime():
            return LocalTime(START_UNIX, 3600)
        case AskNetwork():
            return Network.CLOUD.value
        case AskSignal():
            return -60
        case AskMemory():
            return 53_328
        case AskCommand() | AskStored():
            return True
    return Refusal(f"no answer to {type(question).__name__} on the {side} side")


def answers_with(file: bytes) -> Answers:
    """The same by a hub that has a file to update from."""

    def answer(side: str, question: Question) -> Answer | Refusal | None:
        match question:
            case AskFile():
                return {"size": len(file), "md5": ""}
            case AskBlock(offset=offset, size=size):
                return file[offset : offset + size]
        return usual_answers(side, question)

    return answer


class Pair:
    """A controller and a device, and the wire between them.

    ``latency``: seconds from end to end. ``chunk``: bytes arrive in pieces of at most that many.
    ``damage``: what the wire does to each piece. ``answers``: answers the questions of either end.
    """

    def __init__(
        self,
        controller: Session,
        device: Session,
        *,
        latency: float = 0.002,
        chunk: int = 0,
        damage: Damage | None = None,
        seed: int = 0,
        answers: Answers = usual_answers,
        path: LinkPath | None = None,
        device_path: LinkPath | None = None,
        start: bool = True,
    ) -> None:
        self.now = 0.0
        self.events: list[At] = []
        self.sent: list[tuple[float, str, bytes]] = []
        self.memory: dict[str, dict[str, bytes]] = {"controller": {}, "device": {}}
        self._ends: dict[str, Session] = {"controller": controller, "device": device}
        self._paths = {"controller": path or LinkPath(), "device": device_path or path or LinkPath()}
        self._latency, self._chunk, self._damage, self._answers = latency, chunk, damage, answers
        self._rng = random.Random(seed)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._whole = False
        self._cable = 0
        if start:
            self.mend()

    # --- what happens to the wire ----------------------------------------------------------------

    def mend(self) -> None:
        """The wire is connected: up on both ends. Without a cut before, it is a new connection."""
        self._whole = True
        self._cable += 1
        for side, end in self._ends.items():
            self._take(side, end.up(self._paths[side], self.now))
        self._settle()

    def cut(self, reason: str = "cut") -> None:
        """The wire is cut: what is on it is lost, and both ends go down."""
        self._whole = False
        self._cable += 1
        for side, end in self._ends.items():
            self._take(side, end.down(self._paths[side].name, reason, self.now))
        self._settle()

    # --- what the test does -----------------------------------------------------------------------

    def submit(self, command: SessionCommand, side: str = "controller") -> Ticket:
        ticket = self._ends[side].submit(command, self.now)
        self._settle()
        return ticket

    def send(self, side: str, data: bytes) -> None:
        """Put bytes on the wire as if ``side`` had sent them."""
        self._send(side, Out(data))

    def run(self, until: float) -> None:
        """Let time pass up to ``until`` seconds."""
        while True:
            due = [end.deadline() for end in self._ends.values()]
            timer, arrival = earliest(*due), self._queue[0][0] if self._queue else None
            at = earliest(timer, arrival)
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            if arrival is not None and arrival <= self.now:
                self._arrive()
            else:
                self._tick(due)
        self.now = until

    # --- the results -----------------------------------------------------------------------------

    def of(self, side: str, kind: type | None = None) -> list[Any]:  # Any: the caller names the kind
        """The events of one side, of one kind if named."""
        return [at.event for at in self.events if at.side == side and (kind is None or isinstance(at.event, kind))]

    def when(self, side: str, kind: type) -> list[float]:
        """When the events of one side and kind happened."""
        return [at.t for at in self.events if at.side == side and isinstance(at.event, kind)]

    def sent_by(self, side: str) -> list[bytes]:
        """Every datagram that a side sent."""
        return [data for _, who, data in self.sent if who == side]

    def stats(self, side: str) -> Mapping[str, float]:
        """What a side counts of its wire."""
        return self._ends[side].stats()

    # --- inside ----------------------------------------------------------------------------------

    def _arrive(self) -> None:
        while self._queue and self._queue[0][0] <= self.now:
            heapq.heappop(self._queue)[2]()
            self._settle()

    def _tick(self, due: Sequence[float | None]) -> None:
        """``due``: the deadlines of both ends, of which one at least has come."""
        for at, (side, end) in zip(due, list(self._ends.items()), strict=True):
            if at is not None and at <= self.now:
                self._take(side, end.tick(self.now))
                after = end.deadline()
                assert after is None or after > self.now, f"{side}: after tick({self.now}) the deadline is {after}"
        self._settle()

    def _settle(self) -> None:
        """Send the output of both ends."""
        for side, end in self._ends.items():
            for out in end.outgoing(self.now):
                self.sent.append((self.now, side, out.data))
                self._send(side, out)

    def _send(self, side: str, out: Out) -> None:
        if not self._whole:
            return
        other = "device" if side == "controller" else "controller"
        cable = self._cable
        for piece in self._pieces(out):
            self._at(self.now + self._latency, partial(self._deliver, other, piece, out, cable))

    def _pieces(self, out: Out) -> list[bytes]:
        if out.id or out.re:
            return [out.data]
        data = self._damage(out.data, self._rng) if self._damage else out.data
        step = self._chunk or max(len(data), 1)
        return [data[start : start + step] for start in range(0, len(data), step)]

    def _deliver(self, side: str, data: bytes, out: Out, cable: int) -> None:
        if not self._whole or cable != self._cable:
            return
        end = self._ends[side]
        if out.re and not out.data:
            self._take(side, end.failed(out.re, Failure.CLOSED, self.now))
        else:
            self._take(side, end.receive(data, self.now, self._paths[side].name, out.re or out.id))

    def _at(self, at: float, call: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._queue, (at, self._number, call))

    def _take(self, side: str, events: Sequence[Event]) -> None:
        self._ends[side], events = succeed(self._ends[side], events)
        for event in events:
            self.events.append(At(round(self.now, 6), side, event))
            match event:
                case Asked(id=id, question=question):
                    answer = self._answers(side, question)
                    if answer is not None:
                        self._take(side, self._ends[side].answer(id, answer, self.now))
                case Remember(key=key, value=value):
                    self.memory[side][key] = value


# --- damage of a bad line ---------------------------------------------------------------------------


def losing(share: float) -> Damage:
    """Each byte is lost with that probability."""
    return lambda data, rng: bytes(byte for byte in data if rng.random() >= share)


def flipping(share: float) -> Damage:
    """Each byte has one bit flipped with that probability."""
    return lambda data, rng: bytes(byte ^ (1 << rng.randrange(8)) if rng.random() < share else byte for byte in data)


def chattering(share: float) -> Damage:
    """With that probability up to 19 random bytes come before a piece."""
    return lambda data, rng: (rng.randbytes(rng.randrange(1, 20)) if rng.random() < share else b"") + data
