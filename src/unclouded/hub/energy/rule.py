"""What one reading of a counter does to its ledger: pure functions from a ledger and a level to the next ledger.

``hub/energy/ledger.py`` lists the decisions and their flags; here is the arithmetic. Levels and rises are exact mWh
(``Exact``), times Unix seconds.
"""

import math
from collections.abc import Mapping
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from unclouded.core.model import CountedDay, Doubt, Exact, Ledger, Quality
from unclouded.core.profile import WirePoint
from unclouded.core.sessions.session import ReportedDay

LIMIT_W = 100_000.0  # what no home draws: 144 A on three phases
GAP_S = 300.0  # s without a reading after which energy has no known time
SLACK_S = 60.0  # s added to each elapsed time: meters refresh every 5 to 30 s, bridges deliver late
STUCK_S = 3600.0  # s that a counter may stand still and then show all at once
FIRST_INCREMENT_S = 86_400.0  # s that the first increment of all may stand for
FIRST_MOST = 10**12  # mWh = 1 GWh: a first reading above that is doubted
MOST = 2**62  # mWh: highest level that is read; a total may be twice that, less than a store can hold
HIGHEST_TOTAL = 2 * MOST - 1
DAY_S = 86_400.0
KEPT_DAYS = 62  # dates that a ledger keeps; earlier ones do not count any more
FINEST = 10**12  # largest denominator of a mWh that is kept exactly

# What confirms a doubted level: readings, seconds, rises.
PROOF: Mapping[str, tuple[int, float, int]] = {"jump": (3, 10.0, 0), "reset": (3, 10.0, 0), "dip": (4, 60.0, 2)}
DAY_PROOF = (3, 60.0, 2)  # the same, of a day of a dated counter that begins again


class LedgerStep(msgspec.Struct, frozen=True):
    """What one reading does: the ledger after it, flags and quality, and how far a net register fell (exact mWh)."""

    ledger: Ledger
    flags: tuple[str, ...] = ()
    quality: Quality = "good"
    fallen: Exact = 0


class EnergyRule:
    """Counts the readings of one row. ``whole``: they are whole counts, so a rise may be off by one of them."""

    def __init__(self, row: WirePoint, limit_W: float, gap_s: float, whole: bool) -> None:
        self.row = row
        self._mWh_per_s = limit_W * 1000 / 3600
        self._gap_s = gap_s
        self.exact_mWh = _over(1000 * row.mul, row.div)  # of a count
        self._count_mWh = float(self.exact_mWh) if whole else 0.0
        self._whole_mWh = self.exact_mWh if isinstance(self.exact_mWh, int) else 0
        self._at_once_mWh = self._explained(SLACK_S)  # what is explained after any time

    def level(self, raw: int | float | Fraction) -> Exact | None:
        """What the counter shows, in exact mWh; None where no counter can show it. Floats mean what they print."""
        if self._whole_mWh and isinstance(raw, int):
            level: Exact = raw * self._whole_mWh
            return level if 0 <= level <= MOST else None
        if isinstance(raw, float):
            if not math.isfinite(raw):
                return None
            raw = Fraction(repr(raw))
        level = _over(raw * self.row.mul * 1000, self.row.div)
        return _bounded(level) if 0 <= level <= MOST else None

    def rescaled(self, ledger: Ledger) -> Ledger:
        """The ledger by the scale of this row. The counter has not moved where a profile gives it another scale."""
        level = ledger.level
        if level is None or not ledger.count_mWh:
            return replace(ledger, count_mWh=self.exact_mWh)
        level = _bounded(Fraction(level) * self.exact_mWh / ledger.count_mWh)
        return replace(ledger, level=level, doubt=None, count_mWh=self.exact_mWh)

    def increment(self, ledger: Ledger, amount: Exact, at: float) -> LedgerStep:
        """Add what a device reports since its last report; more than its power explains is suspect and not added."""
        seconds = max(at - ledger.at, 0.0) + SLACK_S if ledger.at else FIRST_INCREMENT_S
        if amount > self._explained(seconds):
            return LedgerStep(ledger, ("increment", "jump"), "suspect")
        return LedgerStep(add(ledger, amount, level=amount, at=at, moved=at), ("increment",))

    def follow(self, ledger: Ledger, level: Exact, at: float) -> LedgerStep:
        """A level of a register that shows its own total."""
        if ledger.level is None:
            return self._begin(ledger, level, at)
        rise = level - ledger.level
        if rise >= 0:
            if rise <= self._at_once_mWh or rise <= self._explained(_seconds(ledger, at)):
                return self._accept(ledger, level, rise, at)
            return self._doubt(ledger, level, at, "jump")
        most = self._explained(_seconds(ledger, at))
        if self.row.counter == "net" and -rise <= most:
            after = replace(ledger, level=level, at=at, moved=at, doubt=None)
            return LedgerStep(after, self._gap(ledger, -rise, at), fallen=-rise)
        if self.row.wraps:
            wrapped = rise + _over(self.row.wraps * self.row.mul * 1000, self.row.div)
            if 0 <= wrapped <= most:
                return self._accept(ledger, level, wrapped, at, ("wrap",))
        is_dip = self.row.counter != "net" and -rise * 10 <= ledger.level
        return self._doubt(ledger, level, at, "dip" if is_dip else "reset")

    def dated(self, ledger: Ledger, level: Exact, day: ReportedDay, at: float) -> LedgerStep | None:
        """What a dated counter shows for one of its days; None where that does not count, or was counted."""
        known = _counted_day(ledger, day, level)
        if known is None or (level == known.level and day.date in ledger.days):
            return None
        rise = level - known.level
        if rise < 0:
            return self._day_again(ledger, known, level, day, at)
        if rise > self._explained(max(at - day.start, 0.0) + SLACK_S):
            return LedgerStep(ledger, ("jump",), "suspect")
        return LedgerStep(_with_day(ledger, known, level, rise, day, at))

    def rose_after_gap(self, rise_mWh: int, since: float, at: float) -> bool:
        """Whether a total rose by more than one count after a long silence."""
        return at - since > self._gap_s and rise_mWh > self._count_mWh

    def _day_again(self, ledger: Ledger, known: CountedDay, level: Exact, day: ReportedDay, at: float) -> LedgerStep:
        """The value of a day fell: the plug was reset and began the day again, or this is an older answer."""
        if at > known.at and (known.level - level) * 10 > known.level:
            return LedgerStep(_with_day(ledger, known, level, level, day, at), ("reset",))
        doubt = ledger.doubt
        if doubt is None or doubt.date != day.date or level < doubt.level:
            doubt = Doubt(kind="dip", first=level, level=level, since=at, at=at, date=day.date)
        elif level > doubt.level:
            doubt = replace(doubt, level=level, at=at, seen=doubt.seen + 1, rises=doubt.rises + 1)
        seen, seconds, rises = DAY_PROOF
        if doubt.seen >= seen and at - doubt.since >= seconds and doubt.rises >= rises:
            return LedgerStep(_with_day(ledger, known, level, level, day, at), ("reset",))
        return LedgerStep(replace(ledger, doubt=doubt), ("dip",), "held")

    def _begin(self, ledger: Ledger, level: Exact, at: float) -> LedgerStep:
        """The first reading: the device's own total is ours, unless something was counted before."""
        if level > FIRST_MOST:
            return self._doubt(ledger, level, at, "jump")
        return self._accept(ledger, level, level if ledger.total == 0 else 0, at)

    def _accept(self, ledger: Ledger, level: Exact, rise: Exact, at: float, flags: tuple[str, ...] = ()) -> LedgerStep:
        moved = at if rise else min(ledger.moved, at)
        after = add(ledger, rise, level=level, at=at, moved=moved, doubt=None)
        return LedgerStep(after, flags + self._gap(ledger, rise, at))

    def _doubt(self, ledger: Ledger, level: Exact, at: float, kind: str) -> LedgerStep:
        """Hold the total; count on from the new level once it is confirmed."""
        doubt = ledger.doubt
        if doubt is None or not self._goes_on(doubt, level, at):
            doubt = Doubt(kind=kind, first=level, level=level, since=at, at=at)
        else:
            rises = doubt.rises + (level > doubt.level)
            since = min(doubt.since, at)
            doubt = replace(doubt, level=level, at=at, since=since, seen=doubt.seen + 1, rises=rises)
        seen, seconds, rises = PROOF[doubt.kind]
        if doubt.seen >= seen and at - doubt.since >= seconds and doubt.rises >= rises:
            return self._rebase(ledger, doubt)
        quality: Quality = "suspect" if doubt.kind == "jump" else "held"
        return LedgerStep(replace(ledger, doubt=doubt), (self._flag(doubt.kind),), quality)

    def _goes_on(self, doubt: Doubt, level: Exact, at: float) -> bool:
        return 0 <= level - doubt.level <= self._explained(max(at - doubt.at, 0.0) + SLACK_S)

    def _rebase(self, ledger: Ledger, doubt: Doubt) -> LedgerStep:
        """Count on from a level that is confirmed."""
        gain = doubt.level - doubt.first
        if ledger.level is None:
            gain = doubt.level if ledger.total == 0 else 0
        elif self._from_zero(doubt.kind) and doubt.level <= self._explained(max(doubt.at - ledger.at, 0.0) + SLACK_S):
            gain = doubt.level
        after = add(ledger, gain, level=doubt.level, at=doubt.at, moved=doubt.at, doubt=None)
        flag = "reset" if doubt.kind == "dip" else doubt.kind
        gap = () if doubt.kind == "jump" else self._gap(ledger, gain, doubt.since)
        return LedgerStep(after, (self._flag(flag), *gap))

    def _from_zero(self, kind: str) -> bool:
        return kind == "reset" or (kind == "dip" and self.row.counter == "daily")

    def _flag(self, kind: str) -> str:
        return "new_day" if self.row.counter == "daily" and kind == "reset" else kind

    def _gap(self, ledger: Ledger, rise: Exact, at: float) -> tuple[str, ...]:
        """A rise after a long silence. A single count is not a gap: coarse counters report only when they move."""
        known = ledger.level is not None and at - ledger.at > self._gap_s
        return ("gap",) if known and rise > self._count_mWh else ()

    def _explained(self, seconds: float) -> float:
        """The most mWh that the limit explains in that time, and one step of the counter."""
        return self._mWh_per_s * seconds + self._count_mWh


def _seconds(ledger: Ledger, at: float) -> float:
    """The time in which a rise may have come about; where clocks went backwards, only the slack."""
    return max(at - ledger.at, min(at - ledger.moved, STUCK_S), 0.0) + SLACK_S


def _over(value: Exact, div: int) -> Exact:
    if div == 1:
        return value
    if isinstance(value, int) and value % div == 0:
        return value // div
    return Fraction(value, div)


def add(
    ledger: Ledger,
    energy: Exact,
    *,
    at: float,
    moved: float,
    level: Exact | None = None,
    doubt: Doubt | None = None,
    power_W: float | None = None,
) -> Ledger:
    """The ledger with more energy. The only place where a total changes."""
    exact = ledger.total + ledger.rest + energy
    total = min(max(round(exact), ledger.total), HIGHEST_TOTAL)
    return Ledger(
        identity=ledger.identity,
        point=ledger.point,
        total=total,
        rest=0 if exact == total or total == HIGHEST_TOTAL else _bounded(exact - total),
        level=ledger.level if level is None else level,
        at=at,
        moved=moved,
        power_W=ledger.power_W if power_W is None else power_W,
        estimated=ledger.estimated,
        doubt=doubt,
        filed=ledger.filed,
        days=ledger.days,
        since=ledger.since,
        count_mWh=ledger.count_mWh,
    )


def _counted_day(ledger: Ledger, day: ReportedDay, level: Exact) -> CountedDay | None:
    """What was counted for a day so far; None where the day does not count."""
    known = ledger.days.get(day.date)
    if known is not None:
        return known
    nothing = CountedDay(level=0, counted=0, at=0.0)
    if ledger.since:
        return nothing if day.date >= ledger.since else None
    if ledger.level is None:  # the first day of all: its value is ours, unless something was counted before
        was_integrated = ledger.power_W is not None and ledger.at < day.start  # on earlier days only
        return nothing if ledger.total == 0 or was_integrated else CountedDay(level=level, counted=0, at=0.0)
    if day.start > ledger.at:  # the ledger was written before days were kept: it has the level of one day
        return nothing
    is_last = ledger.at < day.start + DAY_S
    return CountedDay(level=ledger.level, counted=ledger.level, at=ledger.at) if is_last else None


def _with_day(ledger: Ledger, known: CountedDay, level: Exact, rise: Exact, day: ReportedDay, at: float) -> Ledger:
    """The ledger with more energy of one day."""
    days = {**ledger.days, day.date: CountedDay(level=level, counted=known.counted + rise, at=at)}
    kept = sorted(days)[-KEPT_DAYS:]
    newest = level if day.date == kept[-1] else None
    after = add(ledger, rise, level=newest, at=max(at, ledger.at), moved=max(at, ledger.moved))
    since = max(ledger.since or day.date, kept[0])
    return replace(after, days={date: days[date] for date in kept}, since=since, power_W=None)


def _bounded(value: Exact) -> Exact:
    """The value itself, unless its denominator has grown too large."""
    if isinstance(value, int):
        return value
    if value.denominator == 1:
        return value.numerator
    return value if value.denominator <= FINEST else value.limit_denominator(FINEST)
