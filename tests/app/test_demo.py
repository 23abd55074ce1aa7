"""The demo as a user runs it: a process of its own, and every verb from another one."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unclouded import VERSION
from unclouded.store.reading.reader import StoreReader
from verb_runner import run_verb

UNCLOUDED = Path(sys.executable).with_name("unclouded")
ODD_FOLDER = 'a b%20"c\\d?e#f'  # a name that a folder may have
TIMEOUT_S = 60  # s; a busy machine is slow, a broken one is silent
PARTS = [f"gateway_{id}" for id in ("00124b00a1b2c301", "00124b00a1b2c302", "03a1b2c30404", "00124b00a1b2c305")]
DEVICES = ["meter", "kettle", "fridge", "tv", "pump", "solar", "gateway", *PARTS]


class Demo:
    """A demo that runs in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder), "NO_COLOR": "1"}
        self.env.pop("UNCLOUDED_CONFIG", None)
        self.process = subprocess.Popen(
            [UNCLOUDED, "demo", "--past", "2", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.env,
        )
        self.lines: list[dict[str, Any]] = []  # Any: JSON
        self.read_until(lambda line: {one.get("device") for one in self.lines if "point" in one} == set(DEVICES))

    def read_until(self, done: "object") -> None:
        assert self.process.stdout is not None and callable(done)
        for text in self.process.stdout:
            self.lines.append(json.loads(text))
            if done(self.lines[-1]):
                return
        raise AssertionError(f"the demo ended: {self.process.stderr.read() if self.process.stderr else ''}")

    def ask(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a verb beside it, in an empty folder."""
        done = run_verb(words, self.env, TIMEOUT_S, self.folder)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def lines_of(self, *words: str, code: int = 0) -> list[dict[str, Any]]:  # Any: JSON
        return [json.loads(line) for line in self.ask(*words, "--json", code=code).stdout.splitlines()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp(ODD_FOLDER))
    yield running
    running.process.send_signal(signal.SIGTERM)
    running.process.communicate(timeout=TIMEOUT_S)


def test_it_prints_that_it_is_ready_and_then_its_readings(demo: Demo) -> None:
    assert list(demo.lines[0]) == ["ready"]
    reading = next(line for line in demo.lines if "point" in line)
    assert list(reading) == ["at", "device", "point", "value", "quality", "flags"]
    assert not [line for line in demo.lines if "odd" in line.get("flags", ())], "nothing is wrong with its devices"


def test_every_device_is_online_with_the_profile_that_its_product_picked(demo: Demo) -> None:
    devices = {one["id"]: one for one in demo.lines_of("devices")}
    assert list(devices) == DEVICES
    assert {one["state"] for one in devices.values()} == {"online"}
    assert devices["pump"]["profile"] == "tuya/plug_metering"
    assert (devices["kettle"]["link"], devices["kettle"]["family"]) == ("broker:", "meross")
    assert str(devices["tv"]["link"]).startswith("http://")
    assert (devices["solar"]["name"], devices["solar"]["parent"]) == ("Solar roof", "meter")
    assert str(devices["meter"]["identity"]).startswith("emporia:70b3d5")
    assert {"key": "power_W", "kind": "number", "unit": "W", "access": "r"}.items() <= next(
        point for point in devices["tv"]["points"] if point["key"] == "power_W"
    ).items()
    assert "kettle" in demo.ask("devices").stdout


def test_the_plug_that_is_reached_by_http_is_bound_to_the_broker_too(demo: Demo) -> None:
    """A plug that only answers HTTP, and has no server, would get a notice to bind it at each start."""
    link = str({one["id"]: one for one in demo.lines_of("devices")}["tv"]["link"])
    assert link.startswith("http://") and link.endswith(" broker:")


def test_a_value_is_read(demo: Demo) -> None:
    (reading,) = demo.lines_of("read", "fridge", "voltage_V")
    assert 207 < float(str(reading["value"])) < 253
    assert "V" in demo.ask("read", "fridge", "voltage_V").stdout


@pytest.mark.parametrize("plug", ["kettle", "tv"])
def test_plugs_are_switched_by_the_broker_and_by_http(demo: Demo, plug: str) -> None:
    assert demo.lines_of("set", plug, "off")[0]["outcome"] == "confirmed"
    assert demo.lines_of("read", plug, "on")[0]["value"] is False
    assert demo.lines_of("set", plug, "on")[0]["outcome"] == "confirmed"


def test_a_switch_is_confirmed_by_the_device_and_its_power_falls(demo: Demo) -> None:
    (outcome,) = demo.lines_of("set", "pump", "off")
    assert (outcome["device"], outcome["point"], outcome["outcome"]) == ("pump", "on", "confirmed")
    demo.read_until(lambda line: line.get("device") == "pump" and line.get("point") == "power_W" and line["value"] == 0)
    assert "pump on = on confirmed" in demo.ask("set", "pump", "on").stdout


def test_the_roof_feeds_in_at_any_hour_and_its_switch_disconnects_it(demo: Demo) -> None:
    def meter_W() -> float:
        return float(str(demo.lines_of("read", "meter", "power_W")[0]["value"]))

    (given,) = demo.lines_of("read", "solar", "power_W")
    assert float(str(given["value"])) > 100
    assert demo.lines_of("set", "solar", "off")[0]["outcome"] == "confirmed"
    demo.read_until(lambda line: (line.get("device"), line.get("point"), line.get("value")) == ("solar", "power_W", 0))
    demo.read_until(lambda line: (line.get("device"), line.get("point")) == ("meter", "power_W"))
    demo.read_until(lambda line: (line.get("device"), line.get("point")) == ("meter", "power_W"))
    assert meter_W() > 100, "without the roof, everything comes from the grid"
    assert demo.lines_of("set", "solar", "on")[0]["outcome"] == "confirmed"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["set", "pump", "power_W", "5"], "can only be read"),
        (["set", "attic", "on"], "There is no device 'attic'"),
        (["set", "pump", "on", "perhaps"], "takes on or off"),
        (["read", "pump", "colour"], "no point 'colour'"),
        (["do", "meter", "reset_radio"], "--yes"),
        (["do", "meter", "show_install_code"], "--yes"),
        (["do", "meter", "dance"], "no action 'dance'"),
        (["watch", "--for", "soon"], "not a time span"),
        (["watch", "attic"], "no device 'attic'"),
        (["products", "--limit", "few"], "not a whole number of 0 or more"),
        (["history", "attic"], "no device 'attic'"),
        (["history", "meter", "--from", "yesterday"], "not a time"),
    ],
)
def test_an_invalid_command_is_reported_and_exits_with_2(demo: Demo, words: list[str], expected: str) -> None:
    assert expected in demo.ask(*words, code=2).stderr


def test_errors_are_json_too_with_json(demo: Demo) -> None:
    (line,) = demo.lines_of("set", "attic", "on", code=2)
    assert list(line) == ["error"]


def test_actions_are_listed_with_their_danger(demo: Demo) -> None:
    show, reset = demo.lines_of("do", "meter")
    assert show["name"] == "show_install_code" and show["danger"]
    assert reset["name"] == "reset_radio" and reset["danger"]


def test_the_install_code_is_shown_once_it_is_confirmed(demo: Demo) -> None:
    shown, done = demo.lines_of("do", "meter", "show_install_code", "--yes")
    assert re.fullmatch(r"install code( [0-9A-F]{2}){8}, MAC [0-9A-F]{2}(:[0-9A-F]{2}){7}", shown["text"])
    assert done["outcome"] == "confirmed" and shown["text"][13:36] not in done["reason"]


def test_all_devices_are_watched_live(demo: Demo) -> None:
    lines = demo.lines_of("watch", "kettle", "meter", "--for", "3s")
    assert {line["device"] for line in lines if "point" in line} == {"kettle", "meter"}


def test_a_second_hub_on_the_same_data_is_refused(demo: Demo) -> None:
    config = demo.folder / "unclouded" / "demo" / "unclouded.toml"
    refused = demo.ask("run", "--config", str(config), code=2)
    assert "Another hub runs" in refused.stderr and "--data" in refused.stderr


def test_the_configuration_of_the_demo_is_valid(demo: Demo) -> None:
    assert "is valid" in demo.ask("check").stdout


def test_readings_are_stored_as_history(demo: Demo) -> None:
    demo.read_until(lambda line: line.get("device") == "meter" and line.get("point") == "power_W")
    demo.read_until(lambda line: line.get("device") == "meter" and line.get("point") == "power_W")
    rows = demo.lines_of("history", "meter", "power_W", "--from", "10m")
    assert rows and list(rows[0]) == ["at", "device", "point", "value", "quality", "flags"]
    table = list(csv.DictReader(io.StringIO(demo.ask("history", "meter", "power_W", "--from", "10m", "--csv").stdout)))
    assert float(table[0]["value"]) == rows[0]["value"]
    (hour, *_) = demo.lines_of("history", "meter", "power_W", "--step", "1d")
    assert float(str(hour["min"])) <= float(str(hour["mean"])) <= float(str(hour["max"]))


def test_the_log_of_events_begins_with_the_start_of_the_hub(demo: Demo) -> None:
    with StoreReader(demo.folder / "unclouded" / "demo" / "store.sqlite") as reader:
        first = next(event for event in reader.events() if not event.device)
    assert (first.kind, first.data["words"]) == ("started", f"The hub started, version {VERSION}.")


def test_a_demo_of_five_seconds_ends_by_itself_and_its_energy_adds_up(tmp_path: Path) -> None:
    """The meter measures at least the energy of the plugs; the second start continues where the first ended."""
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    totals = []
    for _ in range(2):
        done = subprocess.run(
            [UNCLOUDED, "demo", "--for", "5s", "--json"],
            capture_output=True,
            text=True,
            env=env,
            timeout=TIMEOUT_S,
            check=True,
        )
        readings = [json.loads(line) for line in done.stdout.splitlines() if '"point"' in line]
        assert {"meter"} <= {one["device"] for one in readings} <= set(DEVICES)  # a busy computer is late with some
        imports = [one for one in readings if (one["device"], one["point"]) == ("meter", "energy_import_Wh")]
        assert not any(one["flags"] for one in imports)
        totals += [one["value"] for one in imports]
        assert "Traceback" not in done.stderr
    assert totals == sorted(totals)
