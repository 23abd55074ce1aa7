"""The ways to one plug, and how much each can be trusted.

    up ──► CHECKING ── System.All says it is our plug ──► GOOD ── FAILURES in a row ──► LOST
               ├── another UUID ──► FOREIGN                                    (each is checked again,
               └── error 5001 ────► REFUSED                                     5 to 60 s later)

Only good ways carry questions. A way on which the plug may speak unasked is better than one on which it may not.
A recorded one carries none: what the plug answers there was asked by another, and its signatures are blanked.
"""

from enum import Enum

from unclouded.core.session import LinkPath
from unclouded.families.meross.envelope import EnvelopeHeader, verify
from unclouded.families.meross.request_window import SentRequest, WindowRequest

FAILURES = 3  # in a row after which the only good way is lost; one of several is left at the first
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0  # s between two checks of a way that is not good


class Trust(Enum):
    CHECKING = "checking"
    GOOD = "good"
    LOST = "lost"
    FOREIGN = "foreign"
    REFUSED = "refused"


class PathState:
    """One way that is up. ``reason``: why it is not good."""

    def __init__(self, path: LinkPath) -> None:
        self.path = path
        self.trust = Trust.CHECKING
        self.reason = ""
        self.failures = 0
        self._pause = FIRST_PAUSE

    @property
    def is_good(self) -> bool:
        return self.trust is Trust.GOOD

    def believes(self, header: EnvelopeHeader, key: str) -> bool:
        """Is the message from one who knows the key? Of a recording nobody can tell, and its owner chose it."""
        return self.path.recorded or verify(header, key)

    def overheard(self, header: EnvelopeHeader, now: float) -> SentRequest | None:
        """The question that an answer in a recording is for; None on every other way, where the question is ours."""
        if not self.path.recorded:
            return None
        question = WindowRequest("", header.method.removesuffix("ACK"), header.namespace)
        return SentRequest(question, 0, header.message_id, self.path.name, now, None)

    def found_good(self) -> None:
        self.trust, self.reason = Trust.GOOD, ""
        self.failures, self._pause = 0, FIRST_PAUSE

    def found(self, trust: Trust, reason: str) -> float:
        """It is of no use (any more); seconds until it should be checked again."""
        self.trust, self.reason = trust, reason
        self.failures = 0
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        return pause


class Paths:
    """All ways that are up, the best first."""

    def __init__(self) -> None:
        self._lines: dict[str, PathState] = {}

    def __bool__(self) -> bool:
        return bool(self._lines)

    def get(self, path: str) -> PathState | None:
        return self._lines.get(path)

    def add(self, path: LinkPath) -> PathState:
        """A new connection: it must be checked."""
        line = PathState(path)
        self._lines.pop(path.name, None)
        self._lines[path.name] = line
        return line

    def remove(self, path: str) -> bool:
        return self._lines.pop(path, None) is not None

    def good(self) -> list[PathState]:
        """Those that can be used, the best first."""
        return sorted((line for line in self._lines.values() if line.is_good), key=lambda line: not line.path.push)

    def choose(self, question: WindowRequest) -> LinkPath | None:
        """The way for a question; None = none is good now."""
        if question.path:
            line = self._lines.get(question.path)
            return line.path if line is not None and not line.path.recorded else None
        good = [line for line in self.good() if not line.path.recorded]
        others = [line for line in good if line.path.name != question.avoid]
        return (others or good)[0].path if good else None

    def every(self) -> list[PathState]:
        return list(self._lines.values())

    def any_checking(self) -> bool:
        return any(line.trust is Trust.CHECKING for line in self._lines.values())

    def reason(self) -> str:
        """Why none is good."""
        return "; ".join(line.reason for line in self._lines.values() if line.reason)
