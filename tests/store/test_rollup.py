"""Rollup rows equal the samples: in any order of arrival, through restarts and repairs."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unclouded.core.model import Device, Point, Quality, Reading, Value
from unclouded.store import rollup
from unclouded.store.encoding.codec import QUALITIES
from unclouded.store.file.schema import MIGRATIONS, open_to_write
from unclouded.store.reading.condense import HistoryRow
from unclouded.store.reading.reader import StoreReader
from unclouded.store.repair import Repair
from unclouded.store.writer import StoreWriter

NOON = 1_800_000_000 // 3600 * 3600
DAY = 86_400

RolledRow = tuple[int | float | str | bytes | None, ...]
Step = tuple[float, str, Value | None, str, tuple[str, ...], float | None, float | None, float | None]
Spell = tuple[float, float, int, str, tuple[Quality, tuple[str, ...]], str]


def points(exponent: int = -1) -> tuple[Point, ...]:
    return (
        Point(key="power_W", exponent=exponent),
        Point(key="energy_import_Wh", kind="counter", exponent=-3),
        Point(key="on", kind="switch"),
        Point(key="mode", kind="enum"),
    )


def plug(exponent: int = -1, id: str = "plug", identity: str = "uuid-1") -> Device:
    return Device(id=id, identity=identity, family="", link="", profile="", points=points(exponent))


def watts(value: float, after: float, device: str = "plug") -> Reading:
    return Reading(device, "power_W", value, NOON + after)


class Keeper:
    """A file that is written, with restarts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open()

    def open(self) -> None:
        self.db = open_to_write(self.path)
        self.wall = NOON + 1000.0 * DAY
        self.writer = StoreWriter(self.db, lambda: self.wall)

    def restart(self) -> None:
        self.close()
        self.open()

    def close(self) -> None:
        self.db.close()

    def upto(self, number: int = 1) -> int:
        row = self.db.execute("SELECT upto FROM rolled WHERE device = ?", (number,)).fetchone()
        return row[0] - NOON if row else -1

    def rows(self) -> list[RolledRow]:
        """Every rolled row that counts."""
        return self.db.execute(
            "SELECT r.* FROM rollup r JOIN series s ON s.id = series JOIN rolled d ON d.device = s.device "
            "WHERE start + span <= upto ORDER BY 1, 2, 3"
        ).fetchall()

    def rolled_anew(self) -> list[RolledRow]:
        """The same, had everything been rolled up at once."""
        upto = dict(self.db.execute("SELECT device, upto FROM rolled"))
        self.db.execute("SAVEPOINT fresh")
        self.db.execute("DELETE FROM rollup")
        self.db.execute("DELETE FROM rolled")
        fresh = rollup.Rollup(self.db, lambda: self.wall)
        for device, goal in upto.items():
            while fresh._upto_of(device) < goal:
                fresh._advance(device, goal, 10**9)
        rows = self.rows()
        self.db.execute("ROLLBACK TO fresh")
        self.db.execute("RELEASE fresh")
        return rows


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path / "store.sqlite")
    yield keeper
    keeper.close()


def condensed_by_hand(rows: list[HistoryRow], step: int) -> list[Step]:
    """The steps, computed directly from the readings."""
    spans = defaultdict(list)
    for row in rows:
        spans[row.at // step * step, row.point].append(row)
    return [_by_hand(at, point, spans[at, point]) for at, point in sorted(spans)]


def _by_hand(at: float, point: str, rows: list[HistoryRow]) -> Step:
    quality = max((row.quality for row in rows), key=QUALITIES.index)
    flags = tuple(sorted({flag for row in rows for flag in row.flags}))
    values = [Fraction(str(row.value)) for row in rows if point == "power_W" and not isinstance(row.value, str)]
    if not values:
        return at, point, rows[-1].value, quality, flags, None, None, None
    mean = float(sum(values) / len(values))
    return at, point, None, quality, flags, float(min(values)), mean, float(max(values))


def in_steps(path: Path, step: int, start: float = 0.0, end: float = 2.0**40) -> list[Step]:
    with StoreReader(path) as reader:
        rows = list(reader.history("plug", None, start, end, step))
    return [(row.at, row.point, row.value, row.quality, row.flags, row.min, row.mean, row.max) for row in rows]


def by_hand(path: Path, step: int, start: float = 0.0, end: float = 2.0**40) -> list[Step]:
    with StoreReader(path) as reader:
        return condensed_by_hand(list(reader.history("plug", None, start, end)), step)


# --- any history ---------------------------------------------------------------------------------------

spells = st.tuples(
    st.integers(0, 9000).map(lambda n: n * 1.7),  # when it begins
    st.sampled_from([0.4, 1, 7, 61, 400]),  # s from one reading to the next
    st.integers(1, 25),  # how many
    st.sampled_from(["power_W", "power_W", "energy_import_Wh", "on", "mode"]),
    st.sampled_from([("good", ()), ("good", ()), ("held", ("dip",)), ("estimated", ("gap", "odd")), ("suspect", ())]),
    st.sampled_from(["", "", "", "restart", "finer", "coarser"]),  # what happens before
)


def readings_of(spell: Spell, seed: int) -> list[Reading]:
    begin, period, size, point, marks, _ = spell
    readings = []
    for n in range(size):
        value = {
            "power_W": ((seed * 7919 + n * 104_729) % 50_000 - 9_000) / 10,
            "energy_import_Wh": (seed * 31 + n) / 1000,
            "on": bool((seed + n) % 2),
            "mode": ("eco", "boost")[(seed + n) % 2],
        }[point]
        readings.append(Reading("plug", point, value, round(NOON + begin + n * period, 3), *marks))
    return readings


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(spells, min_size=1, max_size=12), st.integers(0, 9000), st.integers(1, 9000))
def test_steps_equal_those_of_the_samples_in_any_order(
    tmp_path: Path, story: list[Spell], start: int, length: int
) -> None:
    keeper = Keeper(Path(mkdtemp(dir=tmp_path)) / "store.sqlite")
    keeper.writer.write([plug()])
    for seed, spell in enumerate(story):
        match spell[-1]:
            case "restart":
                keeper.restart()
            case "finer" | "coarser" as which:
                keeper.writer.write([plug(-3 if which == "finer" else 0)])
        keeper.writer.write(readings_of(spell, seed))
    for step in (1, 10, 60, 300, 3600, 7200):
        assert in_steps(keeper.path, step) == by_hand(keeper.path, step)
    begin, end = NOON + start * 1.7, NOON + (start + length) * 1.7
    for step in (90, 900, 21_600):
        assert in_steps(keeper.path, step, begin, end) == by_hand(keeper.path, step, begin, end)
    assert keeper.rows() == keeper.rolled_anew()
    keeper.close()


# --- how far it is -------------------------------------------------------------------------------------


def test_five_minutes_are_rolled_up_when_they_are_over_and_a_grace_has_passed(keeper: Keeper) -> None:
    keeper.writer.write([plug(), *(watts(n, n) for n in range(304))])
    assert keeper.upto() == -1
    keeper.writer.write([watts(304, 304), watts(305, 305)])
    assert keeper.upto() == 300
    assert keeper.db.execute("SELECT span, count(*), sum(size) FROM rollup GROUP BY span").fetchall() == [(60, 5, 300)]


def test_longer_rows_come_when_they_are_complete(keeper: Keeper) -> None:
    keeper.writer.write([plug(), *(watts(n, n * 10) for n in range(361))])
    spans = keeper.db.execute("SELECT span, count(*), sum(size) FROM rollup GROUP BY span").fetchall()
    assert spans == [(60, 55, 330), (900, 3, 270)]
    keeper.writer.write([watts(0, 3612)])
    assert keeper.db.execute("SELECT size, low, high, last, at FROM rollup WHERE span = 3600").fetchall() == [
        (360, 0, 3590, 3590, (NOON + 3590) * 1000)
    ]


def test_a_longer_row_is_complete_without_further_samples(keeper: Keeper) -> None:
    keeper.writer.write([plug(), *(watts(n, n * 10) for n in range(60)), watts(0, 904)])
    assert keeper.upto() == 600
    keeper.writer.write([watts(0, 905)])
    assert keeper.db.execute("SELECT size FROM rollup WHERE span = 900").fetchall() == [(60,)]


def test_a_time_that_is_not_yet_does_not_move_the_border(keeper: Keeper) -> None:
    keeper.wall = NOON + 600.0
    keeper.writer.write([plug(), *(watts(n, n) for n in range(590)), watts(1, 30 * DAY)])
    assert keeper.upto() == 300


def test_a_late_sample_changes_the_rows_over_it_at_once(keeper: Keeper) -> None:
    keeper.writer.write([plug(), *(watts(1, n * 10) for n in range(400))])
    assert keeper.upto() >= 3600
    keeper.writer.write([watts(99, 125)])
    sizes = keeper.db.execute("SELECT span, size, high FROM rollup WHERE start <= ? + 120", (NOON,)).fetchall()
    assert (60, 7, 990) in sizes and (900, 91, 990) in sizes and (3600, 361, 990) in sizes
    assert keeper.rows() == keeper.rolled_anew()


def test_a_batch_rolls_up_a_bounded_number_of_seconds(keeper: Keeper) -> None:
    keeper.writer.write([plug()])
    keeper.db.execute("BEGIN")
    blob = b"\x04\x02"
    keeper.db.execute("INSERT INTO series VALUES (1, 1, 'power_W', -1, 'number')")
    keeper.db.executemany("INSERT INTO sample VALUES (1, ?, ?)", [(NOON + n, blob) for n in range(9000)])
    keeper.db.execute("COMMIT")
    keeper.restart()
    borders = []
    for n in range(9000, 9010):
        keeper.writer.write([watts(1, n)])
        borders.append(keeper.upto())
        assert in_steps(keeper.path, 3600) == by_hand(keeper.path, 3600)
    moves = [after - before for before, after in zip([0, *borders], borders, strict=False)]
    assert max(moves) <= rollup.ROWS_PER_BATCH and borders[-1] == 9000
    assert keeper.rows() == keeper.rolled_anew()


def test_a_whole_history_that_arrives_late_is_rolled_up_over_many_batches(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "LATE_LIMIT", 20)
    monkeypatch.setattr(rollup, "ROWS_PER_BATCH", 100)
    keeper.writer.write([plug(), *(watts(1, n * 10) for n in range(2000))])
    border = keeper.upto()
    keeper.writer.write([watts(2, 601 + n * 60) for n in range(30)])
    assert 0 < keeper.upto() < border
    assert in_steps(keeper.path, 3600) == by_hand(keeper.path, 3600)
    for n in range(20):
        keeper.writer.write([watts(3, 20_000 + n / 100)])
    assert keeper.upto() == border
    assert keeper.rows() == keeper.rolled_anew()


def test_what_cannot_be_summed_up_in_64_bits_keeps_nothing_from_being_stored(keeper: Keeper) -> None:
    huge = [watts(1e300, 1), watts(-1e300, 2), Reading("plug", "dp_7", 10**400, NOON + 3.0)]
    keeper.writer.write([plug(), *huge, *(watts(2.0**50, n) for n in range(4, 500))])
    assert keeper.upto() == 300
    with StoreReader(keeper.path) as reader:
        rows = {row.point: row for row in reader.history("plug", None, step=300)}
    assert rows["power_W"].max == pytest.approx(2.0**50)


def test_a_damaged_sample_is_left_out(keeper: Keeper) -> None:
    keeper.writer.write([plug(), *(watts(1, n) for n in range(200))])
    keeper.db.execute("UPDATE sample SET blob = x'0480' WHERE second = ?", (NOON + 7,))
    keeper.writer.write([watts(1, n) for n in range(200, 400)])
    assert keeper.db.execute("SELECT sum(size) FROM rollup WHERE span = 60").fetchone() == (299,)


# --- repairs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [((0, 4000), (9000, 9400)), ((0, 100), (0, 4000)), ((3000, 9000), (0, 50))])
def test_a_joined_history_is_rolled_up_as_one(keeper: Keeper, old: tuple[int, int], new: tuple[int, int]) -> None:
    keeper.writer.write([plug(id="old", identity="uuid-0"), *(watts(n, n, "old") for n in range(*old, 10))])
    keeper.writer.write([plug(), *(watts(n, n) for n in range(*new, 10))])
    assert Repair(keeper.db, lambda: keeper.wall).join("uuid-0", "uuid-1", "test")
    assert in_steps(keeper.path, 900) == by_hand(keeper.path, 900)
    keeper.writer.reload()
    keeper.writer.write([watts(5, 10_000)])
    assert keeper.upto(2) == 9900
    assert in_steps(keeper.path, 900) == by_hand(keeper.path, 900)
    assert keeper.rows() == keeper.rolled_anew()


def test_nothing_rolled_up_of_a_forgotten_device_is_left(keeper: Keeper) -> None:
    keeper.writer.write([plug(), *(watts(n, n) for n in range(0, 4000, 10))])
    Repair(keeper.db, lambda: keeper.wall).forget("uuid-1", "test")
    assert keeper.db.execute("SELECT (SELECT count(*) FROM rollup), (SELECT count(*) FROM rolled)").fetchone() == (0, 0)


# --- a file of an older version -------------------------------------------------------------------------


def test_a_file_of_the_first_version_is_brought_up_to_date_and_read_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.sqlite"
    _as_the_first_version_wrote_it(path)
    keeper = Keeper(path)
    assert keeper.db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert in_steps(path, 900) == by_hand(path, 900) and keeper.upto() == -1
    monkeypatch.setattr(rollup, "ROWS_PER_BATCH", 500)
    while keeper.upto() < 4800:
        keeper.writer.write([watts(1, 5000)])
        assert in_steps(path, 900) == by_hand(path, 900)
    assert keeper.rows() == keeper.rolled_anew()
    keeper.close()


def _as_the_first_version_wrote_it(path: Path) -> None:
    """The tables of version 1 as text of their own, with a plug's eighty minutes."""
    db = sqlite3.connect(path)
    db.executescript((Path(__file__).parent / "version_1.sql").read_text("utf-8"))
    db.executemany("INSERT INTO sample VALUES (1, ?, ?)", [(NOON + n, bytes((4, n * 2 % 128))) for n in range(4801)])
    db.commit()
    db.close()
