"""One outstanding request at a time: the queue that the controller's end asks from."""

from collections.abc import Sequence

from unclouded.core.session import Out
from unclouded.families.emporia.frame import request


class EmporiaRequestQueue:
    """Sends the wanted requests one by one; each waits for its answer or for ``timeout`` seconds."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._wanted: list[str] = []
        self._out: list[Out] = []
        self._asked_at = 0.0
        self.asked = ""  # the letter of the outstanding request
        self.timeouts = 0
        self.round_trip = 0.0  # s, of the newest answer

    def want(self, *letters: str) -> None:
        """Ask these after what is wanted already; what is wanted or outstanding is not asked twice."""
        self._wanted += [letter for letter in letters if letter not in self._wanted and letter != self.asked]

    def want_first(self, letter: str) -> None:
        """Ask this before anything else that is wanted."""
        self._wanted = [letter, *(other for other in self._wanted if other != letter)]

    def forget(self, letters: str) -> None:
        """These are not wanted any more."""
        self._wanted = [letter for letter in self._wanted if letter not in letters]

    def forget_all(self) -> None:
        """A new conversation: nothing is wanted, outstanding or waiting to be sent."""
        self._wanted, self._out, self.asked = [], [], ""

    def send(self, now: float) -> str:
        """Send the next request if none is outstanding; its letter, or ""."""
        if self.asked or not self._wanted:
            return ""
        self.asked, self._asked_at = self._wanted.pop(0), now
        self._out.append(Out(request(self.asked)))
        return self.asked

    def answered(self, letter: str, now: float) -> bool:
        """An answer with this letter came: was it asked for?"""
        if letter != self.asked:
            return False
        self.asked, self.round_trip = "", now - self._asked_at
        return True

    def overdue(self, now: float) -> str:
        """The letter of the request whose time is up; it is outstanding no more."""
        at = self.deadline()
        if at is None or at > now:
            return ""
        letter, self.asked = self.asked, ""
        self.timeouts += letter != "d"  # a reset is never answered
        return letter

    def deadline(self) -> float | None:
        return self._asked_at + self._timeout if self.asked else None

    def outgoing(self) -> Sequence[Out]:
        out, self._out = self._out, []
        return out
