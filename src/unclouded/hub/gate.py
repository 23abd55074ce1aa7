"""What may go into the history: facts whose time can be trusted, of devices whose identity is known.

People see everything at once. The store gets it when it can be stored for good: what was measured before
the computer had a clock is stamped when the clock is right, and what is said of a device that has not yet
said who it is waits for that. What a session or the house remembers (Memory) has no time and waits for nothing.
"""

import logging
from collections import deque
from collections.abc import Sequence

import msgspec

from unclouded.core.model import Device, Fact, Memory, Notice, Reading, Status
from unclouded.hub.clock import WallClock

log = logging.getLogger("unclouded.hub")

UNSTAMPED = 100_000  # facts that wait for the first trusted time at the most
NAMELESS = 256  # facts of one device that wait for its identity at the most


class IdentityGate:
    """Lets facts through in order, and holds the others back."""

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._unstamped: deque[tuple[float, Fact]] = deque(maxlen=UNSTAMPED)
        self._announced: set[str] = {""}
        self._nameless: dict[str, deque[Fact]] = {}

    def let_through(self, facts: Sequence[Fact]) -> list[Fact]:
        """What can be stored now, older facts first."""
        if not self._clock.trusted():
            self._wait_for_time([fact for fact in facts if not isinstance(fact, Memory)])
            return [fact for fact in facts if isinstance(fact, Memory)]  # it has no time
        if self._unstamped:
            facts = [*self._stamp(), *facts]
        through: list[Fact] = []
        announced = self._announced
        for fact in facts:
            if type(fact) is Reading and fact.device in announced:  # the commonest case by far
                through.append(fact)
            else:
                self._pass(fact, through)
        return through

    def _pass(self, fact: Fact, through: list[Fact]) -> None:
        match fact:
            case Reading() | Status() | Notice():
                if fact.device in self._announced:
                    through.append(fact)
                else:
                    self._nameless.setdefault(fact.device, deque(maxlen=NAMELESS)).append(fact)
            case Device():
                if fact.identity:
                    self._announced.add(fact.id)
                    through.append(fact)
                    through.extend(self._nameless.pop(fact.id, ()))
            case _:
                through.append(fact)

    def _wait_for_time(self, facts: Sequence[Fact]) -> None:
        if not self._unstamped:
            log.warning("The clock of this computer is wrong; what is measured is stored when it is right.")
        behind = self._clock.ahead()
        self._unstamped.extend((behind, fact) for fact in facts)

    def _stamp(self) -> list[Fact]:
        """What waited, with the times that it really had."""
        right = self._clock.ahead()
        waiting = [_moved(fact, right - behind) for behind, fact in self._unstamped]
        self._unstamped.clear()
        return waiting


def _moved(fact: Fact, seconds: float) -> Fact:
    match fact:
        case Reading() | Notice():
            return msgspec.structs.replace(fact, at=fact.at + seconds)
        case Status():
            return msgspec.structs.replace(fact, since=fact.since + seconds)
    return fact
