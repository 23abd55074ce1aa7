"""The order of transmission: answers first, one request at a time, and a pause between any two frames.

    request ──► wait for its answer ──► again, up to ``tries`` times ──► expired

MCUs answer two requests at once into each other (docs/protocols/tuya_wifi.md §2.6 item 2), and small ones lose what
follows too soon, so a request waits until the one before is answered or has timed out.
"""

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.line.command import CommandSpec
from unclouded.families.tuya.line.datapoint import read_units
from unclouded.families.tuya.line.framing import Frame

QUEUE = 64  # frames that may wait to be sent; more would not get through a line of 9600 baud in time


class AnswerRule(Protocol):
    """Which frames answer a request; a CommandSpec is one. ``answer``: their command; None = nothing answers it."""

    @property
    def answer(self) -> int | None:
        """The command of the answer; None: nothing answers it."""

    def matches(self, frame: Frame) -> bool:
        """Is this frame the answer?"""


class AnsweredBy(msgspec.Struct, frozen=True):
    """An AnswerRule of its own: frames of this command whose payload begins with ``head`` and has ``least`` bytes.

    ``also``: another command that answers it just as well; -1 = none does. ``points``: of these data points the answer
    holds one at least; none = whatever it holds.
    """

    answer: int
    head: bytes = b""
    least: int = 0
    also: int = -1
    points: frozenset[int] = frozenset()

    def matches(self, frame: Frame) -> bool:
        if frame.command not in (self.answer, self.also):
            return False
        if self.points and self.points.isdisjoint(_ids(frame.payload)):
            return False
        return len(frame.payload) >= self.least and frame.payload.startswith(self.head)


def _ids(payload: bytes) -> list[int]:
    """The data points of a payload of units; none where it is no such payload."""
    try:
        return [id for id, _, _ in read_units(payload)]
    except WireError:
        return []


class Request(msgspec.Struct, frozen=True):
    """A frame to send. ``rule``: which frames answer it, None = it expects no answer.

    ``prompt``: once this one is answered, another prompt one need not wait for the pause: the peer is listening.
    ``must``: it is queued however long the queue is, for the conversation cannot go on without it. At most one of
    each name. ``aside``: it expects no answer, and is sent also while another request waits for one.
    """

    data: bytes
    rule: AnswerRule | None = None
    timeout_s: float = 0.0
    tries: int = 1
    name: str = ""
    ticket: int = 0
    prompt: bool = False
    must: bool = False
    aside: bool = False


def request_of(
    spec: CommandSpec,
    data: bytes,
    name: str = "",
    *,
    timeout_s: float | None = None,
    tries: int | None = None,
    ticket: int = 0,
    must: bool = False,
) -> Request:
    """A request of this command: its row names the answer and, unless given here, the time-out and the tries."""
    return Request(
        data,
        spec,
        spec.timeout_s if timeout_s is None else timeout_s,
        spec.tries if tries is None else tries,
        name,
        ticket,
        must=must,
    )


class RequestQueue:
    """The frames that wait to be sent, and the request that waits for its answer. ``counts``: of the whole end."""

    def __init__(self, pause_s: float, counts: Counter[str] | None = None) -> None:
        self._counts: Counter[str] = Counter() if counts is None else counts
        self._pause_s = pause_s
        self._round_trip_s = 0.0
        self._promises = self._places = 0
        self._quiet_until = float("-inf")
        self.reset()

    def reset(self) -> None:
        """Nothing waits, nothing was sent."""
        self._answers: dict[int, bytes | None] = {}  # by promise, in the order of the questions; None = not known yet
        self._requests: deque[Request] = deque()
        self._waiting: Request | None = None
        self._sent_at = 0.0
        self.free_at = float("-inf")  # when the pause after the last frame ends
        self.is_prompt = False  # the last that was sent is answered, and it was prompt
        self.release()

    def reserve(self, names: Collection[str]) -> None:
        """From now on only requests of these names are sent; others wait. Answers are always sent."""
        self._reserved: Collection[str] = names

    def release(self) -> None:
        """Nothing is reserved any more: all requests may be sent."""
        self._reserved = ()

    def hush(self, until: float) -> None:
        """Send nothing before then: the other end is still sending."""
        self._quiet_until = until

    # --- answers ---------------------------------------------------------------------------------

    def promise(self) -> int:
        """The other end has asked: its answer keeps this place among the answers."""
        self._promises += 1
        self._answers[self._promises] = None
        if len(self._answers) > QUEUE:
            self._counts["unsent"] += 1
            del self._answers[next(iter(self._answers))]
        return self._promises

    def fulfil(self, promise: int, data: bytes) -> None:
        """Send this as soon as possible: the other end waits for it. A promise that was dropped is ignored."""
        if promise in self._answers:
            self._answers[promise] = data

    def answer(self, data: bytes) -> None:
        """Send this answer behind those that were promised before."""
        self.fulfil(self.promise(), data)

    # --- requests --------------------------------------------------------------------------------

    def add(self, request: Request, first: bool = False) -> None:
        """Send this in its turn, or as the next request."""
        if len(self._requests) >= QUEUE and not request.must:
            self._counts["unsent"] += 1
        elif first:
            self._requests.appendleft(request)
        else:
            self._requests.append(request)

    def placeholder(self) -> int:
        """A place in the queue for requests that are not known yet; it blocks nothing. ``fill`` it once."""
        self._places += 1
        self.add(Request(b"", name=f"place {self._places}"))
        return self._places

    def fill(self, place: int, requests: Sequence[Request]) -> None:
        """Put these where the place was; where it is gone, so is the connection that they were for."""
        name = f"place {place}"
        queued = list(self._requests)
        at = next((number for number, request in enumerate(queued) if request.name == name), None)
        if at is not None:
            self._requests = deque([*queued[:at], *requests, *queued[at + 1 :]])

    def cancel(self, *names: str) -> None:
        """Requests of these names are not to be sent (again), and their answers not to be waited for."""
        self._requests = deque(request for request in self._requests if request.name not in names)
        if self._waiting is not None and self._waiting.name in names:
            self._waiting = None

    def keep_only(self, tickets: Collection[int]) -> None:
        """Only these commands are still open: what was not sent for others never is, what was is not sent again."""
        known = {0, *tickets}
        self._requests = deque(request for request in self._requests if request.ticket in known)
        if self._waiting is not None and self._waiting.ticket not in known:
            self._waiting = msgspec.structs.replace(self._waiting, tries=1)

    def holds(self, name: str) -> bool:
        """Is a request of this name queued, or does one wait for its answer?"""
        waits = self._waiting is not None and self._waiting.name == name
        return waits or any(request.name == name for request in self._requests)

    def waits_for(self, command: int) -> bool:
        """May a frame of this command be the answer that a request waits for?"""
        waiting = self._waiting
        return waiting is not None and waiting.rule is not None and waiting.rule.answer == command

    def received(self, frame: Frame, now: float) -> Request | None:
        """The request that this frame answers, if one waits for it."""
        waiting = self._waiting
        if waiting is None or waiting.rule is None or not waiting.rule.matches(frame):
            return None
        self._waiting = None
        self._round_trip_s = now - self._sent_at
        self.is_prompt = waiting.prompt and now > self._sent_at
        return waiting

    def expired(self, now: float) -> Request | None:
        """The request whose last try has timed out; one with tries left is sent again."""
        waiting = self._waiting
        if waiting is None or now < self._sent_at + waiting.timeout_s:
            return None
        self._waiting = None
        if waiting.tries <= 1:
            return waiting
        self._counts["resends"] += 1
        self.add(msgspec.structs.replace(waiting, tries=waiting.tries - 1))
        return None

    # --- sending ---------------------------------------------------------------------------------

    def ready(self, now: float) -> list[Request]:
        """What is to be sent now."""
        result: list[Request] = []
        while now >= self._next_at():
            request = self._next()
            if request is None:
                break
            if request.rule is not None:
                self._waiting, self._sent_at = request, now
            self.free_at = now + self._pause_s
            self.is_prompt = False
            result.append(request)
        return result

    def deadline(self) -> float | None:
        """When something may be sent, or a wait ends."""
        wait_ends = None if self._waiting is None else self._sent_at + self._waiting.timeout_s
        may_send = self._known_answer() is not None or self._known_request() is not None
        return earliest(wait_ends, self._next_at() if may_send else None)

    def stats(self) -> Mapping[str, float]:
        """What became of the requests, by the names of every wire's statistics."""
        return {
            "resends": self._counts["resends"],
            "unsent": self._counts["unsent"],
            "round_trip_ms": round(self._round_trip_s * 1000, 3),
        }

    def _next_at(self) -> float:
        """When the next frame may go: after a pause, but at once where one prompt request follows another."""
        at = self._known_request() if self.is_prompt and self._known_answer() is None else None
        if at is not None and self._requests[at].prompt:
            return self._sent_at
        return max(self.free_at, self._quiet_until)

    def _next(self) -> Request | None:
        promise = self._known_answer()
        if promise is not None:
            return Request(self._answers.pop(promise) or b"")
        at = self._known_request()
        if at is None:
            return None
        request = self._requests[at]
        del self._requests[at]
        return request

    def _known_request(self) -> int | None:
        for at, request in enumerate(self._requests):
            may_go = self._waiting is None or request.aside
            if request.data and may_go and (not self._reserved or request.name in self._reserved):
                return at
        return None

    def _known_answer(self) -> int | None:
        return next((promise for promise, data in self._answers.items() if data is not None), None)
