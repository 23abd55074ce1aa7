"""Limits of the broker: connections that have not logged in, and failed logins.

No limit keeps out a client that has the right password: its connection is not counted once it has logged in, and the
password is checked however many wrong ones came before.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

from unclouded.core.system.bounded_table import put_newest
from unclouded.core.system.sockets import group_of

MAX_WAITING = 256  # connections from one address that have not logged in; more plugs behind one router are rare
LOOPBACK = ("127.0.0.1", "::1")  # any number of plugs may be behind a forwarder on this computer

MAX_FAILURES = 8  # failed logins of one client at one address …
MAX_ADDRESS_FAILURES = 64  # … or of all clients there …
WINDOW_S = 60.0  # … within this time: further refusals are delayed …
REFUSAL_DELAY_S = 10.0  # … by this, so that guessing is slow and a plug with a wrong key costs few handshakes

K = TypeVar("K")


class WaitingConnections(Generic[K]):
    """The connections that have not logged in, by address, in the order of their arrival.

    ``most_per_address`` of an address (or of a /64 network of IPv6) may wait; the oldest one makes room for a new one.
    So a client that connects and stays silent takes no place from others, whether it opens one connection or thousands.
    """

    def __init__(self, most_per_address: int) -> None:
        self._most = most_per_address
        self._all: OrderedDict[K, str] = OrderedDict()  # connection -> group
        self._groups: dict[str, OrderedDict[K, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def add(self, connection: K, address: str) -> K | None:
        """The connection that must make room, if any."""
        name = group_of(address)
        group = self._groups.setdefault(name, OrderedDict())
        group[connection] = None
        self._all[connection] = name
        return self._take(next(iter(group))) if len(group) > self._most and name not in LOOPBACK else None

    def oldest_but(self, connection: K) -> K | None:
        """The oldest other one, which must make room for this one; it is counted no more."""
        oldest = next(iter(self._all), connection)
        return self._take(oldest) if oldest != connection else None

    def remove(self, connection: K) -> None:
        """It has logged in, or has ended; may be called again."""
        if connection in self._all:
            self._take(connection)

    def _take(self, connection: K) -> K:
        name = self._all.pop(connection)
        group = self._groups[name]
        del group[connection]
        if not group:
            del self._groups[name]
        return connection


class FailedLogins:
    """Counts failed logins by address and client, so that one plug with a wrong key does not slow down the others
    behind the same router. Times are those of the event loop.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str | None], list[float]] = (
            OrderedDict()
        )  # None: all clients of an address

    def failed(self, address: str, client: str, now: float) -> float:
        """Count a failure. Seconds after which to send the refusal."""
        group = group_of(address)
        one = self._count((group, client), MAX_FAILURES, now)
        every = self._count((group, None), MAX_ADDRESS_FAILURES, now)
        return REFUSAL_DELAY_S if one >= MAX_FAILURES or every >= MAX_ADDRESS_FAILURES else 0.0

    def succeeded(self, address: str, client: str) -> None:
        """A login was right: failures of this client are forgotten."""
        self._failures.pop((group_of(address), client), None)

    def _count(self, key: tuple[str, str | None], most: int, now: float) -> int:
        recent = [at for at in self._failures.get(key, []) if now - at < WINDOW_S][1 - most :]
        recent.append(now)
        put_newest(self._failures, key, recent)
        return len(recent)
