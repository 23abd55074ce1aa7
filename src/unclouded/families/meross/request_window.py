"""What the controller asks a plug, and what is under way: one question at a time over HTTP, a few over the broker.

    wanted ──► under way on one of the ways ──► answered | failed | overdue | its way is lost

A question is matched with its answer by the datagram's number where the link answers, by its messageId
elsewhere; there the patience is ours. A question that is wanted already is not asked twice.
"""

from collections.abc import Callable

import msgspec

from unclouded.core.session import LinkPath, Out, Ticket
from unclouded.core.session_parts import earliest
from unclouded.families.meross.envelope import request

PUSH_WINDOW = 3  # questions under way at once where the plug may speak unasked
LONGEST_QUEUE = 64


class WindowRequest(msgspec.Struct, frozen=True):
    """``path``: only there; "" = the best. ``avoid``: rather not there, it was lost there before."""

    name: str
    method: str
    namespace: str
    payload: bytes = b"{}"
    path: str = ""
    avoid: str = ""
    ticket: Ticket = 0


class SentRequest(msgspec.Struct, frozen=True):
    """A question that was sent. ``expires``: None where the link waits."""

    question: WindowRequest
    id: int
    message_id: str
    path: str
    sent_at: float
    expires: float | None


Choose = Callable[[WindowRequest], LinkPath | None]


class RequestWindow:
    """The questions of one plug."""

    def __init__(self, key: str, first_id: bytes, patience_s: float) -> None:
        self.round_trip_s = 0.0
        self.sent = 0
        self._key = key
        self._patience_s = patience_s
        self._message = int.from_bytes(first_id, "big")
        self._wanted: list[WindowRequest] = []
        self._under_way: dict[int, SentRequest] = {}
        self._by_message: dict[str, int] = {}

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    def want(self, question: WindowRequest, first: bool = False) -> None:
        """Ask this in its turn, or next."""
        if self.is_wanted(question) or len(self._wanted) >= LONGEST_QUEUE:
            return
        self._wanted.insert(0 if first else len(self._wanted), question)

    def is_wanted(self, question: WindowRequest) -> bool:
        """Is it waiting or under way?"""
        under_way = (one.question for one in self._under_way.values())
        return any(_is_same(one, question) for one in (*self._wanted, *under_way))

    def forget(self, ticket: Ticket) -> None:
        """Nobody waits for what this ticket wanted any more."""
        self._wanted = [one for one in self._wanted if one.ticket != ticket]

    def forget_all(self) -> None:
        self._wanted.clear()
        self._under_way.clear()
        self._by_message.clear()

    def send(self, now: float, unix: int, from_: str, choose: Choose) -> list[Out]:
        """What may be sent now."""
        outs = []
        waiting = []
        for question in self._wanted:
            path = choose(question)
            if path is None or self._is_full(path):
                waiting.append(question)
            else:
                outs.append(self._send(question, path, now, unix, from_))
        self._wanted = waiting
        return outs

    def answered(self, message_id: str, now: float) -> SentRequest | None:
        """The question that an answer with this messageId is for."""
        found = self._take(self._by_message.get(message_id, 0))
        if found is not None:
            self.round_trip_s = now - found.sent_at
        return found

    def failed(self, id: int) -> SentRequest | None:
        """The question of a datagram that came to nothing."""
        return self._take(id)

    def asked_in(self, id: int) -> str:
        """The messageId that a datagram carried; "" where it is not under way."""
        found = self._under_way.get(id)
        return found.message_id if found is not None else ""

    def lost(self, path: str) -> list[SentRequest]:
        """What was under way on a way that is gone; what is only asked there is wanted no more."""
        self._wanted = [one for one in self._wanted if one.path != path]
        gone = [id for id, one in self._under_way.items() if one.path == path]
        return [one for one in map(self._take, gone) if one is not None]

    def overdue(self, now: float) -> list[SentRequest]:
        """What was waited for long enough."""
        late = [id for id, one in self._under_way.items() if one.expires is not None and one.expires <= now]
        return [one for one in map(self._take, late) if one is not None]

    def deadline(self) -> float | None:
        return earliest(*(one.expires for one in self._under_way.values()))

    # --- inside --------------------------------------------------------------------------------

    def _is_full(self, path: LinkPath) -> bool:
        window = path.window or (0 if path.answers else PUSH_WINDOW)
        return bool(window) and sum(one.path == path.name for one in self._under_way.values()) >= window

    def _send(self, question: WindowRequest, path: LinkPath, now: float, unix: int, from_: str) -> Out:
        self.sent += 1
        self._message = (self._message + 1) & (2**128 - 1)
        message_id = f"{self._message:032x}"
        data = request(
            question.method,
            question.namespace,
            question.payload,
            message_id=message_id,
            key=self._key,
            timestamp=unix,
            from_=from_,
        )
        expires = None if path.answers else now + self._patience_s
        self._under_way[self.sent] = SentRequest(question, self.sent, message_id, path.name, now, expires)
        self._by_message[message_id] = self.sent
        return Out(data, self.sent, path.name)

    def _take(self, id: int) -> SentRequest | None:
        found = self._under_way.pop(id, None)
        if found is not None:
            del self._by_message[found.message_id]
        return found


def _is_same(one: WindowRequest, other: WindowRequest) -> bool:
    return (one.name, one.path, one.ticket) == (other.name, other.path, other.ticket)
