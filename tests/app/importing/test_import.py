"""Files of energy become history from before the hub: read, planned, written, undone; whatever is in the file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.app.importing.plan import levels_of, plan_import
from unclouded.app.importing.sources import EnergyInterval, ImportSource, ReadOptions, read_source
from unclouded.app.importing.table import date_order, number_of, table_of, time_in
from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.energy import energy
from unclouded.web.schemas import EnergyRow

MADRID = ZoneInfo("Europe/Madrid")
OPTIONS = ReadOptions(zone=MADRID)
METER = "energy_import_Wh"
HOUR, DAY = 3600, 86_400
FIRST = int(datetime(2025, 3, 1, tzinfo=MADRID).timestamp())


def read(folder: Path, text: str | bytes, options: ReadOptions = OPTIONS, name: str = "file.csv") -> ImportSource:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_source(file, options)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=MADRID).timestamp()


def test_a_german_table_of_hours(tmp_path: Path) -> None:
    rows = "".join(f"13.02.2025 {hour:02}:00;{hour % 7},250\n" for hour in range(24))
    source = read(tmp_path, f"Datum;Verbrauch (kWh)\n{rows}".encode("cp1252"))
    assert (source.kind, source.column, source.unit, source.rows) == ("CSV", "Verbrauch (kWh)", "kWh", 24)
    assert source.intervals[1] == EnergyInterval(at(2025, 2, 13, 1), at(2025, 2, 13, 2), 1_250_000)
    assert sum(one.mWh for one in source.intervals) == (sum(n % 7 for n in range(24)) * 1000 + 24 * 250) * 1000


def test_ambiguous_dates_are_asked_for(tmp_path: Path) -> None:
    text = "Date,Energy (Wh)\n01/02/2025,100\n02/02/2025,90\n"
    with pytest.raises(CommandError, match="--dates"):
        read(tmp_path, text)
    source = read(tmp_path, text, ReadOptions(zone=MADRID, order="mdy"))
    assert source.intervals[0].start == at(2025, 1, 2)


def test_meter_readings_or_energies_are_asked_for(tmp_path: Path) -> None:
    text = "time,kWh\n" + "".join(f"2025-02-01T{n:02}:00,{100 + n}\n" for n in range(24))
    with pytest.raises(CommandError, match="--values"):
        read(tmp_path, text)
    source = read(tmp_path, text, ReadOptions(zone=MADRID, values="counter"))
    assert [one.mWh for one in source.intervals] == [1_000_000] * 23


def test_home_assistant_statistics_as_csv(tmp_path: Path) -> None:
    text = "statistic_id,unit,start,min,max,mean,sum,state\n" + "".join(
        f"sensor.{which},kWh,{day:02}.02.2025 00:00,,,,{day * factor},1\n"
        for day in range(1, 20) for which, factor in (("meter", 2), ("other", 9))
    )  # fmt: skip
    with pytest.raises(CommandError, match=r"sensor\.meter, sensor\.other"):
        read(tmp_path, text)
    source = read(tmp_path, text, ReadOptions(zone=MADRID, column="sensor.meter"))
    assert source.kind.startswith("Home Assistant") and {one.mWh for one in source.intervals} == {2_000_000}


def test_the_database_of_home_assistant(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "home-assistant_v2.db")) as db, db:
        db.execute("CREATE TABLE statistics_meta (id, statistic_id, unit_of_measurement, has_mean, has_sum)")
        db.execute("CREATE TABLE statistics (id, metadata_id, start_ts, mean, min, max, state, sum)")
        db.execute("INSERT INTO statistics_meta VALUES (1, 'sensor.meter', 'kWh', 0, 1), (2, 'sensor.heat', 'C', 1, 0)")
        rows = [(n, 1, FIRST + n * HOUR, 5 + n / 4 if n != 3 else float("inf")) for n in range(6)]
        db.executemany("INSERT INTO statistics (id, metadata_id, start_ts, sum) VALUES (?, ?, ?, ?)", rows)
    source = read_source(tmp_path / "home-assistant_v2.db", OPTIONS)
    assert source.column == "sensor.meter" and source.skipped == {"no time or no number": 1}
    assert [one.mWh for one in source.intervals] == [250_000, 250_000, 500_000, 250_000]
    assert source.intervals[0] == EnergyInterval(FIRST + HOUR, FIRST + 2 * HOUR, 250_000)


def test_a_table_that_names_its_zone(tmp_path: Path) -> None:
    text = "Time Bucket (America/New_York),Main (kWhs)\n" + "".join(
        f"01/{n}/2025 13:00:00,1.5\n" for n in range(13, 16)
    )
    source = read(tmp_path, text)
    assert source.kind == "Emporia CSV" and len(source.intervals) == 3
    assert source.intervals[0].start == datetime(2025, 1, 13, 18, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0\1\2\3" * 100, b"one line", b"SQLite format 3\0" + b"\xff" * 5000, b"a,b\n" + b"x" * 200_000,
        b"\xff\xfe\x00\xd8", ("time,kWh\n" + "(" * 100_000).encode(), b"time;kWh;Wh\n1;2;3\n",
        ("time,kWh\n" + "1,2," * 500).encode(), b'time,kWh\n"' + b"1\n" * 200_000,
    ],
)  # fmt: skip
def test_what_is_no_table_of_energy_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CommandError, match=r"[a-z]{2}"):
        source = read(tmp_path, data)
        raise CommandError(f"nothing of {source.rows} rows") if not source.intervals else AssertionError(source)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="folder"):
        read_source(tmp_path, OPTIONS)


def test_odd_numbers_and_times_are_left_out_by_reason(tmp_path: Path) -> None:
    odd = ["NaN", "1e999", str(2**64), "-5", "", "\x1b[31m", "0x10", "1.5"]
    text = "time,kWh\n" + "".join(f"2025-02-01 {n:02}:00,{value}\n" for n, value in enumerate(odd))
    source = read(tmp_path, text + "yesterday,1\n2025-02-01 07:00,1.5\n2025-02-01 07:00,9\n")
    assert [one.mWh for one in source.intervals] == [1_500_000]
    assert source.skipped == {
        "no number": 6, "negative": 1, "no time": 1, "the same again": 1, "another value of the same time": 1,
    }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_cells_never_raise(text: str) -> None:
    number_of(text, ","), number_of(text, "."), time_in(text, "dmy", MADRID), date_order([text])


@given(st.text(alphabet="1;,\n\t a", max_size=80))
def test_tables_raise_one_error(text: str) -> None:
    try:
        table_of(text)
    except CommandError:
        pass


# --- into the store -----------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Path, StoreWriter]]:
    """A counter that began at 7 Wh on the first of March."""
    path = tmp_path / "store.sqlite"
    db = open_to_write(path)
    point = Point(key=METER, kind="counter", exponent=-3)
    writer = StoreWriter(db, lambda: FIRST + 10 * DAY)
    writer.write(
        [
            Device(id="meter", identity="m", family="", link="", profile="", points=(point,)),
            Ledger(identity="m", point=METER),
            *(Reading("meter", METER, 7.0 + n, FIRST + n * HOUR) for n in range(48)),
        ]
    )
    yield path, writer
    db.close()


def days(path: Path, first: int, last: int) -> EnergyRow:
    with closing(StoreReader(path)) as reader:
        return energy(reader, MADRID, "day", FIRST + first * DAY, FIRST + last * DAY, ["meter"]).rows[0]


def test_imported_energy_lies_before_the_first_reading_and_is_undone(store: tuple[Path, StoreWriter]) -> None:
    path, writer = store
    before = writer._db.execute("SELECT * FROM sample ORDER BY second").fetchall()
    own = days(path, 0, 2).Wh
    hours = [EnergyInterval(FIRST - 3 * DAY + n * HOUR, FIRST - 3 * DAY + (n + 1) * HOUR, 1000 * n) for n in range(73)]
    source = ImportSource(intervals=[*hours, hours[5]], kind="", column="", unit="", rows=74, skipped={})
    plan, levels = plan_import(source, FIRST, 7000)
    assert (plan.written, plan.overlaps_store, plan.overlaps_file) == (72, 1, 1)
    number = writer.imports.write(1, METER, levels, "file.csv", "tests")
    row = days(path, -3, 2)
    assert row.Wh[:3] == [sum(range(24 * d, 24 * d + 24)) for d in range(3)] and row.Wh[4] == own[1]
    with closing(StoreReader(path)) as reader:
        assert [one.value for one in reader.latest() if one.point == METER] == [7.0 + 47]
        assert reader.before("meter", [METER], FIRST)[METER][1] == 7.0
        assert reader.imports()[0][2] == "file.csv"
    with pytest.raises(CommandError, match="no import 9"):
        writer.imports.undo(9, "tests")
    assert writer.imports.undo(number, "tests") == len(levels)
    assert writer._db.execute("SELECT * FROM sample ORDER BY second").fetchall() == before
    assert days(path, 0, 2).Wh == own
    with pytest.raises(CommandError, match="undone already"):
        writer.imports.undo(number, "tests")


def test_a_day_is_spread_over_its_hours_as_an_estimate() -> None:
    levels = levels_of([EnergyInterval(0, DAY, 24_000), EnergyInterval(2 * DAY, 2 * DAY + HOUR, 5)], -100)
    assert len(levels) == 1 + 24 + 2
    assert levels[0] == (0, -100, False) and levels[1] == (HOUR * 1000 - 1, 900, True)
    assert levels[-2:] == [(2 * DAY * 1000, 23_900, False), ((2 * DAY + HOUR) * 1000 - 1, 23_905, False)]


def test_undoing_goes_from_the_earliest_to_the_latest_as_levels_were_counted(store: tuple[Path, StoreWriter]) -> None:
    """Else the energy of the first import would rise on the day of the first own reading."""
    path, writer = store
    day = EnergyInterval(FIRST - 2 * DAY, FIRST - DAY, 5_000_000)
    before = EnergyInterval(FIRST - 9 * DAY, FIRST - 8 * DAY, 1_000_000)
    first = writer.imports.write(1, METER, levels_of([day], 7000 - day.mWh), "a.csv", "tests")
    second = writer.imports.write(1, METER, levels_of([before], 7000 - day.mWh - before.mWh), "b.csv", "tests")
    with pytest.raises(CommandError, match=f"undo import {second} first"):
        writer.imports.undo(first, "tests")
    writer.imports.undo(second, "tests")
    writer.imports.undo(first, "tests")
    assert days(path, 0, 1).Wh[0] == 23.0


def test_a_column_of_consumption_is_no_meter_reading(tmp_path: Path) -> None:
    """ "consumption" has "sum" in it."""
    rows = "".join(f"2025-02-{n:02},{n % 5}.5\n" for n in range(1, 28))
    for name in ("Consumption(kWh)", "energy_kWh", "Verbrauch kWh", "kWhs"):
        source = read(tmp_path, f"Date,{name}\n{rows}")
        assert (len(source.intervals), source.unit.lower(), source.skipped) == (27, "kwh", {})
    with pytest.raises(CommandError, match="fall"):
        read(tmp_path, f"Date,Total kWh\n{rows}")
    rises = "".join(f"2025-02-{n:02},{n}\n" for n in range(1, 28))
    assert [one.mWh for one in read(tmp_path, f"Date;meter_total_Wh\n{rises.replace(',', ';')}").intervals] == [
        1000
    ] * 26


@pytest.mark.parametrize("name", ["power (kW)", "Leistung kW", "active_power_W", "mWh", "m³"])
def test_what_is_no_energy_is_refused(tmp_path: Path, name: str) -> None:
    rows = "".join(f"2025-02-{n:02},{n % 5}\n" for n in range(1, 28))
    with pytest.raises(CommandError, match=r"power|unit"):
        read(tmp_path, f"Date,{name}\n{rows}")
    with pytest.raises(CommandError, match=r"not energy|no energy|unit|statistics"):
        read(tmp_path, "statistic_id,unit,start,sum\n" + "".join(f"a,{name},2025-02-{n:02},{n}\n" for n in range(1, 9)))


def test_the_decimal_comma_is_found_wherever_it_is(tmp_path: Path) -> None:
    """At night solar panels give "0" for many rows; tables in quotes have commas in both places."""
    night = "".join(f"13.02.2025 {n:02}:00;0\n" for n in range(24)) + "14.02.2025 12:00;0,25\n"
    interval = ReadOptions(zone=MADRID, values="interval")
    assert read(tmp_path, f"Zeit;kWh\n{night}", interval).intervals[-1].mWh == 250_000
    quoted = "".join(f'"13.02.2025 {n:02}:00","0,{n + 10}"\n' for n in range(24))
    assert read(tmp_path, f'"Zeit","kWh"\n{quoted}', interval).intervals[0].mWh == 100_000
    thousands = "".join(f'"13.02.2025 {n:02}:00","1,{n + 100}"\n' for n in range(0, 24, 2))
    assert read(tmp_path, f'"Zeit","Wh"\n{thousands}', interval).intervals[0].mWh == 1_100_000


def test_the_hour_that_comes_twice_and_the_one_that_does_not_come(tmp_path: Path) -> None:
    hours = [*range(3), 2, *range(3, 24)]  # 2025-10-26: clocks are set back at 3:00
    source = read(tmp_path, "time,kWh\n" + "".join(f"2025-10-26 {n:02}:00,0.5\n" for n in hours))
    assert [one.end - one.start for one in source.intervals] == [HOUR] * 25 and source.skipped == {}
    spring = [n for n in range(24) if n != 2]
    source = read(tmp_path, "time,kWh\n" + "".join(f"2025-03-30 {n:02}:00,0.5\n" for n in spring))
    assert [one.end - one.start for one in source.intervals] == [HOUR] * 23


def test_the_time_of_day_in_a_column_of_its_own_is_refused(tmp_path: Path) -> None:
    rows = "".join(f"2025-02-01,{n:02}:00,{n % 5}.5\n" for n in range(24))
    with pytest.raises(CommandError, match="column of its own"):
        read(tmp_path, f"Date,Hour,kWh\n{rows}")


def test_an_odd_first_row_does_not_decide_about_dates(tmp_path: Path) -> None:
    rows = "".join(f"{n}.2.25,{n % 5}.5\n" for n in range(1, 28))
    assert read(tmp_path, f"Datum,kWh\nSumme,9\n{rows}").intervals[0].start == at(2025, 2, 1)
