"""The past of the demo: plausible, consistent between its devices, continued by each run, and never there twice."""

import asyncio
import sqlite3
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from unclouded.app.demo.past import DAY_S, EXPORT, IMPORT, QUARTER, DemoPast, PastDevice
from unclouded.core.model import Device, Ledger, Reading
from unclouded.sim.seasons import home_quarters
from unclouded.sim.world import ROOF, Counters
from unclouded.store.backfill import backfill as store_columns
from unclouded.store.encoding.codec import ledger_from_json
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter

MADRID = ZoneInfo("Europe/Madrid")
NOW = 1_792_972_800.0 + 777  # 2026-10-26, the day after the clock was set back in Europe
SIZES = """SELECT span, sum(size) FROM rollup JOIN series ON series.id = series
    JOIN device ON device.number = series.device WHERE device.id = ? AND point = 'power_W' GROUP BY span"""
DEVICES = [
    PastDevice("meter", "", -1),
    PastDevice("solar", ROOF, -3, "test:solar", is_dated=True),
    PastDevice("kettle", "kettle", -3, "test:kettle", is_dated=True),
    PastDevice("pump", "pump", -1, "test:pump"),
]


class Folder:
    """The data folder of a demo. ``start`` is what a run does; the hub itself is played by a writer."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.path = folder / "store.sqlite"
        self.past = DemoPast(self.path, seed, MADRID)

    def start(self, now: float, days: int = 3, *, is_filled: bool = True) -> Counters:
        counters = self.past.plan(DEVICES, now, days)
        facts: list[object] = [
            Device(id=one.id, identity=one.identity or "test:meter", family="toy", link="", profile="")
            for one in DEVICES
        ]
        meter = {IMPORT: counters.import_mWh, EXPORT: counters.export_mWh}
        for point, shown in meter.items():
            known = self.ledger("test:meter", point)
            facts += [] if known else [Ledger(identity="test:meter", point=point, total=shown, level=shown, at=now)]
        self.write(now, *facts, Reading("meter", IMPORT, counters.import_mWh / 1000, now))
        if is_filled:
            asyncio.run(self.past.fill())
        return counters

    def write(self, now: float, *facts: object) -> None:
        db = open_to_write(self.path)
        StoreWriter(db, lambda: now).write(facts)  # type: ignore[arg-type]
        db.close()

    def ledger(self, identity: str, point: str) -> Ledger | None:
        with sqlite3.connect(self.path) as db:
            row = db.execute("SELECT json FROM ledger WHERE identity = ? AND point = ?", (identity, point)).fetchone()
        return ledger_from_json(row[0]) if row else None

    def total_mWh(self, identity: str, point: str) -> int:
        ledger = self.ledger(identity, point)
        assert ledger is not None
        return ledger.total

    def columns(self, device: str, point: str) -> dict[float, float]:
        with StoreReader(self.path) as reader:
            return {row.at: float(row.value or 0) for row in reader.history(device, [point])}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_three_days_are_there_and_go_over_into_the_run(folder: Folder) -> None:
    counters = folder.start(NOW)
    power, total = folder.columns("kettle", "power_W"), folder.columns("kettle", IMPORT)
    assert len(power) == len(total) == 3 * 96 and max(power) < NOW
    assert list(total.values()) == sorted(total.values())
    used_mWh = round(sum(power.values()) / 4 * 1000)
    assert used_mWh == folder.total_mWh("test:kettle", IMPORT) > 0
    shown = folder.columns("meter", IMPORT)
    assert list(shown.values()) == sorted(shown.values())
    assert shown[NOW] * 1000 == counters.import_mWh == Counters().import_mWh


def test_the_meter_measures_what_the_devices_and_the_rest_of_the_home_use(folder: Folder) -> None:
    folder.start(NOW)
    solar, net = folder.columns("solar", "power_W"), folder.columns("meter", "power_W")
    others = [folder.columns(name, "power_W") for name in ("kettle", "pump")]
    for at, watts in net.items():
        assert watts + solar[at] - sum(one[at] for one in others) > 40, "the rest of the home: router and standby"
    assert max(solar.values()) > 300 and min(net.values()) < 0, "by day the roof exports"
    assert all(solar[at] == 0 for at in solar if (at + 3600) % DAY_S < 4 * 3600), "not at night"


def test_the_next_run_adds_what_was_used_meanwhile_and_nothing_twice(folder: Folder) -> None:
    folder.start(NOW)
    before = folder.total_mWh("test:kettle", IMPORT)
    rows = len(folder.columns("kettle", "power_W"))
    again = folder.start(NOW + 60)
    assert folder.total_mWh("test:kettle", IMPORT) == before and again == Counters()
    later = folder.start(NOW + DAY_S)
    assert folder.total_mWh("test:kettle", IMPORT) > before
    assert len(folder.columns("kettle", "power_W")) == rows + 95  # the quarters between the two runs
    ledger = folder.ledger("test:meter", IMPORT)
    assert ledger is not None and ledger.level == ledger.total == later.import_mWh
    assert later.import_mWh % 1000 == 0, "a meter shows whole Wh"
    totals = list(folder.columns("meter", IMPORT).values())
    assert totals == sorted(totals)


def test_a_run_that_ends_early_leaves_the_rest_to_the_next(folder: Folder) -> None:
    folder.start(NOW, is_filled=False)
    assert not folder.columns("kettle", "power_W")
    folder.start(NOW + 2 * QUARTER)
    found = folder.columns("kettle", "power_W")
    assert len(found) == 3 * 96 + 1 and max(found) < NOW + 2 * QUARTER


def test_runs_that_end_before_their_hub_has_stored_anything_plan_nothing_twice(folder: Folder) -> None:
    """A kill at any moment of the start, and the next start in the same quarter of an hour, or in a later one."""
    for later in (0, 60, 3 * QUARTER):
        folder.past.plan(DEVICES, NOW + later, 3)
    folder.start(NOW + 5 * QUARTER)
    power, total = folder.columns("kettle", "power_W"), folder.columns("kettle", IMPORT)
    assert len(power) == 3 * 96 + 5 and list(total.values()) == sorted(total.values())
    assert round(sum(power.values()) / 4 * 1000) == folder.total_mWh("test:kettle", IMPORT)
    shown = list(folder.columns("meter", IMPORT).values())
    assert shown == sorted(shown) and shown[-1] * 1000 == Counters().import_mWh
    net = folder.columns("meter", "power_W").values()
    assert shown[-1] - shown[0] == pytest.approx(sum(max(one, 0) for one in net) / 4, abs=1)


def test_a_clock_that_is_set_back_before_the_past_is_stored_costs_only_what_is_behind_it(folder: Folder) -> None:
    folder.start(NOW, is_filled=False)
    folder.start(NOW - DAY_S)
    at = list(folder.columns("meter", "power_W"))
    assert at and max(at) < NOW - DAY_S, "it has values of its own since then"
    assert len(folder.columns("kettle", "power_W")) == 3 * 96
    totals = list(folder.columns("meter", IMPORT).values())
    assert totals == sorted(totals)
    folder.start(NOW + DAY_S)
    assert len(folder.columns("kettle", "power_W")) > 3 * 96


def test_a_kill_between_two_slices_leaves_the_older_days_to_the_next_run(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no transaction is longer than a slice, so that the hub stores its readings meanwhile."""
    monkeypatch.setattr("unclouded.app.demo.past.SLICE", 100)

    class Killed(BaseException):
        pass

    stored: list[int] = []

    def backfill(db: sqlite3.Connection, number: int, starts: np.ndarray, columns: object) -> None:
        if len(stored) == 3:
            raise Killed
        stored.append(len(starts))
        store_columns(db, number, starts, columns)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("unclouded.store.backfill.backfill", backfill)
        folder.start(NOW, is_filled=False)
        with pytest.raises(Killed):
            asyncio.run(folder.past.fill())
    assert stored == [100, 100, 88] and len(folder.columns("meter", "power_W")) == 288
    folder.start(NOW + 60)
    for device in ("meter", "kettle", "pump"):
        totals = folder.columns(device, IMPORT)
        quarters = folder.columns(device, "power_W")
        assert len(quarters) == 288 and list(totals.values()) == sorted(totals.values())
        with sqlite3.connect(folder.path) as db:
            sizes = dict(db.execute(SIZES, (device,)))
        assert sizes == {60: 288, 900: 288, 3600: 288}


def test_a_new_folder_without_a_past_is_empty(folder: Folder) -> None:
    folder.start(NOW, days=0)
    assert not folder.columns("kettle", "power_W") and folder.ledger("test:kettle", IMPORT) is None


def test_the_days_of_the_local_clock_add_up_to_the_totals(folder: Folder) -> None:
    """One of them has 25 hours: the clock was set back."""
    folder.start(NOW)
    energy = home_quarters(1, int(NOW) // QUARTER * QUARTER - 3 * DAY_S, int(NOW) // QUARTER * QUARTER, MADRID)
    with StoreReader(folder.path) as reader:
        rows = list(reader.history("kettle", ["power_W"], step=DAY_S, zone=MADRID))
        lengths = [len(list(reader.history("kettle", ["power_W"], row.at, after.at))) for row, after in pairwise(rows)]
    assert 100 in lengths
    assert folder.total_mWh("test:kettle", IMPORT) == int(energy.used_mWh["kettle"].sum())


def test_the_same_home_and_day_have_the_same_past() -> None:
    """Whatever the range that is asked for; another home has another one."""
    last = int(NOW) // QUARTER * QUARTER
    long, short = (home_quarters(1, last - days * DAY_S, last, MADRID) for days in (40, 2))
    other = home_quarters(2, last - 2 * DAY_S, last, MADRID)
    for name, energy in short.used_mWh.items():
        assert np.array_equal(long.used_mWh[name][-192:], energy)
        assert not np.array_equal(other.used_mWh[name], energy)
    assert np.array_equal(long.net_mWh[-192:], short.net_mWh)


def test_a_year_has_seasons() -> None:
    last = int(NOW) // DAY_S * DAY_S
    year = home_quarters(1, last - 365 * DAY_S, last, MADRID)
    months = (year.starts.astype("datetime64[s]").astype("datetime64[M]").astype(int)) % 12

    def kWh(energy: np.ndarray, *of: int) -> float:
        return float(energy[np.isin(months, of)].sum()) / 1e6

    winter, summer = (11, 0, 1), (5, 6, 7)
    assert kWh(year.used_mWh[ROOF], *summer) > 2 * kWh(year.used_mWh[ROOF], *winter)
    assert kWh(year.used_mWh["fridge"], *summer) > 1.05 * kWh(year.used_mWh["fridge"], *winter)
    assert kWh(year.net_mWh, *winter) > 300 > kWh(year.net_mWh, *summer)
    assert 2500 < kWh(year.used_mWh[ROOF], *range(12)) < 4000
