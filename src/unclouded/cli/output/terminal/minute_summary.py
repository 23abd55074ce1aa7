"""The power of the last minute, as a live table draws it. Pure."""

from collections import deque
from collections.abc import Iterator, Sequence

MINUTE = 60.0  # s that a sparkline shows
MOST_SAMPLES = 600  # of one minute, for devices that report very often


class Minute:
    """The power of the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=MOST_SAMPLES)

    def add(self, at: float, value: float) -> None:
        """Takes a value of this time (Unix seconds); times must not go back. Keeps two minutes, 600 values at most."""
        self._samples.append((at, value))
        while len(self._samples) > 1 and self._samples[1][0] < at - 2 * MINUTE:
            self._samples.popleft()

    def last(self) -> float | None:
        """The newest value; None = there is none yet."""
        return self._samples[-1][1] if self._samples else None

    def at(self, when: float) -> float | None:
        """The newest value that is not newer than ``when``; the oldest where all are."""
        return next((value for at, value in reversed(self._samples) if at <= when), self._oldest())

    def bars(self, now: float, count: int, until: float | None = None) -> list[float | None]:
        """Means of ``count`` even parts of the minute up to now; a value is valid until the next one or ``until``.

        The parts are aligned to the clock, so that bars move and keep their height.
        """
        size = MINUTE / count
        first = int(now // size) - count + 1
        parts: list[list[float]] = [[] for _ in range(count)]
        held: float | None = None
        for at, value in self._samples:
            index = int(at // size) - first
            if index < 0:
                held = value
            elif index < count:
                parts[index].append(value)
        return list(_hold(parts, held, None if until is None else int(until // size) - first))

    def _oldest(self) -> float | None:
        return self._samples[0][1] if self._samples else None


def _hold(parts: Sequence[Sequence[float]], held: float | None, until: int | None) -> Iterator[float | None]:
    for index, part in enumerate(parts):
        if part:
            held = part[-1]
        gone = until is not None and index > until
        yield None if gone else (sum(part) / len(part) if part else held)
