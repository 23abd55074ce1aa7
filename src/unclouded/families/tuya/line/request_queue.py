"""Who speaks when: answers first, one request at a time, and a breath between any two frames.

    request ──► wait for its answer ──► again, up to ``tries`` times ──► given up

MCUs answer two questions at once into each other (docs/protocols/tuya_wifi.md §2.6 item 2), and small ones lose what
follows too soon, so a request waits for the answer of the one before, or for its patience to end.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence

import msgspec

from unclouded.core.session_parts import earliest

QUEUE = 64  # frames that may wait to be sent; more would be of no use to a 9600 line


class Request(msgspec.Struct, frozen=True):
    """A frame to send. ``answer``: the command that answers it, None = nothing does.

    ``prompt``: once this one is answered, another prompt one need not wait for the gap: whoever answers can hear.
    ``must``: it is put in line however long the line is, for nothing comes on without it. One of each name at most.
    """

    data: bytes
    answer: int | None = None
    patience_s: float = 0.0
    tries: int = 1
    name: str = ""
    ticket: int = 0
    prompt: bool = False
    must: bool = False


class RequestQueue:
    """The frames that wait to be sent, and the request that waits for its answer."""

    def __init__(self, gap_s: float) -> None:
        self.round_trip_s = 0.0
        self.resends = 0
        self.dropped = 0
        self._gap_s = gap_s
        self._promises = self._places = 0
        self.reset()

    def reset(self) -> None:
        """Nothing waits, nothing was said."""
        self._answers: dict[int, bytes | None] = {}  # by promise, in the order of the questions; None = not known yet
        self._requests: deque[Request] = deque()
        self._waiting: Request | None = None
        self._sent_at = 0.0
        self._free_at = float("-inf")
        self._answered = False  # the last that was sent, and it was prompt
        self.release()

    def reserve(self, names: Collection[str]) -> None:
        """From now on only requests of these names are sent; others wait. Answers always go."""
        self._reserved: Collection[str] = names

    def release(self) -> None:
        self._reserved = ()

    def promise(self) -> int:
        """The other end has asked: its answer keeps this place among the answers."""
        self._promises += 1
        self._answers[self._promises] = None
        if len(self._answers) > QUEUE:
            self.dropped += 1
            del self._answers[next(iter(self._answers))]
        return self._promises

    def keep(self, promise: int, data: bytes) -> None:
        """Say this as soon as may be: the other end waits for it. Broken promises cannot be kept."""
        if promise in self._answers:
            self._answers[promise] = data

    def ask(self, request: Request, first: bool = False) -> None:
        """Send this in its turn, or as the next request."""
        if len(self._requests) >= QUEUE and not request.must:
            self.dropped += 1
        elif first:
            self._requests.appendleft(request)
        else:
            self._requests.append(request)

    def place(self) -> int:
        """A place in line for requests that are not known yet; it holds nobody up. ``fill`` it once."""
        self._places += 1
        self.ask(Request(b"", name=f"place {self._places}"))
        return self._places

    def fill(self, place: int, requests: Sequence[Request]) -> None:
        """Put these where the place was; where it is gone, so is the connection that they were for."""
        name = f"place {place}"
        line = list(self._requests)
        at = next((number for number, request in enumerate(line) if request.name == name), None)
        if at is not None:
            self._requests = deque([*line[:at], *requests, *line[at + 1 :]])

    def forget(self, *names: str) -> None:
        """Requests of these names are not to be sent (again) nor waited for."""
        self._requests = deque(request for request in self._requests if request.name not in names)
        if self._waiting is not None and self._waiting.name in names:
            self._waiting = None

    def only(self, tickets: Collection[int]) -> None:
        """Just these wishes are still open: what was not sent for others never is, what was is not sent again."""
        known = {0, *tickets}
        self._requests = deque(request for request in self._requests if request.ticket in known)
        if self._waiting is not None and self._waiting.ticket not in known:
            self._waiting = msgspec.structs.replace(self._waiting, tries=1)

    def holds(self, name: str) -> bool:
        """Is a request of this name in line, or does one wait for its answer?"""
        waits = self._waiting is not None and self._waiting.name == name
        return waits or any(request.name == name for request in self._requests)

    def waits_for(self, command: int) -> bool:
        return self._waiting is not None and self._waiting.answer == command

    def heard(self, command: int, now: float) -> Request | None:
        """The request that this command answers, if one waits for it."""
        waiting = self._waiting
        if waiting is None or waiting.answer != command:
            return None
        self._waiting = None
        self.round_trip_s = now - self._sent_at
        self._answered = waiting.prompt and now > self._sent_at
        return waiting

    def given_up(self, now: float) -> Request | None:
        """The request that has waited in vain for the last time; one with tries left is sent again."""
        waiting = self._waiting
        if waiting is None or now < self._sent_at + waiting.patience_s:
            return None
        self._waiting = None
        if waiting.tries <= 1:
            return waiting
        self.resends += 1
        self.ask(msgspec.structs.replace(waiting, tries=waiting.tries - 1))
        return None

    def ready(self, now: float) -> list[Request]:
        """What is to be sent now."""
        result = []
        while now >= self._next_at():
            request = self._next()
            if request is None:
                break
            if request.answer is not None:
                self._waiting, self._sent_at = request, now
            self._free_at = now + self._gap_s
            self._answered = False
            result.append(request)
        return result

    def deadline(self) -> float | None:
        """When something may be sent, or a wait ends."""
        wait_ends = None if self._waiting is None else self._sent_at + self._waiting.patience_s
        may_send = self._known_answer() is not None or (self._waiting is None and self._known_request() is not None)
        return earliest(wait_ends, self._next_at() if may_send else None)

    def stats(self) -> Mapping[str, float]:
        """What became of the requests, by the names of every wire's statistics."""
        return {
            "resends": self.resends,
            "unsent": self.dropped,
            "round_trip_ms": round(self.round_trip_s * 1000, 3),
        }

    def _next_at(self) -> float:
        """When the next frame may go: after a breath, but at once where one prompt request follows another."""
        at = self._known_request() if self._answered and self._known_answer() is None else None
        return self._sent_at if at is not None and self._requests[at].prompt else self._free_at

    def _next(self) -> Request | None:
        promise = self._known_answer()
        if promise is not None:
            return Request(self._answers.pop(promise) or b"")
        at = self._known_request() if self._waiting is None else None
        if at is None:
            return None
        request = self._requests[at]
        del self._requests[at]
        return request

    def _known_request(self) -> int | None:
        for at, request in enumerate(self._requests):
            if request.data and (not self._reserved or request.name in self._reserved):
                return at
        return None

    def _known_answer(self) -> int | None:
        return next((promise for promise, data in self._answers.items() if data is not None), None)
