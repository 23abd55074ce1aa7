"""Estimates for a range whose values are wrong or missing: worked out once, and stored in the edit.

    energy   each local hour: the mean of the same hour of the same weekday, in the four weeks before the range
    others   a line from the reading before the range to the one after it

This is the profile of like days of the utilities' rules of estimation. Where a weekday has no values, all days count.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.store.editing.edit import EditValue, EnergyPiece
from unclouded.store.reading.condense import DAY, HOUR, Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.energy import energy
from unclouded.web.words import say

WEEKS = 4  # before the range, whose days are compared
LONGEST_S = 62 * DAY  # of a range whose energy is estimated


def like_days(reader: StoreReader, zone: ZoneInfo, device: str, point: str, start: int, until: int) -> EditValue:
    """The energy of a range (Unix ms) by local hours, as on like days. Raises CommandError where there are none."""
    if until - start > LONGEST_S * 1000:
        raise CommandError(say("api.edit.estimate_long", most=LONGEST_S // DAY))
    hours = Grid(HOUR, zone).begins(start, until)
    before = max(start / 1000 - WEEKS * 7 * DAY, 0.0)
    found = energy(reader, zone, "hour", before, start / 1000, [device])
    row = next((one for one in found.rows if one.point == point), None)
    known: defaultdict[tuple[int | None, int], list[float]] = defaultdict(list)
    for number, (begin, Wh) in enumerate(zip(found.at, row.Wh if row else (), strict=False)):
        is_void = bool(row and row.void and row.void[number])
        if Wh is not None and not is_void and found.at[number + 1] <= start / 1000:
            at = datetime.fromtimestamp(begin, zone)
            known[at.weekday(), at.hour].append(Wh)
            known[None, at.hour].append(Wh)
    pieces = []
    for begin, end in pairwise(hours):
        at = datetime.fromtimestamp(begin / 1000, zone)
        values = known.get((at.weekday(), at.hour)) or known.get((None, at.hour))
        if not values:
            raise CommandError(say("api.edit.nothing_like", device=device, point=point))
        mWh = round(1000 * sum(values) / len(values))
        low, high = max(begin, start), min(end, until)
        pieces.append(EnergyPiece(low, high, EnergyPiece(begin, end, mWh).within(low, high)))
    return EditValue(energy=tuple(pieces))


def line_between(reader: StoreReader, device: str, point: str, start: int, until: int) -> EditValue:
    """From the last number before a range (Unix ms) to the first one after it; where only one is, that one.

    Raises CommandError where there is none.
    """
    ends: Sequence[tuple[float, object] | None] = (
        reader.before(device, [point], start / 1000).get(point),
        reader.first(device, [point], until / 1000).get(point),
    )
    known = [(round(one[0] * 1000), one[1]) for one in ends if one is not None]
    numbers = [(at, float(value)) for at, value in known if isinstance(value, int | float)]
    if not numbers:
        raise CommandError(say("api.edit.nothing_around", device=device, point=point))
    return EditValue(line=(numbers[0], numbers[-1]))
