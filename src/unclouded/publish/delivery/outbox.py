"""What waits to be sent: bounded, the oldest is dropped first and counted. Pure."""

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """``most``: items that wait at the most."""

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._items: deque[T] = deque()
        self._most = most

    def __len__(self) -> int:
        return len(self._items)

    def put(self, items: Iterable[T]) -> None:
        """Add these; above the limit the oldest are dropped and counted."""
        for one in items:
            if len(self._items) >= self._most:
                self._items.popleft()
                self.dropped += 1
            self._items.append(one)

    def take(self, most: int) -> list[T]:
        """Remove and return the oldest."""
        return [self._items.popleft() for _ in range(min(most, len(self._items)))]
