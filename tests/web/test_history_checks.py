"""Validation of the history: what is wrong is found, to the minute, with a command that works; what is right is not."""

import shlex
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Fact, Ledger, Point, Reading, Status
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.condense import HistoryStep
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.checks import rules
from unclouded.web.history.checks.history_checks import check_history
from unclouded.web.schemas import CheckView

MADRID = ZoneInfo("Europe/Madrid")
MIDNIGHT = 1_800_054_000  # 2027-01-16 00:00 in Madrid
HOUR, DAY = 3600, 86_400
METER = "energy_import_Wh"
POINTS = (Point(key="power_W", exponent=-1), Point(key=METER, kind="counter", exponent=-3))


def device(id: str, parent: str = "") -> Device:
    return Device(id=id, identity=id, family="", link="", profile="", points=POINTS, parent=parent)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two days of a meter at 600 W with a plug at 300 W below it; the second day has every fault, one an hour or so."""
    path = tmp_path / "store.sqlite"
    with closing(open_to_write(path)) as db:
        writer = StoreWriter(db, lambda: MIDNIGHT + 3 * DAY)
        facts: list[Fact] = [device("meter"), device("plug", "meter")]
        facts += [Ledger(identity=id, point=METER) for id in ("meter", "plug")]
        total = {"meter": 0.0, "plug": 0.0}
        for minute in range(0, 2 * 24 * 60, 5):
            at, hour = MIDNIGHT + minute * 60, minute / 60 - 24
            for id, watts in (("meter", 600.0), ("plug", 300.0)):
                shown = watts + (minute % 7) / 10
                if id == "plug" and 2 <= hour < 2.1:
                    shown = 99_000.0
                if id == "plug" and 4 <= hour < 4.05:
                    shown = -200.0
                if id == "meter" and 6 <= hour < 11:
                    shown, watts = 150.0, 600.0  # frozen
                if id == "plug" and 14 <= hour < 15:
                    watts = 12_000.0  # more than the meter
                total[id] += watts / 12
                if not (id == "plug" and 18 <= hour < 20):
                    facts += [Reading(id, "power_W", shown, at), Reading(id, METER, total[id], at)]
        facts += [Status("plug", "online", MIDNIGHT), Status("plug", "offline", MIDNIGHT + DAY + 18 * HOUR)]
        facts += [Status("plug", "online", MIDNIGHT + DAY + 20 * HOUR)]
        writer.write(facts)
    return path


def checked(path: Path, device: str = "", day: int = 1, fuse: float = 63.0) -> list[CheckView]:
    with closing(StoreReader(path)) as reader:
        start = MIDNIGHT + day * DAY
        return check_history(reader, MADRID, device, start, start + DAY, fuse)


def test_every_fault_is_found_where_it_is(path: Path) -> None:
    found = {(one.device, one.kind, one.point): one for one in reversed(checked(path))}
    assert set(found) == {
        ("meter", "frozen", "power_W"),
        ("meter", "mismatch", METER),
        ("meter", "parts", METER),
        ("plug", "spike", "power_W"),
        ("plug", "negative", "power_W"),
        ("plug", "mismatch", METER),
        ("plug", "gap", METER),
    }
    assert found["plug", "spike", "power_W"].start == "2027-01-17T02:00:00+01:00"
    assert found["plug", "spike", "power_W"].end == "2027-01-17T02:01:00+01:00"
    assert found["meter", "frozen", "power_W"].text == "150 W for 5 hours, and the counter rose by 3,000 Wh"
    gap = found["plug", "gap", METER]
    assert (gap.start, gap.end) == ("2027-01-17T18:00:00+01:00", "2027-01-17T20:00:00+01:00")
    assert "--estimate" in gap.command and "edit plug" in gap.command


def test_a_day_without_faults_has_none(path: Path) -> None:
    assert checked(path, day=0) == []


def test_the_fuse_decides_what_a_spike_is(path: Path) -> None:
    assert all(one.kind != "spike" for one in checked(path, "plug", fuse=1000.0))
    assert any(one.kind == "spike" for one in checked(path, "meter", day=0, fuse=0.5))


def test_commands_can_be_pasted(path: Path) -> None:
    for one in checked(path):
        words = shlex.split(one.command)
        assert words[:2] == ["unclouded", "history"] and words[3:5] == [one.device, one.point]
        assert words[words.index("--from") + 1] == one.start and "--reason" in words


def test_a_range_has_a_bound(path: Path) -> None:
    with closing(StoreReader(path)) as reader, pytest.raises(CommandError, match="370 days"):
        check_history(reader, MADRID, "", 0, MIDNIGHT, 63.0)


def hour(number: int, watts: float) -> HistoryStep:
    return HistoryStep(number * HOUR, "power_W", watts, "good", (), False, watts, watts, watts)


def test_power_that_is_steady_and_right_is_not_frozen() -> None:
    at = [float(n * HOUR) for n in range(7)]
    hours = [hour(n, 500.0) for n in range(6)]
    assert rules.frozen("power_W", hours, at, [500.0] * 6) == []
    assert rules.frozen("power_W", hours, at, [1500.0] * 6)[0].end == 6 * HOUR
    assert rules.frozen("power_W", hours[:2], at, [1500.0] * 6) == []
    assert rules.frozen("power_W", hours, at, [None] * 6) == []


def test_parts_may_use_what_panels_behind_the_meter_made() -> None:
    at, below = [0.0, DAY, 2.0 * DAY], {"plug": [3000.0, 3000.0]}
    assert [one.start for one in rules.parts(METER, at, [2000.0, 2000.0], below)] == [0.0, DAY]
    assert rules.parts(METER, at, [2000.0, 2000.0], below, [[1500.0, None]]) == []
    (found,) = rules.parts(METER, at, [2000.0, None], below, [[1500.0, 1.0]], [1000.0, 1.0])
    assert "2.500 kWh let through" in found.text


@pytest.mark.parametrize("parent", ["meter", ""])
def test_a_home_with_panels_is_not_suspicious(tmp_path: Path, parent: str) -> None:
    """The meter counts what comes from the grid only: 100 W of the 300 W that the plug uses."""
    with closing(open_to_write(tmp_path / "store.sqlite")) as db:
        writer = StoreWriter(db, lambda: MIDNIGHT + 3 * DAY)
        panels = msgspec.structs.replace(device("roof", parent), produces=True)
        facts: list[Fact] = [device("meter"), device("plug", "meter"), panels]
        facts += [Ledger(identity=id, point=METER) for id in ("meter", "plug", "roof")]
        for hour in range(49):
            at = MIDNIGHT + hour * HOUR
            facts += [
                Reading(id, METER, hour * W, at) for id, W in (("meter", 100.0), ("plug", 300.0), ("roof", 200.0))
            ]
        writer.write(facts)
    assert checked(tmp_path / "store.sqlite") == []
