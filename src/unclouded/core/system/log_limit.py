"""At most some lines a minute from each place in the source, so that no client and no device can fill a disk.

14:02:11 WARNING Web: wrong password from 192.168.1.66.
…                                                              9 more; the others of this minute are counted
14:03:14 WARNING Web: wrong password from 192.168.1.66. (4,812 lines of this kind were not written.)
"""

import logging

import msgspec

LINES = 10  # of one place in the source, in each PERIOD_S
PERIOD_S = 60.0  # s


class _Count(msgspec.Struct):
    """``since``: when the period began; ``left_out``: lines that were not written."""

    since: float
    written: int = 0
    left_out: int = 0


class LogLimit(logging.Filter):
    """A filter of one logger. Its memory is bounded by the places in the source that log."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[tuple[str, int], _Count] = {}

    @staticmethod
    def on(*names: str) -> None:
        """Limit these loggers; those that are limited stay as they are."""
        for name in names:
            logger = logging.getLogger(name)
            if not any(isinstance(one, LogLimit) for one in logger.filters):
                logger.addFilter(LogLimit())

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written; the first one of the next period says how many of its kind were not."""
        place = (record.pathname, record.lineno)
        count = self._counts.setdefault(place, _Count(record.created))
        if not 0 <= record.created - count.since < PERIOD_S:
            if count.left_out:
                record.msg = f"{record.getMessage()} ({count.left_out:,} lines of this kind were not written.)"
                record.args = ()
            self._counts[place] = _Count(record.created, 1)
            return True
        if count.written >= LINES:
            count.left_out += 1
            return False
        count.written += 1
        return True
