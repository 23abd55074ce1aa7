"""The direction of a magnitude as a wire value of its own, as meters with `negative_when` send it. Pure.

    power_a_W = -150 ──► 102: 1 (reverse), 101: 1500        a direction goes before the magnitudes that it belongs to
    `direction_lags` ──► each time the direction of the magnitudes that were sent before

A direction is sent again whenever one of its magnitudes has changed, also where it is the same. Source:
docs/protocols/tuya_wifi.md §2.6 item 19, §2.8.1.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from unclouded.core.profile import WireMatch, WirePoint
from unclouded.core.sessions.session import WireValue


class DirectionValues:
    """What one device has sent of its magnitudes and their directions."""

    def __init__(self, rows: Iterable[WirePoint]) -> None:
        rows = list(rows)
        self._signals: dict[str, _Signal] = {}
        for row in rows:
            if row.negative_when is not None and row.counter == "none":
                wire = row.negative_when.wire
                signal = self._signals.setdefault(wire, _Signal(row.negative_when, row.direction_lags))
                signal.magnitudes.append(row.wire)

    def unsigned(self, values: Mapping[str, WireValue]) -> dict[str, WireValue]:
        """The values without their signs, and the directions that are to be sent with them."""
        if not self._signals:
            return dict(values)
        result: dict[str, WireValue] = {}
        for wire, signal in self._signals.items():
            direction = signal.direction(values)
            if direction is not None:
                result[wire] = direction
        signed = {wire for signal in self._signals.values() for wire in signal.magnitudes}
        for wire, value in values.items():
            if wire not in self._signals:
                result[wire] = _magnitude(value) if wire in signed else value
        return result


def _magnitude(value: WireValue) -> WireValue:
    return -value if isinstance(value, int | Fraction) and value < 0 else value


class _Signal:
    """One direction. ``match``: its values when it is negative."""

    def __init__(self, match: WireMatch, lags: bool) -> None:
        self.magnitudes: list[str] = []
        self._lags = lags
        self._values = tuple(_value(match, is_negative) for is_negative in (False, True))
        self._sent: list[WireValue | None] = []  # the magnitudes that were sent last
        self._direction = self._values[False]  # of these

    def direction(self, values: Mapping[str, WireValue]) -> int | None:
        """What is sent before these magnitudes; None = nothing. 0 has the direction of what was before."""
        magnitudes = [values.get(wire) for wire in self.magnitudes]
        before, self._direction = self._direction, self._of(magnitudes)
        has_changed, self._sent = magnitudes != self._sent, magnitudes
        if self._lags:
            return before
        return self._direction if has_changed else None

    def _of(self, magnitudes: Iterable[WireValue | None]) -> int:
        for one in magnitudes:
            if isinstance(one, int | Fraction) and one:
                return self._values[one < 0]
        return self._direction


def _value(match: WireMatch, is_negative: bool) -> int:
    """The lowest value that the direction has then."""
    negative = {int(text) for text in match.values if text.isdecimal()}
    return min(negative, default=1) if is_negative else min({0, 1, 2} - negative, default=0)
