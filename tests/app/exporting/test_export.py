"""Exports: the same rows in each format, exact decimals, times with their zone, files that are whole or not there."""

import csv
import importlib.metadata
import io
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from unclouded.app.configuration.config import Config, load_config
from unclouded.app.exporting import export as exporting
from unclouded.app.exporting.export import ExportJob, export_file
from unclouded.app.stored.history import stored_energy, stored_history
from unclouded.cli.verbs import export
from unclouded.core.model import Device, Ledger, Notice, Point, Reading
from unclouded.core.views.export import ExportRequest
from unclouded.store.editing.edit import EditValue, NewEdit
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter
from unclouded.table_files.tables import decimal_text

METER = "energy_import_Wh"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 30, 12, tzinfo=BERLIN).timestamp()
SAID = '=HYPERLINK("x")\x1b[31m'
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key=METER, kind="counter", exponent=-3),
    Point(key="on", kind="switch"),
    Point(key="mode", kind="text"),
    Point(key="count", exponent=0),
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A hub in Berlin with two plugs, over the night in which the clock is set forward: hours of 1 Wh, and words."""
    file = tmp_path / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{tmp_path}"\ntimezone = "Europe/Berlin"\n')
    db = open_to_write(tmp_path / "store.sqlite")
    first = datetime(2026, 3, 28, 22, tzinfo=BERLIN).timestamp()
    facts: list[object] = []
    for id in ("kettle", "heater"):
        facts += [
            Device(id=id, identity=f"toy:{id}", family="", link="", profile="", points=POINTS, name=id.title()),
            Ledger(identity=f"toy:{id}", point=METER),
        ]
        for hour in range(30):
            at = first + hour * 3600 + 0.25
            facts += [
                Reading(id, "power_W", round(0.1 + 0.2 + hour / 10, 1), at),
                Reading(
                    id, METER, hour + 0.125, at, "estimated" if hour == 3 else "good", ("gap",) if hour == 3 else ()
                ),
            ]
    facts += [
        Reading("kettle", "on", True, first + 7),
        Reading("kettle", "mode", SAID, first + 8),
        Reading("kettle", "count", 2**60 + 1, first + 9),
        Notice("kettle", first + 10, "joined", "The kettle joined.", {"by": "another"}),
    ]
    StoreWriter(db, lambda: NOW).write(facts)  # type: ignore[arg-type]
    db.close()
    return load_config(file)


def exported(config: Config, tmp_path: Path, **asked: object) -> Path:
    request = ExportRequest(**{"format": "csv", **asked})  # type: ignore[arg-type]
    target = tmp_path / f"out.{request.format}"
    export_file(ExportJob(config.store, config.zone, request, NOW), target, request, True, lambda done, rows: None)
    return target


def test_a_csv_has_exact_decimals_times_with_their_zone_and_nothing_that_a_spreadsheet_runs(
    config: Config, tmp_path: Path
) -> None:
    header, *rows = csv.reader(io.StringIO(exported(config, tmp_path, devices=("kettle",)).read_text()))
    assert header == ["time", "device", "point", "value", "unit", "quality", "flags"]
    assert rows[0] == ["2026-03-28T22:00:00.250+01:00", "kettle", "power_W", "0.3", "W", "good", ""]
    powers = [f"{(3 + hour) // 10}.{(3 + hour) % 10}" for hour in range(30)]
    assert [row[3] for row in rows if row[2] == "power_W"] == powers
    assert [row[0] for row in rows if row[2] == METER][3:6] == [
        "2026-03-29T01:00:00.250+01:00",
        "2026-03-29T03:00:00.250+02:00",
        "2026-03-29T04:00:00.250+02:00",
    ]
    by_point = {row[2]: row for row in rows}
    assert by_point["on"][3] == "1"
    assert by_point["mode"][3] == '\'=HYPERLINK("x")\\x1b[31m'
    assert by_point["count"][3] == str(2**60 + 1)
    assert next(row for row in rows if row[5] == "estimated")[3:] == ["3.125", "Wh", "estimated", "gap"]


@pytest.mark.parametrize("step", [None, 900.0, 86_400.0])
def test_every_format_has_the_rows_of_the_history(config: Config, tmp_path: Path, step: float | None) -> None:
    expected = []
    for device in ("kettle", "heater"):
        with stored_history(config, device, (), 0.0, NOW, step) as rows:
            expected += [(round(row.at * 1000), device, row.point, row.value, row.min, row.max) for row in rows]
    lines = [
        json.loads(line) for line in exported(config, tmp_path, format="jsonl", step=step).read_text().splitlines()
    ]
    found = [
        (
            round(datetime.fromisoformat(row["time"]).timestamp() * 1000),
            *(row["device"], row["point"], row["value"], row.get("min"), row.get("max")),
        )
        for row in lines
    ]
    assert found == expected
    file = exported(config, tmp_path, format="parquet", step=step)
    parquet = duckdb.execute(f"select epoch_ms(time), device, point, value, text from '{file}'").fetchall()
    assert [row[:3] for row in parquet] == [row[:3] for row in expected]
    values = [text if number is None else float(number) for *_, number, text in parquet]
    assert values == [str(row[3]) if row[3] == 2**60 + 1 else row[3] for row in expected]  # one that is too long
    with closing(sqlite3.connect(exported(config, tmp_path, format="sqlite", step=step))) as db:
        stored = db.execute("select unix_ms, device, point, value from readings order by rowid").fetchall()
        assert stored == [row[:4] for row in expected]
        assert db.execute("select name from devices order by id").fetchall() == [("Heater",), ("Kettle",)]
        assert db.execute("select unit from points where device = 'kettle' and key = 'power_W'").fetchone() == ("W",)


@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_energy_is_that_of_the_history_also_over_several_windows(
    config: Config, tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unclouded.app.exporting import content

    monkeypatch.setattr(content, "ENERGY_WINDOW_S", {"hour": 7200.0, "day": 86_400.0})
    start = datetime(2026, 3, 28, 22, tzinfo=BERLIN).timestamp()
    whole = stored_energy(config, "heater", by, (), start, NOW, NOW)  # type: ignore[arg-type]
    file = exported(config, tmp_path, format="sqlite", content=("energy", "events"), by=by, devices=("heater",))
    with closing(sqlite3.connect(file)) as db:
        rows = db.execute("select start_ms, end_ms, Wh, estimated, gap from energy order by start_ms").fetchall()
        assert db.execute("select count(*) from events").fetchone() == (0,)
    assert rows == [(one.start * 1000, one.end * 1000, one.Wh, one.estimated, one.gap) for one in whole]
    assert sum(one.Wh or 0 for one in whole) == 29


@pytest.mark.parametrize("content", ["readings", "energy", "events"])
def test_an_export_until_the_end_of_time_ends_with_what_there_is(config: Config, tmp_path: Path, content: str) -> None:
    asked: dict[str, object] = {"content": (content,), "by": "hour"}
    known = exported(config, tmp_path, **asked).read_text()
    passed = list[float]()
    request = ExportRequest(format="csv", end=253_000_000_000.0, **asked)  # type: ignore[arg-type]
    target = tmp_path / "until.csv"
    job = ExportJob(config.store, config.zone, request, NOW)
    export_file(job, target, request, True, lambda done, rows: passed.append(done))
    assert target.read_text() == known
    assert len(passed) < 20


def test_events_are_exported_with_their_texts(config: Config, tmp_path: Path) -> None:
    (line,) = (
        exported(config, tmp_path, format="jsonl", content=("events",), devices=("kettle",)).read_text().splitlines()
    )
    event = json.loads(line)
    assert (event["kind"], event["text"], event["data"]) == ("joined", "The kettle joined.", '{"by":"another"}')


def test_a_file_that_is_there_is_kept_and_an_error_leaves_none_behind(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*args: str) -> tuple[int, str]:
        done = CliRunner().invoke(export.command, [*args, "--config", config.where])
        return done.exit_code, done.output + str(done.exception or "")

    target = tmp_path / "mine.csv"
    target.write_text("mine")
    assert "is kept" in run("--format", "csv", "--output", str(target))[1]
    assert target.read_text() == "mine"
    code, text = run("--format", "csv", "--output", str(target), "--force", "--step", "1h")
    assert code == 0, text
    assert target.read_text().startswith("time,device")
    assert "is a folder" in run("--format", "csv", "--output", str(tmp_path))[1]
    assert "is not a file" in run("--format", "csv", "--output", "/dev/null", "--force")[1]
    assert "a point 'powr'" in run("--format", "csv", "--output", "x.csv", "--point", "powr")[1]
    assert "There is no device 'kettel'" in run("--format", "csv", "--output", "x.csv", "--device", "kettel")[1]
    assert "one table" in run("--format", "csv", "--output", "x.csv", "--events", "--readings")[1]
    monkeypatch.setattr(exporting.ExportJob, "write", broken)
    assert "no room" in run("--format", "csv", "--output", str(tmp_path / "new.csv"))[1]
    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert "install pyarrow (or with pipx" in run("--format", "parquet", "--output", "x.parquet")[1]
    assert not [one for one in tmp_path.iterdir() if "partial" in one.name or "new.csv" in one.name]


def broken(self: object, out: io.BytesIO, *_: object) -> None:
    out.write(b"half")
    raise OSError(28, "no room on the device")


def missing(name: str) -> str:
    raise PackageNotFoundError(name)


def test_a_process_that_is_ended_leaves_no_half_file(config: Config, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from unclouded.app.exporting import export; from unclouded.cli import main\n"
        "export.CsvWriter.rows = lambda self, rows: os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.argv[1:] = ['export', '--format', 'csv', '--output', 'out.csv', '--config', sys.argv[1]]; main()"
    )
    words = [sys.executable, "-c", code, config.where]
    done = subprocess.run(words, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 130, done.stderr
    assert not [one for one in tmp_path.iterdir() if "out.csv" in one.name]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_decimals_of_a_point_are_written_in_full() -> None:
    assert [decimal_text(one) for one in ((0.1 + 0.2, 1), (-5.25, 3), (1e-6, 6), (10**20, 0), (3, 2))] == [
        *("0.3", "-5.250", "0.000001", "100000000000000000000", "3"),
    ]


def test_what_was_edited_is_exported_as_it_counts(config: Config, tmp_path: Path) -> None:
    first = round(datetime(2026, 3, 28, 22, tzinfo=BERLIN).timestamp()) * 1000
    with closing(open_to_write(config.store)) as db:
        writer = StoreWriter(db, lambda: NOW)
        start = first + 3_600_000
        void = NewEdit(device=1, point="power_W", start=first, until=start, action="void")
        value = EditValue(constant=7.5)
        writer.edits.make(void, "test")
        writer.edits.make(replace(void, start=start, until=start + 1000, action="edit", value=value), "test")
    file = exported(config, tmp_path, devices=("kettle",), points=("power_W",))
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 29
    assert (rows[0]["value"], rows[0]["quality"], rows[0]["flags"]) == ("7.5", "estimated", "edited")
    assert rows[1]["flags"] == ""
