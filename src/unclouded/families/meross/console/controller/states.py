"""The state of the console as the text that people read; each state is reported once."""

from collections import deque

from unclouded.core.sessions.session import Event, Offline, Online, Waiting
from unclouded.families.meross.console.wire.lines import is_text
from unclouded.families.meross.console.wire.strangers import EXAMINED, WRONG_BAUD, forbids_typing, recognised

CHECK = (
    "Check that the board is powered (3.3 V, never together with mains), that GND is connected, that RX and TX are"
    " crossed (RX of the adapter to TX of the board), and the baud rate: 115200"
)
NO_BYTES = f"The console does not answer. {CHECK}."
ONLY_LOG = (
    "The board prints its log and does not answer: check the line from TX of the adapter to RX of the board, and that"
    " no other program has the port open."
)
NO_PROMPT = (
    "Text is received, but no prompt of this console. Check which device the line belongs to, that no other program has"
    " the port open, and the baud rate: 115200."
)
STARTING = "The board is starting."
NO_LONGER = f"The console no longer answers. {CHECK}."


class ConsoleState:
    """The state that was reported last, and what was received that shows why there is no prompt."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._reason = ""
        self.is_online = False
        self._begin()

    def _begin(self) -> None:
        self._foreign: deque[bytes] = deque()  # the newest bytes that are not lines of the console
        self._foreign_size = 0
        self._has_log = self._has_text = False

    def online(self, now: float) -> list[Event]:
        """A prompt was received."""
        self._begin()
        self._since, self._reason = now, ""
        if self.is_online:
            return []
        self.is_online = True
        return [Online()]

    def logged(self) -> None:
        """A line of the plug's log was received, so the line works in this direction at least."""
        self._has_log = True

    def foreign(self, data: bytes, is_text: bool) -> None:
        """Bytes that are not a line of this console."""
        self._has_text |= is_text
        self._foreign.append(data[-EXAMINED:])
        self._foreign_size += len(self._foreign[-1])
        while self._foreign_size > EXAMINED and len(self._foreign) > 1:
            self._foreign_size -= len(self._foreign.popleft())

    def starting(self, now: float) -> list[Event]:
        """The board starts again."""
        self._begin()
        return self._waiting(STARTING, now)

    def foreign_plug(self, reason: str, now: float) -> list[Event]:
        """Another plug answers than the configured one."""
        return self._waiting(reason, now)

    def unanswered(self, now: float, held: bytes = b"") -> list[Event]:
        """No prompt came: why, as far as that shows. ``held``: of a line that has not ended, as other prompts are."""
        was_online, reason = self.is_online, self._why(held)
        if was_online and reason == NO_BYTES:
            self.is_online, self._reason = False, NO_LONGER
            return [Offline(NO_LONGER)]
        if reason == NO_BYTES and self._reason == NO_LONGER:
            return []
        return self._waiting(reason, now)

    def forbids_typing(self, held: bytes) -> bool:
        """Whether what was received is of a shell that must be left alone."""
        return forbids_typing(b"".join((*self._foreign, held)))

    def _waiting(self, reason: str, now: float) -> list[Event]:
        since = now if self.is_online else self._since
        self.is_online, self._since = False, since
        if reason == self._reason:
            return []
        self._reason = reason
        return [Waiting(reason, since)]

    def _why(self, held: bytes) -> str:
        found = recognised(b"".join((*self._foreign, held)))
        if found:
            return found
        if self._has_log:
            return ONLY_LOG
        if self._has_text or (held.strip() and is_text(held)):
            return NO_PROMPT
        return WRONG_BAUD if self._foreign or held.strip() else NO_BYTES
