"""How often each of many may do something: a bucket of tokens for each, which fills at a steady rate."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from unclouded.core.system.bounded_table import put_newest

K = TypeVar("K", bound=Hashable)

MOST_KNOWN = 10_000  # buckets that are remembered; of those that were not used for the longest time, it is full


class _Bucket(NamedTuple):
    left: float
    at: float


class TokenBuckets(Generic[K]):
    """``most``: tokens of a full bucket, ``per_s``: by which it fills."""

    def __init__(self, most: float, per_s: float, known: int = MOST_KNOWN) -> None:
        self._most = most
        self._per_s = per_s
        self._known = known
        self._buckets: OrderedDict[K, _Bucket] = OrderedDict()

    def take(self, key: K, now: float) -> float:
        """0.0 and a token is taken, or the seconds until there is one. ``now``: monotonic s."""
        last = self._buckets.get(key) or _Bucket(self._most, now)
        left = min(self._most, last.left + self._per_s * max(0.0, now - last.at))
        wait_s = 0.0 if left >= 1 else (1 - left) / self._per_s
        put_newest(self._buckets, key, _Bucket(left if wait_s else left - 1, now), self._known)
        return wait_s

    def __len__(self) -> int:
        return len(self._buckets)
