"""Rows of the future, stored while the clock was ahead, are put away with an entry in the audit."""

import sqlite3
from pathlib import Path

from unclouded.core.model import Device, Fact, Notice, Point, Reading, Status
from unclouded.store.future import SETTLED_S, SLACK_S, ClockCheck
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store

NOON = 1_800_000_000.0
DAY = 86_400.0
PLUG = Device(
    id="plug", identity="uuid-1", family="toy", link="memory:", profile="p", points=(Point(key="power_W", exponent=-1),)
)


class Clocks:
    """A wall clock that can be set, and a monotonic one."""

    def __init__(self) -> None:
        self.passed = self.offset = 0.0

    def wall(self) -> float:
        return NOON + self.passed + self.offset

    def now(self) -> float:
        return self.passed


def store_in(folder: Path, clocks: Clocks) -> Store:
    store = Store(folder / "store.sqlite", wall=clocks.wall, now=clocks.now)
    store.open()
    return store


async def report(store: Store, clocks: Clocks, value: float, *more: Fact) -> None:
    store.deliver([*more, Reading("plug", "power_W", value, clocks.wall())])
    await store.flush()
    clocks.passed += 10


def look(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "store.sqlite") as db:
        return db.execute(query).fetchall()


async def test_after_a_day_forward_and_back_the_rows_of_that_day_are_put_away(tmp_path: Path) -> None:
    clocks, notices = Clocks(), list[Notice]()
    store = store_in(tmp_path, clocks)
    store.notify = notices.append
    await report(store, clocks, 1.0, PLUG)
    clocks.offset = DAY
    for value in range(2, 5):
        await report(store, clocks, value, Status("plug", "online", clocks.wall(), f"{value}"))
    clocks.offset = 0.0
    await report(store, clocks, 9.0)
    await store.close()
    with StoreReader(tmp_path / "store.sqlite") as reader:
        assert [row.value for row in reader.history("plug")] == [1.0, 9.0]
        assert not list(reader.events("plug"))
        assert [one.value for one in reader.latest()] == [9.0]
        assert [row.mean for row in reader.history("plug", step=3600)] == [5.0]
        assert reader.devices()[0].last_seen <= clocks.wall()
    assert look(tmp_path, "SELECT kind, count(*) FROM put_away GROUP BY kind") == [("sample", 3), ("state", 3)]
    ((who, what, entry),) = look(tmp_path, "SELECT who, what, json FROM audit")
    assert (who, what) == ("hub", "put_away") and '"rows":6' in str(entry) and "set back by 86400 s" in str(entry)
    assert [notice.kind for notice in notices] == ["store_future"]


async def test_a_step_forward_and_back_between_two_batches_is_noticed_too(tmp_path: Path) -> None:
    clocks = Clocks()
    store = store_in(tmp_path, clocks)
    await report(store, clocks, 1.0, PLUG)
    clocks.offset = DAY
    store.deliver([Reading("plug", "power_W", 2.0, clocks.wall())])
    clocks.offset = 0.0
    await report(store, clocks, 3.0)
    await store.close()
    with StoreReader(tmp_path / "store.sqlite") as reader:
        assert [row.value for row in reader.history("plug")] == [1.0, 3.0]


async def test_rolled_up_rows_of_the_future_are_computed_again(tmp_path: Path) -> None:
    clocks = Clocks()
    store = store_in(tmp_path, clocks)
    await report(store, clocks, 1.0, PLUG)
    clocks.offset = DAY
    for _ in range(400):
        store.deliver([Reading("plug", "power_W", 100.0, clocks.wall())])
        clocks.passed += 10
        await store.flush()
    assert look(tmp_path, "SELECT count(*) > 0 FROM rollup WHERE low = 1000") == [(1,)]
    clocks.offset = 0.0
    for _ in range(400):
        store.deliver([Reading("plug", "power_W", 5.0, clocks.wall())])
        clocks.passed += 10
        await store.flush()
    await store.close()
    assert look(tmp_path, "SELECT count(*) FROM rollup WHERE high = 1000") == [(0,)]
    with StoreReader(tmp_path / "store.sqlite") as reader:
        assert {row.max for row in reader.history("plug", step=3600)} == {1.0, 5.0}


async def test_a_clock_that_starts_in_the_past_puts_nothing_away_until_it_has_gone_on_evenly(tmp_path: Path) -> None:
    clocks = Clocks()
    store = store_in(tmp_path, clocks)
    await report(store, clocks, 1.0, PLUG)
    await store.close()
    clocks = Clocks()
    clocks.offset = -DAY  # no battery clock: this computer believes that it is yesterday
    store = store_in(tmp_path, clocks)
    await report(store, clocks, 2.0)
    await report(store, clocks, 3.0)
    clocks.offset = 60.0  # the network gives the time
    await report(store, clocks, 4.0)
    clocks.passed += 2 * SETTLED_S
    await report(store, clocks, 5.0)
    await store.close()
    assert look(tmp_path, "SELECT count(*) FROM put_away") == [(0,)]
    with StoreReader(tmp_path / "store.sqlite") as reader:
        assert {row.value for row in reader.history("plug")} == {1.0, 2.0, 3.0, 4.0, 5.0}


async def test_rows_of_an_earlier_run_are_put_away_once_the_clock_is_settled(tmp_path: Path) -> None:
    clocks = Clocks()
    clocks.offset = DAY
    store = store_in(tmp_path, clocks)
    await report(store, clocks, 1.0, PLUG)
    await store.close()
    clocks = Clocks()
    store = store_in(tmp_path, clocks)
    await report(store, clocks, 2.0)
    assert look(tmp_path, "SELECT count(*) FROM put_away") == [(0,)]
    clocks.passed += SETTLED_S
    await report(store, clocks, 3.0)
    await store.close()
    with StoreReader(tmp_path / "store.sqlite") as reader:
        assert [row.value for row in reader.history("plug")] == [2.0, 3.0]


async def test_rows_of_the_next_minute_are_left(tmp_path: Path) -> None:
    clocks = Clocks()
    store = store_in(tmp_path, clocks)
    await report(store, clocks, 1.0, PLUG)
    clocks.offset = -SLACK_S  # the last row is less than that ahead by now
    await report(store, clocks, 2.0)
    await store.close()
    assert look(tmp_path, "SELECT count(*) FROM put_away") == [(0,)]


def test_a_correction_of_the_clock_is_no_step() -> None:
    clocks = Clocks()
    check = ClockCheck(clocks.wall, clocks.now)
    for _ in range(20):
        clocks.offset -= 1.0
        assert check.why() == ""
