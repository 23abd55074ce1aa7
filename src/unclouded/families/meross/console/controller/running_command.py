"""One command that was sent, and the lines that answer it.

    meross mem\\r ─► echo ─► lines ─► prompt          the answer is complete
    meross ping … ─► echo ─► prompt ─► log lines      it is complete with the line that ``until`` names
    meross mem\\r ─► prompt ─► …                      an older prompt: if lines follow, so does another prompt

The echo may be off; a log line may interrupt any line, and the prompt too.
"""

from collections.abc import Sequence

import msgspec

from unclouded.core.sessions.session import Ticket
from unclouded.families.meross.console.wire.answer_form import AnswerLine, ConsoleAnswer, whole_lines
from unclouded.families.meross.console.wire.answers import read_answer
from unclouded.families.meross.console.wire.commands import ConsoleCommand
from unclouded.families.meross.console.wire.known_lines import known_line

MOST_LINES = 1_000  # of an answer; config show has about 250
SHOWN = 400  # characters of an answer in the text of an outcome
EMPTY_S = 0.5  # s after a prompt without a line before it: the command prints nothing


class ConsoleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A command to be sent. ``tries``: how often it is still repeated until it shows ``relay``, which is wanted."""

    row: ConsoleCommand
    line: str
    ticket: Ticket | None = None
    show_secrets: bool = False
    show_lines: bool = False
    relay: bool | None = None
    tries: int = 0


class RunningCommand:
    """A request that was sent at ``now``; its answer may take ``timeout_s``."""

    def __init__(self, request: ConsoleRequest, now: float, timeout_s: float) -> None:
        self.request = request
        self.sent_at = now
        self.expires = now + timeout_s
        self.completes_at: float | None = None  # with what it has, unless more comes
        self._texts: list[AnswerLine] = []
        self._is_ended = False  # the line that ``until`` names was received
        self._is_prompted = False
        self._has_echo = False

    @property
    def deadline(self) -> float:
        return self.expires if self.completes_at is None else min(self.completes_at, self.expires)

    @property
    def has_lines(self) -> bool:
        return self._has_echo or any(one.text.strip() for one in self._texts)

    @property
    def texts(self) -> Sequence[AnswerLine]:
        return self._texts

    def take(self, text: str, cut: bool) -> bool:
        """A line was received; True where the answer is complete with it."""
        if not self._has_echo and not self._texts and text.strip() == self.request.line:
            self._has_echo = True
            return False
        if text.strip():
            self.completes_at = None
        if len(self._texts) < MOST_LINES:
            self._texts.append(AnswerLine(text, cut))
        until = self.request.row.until
        self._is_ended |= bool(until) and until in text
        return self._is_ended and self._is_prompted

    def prompted(self, now: float) -> bool:
        """A prompt was received; True where the answer is complete."""
        if self.request.row.restarts and not self.has_lines:
            return False
        if self.request.row.until and not self._is_ended:
            self._is_prompted = True
            return False
        if not self.has_lines:
            self._is_prompted = True
            self.completes_at = now + EMPTY_S
            return False
        return not self.request.row.restarts

    def answer(self) -> ConsoleAnswer:
        """The typed answer of the lines that were received."""
        read = read_answer(self.request.row, self._texts)
        others = tuple(text for text in read.unread if text != self.request.line)
        return msgspec.structs.replace(read, unread=others)

    def lines(self) -> list[str]:
        """The lines of the answer as they were received, without those that another task printed in between."""
        whole = whole_lines(self._texts, lambda text: False)
        return [line for line in whole if known_line(line) is None and line.strip() != self.request.line]

    def text(self) -> str:
        """The lines of the answer as one text."""
        lines = [one.text.strip() for one in self._texts if one.text.strip() and known_line(one.text) is None]
        whole = "; ".join(" ".join(line.split()) for line in lines if line != self.request.line)
        return whole if len(whole) <= SHOWN else f"{whole[:SHOWN]}…"
