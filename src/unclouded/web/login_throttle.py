"""How long somebody who guesses passwords has to wait: longer each time, in bounded memory.

    each address     4 free tries, then 1, 2, 4 … s, at the most 15 min; forgotten after an hour
    all together    40 free tries, then 1, 2, 4 … s, at the most 30 s; who once got in from an address is not held up

A try counts when it begins and is given back when it succeeds, so that many at once gain nothing.
"""

import ipaddress
from collections import OrderedDict

import msgspec

MOST_REMEMBERED = 1_000  # addresses
EVERYBODY = ""


class ThrottleRule(msgspec.Struct, frozen=True):
    """``free`` tries, then waits from ``first`` s, doubling up to ``most`` s; forgotten after ``quiet`` s."""

    free: int
    first: float
    most: float
    quiet: float = 3_600.0


EACH = ThrottleRule(free=4, first=1.0, most=900.0)
ALL = ThrottleRule(free=40, first=1.0, most=30.0)


class LoginThrottle:
    """Counts tries. ``now``: monotonic seconds."""

    def __init__(self, each: ThrottleRule = EACH, all: ThrottleRule = ALL) -> None:
        self._each = _Counts(each)
        self._all = _Counts(all)
        self._trusted: OrderedDict[str, None] = OrderedDict()

    def begin(self, address: str, now: float) -> float:
        """0 where this try may go on, and it counts; else the seconds that are still to wait."""
        who = group_of(address)
        wait = self._each.wait(who, now)
        if who not in self._trusted:
            wait = max(wait, self._all.wait(EVERYBODY, now))
        if not wait:
            self._each.add(who, now)
            self._all.add(EVERYBODY, now)
        return wait

    def succeeded(self, address: str) -> None:
        """The try was a good one."""
        who = group_of(address)
        self._each.forget(who)
        self._all.give_back(EVERYBODY)
        self._trusted[who] = None
        self._trusted.move_to_end(who)
        while len(self._trusted) > MOST_REMEMBERED:
            self._trusted.popitem(last=False)

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._each) + len(self._trusted)


class _Counts:
    def __init__(self, rule: ThrottleRule) -> None:
        self._rule = rule
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how many, and when the last one was

    def wait(self, who: str, now: float) -> float:
        count, last = self._tries.get(who, (0, now))
        if now - last >= self._rule.quiet:
            self.forget(who)
            return 0.0
        return max(0.0, last + self._pause(count) - now)

    def add(self, who: str, now: float) -> None:
        count, _ = self._tries.get(who, (0, now))
        self._tries[who] = (count + 1, now)
        self._tries.move_to_end(who)
        while len(self._tries) > MOST_REMEMBERED:
            self._tries.popitem(last=False)

    def give_back(self, who: str) -> None:
        count, last = self._tries.get(who, (0, 0.0))
        if count:
            self._tries[who] = (count - 1, last)

    def forget(self, who: str) -> None:
        self._tries.pop(who, None)

    def _pause(self, count: int) -> float:
        over = count - self._rule.free
        return 0.0 if over < 0 else min(self._rule.most, self._rule.first * 2.0 ** min(over, 30))

    def __len__(self) -> int:
        return len(self._tries)


def group_of(address: str) -> str:
    """Who is one: an IPv4 address, or the /64 that one IPv6 household has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
