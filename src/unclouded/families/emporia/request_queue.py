"""One outstanding request at a time: the request queue of the controller's end."""

from collections.abc import Sequence

from unclouded.core.sessions.session import Out
from unclouded.families.emporia.commands import BY_LETTER
from unclouded.families.emporia.frame import request


class EmporiaRequestQueue:
    """Sends the queued requests one by one; each waits for its answer or for ``timeout_s``."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._queued: list[str] = []
        self._out: list[Out] = []
        self._sent_at = 0.0
        self.outstanding = ""  # the letter of the outstanding request
        self.timeouts = 0
        self.round_trip_s = 0.0  # of the newest answer

    @property
    def is_idle(self) -> bool:
        """Is nothing queued and nothing outstanding?"""
        return not (self.outstanding or self._queued)

    def add(self, *letters: str) -> None:
        """Queue these at the end; what is queued or outstanding already is not requested twice."""
        self._queued += [letter for letter in letters if letter not in self._queued and letter != self.outstanding]

    def add_first(self, letter: str) -> None:
        """Queue this before anything else."""
        self._queued = [letter, *(other for other in self._queued if other != letter)]

    def remove(self, letters: str) -> None:
        """Take these out of the queue."""
        if self._queued:
            self._queued = [letter for letter in self._queued if letter not in letters]

    def clear(self) -> None:
        """A new conversation: nothing is queued, outstanding or waiting to be sent."""
        self._queued, self._out, self.outstanding = [], [], ""

    def send(self, now: float) -> str:
        """Send the next request if none is outstanding; its letter, or ""."""
        if self.outstanding or not self._queued:
            return ""
        self.outstanding, self._sent_at = self._queued.pop(0), now
        self._out.append(Out(request(self.outstanding)))
        return self.outstanding

    def answered(self, letter: str, now: float) -> bool:
        """A response with this letter was received: is it the answer to the outstanding request?"""
        if letter != self.outstanding:
            return False
        self.outstanding, self.round_trip_s = "", now - self._sent_at
        return True

    def overdue(self, now: float) -> str:
        """The letter of the request whose time is up; it is no longer outstanding."""
        at = self.deadline()
        if at is None or at > now:
            return ""
        letter, self.outstanding = self.outstanding, ""
        self.timeouts += BY_LETTER[letter].answered
        return letter

    def deadline(self) -> float | None:
        """When the outstanding request is overdue, in monotonic seconds; None = none is outstanding."""
        return self._sent_at + self._timeout_s if self.outstanding else None

    def outgoing(self) -> Sequence[Out]:
        """What is to be sent now; each is given once."""
        out, self._out = self._out, []
        return out
