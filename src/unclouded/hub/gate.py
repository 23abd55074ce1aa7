"""Which facts may go into the history: those with a trusted time, of devices with a known identity.

    Reading, Status, Notice ──► time trusted? ──► identity known? ──► the store
                                   │ no: waits until the clock is right, then gets its real time
                                                     │ no: waits until the device is identified

Clients see every fact at once; only the store waits. What a session or the hub remembers (Memory) has no time and
waits for nothing.
"""

import logging
from collections import deque
from collections.abc import Sequence

import msgspec

from unclouded.core.model import Device, Fact, Memory, Notice, Reading, Status
from unclouded.hub.clock import WallClock

log = logging.getLogger("unclouded.hub")

MAX_UNSTAMPED = 100_000  # facts that wait for a trusted time; the oldest is dropped for one more
MAX_UNIDENTIFIED = 256  # facts of one device that wait for its identity; the oldest is dropped for one more


class IdentityGate:
    """Passes facts on in their order, and holds back those that cannot be stored yet."""

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._unstamped: deque[tuple[float, Fact]] = deque(maxlen=MAX_UNSTAMPED)  # with the clock's lead at that time
        self._identified: set[str] = {""}  # ids of devices; "" is the hub
        self._unidentified: dict[str, deque[Fact]] = {}

    def let_through(self, facts: Sequence[Fact]) -> list[Fact]:
        """The facts that can be stored now, those that waited first."""
        if not self._clock.trusted():
            self._wait_for_time([fact for fact in facts if not isinstance(fact, Memory)])
            return [fact for fact in facts if isinstance(fact, Memory)]
        if self._unstamped:
            facts = [*self._stamp(), *facts]
        identified = self._identified
        through: list[Fact] = [fact for fact in facts if type(fact) is Reading and fact.device in identified]
        if len(through) < len(facts):  # readings of identified devices only are by far the most frequent case
            through = []
            for fact in facts:
                self._check_identity(fact, through)
        return through

    def forget(self, device: str) -> None:
        """No device has this id any more: one that gets it waits until it is identified."""
        self._identified.discard(device)
        self._unidentified.pop(device, None)

    def _check_identity(self, fact: Fact, through: list[Fact]) -> None:
        """Add the fact, and those that waited for it, to ``through``; or keep it until its device is identified."""
        match fact:
            case Reading() | Status() | Notice():
                if fact.device in self._identified:
                    through.append(fact)
                else:
                    self._unidentified.setdefault(fact.device, deque(maxlen=MAX_UNIDENTIFIED)).append(fact)
            case Device():
                if fact.identity:
                    self._identified.add(fact.id)
                    through.append(fact)
                    through.extend(self._unidentified.pop(fact.id, ()))
            case _:
                through.append(fact)

    def _wait_for_time(self, facts: Sequence[Fact]) -> None:
        if not self._unstamped:
            log.warning("The clock of this computer is wrong. Readings are stored once it is right.")
        lead = self._clock.ahead()
        self._unstamped.extend((lead, fact) for fact in facts)

    def _stamp(self) -> list[Fact]:
        """The facts that waited, with their real times."""
        right = self._clock.ahead()
        waiting = [_moved(fact, right - lead) for lead, fact in self._unstamped]
        self._unstamped.clear()
        return waiting


def _moved(fact: Fact, seconds: float) -> Fact:
    match fact:
        case Reading() | Notice():
            return msgspec.structs.replace(fact, at=fact.at + seconds)
        case Status():
            return msgspec.structs.replace(fact, since=fact.since + seconds)
    return fact
