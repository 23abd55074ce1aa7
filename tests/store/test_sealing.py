"""Sealed hours read as if they had never been sealed: in any order of arrival, through joins and clock steps."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.test_rollup import DAY, NOON, Keeper, plug, watts
from unclouded.core.model import Fact, Notice, Reading
from unclouded.store import samples, sealing, sink
from unclouded.store.encoding import blob, chunk
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.file.salvage import salvage
from unclouded.store.file.schema import open_to_write
from unclouded.store.future import put_away_future
from unclouded.store.reading.condense import Grid
from unclouded.store.reading.reader import FOREVER, StoreReader
from unclouded.store.repair import Repair
from unclouded.store.samples import Samples
from unclouded.store.sealing import CALM_S, PAUSE_S, SEALED_AFTER_S
from unclouded.store.sink import Store
from unclouded.store.writer import StoreWriter

HOUR = NOON // SPAN_S * SPAN_S


@pytest.fixture
def path() -> Iterator[Path]:
    folder = Path(mkdtemp())
    yield folder / "store.sqlite"
    shutil.rmtree(folder)


class SealedKeeper(Keeper):
    """Seals whatever it may, also hours with few samples."""

    passed = 0.0

    def open(self) -> None:
        super().open()
        self.writer.sealer._now = lambda: self.passed

    def seal(self) -> None:
        self.passed += max(CALM_S, PAUSE_S)
        while self.writer.sealer.step():
            pass

    def chunks(self) -> list[int]:
        return [(start - HOUR) // SPAN_S for (start,) in self.db.execute("SELECT start FROM chunk ORDER BY start")]

    def singles(self) -> int:
        return int(self.db.execute("SELECT count(*) FROM sample").fetchone()[0])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LEAST_SECONDS", 1)


def hours(count: int, step: int = 60, device: str = "plug") -> list[Fact]:
    return [watts(second % 977 / 10, second, device) for second in range(0, count * SPAN_S, step)]


def seen(path: Path, device: str = "plug", begin: float = 0.0, end: float = FOREVER) -> dict[str, object]:
    """All that a reader returns for a device."""
    with StoreReader(path) as reader:
        middle = (max(begin, NOON) + min(end, NOON + 30 * SPAN_S)) / 2
        return {
            "values": list(reader.history(device, start=begin, end=end)),
            "minutes": list(reader.history(device, start=begin, end=end, step=60)),
            "odd steps": list(reader.history(device, start=begin, end=end, step=7)),
            "hours": list(reader.steps(device, Grid(SPAN_S), None, begin, end)),
            "before": reader.before(device, ["power_W", "on"], middle),
            "first": reader.first(device, ["power_W", "on"], middle),
            "standing": reader.standing(device, ["power_W", "on", "mode"], middle),
            "seconds": reader.seconds(device, begin, end, 10**6),
            "newest": reader.newest(),
            "latest": reader.latest(),
            "silences": reader.silences(device, begin, end),
        }


VALUES = st.tuples(
    st.integers(0, 30 * SPAN_S * 1000).map(lambda ms: ms / 1000),
    st.one_of(st.integers(-99, 99), st.booleans(), st.sampled_from(["eco", "boost"])),
)


def reading(at: float, value: object) -> Reading:
    point = {bool: "on", str: "mode"}.get(type(value), "power_W")
    return Reading("plug", point, value, NOON + at)  # type: ignore[arg-type]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.one_of(st.lists(VALUES, min_size=1, max_size=12), st.just("seal"), st.just("restart")), max_size=12),
    st.integers(0, 30 * SPAN_S),
    st.integers(0, 30 * SPAN_S),
)
def test_a_store_that_seals_reads_the_same_as_one_that_does_not(
    few: None, steps: list[list[tuple[float, object]] | str], one: int, other: int
) -> None:
    folder = Path(mkdtemp())
    sealed, plain = SealedKeeper(folder / "sealed.sqlite"), Keeper(folder / "plain.sqlite")
    try:
        for keeper in (sealed, plain):
            keeper.writer.write([plug()])
        for step in steps:
            if step == "seal":
                sealed.seal()
            elif step == "restart":
                sealed.restart()
                plain.restart()
            else:
                facts = [reading(*value) for value in step]
                for keeper in (sealed, plain):
                    keeper.writer.write(facts)
        sealed.seal()
        assert not sealed.chunks() or not sealed.singles() or sealed.upto() < 30 * SPAN_S
        begin, end = NOON + min(one, other), NOON + max(one, other) + 1
        assert seen(sealed.path) == seen(plain.path)
        assert seen(sealed.path, begin=begin, end=end) == seen(plain.path, begin=begin, end=end)
        assert sealed.rows() == plain.rows()
        assert sealed.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        sealed.close()
        plain.close()
        shutil.rmtree(folder)


def test_hours_are_sealed_once_they_are_old_enough_and_rolled_up(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.wall = NOON + 5 * SPAN_S
    keeper.writer.write([plug(), *hours(5)])
    keeper.seal()
    assert keeper.chunks() == [0, 1, 2], f"{SEALED_AFTER_S} s after their end"
    assert keeper.singles() == 2 * 60
    keeper.wall += 1.5 * SPAN_S
    keeper.seal()
    assert keeper.chunks() == [0, 1, 2, 3]
    keeper.close()


def test_an_hour_with_few_samples_stays_as_it_is(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(3, 900)])
    keeper.seal()
    assert (keeper.chunks(), keeper.singles()) == ([], 12)
    keeper.close()


def test_hours_with_few_samples_are_passed_over_by_the_hundred(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(60 * 24, 1800), *hours(1), watts(1, 70 * 86_400)])
    keeper.wall = NOON + 80.0 * 86_400
    keeper.seal()
    assert keeper.chunks() == [0]
    keeper.restart()
    keeper.writer.sealer._now = lambda: keeper.passed
    steps = 0
    while keeper.writer.sealer.step():
        steps += 1
    assert steps <= 4, "60 days have 1440 hours"
    keeper.close()


def test_a_late_sample_joins_its_hour_once_no_more_come(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    before = keeper.chunks()
    keeper.writer.write([watts(77, 30)])
    assert not keeper.writer.sealer.step(), "more may follow"
    assert (keeper.singles() - 60 * (10 - len(before))) == 1
    keeper.seal()
    assert (keeper.chunks(), keeper.singles()) == (before, 60 * (10 - len(before)))
    with StoreReader(path) as reader:
        assert [row.value for row in reader.history("plug", start=NOON, end=NOON + 61)] == [0.0, 77.0, 6.0]
    keeper.close()


def test_a_late_sample_is_found_after_a_restart_too(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    left = keeper.singles()
    keeper.writer.write([watts(77, 30)])
    keeper.restart()
    keeper.seal()
    assert keeper.singles() == left
    keeper.close()


def test_a_failure_in_the_middle_of_sealing_leaves_the_samples_where_they_are(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    before = seen(path)

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "DROP_ALL", "DELETE FROM nothing WHERE device = ? AND second >= ? AND second < ?")
        with pytest.raises(sqlite3.OperationalError):
            keeper.seal()
    assert (keeper.chunks(), seen(path)) == ([], before)
    keeper.close()


async def test_a_batch_is_stored_once_although_old_hours_cannot_be_sealed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.close()
    now = [0.0]
    store = Store(path, wall=lambda: NOON + 20.0 * SPAN_S, now=lambda: now[0])
    store.open()
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "PUT", "INSERT INTO nothing VALUES (?, ?, ?, ?, ?, ?)")
        patch.setattr(sink, "is_damage", lambda error: False)
        for second in range(3):
            store.deliver([Notice("plug", NOON + second, "test", "It happened once."), watts(5, 11 * SPAN_S + second)])
            await store.flush()
    assert (store.stats()["batches"], store.stats()["failures"], store.stats()["waiting"]) == (3, 0, 0)
    now[0] += 100
    for second in range(30):
        store.deliver([watts(5, 11 * SPAN_S + 10 + second)])
        await store.flush()
    await store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM event WHERE kind = 'test'").fetchone() == (3,)
        assert db.execute("SELECT count(*) FROM chunk").fetchone() == (10,), "none is passed over"


async def test_hours_are_sealed_where_the_file_cannot_grow(path: Path) -> None:
    """It is sealing that makes room."""
    keeper = Keeper(path)
    seeded = random.Random(1)  # that does not compress
    keeper.writer.write([plug(), *(watts(seeded.randrange(10**9), second) for second in range(0, 10 * SPAN_S, 2))])
    keeper.close()
    store = Store(path, wall=lambda: NOON + 20.0 * SPAN_S)
    store.open()
    store.limit_pages(store._opened().execute("PRAGMA page_count").fetchone()[0])
    for second in range(SPAN_S):
        store.deliver([watts(5, 11 * SPAN_S + second)])
        await store.flush()
        if not store.stats()["unsealed_hours"]:
            break
    assert store.stats()["failures"] == 0
    assert store._opened().execute("SELECT count(*) FROM chunk").fetchone() == (10,)
    await store.close()


def test_an_hour_that_is_too_large_for_a_chunk_stays_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    with monkeypatch.context() as patch:
        patch.setattr(chunk, "MOST_BYTES", 100)
        keeper.seal()
    assert (keeper.chunks(), keeper.singles()) == ([], 600)
    keeper.close()


def test_a_device_without_samples_has_no_hours_left(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.db.execute("DELETE FROM sample")
    assert keeper.writer.sealer.hours_left() == 0
    keeper.close()


def test_each_chunk_is_read_once_for_all_late_samples_of_its_hour(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    decoded: list[int] = []

    def decode(start: int, data: bytes) -> list[chunk.DeviceSecond]:
        decoded.append(start)
        return chunk.decode(start, data)

    monkeypatch.setattr(samples, "decode_chunk", decode)
    keeper.writer.write([watts(77, 60 * minute + 30) for minute in range(180)])
    assert sorted(decoded) == [HOUR, HOUR + SPAN_S, HOUR + 2 * SPAN_S]
    keeper.close()


def test_few_large_chunks_are_decoded_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    monkeypatch.setattr(samples, "PAGE_BYTES", 1)
    read = Samples(lambda query, *values: keeper.db.execute(query, values).fetchall())
    page, end = read.page(1, NOON, NOON + 10 * SPAN_S)
    assert (len(page), end) == (60, HOUR + SPAN_S)
    assert [at for at, _ in read.read(1, NOON, NOON + 10 * SPAN_S)] == list(range(NOON, NOON + 10 * SPAN_S, 60))
    keeper.close()


def test_the_newest_sample_before_a_time_costs_no_look_at_newer_chunks(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    keeper.db.executemany(
        "INSERT INTO chunk SELECT device, start + ?1, first + ?1, last + ?1, seconds, data FROM chunk WHERE start = ?2",
        [(number * SPAN_S, HOUR) for number in range(20, 2020)],
    )
    steps = [0]

    def count() -> None:
        steps[0] += 1

    keeper.db.set_progress_handler(count, 100)
    rows = keeper.db.execute(samples.NEWEST, (NOON + 2 * SPAN_S,)).fetchall()
    assert rows == [(NOON + 2 * SPAN_S - 60,)]
    assert steps[0] < 10
    keeper.close()


def test_damaged_samples_and_chunks_are_neither_sealed_nor_lost(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.db.execute("UPDATE sample SET blob = x'0480' WHERE second = ?", (NOON + 60,))
    keeper.seal()
    assert keeper.db.execute("SELECT second FROM sample WHERE second < ?", (NOON + SPAN_S,)).fetchall() == [
        (NOON + 60,)
    ]
    keeper.db.execute("UPDATE chunk SET data = substr(data, 1, 20) WHERE start = ?", (HOUR + SPAN_S,))
    keeper.writer.write([watts(5, SPAN_S + 7)])
    keeper.seal()
    query = "SELECT count(*) FROM sample WHERE second = ?"
    assert keeper.db.execute(query, (NOON + SPAN_S + 7,)).fetchone() == (1,)
    with StoreReader(path) as reader:
        rows = list(reader.history("plug", start=NOON, end=NOON + 3 * SPAN_S))
        assert {(row.at - NOON) // SPAN_S for row in rows if row.at != NOON + SPAN_S + 7} == {0, 2}
        (hour,) = reader.damaged_hours("plug")
        assert (hour.device, hour.start) == ("plug", HOUR + SPAN_S)
    keeper.close()


@pytest.mark.parametrize("count", [1, 600])
def test_late_readings_in_an_hour_with_a_damaged_chunk_leave_its_rollups_as_they_were(path: Path, count: int) -> None:
    def rollups() -> list[tuple[object, ...]]:
        return keeper.db.execute("SELECT * FROM rollup ORDER BY series, span, start").fetchall()

    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(14)])
    keeper.seal()
    before = rollups()
    flipped = bytearray(keeper.db.execute("SELECT data FROM chunk WHERE start = ?", (HOUR + SPAN_S,)).fetchone()[0])
    flipped[len(flipped) // 2] ^= 0x55
    keeper.db.execute("UPDATE chunk SET data = ? WHERE start = ?", (bytes(flipped), HOUR + SPAN_S))
    late = (
        [watts(5, SPAN_S + 7)] if count == 1 else [watts(second % 977 / 10, second) for second in range(0, 36000, 60)]
    )
    keeper.writer.write(late)  # with many, all from there on is rolled up again
    for _ in range(50):
        keeper.writer.write([watts(0, 14 * SPAN_S)])
    low, high = HOUR + SPAN_S, HOUR + 2 * SPAN_S

    def inside(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return [row for row in rows if low <= int(str(row[2])) < high]

    assert inside(rollups()) == inside(before) != []
    number = keeper.db.execute("SELECT number FROM device").fetchone()[0]
    (series,) = keeper.db.execute("SELECT id FROM series").fetchone()
    keeper.writer._rollup.redo(number, [series], HOUR, HOUR + 3 * SPAN_S)  # an edit over it
    assert inside(rollups()) == inside(before)
    keeper.close()


def test_a_damaged_chunk_stops_no_join_and_no_clock(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), plug(id="old", identity="uuid-2"), *hours(10), *hours(10, 61, "old")])
    keeper.seal()
    numbers = dict(keeper.db.execute("SELECT id, number FROM device"))
    keeper.db.execute("UPDATE chunk SET data = x'01ff' WHERE start = ? AND device = ?", (HOUR + SPAN_S, numbers["old"]))
    assert Repair(keeper.db, lambda: keeper.wall).join("uuid-2", "uuid-1", "test")
    keeper.writer.reload()
    assert put_away_future(keeper.db, HOUR - 86_400.0, "the clock was ahead") > 0
    query = "SELECT device, start FROM chunk"
    assert keeper.db.execute(query).fetchall() == [(numbers["plug"], HOUR + SPAN_S)]  # for a salvage
    keeper.close()


def test_two_sealed_histories_are_joined(path: Path, tmp_path: Path) -> None:
    def joined(keeper: Keeper, seal: Callable[[], None]) -> dict[str, object]:
        old = [*hours(3, device="old"), *(watts(1, second, "old") for second in range(9 * SPAN_S, 10 * SPAN_S, 30))]
        keeper.writer.write([plug(), plug(id="old", identity="uuid-2"), *hours(10, 61), *old])
        seal()
        assert Repair(keeper.db, lambda: keeper.wall).join("uuid-2", "uuid-1", "test")
        keeper.writer.reload()
        seal()
        found = seen(keeper.path)
        keeper.close()
        return found

    sealed, plain = SealedKeeper(path), Keeper(tmp_path / "plain.sqlite")
    assert joined(sealed, sealed.seal) == joined(plain, lambda: None)


def test_a_device_that_is_forgotten_leaves_no_chunk(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    assert Repair(keeper.db, lambda: keeper.wall).forget("uuid-1", "test")
    assert (keeper.chunks(), keeper.singles()) == ([], 0)
    keeper.close()


def test_sealed_hours_of_the_future_are_put_away(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    now = NOON + 2.5 * SPAN_S
    assert put_away_future(keeper.db, now, "the clock was set back") == 600 - 152
    with StoreReader(path) as reader:
        values = list(reader.history("plug"))
        assert (len(values), values[-1].at) == (152, now + 60)
    assert keeper.db.execute("SELECT count(*) FROM put_away").fetchone() == (448,)
    keeper.close()


def test_a_salvage_brings_sealed_hours_over(path: Path, tmp_path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    keeper.close()
    other = open_to_write(tmp_path / "other.sqlite")
    done = salvage(path, other, lambda: NOON + DAY, "test")
    assert done.rows["chunk"] and not done.damaged
    other.close()
    before, found = seen(path), seen(tmp_path / "other.sqlite")
    assert {key: found[key] for key in ("values", "hours")} == {key: before[key] for key in ("values", "hours")}


def test_a_salvage_needs_no_more_room_than_the_chunks_and_may_be_repeated(path: Path, tmp_path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    sealed, singles = keeper.chunks(), keeper.singles()
    keeper.close()
    other = open_to_write(tmp_path / "other.sqlite")
    for _ in range(2):
        salvage(path, other, lambda: NOON + DAY, "test")
        assert other.execute("SELECT count(*) FROM sample").fetchone() == (singles,)
        assert other.execute("SELECT count(*) FROM chunk").fetchone() == (len(sealed),)
    other.close()
    assert seen(tmp_path / "other.sqlite")["values"] == seen(path)["values"]


def test_a_salvage_counts_a_damaged_chunk(path: Path, tmp_path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    keeper.db.execute("UPDATE chunk SET data = substr(data, 1, 20) WHERE start = ?", (HOUR + SPAN_S,))
    sealed = keeper.chunks()
    keeper.close()
    other = open_to_write(tmp_path / "other.sqlite")
    done = salvage(path, other, lambda: NOON + DAY, "test")
    assert (done.damaged, done.rows["chunk"]) == (1, len(sealed) - 1)
    other.close()


def test_what_is_read_page_by_page_is_the_whole(path: Path) -> None:
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(20, 1)])
    keeper.wall = NOON + 15 * SPAN_S
    keeper.seal()
    assert keeper.chunks() and keeper.singles()
    stored = Samples(lambda query, *values: keeper.db.execute(query, values).fetchall())
    seconds = [second for second, _ in stored.read(1, NOON, NOON + 20 * SPAN_S)]
    assert seconds == list(range(NOON, NOON + 20 * SPAN_S))
    assert [second for second, _ in stored.read_back(1, NOON, NOON + 20 * SPAN_S, 10**6)] == seconds[::-1]
    keeper.close()


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 4 * SPAN_S), min_size=1, max_size=40), st.integers(0, 4 * SPAN_S))
def test_the_second_before_and_the_second_after_are_found_in_sealed_hours_too(seconds: set[int], at: int) -> None:
    folder = Path(mkdtemp())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "LEAST_SECONDS", 1)
        keeper = SealedKeeper(folder / "store.sqlite")
        keeper.writer.write([plug(), *(watts(1, second) for second in sorted(seconds)), watts(1, 9 * SPAN_S)])
        keeper.seal()
    stored = Samples(lambda query, *values: keeper.db.execute(query, values).fetchall())
    earlier = [one for one in seconds if one < at]
    assert stored.newest_before(NOON + at) == (NOON + max(earlier) if earlier else 0)
    assert stored.next(1, NOON + at) == NOON + min((one for one in seconds if one >= at), default=9 * SPAN_S)
    keeper.close()
    shutil.rmtree(folder)


async def test_an_existing_store_is_sealed_in_the_background_with_its_progress(path: Path) -> None:
    keeper = Keeper(path)
    keeper.writer.write([plug(), *hours(40, 30)])
    single = keeper.db.execute("SELECT sum(length(blob)) FROM sample").fetchone()[0]
    keeper.close()
    store = Store(path, wall=lambda: NOON + 44.0 * SPAN_S)
    store.open()
    left = [store.stats()["unsealed_hours"]]
    for second in range(SPAN_S):
        store.deliver([watts(5, 43 * SPAN_S + second)])
        await store.flush()
        left.append(store.stats()["unsealed_hours"])
        if not left[-1]:
            break
    await store.close()
    assert left[0] == 39 and left[-1] == 0 and left[1:] == sorted(left[1:], reverse=True), left
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*), sum(seconds) FROM chunk").fetchone() == (40, 40 * 120)
        assert db.execute("SELECT sum(length(data)) FROM chunk").fetchone()[0] < single / 2


def test_a_second_of_a_sealed_hour_may_come_again(path: Path) -> None:
    """Facts that are stored twice, as after a restart, are kept once."""
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *hours(10)])
    keeper.seal()
    keeper.writer.write(hours(10))
    keeper.seal()
    with StoreReader(path) as reader:
        assert len(list(reader.history("plug"))) == 600
    rows = keeper.db.execute("SELECT second, blob FROM sample").fetchall()
    assert all(len(blob.decode(one)) == 1 for _, one in rows)
    keeper.close()


@pytest.fixture
def wide(path: Path) -> Iterator[SealedKeeper]:
    """An hour of ten points, once a second."""
    keeper = SealedKeeper(path)
    keeper.writer.write([plug(), *(Reading("plug", f"power{n}_W", n, HOUR + s) for s in range(700) for n in range(10))])
    keeper.writer.write([watts(1.0, HOUR - NOON + 3 * SPAN_S)])
    yield keeper
    keeper.close()


def begin_sealing(keeper: SealedKeeper, steps: int) -> None:
    keeper.passed += PAUSE_S
    assert all(keeper.writer.sealer.step() for _ in range(steps))


def values_of(keeper: SealedKeeper) -> list[tuple[float, str, object]]:
    with StoreReader(keeper.path) as reader:
        return [(row.at, row.point, row.value) for row in reader.history("plug")]


def test_an_hour_is_sealed_in_small_pieces_and_its_samples_stay_until_the_last(
    wide: SealedKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, sizes = values_of(wide), list[int]()
    add = chunk.ChunkEncoder.add

    def counted(encoder: chunk.ChunkEncoder, seconds: list[chunk.DeviceSecond]) -> None:
        sizes.append(sum(len(entries) for _, entries in seconds))
        add(encoder, seconds)

    monkeypatch.setattr(chunk.ChunkEncoder, "add", counted)
    begin_sealing(wide, 7)
    assert (wide.chunks(), wide.singles()) == ([], 701)
    wide.seal()
    assert (wide.chunks(), wide.singles()) == ([0], 1)
    assert values_of(wide) == before
    assert max(sizes) <= 1000


@pytest.mark.parametrize("is_noted", [True, False], ids=["by this writer", "beside it"])
def test_what_is_written_to_an_hour_that_is_being_sealed_is_not_lost(wide: SealedKeeper, is_noted: bool) -> None:
    begin_sealing(wide, 5)
    late = [watts(55.0, HOUR - NOON + 20.25)]
    if is_noted:
        wide.writer.write(late)
    else:
        with closing(open_to_write(wide.path)) as db:
            StoreWriter(db, lambda: wide.wall).write(late)
    while wide.writer.sealer.step():
        pass
    assert wide.chunks() == []
    wide.writer.sealer.reload()
    wide.seal()
    assert wide.chunks() == [0]
    assert (HOUR + 20.25, "power_W", 55.0) in values_of(wide)


def test_late_values_join_the_chunk_in_small_pieces_too(wide: SealedKeeper) -> None:
    wide.seal()
    wide.writer.write([watts(5.0, HOUR - NOON + 20.5), watts(6.0, HOUR - NOON + 800), watts(7.0, HOUR - NOON + 1)])
    before = values_of(wide)
    begin_sealing(wide, 0)
    wide.passed += CALM_S
    assert all(wide.writer.sealer.step() for _ in range(7))
    wide.seal()
    assert (wide.chunks(), wide.singles()) == ([0], 1)
    assert values_of(wide) == before
