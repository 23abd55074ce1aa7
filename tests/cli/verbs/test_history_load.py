"""`history load` and `history anomalies`: as text and as JSON, and what cannot be asked for."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from unclouded.cli.output.energy.consumption_text import anomaly_lines
from unclouded.cli.verbs import history
from unclouded.core.model import Device, Fact, Ledger, Point, Reading, Status
from unclouded.core.views.consumption import Anomalies, Anomaly
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter

MADRID = ZoneInfo("Europe/Madrid")
START = datetime(2026, 5, 1, tzinfo=MADRID).timestamp()
HOUR, DAY = 3600, 86_400


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub in Madrid with a heater: 20 W at night and 500 W by day, for 50 days; 900 W on one of them."""
    folder = tmp_path_factory.mktemp("hub")
    file = folder / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{folder}"\ntimezone = "Europe/Madrid"\n')
    points = (Point(key="power_W", exponent=-1), Point(key="energy_import_Wh", kind="counter", exponent=-3))
    heater = Device(id="heater", identity="h", family="", link="", profile="", points=points)
    facts: list[Fact] = [Status("heater", "online", START - 1)]
    total = 0.0
    for hour in range(50 * 24):
        watts = 20.0 if hour % 24 < 6 else 900.0 if hour // 24 == 30 else 500.0
        at = START + hour * HOUR
        facts += [Reading("heater", "energy_import_Wh", total, at - 1), Reading("heater", "power_W", watts, at)]
        total += watts
    db = open_to_write(folder / "store.sqlite")
    StoreWriter(db, lambda: START + 60 * DAY).write([heater, Ledger(identity="h", point="energy_import_Wh"), *facts])
    db.close()
    return file


def run(config: Path, *args: str, fails: bool = False) -> str:
    done = CliRunner().invoke(history.command, [*args, "--config", str(config)])
    assert (done.exit_code != 0) == fails, done.output
    return str(done.exception) if fails else done.output


SPAN = ("--from", "2026-05-01", "--to", "2026-06-20")


def test_the_load_of_the_home_and_of_a_device(config: Path) -> None:
    for words in (("load",), ("load", "heater")):
        lines = run(config, *words, *SPAN).splitlines()
        assert lines[0] == f"{words[-1] if words[1:] else 'home'}, means of 15 min; 100% of the time is known"
        assert lines[1].split() == ["base", "load", "20.0", "W", "175.2", "kWh", "a", "year"]
        assert [line.split()[-2] for line in lines if "in 50%" in line] == ["500.0"]
    found = json.loads(run(config, "load", *SPAN, "--json"))
    assert found["curves"][0]["base"]["parts"] == [{"device": "heater", "W": 20.0}]


def test_a_day_that_stood_out(config: Path) -> None:
    assert run(config, "anomalies", *SPAN) == "2026-05-31               heater: 16.32 kWh a day, usually 9.12 kWh\n"
    (found,) = map(json.loads, run(config, "anomalies", *SPAN, "--json").splitlines())
    assert (found["kind"], found["start"], found["days"]) == ("day", "2026-05-30T22:00:00.000Z", 1)
    assert "Nothing stood out; 9 days" in run(config, "anomalies", "--from", "2026-05-01", "--to", "2026-05-10")


def test_what_cannot_be_asked_for(config: Path) -> None:
    assert "no device 'sauna'" in run(config, "load", "sauna", fails=True)
    assert "longer than a year" in run(config, "anomalies", "--from", "2024-01-01", fails=True)


def test_each_kind_is_a_sentence() -> None:
    night = Anomaly(start=START, end=START + DAY, days=1, kind="night", device="tv", amount=600.0, usual=3.0)
    items = [
        night,
        replace(night, kind="base", device="", amount=212.0, usual=91.0, cause="server"),
        replace(night, kind="suspect", amount=None, usual=None, points=["power_W"], flags=["odd"]),
    ]
    found = Anomalies(start=START, end=START + DAY, timezone="Europe/Madrid", known_days=1, items=items)
    assert [line.split(maxsplit=1)[1] for line in anomaly_lines(found, MADRID)] == [
        "tv: 0.60 kWh between 0 and 6 h, usually 0.00 kWh",
        "home: the base load rose from 91 W to 212 W; most of it is server",
        "tv: suspect readings of power_W (odd)",
    ]
