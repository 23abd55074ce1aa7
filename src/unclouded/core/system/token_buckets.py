"""How often each of many may do something: a bucket of tokens for each, which fills at a steady rate."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from unclouded.core.system.bounded_table import put_newest

K = TypeVar("K", bound=Hashable)

MOST_KNOWN = 10_000  # buckets that are remembered; of those that were not used for the longest time, it is full


class TokenBucket:
    """``most``: tokens of a full bucket, as it is at first; ``per_s``: by which it fills; ``now``: monotonic s."""

    __slots__ = ("_at", "_left", "_most", "_per_s")

    def __init__(self, most: float, per_s: float, now: float) -> None:
        self._most = most
        self._per_s = per_s
        self._left = most
        self._at = now

    def take(self, now: float, tokens: float = 1.0) -> float:
        """0.0 and the tokens are taken, or the seconds until there are so many."""
        self._left = min(self._most, self._left + self._per_s * max(0.0, now - self._at))
        self._at = now
        if self._left < tokens:
            return (tokens - self._left) / self._per_s
        self._left -= tokens
        return 0.0


class TokenBuckets(Generic[K]):
    """A bucket for each key: see TokenBucket."""

    def __init__(self, most: float, per_s: float, known: int = MOST_KNOWN) -> None:
        self._most = most
        self._per_s = per_s
        self._known = known
        self._buckets: OrderedDict[K, TokenBucket] = OrderedDict()

    def take(self, key: K, now: float) -> float:
        """0.0 and a token is taken, or the seconds until there is one. ``now``: monotonic s."""
        bucket = self._buckets.get(key) or TokenBucket(self._most, self._per_s, now)
        put_newest(self._buckets, key, bucket, self._known)
        return bucket.take(now)

    def __len__(self) -> int:
        return len(self._buckets)
