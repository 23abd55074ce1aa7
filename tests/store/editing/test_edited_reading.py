"""Edits of stored values: what is read equals a slow reference, whatever was edited, undone, late or sealed."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.test_rollup import NOON, plug
from store.test_sealing import SealedKeeper
from unclouded.core.errors import CommandError
from unclouded.core.model import Reading, Value
from unclouded.store.editing.edit import EditValue, HistoryEdit, NewEdit, overlay
from unclouded.store.editing.unrolled import UnrolledRange, rolled_parts
from unclouded.store.encoding.codec import SeriesScale
from unclouded.store.reading.condense import Grid, HistoryRow, HistoryStep
from unclouded.store.reading.reader import StoreReader
from unclouded.store.repair import Repair

SPAN = 4 * 3600  # s of the range in which all happens
WATTS = SeriesScale("power_W", -1, "number")


@pytest.fixture
def path() -> Iterator[Path]:
    folder = Path(mkdtemp())
    yield folder / "store.sqlite"
    shutil.rmtree(folder)


def new_edit(begin: float, until: float, value: Value | None = None, point: str = "power_W") -> NewEdit:
    """Seconds after noon; without a value, what is in the range is void."""
    return NewEdit(
        device=1,
        point=point,
        start=round((NOON + begin) * 1000),
        until=round((NOON + until) * 1000),
        action="void" if value is None else "edit",
        value=EditValue(constant=value),
    )


class EditedKeeper(SealedKeeper):
    """Remembers what was stored and edited, as a slow reference."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stored: dict[tuple[float, str], Value] = {}
        self.edits: list[HistoryEdit] = []

    def put(self, point: str, value: Value, after: float) -> None:
        if (after, point) not in self.stored:  # a second value of the same time would be a second entry
            self.writer.write([Reading("plug", point, value, NOON + after)])
            self.stored[after, point] = value

    def edit(self, edit: NewEdit) -> HistoryEdit:
        self.edits.append(self.writer.edits.make(edit, "tests"))
        return self.edits[-1]

    def undo(self, which: int) -> None:
        self.edits[which] = self.writer.edits.undo(self.edits[which].number, "tests")

    def finish(self) -> None:
        while self.writer.unrolled.step():
            pass

    def expected(self) -> list[HistoryRow]:
        rows = []
        for (after, point), value in sorted(self.stored.items()):
            at = round((NOON + after) * 1000)
            active = [one for one in self.edits if one.undone_at is None and one.point == point]
            edit = next((one for one in reversed(active) if one.start <= at < one.until), None)
            if edit is None:
                rows.append(HistoryRow(at / 1000, "plug", point, value))
            elif edit.action == "edit" and edit.value.constant is not None:
                shown = edit.value.constant
                if point == "power_W" and not isinstance(shown, str):
                    shown = WATTS.value(WATTS.number(shown))
                rows.append(HistoryRow(at / 1000, "plug", point, shown, "estimated", ("edited",)))
        return rows

    def steps_of(self, rows: list[HistoryRow], seconds: int) -> list[tuple[int, str, Value | None, float | None, bool]]:
        """Begin, point, last value, mean, whether any is estimated: of each step."""
        found: dict[tuple[int, str], list[HistoryRow]] = {}
        for row in rows:
            found.setdefault((int(row.at // seconds) * seconds, row.point), []).append(row)
        return [
            (begin, point, of[-1].value, mean_of(point, of), any(one.quality == "estimated" for one in of))
            for (begin, point), of in sorted(found.items())
        ]


def mean_of(point: str, rows: list[HistoryRow]) -> float | None:
    values = [one.value for one in rows if isinstance(one.value, int | float)]
    return round(sum(values) / len(values), 6) if point == "power_W" else None


def shown(step: HistoryStep) -> tuple[int, str, Value, float | None, bool]:
    mean = None if step.mean is None else round(step.mean, 6)
    return int(step.at), step.point, step.last, mean, step.estimated


def check(keeper: EditedKeeper) -> None:
    expected = keeper.expected()
    with closing(StoreReader(keeper.path)) as reader:
        assert sorted(reader.history("plug"), key=lambda row: (row.at, row.point)) == expected
        for seconds in (60, 900, 3600):
            steps = reader.steps("plug", Grid(seconds), None, 0, NOON + 10 * SPAN)
            assert [shown(one) for one in steps] == keeper.steps_of(expected, seconds)
        last = {row.point: row.value for row in expected}
        assert {one.point: one.value for one in reader.latest()} == last
        middle = NOON + SPAN / 2
        numbers = ["power_W", "on"]
        before = {row.point: (row.at, row.value) for row in expected if row.at < middle and row.point in numbers}
        assert reader.before("plug", numbers, middle) == before
        after = {row.point: (row.at, row.value) for row in reversed(expected) if row.at >= middle}
        assert reader.first("plug", numbers, middle) == {point: after[point] for point in numbers if point in after}
        standing = reader.standing("plug", ["mode", "power_W"], middle)
        assert {p: one.value for p, one in standing.items()} == {
            row.point: row.value for row in expected if row.at < middle and row.point in ("mode", "power_W")
        }


Change = tuple[Any, ...]  # what is done, and its arguments of any type

moments = st.integers(0, SPAN * 4).map(lambda quarter: quarter / 4)
changes = st.one_of(
    st.tuples(st.just("power_W"), moments, st.integers(0, 3000)),
    st.tuples(st.just("on"), moments, st.booleans()),
    st.tuples(st.just("mode"), moments, st.just("")),
    st.tuples(st.just("void"), moments, moments, st.sampled_from(["power_W", "on", "mode"])),
    st.tuples(st.just("correct"), moments, moments, st.integers(0, 900)),
    st.tuples(st.just("undo"), st.integers(0, 9)),
    st.sampled_from([("seal",), ("restart",), ("finish",), ("roll",)]),
)


def apply(keeper: EditedKeeper, change: Change) -> None:
    match change:
        case ("void", low, high, point) if low != high:
            keeper.edit(new_edit(min(low, high), max(low, high), None, point))
        case ("correct", low, high, value) if low != high:
            keeper.edit(new_edit(min(low, high), max(low, high), value))
        case ("undo", which):
            active = [place for place, one in enumerate(keeper.edits) if one.undone_at is None]
            if active:
                keeper.undo(active[which % len(active)])
        case ("seal",):
            keeper.seal()
        case ("restart",):
            keeper.restart()
        case ("finish",):
            keeper.finish()
        case ("roll",):
            keeper.put("power_W", 1, SPAN + 600)
        case (point, after, value) if point not in ("void", "correct"):
            keeper.put(point, value if point != "mode" else f"at {after}", after)  # a text is stored when it changes


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(changes, min_size=5, max_size=40), st.integers(0, 2))
def test_what_is_read_equals_a_slow_reference(changes: list[Change], at_once: int) -> None:
    folder = Path(mkdtemp())
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("unclouded.store.editing.unrolled.AT_ONCE", at_once)
            patch.setattr("unclouded.store.sealing.LEAST_SECONDS", 1)
            keeper = EditedKeeper(folder / "store.sqlite")
            keeper.writer.write([plug()])
            for second in range(0, SPAN, 600):
                keeper.put("power_W", second % 7, second)
            for change in changes:
                apply(keeper, change)
            check(keeper)
            keeper.finish()
            check(keeper)
            assert keeper.rows() == keeper.rolled_anew()
            keeper.close()
    finally:
        shutil.rmtree(folder)


def test_the_newest_edit_counts_and_an_undone_one_does_not() -> None:
    wide, narrow = (
        HistoryEdit(device=1, point="p", start=low, until=high, action="void", number=number, who="", at=0)
        for number, (low, high) in enumerate([(0, 100), (20, 30)], 1)
    )
    spans = [(span.start, span.until, span.edit.number) for span in overlay([wide, narrow])]
    assert spans == [(0, 20, 1), (20, 30, 2), (30, 100, 1)]
    assert [span.edit.number for span in overlay([narrow, wide])] == [1, 2, 1]


def test_a_thousand_edits_are_laid_over_each_other_in_one_pass() -> None:
    edits = [
        HistoryEdit(device=1, point="p", start=n, until=4000 - n, action="void", number=n, who="", at=0)
        for n in range(1, 1000)
    ]
    assert len(overlay(edits)) == 2 * 999 - 1


def test_a_range_is_cut_where_rollups_do_not_count() -> None:
    ranges = [UnrolledRange(10, 20), UnrolledRange(30, 99)]
    assert list(rolled_parts(0, 40, ranges)) == [(0, 10, True), (10, 20, False), (20, 30, True), (30, 40, False)]
    assert list(rolled_parts(12, 18, ranges)) == [(12, 18, False)]


def test_a_line_between_two_readings_replaces_what_is_between(path: Path) -> None:
    keeper = EditedKeeper(path)
    keeper.writer.write([plug()])
    for after, watts in enumerate((100, 9999, 9999, 130)):
        keeper.put("power_W", watts, after)
    line = EditValue(line=((NOON * 1000, 100.0), ((NOON + 3) * 1000, 130.0)))
    edit = NewEdit(
        device=1, point="power_W", start=NOON * 1000 + 1, until=NOON * 1000 + 3000, action="edit", value=line,
        is_estimated=True,
    )  # fmt: skip
    keeper.writer.edits.make(edit, "tests")
    with closing(StoreReader(path)) as reader:
        assert [row.value for row in reader.history("plug")] == [100, 110, 120, 130]
        (stored,) = reader.edits("plug")
        assert stored.is_estimated and stored.value == line and stored.who == "tests"


def test_undoing_twice_and_what_is_not_there_is_refused(path: Path) -> None:
    keeper = EditedKeeper(path)
    keeper.writer.write([plug()])
    edit = keeper.edit(new_edit(0, 10))
    keeper.undo(0)
    with pytest.raises(CommandError, match="undone already"):
        keeper.writer.edits.undo(edit.number, "tests")
    with pytest.raises(CommandError, match="no edit 99"):
        keeper.writer.edits.undo(99, "tests")
    whats = [what for (what,) in keeper.db.execute("SELECT what FROM audit ORDER BY number")]
    assert whats == ["history_void", "history_restore"]


def test_edits_go_on_with_a_joined_history_and_are_forgotten_with_it(path: Path) -> None:
    keeper = EditedKeeper(path)
    keeper.writer.write([plug(), plug(id="other", identity="uuid-2")])
    for after in range(0, 3 * 3600, 60):
        keeper.writer.write([Reading("plug", "power_W", 5, NOON + after), Reading("other", "power_W", 7, NOON + after)])
    keeper.writer.edits.make(new_edit(600, 7200), "tests")
    Repair(keeper.db, lambda: keeper.wall).join("uuid-1", "uuid-2", "tests")
    keeper.writer.reload()
    keeper.finish()
    with closing(StoreReader(path)) as reader:
        rows = list(reader.history("other"))
        assert [row for row in rows if NOON + 600 <= row.at < NOON + 7200] == []
        assert len(reader.edits("other")) == 1
    assert keeper.rows() == keeper.rolled_anew()
    Repair(keeper.db, lambda: keeper.wall).forget("uuid-2", "tests")
    assert keeper.db.execute("SELECT count(*) FROM edit").fetchone() == (0,)
