"""Energy from the pulse counter: 16 bits that wrap, and a carry bit that toggles when they do.

Both together count to 2**17, about 350 Wh. A rise is counted where the time since the last frame explains it. One that
it does not explain is no rise: the chip was restarted and has counted from 0. Where the line was silent in between, a
fall may be either, and after so long that the counter may have gone round unseen, so may a rise: then only what is
certain is counted, the smaller of the rise and of what the counter shows. The energy of a silence may be too low.
Source: docs/protocols/hlw8032.md §3.2.
"""

from fractions import Fraction

import msgspec

from unclouded.families.hlw8032.frame import CARRY, POWER_AT, Hlw8032Frame
from unclouded.families.hlw8032.measurement import Calibration

ROUND = 1 << 17  # counts of pulses and carry
FULL_SCALE_W = 10_000  # of a shunt of 1 mohm: 30 A at more than 300 V
SLACK_S = 1.0  # s added to each elapsed time: bridges deliver late


class PulseLevel(msgspec.Struct, frozen=True):
    """What the counter showed. ``coefficient``: of power; another one is that of another chip. ``at``: Unix seconds."""

    count: int
    coefficient: int
    at: float


class PulseCounter:
    """``last``: what the counter showed before, None at first. ``pulse_mWh``: of the newest one, exact."""

    def __init__(self, factors: Calibration, last: PulseLevel | None = None) -> None:
        self._factors = factors
        self._full_mW = FULL_SCALE_W * 1000 * float(factors.ki)
        self._coefficient = 0  # that the energy of a pulse was computed for
        self.pulse_mWh = Fraction(0)
        self.last = last

    def advance(self, frame: Hlw8032Frame, at: float, was_silent: bool = False) -> Fraction | None:
        """The mWh since the last frame, exact; None where the frame has no power coefficient.

        ``at``: Unix seconds. ``was_silent``: the line paused since then, so that the chip may have been restarted.
        """
        coefficient, _ = frame.pair(POWER_AT)
        if not coefficient:
            return None
        if coefficient != self._coefficient:
            self._coefficient, self.pulse_mWh = coefficient, self._factors.pulse_mWh(coefficient)
        last, self.last = self.last, PulseLevel(_count(frame), coefficient, at)
        if last is None or last.coefficient != coefficient:
            return Fraction(0)
        return self._rise(last.count, self.last.count, at - last.at, was_silent) * self.pulse_mWh

    def _rise(self, before: int, count: int, elapsed_s: float, was_silent: bool) -> int:
        """Pulses that are certain."""
        rise = (count - before) % ROUND
        most = self._full_mW / 3600 / float(self.pulse_mWh) * (elapsed_s + SLACK_S)
        if elapsed_s < 0 or most >= ROUND or (was_silent and count < before):
            return min(rise, count)
        if rise <= most:
            return rise
        return count if count <= most else 0


def _count(frame: Hlw8032Frame) -> int:
    return frame.pulses | (1 << 16 if frame.update & CARRY else 0)
