"""The file of an update as the house hands it out: first what it is, then block by block, asked for ahead.

    AskFile ─► size        AskBlock(0) AskBlock(1024) ─► sent: 0 … ─► AskBlock(2048) ─► …

While one block is on the wire the next is here already: nothing on the line waits for the house.
"""

from collections.abc import Iterator, Mapping

from unclouded.core.session import Answer, AskBlock, Asked, AskFile, Event, Refusal

AHEAD = 2  # blocks that are here or asked for: the one on the wire, and the next
LONGEST = 2**32 - 1  # bytes that the wire can tell


class SourceFile:
    """One file. ``size`` 0: not known yet. ``trouble``: why it is of no use, "" = it is. ``numbers``: for questions."""

    def __init__(self, name: str, numbers: Iterator[int]) -> None:
        self.name = name
        self.size = 0
        self.md5 = ""
        self.trouble = ""
        self._numbers = numbers
        self._asked: dict[int, AskFile | AskBlock] = {}
        self._blocks: dict[int, bytes] = {}
        self._step = 0
        self._wanted = 0  # offset of the next block to ask for

    def begin(self) -> list[Event]:
        return [self._ask(AskFile(self.name))]

    def cut(self, step: int) -> list[Event]:
        """Into blocks of so many bytes; the first ones are asked for."""
        self._step = step
        return self.ask_ahead(0)

    def ask_ahead(self, offset: int) -> list[Event]:
        """Ask for what comes soon, and let go of what is over: the block at ``offset`` is the next on the wire."""
        for over in [at for at in self._blocks if at < offset]:
            del self._blocks[over]
        events: list[Event] = []
        while self._wanted < min(self.size, offset + AHEAD * self._step):
            events.append(self._ask(AskBlock(self._wanted, self._step, self.name)))
            self._wanted += self._step
        return events

    def block(self, offset: int) -> bytes | None:
        """None = it is not here yet."""
        return self._blocks.get(offset)

    def answer(self, id: int, value: Answer | Refusal) -> bool:
        """What the house says; False where nobody asked."""
        match self._asked.pop(id, None):
            case AskFile():
                self._know(value)
            case AskBlock(offset=offset):
                self._keep(offset, value)
            case None:
                return False
        return True

    def _know(self, value: Answer | Refusal) -> None:
        match value:
            case Refusal(reason=reason):
                self.trouble = reason
            case Mapping():
                size, md5 = value.get("size"), value.get("md5")
                self.size = size if type(size) is int and 0 < size <= LONGEST else 0
                self.md5 = md5 if isinstance(md5, str) else ""
                self.trouble = "" if self.size else f"the file {self.name} is empty, or too long"
            case _:
                self.trouble = f"the house does not say how long {self.name} is"

    def _keep(self, offset: int, value: Answer | Refusal) -> None:
        match value:
            case Refusal(reason=reason):
                self.trouble = reason
            case bytes() if len(value) == min(self._step, self.size - offset):
                self._blocks[offset] = value
            case _:
                self.trouble = f"the file {self.name} is not as long as it was"

    def _ask(self, question: AskFile | AskBlock) -> Asked:
        id = next(self._numbers)
        self._asked[id] = question
        return Asked(id, question)
