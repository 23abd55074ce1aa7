"""Notices about bytes of a wire that are not frames: the first of each reason, and those of another family."""

import logging
from collections.abc import Callable

from unclouded.core.model import Notice
from unclouded.core.sessions.recent_chunks import RecentChunks

log = logging.getLogger("unclouded.hub")

MOST_GUESSES = 20  # noises of a device that has reported no values by which its family is guessed
NOISE_REASONS = 100  # different reasons of which a notice is published; the statistics count them all

Guess = Callable[[bytes], str]  # text, "" = no other family


class NoiseNotices:
    """Of one channel of ``device``, whose bytes are in ``recent``. ``has_values``: its session has reported some."""

    def __init__(self, device: str, recent: RecentChunks) -> None:
        self.has_values = False
        self._device = device
        self._recent = recent
        self._reasons: set[str] = set()
        self._guesses = MOST_GUESSES

    def rejected(self, reason: str, at: float, guess: Guess) -> list[Notice]:
        """What there is to say of noise at that time (Unix seconds). ``guess``: which other family bytes look like."""
        notices = self._other_family(at, guess)
        if reason not in self._reasons and len(self._reasons) <= NOISE_REASONS:
            self._reasons.add(reason)
            log.info("%s: noise on the line: %s", self._device, reason)
            notices.append(Notice(self._device, at, "rejected", reason))
        return notices

    def _other_family(self, at: float, guess: Guess) -> list[Notice]:
        """A notice where the bytes of a device without values look like those of another family.

        It may be online: a gateway answers what a Wi-Fi module asks at the start.
        """
        if self.has_values or not self._guesses:
            return []
        self._guesses -= 1
        text = guess(b"".join(data for _, ours, _, data in self._recent.chunks() if not ours))
        if not text:
            return []
        self._guesses = 0
        log.warning("%s: %s", self._device, text)
        return [Notice(self._device, at, "family", text)]
