"""The energy ledger: one lifetime total for each counter of a device, and it never falls.

Real counters restart, wrap, fall back to an older saved value, show 2^32 once and go on, or are exchanged.
Each level is compared with the ledger, and one that does not fit is *doubted*: the total is held until the
counter returns to its old level or the new level has been confirmed by more readings (PROOF).

    level ─┬─ 0 ≤ rise ≤ what limit_W explains in the time ──────────────► counted
           ├─ a fall of a register that runs both ways (net) ───────────► counted by ``falls_to``
           ├─ past the top of the register (wraps) ─────────────────────► counted, ``wrap``
           └─ anything else: doubted ─┬─ the old level returns ─────────► the doubt is dropped
                                      └─ it is confirmed (PROOF) ───────► counted on from there

Flags
    reset      The counter restarted or was exchanged. What it shows since is added to what was counted before,
               unless no plausible power explains it: then only what it rises from there.
    wrap       The register went past its top.
    dip        A fall of at most 10 % (Home Assistant would subtract it): the last maximum is held. A counter that
               goes on from there restarted from an older saved value, and is counted on.
    jump       A rise that no plausible power explains (2^32, a blip, a new meter): held. If the new level
               is confirmed, counting goes on from there, without the jump.
    gap        The energy of an outage: counted; when within the outage is unknown. Of integrated power, at most GAP_S.
    late       What a dated counter shows for an earlier time than its newest reading: filed at the time of that one.
    lost       The device does not keep days that long: what it used on them is not counted.
    new_day    A daily counter started again, as it should.
    increment  The device reports what it counted since its last report; here is the sum.
    duplicate  A report that was counted before (an answer to a query, a repeated frame).
    estimated  Integrated from power: the device has no counter.
    invalid    No number that a counter can show (negative, not a number, beyond 2^62 mWh).

A dated counter shows the energy of each of its days, by date. The ledger keeps what was counted for each date, so days
count however late and in whatever order they are read; one that falls by more than 10 % began again. The energy of an
outage is put on its dates.

No reading of a total is filed earlier than its newest one (``filed``), so totals do not fall in time either.

Energies are whole mWh, rounded half to even; the ledger keeps the exact rest, so no error adds up. All state is in the
ledgers: a DeviceEnergy made from them goes on as if there had been no restart. Two cases cannot be distinguished
from others and are decided thus: a blip that a plausible power explains is counted; of a restart whose first minute
already climbs back to the old level, the difference is lost.
Sources: docs/protocols/emporia.md §1.6 and §3, docs/protocols/tuya_wifi.md §2.8, Home Assistant's total_increasing.
"""

import math
from collections.abc import Mapping
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from unclouded.core.model import Exact, Ledger, Quality
from unclouded.core.profile import WirePoint
from unclouded.core.sessions.session import ReportedDay
from unclouded.hub.energy.rule import GAP_S, LIMIT_W, EnergyRule, LedgerStep, add


class Counted(msgspec.Struct, frozen=True):
    """The lifetime total of a point after a reading. ``fell``: that of the row's ``falls_to``, once it moved."""

    total_mWh: int
    quality: Quality = "good"
    flags: tuple[str, ...] = ()
    point: str = ""
    fell: "Counted | None" = None


AHEAD_S = 300.0  # s that the newest reading may be ahead of the clock; more = the clock was ahead then
LATE_S = 60.0  # s before the newest reading from which one is late
KEPT_S = 30 * 86_400.0  # s after which the days of a device may be lost


class DeviceEnergy:
    """The ledgers of one device. ``limit_W``: the most that it can draw; ``gap_s``: silence that is a ``gap``."""

    def __init__(
        self, identity: str, ledgers: Mapping[str, Ledger], limit_W: float = LIMIT_W, gap_s: float = GAP_S
    ) -> None:
        self._identity = identity
        self._ledgers = dict(ledgers)
        self._limit_W = limit_W
        self._gap_s = gap_s
        self._rules: dict[tuple[str, bool], EnergyRule] = {}
        self._changed: set[str] = set()
        self._filed = {key: ledger.filed for key, ledger in ledgers.items()}

    def count(
        self, row: WirePoint, raw: int | float | Fraction, at: float, repeated: bool = False, *, falls: bool = False
    ) -> Counted:
        """Count what a counter shows at ``at`` (Unix seconds).

        ``falls``: energy flows the other way now, so what it rises is that of ``falls_to``.

        ``repeated``: an answer to a query for everything. An increment in it is a duplicate where it is the one
        that was counted last, over restarts too; any other is new.
        """
        ledger = self._ledger(row.point.key)
        rule = self._rule(row, isinstance(raw, int))
        level = rule.level(raw)
        if level is None:
            return self._counted(LedgerStep(ledger, ("invalid",), "suspect"), row)
        if ledger.count_mWh != rule.exact_mWh:
            ledger = rule.rescaled(ledger)
        if repeated and (ledger.level == level if row.counter == "increment" else ledger.level is not None):
            return self._counted(LedgerStep(ledger, ("duplicate",)), row)
        step = rule.increment(ledger, level, at) if row.counter == "increment" else rule.follow(ledger, level, at)
        if falls and row.falls_to and (row.counter == "increment" or ledger.level is not None):
            step = _turned(ledger, step)
        self._put(step.ledger)
        if step.fallen and row.falls_to:
            self._put(add(self._ledger(row.falls_to), step.fallen, at=at, moved=at))
        return self._counted(step, row)

    def count_day(
        self, row: WirePoint, raw: int | float | Fraction, day: ReportedDay, at: float, now: float
    ) -> list[tuple[float, Counted]]:
        """Count what a dated counter shows for one of its days: readings, with the times at which they are filed.

        ``at``: when the device counted it last, ``now``: the hub's time. Of days but the newest only what is new.
        """
        key = row.point.key
        ledger, before = self._ledger(key), self._filed.get(key, 0.0)
        rule = self._rule(row, isinstance(raw, int))
        level = rule.level(raw)
        step = LedgerStep(ledger, ("invalid",), "suspect") if level is None else rule.dated(ledger, level, day, at)
        if step is None:
            if day.date != max(ledger.days, default=""):
                return []
            step = LedgerStep(ledger)
        if step.ledger is not ledger:
            self._put(step.ledger)
        rise = step.ledger.total - ledger.total
        if not rise and step.ledger.days is not ledger.days and day.date != max(step.ledger.days):
            return []
        begin = max(day.start, day.since or before)
        flags = step.flags
        found: list[tuple[float, Counted]] = []
        if before and rise and before - at > LATE_S:
            flags += ("late",)
        elif before and rule.rose_after_gap(rise, begin, at):
            flags += ("gap",)
            if begin > before:  # the energy was used from here on
                lost = ("lost",) if now - before > KEPT_S and begin - before > KEPT_S / 30 else ()
                marks = () if day.since else ("gap", *lost)
                found.append((self.filed(key, begin, now), Counted(ledger.total, "good", marks, key)))
        counted = self._counted(LedgerStep(step.ledger, flags, step.quality), row)
        return [*found, (self.filed(key, at, now), counted)]

    def filed(self, point_key: str, at: float, now: float) -> float:
        """When a reading of a total is filed: not in the future, and not before its newest one."""
        at, newest = min(at, now), self._filed.get(point_key, 0.0)
        when = at if at >= newest or newest - now > AHEAD_S else newest
        self._filed[point_key] = when
        return when

    def integrate(self, point_key: str, power_W: float, at: float) -> Counted | None:
        """Integrate a power of a device that counts no energy; None where it is not a number.

        The mean of two powers counts for the time between them, at most ``gap_s`` of it. The last power of a device
        that only reports changes is therefore given here again, more often than that.
        Nor does it count while the days of a dated counter may still come: they hold the same energy.
        """
        if not math.isfinite(power_W) or self.has_days(point_key, at):
            return None
        ledger = self._ledger(point_key)
        power_mW = max(round(power_W * 1000), 0)
        flags: tuple[str, ...] = ("estimated",)
        energy: Exact = 0
        if ledger.power_W is not None and at > ledger.at:
            passed = at - ledger.at
            if passed > self._gap_s:
                flags, passed = ("estimated", "gap"), self._gap_s
            mean_mW = Fraction(power_mW + round(ledger.power_W * 1000), 2)
            energy = mean_mW * round(passed * 1000) / 3_600_000
        after = add(ledger, energy, at=at, moved=at, power_W=power_mW / 1000)
        after = replace(after, estimated=ledger.estimated + after.total - ledger.total)
        self._put(after)
        return Counted(after.total, "estimated", flags, point_key)

    def has_days(self, point_key: str, at: float) -> bool:
        """Whether a dated counter has counted here, and the device still keeps what it has counted since."""
        ledger = self._ledgers.get(point_key)
        return ledger is not None and ledger.power_W is None and bool(ledger.days) and at - ledger.at < KEPT_S

    @property
    def ledgers(self) -> dict[str, Ledger]:
        """The ledgers as they are now, by point."""
        return {key: replace(one, filed=self._filed.get(key, 0.0)) for key, one in self._ledgers.items()}

    def total(self, point_key: str) -> int | None:
        """The lifetime total of a point in mWh, None where nothing was counted yet."""
        ledger = self._ledgers.get(point_key)
        return None if ledger is None else ledger.total

    def newest(self, point_key: str) -> float:
        """When the newest reading of a total is filed; 0 where there is none."""
        ledger = self._ledgers.get(point_key)
        return self._filed.get(point_key, 0.0) or (ledger.at if ledger is not None else 0.0)

    def changed(self) -> list[Ledger]:
        """The ledgers that changed since the last call; they are stored together with their readings."""
        if not self._changed:
            return []
        ledgers = [replace(self._ledgers[key], filed=self._filed.get(key, 0.0)) for key in sorted(self._changed)]
        self._changed.clear()
        return ledgers

    def _rule(self, row: WirePoint, whole: bool) -> EnergyRule:
        """The rule of a row; a point has another row once the profile of its device changes."""
        rule = self._rules.get((row.point.key, whole))
        if rule is None or rule.row is not row:
            rule = self._rules[row.point.key, whole] = EnergyRule(row, self._limit_W, self._gap_s, whole)
        return rule

    def _ledger(self, key: str) -> Ledger:
        return self._ledgers.get(key) or Ledger(identity=self._identity, point=key)

    def _put(self, ledger: Ledger) -> None:
        self._ledgers[ledger.point] = ledger
        self._changed.add(ledger.point)

    def _counted(self, step: LedgerStep, row: WirePoint) -> Counted:
        fell = self._ledgers.get(row.falls_to) if row.falls_to else None
        other = None if fell is None else Counted(fell.total, point=fell.point)
        return Counted(step.ledger.total, step.quality, step.flags, row.point.key, other)


def _turned(before: Ledger, step: LedgerStep) -> LedgerStep:
    """The step with what the counter rose as what it fell."""
    after = step.ledger
    risen = after.total + after.rest - before.total - before.rest
    return replace(step, ledger=replace(after, total=before.total, rest=before.rest), fallen=risen)
