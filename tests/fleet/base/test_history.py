"""Series of a home's devices, from windows, in the shape of the hub's own API."""

import pytest

from fleet.filled_base import DAY, NOW, add_home, add_organisation, store, store_everything, window
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, NotInScope
from unclouded.fleet.base.views import Scope

ALL = Scope.everything()
START = int(NOW) - 3 * DAY


@pytest.fixture
async def hub(base: FleetBase) -> str:
    """Three hours: the value rises by one with each quarter of an hour; sealed, but for the last."""
    found = await add_home(base, await add_organisation(base, "A"))
    await store_everything(base, found, START - 7200)
    for place in range(12):
        at = START + place * 900
        await store(base, found, "quarter", window("quarter", at, 2 + place, value=100 + place))
        await store(base, found, "minute", *(window("minute", at + n * 300, 2 + place, 100 + place) for n in range(3)))
        await store(base, found, "raw", window("raw", at, 2 + place, value=100 + place))
        if place == 10:
            await base.upkeep.seal(NOW)
    return found


async def test_long_ranges_come_from_quarters(base: FleetBase, hub: str) -> None:
    found = await base.history.history(ALL, hub, "plug-1", ["power_W"], START, START + 3 * 3600, most=12)
    (series,) = found.series
    assert (found.step, series.unit, series.exponent, series.kind) == (900, "W", -1, "number")
    assert series.at == [START + place * 900 for place in range(12)]
    assert series.mean == [(100 + place) / 10 for place in range(12)] and series.max == series.mean


async def test_steps_join_windows_exactly(base: FleetBase, hub: str) -> None:
    found = await base.history.history(ALL, hub, "plug-1", ["power_W"], START, START + 3 * 3600, most=3)
    (series,) = found.series
    assert (found.step, series.at) == (3600, [START, START + 3600, START + 7200])
    assert series.min == [10.0, 10.4, 10.8] and series.max == [10.3, 10.7, 11.1] and series.value == [10.3, 10.7, 11.1]


async def test_short_ranges_come_from_minutes_and_readings(base: FleetBase, hub: str) -> None:
    minutes = await base.history.history(ALL, hub, "plug-1", ["power_W"], START, START + 7200, most=120)
    assert minutes.step == 60 and len(minutes.series[0].at) == 120
    steps = await base.history.history(ALL, hub, "plug-1", ["power_W"], START, START + 300, most=60)
    assert (
        steps.step == 5
        and steps.series[0].value[:2] == [10.4, 10.9]
        and steps.series[0].min == [(100 + 5 * place) / 10 for place in range(60)]
    )
    measured = await base.history.history(ALL, hub, "plug-1", ["power_W", "none"], START + 0.5, START + 3.5, most=60)
    assert (measured.step, measured.series[0].at) == (0, [START + 1, START + 2, START + 3])
    assert (measured.series[0].value, measured.series[1].at) == ([10.1, 10.2, 10.3], [])


async def test_lines_end_where_the_device_was_down(base: FleetBase, hub: str) -> None:
    at = START - 7200
    found = await base.history.history(ALL, hub, "plug-1", ["power_W"], at - 900, START + 1800, most=12)
    series = found.series[0]
    assert None in series.value and series.at[series.value.index(None)] == at + 900


@pytest.mark.parametrize(
    ("device", "points", "start", "end", "error"),
    [
        ("plug-9", ["power_W"], START, NOW, NotInScope),
        ("plug-1", [], START, NOW, BaseRefused),
        ("plug-1", ["power_W"], NOW, START, BaseRefused),
    ],
)
async def test_what_there_is_no_history_of(
    base: FleetBase, hub: str, device: str, points: list[str], start: float, end: float, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await base.history.history(ALL, hub, device, points, start, end)
