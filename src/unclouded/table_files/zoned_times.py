"""Times as text with the offset of a zone: ``2026-03-29T03:00:00.000+02:00``."""

from datetime import UTC, datetime, tzinfo

MINUTE_MS = 60_000


class ZonedTimes:
    """Writes times. Those of one minute share all but seconds and milliseconds, so each minute is worked out once."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._minute = -1
        self._head = self._offset = ""

    def text(self, ms: int) -> str:
        """A time in Unix milliseconds."""
        minute, rest = divmod(ms, MINUTE_MS)
        if minute != self._minute:
            local = datetime.fromtimestamp(minute * 60, UTC).astimezone(self._zone).isoformat(timespec="minutes")
            self._minute, self._head, self._offset = minute, local[:16], local[16:]
        return f"{self._head}:{rest // 1000:02d}.{rest % 1000:03d}{self._offset}"
