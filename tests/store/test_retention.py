"""What retention deletes changes no daily sum and no rolled-up value; it is announced, and goes on where it stopped."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.test_rollup import DAY, NOON, Keeper, plug, watts
from unclouded.core.model import Fact, Ledger, Reading, Status
from unclouded.store.file.salvage import salvage
from unclouded.store.reading.condense import Grid, HistoryStep
from unclouded.store.reading.reader import StoreReader
from unclouded.store.repair import Repair
from unclouded.store.retention.anchors import AnchorRules, Anchors
from unclouded.store.retention.plan import NOTICE_S, stored_plan
from unclouded.store.retention.rules import RetentionRule, rule_of, span_of, span_text, wrong_order
from unclouded.web.history.energy import energy
from unclouded.web.history.series import SeriesRequest, history
from unclouded.web.schemas import By

HOUR = 3600
MONTH = 30.0 * DAY
UTC = ZoneInfo("UTC")
ZONES = [ZoneInfo(name) for name in ("Europe/Madrid", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns")]
RAW = RetentionRule(raw=2.0 * DAY)
PERIODS: tuple[By, ...] = ("day", "hour", "month")
MINUTES = RetentionRule(raw=2.0 * DAY, minutes=3.0 * DAY)
SHORT = RetentionRule(raw=2.0 * DAY, minutes=2.0 * DAY, quarters=2.0 * DAY)


class KeptKeeper(Keeper):
    """Deletes what its rules do not keep, as if days passed."""

    def open(self) -> None:
        super().open()
        self.passed = 0.0
        self.texts: list[str] = []
        self.writer.deleter._now = self.writer.sealer._now = lambda: self.passed
        self.writer.deleter.notify = self.texts.append

    def steps(self, most: int = 10**6) -> int:
        """How many steps there were."""
        self.passed += 1e4
        for count in range(most):
            if not self.writer.deleter.step():
                return count
        return most

    def expire(self, *rules: RetentionRule) -> None:
        self.writer.deleter.use(rules)
        self.steps()
        self.wall += NOTICE_S
        self.steps()

    def seal(self) -> None:
        self.passed += 1e4
        while self.writer.sealer.step():
            pass

    def samples(self) -> list[int]:
        """The hours with samples, since NOON."""
        rows = self.db.execute("SELECT second FROM sample UNION SELECT first FROM chunk").fetchall()
        return sorted({(second - NOON) // HOUR for (second,) in rows})

    def roll_up(self) -> None:
        while not self.writer._rollup.catch_up(10**6):
            pass


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[KeptKeeper]:
    """Three hours of one point and a switch, each second of the first minutes; and a day later once more."""
    keeper = KeptKeeper(tmp_path / "store.sqlite")
    keeper.writer.write([plug()])
    for hour in range(3):
        begin = hour * HOUR
        keeper.writer.write([watts(hour * 100 + second % 7, begin + second) for second in range(200)])
        keeper.writer.write([Reading("plug", "on", second % 2 == 0, NOON + begin + second) for second in range(90)])
    keeper.writer.write([watts(5, DAY + second) for second in range(600)])
    keeper.roll_up()
    keeper.wall = NOON + 40.0 * DAY
    yield keeper
    keeper.close()


def steps(keeper: Keeper, step: float, start: float = 0, end: float = 2 * DAY) -> list[HistoryStep]:
    with StoreReader(keeper.path) as reader:
        return list(reader.steps("plug", Grid(step), None, NOON + start, NOON + end))


@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "single"])
@pytest.mark.parametrize("step", [60, 300, 900, HOUR, DAY])
def test_steps_of_a_minute_and_more_read_as_before(keeper: KeptKeeper, step: int, is_sealed: bool) -> None:
    if is_sealed:
        keeper.seal()
    before = steps(keeper, step)
    keeper.expire(RAW)
    assert keeper.samples() == [2, 24]  # the last value of each series
    assert steps(keeper, step) == before


def test_steps_shorter_than_what_is_left_have_its_rows(keeper: KeptKeeper) -> None:
    before = steps(keeper, 60, end=DAY)
    keeper.expire(RAW)
    assert steps(keeper, 10, end=DAY) == before
    assert steps(keeper, 60, 30, HOUR) == [one for one in before if NOON + 30 <= one.at < NOON + HOUR]


def test_rows_of_minutes_and_quarters_expire_after_what_they_are_made_of(keeper: KeptKeeper) -> None:
    hours = steps(keeper, HOUR, end=DAY)
    keeper.expire(SHORT)
    spans = keeper.db.execute("SELECT DISTINCT span FROM rollup WHERE start < ?", (NOON + DAY,)).fetchall()
    assert spans == [(HOUR,)]
    assert steps(keeper, HOUR, end=DAY) == hours
    assert steps(keeper, 60, end=DAY) == hours
    with StoreReader(keeper.path) as reader:
        (at, value), (_, on) = (reader.before("plug", [point], NOON + 10 * HOUR)[point] for point in ("power_W", "on"))
    assert (at, value, on) == (NOON + 2 * HOUR + 199, 203, False)


def test_a_chart_of_a_time_without_readings_is_drawn_from_what_is_left(keeper: KeptKeeper) -> None:
    keeper.expire(RAW)
    with StoreReader(keeper.path) as reader:
        request = SeriesRequest([("plug", "power_W")], NOON, NOON + HOUR, 600)
        found = history(reader, UTC, request)
    assert (found.step, found.series[0].at) == (60, [NOON, NOON + 60, NOON + 120, NOON + 180])


def test_a_rule_of_one_point_drops_its_columns_only(keeper: KeptKeeper) -> None:
    keeper.seal()
    before = [one for one in steps(keeper, 1, end=HOUR) if one.point == "power_W"]
    keeper.expire(RetentionRule(), RetentionRule(point="on", raw=2.0 * DAY))
    after = steps(keeper, 1, end=HOUR)
    assert [one for one in after if one.point == "power_W"] == before
    assert [one.at - NOON for one in after if one.point == "on"] == [0, 60]  # rows of minutes
    assert keeper.db.execute("SELECT count(*) FROM chunk").fetchone() == (3,)


def test_a_late_reading_of_a_time_that_is_gone_is_refused_and_counted(keeper: KeptKeeper) -> None:
    keeper.expire(RAW)
    before = steps(keeper, HOUR)
    keeper.writer.write([watts(9999, 30), watts(9999, HOUR + 30)])
    assert keeper.writer.too_old == 2
    assert steps(keeper, HOUR) == before


def test_a_late_reading_of_another_point_leaves_the_rows_of_what_is_gone(keeper: KeptKeeper) -> None:
    keeper.db.execute("DELETE FROM sample WHERE second >= ?", (NOON + DAY,))  # so that an hour has the last value
    keeper.expire(RetentionRule(point="power_W", raw=2.0 * DAY))
    before = [one for one in steps(keeper, 60) if one.point == "power_W"]
    for second in range(1, 200, 60):
        keeper.writer.write([Reading("plug", "on", True, NOON + 2 * HOUR + second)])
    keeper.writer.write([Reading("plug", "on", True, NOON + 2 * HOUR + 199)])
    assert keeper.writer.too_old == 0
    assert [one for one in steps(keeper, 60) if one.point == "power_W"] == before


def test_when_no_hub_ran_is_known_as_before(keeper: KeptKeeper) -> None:
    keeper.writer.write([Status("plug", "online", NOON, ""), Status("plug", "connecting", NOON + 100.5, "")])
    keeper.writer.write([Status("plug", "online", NOON + 5000, "")])

    def silences() -> list[tuple[float, float]]:
        with StoreReader(keeper.path) as reader:
            return reader.silences("plug")

    before = silences()
    keeper.expire(RAW)
    assert silences() == before == [(NOON + 100, NOON + 5000)]


def test_joined_histories_keep_the_rows_of_what_is_gone(keeper: KeptKeeper) -> None:
    before = steps(keeper, HOUR)
    keeper.expire(RAW)
    keeper.writer.write([plug(id="new", identity="uuid-2"), watts(1, 30 * DAY, "new")])
    Repair(keeper.db, lambda: keeper.wall).join("uuid-1", "uuid-2", "test")
    keeper.writer.reload()
    with StoreReader(keeper.path) as reader:
        assert list(reader.steps("new", Grid(HOUR), None, NOON, NOON + 2 * DAY)) == before
    keeper.writer.write([Reading("new", "on", True, NOON + 31.0 * DAY)])
    Repair(keeper.db, lambda: keeper.wall).forget("uuid-2", "test")
    assert keeper.db.execute("SELECT count(*) FROM expired").fetchone() == (0,)


# --- when ---------------------------------------------------------------------------------------------


def test_the_first_deletion_is_announced_a_day_before(keeper: KeptKeeper) -> None:
    keeper.writer.deleter.use([RAW])
    assert keeper.steps() == 0
    assert "From 2027-02-25T08:00:00.000Z on" in keeper.texts[0]
    keeper.wall += NOTICE_S - 1
    assert keeper.steps() == 0
    keeper.wall += 1
    assert keeper.steps()
    assert len(keeper.texts) == 1


def test_nothing_is_announced_while_nothing_is_old_enough(keeper: KeptKeeper) -> None:
    keeper.expire(RetentionRule(raw=50.0 * DAY))
    assert (keeper.texts, len(keeper.samples())) == ([], 4)


@pytest.mark.parametrize(("passed", "is_on"), [(2 * DAY, True), (30 * DAY, False), (-DAY, False)])
def test_a_clock_that_jumps_and_other_rules_are_announced_again(keeper: KeptKeeper, passed: int, is_on: bool) -> None:
    keeper.writer.deleter.use([RAW])
    keeper.steps()
    keeper.wall += passed
    assert bool(keeper.steps()) == is_on
    keeper.writer.deleter.use([MINUTES])
    keeper.wall += 10
    assert keeper.steps() == 0
    assert len(keeper.texts) == 2 + (not is_on)


def test_rules_that_were_removed_and_come_back_are_announced_again(keeper: KeptKeeper) -> None:
    keeper.writer.deleter.use([RAW])
    keeper.steps()
    keeper.writer.deleter.use([])
    assert stored_plan(keeper.db) is None
    assert not keeper.writer.deleter.step()
    keeper.wall += NOTICE_S
    keeper.writer.deleter.use([RAW])
    assert keeper.steps() == 0


def test_it_goes_on_where_it_stopped(keeper: KeptKeeper) -> None:
    keeper.seal()
    before = steps(keeper, 60)
    keeper.writer.deleter.use([RAW])
    keeper.steps()
    wall = keeper.wall + NOTICE_S
    while keeper.samples() != [2, 24]:
        keeper.restart()
        keeper.wall = wall
        keeper.writer.deleter.use([RAW])
        keeper.steps(6)
        assert steps(keeper, 60) == before


# --- daily sums ---------------------------------------------------------------------------------------

Story = Sequence[tuple[int, int, str]]  # s since the last, rise in Wh, what happens


def reported(story: Story) -> Iterator[Fact]:
    at, total = NOON + 0.0, 1000
    for passed, rise, what in story:
        begun, at, total = at, at + passed + 0.25, total + rise
        if what in ("start", "offline"):
            yield Status("plug", "connecting" if what == "start" else "offline", begun + passed / 3, "")
            yield Status("plug", "online", begun + passed / 2, "")
        flags = ("gap",) if what in ("gap", "start", "offline") and rise else ()
        yield Reading("plug", "energy_import_Wh", float(total), at, "good", flags)
        if what == "power":
            yield Reading("plug", "power_W", float(rise), at + 1)


@given(
    story=st.lists(
        st.tuples(
            st.sampled_from((1, 20, 61, 850, 900, 3500, 30_000, 90_000)),
            st.integers(0, 50),
            st.sampled_from(("", "", "power", "gap", "start", "offline")),
        ),
        min_size=2,
        max_size=25,
    ),
    rule=st.sampled_from((RAW, MINUTES, SHORT)),
    zone=st.sampled_from(ZONES),
    is_sealed=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_daily_and_hourly_energy_is_the_same_in_every_zone(
    story: list[tuple[int, int, str]], rule: RetentionRule, zone: ZoneInfo, is_sealed: bool
) -> None:
    with TemporaryDirectory() as folder:
        keeper = KeptKeeper(Path(folder) / "store.sqlite")
        keeper.writer.write([plug(), Ledger(identity="uuid-1", point="energy_import_Wh", total=0)])
        facts = list(reported(story))
        keeper.writer.write(facts)
        last = max(fact.at for fact in facts if isinstance(fact, Reading))
        keeper.writer.write([watts(1, last - NOON + 5 * DAY)])
        keeper.roll_up()
        if is_sealed:
            keeper.seal()

        def sums() -> list[object]:
            with StoreReader(keeper.path) as reader:
                return [energy(reader, zone, by, NOON - DAY, last + DAY) for by in PERIODS]

        before = sums()
        keeper.wall = last + 40 * DAY
        keeper.expire(rule)
        assert sums() == before
        keeper.close()


# --- pure parts ---------------------------------------------------------------------------------------


def test_anchors_of_an_hour() -> None:
    gap = 4
    anchors = Anchors(AnchorRules(expiring={1, 2}, energy={1}, first={1}, last={2}, gap=gap, starts=[25, 90], next=100))
    anchors.add([(second, [(0, 1, second, gap if second == 50 else 0), (0, 3, 7, 0)]) for second in (10, 20, 30)])
    anchors.add([(40, [(0, 1, 40, 0), (5, 2, 1, gap)]), (50, [(0, 1, 50, gap), (5, 2, 2, 0)]), (60, [(0, 1, 60, 0)])])
    kept = [(second, entry[1]) for second, entries in anchors.kept() for entry in entries]
    assert sorted(kept) == [(10, 1), (10, 3), (20, 1), (20, 3), (30, 3), (40, 1), (50, 1), (50, 2), (60, 1)]


def test_the_most_exact_rule_counts() -> None:
    rules = [
        RetentionRule(raw=10 * DAY),
        RetentionRule(device="plug", raw=20 * DAY),
        RetentionRule(point="on", raw=30 * DAY),
        RetentionRule(device="plug", point="on", raw=40 * DAY),
    ]
    found = [rule_of(rules, names, point) for names in (("plug", "uuid"), ("other",)) for point in ("on", "power_W")]
    assert [rule.raw / DAY for rule in found if rule] == [40, 20, 30, 10]
    assert rule_of(rules[1:2], ("other",), "on") is None


@pytest.mark.parametrize("text", ["forever", "1 year", "3 years", "6 months", "90 days", "2 weeks", "1 day"])
def test_spans_are_written_as_they_are_read(text: str) -> None:
    assert span_text(span_of(text)) == text


@pytest.mark.parametrize("text", ["", "0 days", "1 fortnight", "-1 year", "99999999 years"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write 90 days, 6 months, 1 year or forever"):
        span_of(text)


def test_longer_rows_are_kept_as_long_as_shorter_ones_and_energy_for_ever() -> None:
    assert wrong_order(RetentionRule(raw=DAY)) == "raw readings are kept for 2 days at least"
    assert wrong_order(RetentionRule(raw=9 * DAY, minutes=8 * DAY)).startswith("minutes are to be kept at least as")
    assert wrong_order(RetentionRule(raw=9 * DAY, minutes=9 * DAY)) == ""
    assert SHORT.keeps(900, "energy_import_Wh") == math.inf
    assert SHORT.keeps(60, "energy_import_Wh") == 2 * DAY


def test_a_salvage_brings_the_rows_over_whose_readings_are_gone(keeper: KeptKeeper, tmp_path: Path) -> None:
    keeper.expire(MINUTES)
    before = steps(keeper, HOUR), steps(keeper, 900)
    keeper.close()
    other = KeptKeeper(tmp_path / "other.sqlite")
    salvage(keeper.path, other.db, lambda: keeper.wall, "test")
    assert (steps(other, HOUR), steps(other, 900)) == before
    other.restart()
    other.writer.write([watts(9999, 30)])
    assert other.writer.too_old == 1
    other.close()
