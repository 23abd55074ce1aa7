"""The commands of a channel that a session has taken and not settled."""

import asyncio

from unclouded.core.model import OnProgress, Outcome, Progress
from unclouded.core.sessions.session import Ticket


class OpenCommands:
    """By ticket; each has exactly one outcome."""

    def __init__(self) -> None:
        self._outcomes: dict[Ticket, asyncio.Future[Outcome]] = {}
        self._progress: dict[Ticket, OnProgress] = {}

    async def outcome(self, ticket: Ticket, progress: OnProgress | None) -> Outcome:
        """Waits until the ticket is settled; ``progress`` gets each step until then."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._outcomes[ticket] = future
        if progress is not None:
            self._progress[ticket] = progress
        return await future

    def advanced(self, ticket: Ticket, step: Progress) -> None:
        """Passes a step on to the one who waits and wants to know."""
        if ticket in self._progress:
            self._progress[ticket](step)

    def settled(self, ticket: Ticket, outcome: Outcome) -> None:
        """Ends the wait; a ticket that no one waits for is ignored."""
        self._progress.pop(ticket, None)
        future = self._outcomes.pop(ticket, None)
        if future is not None and not future.done():
            future.set_result(outcome)

    def settle_all(self, outcome: Outcome) -> None:
        """The session has ended: none of them can be settled any more."""
        for ticket in list(self._outcomes):
            self.settled(ticket, outcome)
