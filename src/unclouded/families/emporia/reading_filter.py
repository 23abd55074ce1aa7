"""Separates new readings from repeated and unusable ones; keeps the newest reading and the last good scale."""

from unclouded.core.errors import WireError
from unclouded.core.sessions.session import Event, Reported
from unclouded.families.emporia.reading import MeterReading, WireFactors, parse_reading

HANGS = "the radio repeats one old reading"


class ReadingFilter:
    """``soon_s``: time in which a reading that looks like the one before is the same one, sent twice."""

    def __init__(self, soon_s: float) -> None:
        self._soon_s = soon_s
        self._scale: WireFactors | None = None
        self._payload = b""  # of the newest good reading
        self._sequence: int | None = None
        self.read_at: float | None = None
        self.problem = ""  # what was wrong with the answers since the newest good reading

    def take(self, payload: bytes, now: float) -> MeterReading | None:
        """A good reading, or None where it is a repeated one. Raises WireError where it is unusable."""
        try:
            reading = parse_reading(payload, self._scale)
            sequence = reading.registers.sequence
            if sequence == self._sequence and self._is_repeated(payload, sequence, now):
                return None
            self._scale = reading.scale or self._scale
            if not reading.values:
                reason = next(iter(reading.missing.values()), "it is empty")
                raise WireError(f"the reading has no value: {reason}")
        except WireError as error:
            self.problem = str(error)
            raise
        self._payload, self._sequence, self.read_at, self.problem = payload, sequence, now, ""
        return reading

    def _is_repeated(self, payload: bytes, sequence: int | None, now: float) -> bool:
        """The same reading again. One that is repeated for long means that the radio is stuck; it is not a response."""
        if self.read_at is None:
            return False
        soon, same = now - self.read_at < self._soon_s, payload == self._payload
        if sequence is None:  # firmware before 7 counts nothing
            return soon and same
        if same and not soon:
            self.problem = HANGS
        return soon or same


def reported(reading: MeterReading) -> Event:
    """The values of a reading; all are marked where its payload could not be read to its end."""
    partial = reading.registers.partial
    if not partial:
        return Reported(reading.values)
    return Reported(reading.values, odd=dict.fromkeys(reading.values, f"the reading is incomplete: {partial}"))
