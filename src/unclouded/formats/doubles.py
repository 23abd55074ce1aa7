"""The same bytes from two views of one text: a program may log them twice, and each counts once.

Equal bytes in one view are all real: heartbeats.
"""

from collections import deque

WITHIN_S = 0.05
MOST = 64  # of the same bytes that wait for their double


class DoubleFilter:
    """Recognises bytes that another view showed at the same time."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, bytes], deque[tuple[float | None, str]]] = {}

    def is_double(self, view: str, t: float | None, lane: str, data: bytes) -> bool:
        """Whether another view had these bytes; each of them counts for one double."""
        seen = self._seen.setdefault((lane, data), deque(maxlen=MOST))
        while seen and t is not None and (seen[0][0] is None or t - seen[0][0] > WITHIN_S):
            seen.popleft()
        for one in seen:
            if one[1] != view:
                seen.remove(one)
                return True
        seen.append((t, view))
        return False
