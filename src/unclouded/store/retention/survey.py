"""What each rule of retention keeps, what is stored of it, and what it will free: a look, nothing is changed.

Readings are counted by the rows of hours, which say how many there were. So a year is counted in milliseconds; rows of
minutes and quarters are counted as if the readings of an hour were spread over it, bytes by the share of the readings.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from unclouded.core.times import iso
from unclouded.core.views.retention import KeptRule, KeptSpan, RetentionState, RetentionView
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.retention.expired import NOTHING, RAW, SPANS, gone_of
from unclouded.store.retention.plan import GET as GET_PLAN
from unclouded.store.retention.plan import KEY, RetentionPlan, plan_from
from unclouded.store.retention.rules import NAMES, RetentionRule, cut_of, is_energy, rule_of, span_text
from unclouded.store.rows import Rows

END = 2**53  # Unix seconds, later than anything
ROW_BYTES = 36  # of a rolled-up row, with its part of the pages; measured
SAMPLE_BYTES = 15  # of a second of a device, beside its blob

DEVICES = "SELECT number, identity, coalesce(id, identity) FROM device ORDER BY number"
SERIES = "SELECT id, point FROM series WHERE device = ?"
ROLLED = "SELECT upto FROM rolled WHERE device = ?"
COUNTS = """SELECT series, min(start), sum(size), sum(min(size, 60)), sum(min(size, 4)), count(*) FROM rollup
    WHERE series IN (SELECT id FROM series WHERE device = ?) AND span = 3600 AND start >= ? AND start < ?
    GROUP BY series"""
COUNTS_OF_LAST_HOUR = """SELECT series, min(start), sum(size), count(*), 0, 0 FROM rollup
    WHERE series IN (SELECT id FROM series WHERE device = ?) AND span = 60 AND start >= ? AND start < ?
    GROUP BY series"""
CHUNK_BYTES = "SELECT total(length(data)) FROM chunk WHERE device = ? AND start >= ? AND start < ?"
SAMPLE_SIZES = f"""SELECT total(length(blob) + {SAMPLE_BYTES}) FROM sample
    WHERE device = ? AND second >= ? AND second < ?"""


class Stored(msgspec.Struct, frozen=True):
    """``since``: Unix seconds of the oldest, END = nothing; how many there are, and their bytes."""

    since: int = END
    rows: int = 0
    bytes: float = 0.0

    def __add__(self, other: "Stored") -> "Stored":
        return Stored(min(self.since, other.since), self.rows + other.rows, self.bytes + other.bytes)


class _SpanTotal(msgspec.Struct):
    """Of one rule and one span. ``due``: in how many seconds the oldest gets too old."""

    stored: Stored = Stored()
    freed: Stored = Stored()
    before: int = 0
    due: float = math.inf
    gone: int = 0


class _RuleTotals:
    """What one rule counts for; without a rule: what none does."""

    def __init__(self, rule: RetentionRule) -> None:
        self.rule = rule
        self.totals = {span: _SpanTotal() for span in SPANS}
        self.devices: set[int] = set()
        self.points: set[tuple[int, str]] = set()

    def view(self, now: float) -> KeptRule:
        return KeptRule(
            device=self.rule.device,
            point=self.rule.point,
            devices=len(self.devices),
            points=len(self.points),
            has_energy=any(is_energy(point) for _, point in self.points),
            spans=tuple(self._span(span, now) for span in SPANS),
        )

    def _span(self, span: int, now: float) -> KeptSpan:
        total, name = self.totals[span], NAMES[span]
        return KeptSpan(
            name=name,  # type: ignore[arg-type]  # one of the four
            keeps=span_text(getattr(self.rule, name)),
            since=iso(total.stored.since) if total.stored.rows else None,
            rows=total.stored.rows,
            bytes=round(total.stored.bytes),
            before=iso(total.before) if total.freed.rows else None,
            frees_rows=total.freed.rows,
            frees_bytes=round(total.freed.bytes),
            next=iso(now + total.due) if total.due < END and not total.freed.rows else None,
            gone=iso(total.gone) if total.gone else None,
        )


class _StoredCounts:
    """Counts the rows of one device; each range once. ``upto``: until when it is rolled up, in whole hours."""

    def __init__(self, rows: Rows, device: int, upto: int) -> None:
        self._rows = rows
        self._device = device
        self.upto = upto
        self._counts: dict[tuple[int, int], Mapping[int, Sequence[int]]] = {}
        self._bytes: dict[tuple[int, int], float] = {}

    def stored(self, series: int, span: int, low: int, high: int) -> Stored:
        """What is stored of a series from ``low`` until before ``high``."""
        counts = self._counted(low, high) if low < high else {}
        if series not in counts:
            return Stored()
        since, *sizes = counts[series]
        count = sizes[SPANS.index(span)]
        if not count:
            return Stored()
        if span != RAW:
            return Stored(since, count, count * ROW_BYTES)
        readings = sum(of_one[1] for of_one in counts.values())
        return Stored(since, count, self._sample_bytes(low, high) * count / readings)

    def _counted(self, low: int, high: int) -> Mapping[int, Sequence[int]]:
        if (low, high) not in self._counts:
            counts: dict[int, Sequence[int]] = {}
            found = self._rows(COUNTS, self._device, low, min(high, self.upto))
            found += self._rows(COUNTS_OF_LAST_HOUR, self._device, max(low, self.upto), high)
            for series, since, *sizes in found:
                first, *others = counts.get(series, (since, 0, 0, 0, 0))
                counts[series] = min(first, since), *map(sum, zip(others, sizes, strict=True))
            self._counts[low, high] = counts
        return self._counts[low, high]

    def _sample_bytes(self, low: int, high: int) -> float:
        if (low, high) not in self._bytes:
            queries = (CHUNK_BYTES, SAMPLE_SIZES)
            self._bytes[low, high] = sum(self._rows(query, self._device, low, high)[0][0] for query in queries)
        return self._bytes[low, high]


def survey(rows: Rows, rules: Sequence[RetentionRule], now: float) -> RetentionView:
    """What these rules keep and free. ``rows``: of one read transaction, if the store is written meanwhile."""
    others = _RuleTotals(RetentionRule())
    groups = {rule.text: _RuleTotals(rule) for rule in rules}
    for device, identity, id in rows(DEVICES):
        rolled = rows(ROLLED, device)
        upto = rolled[0][0] // SPAN_S * SPAN_S if rolled else 0
        counted, gone = _StoredCounts(rows, device, upto), gone_of(rows, device)
        for series, point in rows(SERIES, device):
            rule = rule_of(rules, (id, identity), point)
            group = others if rule is None else groups[rule.text]
            group.devices.add(device)
            group.points.add((device, point))
            due = cut_of(group.rule, point, now)
            for place, span in enumerate(SPANS):
                stretch = gone.get(series, NOTHING)[place], due[place]
                keeps = group.rule.keeps(span, point)
                _add(group.totals[span], counted, (series, span), stretch, now - keeps)
    views = tuple(one.view(now) for one in groups.values())
    plan = plan_from(found[0][0]) if (found := rows(GET_PLAN, *KEY)) else None
    announced = plan if plan is not None and plan.rules == tuple(one.text for one in rules) else None
    pages, free, size = (rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size"))
    return RetentionView(
        state=_state(views, announced, now),
        begins=iso(announced.begins) if announced is not None else None,
        rules=views,
        others=others.view(now) if others.points else None,
        bytes=pages * size,
        free_bytes=free * size,
        frees_bytes=sum(span.frees_bytes for one in views for span in one.spans),
    )


def _add(
    total: _SpanTotal, counted: _StoredCounts, of: tuple[int, int], stretch: tuple[int, int], latest: float
) -> None:
    """``stretch``: until when it is gone, and until when it is to be; ``latest``: what is as old is too old."""
    gone, cut = stretch
    upto = min(cut, counted.upto)
    freed = counted.stored(*of, gone, upto)
    left = counted.stored(*of, max(gone, upto), END)
    total.stored += freed + left
    total.freed += freed
    total.gone = max(total.gone, gone)
    if freed.rows:
        total.before = max(total.before, cut)
    if left.rows and left.since >= cut:  # the last hour of a device is not too old until there is another one
        total.due = min(total.due, left.since + SPAN_S - latest)


def _state(rules: Iterable[KeptRule], plan: RetentionPlan | None, now: float) -> RetentionState:
    if not (spans := [span for one in rules for span in one.spans]):
        return "off"
    if not any(span.before for span in spans):
        return "idle"
    if plan is None:
        return "due"
    return "announced" if now < plan.begins else "deleting"
