"""Deletes what the rules of retention do not keep, in small steps of the thread that writes.

    chunk, sample   ── older than ``raw``      ──► deleted, but for a few anchors      the oldest hour first
    rollup 60 s     ── older than ``minutes``  ──► deleted                             a thousand rows at a time
    expired         until when each series has lost what, in the same transaction

So it goes on where it stopped, at any moment. Nothing is deleted that is not rolled up yet, and rows of a span only
where the samples or rows that they were made of are gone already. Freed pages are used for what comes next.
"""

import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from unclouded.core.errors import DamagedStore
from unclouded.core.times import iso
from unclouded.store.encoding import blob
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.encoding.codec import to_json
from unclouded.store.hour_samples import HourSamples
from unclouded.store.repair import PUT_AUDIT
from unclouded.store.retention.anchors import AnchorRules, Anchors
from unclouded.store.retention.expired import RAW, SPANS, Expired, Gone
from unclouded.store.retention.plan import TRUSTED_FROM, RetentionPlan, plan_of, store_plan, stored_plan
from unclouded.store.retention.rules import RetentionRule, cut_of, is_energy, rule_of
from unclouded.store.samples import Samples
from unclouded.store.sealing import LEAST_SECONDS, PUT, PUT_SAMPLE, HourChunk
from unclouded.store.transaction import transaction

PAUSE_S = 60.0  # s until it is looked again for something to delete, once there was nothing
HOURS_AT_ONCE = 24  # without anchors
ROWS_AT_ONCE = 1000
DONE = object()

DEVICES = "SELECT number FROM device ORDER BY number"
PENDING = "SELECT 1 FROM unrolled LIMIT 1"  # edits that rollups do not have yet
NAMES = "SELECT identity, coalesce(id, identity) FROM device WHERE number = ?"
SERIES = "SELECT id, point FROM series WHERE device = ?"
ROLLED = "SELECT upto FROM rolled WHERE device = ?"
DROP_SAMPLES = "DELETE FROM sample WHERE device = ? AND second >= ? AND second < ?"
DROP_CHUNK = "DELETE FROM chunk WHERE device = ? AND start = ?"
DROP_ROWS = "DELETE FROM rollup WHERE series = ? AND span = ? AND start < ?"
ROW_BEYOND = "SELECT start FROM rollup WHERE series = ? AND span = ? AND start < ? ORDER BY start LIMIT 1 OFFSET ?"
ANY_ROW = "SELECT 1 FROM rollup WHERE series = ? AND span = ? AND start >= ? AND start < ? LIMIT 1"
FIRST_HOUR = "SELECT start FROM rollup WHERE series = ? AND span = 3600 ORDER BY start LIMIT 1"
LAST_HOUR = "SELECT start FROM rollup WHERE series = ? AND span = 3600 ORDER BY start DESC LIMIT 1"
HOURS_FROM = "SELECT start, marks FROM rollup WHERE series = ? AND span = 3600 AND start >= ? ORDER BY start LIMIT 2"
STARTS = """SELECT at FROM event WHERE at > ? AND at <= ? AND kind = 'state' AND json LIKE '{"state":"connecting"%'
    ORDER BY at"""
GAP_BIT = "SELECT bit FROM flag WHERE name = 'gap'"
FORGET_SENT = "DELETE FROM outbox WHERE level = ? AND start < ?"

Cuts = Mapping[int, Gone]  # by series of a device: until when what of it is to be deleted


class Deleter:
    """Works on the writer's connection. ``notify``: a plan is announced, or begins; with its text."""

    def __init__(
        self, db: sqlite3.Connection, wall: Callable[[], float], now: Callable[[], float], expired: Expired
    ) -> None:
        self._db = db
        self._wall = wall
        self._now = now
        self._expired = expired
        self._samples = Samples(lambda query, *values: db.execute(query, values).fetchall())
        self._rules: tuple[RetentionRule, ...] | None = None
        self._work: Iterator[None] = iter(())
        self._pause_ends = -math.inf
        self.notify: Callable[[str], None] = lambda text: None

    def use(self, rules: Sequence[RetentionRule]) -> None:
        """These rules count from now on; none: nothing is deleted."""
        if tuple(rules) != self._rules:
            self._rules = tuple(rules)
            self.reload()
            if not rules and stored_plan(self._db) is not None:
                store_plan(self._db, None)

    def reload(self) -> None:
        """Begin again; needed after histories were joined or deleted."""
        self._expired.reload()
        self._work = iter(())
        self._pause_ends = -math.inf

    def step(self) -> bool:
        """Delete a little. False where there is nothing to do now. Raises sqlite3.Error."""
        if not self._rules:
            return False
        if next(self._work, DONE) is not DONE:
            return True
        if self._now() < self._pause_ends:
            return False
        self._pause_ends = self._now() + PAUSE_S
        if not self._may_delete():
            return False
        self._work = self._pass()
        return True

    # --- when ------------------------------------------------------------------------------------

    def _may_delete(self) -> bool:
        """Whether something is due, and was announced long enough ago."""
        now, before = self._wall(), stored_plan(self._db)
        if now < TRUSTED_FROM or self._db.execute(PENDING).fetchone() is not None:
            return False
        if not any(self._is_due(device) for (device,) in self._db.execute(DEVICES).fetchall()):
            return False
        plan = plan_of(before, self._rules or (), now)
        if plan != before:
            store_plan(self._db, plan)
        if before is None or plan.begins != before.begins:
            self._announce(plan)
        return now >= plan.begins

    def _announce(self, plan: RetentionPlan) -> None:
        names = "; ".join(one.name for one in self._rules or ())
        self._db.execute(PUT_AUDIT, (self._wall(), "config", "retention", to_json({"begins": plan.begins})))
        self.notify(
            f"From {iso(plan.begins)} on, stored values are deleted that are older than the configuration keeps them "
            f"({names}). `unclouded retention` and Settings > Data show which. Change [[retention]] to keep them."
        )

    def _is_due(self, device: int) -> bool:
        for series, cut in self._cuts(device).items():
            for span, upto in zip(SPANS, cut, strict=True):
                done = self._expired.upto(series, span)
                if done < upto and self._has(device, series, span, done, upto):
                    return True
        return False

    def _has(self, device: int, series: int, span: int, begin: int, end: int) -> bool:
        if span != RAW:
            return self._db.execute(ANY_ROW, (series, span, begin, end)).fetchone() is not None
        found = self._samples.next(device, begin)
        return found is not None and found < end

    def _cuts(self, device: int) -> Cuts:
        """What is to be deleted of each series of a device."""
        identity, id = self._db.execute(NAMES, (device,)).fetchone()
        rolled = self._db.execute(ROLLED, (device,)).fetchone()
        upto = rolled[0] // SPAN_S * SPAN_S if rolled else 0
        cuts = {}
        for series, point in self._db.execute(SERIES, (device,)).fetchall():
            rule = rule_of(self._rules or (), (id, identity), point)
            if rule is not None:
                cuts[series] = Gone(*(min(bound, upto) for bound in cut_of(rule, point, self._wall())))
        return cuts

    # --- what ------------------------------------------------------------------------------------

    def _pass(self) -> Iterator[None]:
        for (device,) in self._db.execute(DEVICES).fetchall():
            cuts = self._cuts(device)
            yield from self._delete_samples(device, {series: cut.raw for series, cut in cuts.items() if cut.raw})
            for series, cut in cuts.items():
                for finer, span in pairwise(SPANS):
                    upto = min(cut[SPANS.index(span)], self._expired.upto(series, finer))
                    yield from self._delete_rows(series, span, upto)
        self._forget_sent()

    def _delete_rows(self, series: int, span: int, upto: int) -> Iterator[None]:
        """Rows of a span, so many at a time."""
        while self._expired.upto(series, span) < upto:
            with transaction(self._db):
                beyond = self._db.execute(ROW_BEYOND, (series, span, upto, ROWS_AT_ONCE)).fetchone()
                reach = upto if beyond is None else beyond[0] // SPAN_S * SPAN_S
                self._db.execute(DROP_ROWS, (series, span, reach))
                self._expired.put([series], span, reach)
            yield

    def _delete_samples(self, device: int, cuts: Mapping[int, int]) -> Iterator[None]:
        of_device = {series for series, _ in self._db.execute(SERIES, (device,)).fetchall()}
        plain: list[int] = []  # hours that go as a whole, and leave nothing
        while behind := {series: cut for series, cut in cuts.items() if self._expired.upto(series) < cut}:
            begin = max(min(self._expired.upto(series) for series in behind), plain[-1] + SPAN_S if plain else 0)
            found = self._samples.next(device, begin)
            hour = math.inf if found is None else found // SPAN_S * SPAN_S
            going = {series for series, cut in behind.items() if self._expired.upto(series) <= hour < cut}
            is_plain = going == of_device and self._is_plain(device, int(hour), going)
            if plain and not (is_plain and len(plain) < HOURS_AT_ONCE):
                self._drop_hours(device, plain, going_of(behind, plain))
                plain = []
                yield
            if is_plain:
                plain.append(int(hour))
            elif going:
                yield from self._delete_hour(device, int(hour), going, cuts)
            else:
                with transaction(self._db):
                    for series, cut in behind.items():
                        self._expired.put([series], RAW, int(min(hour, cut)))
            yield

    def _drop_hours(self, device: int, hours: Sequence[int], series: Sequence[int]) -> None:
        with transaction(self._db):
            for hour in hours:
                self._db.execute(DROP_SAMPLES, (device, hour, hour + SPAN_S))
                self._db.execute(DROP_CHUNK, (device, hour))
            self._expired.put(series, RAW, hours[-1] + SPAN_S)

    def _delete_hour(self, device: int, hour: int, going: set[int], cuts: Mapping[int, int]) -> Iterator[None]:
        """Delete some series of an hour, and of those all but the anchors."""
        samples = HourSamples(self._db, device, hour)
        anchors = Anchors(self._anchor_rules(device, hour, going))
        made = HourChunk(device, hour)
        kept = []
        try:
            for piece in samples.pieces():
                anchors.add(piece)
                yield
            kept = anchors.kept()
            if len(kept) >= LEAST_SECONDS:
                for begin in range(0, len(kept), LEAST_SECONDS):
                    made.add(kept[begin : begin + LEAST_SECONDS])
                    yield
                for _ in made.encode():
                    yield
        except (DamagedStore, ValueError):
            with transaction(self._db):
                self._expired.put(going, RAW, hour + SPAN_S)  # all stays: for a salvage
            return
        with transaction(self._db):
            if samples.is_unchanged():
                self._db.execute(DROP_SAMPLES, samples.hour)
                self._db.execute(DROP_CHUNK, samples.hour[:2])
                if len(kept) >= LEAST_SECONDS:
                    self._db.execute(PUT, made.row())
                else:
                    rows = [(device, second, blob.encode(entries)) for second, entries in kept]
                    self._db.executemany(PUT_SAMPLE, rows)
                self._expired.put(going, RAW, hour + SPAN_S)

    def _forget_sent(self) -> None:
        """What all devices have lost is asked for no more: its windows would be empty."""
        for level, span in (("raw", RAW), ("minute", 60)):
            series = [one for (one,) in self._db.execute("SELECT id FROM series").fetchall()]
            upto = min((self._expired.upto(one, span) for one in series), default=0)
            self._db.execute(FORGET_SENT, (level, upto))

    # --- anchors ---------------------------------------------------------------------------------

    def _is_plain(self, device: int, hour: int, going: set[int]) -> bool:
        rules = self._anchor_rules(device, hour, going)
        if rules.first or rules.last or rules.before_gap or rules.starts:
            return False
        return not (rules.gap and any(self._ends_gap(series, hour)[0] for series in rules.energy))

    def _anchor_rules(self, device: int, hour: int, going: set[int]) -> AnchorRules:
        points = dict(self._db.execute(SERIES, (device,)))
        energy = {series for series in going if is_energy(points[series])}
        bit = self._db.execute(GAP_BIT).fetchone()
        following = self._samples.next(device, hour + SPAN_S)
        upto = hour + SPAN_S if following is None else following + 1
        starts = self._db.execute(STARTS, (hour, upto if following is not None else 2**62)).fetchall()
        return AnchorRules(
            expiring=going,
            energy=energy,
            first={series for series in energy if self._hour(FIRST_HOUR, series) == hour},
            last={series for series in going if self._hour(LAST_HOUR, series) <= hour},
            before_gap={series for series in energy if self._ends_gap(series, hour)[1]},
            gap=4 << bit[0] if bit else 0,
            starts=[int(at) for (at,) in starts],
            next=math.inf if following is None else following,
        )

    def _hour(self, query: str, series: int) -> int:
        found = self._db.execute(query, (series,)).fetchone()
        return int(found[0]) if found else 0

    def _ends_gap(self, series: int, hour: int) -> tuple[bool, bool]:
        """Whether a value of this hour, or of the next one that has any, ends a gap."""
        bit = self._db.execute(GAP_BIT).fetchone()
        found = [False, False]
        for start, marks in reversed(self._db.execute(HOURS_FROM, (series, hour)).fetchall()) if bit else ():
            found[start > hour] = bool(marks >> 3 >> bit[0] & 1)
        return found[0], found[1]


def going_of(behind: Mapping[int, int], hours: Sequence[int]) -> list[int]:
    """The series that lose these hours."""
    return [series for series, cut in behind.items() if hours[-1] < cut]
