"""History in the API: columns with gaps, energy by local periods that add up, events as text."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import Device, Fact, Ledger, Notice, Point, Quality, Reading, Status, Value
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.energy import energy
from unclouded.web.history.history import HistoryReader
from unclouded.web.history.series import SeriesRequest
from unclouded.web.schemas import By, Mark, Series

MADRID = ZoneInfo("Europe/Madrid")
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
    Point(key="on", kind="switch"),
    Point(key="mode", kind="enum"),
)
METER = "energy_import_Wh"


def local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).timestamp()


NOON = local("2026-06-10T12:00")


def device(id: str = "plug", identity: str = "uuid-1", parent: str = "") -> Device:
    return Device(id=id, identity=identity, family="", link="", profile="", points=POINTS, parent=parent)


def write(path: Path, *facts: Fact) -> None:
    db = open_to_write(path)
    StoreWriter(db, lambda: NOON + 10 * 366 * 86_400).write([device(), Ledger(identity="uuid-1", point=METER), *facts])
    db.close()


def watts(
    value: float, at: float, device: str = "plug", *, quality: Quality = "good", flags: tuple[str, ...] = ()
) -> Reading:
    return Reading(device, "power_W", value, at, quality, flags)


def watt_hours(
    value: float, at: float, device: str = "plug", *, quality: Quality = "good", flags: tuple[str, ...] = ()
) -> Reading:
    return Reading(device, METER, value, at, quality, flags)


def one_year_later(at: float, before: float, after: float) -> list[Reading]:
    return [watt_hours(before, at - 1), watt_hours(after, at + 1)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
async def history_reader(path: Path) -> AsyncIterator[HistoryReader]:
    history_reader = HistoryReader(path, MADRID)
    yield history_reader
    await history_reader.close()


async def power(
    history_reader: HistoryReader, start: float, end: float, points: int = 600, device: str = "plug"
) -> Series:
    return (await history_reader.history(SeriesRequest([(device, "power_W")], start, end, points))).series[0]


# --- history -------------------------------------------------------------------------------------------


async def test_few_readings_are_returned_as_measured(history_reader: HistoryReader, path: Path) -> None:
    write(path, watts(1.5, NOON), watts(2.5, NOON + 1.25, quality="suspect", flags=("jump",)))
    found = await history_reader.history(SeriesRequest([("plug", "power_W"), ("plug", "on")], NOON, NOON + 60, 600))
    series, nothing = found.series
    assert found.step == 0
    assert (series.at, series.value, series.mean) == ([NOON, NOON + 1.25], [1.5, 2.5], None)
    assert (series.unit, series.kind, series.exponent) == ("W", "number", -1)
    assert series.marks == [Mark(1, "suspect", ("jump",))]
    assert (nothing.point, nothing.kind, nothing.at) == ("on", "switch", [])


async def test_many_readings_are_condensed_to_steps(history_reader: HistoryReader, path: Path) -> None:
    write(path, *(watts(n % 60, NOON + n) for n in range(4 * 3600)))
    found = await history_reader.history(SeriesRequest([("plug", "power_W")], NOON, NOON + 4 * 3600, 300))
    (series,) = found.series
    assert (found.step, len(series.at)) == (60, 240)
    assert series.min and series.mean and series.max
    assert (series.value[7], series.min[7], series.mean[7], series.max[7]) == (59, 0, 29.5, 59)


async def test_no_series_has_more_rows_than_requested(history_reader: HistoryReader, path: Path) -> None:
    write(path, *(watts(n, NOON + n * 20) for n in range(4000)))
    for points in (1, 2, 7, 50, 600):
        for length in (1, 600, 7200, 80_000, 10**8):
            series = await power(history_reader, NOON + 0.5, NOON + 0.5 + length, points)
            assert len(series.at) <= points


async def test_days_begin_at_local_midnight_also_when_the_clocks_change(
    history_reader: HistoryReader, path: Path
) -> None:
    start, end = local("2026-10-20"), local("2026-11-01")
    write(path, *(watts(n, start + n * 1800) for n in range(int((end - start) // 1800))))
    found = await history_reader.history(SeriesRequest([("plug", "power_W")], start, end, 12))
    assert found.step == 86_400
    assert found.series[0].at == [local(f"2026-10-{day}") for day in range(20, 32)]
    assert (found.series[0].max or [])[:7] == [47, 95, 143, 191, 239, 289, 337]


async def test_an_offline_device_has_a_gap_and_one_without_changes_has_none(
    history_reader: HistoryReader, path: Path
) -> None:
    write(
        path,
        Status("plug", "online", NOON - 9),
        *(watts(5, NOON + at) for at in (0, 10, 300, 310, 500)),
        Status("plug", "offline", NOON + 20, "unplugged"),
        Status("plug", "online", NOON + 299),
    )
    series = await power(history_reader, NOON, NOON + 600)
    assert series.at == [NOON, NOON + 10, NOON + 20, NOON + 300, NOON + 310, NOON + 500]
    assert series.value == [5, 5, None, 5, 5, 5]


async def test_a_gap_is_shown_if_it_covers_a_whole_step(history_reader: HistoryReader, path: Path) -> None:
    write(
        path,
        Status("plug", "online", NOON - 9),
        *(
            watts(5, NOON + at, quality="held")
            for at in range(0, 7200, 7)
            if not (1000 < at < 1800 or 5000 < at < 5600)
        ),
        Status("plug", "offline", NOON + 1002),
        Status("plug", "online", NOON + 1799),
        Status("plug", "offline", NOON + 3010),
        Status("plug", "online", NOON + 3020),
    )
    series = await power(history_reader, NOON, NOON + 7200, 200)
    gaps = [at for at, value in zip(series.at, series.value, strict=True) if value is None]
    assert gaps == [NOON + 1020] and series.mean and series.mean[series.value.index(None)] is None
    assert {mark.index for mark in series.marks} == set(range(len(series.at))) - {series.value.index(None)}


async def test_the_time_without_a_hub_is_a_gap_from_its_last_reading(history_reader: HistoryReader, path: Path) -> None:
    other = device("other", "uuid-2")
    write(
        path,
        other,
        Status("plug", "online", NOON - 9),
        *(watts(5, NOON + at) for at in (0, 60, 400)),
        *(watts(5, NOON + at, "other") for at in (0, 100, 400)),
        Status("plug", "connecting", NOON + 350),
        Status("plug", "online", NOON + 360),
    )
    series = await power(history_reader, NOON, NOON + 600)
    assert list(zip(series.at, series.value, strict=True))[1:] == [(NOON + 60, 5), (NOON + 101, None), (NOON + 400, 5)]


async def test_a_part_of_a_device_has_a_gap_while_no_hub_was_running(history_reader: HistoryReader, path: Path) -> None:
    part = device("plug_1", "uuid-1/1", parent="plug")
    write(
        path,
        part,
        Status("plug", "connecting", NOON - 10),
        Status("plug_1", "online", NOON - 9),
        *(watts(5, NOON + at, "plug_1") for at in (0, 60, 400)),
        Status("plug", "connecting", NOON + 350),
        Status("plug_1", "online", NOON + 360),
    )
    series = await power(history_reader, NOON, NOON + 600, device="plug_1")
    assert series.value == [5, 5, None, 5]


async def test_switches_and_texts_have_their_last_value(history_reader: HistoryReader, path: Path) -> None:
    readings = [Reading("plug", "on", bool(n % 3), NOON + n * 100) for n in range(3000)]
    words = [Reading("plug", "mode", ("eco", "boost")[n % 2], NOON + n * 100) for n in range(3000)]
    write(path, *readings, *words)
    found = await history_reader.history(SeriesRequest([("plug", "on"), ("plug", "mode")], NOON, NOON + 300_000, 100))
    on, mode = found.series
    assert found.step == 3600 and on.mean is None and mode.max is None
    assert on.value[:3] == [bool(35 % 3), bool(71 % 3), bool(107 % 3)] and set(mode.value) == {"boost"}


async def test_an_old_id_finds_the_history_and_series_are_in_the_requested_order(
    history_reader: HistoryReader, path: Path
) -> None:
    write(path, watts(1, NOON), device("pump"), watts(2, NOON + 1, "pump"), device("other", "uuid-2"))
    found = await history_reader.history(
        SeriesRequest([("other", "power_W"), ("plug", "power_W"), ("pump", "on")], NOON, NOON + 60, 600)
    )
    assert [(one.device, one.point) for one in found.series] == [
        ("other", "power_W"),
        ("plug", "power_W"),
        ("pump", "on"),
    ]
    assert found.series[1].value == [1, 2]


async def test_invalid_requests_are_answered_with_a_sentence(history_reader: HistoryReader, path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        await power(history_reader, 0, 1)
    write(path)
    with pytest.raises(CommandError, match="no device 'kettle'"):
        await power(history_reader, 0, 1, device="kettle")
    with pytest.raises(CommandError, match="after the start"):
        await power(history_reader, 1, 1)
    with pytest.raises(CommandError, match="series"):
        await history_reader.history(SeriesRequest([], 0, 1, 600))


async def test_a_replaced_store_file_is_read(history_reader: HistoryReader, path: Path) -> None:
    write(path, watts(1, NOON))
    assert (await power(history_reader, NOON, NOON + 60)).value == [1]
    for file in path.parent.glob("store.sqlite*"):
        file.rename(path.parent / f"old-{file.name}")
    write(path, watts(2, NOON))
    assert (await power(history_reader, NOON, NOON + 60)).value == [2]


Row = tuple[float, Value | None]


async def everything(
    history_reader: HistoryReader, start: float, end: float, points: int = 600
) -> dict[str, list[Row]]:
    """(at, value) of the rows of each point."""
    found = await history_reader.history(SeriesRequest([("plug", point.key) for point in POINTS], start, end, points))
    return {one.point: list(zip(one.at, one.value, strict=True)) for one in found.series}


LONG_AGO = (
    Status("plug", "online", NOON - 9000),
    watts(7.5, NOON - 8000, quality="suspect", flags=("jump",)),
    watt_hours(100, NOON - 8000),
    Reading("plug", "on", True, NOON - 7000),
    Reading("plug", "mode", "eco", NOON - 6000),
)
STOOD = {"power_W": 7.5, METER: 100, "on": True, "mode": "eco"}


async def test_a_series_begins_with_the_last_value_before_the_span(history_reader: HistoryReader, path: Path) -> None:
    write(path, *LONG_AGO, watts(9, NOON + 30), Reading("plug", "mode", "boost", NOON + 40))
    changed: dict[str, list[Row]] = {"power_W": [(NOON + 30, 9)], "mode": [(NOON + 40, "boost")]}
    found = await everything(history_reader, NOON, NOON + 60)
    assert found == {point: [(NOON, value), *changed.get(point, [])] for point, value in STOOD.items()}
    assert (await everything(history_reader, NOON + 30, NOON + 60))["power_W"] == [(NOON + 30, 9)]
    series = await power(history_reader, NOON, NOON + 60)
    assert series.marks == [Mark(0, "suspect", ())]


@pytest.mark.parametrize(("length", "points", "step"), [(600, 60, 10), (6 * 3600, 100, 300)])
async def test_a_condensed_series_begins_with_it_too(
    history_reader: HistoryReader, path: Path, length: int, points: int, step: int
) -> None:
    other = [Reading("plug", "power_W", n % 5, NOON + length / 2 + n) for n in range(points + 1)]
    write(path, *LONG_AGO, *other)
    found = await history_reader.history(
        SeriesRequest([("plug", point.key) for point in POINTS], NOON + 3, NOON + length, points)
    )
    assert found.step == step
    first = {one.point: (one.at[0], one.value[0]) for one in found.series}
    assert first == {point: (NOON, value) for point, value in STOOD.items()}
    watts_, meter, *_ = found.series
    assert watts_.min and watts_.mean and watts_.max
    assert (watts_.min[0], watts_.mean[0], watts_.max[0]) == (7.5, 7.5, 7.5) and meter.mean is None
    assert watts_.at[1] == NOON + length / 2 and watts_.marks == [Mark(0, "suspect", ())]


@pytest.mark.parametrize("points", [600, 3])
@pytest.mark.parametrize(
    "silence",
    [
        [Status("plug", "offline", NOON - 1000, "unplugged")],
        [Status("plug", "offline", NOON - 1000), Status("plug", "online", NOON - 500)],
        [Status("plug", "connecting", NOON - 1000), Status("plug", "online", NOON - 999)],
        [Status("plug", "connecting", NOON + 300), Status("plug", "online", NOON + 310)],
    ],
    ids=["offline", "offline meanwhile", "hub restarted meanwhile", "no hub"],
)
async def test_a_value_before_a_silence_does_not_begin_a_series(
    history_reader: HistoryReader, path: Path, silence: list[Status], points: int
) -> None:
    write(path, *LONG_AGO, *silence)
    assert set(map(len, (await everything(history_reader, NOON, NOON + 600, points)).values())) == {0}


async def test_a_value_of_a_part_does_not_outlast_a_restart_of_the_hub(
    history_reader: HistoryReader, path: Path
) -> None:
    part = device("plug_1", "uuid-1/1", parent="plug")
    write(path, part, Status("plug_1", "online", NOON - 900), watts(5, NOON - 800, "plug_1"))
    assert (await power(history_reader, NOON, NOON + 60, device="plug_1")).value == [5]
    write(path, Status("plug", "connecting", NOON - 500))
    assert (await power(history_reader, NOON, NOON + 60, device="plug_1")).value == []


async def test_a_full_series_gets_no_additional_first_row(history_reader: HistoryReader, path: Path) -> None:
    write(path, *(watts(5, NOON + n + 0.5) for n in range(-5, 60)))
    found = await history_reader.history(SeriesRequest([("plug", "power_W")], NOON, NOON + 60, 60))
    assert (found.step, len(found.series[0].at), found.series[0].at[0]) == (0, 60, NOON + 0.5)


async def test_a_series_that_begins_with_an_earlier_value_ends_at_a_silence(
    history_reader: HistoryReader, path: Path
) -> None:
    write(path, *LONG_AGO, Status("plug", "offline", NOON + 100))
    assert (await everything(history_reader, NOON, NOON + 600))["on"] == [(NOON, True), (NOON + 100, None)]


async def test_of_numbers_and_texts_of_one_point_the_newest_counts(history_reader: HistoryReader, path: Path) -> None:
    write(path, *LONG_AGO, Reading("plug", "power_W", "too much", NOON - 5), Reading("plug", "mode", 3, NOON - 5))
    found = await everything(history_reader, NOON, NOON + 60)
    assert (found["power_W"], found["mode"]) == ([(NOON, "too much")], [(NOON, 3)])


async def test_a_new_device_has_an_empty_series_next_to_those_of_others(
    history_reader: HistoryReader, path: Path
) -> None:
    write(path, watts(1, NOON))
    wanted = [("kettle", "power_W"), ("plug", "power_W"), ("toaster", "on")]
    found = await history_reader.history(SeriesRequest(wanted, NOON, NOON + 60, 600, [device("kettle", "uuid-9")]))
    assert [(one.device, one.at, one.value) for one in found.series] == [
        ("kettle", [], []),
        ("plug", [NOON], [1]),
        ("toaster", [], []),
    ]
    assert (found.series[0].unit, found.series[0].exponent) == ("W", -1)
    alone = await history_reader.history(SeriesRequest(wanted[:1], NOON, NOON + 60, 600, [device("kettle", "uuid-9")]))
    assert [one.at for one in alone.series] == [[]]
    with pytest.raises(CommandError, match="no device 'toaster'"):
        await history_reader.history(SeriesRequest(wanted[2:], NOON, NOON + 60, 600, [device("kettle", "uuid-9")]))


async def test_numbers_have_no_more_digits_than_their_precision(history_reader: HistoryReader, path: Path) -> None:
    write(
        path,
        Status("plug", "online", NOON - 100),
        *(watts((n % 7) / 10, NOON + n) for n in range(3600)),
        Reading("plug", "mode", "eco", NOON + 0.123456789),
        Status("plug", "offline", NOON + 3700.987654321),
    )
    (series,) = (
        await history_reader.history(SeriesRequest([("plug", "power_W")], NOON + 1 / 3, NOON + 4000, 200))
    ).series
    assert series.mean and series.mean[3]
    assert all(len(f"{mean:.9g}") <= 5 for mean in series.mean if mean is not None) and 0.3 <= series.mean[3] <= 0.31
    found = await history_reader.history(SeriesRequest([("plug", "mode")], NOON + 0.1, NOON + 4000.000444, 4000))
    assert msgspec.json.encode(found.series[0].at).decode() == f"[{NOON:.0f}.123,{NOON + 3700:.0f}.988]"
    assert found.end == NOON + 4000 and b"." not in msgspec.json.encode(series.at)


# --- energy --------------------------------------------------------------------------------------------


async def test_energy_by_day_handles_days_of_23_and_25_hours(history_reader: HistoryReader, path: Path) -> None:
    for change, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        begin = local(change)
        write(path, *(watt_hours(n / 2, begin - 3600 + n * 1800) for n in range(2, 2 + 2 * hours + 9)))
        found = await history_reader.energy("day", begin + 1, begin + 2)
        assert found.at[1] - found.at[0] == hours * 3600
        by_hour = await history_reader.energy("hour", found.at[0], found.at[1])
        assert len(by_hour.at) == hours + 1
        path.unlink()


async def test_the_rise_of_a_day_is_counted_from_the_last_value_before_it(
    history_reader: HistoryReader, path: Path
) -> None:
    days = [local(f"2026-06-{day:02}") for day in range(8, 13)]
    write(
        path,
        watt_hours(100, days[0] + 7200),
        watt_hours(130.5, days[1] - 60),
        watt_hours(150, days[2] + 60, quality="estimated", flags=("gap",)),
        watt_hours(170, days[3] + 60),
    )
    (row,) = (await history_reader.energy("day", days[0] - 86_400, days[4] + 86_400)).rows
    assert (row.device, row.point) == ("plug", METER)
    assert row.Wh == [None, 30.5, 0, 19.5, 20, None]
    assert row.estimated == [False, False, False, True, False, False]


def away(since: float, until: float) -> list[Fact]:
    """No contact to the plug."""
    return [Status("plug", "offline", since), Status("plug", "online", until)]


async def test_the_energy_of_an_outage_is_spread_evenly_over_it(history_reader: HistoryReader, path: Path) -> None:
    write(
        path,
        Status("plug", "online", NOON - 99),
        watt_hours(10, NOON),
        watt_hours(20, NOON + 1800),
        *away(NOON + 1800, NOON + 3 * 3600 + 1790),
        watt_hours(80, NOON + 3 * 3600 + 1800, flags=("gap",)),
        watt_hours(80, NOON + 6 * 3600),
    )
    (row,) = (await history_reader.energy("hour", NOON, NOON + 8 * 3600)).rows
    assert row.Wh == [20, 20, 20, 10, 0, 0, 0, None]
    assert row.estimated == row.gap == [True, True, True, True, False, False, False, False]
    for start, end, parts in ((1, 3, [20, 20]), (2, 8, [20, 10, 0, 0, 0, None])):
        (row,) = (await history_reader.energy("hour", NOON + start * 3600, NOON + end * 3600)).rows
        assert row.Wh == parts, "a part of the outage"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40 * 3600), st.integers(0, 90_000), st.booleans()), min_size=2, max_size=12),
    st.lists(st.integers(0, 8 * 86_400), min_size=3, max_size=3, unique=True),
    st.sampled_from(["hour", "day"]),
)
def test_rises_over_outages_add_up_wherever_a_range_is_cut(
    tmp_path: Path, story: list[tuple[int, int, bool]], cuts: list[int], by: By
) -> None:
    path = Path(mkdtemp(dir=tmp_path)) / "store.sqlite"
    at, level = NOON, 1_000_000
    facts: list[Fact] = [Status("plug", "online", NOON - 9), watt_hours(1000, NOON)]
    for seconds, rise, is_away in story:
        before, at, level = at, at + seconds, level + rise
        facts += away(before, at - 0.5) if is_away else []
        facts.append(watt_hours(level / 1000, at, flags=("gap",) if is_away else ()))
    write(path, *facts)
    start, middle, end = (NOON + cut for cut in sorted(cuts))
    with StoreReader(path) as reader:
        (first, second, whole) = (
            energy(reader, MADRID, by, *cut) for cut in ((start, middle), (middle, end), (start, end))
        )
        everything = energy(reader, MADRID, by, NOON, at + 1)
    joined = {begin: Wh for one in (first, second) for begin, Wh in zip(one.at, one.rows[0].Wh, strict=False)}
    assert [joined[begin] for begin in whole.at[:-1]] == whole.rows[0].Wh
    assert all(Wh is None or Wh >= 0 for Wh in everything.rows[0].Wh)
    assert sum(Wh or 0 for Wh in everything.rows[0].Wh) == pytest.approx((level - 1_000_000) / 1000, abs=1e-6)


async def test_an_outage_that_ends_with_a_period_is_spread_over_it_too(
    history_reader: HistoryReader, path: Path
) -> None:
    write(
        path,
        Status("plug", "online", NOON - 99),
        watt_hours(10, NOON),
        *away(NOON, NOON + 3 * 3600),
        watt_hours(70, NOON + 3 * 3600, flags=("gap",)),
        watt_hours(75, NOON + 4 * 3600 - 1),
    )
    (row,) = (await history_reader.energy("hour", NOON, NOON + 4 * 3600)).rows
    assert (row.Wh, row.estimated) == ([20, 20, 20, 5], [True, True, True, False])


async def test_an_outage_of_three_days_is_on_each_of_its_days(history_reader: HistoryReader, path: Path) -> None:
    days = [local(f"2026-06-{day:02}") for day in range(8, 13)]
    write(
        path,
        Status("plug", "online", days[0]),
        watt_hours(1000, days[0]),
        watt_hours(20_983, days[1] - 1),
        *away(days[1] - 1, days[3] + 12 * 3600),
        watt_hours(96_983, days[3] + 12 * 3600 + 1, flags=("gap",)),
    )
    (row,) = (await history_reader.energy("day", days[0], days[4])).rows
    assert [round(Wh or 0) for Wh in row.Wh] == [19_983, 30_400, 30_400, 15_200]
    assert row.estimated == [True] * 4 and sum(Wh or 0 for Wh in row.Wh) == 95_983
    (level,) = (await history_reader.today(days[2] + 60)).levels
    assert level.value == pytest.approx(20_983 + 30_400, abs=1)


async def test_energy_is_not_spread_over_the_quiet_time_before_an_outage(
    history_reader: HistoryReader, path: Path
) -> None:
    write(
        path,
        Status("plug", "online", NOON - 99),
        watt_hours(10, NOON),
        *away(NOON + 2 * 3600, NOON + 4 * 3600 - 1),
        watt_hours(30, NOON + 4 * 3600 - 0.5, flags=("gap",)),
    )
    (row,) = (await history_reader.energy("hour", NOON, NOON + 4 * 3600)).rows
    assert [round(Wh or 0, 1) for Wh in row.Wh] == [0, 0, 10, 10]
    assert row.estimated == [False, False, True, True]


async def test_an_outage_within_one_day_leaves_its_sum_exact(history_reader: HistoryReader, path: Path) -> None:
    write(
        path,
        Status("plug", "online", NOON - 99),
        watt_hours(10, NOON),
        *away(NOON + 1, NOON + 3600),
        watt_hours(80, NOON + 3600, flags=("gap",)),
    )
    (row,) = (await history_reader.energy("day", NOON, NOON + 1)).rows
    assert (row.Wh, row.estimated, row.gap) == ([70], [False], [True])


async def test_the_days_of_a_dated_counter_keep_their_own_energy(history_reader: HistoryReader, path: Path) -> None:
    days = [local(f"2026-06-{day:02}") for day in range(8, 12)]
    write(
        path,
        Status("plug", "online", days[0]),
        watt_hours(100, days[0] + 1),
        watt_hours(400, days[0] + 18 * 3600),
        *away(days[0] + 18 * 3600, days[3] + 8 * 3600),
        watt_hours(440, days[0] + 23 * 3600, flags=("gap",)),
        watt_hours(440, days[2], flags=("gap",)),
        watt_hours(740, days[2] + 22 * 3600, flags=("gap",)),
        watt_hours(740, days[3], flags=("gap",)),
        watt_hours(940, days[3] + 8 * 3600, flags=("gap",)),
    )
    (row,) = (await history_reader.energy("day", days[0], days[3] + 1)).rows
    assert (row.Wh, row.estimated, row.gap) == ([340, 0, 300, 200], [False] * 4, [True] * 4)


async def test_days_that_a_device_does_not_keep_are_unknown(history_reader: HistoryReader, path: Path) -> None:
    days = [local(f"2026-06-{day:02}") for day in range(8, 12)]
    write(
        path,
        Status("plug", "online", days[0]),
        watt_hours(400, days[0] + 3600),
        *away(days[0] + 3600, days[3] + 3600),
        watt_hours(400, days[3], flags=("gap", "lost")),
        watt_hours(450, days[3] + 3600, flags=("gap",)),
    )
    (row,) = (await history_reader.energy("day", days[0], days[3] + 1)).rows
    assert (row.Wh, row.gap) == ([0, None, None, 50], [True] * 4)


async def test_a_device_that_reports_its_energy_late_had_no_outage(history_reader: HistoryReader, path: Path) -> None:
    write(
        path,
        Status("plug", "online", NOON - 99),
        watt_hours(10, NOON),
        watt_hours(80, NOON + 5 * 3600, flags=("gap",)),
    )
    (row,) = (await history_reader.energy("hour", NOON, NOON + 6 * 3600)).rows
    assert (row.Wh, any(row.estimated), any(row.gap)) == ([0, 0, 0, 0, 0, 70], False, False)


async def test_an_hour_without_contact_is_unknown_until_contact_returns(
    history_reader: HistoryReader, path: Path
) -> None:
    write(
        path,
        Status("plug", "connecting", NOON - 100),
        Status("plug", "online", NOON - 99),
        watt_hours(10, NOON),
        Status("plug", "offline", NOON + 3000),
        *(watt_hours(n, NOON + n, "other") for n in range(0, 4 * 3600, 600)),
    )
    found = await history_reader.energy("hour", NOON, NOON + 4 * 3600)
    assert found.rows[0].Wh == [0, None, None, None]


async def test_a_joined_history_that_decreases_is_not_counted_twice(history_reader: HistoryReader, path: Path) -> None:
    values = (5000, 5010, 60, 70, 5080)
    write(path, *(watt_hours(value, NOON + n * 3600) for n, value in enumerate(values)))
    (row,) = (await history_reader.energy("hour", NOON, NOON + 5 * 3600)).rows
    assert row.Wh == [0, 10, 0, 0, 70]


async def test_energy_by_month_and_of_selected_devices(history_reader: HistoryReader, path: Path) -> None:
    other = device("other", "uuid-2")
    write(
        path,
        other,
        Ledger(identity="uuid-2", point=METER),
        Ledger(identity="uuid-2", point="energy_reactive_varh"),
        *(watt_hours(n, local(f"2026-{month:02}-15"), "other") for n, month in enumerate(range(1, 7))),
        watt_hours(3, NOON),
    )
    found = await history_reader.energy("month", local("2026-01-20"), local("2026-06-20"), ["other"])
    assert found.at == [local(f"2026-{month:02}-01") for month in range(1, 8)]
    assert [(row.device, row.Wh) for row in found.rows] == [("other", [0, 1, 1, 1, 1, 1])]
    everything = await history_reader.energy("month", local("2026-01-20"), local("2026-06-20"))
    assert [(row.device, row.point) for row in everything.rows] == [("plug", METER), ("other", METER)]


async def test_a_device_that_has_not_reported_yet_does_not_hide_the_energy_of_the_others(
    history_reader: HistoryReader, path: Path
) -> None:
    write(path, watt_hours(3, NOON), watt_hours(5, NOON + 3600))
    span: tuple[By, float, float] = ("hour", NOON, NOON + 3600)
    found = await history_reader.energy(*span, ["new", "plug"], ["new", "plug"])
    assert [row.device for row in found.rows] == ["plug"]
    assert (await history_reader.energy(*span, ["new"], ["new"])).rows == []
    with pytest.raises(CommandError, match="no device 'nowhere'"):
        await history_reader.energy(*span, ["plug", "nowhere"], ["plug"])


async def test_too_many_periods_are_refused(history_reader: HistoryReader, path: Path) -> None:
    write(path)
    with pytest.raises(CommandError, match="9000"):
        await history_reader.energy("hour", 0, NOON)
    with pytest.raises(CommandError, match="1500"):
        await history_reader.energy("day", 0, NOON)


async def test_a_year_of_hours_is_answered_and_one_of_many_counters_refused(
    history_reader: HistoryReader, path: Path
) -> None:
    names = [f"plug_{n}" for n in range(25)]
    many = [fact for n in names for fact in (device(n, f"uuid-{n}"), Ledger(identity=f"uuid-{n}", point=METER))]
    write(path, *many, *(watt_hours(n, NOON - n * 86_400, "plug_0") for n in range(3)))
    year = await history_reader.energy("hour", NOON - 366 * 86_400, NOON, ["plug_0"])
    assert len(year.at) in (8785, 8786)
    with pytest.raises(CommandError, match="200000 values"):
        await history_reader.energy("hour", NOON - 366 * 86_400, NOON)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20 * 86_400_000), st.integers(0, 90_000)), min_size=1, max_size=30),
    st.integers(0, 10 * 86_400),
    st.integers(1, 11 * 86_400),
)
async def test_the_periods_add_up_to_the_whole(
    tmp_path: Path, story: list[tuple[int, int]], start: int, length: int
) -> None:
    path = Path(mkdtemp(dir=tmp_path)) / "store.sqlite"
    begin = local("2026-10-15T03:21")
    total, readings = 0, []
    for ms, rise in sorted(dict(story).items()):
        total += rise
        readings.append((begin + ms / 1000, total))
    write(path, *(watt_hours(mWh / 1000, at) for at, mWh in readings))
    history_reader = HistoryReader(path, MADRID)
    for by in ("hour", "day", "month"):
        found = await history_reader.energy(by, begin + start, begin + start + length)
        first, last = found.at[0], found.at[-1]
        before = [mWh for at, mWh in readings if at < first]
        within = [mWh for at, mWh in readings if first <= at < last]
        whole = within[-1] - (before or within)[-1 if before else 0] if within else 0
        assert sum(round((rise or 0) * 1000) for rise in found.rows[0].Wh) == whole
    await history_reader.close()


async def test_today_contains_the_levels_at_local_midnight(history_reader: HistoryReader, path: Path) -> None:
    midnight = local("2026-06-10")
    write(
        path,
        device("new", "uuid-2"),
        Ledger(identity="uuid-2", point=METER),
        watt_hours(7.5, midnight - 3600),
        watt_hours(9, midnight + 1),
        watt_hours(40, NOON, "new"),
        watt_hours(50, NOON + 1, "new"),
    )
    found = await history_reader.today(NOON + 100)
    assert (found.since, found.until) == (midnight, midnight + 86_400)
    assert [(one.device, one.value) for one in found.levels] == [("plug", 7.5), ("new", 40)]


# --- events --------------------------------------------------------------------------------------------


async def test_events_are_newest_first_and_have_texts(history_reader: HistoryReader, path: Path) -> None:
    write(
        path,
        Status("plug", "online", NOON),
        Reading("plug", "mode", "eco", NOON + 1),
        Status("plug", "offline", NOON + 2, "no heartbeat answer"),
        Notice("plug", NOON + 3, "command", "on = True by cli: confirmed", {"result": "confirmed"}),
        Notice("", NOON + 4, "store_failed", "Storing has stopped."),
    )
    found = await history_reader.events()
    assert [(one.device, one.kind, one.words) for one in found] == [
        ("", "store_failed", "Storing has stopped."),
        ("plug", "command", "on = True by cli: confirmed"),
        ("plug", "state", "plug is offline: no heartbeat answer"),
        ("plug", "state", "plug is online."),
    ]
    assert found[1].data == {"result": "confirmed"} and found[2].data["state"] == "offline"
    assert [one.kind for one in await history_reader.events("plug", NOON, NOON + 3, 1)] == ["state"]


class ReportedEvents:
    """A store that gets events only."""

    def __init__(self) -> None:
        self.reported: list[tuple[str, str, str]] = []

    def report(self, device: str, kind: str, text: str, data: object) -> None:
        self.reported.append((device, kind, text))


async def test_a_damaged_hour_is_a_gap_and_one_event_and_its_steps_are_there(tmp_path: Path) -> None:
    path, hour = tmp_path / "store.sqlite", 3600
    write(path, *(watts(20, NOON + second) for second in range(0, 6 * hour, 60)))
    with closing(open_to_write(path)) as db:
        writer = StoreWriter(db, lambda: NOON + 366 * 86_400)
        writer.write([watts(20, NOON + 6 * hour)])
        while writer.sealer.step():
            pass
        start = int(NOON) + hour
        (data,) = db.execute("SELECT data FROM chunk WHERE start = ?", (start,)).fetchone()
        flipped = bytes([*data[:-3], data[-3] ^ 1, *data[-2:]])
        db.execute("UPDATE chunk SET data = ? WHERE start = ?", (flipped, start))
    store = ReportedEvents()
    reader = HistoryReader(path, MADRID, store)  # type: ignore[arg-type]
    request = SeriesRequest([("plug", "power_W")], NOON, NOON + 3 * hour, 1000)
    raw = (await reader.history(request)).series[0]
    again = (await reader.history(request)).series[0]
    steps = (await reader.history(SeriesRequest([("plug", "power_W")], NOON, NOON + 3 * hour, 60))).series[0]
    await reader.close()
    assert raw == again
    empty = [at for at, value in zip(raw.at, raw.value, strict=True) if value is None]
    assert empty == [start] and not any(start < at < start + hour for at in raw.at)
    assert None not in steps.value and sum(start <= at < start + hour for at in steps.at) >= 12
    ((device, kind, text),) = store.reported
    assert (device, kind) == ("plug", "damaged_hour")
    assert "plug in the hour from 2026-06-10T11:00:00.000Z" in text and str(tmp_path) not in text
