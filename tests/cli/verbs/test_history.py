"""`history`: steps and energy in the configured zone, and what a spreadsheet gets."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from unclouded.app.stored.history import StoredRow
from unclouded.cli.output.energy import history_text
from unclouded.cli.verbs import history
from unclouded.core.model import Device, Ledger, Point, Reading, Status
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter


def test_a_csv_has_no_control_characters_and_no_formulas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        StoredRow(0.0, "=kettle", "mode", "@SUM(A1)\x1b[31m\r\n", "suspect", ("+late",)),
        StoredRow(1.0, "kettle", "switch", True),
        StoredRow(2.0, "kettle", "power_W", -2.5),
    ]

    @contextmanager
    def stored(*_: object) -> Iterator[Iterator[StoredRow]]:
        yield iter(rows)

    monkeypatch.setattr(history, "stored_history", stored)
    monkeypatch.setattr(history, "deleted_readings", lambda *_: {})
    config = tmp_path / "unclouded.toml"
    config.write_text("")
    done = CliRunner().invoke(history.command, ["kettle", "--csv", "--config", str(config)])
    assert done.exit_code == 0, done.output
    header, *cells = csv.reader(io.StringIO(done.output))
    assert header == list(history_text.COLUMNS)
    assert [row[1:4] for row in cells] == [
        ["'=kettle", "mode", "'@SUM(A1)\\x1b[31m\\x0d\\x0a"],
        ["kettle", "switch", "1"],
        ["kettle", "power_W", "-2.5"],
    ]
    assert [row[-1] for row in cells] == ["'+late", "", ""]


METER = "energy_import_Wh"
AUCKLAND = ZoneInfo("Pacific/Auckland")


def local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=AUCKLAND).timestamp()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A hub in Auckland with a kettle: 1 Wh each half hour, and an outage over midnight of the 12th."""
    file = tmp_path / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{tmp_path}"\ntimezone = "Pacific/Auckland"\n')
    db = open_to_write(tmp_path / "store.sqlite")
    points = (Point(key=METER, kind="counter", exponent=-3),)
    kettle = Device(id="kettle", identity="k", family="", link="", profile="", points=points)
    first = local("2026-03-10T00:00")
    readings = [Reading("kettle", METER, float(n), first + n * 1800) for n in range(96)]
    lost, back = readings[-1].at, local("2026-03-12T00:30")
    states = [Status("kettle", "online", first), Status("kettle", "offline", lost), Status("kettle", "online", back)]
    after = Reading("kettle", METER, 97.0, back, flags=("gap",))
    StoreWriter(db, lambda: back + 86_400).write([kettle, Ledger(identity="k", point=METER), *readings, *states, after])
    db.close()
    return file


def run(config: Path, *args: str) -> str:
    done = CliRunner().invoke(history.command, ["kettle", *args, "--config", str(config)])
    assert done.exit_code == 0, done.output
    return done.output


def test_steps_of_a_day_begin_at_the_midnight_of_the_configured_zone(config: Path) -> None:
    rows = [json.loads(line) for line in run(config, "--step", "1d", "--json").splitlines()]
    assert [row["at"] for row in rows] == [
        "2026-03-09T11:00:00.000Z",
        "2026-03-10T11:00:00.000Z",
        "2026-03-11T11:00:00.000Z",
    ]
    assert [row["value"] for row in rows] == [47, 95, 97]


def test_energy_is_printed_by_local_day_and_hour(config: Path) -> None:
    between = ("--from", "2026-03-10", "--to", "2026-03-13")
    assert run(config, "--energy", "day", *between).splitlines() == [
        "2026-03-10  energy_import_Wh              47.000 Wh",
        "2026-03-11  energy_import_Wh              49.000 Wh  estimated gap",
        "2026-03-12  energy_import_Wh               1.000 Wh  estimated gap",
    ]
    (hour,) = run(config, "--energy", "hour", "--from", "2026-03-10T05:00", "--to", "2026-03-10T05:30").splitlines()
    assert hour == "2026-03-10 05:00 +1300  energy_import_Wh               2.000 Wh"


def test_energy_in_json_and_csv(config: Path) -> None:
    (month,) = run(config, "--energy", "month", "--from", "2026-03-10", "--to", "2026-03-13", "--json").splitlines()
    assert json.loads(month) == {
        "start": "2026-02-28T11:00:00.000Z",
        "end": "2026-03-31T11:00:00.000Z",
        "device": "kettle",
        "point": METER,
        "Wh": 97,
        "estimated": False,
        "gap": True,
        "edited": False,
        "void": False,
    }
    header, week = csv.reader(
        io.StringIO(run(config, "--energy", "week", "--from", "2026-03-10", "--to", "2026-03-11", "--csv"))
    )
    assert header == list(history_text.ENERGY_COLUMNS)
    assert week == ["2026-03-08T11:00:00.000Z", "2026-03-15T11:00:00.000Z", "kettle", METER, "97.0", "0", "1", "0", "0"]


def test_energy_has_no_step(config: Path) -> None:
    done = CliRunner().invoke(history.command, ["kettle", "--energy", "day", "--step", "1h", "--config", str(config)])
    assert done.exit_code != 0 and "--step" in str(done.exception)


def test_a_device_that_is_called_as_a_command_is_reached_by_the_long_form(config: Path) -> None:
    with closing(open_to_write(config.parent / "store.sqlite")) as db:
        point = Point(key="power_W")
        void = Device(id="void", identity="v", family="", link="", profile="", points=(point,))
        at = local("2026-03-10T01:00")
        StoreWriter(db, lambda: at + 86_400).write([void, Reading("void", "power_W", 7.0, at)])
    where = ("--config", str(config))
    shown = CliRunner().invoke(history.command, ["show", "void", *where])
    assert (shown.exit_code, shown.output.split()[-1]) == (0, "7")
    asked = ("--from", "2026-03-10", "--to", "2026-03-11", "--reason", "x", "--yes")
    made = CliRunner().invoke(history.command, ["void", "void", "power_W", *asked, *where])
    assert made.exit_code == 0, made.output
    assert CliRunner().invoke(history.command, ["show", "void", *where]).output == ""
    assert "1  power_W" in CliRunner().invoke(history.command, ["edits", "void", *where]).output
    restored = CliRunner().invoke(history.command, ["restore", "void", "power_W", "--number", "1", "--yes", *where])
    assert restored.exit_code == 0 and "1 edit undone" in restored.output


def test_readings_that_retention_deleted_are_said_in_words(config: Path) -> None:
    with closing(open_to_write(config.with_name("store.sqlite"))) as db:
        db.execute("INSERT INTO expired SELECT id, 0, ? FROM series", (int(local("2026-03-11T00:00")),))
    asked = ["kettle", "--config", str(config)]
    note = "Readings before 2026-03-11 00:00 NZDT were deleted by a rule of retention (energy_import_Wh)"
    assert note in CliRunner().invoke(history.command, asked).output
    for others in (["--from", "2026-03-11"], ["--step", "1h"], ["--energy", "day"]):
        assert "were deleted" not in CliRunner().invoke(history.command, [*asked, *others]).output
