"""Stored history replayed through rules: what they would have done, without a command."""

import asyncio
from pathlib import Path

import pytest

from rules.rule_home import MADRID, device, rules_from, wall_of
from unclouded.app.rules.testing import day_range, replayed
from unclouded.core.errors import CommandError
from unclouded.core.model import Fact, Reading, Status
from unclouded.store.sink import Store

START = wall_of("2026-11-29T00:00")
SURPLUS = {"while": "meter.export_W > 1 kW for 5 min", "set": "boiler on", "at_least": "20 min"}


def stored(path: Path, *facts: Fact) -> Path:
    async def write() -> None:
        store = Store(path, wall=lambda: START + 90_000.0)
        store.open()
        store.deliver([device("meter"), device("boiler"), *facts])
        await store.close()

    asyncio.run(write())
    return path


def test_a_day_is_replayed_with_its_silences(tmp_path: Path) -> None:
    noon = START + 12 * 3600
    facts: list[Fact] = [Reading("boiler", "on", False, START + 60), Status("meter", "online", START)]
    facts += [Reading("meter", "power_W", -1400.0, noon + second) for second in range(0, 3600, 60)]
    facts += [Status("meter", "offline", noon + 3600, "gone")]
    store = stored(tmp_path / "store.sqlite", *facts)
    view = replayed(store, rules_from(SURPLUS, {"at": "07:00", "set": "attic on"}), MADRID, START, START + 86_400)
    assert [(one.at[11:19], one.value, one.because) for one in view.lines] == [
        ("11:05:00", True, "export of Meter was 1.4 kW for 5 min"),
        ("12:00:00", False, "export of Meter was not known any more"),
    ]
    assert view.problems == ("rule 1: There is no device 'attic'.",)


def test_what_was_recorded_of_a_simulated_point_counts_again_when_it_changes(tmp_path: Path) -> None:
    facts: list[Fact] = [Reading("meter", "power_W", -1400.0, START + second) for second in range(0, 7200, 60)]
    facts += [Reading("boiler", "on", second > 3000, START + second) for second in range(0, 4000, 600)]
    facts += [Reading("boiler", "on", False, START + second) for second in range(4200, 7200, 600)]
    store = stored(tmp_path / "store.sqlite", *facts)
    view = replayed(store, rules_from(SURPLUS), MADRID, START, START + 7200)
    assert [one.kind for one in view.lines] == ["command", "note"]  # at 01:10 a user had switched it off
    assert "set to off by another user or program" in view.lines[1].text


def test_ranges(tmp_path: Path) -> None:
    store = stored(tmp_path / "store.sqlite")
    now = START + 100_000
    assert day_range("yesterday", now, MADRID.zone) == (START, START + 86_400)
    assert day_range("2026-11-28", now, MADRID.zone) == (START - 86_400, START)
    with pytest.raises(CommandError, match="is not a day"):
        day_range("soon", now, MADRID.zone)
    with pytest.raises(CommandError, match="at most 31 days"):
        replayed(store, [], MADRID, 0.0, now)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_the_calendar_is_refused(day: str, tmp_path: Path) -> None:
    store = stored(tmp_path / "store.sqlite")
    with pytest.raises(CommandError, match=r"is not a day|at most 31 days"):
        replayed(store, [], MADRID, *day_range(day, START, MADRID.zone))
    last = wall_of("9999-12-31T22:00")
    with pytest.raises(CommandError, match="at most 31 days"):
        replayed(store, rules_from({"at": "07:00", "set": "boiler on"}), MADRID, last, last + 60)


def test_where_nothing_was_stored_of_a_point_that_is_said(tmp_path: Path) -> None:
    store = stored(tmp_path / "store.sqlite", Reading("boiler", "on", False, START + 60))
    view = replayed(store, rules_from(SURPLUS), MADRID, START, START + 86_400)
    assert view.problems == (
        "meter.power_W: no single readings are stored of that time, so conditions on it were not known.",
    )
    used = rules_from({"when": "boiler is on", "set": "meter on"}, {"when": "price < 1", "set": "meter on"})
    assert replayed(store, used, MADRID, START, START + 86_400).problems == ()
