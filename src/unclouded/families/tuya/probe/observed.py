"""What an unknown MCU reported, and what is proposed for one of its data points."""

import msgspec

from unclouded.core.profile import WirePoint
from unclouded.core.quantities import TOGETHER_S
from unclouded.families.tuya.line.datapoint import PointValue

Series = list[tuple[float, float]]  # (monotonic s, count)


class ObservedPoint(msgspec.Struct):
    """A data point and its reports: (monotonic s, value), oldest first."""

    id: int
    type: str
    values: list[tuple[float, PointValue]] = []


class Observations(msgspec.Struct):
    """All that was received. ``asked``: when all points were queried (monotonic s).

    ``settable``: points that were set, and then reported the value that they were set to.
    """

    points: dict[int, ObservedPoint] = {}
    asked: list[float] = []
    settable: set[int] = set()


class ProposedRow(msgspec.Struct, frozen=True):
    """One row of the profile, and its reason."""

    row: WirePoint
    why: str


def together(power: Series, voltage: Series, current: Series) -> list[tuple[float, float, float]]:
    """Three counts within two seconds, for each power."""
    found = []
    for at, count in power:
        near = [min(series, key=lambda one: abs(one[0] - at), default=None) for series in (voltage, current)]
        volts, amperes = near
        if volts is not None and amperes is not None and max(abs(volts[0] - at), abs(amperes[0] - at)) <= TOGETHER_S:
            found.append((count, volts[1], amperes[1]))
    return found
