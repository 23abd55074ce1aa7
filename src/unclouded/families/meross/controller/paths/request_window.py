"""The requests to a plug: one under way at a time over HTTP, a few over the broker.

    queued ──► under way on one of the paths ──► answered | failed | overdue | its path is lost
    small ones that wait ──► SET Multiple with all of them, where the plug has it

An answer is matched with its request by the messageId, and by the datagram's number too where the link answers;
elsewhere the time-out is ours. A request that is queued already is not queued twice. Sizes of Multiple:
docs/protocols/meross.md §1.4.4.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from unclouded.core.sessions.session import LinkPath, Out, Ticket
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import SET, request
from unclouded.families.meross.wire.messages import payload_of

PUSH_WINDOW = 3  # requests under way at once where the plug may send unasked
LONGEST_QUEUE = 64
LONGEST_MULTIPLE = 640  # bytes of its payload: firmware 2.1.17 answers 642, and closes at 927
SEVERAL = "several"  # the name of a Multiple


class WindowRequest(msgspec.Struct, frozen=True):
    """``path``: only there; "" = the best. ``avoid``: not there if there is another, it was lost there before.

    ``key``: distinguishes requests of one name. ``is_small``: it and its answer are short, so that it may go into a
    Multiple. ``parts``: the requests in a Multiple.
    """

    name: str
    method: str
    namespace: str
    payload: bytes = b"{}"
    path: str = ""
    avoid: str = ""
    ticket: Ticket = 0
    key: str = ""
    is_small: bool = False
    parts: "tuple[WindowRequest, ...]" = ()

    @property
    def may_share(self) -> bool:
        """Whether it may go into a Multiple."""
        return self.is_small and not (self.path or self.avoid or self.ticket)


class SentRequest(msgspec.Struct, frozen=True):
    """A request that was sent. ``expires``: None where the link waits."""

    request: WindowRequest
    id: int
    message_id: str
    path: str
    sent_at: float
    expires: float | None


class RequestPath(Protocol):
    """A path that carries requests."""

    path: LinkPath

    def sealed(self, message: bytes, namespace: str) -> bytes:
        """A message as the body for this path, encrypted where the plug encrypts."""


Choose = Callable[[WindowRequest], RequestPath | None]


class RequestWindow:
    """The requests to one plug. ``most_in_one``: requests in a Multiple; below 2 = it has none."""

    def __init__(self, key: str, first_id: bytes, timeout_s: float) -> None:
        self.round_trip_s = 0.0
        self.most_in_one = 0
        self.sent = 0
        self._key = key
        self._timeout_s = timeout_s
        self._message = int.from_bytes(first_id, "big")
        self._queued: list[WindowRequest] = []
        self._under_way: dict[int, SentRequest] = {}
        self._by_message: dict[str, int] = {}

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    def add(self, request: WindowRequest, first: bool = False) -> None:
        """Queue this at the end, or at the front."""
        if self.contains(request) or len(self._queued) >= LONGEST_QUEUE:
            return
        self._queued.insert(0 if first else len(self._queued), request)

    def contains(self, request: WindowRequest) -> bool:
        """Is it queued or under way?"""
        for one in self._queued:
            if _is_same(one, request):
                return True
        for sent in self._under_way.values():
            if _is_same(sent.request, request) or any(_is_same(part, request) for part in sent.request.parts):
                return True
        return False

    def remove(self, ticket: Ticket) -> None:
        """The ticket is settled: what is queued for it is not sent."""
        self._queued = [one for one in self._queued if one.ticket != ticket]

    def clear(self) -> None:
        """Forget all requests; their answers are no longer expected."""
        self._queued.clear()
        self._under_way.clear()
        self._by_message.clear()

    def send(self, now: float, unix: int, from_: str, choose: Choose) -> list[Out]:
        """What may be sent now."""
        outs: list[Out] = []
        waiting: list[WindowRequest] = []
        queued, self._queued = self._queued, []
        while queued:
            one = queued.pop(0)
            chosen = choose(one)
            if chosen is None or self._is_full(chosen.path):
                waiting.append(one)
                continue
            if queued and self.most_in_one > 1 and one.may_share:
                one, queued = self._gathered(one, queued)
            outs.append(self._send(one, chosen, now, unix, from_))
        self._queued = waiting
        return outs

    def answered(self, message_id: str, now: float) -> SentRequest | None:
        """The request that an answer with this messageId is for."""
        found = self._take(self._by_message.get(message_id, 0))
        if found is not None:
            self.round_trip_s = now - found.sent_at
        return found

    def failed(self, id: int) -> SentRequest | None:
        """The request of a datagram that was not answered."""
        return self._take(id)

    def message_id_of(self, id: int) -> str:
        """The messageId that a datagram carried; "" where it is not under way."""
        found = self._under_way.get(id)
        return found.message_id if found is not None else ""

    def lost(self, path: str) -> list[SentRequest]:
        """What was under way on a path that is gone; what is queued for that path only is dropped."""
        self._queued = [one for one in self._queued if one.path != path]
        gone = [id for id, one in self._under_way.items() if one.path == path]
        return [one for one in map(self._take, gone) if one is not None]

    def overdue(self, now: float) -> list[SentRequest]:
        """The requests whose time is up."""
        late = [id for id, one in self._under_way.items() if one.expires is not None and one.expires <= now]
        return [one for one in map(self._take, late) if one is not None]

    def deadline(self) -> float | None:
        """When the first request under way has waited too long, in monotonic seconds; None = none is."""
        return earliest(*(one.expires for one in self._under_way.values()))

    # --- inside --------------------------------------------------------------------------------

    def _is_full(self, path: LinkPath) -> bool:
        window = path.window or (0 if path.answers else PUSH_WINDOW)
        return bool(window) and sum(one.path == path.name for one in self._under_way.values()) >= window

    def _gathered(self, one: WindowRequest, queued: list[WindowRequest]) -> tuple[WindowRequest, list[WindowRequest]]:
        """A request with others that wait, as one, and those that are left."""
        parts, items, left = [one], [self._item(one)], []
        for other in queued:
            if len(parts) < self.most_in_one and other.may_share:
                payload = payload_of(multiple=[*items, item := self._item(other)])
                if len(payload) <= LONGEST_MULTIPLE:
                    parts.append(other)
                    items.append(item)
                    continue
            left.append(other)
        if len(parts) == 1:
            return one, left
        payload = payload_of(multiple=items)
        return WindowRequest(SEVERAL, SET, namespaces.MULTIPLE, payload, parts=tuple(parts)), left

    def _item(self, one: WindowRequest) -> dict[str, object]:
        """A request as a part of a Multiple, with a short header."""
        header = {"messageId": self._next_id(), "method": one.method, "namespace": one.namespace}
        return {"header": header, "payload": msgspec.Raw(one.payload)}

    def _next_id(self) -> str:
        self._message = (self._message + 1) & (2**128 - 1)
        return f"{self._message:032x}"

    def _send(self, one: WindowRequest, chosen: RequestPath, now: float, unix: int, from_: str) -> Out:
        self.sent += 1
        message_id = self._next_id()
        data = request(
            one.method,
            one.namespace,
            one.payload,
            message_id=message_id,
            key=self._key,
            timestamp=unix,
            from_=from_,
        )
        path = chosen.path
        expires = None if path.answers else now + self._timeout_s
        self._under_way[self.sent] = SentRequest(one, self.sent, message_id, path.name, now, expires)
        self._by_message[message_id] = self.sent
        return Out(chosen.sealed(data, one.namespace), self.sent, path.name)

    def _take(self, id: int) -> SentRequest | None:
        found = self._under_way.pop(id, None)
        if found is not None:
            del self._by_message[found.message_id]
        return found


def _is_same(one: WindowRequest, other: WindowRequest) -> bool:
    return _name_of(one) == _name_of(other)


def _name_of(request: WindowRequest) -> tuple[str, str, str, str, Ticket]:
    return request.name, request.namespace, request.key, request.path, request.ticket
