"""The same bytes from two views of one text: a program may log them twice, and each counts once.

Equal bytes in one view are all real: heartbeats.
"""

from collections import deque

WITHIN_S = 0.05
MOST = 64  # pieces that wait for their double


class DoubleFilter:
    """Recognises bytes that another view showed at the same time."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float | None, str, str, bytes]] = deque(maxlen=MOST)

    def is_double(self, view: str, t: float | None, lane: str, data: bytes) -> bool:
        """Whether another view had these bytes; each of them counts for one double."""
        recent = self._recent
        while recent and t is not None and (recent[0][0] is None or t - recent[0][0] > WITHIN_S):
            recent.popleft()
        for place, (_, other, its_lane, its_data) in enumerate(recent):
            if other != view and its_data == data and its_lane == lane:
                del recent[place]
                return True
        recent.append((t, view, lane, data))
        return False
