"""Load duration, base load and anomalies: what a home and its devices draw, and when it is unlike before."""

import math
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Fact, Ledger, Point, Reading, Status
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter
from unclouded.web.history.consumption.home import HomePlan, home_plan, home_use
from unclouded.web.history.consumption.load import base_load, curve
from unclouded.web.history.consumption.unusual import (
    DEVICE,
    HOME,
    PRODUCER,
    Departure,
    Rise,
    base_rises,
    cause_of,
    explained,
    runs_of,
    unusual_days,
    unusual_nights,
)
from unclouded.web.history.history import HistoryReader

MADRID = ZoneInfo("Europe/Madrid")
POWER = Point(key="power_W", exponent=-1)
COUNTER = Point(key="energy_import_Wh", kind="counter", exponent=-3)
EXPORTED = Point(key="energy_export_Wh", kind="counter", exponent=-3)
RELAY = Point(key="on", kind="switch", access="rw")
HOUR, DAY = 3600, 86_400


def device(id: str, *points: Point, **more: object) -> Device:
    found = {"family": "", "link": "", "profile": "", **more}
    return Device(id=id, identity=f"uuid:{id}", points=(POWER, COUNTER, *points), **found)  # type: ignore[arg-type]


METER = device("meter", EXPORTED)
FRIDGE, TV = device("fridge", RELAY, parent="meter"), device("tv", RELAY, parent="meter")
SOLAR = device("solar", parent="meter", produces=True)


def local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).timestamp()


# --- the home ------------------------------------------------------------------------------------------


def test_the_use_of_a_home_is_what_came_from_the_grid_and_what_was_made() -> None:
    plan = home_plan([METER, FRIDGE, TV, SOLAR])
    assert plan == HomePlan(("meter",), ("solar",), (), ("fridge", "tv"))
    columns: dict[str, list[float | None]] = {
        "meter": [200.0, -900.0, None],
        "solar": [0.0, 1500.0, 0.0],
        "fridge": [],
        "tv": [],
    }
    assert home_use(plan, columns) == [200.0, 600.0, None]


def test_without_a_meter_it_is_what_the_outermost_devices_draw() -> None:
    strip = device("strip", RELAY)
    plan = home_plan([strip, device("lamp", parent="strip"), device("heater", RELAY)])
    assert plan.meters == () and plan.consumers == ("strip", "heater") == plan.parts


def test_a_device_that_was_added_later_drew_nothing_before_and_is_unknown_without_contact() -> None:
    plan = home_plan([device("old", RELAY), device("new", RELAY)])
    assert home_use(plan, {"old": [50.0] * 4, "new": [None, None, 10.0, None]}) == [50.0, 50.0, 60.0, None]


# --- load duration ---------------------------------------------------------------------------------------

columns = st.lists(st.one_of(st.none(), st.floats(-5000, 20_000)), max_size=900)


@given(columns)
def test_a_curve_never_rises_and_keeps_both_ends(column: list[float | None]) -> None:
    starts = [900.0 * n for n in range(len(column))]
    found = curve("tv", starts, column, None)
    known = [value for value in column if value is not None]
    assert sorted(found.W, reverse=True) == found.W and len(found.W) <= 240
    assert found.share == sorted(found.share)
    if known:
        assert (found.W[0], found.W[-1]) == (round(max(known), 1), round(min(known), 1))
        assert found.share[-1] == 1.0 and found.highest_at == starts[column.index(max(known))]
        assert found.highest_W is not None and found.top_W is not None and found.median_W is not None
        assert found.highest_W >= found.top_W >= found.median_W >= found.W[-1]
    else:
        assert (found.W, found.highest_W, found.known) == ([], None, 0.0)


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=8, max_size=300))
def test_the_parts_of_a_base_load_add_up_to_it(night: list[tuple[float, float]]) -> None:
    use = [own + rest for own, rest in night]
    found = base_load(use, [True] * len(use), {"fridge": [own for own, _ in night]})
    assert found is not None
    assert sum(part.W for part in found.parts) == pytest.approx(found.W, abs=0.2)
    assert found.kWh_year == pytest.approx(found.W * 8.76, abs=0.6)


def test_the_base_load_is_of_the_night_and_a_few_wrong_readings_do_not_count() -> None:
    night = [0.0, 0.0] + [180.0 + n % 10 for n in range(240)]
    day = [20.0] * 700
    found = base_load(night + day, [True] * len(night) + [False] * len(day), {})
    assert found is not None and 180 <= found.W <= 181


def test_two_hours_of_a_night_are_needed_for_a_base_load() -> None:
    assert base_load([100.0] * 7, [True] * 7, {}) is None
    assert base_load([100.0] * 8, [True] * 8, {}) is not None


# --- what is unusual -------------------------------------------------------------------------------------


def wavy(days: int, Wh: float = 10_000.0, part: float = 0.1) -> list[float | None]:
    """Days that differ by some percent, and the weekends by more."""
    return [Wh * (1 + part * math.sin(day * 2.3) + (0.3 if day % 7 > 4 else 0)) for day in range(days)]


def test_ordinary_days_are_not_unusual() -> None:
    assert unusual_days(wavy(200), range(200), HOME) == []


def test_a_day_of_much_more_or_hardly_anything_is_unusual() -> None:
    days = wavy(120)
    days[60], days[80] = 25_000.0, 2_000.0
    assert [(one.day, one.by > 0) for one in unusual_days(days, range(120), HOME)] == [(60, True), (80, False)]


def test_two_weeks_away_are_one_run() -> None:
    days = wavy(200)
    days[90:104] = [2500.0] * 14
    (run,) = runs_of("", unusual_days(days, range(200), HOME))
    assert (run.first, run.last) == (90, 103)


def test_a_washing_machine_that_runs_now_and_then_is_not_unusual() -> None:
    days = [900.0 if day % 5 in (1, 3) else 0.0 for day in range(150)]
    assert unusual_days(days, range(150), DEVICE) == []
    days[70] = 4000.0
    assert [one.day for one in unusual_days(days, range(150), DEVICE)] == [70]


def test_little_is_never_unusual_and_neither_is_a_day_with_few_to_compare_with() -> None:
    little = [5.0] * 60
    little[30] = 200.0
    assert unusual_days(little, range(60), DEVICE) == []
    assert unusual_days([100.0] * 12 + [9000.0], range(13), DEVICE) == []


def test_unknown_days_are_not_unusual_and_not_compared_with() -> None:
    days = wavy(120)
    days[50:60] = [None] * 10
    assert unusual_days(days, range(120), HOME) == []


def test_clouds_are_not_unusual_but_no_production_at_all_is() -> None:
    days = [3000.0 if day % 3 else 400.0 for day in range(120)]
    assert unusual_days(days, range(120), PRODUCER) == []
    days[61] = 10.0
    assert [one.day for one in unusual_days(days, range(120), PRODUCER)] == [61]


def test_a_device_that_runs_through_one_night_is_found() -> None:
    nights = [3.0] * 100
    nights[40] = 600.0
    assert unusual_nights(nights, range(100)) == [Departure(40, 600.0, 3.0)]
    nights[40] = 150.0  # too little to matter
    assert unusual_nights(nights, range(100)) == []


def test_a_device_that_is_the_reason_is_named_instead_of_the_home() -> None:
    home = runs_of("", [Departure(7, 20_000.0, 10_000.0)])
    heater = runs_of("heater", [Departure(7, 9_000.0, 500.0)])
    lamp = runs_of("lamp", [Departure(7, 1_000.0, 100.0)])
    assert explained(home, heater) == heater
    assert explained(home, lamp) == home  # only a part of it


def test_a_base_load_that_rises_and_stays_is_found_once_on_its_day() -> None:
    base = [100.0 + day % 4 for day in range(60)] + [150.0 + day % 4 for day in range(60)]
    (rise,) = base_rises(base, range(120))
    assert (rise.day, rise.after > rise.before + 48) == (60, True)
    assert cause_of(rise, {"fridge": [30.0] * 120, "server": [0.0] * 60 + [45.0] * 60}) == "server"
    assert cause_of(rise, {"fridge": [30.0] * 120}) == ""


def test_a_few_nights_or_a_slow_rise_are_no_step() -> None:
    assert base_rises([100.0] * 60 + [150.0] * 3 + [100.0] * 57, range(120)) == []
    assert base_rises([100.0 + day / 5 for day in range(120)], range(120)) == []
    assert isinstance(Rise(1, 2.0, 3.0), tuple)


# --- from the store ----------------------------------------------------------------------------------------


def write(path: Path, devices: list[Device], *facts: Fact) -> None:
    db = open_to_write(path)
    ledgers = [
        Ledger(identity=one.identity, point=point.key)
        for one in devices
        for point in one.points
        if point.kind == "counter"
    ]
    StoreWriter(db, lambda: local("2027-01-01")).write([*devices, *ledgers, *facts])
    db.close()


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[HistoryReader]:
    reader = HistoryReader(tmp_path / "store.sqlite", MADRID)
    yield reader
    await reader.close()


async def test_a_week_of_a_home_with_an_outage(history: HistoryReader, tmp_path: Path) -> None:
    start, end = local("2026-10-20"), local("2026-10-27")  # the clocks go back on the 25th
    down, up = start + 2 * DAY, start + 2 * DAY + 3 * HOUR
    facts: list[Reading | Status] = [Status("fridge", "online", start), Status("meter", "online", start)]
    for at in range(int(start), int(end), 300):
        if down <= at < up:
            continue
        is_cold = at // 1800 % 2
        facts += [
            Reading("meter", "power_W", 150.0 + 60 * is_cold, at),
            Reading("fridge", "power_W", 60.0 * is_cold, at),
        ]
    facts += [Status("meter", "offline", down, "no answer"), Status("meter", "online", up)]
    facts.sort(key=lambda fact: fact.at if isinstance(fact, Reading) else fact.since)
    write(tmp_path / "store.sqlite", [METER, FRIDGE], *facts)
    found = await history.load([METER, FRIDGE], [], start, end)
    (home,) = found.curves
    assert (found.step, home.device, home.highest_W, home.W[-1]) == (900, "", 210.0, 150.0)
    assert home.known == pytest.approx(1 - 3 / 169, abs=0.002)
    assert home.base is not None and home.base.W == 150.0
    assert [(part.device, part.W) for part in home.base.parts] == [("", 150.0)]
    (fridge,) = (await history.load([METER, FRIDGE], ["fridge"], start, end)).curves
    assert [fridge.device, fridge.highest_W, fridge.mean_W] == ["fridge", 60.0, pytest.approx(30, abs=1)]


async def test_nothing_is_known_of_a_device_of_which_nothing_is_stored_yet(
    history: HistoryReader, tmp_path: Path
) -> None:
    start = local("2026-06-10")
    write(tmp_path / "store.sqlite", [TV], Status("tv", "online", start), Reading("tv", "power_W", 80.0, start))
    (home,) = (await history.load([TV, FRIDGE], [], start, start + HOUR)).curves
    (fridge,) = (await history.load([TV, FRIDGE], ["fridge"], start, start + HOUR)).curves
    assert [home.W != [], fridge.W, fridge.known] == [True, [], 0.0]
    with pytest.raises(CommandError, match="no device 'lamp'"):
        await history.load([TV, FRIDGE], ["lamp"], start, start + HOUR)


async def test_a_value_holds_where_a_device_reports_changes_only(history: HistoryReader, tmp_path: Path) -> None:
    start = local("2026-06-10")
    write(
        tmp_path / "store.sqlite",
        [TV],
        Status("tv", "online", start - HOUR),
        Reading("tv", "power_W", 80.0, start - HOUR),
        Reading("tv", "power_W", 0.5, start + 12 * HOUR),
        Reading("tv", "power_W", 0.6, start + 24 * HOUR),
    )
    (found,) = (await history.load([TV], ["tv"], start, start + DAY)).curves
    assert [found.known, found.highest_W, found.mean_W] == [1.0, 80.0, pytest.approx(40, abs=0.5)]


async def test_periods_that_cannot_be(history: HistoryReader, tmp_path: Path) -> None:
    write(tmp_path / "store.sqlite", [TV])
    with pytest.raises(CommandError, match="longer than a year"):
        await history.load([TV], [], 0.0, 1.8e9)
    with pytest.raises(CommandError, match="longer than a year"):
        await history.anomalies([TV], 0.0, 1.8e9)
    assert (await history.load([TV], [], 1.7e9, 1.7e9 + DAY)).curves[0].W == []
    assert (await history.anomalies([TV], 1.7e9, 1.7e9 + DAY)).items == []


async def test_anomalies_of_a_month(history: HistoryReader, tmp_path: Path) -> None:
    start = local("2026-03-01")
    facts: list[Fact] = [Status("heater", "online", start - 1)]
    total, at, party = 0.0, start, local("2026-05-08")
    while at < local("2026-06-15"):
        facts.append(Reading("heater", "energy_import_Wh", total, at - 1))
        hour = datetime.fromtimestamp(at, MADRID).hour
        total += (900.0 if party <= at < party + DAY else 200.0 + 10 * (int(at) // DAY % 3)) if hour >= 6 else 5.0
        at += HOUR
    facts.append(Reading("heater", "power_W", 7.0, at + 2, quality="suspect", flags=("odd",)))
    heater = device("heater", RELAY)
    write(tmp_path / "store.sqlite", [heater], *facts)
    found = await history.anomalies([heater], local("2026-05-01"), local("2026-06-16"))
    assert found.known_days == 45
    day, suspect = sorted(found.items, key=lambda one: one.kind)
    assert (day.kind, day.device, day.start, day.end, day.days) == ("day", "heater", party, party + DAY, 1)
    assert day.amount is not None and day.usual is not None
    assert [round(day.amount), round(day.usual)] == [18 * 900 + 6 * 5.0, pytest.approx(3810, abs=200)]
    assert (suspect.kind, suspect.points, suspect.flags, suspect.days) == ("suspect", ["power_W"], ["odd"], 1)
