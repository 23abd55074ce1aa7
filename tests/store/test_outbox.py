"""A consumer of the outbox ends with what the store has, whatever is lost, repeated, reordered or killed on the way."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from store.day_digest import digest_of
from store.test_rollup import NOON, Keeper, plug, watts
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import Fact, Notice, Reading, Value
from unclouded.store.editing.edit import EditValue, EnergyPiece, NewEdit
from unclouded.store.future import put_away_future
from unclouded.store.importing import ImportedLevel
from unclouded.store.outbox import LEVELS, SAMPLED, Place, StoreOutbox, Window, mark_restored
from unclouded.store.reading.reader import StoreReader
from unclouded.store.repair import Repair
from unclouded.store.sink import Store
from unclouded.store.transaction import transaction

NAMES = ("one", "two", "three")
Content = tuple[tuple[str, str, float, Value | None], ...]


def content(path: Path, start: int, end: int) -> Content:
    """What the store has of a window, by identity."""
    with StoreReader(path) as reader:
        return tuple(
            (known.identity, row.point, row.at, row.value)
            for known in reader.devices()
            for row in reader.history(known.identity, start=start, end=end)
        )


class Consumer:
    """The far end: of each window the content with the highest number."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, int], tuple[int, Content]] = {}

    def take(self, window: Window, found: Content) -> None:
        place = window.level, window.start
        if window.number > self.windows.get(place, (0,))[0]:
            self.windows[place] = window.number, found

    def has(self, level: str, day: int) -> tuple[int, int]:
        return digest_of(self.windows, level, day)


class Wire(RuleBasedStateMachine):
    """Readings, late ones, joins and deletions; messages that are lost, repeated, late; a hub that is killed."""

    @initialize(levels=st.sets(st.sampled_from(sorted(LEVELS)), min_size=1))
    def begin(self, levels: set[str]) -> None:
        self.folder = TemporaryDirectory()
        self.keeper = Keeper(Path(self.folder.name) / "store.sqlite")
        self.keeper.wall = NOON + 10.0 * 3600
        self.keeper.writer.write([plug(id=name, identity=name) for name in NAMES])
        self.outbox.subscribe(levels)
        self.levels, self.consumer, self.flying = levels, Consumer(), list[tuple[Window, Content]]()
        self.numbers: list[int] = []

    def teardown(self) -> None:
        if hasattr(self, "keeper"):
            try:
                self.compare()
            finally:
                self.keeper.close()
                self.folder.cleanup()

    def compare(self) -> None:
        self.drain()
        sampled = self.levels & SAMPLED.keys()
        for (level, start), (_, found) in self.consumer.windows.items():
            assert found == content(self.keeper.path, start, start + LEVELS[level])
        for level in sampled:
            kept = {start for one, start in self.consumer.windows if one == level}
            for *_, at, _ in content(self.keeper.path, 0, 2**40):
                assert int(at) // LEVELS[level] * LEVELS[level] in kept
        for level in self.levels:
            assert all(
                self.consumer.has(level, day) == (digest.count, digest.numbers)
                for day in (0, NOON // 86_400, NOON // 86_400 + 1)
                for digest in [self.outbox.digest(day)[level]]
            )
            for day, one in self.outbox.sums(10_000)[level]:
                assert self.consumer.has(level, day) == (one.count, one.numbers)

    @property
    def outbox(self) -> StoreOutbox:
        return self.keeper.writer.outbox

    def drain(self) -> None:
        """A wire that works at last."""
        self.keeper.wall += 1e6
        while windows := self.outbox.closed(7):
            for window in windows:
                self.consumer.take(window, content(self.keeper.path, window.start, window.end))
                assert self.outbox.acknowledge(window.level, window.start, window.number)

    @rule(
        name=st.sampled_from(NAMES),
        seconds=st.lists(st.integers(0, 9 * 3600), min_size=1, max_size=4),
        value=st.integers(0, 9),
    )
    def write(self, name: str, seconds: list[int], value: int) -> None:
        self.keeper.writer.write([watts(value, second, name) for second in seconds])

    @rule(number=st.integers(1, 3), begin=st.integers(0, 9 * 3600), value=st.sampled_from((None, 7)))
    def edit(self, number: int, begin: int, value: int | None) -> None:
        start = (NOON + begin) * 1000
        new = NewEdit(
            device=number, point="power_W", start=start, until=start + 700_000,
            action="void" if value is None else "edit", value=EditValue(constant=value),
        )  # fmt: skip
        with contextlib.suppress(CommandError):  # the device was joined or forgotten
            self.keeper.writer.edits.make(new, "tests")

    @rule(number=st.integers(1, 6))
    def undo(self, number: int) -> None:
        with contextlib.suppress(CommandError):
            self.keeper.writer.edits.undo(number, "tests")

    @rule(name=st.sampled_from(NAMES), second=st.integers(0, 9 * 3600))
    def write_and_seal(self, name: str, second: int) -> None:
        self.keeper.writer.write([watts(3, second + one, name) for one in range(40)])
        self.keeper.writer.sealer._now = lambda: self.keeper.wall + 1e6
        for _ in range(20):
            self.keeper.writer.sealer.step()

    @rule(passed=st.sampled_from((1, 400, 4000)))
    def wait(self, passed: int) -> None:
        self.keeper.wall += passed
        now = int(self.keeper.wall - NOON)
        self.keeper.writer.write([watts(5, now)])

    @rule(back=st.sampled_from((100.0, 5000.0)))
    def set_clock_back(self, back: float) -> None:
        self.keeper.wall -= back

    @rule()
    def put_away(self) -> None:
        put_away_future(self.keeper.db, self.keeper.wall, "test")
        self.keeper.writer.reload()

    @rule(most=st.integers(1, 5))
    def send(self, most: int) -> None:
        for window in self.outbox.closed(most):
            self.flying.append((window, content(self.keeper.path, window.start, window.end)))

    @rule(place=st.integers(0, 50), repeat=st.booleans(), answered=st.booleans())
    def deliver(self, place: int, repeat: bool, answered: bool) -> None:
        if self.flying:
            place %= len(self.flying)
            window, found = self.flying[place] if repeat else self.flying.pop(place)
            self.consumer.take(window, found)
            if answered:
                self.outbox.acknowledge(window.level, window.start, window.number)

    @rule()
    def lose_everything(self) -> None:
        """A consumer that is put back to an empty copy asks for all again."""
        self.consumer = Consumer()
        self.flying.clear()
        self.outbox.again(0)

    @rule(old=st.sampled_from(NAMES), new=st.sampled_from(NAMES))
    def join(self, old: str, new: str) -> None:
        Repair(self.keeper.db, lambda: self.keeper.wall).join(old, new, "test")
        self.keeper.writer.reload()
        self.keeper.writer.write([plug(id=name, identity=name) for name in NAMES])

    @rule(name=st.sampled_from(NAMES))
    def forget(self, name: str) -> None:
        Repair(self.keeper.db, lambda: self.keeper.wall).forget(name, "test")
        self.keeper.writer.reload()
        self.keeper.writer.write([plug(id=name, identity=name) for name in NAMES])

    @rule(name=st.sampled_from(NAMES), second=st.integers(0, 9 * 3600))
    def kill_while_writing(self, name: str, second: int) -> None:
        """What was not committed is lost in both tables."""
        with pytest.raises(KeyboardInterrupt), transaction(self.keeper.db):
            self.keeper.writer._write([watts(1, second, name)])
            raise KeyboardInterrupt
        wall = self.keeper.wall
        self.keeper.restart()
        self.keeper.wall = wall

    @rule()
    def fail_while_writing(self) -> None:
        """Without a restart: what is remembered as marked was rolled back too."""
        writer = self.keeper.writer

        def mark_and_fail(places: Iterable[Place]) -> None:
            self.outbox.mark(places)
            raise ZeroDivisionError

        with pytest.MonkeyPatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr(writer.sealer, "note", mark_and_fail)
            writer.write([watts(1, 60, "one")])


TestWire = Wire.TestCase
TestWire.settings = settings(max_examples=12, stateful_step_count=14, deadline=None)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path / "store.sqlite")
    keeper.wall = NOON + 7200.0
    keeper.writer.write([plug()])
    yield keeper
    keeper.close()


def places(windows: list[Window]) -> list[tuple[str, int]]:
    return [(one.level, one.start - NOON) for one in windows]


def test_without_a_subscriber_nothing_is_noted(keeper: Keeper) -> None:
    keeper.writer.write([watts(1, 0)])
    assert keeper.db.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_the_newest_closed_windows_come_first_and_an_open_one_waits(keeper: Keeper) -> None:
    keeper.writer.outbox.subscribe(["raw", "energy"])
    keeper.writer.write([watts(1, second) for second in (0, 299, 300, 7195)])
    assert places(keeper.writer.outbox.closed()) == [("raw", 300), ("energy", 0), ("raw", 0)]
    keeper.wall += 10
    assert places(keeper.writer.outbox.closed(2)) == [("raw", 6900), ("energy", 3600)]


def test_a_window_that_changed_on_the_way_is_not_forgotten(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 0)])
    (first,) = outbox.closed()
    keeper.writer.write([watts(2, 1)])
    assert not outbox.acknowledge(first.level, first.start, first.number)
    (second,) = outbox.closed()
    assert second.number > first.number
    assert outbox.acknowledge(second.level, second.start, second.number)
    assert outbox.closed() == []


def test_an_open_window_is_written_once_until_it_is_given(keeper: Keeper) -> None:
    keeper.writer.outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 0)])
    before = keeper.db.total_changes
    keeper.writer.outbox.mark([(1, NOON + 1), (1, NOON + 2)])
    assert keeper.db.total_changes == before


def test_numbers_rise_over_a_clock_that_was_set_back_a_restart_and_another_subscription(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 0)])
    (first,) = outbox.closed()
    outbox.unsubscribe()
    keeper.restart()
    keeper.wall = NOON + 3600.0
    keeper.writer.outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 1)])
    (second,) = keeper.writer.outbox.closed()
    assert second.number > first.number


def test_who_subscribes_later_asks_for_what_was_before(keeper: Keeper) -> None:
    keeper.writer.write([watts(1, 0), watts(1, 4000)])
    outbox = keeper.writer.outbox
    outbox.subscribe(["quarter"])
    assert outbox.closed() == []
    outbox.again(NOON + 3000)
    assert places(outbox.closed()) == [("quarter", 3600)]


def test_a_level_that_is_unknown_is_refused_by_name(keeper: Keeper) -> None:
    with pytest.raises(StoreError, match=r"no level 'daily' .* raw, minute, quarter, energy"):
        keeper.writer.outbox.subscribe(["daily"])


@pytest.mark.asyncio
async def test_the_outbox_of_a_running_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite", wall=lambda: NOON + 7200.0)
    store.open()
    await store.outbox(lambda outbox: outbox.subscribe(["raw"]))
    store.deliver([plug(), watts(1, 0)])
    await store.flush()
    assert places(await store.outbox(lambda outbox: outbox.closed())) == [("raw", 0)]
    await store.close()


def test_a_window_that_is_asked_for_again_gets_a_new_number_when_it_changes(keeper: Keeper) -> None:
    """The consumer that did have it would refuse a new content under the number that it knows."""
    outbox = keeper.writer.outbox
    outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 0)])
    (first,) = outbox.closed()
    outbox.acknowledge(first.level, first.start, first.number)
    outbox.again(0)
    keeper.writer.write([watts(2, 1)])
    (second,) = outbox.closed()
    assert second.number > first.number


def test_an_import_and_its_undo_make_their_windows_dirty(keeper: Keeper) -> None:
    writer = keeper.writer
    counter = Reading("plug", "energy_import_Wh", 5.0, NOON + 3000.0)
    writer.write([plug(), counter])
    writer.outbox.subscribe(["raw"])
    levels = [ImportedLevel((NOON + second) * 1000, 1000, False) for second in (0, 1, 899)]
    number = writer.imports.write(1, "energy_import_Wh", levels, "a.csv", "tests")
    windows = writer.outbox.closed()
    assert places(windows) == [("raw", 600), ("raw", 0)]
    for one in windows:
        writer.outbox.acknowledge(one.level, one.start, one.number)
    writer.imports.undo(number, "tests")
    assert places(writer.outbox.closed()) == [("raw", 600), ("raw", 0)]


def test_an_edit_that_fails_leaves_no_window_marked(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was marked in it was rolled back; the next reading marks its window again."""
    writer = keeper.writer
    writer.write([watts(1, 0)])
    writer.outbox.subscribe(["raw"])
    monkeypatch.setattr(writer.unrolled, "add", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        writer.edits.make(void(), "tests")
    assert writer.outbox.closed() == []
    writer.write([watts(1, 1)])
    assert places(writer.outbox.closed()) == [("raw", 0)]


def put_away_all(keeper: Keeper) -> None:
    put_away_future(keeper.db, NOON - 3600.0, "test")


def void() -> NewEdit:
    return NewEdit(device=1, point="power_W", start=NOON * 1000, until=NOON * 1000 + 1000, action="void")


def edit(keeper: Keeper) -> None:
    keeper.writer.edits.make(void(), "test")


CHANGES = {
    "edit": edit,
    "join": lambda keeper: Repair(keeper.db, lambda: keeper.wall).join("uuid-1", "uuid-2", "test"),
    "forget": lambda keeper: Repair(keeper.db, lambda: keeper.wall).forget("uuid-1", "test"),
    "put away": put_away_all,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_change_of_the_past_concerns_is_dirty_again(keeper: Keeper, change: Callable[[Keeper], object]) -> None:
    keeper.writer.write([watts(1, 0), plug(id="other", identity="uuid-2"), watts(1, 3000, "other")])
    keeper.writer.outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 6000, "other")])
    for window in keeper.writer.outbox.closed():
        keeper.writer.outbox.acknowledge(window.level, window.start, window.number)
    change(keeper)
    keeper.writer.reload()
    assert ("raw", 0) in places(keeper.writer.outbox.closed())


def test_an_edit_of_energy_concerns_all_hours_of_its_range_also_those_without_a_reading(keeper: Keeper) -> None:
    """A meter was away from 1:00 to 5:00; its energy of that time is spread over the hours, and corrected now."""
    outbox = keeper.writer.outbox
    keeper.writer.write([Reading("plug", "energy_import_Wh", 100 * at, NOON + 3600.0 * at) for at in (1, 5)])
    outbox.subscribe(["raw", "energy"])
    hour = 3_600_000
    pieces = (EnergyPiece(NOON * 1000 + 2 * hour, NOON * 1000 + 4 * hour, 5000),)
    new = NewEdit(
        device=1, point="energy_import_Wh", start=pieces[0].start, until=pieces[0].until, action="edit",
        value=EditValue(energy=pieces),
    )  # fmt: skip
    made = keeper.writer.edits.make(new, "test")
    keeper.wall += 86_400.0
    corrected = [("energy", 3 * 3600), ("energy", 2 * 3600)]
    assert places(outbox.closed()) == corrected
    outbox.acknowledge_all([(one.level, one.start, one.number) for one in outbox.closed()])
    keeper.writer.edits.undo(made.number, "test")
    assert places(outbox.closed()) == corrected


@pytest.mark.parametrize(("wrong", "most"), [(1000.0, 2), (1_000_000_000.0, 24 * 740)], ids=["1970", "2001"])
def test_readings_of_a_wrong_clock_do_not_make_all_hours_since_then_dirty(
    keeper: Keeper, wrong: float, most: int
) -> None:
    """A computer without a battery clock stored readings before it got the time from the network."""
    keeper.writer.write([Reading("plug", "energy_import_Wh", 100, wrong)])
    keeper.writer.outbox.subscribe(["energy"])
    keeper.writer.write([Reading("plug", "energy_import_Wh", 200, NOON + 10.0)])
    (count,) = keeper.db.execute("SELECT count(*) FROM outbox").fetchone()
    assert 0 < count < most


def test_an_edit_of_energy_from_the_beginning_of_time_marks_no_hour_before_the_first_reading(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    keeper.writer.write([Reading("plug", "energy_import_Wh", 100, NOON + 10.0)])
    outbox.subscribe(["energy"])
    until = (NOON + 7200) * 1000
    keeper.writer.edits.make(NewEdit(device=1, point="energy_import_Wh", start=0, until=until, action="void"), "test")
    keeper.wall += 86_400.0
    assert places(outbox.closed()) == [("energy", 3600), ("energy", 0)]


def test_a_store_that_takes_the_place_of_another_sends_everything_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    keeper = Keeper(path)
    keeper.writer.outbox.subscribe(["raw", "quarter"])
    keeper.writer.write([plug(), *(watts(1, second) for second in range(0, 3600, 60))])
    keeper.wall = NOON + 86_400.0
    before = {(one.level, one.start): one.number for one in keeper.writer.outbox.closed()}
    for (level, start), number in before.items():
        assert keeper.writer.outbox.acknowledge(level, start, number)
    assert keeper.writer.outbox.closed() == []
    keeper.close()
    mark_restored(path, lambda: NOON + 86_500.0)
    keeper = Keeper(path)
    keeper.wall = NOON + 86_600.0
    again = {(one.level, one.start): one.number for one in keeper.writer.outbox.closed()}
    assert again.keys() == before.keys() and min(again.values()) > max(before.values())
    keeper.close()


def test_many_windows_are_acknowledged_at_once(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, second) for second in (0, 300, 600)])
    keeper.wall += 1000
    first, second, third = outbox.closed()
    keeper.writer.write([watts(2, 1)])
    outbox.acknowledge_all([(one.level, one.start, one.number) for one in (first, second, third)])
    assert [one.start for one in outbox.closed()] == [third.start]


def test_events_and_the_catalogue_are_levels_of_their_own(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    outbox.subscribe(["events", "catalogue"])
    assert places(outbox.closed()) == [("catalogue", -NOON)]
    outbox.acknowledge("catalogue", 0, outbox.closed()[0].number)
    keeper.writer.write([Reading("plug", "mode", "eco", NOON + 10.0)])  # a text that is a value
    assert outbox.closed() == []
    keeper.writer.write([Notice("plug", NOON + 10.0, "warning", "It is hot.", {})])
    (window,) = outbox.closed()
    assert places([window]) == [("events", 0)]
    outbox.acknowledge("events", window.start, window.number)
    changes: tuple[list[Fact], ...] = (
        [watts(1, 0)],  # a series
        [Reading("plug", "power_W", 1.0, NOON + 5.0, flags=("gap",))],
        [msgspec.structs.replace(plug(), name="Lamp")],
        [plug(id="other", identity="uuid-2")],
    )
    for change in changes:
        keeper.writer.write(change)
        (window,) = outbox.closed()
        assert window.level == "catalogue"
        outbox.acknowledge(*places([window])[0][:1], 0, window.number)
    keeper.writer.write([plug(id="other", identity="uuid-2")])  # the same as before
    assert outbox.closed() == []
    outbox.again(0)
    assert places(outbox.closed()) == [("catalogue", -NOON), ("events", 0)]


def test_the_catalogue_goes_first_and_one_that_changes_all_the_time_lets_others_pass(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    outbox.subscribe(["raw", "catalogue"])
    keeper.writer.write([plug(), *(watts(1, second) for second in (0, 300, 600))])
    firsts = []
    for _ in range(4):
        (first,) = outbox.closed(1)
        outbox.acknowledge(first.level, first.start, first.number)
        firsts.append(first)
        outbox.mark_catalogue()
    assert places(firsts) == [("catalogue", -NOON), ("raw", 600), ("catalogue", -NOON), ("raw", 300)]


def test_a_version_that_is_refused_is_given_again_once_the_window_has_changed(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 0)])
    (window,) = outbox.closed()
    outbox.refuse(window.level, window.start, window.number)
    assert (outbox.closed(), outbox.behind(), outbox.refused()) == ([], 0, [window])
    keeper.writer.write([watts(1, 1)])
    assert places(outbox.closed()) == [("raw", 0)]
    assert (outbox.behind(), outbox.refused()) == (1, [])


def test_sums_leave_out_days_that_are_dirty_and_days_that_retention_has_begun_to_delete(keeper: Keeper) -> None:
    outbox, today = keeper.writer.outbox, NOON // 86_400
    keeper.wall = NOON + 40_000.0
    outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, -86_400), watts(1, 0), watts(1, 300)])
    days = []
    for window in reversed(outbox.closed()):
        days.append([day for day, _ in outbox.sums(40)["raw"]])
        outbox.acknowledge(window.level, window.start, window.number)
    assert days == [[], [today - 1], [today - 1]]
    assert [(day, one.count) for day, one in outbox.sums(40)["raw"]] == [(today - 1, 1), (today, 2)]
    assert [day for day, _ in outbox.sums(1)["raw"]] == [today]
    keeper.db.execute("INSERT INTO expired VALUES (1, 0, 5)")
    assert [day for day, _ in outbox.sums(40)["raw"]] == [today]


def test_numbers_rise_over_those_of_a_newer_copy_of_the_store(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    outbox.subscribe(["raw"])
    keeper.writer.write([watts(1, 0), watts(1, 300)])
    new, old = outbox.closed()
    outbox.acknowledge(old.level, old.start, old.number)
    above = new.number + 10**12
    outbox.raise_numbers(above)
    (raised,) = outbox.closed()
    assert raised.number > above
    outbox.raise_numbers(above)
    assert outbox.closed() == [raised]
    outbox.acknowledge(raised.level, raised.start, raised.number)
    keeper.restart()
    keeper.wall = NOON + 7200.0
    keeper.writer.write([watts(1, 1)])
    (later,) = keeper.writer.outbox.closed()
    assert later.number > raised.number


def test_a_reading_after_a_silence_makes_the_energy_of_the_hours_before_it_dirty(keeper: Keeper) -> None:
    outbox = keeper.writer.outbox
    keeper.wall = NOON + 100_000.0
    outbox.subscribe(["energy", "raw"])
    keeper.writer.write([watts(1, 0), watts(1, 4 * 3600)])
    gap = Reading("plug", "energy_import_Wh", 9.0, NOON + 18_000.0 + 60, flags=("gap",))
    for window in outbox.closed():
        outbox.acknowledge(window.level, window.start, window.number)
    keeper.writer.write([watts(1, 5 * 3600 - 600), gap])
    assert places(outbox.closed()) == [("energy", 18_000), ("raw", 18_000), ("raw", 17_400), ("energy", 14_400)]
