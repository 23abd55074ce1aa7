"""What the controller keeps of its meter: the newest reading, the last good scale, what was wrong."""

from unclouded.core.errors import WireError
from unclouded.families.emporia.reading import MeterReading, WireFactors, parse_reading

HANGS = "the radio repeats one old reading"


class ReadingFilter:
    """Tells good readings from repeated and useless ones.

    ``soon``: seconds in which a reading that looks like the one before is the same one, sent twice.
    """

    def __init__(self, soon: float) -> None:
        self._soon = soon
        self._scale: WireFactors | None = None
        self._payload = b""  # of the newest good reading
        self._sequence: int | None = None
        self.read_at: float | None = None
        self.trouble = ""  # what was wrong with the answers since the newest good reading

    def take(self, payload: bytes, now: float) -> MeterReading | None:
        """A good reading, or None where it is a repeated one. Raises WireError where it is of no use."""
        try:
            return self._take(payload, now)
        except WireError as error:
            self.trouble = str(error)
            raise

    def _take(self, payload: bytes, now: float) -> MeterReading | None:
        reading = parse_reading(payload, self._scale)
        sequence = reading.registers.sequence
        if self._is_repeated(payload, sequence, now):
            return None
        self._scale = reading.scale or self._scale
        if not reading.values:
            why = next(iter(reading.missing.values()), "it is empty")
            raise WireError(f"the reading has no value: {why}")
        self._payload, self._sequence, self.read_at, self.trouble = payload, sequence, now, ""
        return reading

    def _is_repeated(self, payload: bytes, sequence: int | None, now: float) -> bool:
        """The same reading again. One that is repeated for long is a radio that hangs, and no sign of life."""
        if self.read_at is None or sequence != self._sequence:
            return False
        soon, same = now - self.read_at < self._soon, payload == self._payload
        if sequence is None:  # firmware before 7 counts nothing
            return soon and same
        if same and not soon:
            self.trouble = HANGS
        return soon or same
