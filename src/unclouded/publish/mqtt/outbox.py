"""Messages that must arrive: they wait here until the broker has taken them over. Bounded. Pure.

accept ──► waiting ── next ──► sent ── done ──► gone
              ▲                  │
              └── returned ◄─────┘ the connection was lost: they go again, in their order
"""

from collections import deque

import msgspec

LIMIT = 10_000  # messages
BYTES_LIMIT = 8 * 1024 * 1024  # of all payloads together


class OutMessage(msgspec.Struct, frozen=True):
    """One message. ``number``: in the order of acceptance."""

    number: int
    topic: str
    payload: bytes
    correlation: bytes = b""


class MqttOutbox:
    """``dropped`` counts the oldest messages that had to go for newer ones."""

    def __init__(self, limit: int = LIMIT, bytes_limit: int = BYTES_LIMIT) -> None:
        self.dropped = 0
        self._limit = limit
        self._bytes_limit = bytes_limit
        self._bytes = 0
        self._waiting: deque[OutMessage] = deque()
        self._sent: dict[int, OutMessage] = {}
        self._next = 1

    def __len__(self) -> int:
        """Messages that the broker has not taken over."""
        return len(self._waiting) + len(self._sent)

    def restore(self, messages: list[OutMessage]) -> None:
        """Begin with what an earlier run could not send."""
        for message in messages:
            self._waiting.append(message)
            self._bytes += len(message.payload)
            self._next = max(self._next, message.number + 1)

    def accept(self, topic: str, payload: bytes, correlation: bytes = b"") -> tuple[OutMessage, list[int]]:
        """Add a message; it, and the numbers of those that are dropped for it."""
        message = OutMessage(self._next, topic, payload, correlation)
        self._next += 1
        self._waiting.append(message)
        self._bytes += len(payload)
        dropped = []
        while self._waiting[0] is not message and (len(self) > self._limit or self._bytes > self._bytes_limit):
            oldest = self._waiting.popleft()
            self._bytes -= len(oldest.payload)
            dropped.append(oldest.number)
        self.dropped += len(dropped)
        return message, dropped

    def next(self) -> OutMessage | None:
        """The next message to send; None where none waits."""
        if not self._waiting:
            return None
        message = self._waiting.popleft()
        self._sent[message.number] = message
        return message

    def done(self, number: int) -> bool:
        """The broker has it, or it never will. Whether it was known."""
        message = self._sent.pop(number, None)
        if message is not None:
            self._bytes -= len(message.payload)
        return message is not None

    def returned(self) -> None:
        """The connection was lost: what was sent and not acknowledged waits again."""
        self._waiting.extendleft(reversed(self._sent.values()))
        self._sent.clear()

    def all(self) -> list[OutMessage]:
        """Every message that is kept, oldest first."""
        return [*self._sent.values(), *self._waiting]
