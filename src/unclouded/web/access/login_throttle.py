"""Login throttle: waiting times against password guessing, growing with each attempt, in bounded memory.

    per address       4 free attempts, then 1, 2, 4 … s, at most 15 min; forgotten after an hour
    all addresses    40 free attempts, then 1, 2, 4 … s, at most 30 s; addresses with a successful login are exempt

An attempt counts when it begins and is taken back when it succeeds, so that parallel attempts have no advantage.
"""

from collections import OrderedDict

import msgspec

from unclouded.core.system.sockets import group_of

MAX_ADDRESSES = 1_000
ALL_ADDRESSES = ""


class ThrottleRule(msgspec.Struct, frozen=True):
    """``free`` attempts, then waits from ``first`` s, doubling up to ``most`` s; forgotten after ``quiet`` s."""

    free: int
    first: float
    most: float
    quiet: float = 3_600.0


PER_ADDRESS = ThrottleRule(free=4, first=1.0, most=900.0)
GLOBAL = ThrottleRule(free=40, first=1.0, most=30.0)


class LoginThrottle:
    """Counts login attempts. ``now``: monotonic seconds."""

    def __init__(self, each: ThrottleRule = PER_ADDRESS, all: ThrottleRule = GLOBAL) -> None:
        self._each = _Counts(each)
        self._all = _Counts(all)
        self._trusted: OrderedDict[str, None] = OrderedDict()

    def begin(self, address: str, now: float) -> float:
        """0 if this attempt may proceed, and count it; otherwise the seconds to wait."""
        group = group_of(address)
        wait = self._each.wait(group, now)
        if group not in self._trusted:
            wait = max(wait, self._all.wait(ALL_ADDRESSES, now))
        if not wait:
            self._each.add(group, now)
            self._all.add(ALL_ADDRESSES, now)
        return wait

    def succeeded(self, address: str) -> None:
        """The attempt was successful."""
        group = group_of(address)
        self._each.forget(group)
        self._all.take_back(ALL_ADDRESSES)
        self._trusted[group] = None
        self._trusted.move_to_end(group)
        while len(self._trusted) > MAX_ADDRESSES:
            self._trusted.popitem(last=False)

    def take_back(self, address: str) -> None:
        """The attempt could not be judged: it counts as if it had not been made."""
        self._each.take_back(group_of(address))
        self._all.take_back(ALL_ADDRESSES)

    def __len__(self) -> int:
        """The number of stored addresses."""
        return len(self._each) + len(self._trusted)


class _Counts:
    def __init__(self, rule: ThrottleRule) -> None:
        self._rule = rule
        self._attempts: OrderedDict[str, tuple[int, float]] = (
            OrderedDict()
        )  # number of attempts, and the time of the last one

    def wait(self, group: str, now: float) -> float:
        count, last = self._attempts.get(group, (0, now))
        if now - last >= self._rule.quiet:
            self.forget(group)
            return 0.0
        return max(0.0, last + self._pause(count) - now)

    def add(self, group: str, now: float) -> None:
        count, _ = self._attempts.get(group, (0, now))
        self._attempts[group] = (count + 1, now)
        self._attempts.move_to_end(group)
        while len(self._attempts) > MAX_ADDRESSES:
            self._attempts.popitem(last=False)

    def take_back(self, group: str) -> None:
        count, last = self._attempts.get(group, (0, 0.0))
        if count:
            self._attempts[group] = (count - 1, last)

    def forget(self, group: str) -> None:
        self._attempts.pop(group, None)

    def _pause(self, count: int) -> float:
        over = count - self._rule.free
        return 0.0 if over < 0 else min(self._rule.most, self._rule.first * 2.0 ** min(over, 30))

    def __len__(self) -> int:
        return len(self._attempts)
