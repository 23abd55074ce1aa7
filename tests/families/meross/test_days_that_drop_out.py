"""A plug whose days are not answered for a while is not counted twice: by its power, and then by its days."""

import pytest

from families.meross.day_story import DAY, HOUR, IMPORT, HubOfDays, PlugAndHub, utc
from unclouded.core.sessions.session import Reported
from unclouded.families.meross.controller.energy.consumption import COUNTER, TODAY
from unclouded.hub.channels.part import without
from unclouded.hub.readings.interpret import Interpreter

NOON = utc("2026-11-20T12:00:00")
POWER_W = 1200


def reads_power(hub: HubOfDays, start: float, seconds: float) -> None:
    """Its days are not answered, its power is, every 10 s."""
    for step in range(0, round(seconds), 10):
        at = start + step
        hub.takes(Reported({"electricity.power": POWER_W * 1000}), at)


def drop_days(hub: HubOfDays) -> None:
    """The controller says that the device lacks them: three requests were not answered."""
    hub.reader = Interpreter("plug", without(hub.reader.profile, {COUNTER, TODAY}), hub.energy)


def test_days_that_were_counted_before_go_on_where_they_were() -> None:
    plug = PlugAndHub(NOON)
    plug.runs(POWER_W, HOUR)
    assert plug.hub.Wh == pytest.approx(1200, abs=2)
    drop_days(plug.hub)
    reads_power(plug.hub, plug.now, HOUR)
    plug.runs(POWER_W, HOUR, contact=False)
    assert plug.hub.Wh == pytest.approx(1200, abs=2), "the days are taken from the ring when they are answered again"
    plug.hub.restart()
    plug.runs(POWER_W, HOUR)
    assert plug.hub.Wh == pytest.approx(3600, abs=2)
    assert sum(plug.hub.by_day().values()) == pytest.approx(plug.hub.Wh)


def test_days_over_midnight_and_over_a_restart_of_the_hub() -> None:
    plug = PlugAndHub(NOON)
    plug.runs(POWER_W, HOUR)
    plug.hub.restart()
    drop_days(plug.hub)
    reads_power(plug.hub, plug.now, DAY)
    plug.runs(POWER_W, DAY, contact=False)
    plug.hub.restart()
    plug.runs(POWER_W, HOUR)
    assert plug.hub.Wh == pytest.approx(26 * 1200, abs=4)


def test_days_that_are_answered_for_the_first_time_begin_after_what_was_integrated() -> None:
    plug = PlugAndHub(NOON)
    drop_days(plug.hub)
    reads_power(plug.hub, plug.now, HOUR)
    plug.runs(POWER_W, HOUR, contact=False)
    assert plug.hub.Wh == pytest.approx(1200, abs=5), "without any days its power is all there is"
    plug.hub.restart()
    plug.runs(POWER_W, HOUR)
    assert 1790 <= plug.hub.Wh <= 2400, (
        "its first day begins at the value that it shows first, and nothing is counted twice"
    )
    assert [one.value for one in plug.hub.totals] == sorted(one.value for one in plug.hub.totals)


def test_what_was_integrated_on_earlier_days_takes_nothing_from_today() -> None:
    plug = PlugAndHub(NOON)
    drop_days(plug.hub)
    reads_power(plug.hub, plug.now, HOUR)
    plug.hub.restart()
    plug.now = NOON + DAY
    plug.runs(POWER_W, HOUR)
    assert plug.hub.Wh == pytest.approx(2400, abs=5)


def test_a_plug_that_lost_its_days_for_good_is_integrated_once_its_ring_would_be_over() -> None:
    plug = PlugAndHub(NOON)
    plug.runs(POWER_W, HOUR)
    drop_days(plug.hub)
    late = plug.now + 40 * DAY
    reads_power(plug.hub, late, HOUR)
    assert plug.hub.Wh == pytest.approx(2400, abs=5)
    assert {one.point for one in plug.hub.readings} >= {IMPORT}


def test_a_plug_whose_days_came_back_after_that_is_not_integrated_again() -> None:
    plug = PlugAndHub(NOON)
    plug.runs(POWER_W, HOUR)
    drop_days(plug.hub)
    plug.now += 40 * DAY
    reads_power(plug.hub, plug.now - HOUR, HOUR)
    plug.hub.restart()
    plug.runs(POWER_W, HOUR)
    counted = plug.hub.Wh
    drop_days(plug.hub)
    reads_power(plug.hub, plug.now, HOUR)
    assert plug.hub.Wh == counted
