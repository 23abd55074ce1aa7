"""The store as the hub uses it: what it stores, how it reports failures, what it restores."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import pytest

from unclouded.core.errors import StoreError
from unclouded.core.model import Device, Doubt, Fact, Ledger, Memory, Notice, Point, Quality, Reading, Status, Value
from unclouded.store.file.schema import MIGRATIONS, open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store

NOON = 1_800_000_000.0
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
    Point(key="on", kind="switch", access="rw"),
    Point(key="mode", kind="enum", options=("eco", "boost")),
)


def device(id: str = "heater", identity: str = "uuid-1", replaces: str = "") -> Device:
    return Device(id=id, identity=identity, family="sim", link="memory:", profile="p", points=POINTS, replaces=replaces)


def watts(
    value: float, after: float = 0.0, id: str = "heater", quality: Quality = "good", flags: tuple[str, ...] = ()
) -> Reading:
    return Reading(id, "power_W", value, NOON + after, quality, flags)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = Store(path, interval=0.0, wall=lambda: NOON)
    store.open()
    yield store
    await store.close()


async def keep(store: Store, *facts: Fact) -> None:
    store.deliver(facts)
    await store.flush()


def values(path: Path, name: str = "heater", point: str = "power_W") -> list[Value | None]:
    with StoreReader(path) as reader:
        return [row.value for row in reader.history(name, [point])]


async def test_what_was_delivered_is_in_the_history(store: Store, path: Path) -> None:
    await keep(store, device(), watts(67.3, 0.25))
    with StoreReader(path) as reader:
        (row,) = reader.history("heater")
    assert (row.at, row.device, row.point, row.value) == (NOON + 0.25, "heater", "power_W", 67.3)


async def test_switches_texts_quality_and_flags_are_read_back(store: Store, path: Path) -> None:
    readings = [
        Reading("heater", "on", True, NOON),
        Reading("heater", "mode", "boost", NOON + 1, "held", ("old",)),
        watts(12.0, 2, quality="suspect", flags=("jump", "gap")),
    ]
    await keep(store, device(), *readings)
    with StoreReader(path) as reader:
        found = [(r.device, r.point, r.value, r.at, r.quality, r.flags) for r in reader.history("heater")]
    assert found == [(r.device, r.point, r.value, r.at, r.quality, r.flags) for r in readings]


async def test_two_readings_within_one_second_are_two(store: Store, path: Path) -> None:
    await keep(store, device(), watts(1, 0.001), watts(2, 0.9), watts(3, 0.9))
    assert values(path) == [1, 2, 3]


async def test_late_rows_are_merged_into_their_second(store: Store, path: Path) -> None:
    await keep(store, device(), watts(2, 0.5))
    await keep(store, watts(1, 0.1), watts(3, 0.9))
    assert values(path) == [1, 2, 3]


async def test_readings_of_one_batch_stand_in_the_order_of_time(store: Store, path: Path) -> None:
    await keep(store, device(), watts(3, 0.9), watts(1, 0.1), watts(2, 0.5))
    assert values(path) == [1, 2, 3]


async def test_a_word_that_stays_the_same_is_stored_once_an_hour(store: Store, path: Path) -> None:
    words = [Reading("heater", "mode", "eco", NOON + 900 * n) for n in range(9)]
    await keep(store, device(), *words)
    assert values(path, point="mode") == ["eco", "eco", "eco"]


async def test_nonsense_does_not_keep_the_rest_from_being_stored(store: Store, path: Path) -> None:
    nonsense = [watts(float("nan")), watts(float("inf"), 1), watts(5.0, 1e300), Reading("heater", "x", "\ud800", NOON)]
    await keep(store, device(), *nonsense, watts(7.0, 2))
    assert 7.0 in values(path)
    assert store.stats()["unstorable"] == 3


async def test_undescribed_points_and_devices_are_stored_too(store: Store, path: Path) -> None:
    await keep(store, Reading("stray", "dp_19", 673, NOON), Reading("stray", "dp_20", 0.125, NOON))
    assert values(path, "stray", "dp_19") == [673]
    assert values(path, "stray", "dp_20") == [0.125]


async def test_states_and_notices_are_events(store: Store, path: Path) -> None:
    await keep(
        store,
        device(),
        Status("heater", "offline", NOON, "unplugged"),
        Notice("heater", NOON + 1, "command", "on", {"outcome": "confirmed"}),
    )
    with StoreReader(path) as reader:
        state, command = reader.events("heater")
    assert (state.kind, state.data) == ("state", {"state": "offline", "reason": "unplugged"})
    assert command.data == {"words": "on", "data": {"outcome": "confirmed"}}


async def test_ledgers_and_memory_are_found_again(store: Store, path: Path) -> None:
    doubt = Doubt(kind="jump", first=Fraction(1, 3), level=2**32, since=NOON, at=NOON + 1)
    ledger = Ledger(
        identity="uuid-1", point="energy_import_Wh", total=5, rest=Fraction(-1, 3), level=2**50, doubt=doubt
    )
    await keep(store, device(), ledger, Memory("uuid-1", "key", b"\x00"), Memory("uuid-1", "gone", b"x"))
    await keep(store, Memory("uuid-1", "gone", b""))
    await store.close()
    again = Store(path)
    again.open()
    stored_state = again.stored_state()
    await again.close()
    assert stored_state.ledgers == {"uuid-1": {"energy_import_Wh": ledger}}
    assert stored_state.memory == {"uuid-1": {"key": b"\x00"}}
    assert stored_state.devices == [device()]


async def test_a_restart_continues_the_same_series(store: Store, path: Path) -> None:
    await keep(store, device(), watts(1.5))
    await store.close()
    again = Store(path)
    again.open()
    await keep(again, device(), watts(2.5, 1))
    await again.close()
    assert values(path) == [1.5, 2.5]
    assert sqlite3.connect(path).execute("SELECT count(*) FROM series").fetchone() == (1,)


# --- which device a history belongs to ---------------------------------------------------------------


async def test_a_new_name_does_not_split_a_history(store: Store, path: Path) -> None:
    await keep(store, device("heater"), watts(1))
    await keep(store, device("boiler"), watts(2, 1, "boiler"))
    for name in ("boiler", "heater", "uuid-1"):
        assert values(path, name) == [1, 2]


async def test_an_id_given_to_another_device_takes_no_history_along(store: Store, path: Path) -> None:
    await keep(store, device("heater", "uuid-1"), watts(1), device("heater", "uuid-2"), watts(2, 1))
    assert values(path, "heater") == [2]
    assert values(path, "uuid-1") == [1]


async def test_replacing_a_device_joins_both_histories_and_totals(store: Store, path: Path) -> None:
    old = Ledger(identity="uuid-1", point="energy_import_Wh", total=5000)
    new = Ledger(identity="uuid-2", point="energy_import_Wh", total=70, level=70)
    await keep(store, device("old", "uuid-1"), watts(1, 0.1, "old"), old)
    await keep(store, device("heater", "uuid-2"), watts(2, 0.2), watts(3, 1), new)
    assert store.join("uuid-1", "uuid-2")
    assert store.stored_state().ledgers == {
        "uuid-2": {"energy_import_Wh": Ledger(identity="uuid-2", point="energy_import_Wh", total=5070, level=70)}
    }
    await keep(store, watts(4, 2))
    assert values(path, "heater") == values(path, "old") == [1, 2, 3, 4]
    assert not store.join("uuid-1", "uuid-2")


async def test_a_device_with_replaces_inherits_the_history_once(store: Store, path: Path) -> None:
    await keep(store, device("old", "uuid-1"), watts(1, 0, "old"), Ledger(identity="uuid-1", point="e_Wh", total=7))
    await store.close()
    again = Store(path)
    again.open()
    heir = device("heater", "uuid-2", replaces="old")
    await keep(again, heir, watts(2, 1))
    await keep(again, heir, watts(3, 2))
    assert values(path) == values(path, "old") == [1, 2, 3]
    assert again.stored_state().ledgers["uuid-2"]["e_Wh"].total == 7
    await again.close()


async def test_a_current_device_is_not_replaced(store: Store, path: Path) -> None:
    await keep(store, device("old", "uuid-1"), watts(1, 0, "old"))
    await keep(store, device("heater", "uuid-2", replaces="old"), watts(2, 1))
    assert (values(path, "old"), values(path, "heater")) == ([1], [2])


async def test_replacing_by_a_device_that_never_spoke_hands_everything_on(store: Store, path: Path) -> None:
    await keep(store, device("old", "uuid-1"), watts(1, 0, "old"), Ledger(identity="uuid-1", point="e_Wh", total=7))
    assert store.join("uuid-1", "uuid-2")
    await keep(store, device("heater", "uuid-2"), watts(2, 1))
    assert values(path) == [1, 2]
    assert store.stored_state().ledgers["uuid-2"]["e_Wh"].total == 7


async def test_readings_before_the_device_fact_do_not_create_a_second_device(store: Store, path: Path) -> None:
    await keep(store, watts(1), device("heater", "uuid-1"), watts(2, 1))
    assert values(path, "heater") == [2]


async def test_forgetting_leaves_only_the_audit(store: Store, path: Path) -> None:
    await keep(store, device(), watts(1), Memory("uuid-1", "key", b"secret"))
    assert store.forget("uuid-1", "cli")
    stored_state = store.stored_state()
    assert (stored_state.ledgers, stored_state.memory, stored_state.devices) == ({}, {}, [])
    who, what, said = sqlite3.connect(path).execute("SELECT who, what, json FROM audit").fetchone()
    assert (who, what) == ("cli", "forget") and "uuid-1" in said and "secret" not in said


# --- when storing fails -----------------------------------------------------------------------------


async def test_a_full_disk_is_reported_once_and_nothing_is_lost_when_there_is_space_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notices: list[Notice] = []
    store = Store(path, wall=lambda: NOON)
    store.notify = notices.append
    store.open()
    await keep(store, device(), watts(1))
    store.limit_pages(1)
    lots = [watts(n / 10, n) for n in range(2, 20_000)]
    for batch in (lots[:10_000], lots[10_000:]):
        await keep(store, *batch)
    assert [n.kind for n in notices] == ["store_failed"] and "full" in notices[0].words
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1
    assert values(path) == [1]
    store.limit_pages(0)
    await store.flush()
    assert [n.kind for n in notices] == ["store_failed", "store_works"]
    assert len(values(path)) == 19_999
    await store.close()


async def test_while_the_disk_is_full_the_newest_readings_wait_within_bounds(path: Path) -> None:
    store = Store(path, bound=10_000, wall=lambda: NOON)
    store.open()
    await keep(store, device())
    store.limit_pages(1)
    ledger = Ledger(identity="uuid-1", point="energy_import_Wh", total=9)
    await keep(store, ledger, *(watts(n, n) for n in range(50_000)))
    store.limit_pages(0)
    await keep(store, watts(0.5, 50_000))
    assert values(path)[-1] == 0.5 and len(values(path)) == 9999
    assert store.stored_state().ledgers["uuid-1"]["energy_import_Wh"] == ledger
    await store.close()


async def test_run_stores_facts_and_close_stores_the_rest(path: Path) -> None:
    store = Store(path, interval=0.0)
    store.open()
    running = asyncio.create_task(store.run(), name="store.run")
    store.deliver([device(), watts(1)])
    while not store.stats()["stored"]:
        await asyncio.sleep(0)
    store.deliver([watts(2, 1)])
    running.cancel()
    await store.close()
    assert values(path) == [1, 2]


# --- files that cannot be opened ---------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store(path).open()
    return str(caught.value)


async def test_a_file_that_is_no_database_is_moved_aside(path: Path) -> None:
    path.write_bytes(b"this is no database, " * 400)
    store = Store(path)
    store.open()
    await keep(store, device(), watts(1))
    await store.close()
    assert values(path) == [1]
    (aside,) = path.parent.glob("*-damaged-*.sqlite")
    assert aside.read_bytes() == b"this is no database, " * 400


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    db = open_to_write(path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    before = path.read_bytes()
    assert "newer Unclouded" in refusal(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    assert "another program" in refusal(path)


def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "nowhere" / "store.sqlite")
    (tmp_path / "file").touch()
    assert "not a folder" in refusal(tmp_path / "file" / "store.sqlite")


def test_only_its_owner_may_read_the_file(path: Path) -> None:
    open_to_write(path).close()
    assert path.stat().st_mode & 0o077 == 0


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_write(path).close()
    broken = (*MIGRATIONS, "CREATE TABLE extra (x); CREATE TABLE device (x)")
    monkeypatch.setattr("unclouded.store.file.schema.MIGRATIONS", broken)
    with pytest.raises(StoreError):
        open_to_write(path)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    db.close()


def test_an_old_file_is_migrated_forward(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_write(path).close()
    monkeypatch.setattr(
        "unclouded.store.file.schema.MIGRATIONS", (*MIGRATIONS, "ALTER TABLE audit ADD COLUMN why TEXT")
    )
    with pytest.raises(StoreError, match="older format"):
        StoreReader(path)
    db = open_to_write(path)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    db.execute("SELECT why FROM audit")
    db.close()


async def test_a_device_that_was_removed_in_this_run_can_be_replaced(store: Store, path: Path) -> None:
    await keep(store, device("old", "uuid-1"), watts(1, id="old"))
    await keep(store, device("heater", "uuid-2", replaces="old"))
    assert values(path) == [], "a device of now keeps its history"
    await keep(store, Notice("", NOON, "removed", "old is gone.", {"device": "old", "identities": ["uuid-1"]}))
    await keep(store, device("heater", "uuid-2", replaces="old"))
    assert values(path) == [1]


async def test_a_history_is_erased_while_the_store_runs(store: Store, path: Path) -> None:
    await keep(store, device(), watts(1), device("lamp", "uuid-2"), watts(2, id="lamp"))
    store.deliver([watts(3, 1)])
    assert await store.erase(["uuid-1", "never seen"], "web")
    await keep(store, watts(4, 2, id="lamp"))
    assert values(path, "lamp") == [2, 4]
    with StoreReader(path) as reader:
        assert [one.id for one in reader.devices()] == ["lamp"]
    assert not await store.erase(["uuid-1"], "web")


async def test_nothing_is_erased_while_storing_fails(store: Store, path: Path) -> None:
    await keep(store, device(), watts(1))
    store.limit_pages(1)
    await keep(store, *(watts(number, number) for number in range(20_000)))
    with pytest.raises(StoreError, match="while storing fails"):
        await store.erase(["uuid-1"], "web")
    assert values(path) == [1]
