"""A past that is filled in at once is what it would be had it been stored value by value."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import StoreError
from unclouded.core.model import Device, Point, Reading
from unclouded.store.backfill import backfill, encoded
from unclouded.store.encoding import blob
from unclouded.store.encoding.codec import SeriesScale
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter

START = 1_800_000_000 // 3600 * 3600
SCALES = [SeriesScale("power_W", -1, "number"), SeriesScale("energy_import_Wh", -3, "counter")]
POINTS = (
    Point(key="power_W", kind="number", exponent=-1),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
)
PLUG = Device(id="plug", identity="test:plug", family="toy", link="", profile="", points=POINTS)
NUMBERS = st.integers(-(2**62), 2**62) | st.integers(-300, 300)


def store_of(path: Path, now: float) -> tuple[sqlite3.Connection, StoreWriter]:
    db = open_to_write(path)
    writer = StoreWriter(db, lambda: now)
    writer.write([PLUG])
    return db, writer


def fill(db: sqlite3.Connection, starts: np.ndarray, power: np.ndarray, energy: np.ndarray) -> None:
    db.execute("BEGIN")
    backfill(db, 1, starts, dict(zip(SCALES, (power, energy), strict=True)))
    db.execute("COMMIT")


def rows_of(db: sqlite3.Connection, end: int) -> dict[str, list[tuple[object, ...]]]:
    """All samples, and the rolled rows that are complete at ``end``, by the point's name."""
    rolled = db.execute(
        """SELECT point, span, start, size, total, low, high, last, at, marks FROM rollup
        JOIN series ON series.id = series WHERE start + span <= ? ORDER BY 1, 2, 3""",
        (end,),
    )
    return {
        "sample": [(second, sorted(blob.decode(one))) for second, one in db.execute("SELECT second, blob FROM sample")],
        "rollup": rolled.fetchall(),
    }


def test_three_days_filled_in_are_those_that_were_stored_one_by_one(tmp_path: Path) -> None:
    starts = np.arange(START + 900, START + 3 * 86_400, 900)
    power, energy = (starts * 7919) % 23_000 - 3000, np.cumsum(starts % 977)
    end = int(starts[-1]) + 900
    filled, _ = store_of(tmp_path / "filled.sqlite", end)
    fill(filled, starts, power, energy)
    stored, writer = store_of(tmp_path / "stored.sqlite", end + 3600)
    for second, watts, total in zip(starts.tolist(), power.tolist(), energy.tolist(), strict=True):
        writer.write(
            [Reading("plug", "power_W", watts / 10, second), Reading("plug", "energy_import_Wh", total / 1000, second)]
        )
    writer.write([Reading("plug", "power_W", 1.0, end + 400)])
    expected = rows_of(stored, end)
    expected["sample"].pop()
    assert rows_of(filled, end) == expected


def test_the_hub_goes_on_after_a_past_that_was_filled_in_beside_it(tmp_path: Path) -> None:
    """The writer has no rows of the device yet: it begins where the past ends, and does not roll it up again."""
    starts = np.arange(START, START + 86_400, 900)
    db, writer = store_of(tmp_path / "store.sqlite", START + 90_000)
    other = open_to_write(tmp_path / "store.sqlite")
    fill(other, starts, starts % 1000, np.arange(len(starts)))
    before = db.total_changes
    writer.write([Reading("plug", "power_W", 5.0, START + 86_400 + 700)])
    assert db.total_changes - before < 20
    with StoreReader(tmp_path / "store.sqlite") as reader:
        hours = list(reader.history("plug", ["power_W"], START, START + 90_000, 3600.0))
    assert len(hours) == 25 and hours[-1].mean == 5.0


def test_what_is_there_already_is_kept(tmp_path: Path) -> None:
    db, writer = store_of(tmp_path / "store.sqlite", START + 90_000)
    writer.write([Reading("plug", "power_W", 5.0, START + 1000)])
    starts = np.arange(START, START + 3600, 900)
    with pytest.raises(StoreError, match="has values in that time already"):
        backfill(db, 1, starts, {SCALES[0]: starts})
    with pytest.raises(StoreError, match="no device with the number 7"):
        backfill(db, 7, starts, {SCALES[0]: starts})
    backfill(db, 1, starts[:0], {SCALES[0]: starts[:0]})
    assert db.execute("SELECT count(*) FROM sample").fetchone() == (1,)


@settings(max_examples=60)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20), st.integers(1, 2000), st.integers(1, 2000))
def test_samples_are_encoded_as_the_writer_does(rows: list[tuple[int, int]], first: int, second: int) -> None:
    blobs = encoded({first: np.array([one for one, _ in rows]), second + 2000: np.array([two for _, two in rows])})
    assert list(blobs) == [blob.encode([(0, first, one, 0), (0, second + 2000, two, 0)]) for one, two in rows]
