"""The file of an update as the hub hands it out: first what it is, then block by block, requested ahead.

    AskFile ─► size        AskBlock(0) AskBlock(1024) ─► sent: 0 … ─► AskBlock(2048) ─► …

While one block is on the wire the next is here already: nothing on the line waits for the hub.
"""

from collections.abc import Callable, Mapping
from functools import partial

from unclouded.core.sessions.session import Answer, AskBlock, Asked, AskFile, Event, Refusal, WireValue
from unclouded.families.tuya.line.endpoint import Questions

AHEAD = 2  # blocks that are here or requested: the one on the wire, and the next
LONGEST = 2**32 - 1  # bytes that the wire can express

Changed = Callable[["SourceFile", float], list[Event]]


class SourceFile:
    """One file. ``size`` 0: not known yet. ``problem``: why it is unusable, "" = it is usable.

    ``changed``: called after each answer of the hub. ``is_forced``: a file that is known to be for another device is
    usable too; a damaged one never is.
    """

    def __init__(self, name: str, questions: Questions, changed: Changed, *, is_forced: bool = False) -> None:
        self.name = name
        self.size = 0
        self.md5 = ""
        self.problem = ""
        self._questions = questions
        self._changed = changed
        self._is_forced = is_forced
        self._open: list[int] = []
        self._blocks: dict[int, bytes] = {}
        self._step = 0
        self._next = 0  # offset of the next block to request

    def begin(self, now: float) -> list[Event]:
        """Ask the hub for the file."""
        return self._ask(AskFile(self.name), self._know, now)

    def cut(self, step: int, now: float) -> list[Event]:
        """Into blocks of so many bytes; the first ones are requested."""
        self._step = step
        return self.ask_ahead(0, now)

    def ask_ahead(self, offset: int, now: float) -> list[Event]:
        """Request what comes soon, and let go of what is over: the block at ``offset`` is the next on the wire."""
        for over in [at for at in self._blocks if at < offset]:
            del self._blocks[over]
        events: list[Event] = []
        while self._next < min(self.size, offset + AHEAD * self._step):
            at, self._next = self._next, self._next + self._step
            events += self._ask(AskBlock(at, self._step, self.name), partial(self._keep, at), now)
        return events

    def block(self, offset: int) -> bytes | None:
        """None = it is not here yet."""
        return self._blocks.get(offset)

    def close(self) -> None:
        """Nothing more is needed of it."""
        self._questions.cancel(self._open)

    # --- inside ------------------------------------------------------------------------------------

    def _know(self, value: Answer | Refusal) -> None:
        match value:
            case Refusal(reason=reason):
                self.problem = reason
            case Mapping():
                size, md5 = value.get("size"), value.get("md5")
                self.size = size if type(size) is int and 0 < size <= LONGEST else 0
                self.md5 = md5 if isinstance(md5, str) else ""
                self.problem = self._why_not(value) if self.size else f"the file {self.name} is empty, or too long"
            case _:
                self.problem = f"the hub does not know how long {self.name} is"

    def _why_not(self, facts: Mapping[str, WireValue]) -> str:
        """Why the hub's facts of the file speak against sending it; firmware of MCUs is of no kind that is known."""
        damage, target = facts.get("damage", ""), facts.get("target", "")
        if isinstance(damage, str) and damage:
            return f"the file {self.name} is damaged: {damage}. Get it again"
        if isinstance(target, str) and target and not self._is_forced:
            return f"the file {self.name} is for {target}. Write force=yes to send it all the same"
        return ""

    def _keep(self, offset: int, value: Answer | Refusal) -> None:
        match value:
            case Refusal(reason=reason):
                self.problem = reason
            case bytes() if len(value) == min(self._step, self.size - offset):
                self._blocks[offset] = value
            case _:
                self.problem = f"the file {self.name} is not as long as it was"

    def _ask(self, question: AskFile | AskBlock, keep: Callable[[Answer | Refusal], None], now: float) -> list[Event]:
        def then(value: Answer | Refusal, now: float) -> list[Event]:
            keep(value)
            return self._changed(self, now)

        events = self._questions.ask(question, then, now, keep=True)
        self._open = [*self._open[1 - AHEAD :], *(event.id for event in events if isinstance(event, Asked))]
        return events
