"""Energy by local hour, day, week and month in every time zone, over a year of changes of the clock."""

from bisect import bisect_left
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest

from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.condense import DAY, HOUR, Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.energy import energy
from unclouded.web.schemas import By

METER = "energy_import_Wh"
START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
END = START + 366 * DAY
STEP = 1800
TIMES = [START - 40 * DAY + n * STEP for n in range(int(446 * DAY / STEP))]


def zones() -> list[str]:
    """One zone of each kind: with the same offsets over the year."""
    kinds: dict[tuple[tuple[int, int], ...], str] = {}
    for name in sorted(available_timezones()):
        runs = Grid(DAY, ZoneInfo(name)).runs(round(START * 1000), round(END * 1000))
        kinds.setdefault(tuple((run.low, run.shift) for run in runs), name)
    return [*kinds.values(), "Australia/Lord_Howe"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A counter that rises by 0.5 to 6.5 Wh each half hour, for more than a year."""
    path = tmp_path_factory.mktemp("zones") / "store.sqlite"
    db = open_to_write(path)
    plug = Device(
        id="plug", identity="p", family="", link="", profile="",
        points=(Point(key=METER, kind="counter", exponent=-3),),
    )  # fmt: skip
    writer = StoreWriter(db, lambda: END + 100 * DAY)
    writer.write([plug, Ledger(identity="p", point=METER)])
    for first in range(0, len(TIMES), 2000):
        part = range(first, min(first + 2000, len(TIMES)))
        writer.write([Reading("plug", METER, level(n) / 1000, TIMES[n]) for n in part])
    db.close()
    return path


def level(number: int) -> int:
    """In mWh."""
    return 3500 * number + 3000 * (number % 2)


def rise(begin: float, until: float) -> float:
    """From the last value before a time to the last one before another, in Wh."""
    return (level(bisect_left(TIMES, until) - 1) - level(bisect_left(TIMES, begin) - 1)) / 1000


@pytest.mark.parametrize("name", zones())
def test_periods_tile_the_year_and_their_rises_are_those_of_the_counter(store: Path, name: str) -> None:
    zone = ZoneInfo(name)
    with StoreReader(store) as reader:
        spans: list[tuple[By, float, float]] = [("day", START, END), ("week", START, END), ("month", START, END)]
        changes = [run.high / 1000 for run in Grid(DAY, zone).runs(round(START * 1000), round(END * 1000))][:-1]
        spans += [("hour", change - 12 * HOUR, change + 12 * HOUR) for change in changes or [START + 100 * DAY]]
        for by, start, end in spans:
            found = energy(reader, zone, by, start, end)
            assert found.at[0] <= start and found.at[-1] >= end
            assert all(begin < until for begin, until in pairwise(found.at))
            (row,) = found.rows
            assert row.Wh == [rise(begin, until) for begin, until in pairwise(found.at)]
            assert sum(Wh or 0 for Wh in row.Wh) == pytest.approx(rise(found.at[0], found.at[-1]))
            assert not any(row.estimated) and not any(row.gap)


@pytest.mark.parametrize(
    ("by", "first"), [("week", "2026-03-30 Monday 00:00"), ("month", "2026-04-01 Wednesday 00:00")]
)
def test_weeks_begin_on_monday_and_months_on_the_first(store: Path, by: By, first: str) -> None:
    zone = ZoneInfo("Europe/Madrid")
    with StoreReader(store) as reader:
        start = datetime(2026, 4, 2, 12, tzinfo=zone).timestamp()
        found = energy(reader, zone, by, start, start + 60)
    assert datetime.fromtimestamp(found.at[0], zone).strftime("%Y-%m-%d %A %H:%M") == first
    assert len(found.at) == 2
