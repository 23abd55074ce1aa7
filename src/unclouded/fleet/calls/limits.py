"""How often a person may ask a home, so that none holds up the others, or the home.

person and home    a bucket of 60 questions, which fills by 2 each second; 8 under way at once
person             32 under way at once, in all homes; 16 live views
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from unclouded.core.system.token_buckets import TokenBuckets

K = TypeVar("K", int, tuple[int, str])

AT_ONCE = 60.0  # questions
PER_S = 2.0
MOST_AT_HOME = 8  # under way: requests of a page that opens
MOST_OF_PERSON = 32
MOST_LOOKS = 16  # live views of a person, on all pages
BUSY_S = 1.0  # s until a question that is under way may have ended


class TooManyQuestions(Exception):
    """``wait_s``: until the next one may be asked."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"Too many questions; the next one in {wait_s:.0f} s.")
        self.wait_s = max(1, math.ceil(wait_s))


class AskingLimits:
    """``now``: monotonic s. People by number, homes by id."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets = TokenBuckets[tuple[int, str]](AT_ONCE, PER_S)
        self._under_way: Counter[tuple[int, str]] = Counter()
        self._of_person: Counter[int] = Counter()
        self._looks: Counter[int] = Counter()

    @contextmanager
    def question(self, person: int, home: str) -> Iterator[None]:
        """While it is under way. Raises TooManyQuestions."""
        key = person, home
        if self._under_way[key] >= MOST_AT_HOME or self._of_person[person] >= MOST_OF_PERSON:
            raise TooManyQuestions(BUSY_S)
        self._take(key)
        with _counted(self._under_way, key), _counted(self._of_person, person):
            yield

    @contextmanager
    def look(self, person: int, home: str) -> Iterator[None]:
        """While a page shows what a home does now. Raises TooManyQuestions."""
        if self._looks[person] >= MOST_LOOKS:
            raise TooManyQuestions(BUSY_S)
        self._take((person, home))
        with _counted(self._looks, person):
            yield

    def _take(self, key: tuple[int, str]) -> None:
        wait_s = self._buckets.take(key, self._now())
        if wait_s:
            raise TooManyQuestions(wait_s)


@contextmanager
def _counted(counts: Counter[K], key: K) -> Iterator[None]:
    counts[key] += 1
    try:
        yield
    finally:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]
