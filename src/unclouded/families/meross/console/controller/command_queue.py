"""The commands that wait: those that a person asked for first, then what the session itself wants to know."""

from collections import deque
from collections.abc import Iterator

from unclouded.core.errors import CommandError
from unclouded.families.meross.console.controller.running_command import ConsoleRequest

MOST_WAITING = 32  # commands that a person asked for; each takes at least some milliseconds


class ConsoleQueue:
    """Bounded: of its own commands, each line waits once."""

    def __init__(self) -> None:
        self._asked: deque[ConsoleRequest] = deque()
        self._own: deque[ConsoleRequest] = deque()

    def __len__(self) -> int:
        return len(self._asked) + len(self._own)

    def check_room(self) -> None:
        """Raises CommandError where too many commands wait."""
        if len(self._asked) >= MOST_WAITING:
            raise CommandError(f"{MOST_WAITING} commands wait for this console. Try again when some are done.")

    def add(self, request: ConsoleRequest) -> None:
        """Queues it behind those of its kind (one with a ticket was asked for); an own line waits once."""
        if request.ticket is not None:
            self._asked.append(request)
        elif all(request.line != other.line for other in self._own):
            self._own.append(request)

    def add_first(self, request: ConsoleRequest) -> None:
        """Before all others: it completes one that was under way."""
        self._asked.appendleft(request)

    def next(self) -> ConsoleRequest | None:
        """Takes the next one out; None = the queue is empty."""
        if self._asked:
            return self._asked.popleft()
        return self._own.popleft() if self._own else None

    def clear(self) -> Iterator[ConsoleRequest]:
        """Take all of them out."""
        yield from self._asked
        self._asked.clear()
        self._own.clear()
