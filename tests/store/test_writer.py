"""A batch is stored completely or not at all."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from unclouded.core.model import Device, Fact, Memory, Notice, Point, Reading
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter

NOON = 1_800_000_000.0
PLUG = Device(
    id="plug", identity="uuid-1", family="toy", link="memory:", profile="p", points=(Point(key="power_W", exponent=-1),)
)
BATCH: list[Fact] = [
    PLUG,
    Memory("uuid-1", "key", b"value"),
    Reading("plug", "power_W", 42.0, NOON),
    Notice("", NOON, "left", ""),
]
TABLES = ("device", "alias", "series", "memory", "sample", "event", "rollup")
REFUSE = "CREATE TEMP TRIGGER full BEFORE INSERT ON {} BEGIN SELECT RAISE(ABORT, 'disk full'); END"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    db = open_to_write(tmp_path / "store.sqlite")
    yield db
    db.close()


def contents(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES if name in names}


@pytest.mark.parametrize("table", ["sample", "event"])
def test_a_batch_that_fails_leaves_nothing_behind(db: sqlite3.Connection, table: str) -> None:
    writer = StoreWriter(db, wall=lambda: NOON)
    before = contents(db)
    db.execute(REFUSE.format(table))
    with pytest.raises(sqlite3.Error, match="disk full"):
        writer.write(BATCH)
    assert not db.in_transaction
    assert contents(db) == before
    db.execute("DROP TRIGGER full")
    writer.write(BATCH)
    after = contents(db)
    assert all(len(after[name]) > len(before[name]) for name in ("device", "series", "memory", "sample", "event"))


def test_a_batch_that_fails_changes_nothing_of_the_earlier_ones(db: sqlite3.Connection) -> None:
    writer = StoreWriter(db, wall=lambda: NOON)
    writer.write(BATCH)
    before = contents(db)
    db.execute(REFUSE.format("event"))
    changed: list[Fact] = [
        Memory("uuid-1", "key", b""),
        Reading("plug", "power_W", 43.0, NOON),
        Notice("", NOON, "left", ""),
    ]
    with pytest.raises(sqlite3.Error, match="disk full"):
        writer.write(changed)
    assert contents(db) == before


def test_a_device_was_last_seen_at_its_newest_reading(db: sqlite3.Connection) -> None:
    writer = StoreWriter(db, wall=lambda: NOON)
    writer.write([PLUG])
    for at, seen in ((NOON + 20, NOON + 20), (NOON - 900, NOON + 20), (NOON + 40, NOON + 40)):
        writer.write([Reading("plug", "power_W", 42.0, at)])
        assert db.execute("SELECT last_seen FROM device").fetchone() == (seen,)
