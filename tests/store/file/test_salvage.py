"""A store with damaged pages: every readable row is salvaged, and the hub goes on with another file.

a store of many pages ──► bytes overwritten at many places ──► salvage, or a Store that opens it
"""

import asyncio
import random
import shutil
import sqlite3
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import StoreError
from unclouded.core.feeds import FeedInterval, FeedValues
from unclouded.core.model import Device, Fact, Ledger, Memory, Notice, Point, Reading, Status
from unclouded.store.editing.edit import NewEdit
from unclouded.store.encoding.blob import decode
from unclouded.store.file.pages import SqliteFile
from unclouded.store.file.salvage import HISTORY, STATE, move_aside, salvage, shapes
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.condense import HistoryRow
from unclouded.store.reading.reader import StoreReader
from unclouded.store.repair import Repair
from unclouded.store.sink import Store
from unclouded.store.writer import StoreWriter

NOON = 1_800_000_000.0
SECONDS = 1000
DEVICES = 4
PAGE = 4096
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
    Point(key="mode", kind="enum"),
)


def wall() -> float:
    return NOON + SECONDS


def device(number: int) -> Device:
    return Device(id=f"d{number}", identity=f"uuid-{number}", family="sim", link="memory:", profile="p", points=POINTS)


@cache
def facts() -> Sequence[Fact]:
    seeded = random.Random(1)
    made: list[Fact] = [device(number) for number in range(DEVICES)]
    made += [Status(f"d{number}", "online", NOON) for number in range(DEVICES)]
    made += [Memory(f"uuid-{number}", "token", bytes([number]) * 900) for number in range(DEVICES)]
    for second in range(SECONDS):
        for number in range(DEVICES):
            at, flags = NOON + second + seeded.random() / 2, ("jump",) if second % 700 == 3 else ()
            made.append(Reading(f"d{number}", "power_W", seeded.randrange(9999) / 10, at, "good", flags))
            made.append(Reading(f"d{number}", "energy_import_Wh", 1000.0 * number + second / 10, at))
        if second % 10 == 0:
            made.append(Notice("d1", NOON + second, "command", f"on = {second}", {"origin": "test " * 20}))
            made.append(Reading("d2", "mode", f"mode {second}", NOON + second))
    made += [
        Ledger(identity=f"uuid-{number}", point="energy_import_Wh", total=1_000_000 * number + 100 * SECONDS - 100)
        for number in range(DEVICES)
    ]
    hours = [FeedInterval(int(NOON) + 3600 * hour, int(NOON) + 3600 * (hour + 1), Decimal(hour)) for hour in range(48)]
    return [*made, FeedValues("spot", tuple(hours))]


def write(path: Path, batch: Sequence[Fact], *, in_log: bool = False) -> None:
    """Store facts; ``in_log``: and leave the newest pages in the write-ahead log, as a kill does."""
    db = open_to_write(path)
    if in_log:
        db.execute("PRAGMA wal_autocheckpoint = 0")
    writer = StoreWriter(db, wall)
    for start in range(0, len(batch), 2000):
        writer.write(batch[start : start + 2000])
    if in_log:
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", f"{path}.killed{ending}")
    db.close()
    if in_log:
        Path(f"{path}.killed").rename(path)
        Path(f"{path}.killed-wal").rename(f"{path}-wal")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "store.sqlite"
    write(path, facts())
    return path


def salvaged(source: Path, target: Path) -> sqlite3.Connection:
    target.unlink(missing_ok=True)
    db = open_to_write(target)
    salvage(source, db, wall, "test")
    return db


def history(path: Path) -> dict[str, list[HistoryRow]]:
    with StoreReader(path) as reader:
        return {f"d{number}": list(reader.history(f"d{number}")) for number in range(DEVICES)}


def samples(rows: Sequence[Sequence[object]]) -> set[tuple[object, ...]]:
    """(second, ms, value) of each stored number: what no other numbering of devices and series changes."""
    found: set[tuple[object, ...]] = set()
    for _, second, data in rows:
        assert isinstance(data, bytes)
        found |= {(second, ms, value) for ms, _, value, _ in decode(data)}
    return found


def events(rows: Sequence[Sequence[object]]) -> set[tuple[object, ...]]:
    return {(at, kind, text) for _, at, _, kind, text in rows}


def readable(path: Path, *, only: Callable[[int], bool] = lambda page: True) -> dict[str, list[Sequence[object]]]:
    """The rows of sample and event that lie on pages that ``only`` accepts, by page of a sound file."""
    known = [one for name, one in shapes().items() if name in HISTORY]
    rows: dict[str, list[Sequence[object]]] = {name: [] for name in HISTORY}
    with SqliteFile(path) as file:
        for number in filter(only, range(2, path.stat().st_size // PAGE + 1)):
            for name, row in file.rows_of_page(number, known):
                rows[name].append(row)
    return rows


# --- a sound file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_log", [False, True])
def test_all_of_a_sound_store_is_brought_over(tmp_path: Path, in_log: bool) -> None:
    source, target = tmp_path / "old.sqlite", tmp_path / "store.sqlite"
    write(source, facts(), in_log=in_log)
    if in_log:
        assert Path(f"{source}-wal").stat().st_size > source.stat().st_size
    before = source.read_bytes()
    db = salvaged(source, target)
    assert source.read_bytes() == before
    db.close()
    assert history(target) == history(source)
    with StoreReader(source) as old, StoreReader(target) as new:
        assert list(new.events()) == list(old.events())
        assert new.devices() == old.devices() and new.counters() == old.counters()
        step = list(old.history("d1", step=900))
        assert list(new.history("d1", step=900)) == step and step
    for table in ("ledger", "memory", "alias", "flag", "series", "feed", "feed_value"):
        query = f"SELECT * FROM {table} ORDER BY 1, 2"
        with sqlite3.connect(source) as old_db, sqlite3.connect(target) as new_db:
            assert new_db.execute(query).fetchall() == old_db.execute(query).fetchall(), table


def test_edits_are_brought_over_and_count(tmp_path: Path) -> None:
    source, target = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    write(source, [device(0), *(Reading("d0", "power_W", 5.0, NOON + second) for second in range(60))])
    db = open_to_write(source)
    edits, start = StoreWriter(db, wall).edits, round(NOON * 1000)
    edits.make(NewEdit(device=1, point="power_W", start=start, until=start + 30_000, action="void"), "test")
    undone = edits.make(NewEdit(device=1, point="power_W", start=start, until=start + 60_000, action="void"), "test")
    edits.undo(undone.number, "test")
    db.close()
    salvaged(source, target).close()
    with StoreReader(target) as reader:
        assert len(list(reader.history("d0", ["power_W"]))) == 30
        assert [(one.undone_at is None, one.who) for one in reader.edits("d0")] == [(True, "test"), (False, "test")]


def test_salvaging_twice_adds_nothing(whole: Path, tmp_path: Path) -> None:
    target = tmp_path / "store.sqlite"
    db = salvaged(whole, target)
    first = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("sample", "event", "device")}
    salvage(whole, db, wall, "test")
    again = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("sample", "event", "device")}
    db.close()
    assert again == first
    assert history(target) == history(whole)


def test_rows_are_added_to_those_of_a_store_that_numbers_otherwise(whole: Path, tmp_path: Path) -> None:
    target = tmp_path / "store.sqlite"
    later = [Reading(f"d{n}", "power_W", 5.0, NOON + SECONDS + n, "good", ("dip",)) for n in reversed(range(DEVICES))]
    write(target, [*(device(number) for number in reversed(range(DEVICES))), *later])
    db = open_to_write(target)
    salvage(whole, db, wall, "test")
    db.close()
    old, new = history(whole), history(target)
    for id, rows in new.items():
        assert rows[:-1] == old[id], id
        assert rows[-1].value == 5.0 and rows[-1].flags == ("dip",)


def test_deleted_rows_do_not_come_back(tmp_path: Path, whole: Path) -> None:
    source = shutil.copy(whole, tmp_path / "old.sqlite")
    db = open_to_write(Path(source))
    Repair(db, wall).forget("uuid-1", "test")
    db.close()
    damage(Path(source), [(100, b"\xff")])  # no tree is known, so every page is looked at
    done = salvaged(Path(source), tmp_path / "store.sqlite")
    identities = {identity for (identity,) in done.execute("SELECT identity FROM device")}
    devices = done.execute("SELECT count(DISTINCT device) FROM sample").fetchone()
    done.close()
    assert identities == {f"uuid-{number}" for number in range(DEVICES) if number != 1}
    assert devices == (DEVICES - 1,)


def test_frames_of_an_earlier_write_ahead_log_are_not_read(tmp_path: Path) -> None:
    source = tmp_path / "old.sqlite"
    db = open_to_write(source)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    writer = StoreWriter(db, wall)
    half = len(facts()) // 2
    writer.write(facts()[:half])
    db.execute("PRAGMA wal_checkpoint(RESTART)")
    for start in range(half, len(facts()), 2000):
        writer.write(facts()[start : start + 2000])
    db.execute("PRAGMA wal_checkpoint(RESTART)")
    writer.write([Reading("d1", "power_W", 5.0, NOON + SECONDS)])  # the log begins again, over the old one
    for ending in ("", "-wal"):
        shutil.copy(f"{source}{ending}", f"{tmp_path / 'killed'}{ending}")
    db.close()
    salvaged(tmp_path / "killed", tmp_path / "store.sqlite").close()
    assert history(tmp_path / "store.sqlite") == history(source)


# --- damage ------------------------------------------------------------------------------------------


def damage(path: Path, places: Sequence[tuple[int, bytes]]) -> set[int]:
    """Overwrite bytes; the pages concerned."""
    pages: set[int] = set()
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        for offset, data in places:
            data = data[: size - offset]
            file.seek(offset)
            file.write(data)
            pages.update(range(offset // PAGE + 1, (offset + len(data) - 1) // PAGE + 2))
    return pages


def check_readable(whole: Path, damaged: Path, target: Path, pages: set[int]) -> None:
    """Every row on an untouched page is there, and nothing that was not in the file."""
    db = salvaged(damaged, target)
    sound = readable(whole, only=lambda page: page not in pages)
    touched = readable(damaged, only=lambda page: page in pages)
    there = {
        "sample": db.execute("SELECT * FROM sample").fetchall(),
        "event": db.execute("SELECT * FROM event").fetchall(),
    }
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    assert samples(there["sample"]) >= samples(sound["sample"])
    assert events(there["event"]) >= events(sound["event"])
    assert events(there["event"]) <= events(sound["event"]) | events(touched["event"])


WHERE = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.one_of(st.binary(min_size=1, max_size=64), st.just(bytes(PAGE)))),
    min_size=1,
    max_size=30,
)


@settings(max_examples=8, deadline=None)
@given(places=WHERE)
def test_every_row_on_an_undamaged_page_is_salvaged(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, places: list[tuple[float, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    damaged = Path(shutil.copy(whole, folder / "old.sqlite"))
    size = damaged.stat().st_size
    pages = damage(damaged, [(int(share * size), data) for share, data in places])
    check_readable(whole, damaged, folder / "store.sqlite", pages)
    shutil.rmtree(folder)


@pytest.mark.parametrize(("at", "wrong"), [(16, "0200"), (16, "0800"), (16, "8000"), (20, "01"), (20, "20")])
def test_a_wrong_size_of_pages_in_the_header_loses_nothing_else(
    whole: Path, tmp_path: Path, at: int, wrong: str
) -> None:
    damaged = Path(shutil.copy(whole, tmp_path / "old.sqlite"))
    pages = damage(damaged, [(at, bytes.fromhex(wrong))])
    check_readable(whole, damaged, tmp_path / "store.sqlite", pages)


def roots(path: Path) -> dict[str, int]:
    with sqlite3.connect(path) as db:
        return dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))


@pytest.mark.parametrize("name", ["sqlite_master", *STATE, "sample", "event", "sqlite_autoindex_device_1"])
def test_each_root_may_be_lost(whole: Path, tmp_path: Path, name: str) -> None:
    page = {"sqlite_master": 1, **roots(whole)}[name]
    damaged = Path(shutil.copy(whole, tmp_path / "old.sqlite"))
    damage(damaged, [((page - 1) * PAGE, b"\xff" * PAGE)])
    check_readable(whole, damaged, tmp_path / "store.sqlite", {page})
    if name not in ("device", "series"):
        assert history(tmp_path / "store.sqlite").keys() == history(whole).keys()


@pytest.mark.parametrize("name", ["series", "flag"])
def test_series_and_flags_are_known_from_their_indexes(whole: Path, tmp_path: Path, name: str) -> None:
    damaged = Path(shutil.copy(whole, tmp_path / "old.sqlite"))
    damage(damaged, [((roots(whole)[name] - 1) * PAGE, bytes(PAGE))])
    salvaged(damaged, tmp_path / "store.sqlite").close()
    assert history(tmp_path / "store.sqlite") == history(whole)


def test_without_their_table_devices_keep_their_identity_and_id(whole: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copy(whole, tmp_path / "old.sqlite"))
    damage(damaged, [((roots(whole)["device"] - 1) * PAGE, bytes(PAGE))])
    salvaged(damaged, tmp_path / "store.sqlite").close()
    assert history(tmp_path / "store.sqlite") == history(whole)


def test_lost_ledgers_count_on_from_the_newest_total(whole: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copy(whole, tmp_path / "store.sqlite"))
    damage(damaged, [((roots(whole)["ledger"] - 1) * PAGE, bytes(PAGE))])
    store = Store(damaged, wall=wall)
    store.open()
    ledgers = store.stored_state().ledgers
    assert {identity: of["energy_import_Wh"].total for identity, of in ledgers.items()} == {
        f"uuid-{number}": 1_000_000 * number + 100 * SECONDS - 100 for number in range(DEVICES)
    }


# --- the hub's store ---------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(places=WHERE)
def test_a_damaged_store_never_keeps_a_hub_from_its_start(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, places: list[tuple[float, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("start")
    path = Path(shutil.copy(whole, folder / "store.sqlite"))
    size = path.stat().st_size
    damage(path, [(int(share * size), data) for share, data in places])
    store = Store(path, wall=wall)
    store.open()
    store.stored_state()
    store.deliver([device(1), Reading("d1", "power_W", 7.0, NOON + SECONDS)])

    async def keep() -> None:
        await store.flush()
        await store.flush()  # damage that the first one met is replaced, then the facts are stored
        assert not store.stats()["waiting"]
        await store.close()

    asyncio.run(keep())
    aside = list(folder.glob("*-damaged-*.sqlite"))
    kept = [one for one in (path, *aside) if one.stat().st_size >= size]
    assert kept, "the damaged file was not kept"
    shutil.rmtree(folder)


async def test_damage_while_the_hub_runs_moves_the_file_aside_and_storing_goes_on(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path / "store.sqlite"))
    notices: list[Notice] = []
    store = Store(path, wall=wall)
    store.notify = notices.append
    store.devices = lambda: [device(number) for number in range(DEVICES)]
    store.open()
    damage(path, [((roots(whole)["sample"] - 1) * PAGE, bytes(PAGE))])
    store._opened().execute("PRAGMA shrink_memory")  # the page is read again
    store.deliver([Reading("d1", "power_W", 7.0, NOON + SECONDS)])
    await store.flush()
    await store.flush()
    await store.close()
    assert [notice.kind for notice in notices] == ["store_damaged"]
    assert "unclouded store salvage" in notices[0].words and "4 counters" in notices[0].words
    (aside,) = tmp_path.glob("*-damaged-*.sqlite")
    assert aside.stat().st_size == whole.stat().st_size
    with StoreReader(path) as reader:
        assert [row.value for row in reader.history("d1")] == [7.0]
    db = open_to_write(path)
    salvage(aside, db, wall, "test")
    db.close()
    assert history(path)["d1"][-1].value == 7.0
    before = history(whole)["d1"]
    there = set(map(repr, history(path)["d1"]))
    assert sum(repr(row) not in there for row in before) < 0.02 * len(before)  # the page held some rows itself


async def test_a_disk_that_damages_every_file_is_retried_like_a_full_one(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path / "store.sqlite"))
    notices: list[Notice] = []
    store = Store(path, wall=wall)
    store.notify = notices.append
    store.open()
    for _ in range(3):
        store._writer = BrokenWriter()  # type: ignore[assignment]  # a disk cannot be broken in a test
        store.deliver([Notice("", NOON, "weather", "rain")])
        await store.flush()
    assert [notice.kind for notice in notices] == ["store_damaged", "store_failed"]
    assert len(list(tmp_path.glob("*-damaged-*.sqlite"))) == 1
    await store.close()


class BrokenWriter:
    unstorable = 0

    def write(self, batch: Sequence[Fact]) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")


def test_a_store_is_moved_aside_with_its_log_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    names = set()
    for number in range(3):
        path.write_text(f"{number}")
        Path(f"{path}-wal").write_text(f"log {number}")
        moved = move_aside(path, NOON)
        assert moved.read_text() == f"{number}" and Path(f"{moved}-wal").read_text() == f"log {number}"
        names.add(moved.name)
    assert len(names) == 3 and not path.exists()


def test_a_missing_file_cannot_be_salvaged(tmp_path: Path) -> None:
    db = open_to_write(tmp_path / "store.sqlite")
    with pytest.raises(StoreError, match="cannot be read"):
        salvage(tmp_path / "none.sqlite", db, wall, "test")
    db.close()


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=3 * 512), kind=st.sampled_from([2, 5, 10, 13]))
def test_no_bytes_make_the_reader_of_pages_fail_or_hang(
    data: bytes, kind: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head = b"SQLite format 3\0" + struct.pack(">H", 512) + bytes(82)
    path = tmp_path_factory.mktemp("bytes") / "x.sqlite"
    path.write_bytes(head + bytes([kind]) + data)
    with SqliteFile(path) as file:
        list(file.rows(list(shapes().values()), ("series_of_device",)))
