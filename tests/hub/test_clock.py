"""The clock is set while the hub runs, and devices have wrong clocks: what is shown is what was reported last."""

import asyncio

import pytest

from hub.toy_hub import NOON, Home, answer_requests, hub, plug, profile
from unclouded.core.model import Alert, Notice, Reading, Status
from unclouded.core.sessions.session import Reported
from unclouded.hub.clock import WallClock
from unclouded.hub.energy.ledger import AHEAD_S, DeviceEnergy
from unclouded.hub.readings.board import Board
from unclouded.hub.readings.interpret import Interpreter
from unclouded.links.memory import MemoryLink
from virtual_loop import story

DAY = 86_400.0


async def polled(home: Home, link: MemoryLink, answer: bytes) -> None:
    """Twenty seconds in which the plug answers so."""
    for _ in range(200):
        await answer_requests(home, link, {b"get": answer})
        await asyncio.sleep(0.1)


class SetClock:
    """A wall clock that can be set."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.offset = 0.0

    def __call__(self) -> float:
        return NOON + self._loop.time() + self.offset


@pytest.mark.parametrize("step", [DAY, -DAY, 1800.0, -1800.0, -30.0])
@story
async def test_after_a_step_the_next_report_is_shown_and_ages_stay_right(step: float) -> None:
    clock = SetClock(asyncio.get_running_loop())
    async with hub(plug, wall=clock) as home:
        link = await home.far_end("")
        await polled(home, link, b"is on 5")
        assert home.values("thing")["on"] is True
        clock.offset = step
        await polled(home, link, b"is off 0")
        assert home.values("thing")["on"] is False
        for fact in home.hub.snapshot():
            if isinstance(fact, Reading):
                earliest = -AHEAD_S if fact.point.startswith("energy") else 0.0  # totals never fall in time
                assert earliest <= clock() - fact.at < 15
            if isinstance(fact, Status):
                assert 0 <= clock() - fact.since < 60
        (notice,) = [one for one in home.of(Notice) if one.kind == "clock"]
        assert ("back" if step < 0 else "forward") in notice.words


@story
async def test_values_that_are_not_reported_again_move_with_the_clock() -> None:
    clock = SetClock(asyncio.get_running_loop())
    async with hub(plug, wall=clock) as home:
        home.hub.publish([Reading("thing", "on", True, clock() - 7)])
        clock.offset = -DAY
        home.hub.notify(Notice("", clock(), "weather", "rain"))
        (reading,) = [one for one in home.hub.snapshot() if isinstance(one, Reading)]
        assert clock() - reading.at == pytest.approx(7)
        shown = [one for one in home.facts if isinstance(one, Reading)]
        assert shown[-1].at == reading.at, "pages get the moved time too"


@story
async def test_an_alert_that_goes_on_moves_with_the_clock() -> None:
    clock = SetClock(asyncio.get_running_loop())
    async with hub(plug, wall=clock) as home:
        since = clock() - 7
        home.hub.report_own_alerts(
            [Alert(device="", kind="disk", since=since, value=90, text="The disk is 90 % full.")]
        )
        await asyncio.sleep(2)
        clock.offset = DAY
        home.hub.notify(Notice("", clock(), "weather", "rain"))
        assert [one.since for one in home.hub.alerts()] == pytest.approx([since + DAY])


def test_a_slow_correction_is_no_step() -> None:
    lead = 0.0
    clock = WallClock(lambda: 0.0, lambda: NOON + lead)
    for _ in range(100):
        lead += 0.5
        assert clock.step() == 0.0
    lead -= 10
    assert clock.step() == -10.0
    assert clock.step() == 0.0


def test_a_reading_of_the_future_loses_against_any_other() -> None:
    board = Board(lambda: NOON)
    board.post([Reading("pump", "on", True, NOON + DAY)])
    board.post([Reading("pump", "on", False, NOON)])
    assert board.reading("pump", "on") == Reading("pump", "on", False, NOON)
    board.post([Reading("pump", "on", True, NOON - 1)])  # a late one
    assert board.reading("pump", "on") == Reading("pump", "on", False, NOON)


@pytest.mark.parametrize(
    ("reported", "at", "flags"),
    [
        (NOON - 3600, NOON - 3600, ()),
        (NOON + 2, NOON, ()),
        (NOON + 3600, NOON, ("clock",)),
        (NOON + 40 * 365 * DAY, NOON, ("clock",)),
        (NOON - 2 * 365 * DAY, NOON - 2 * 365 * DAY, ()),
        (NOON - 4 * 365 * DAY, NOON, ("clock",)),
        (946_684_800.0, NOON, ("clock",)),  # 2000: a clock that was never set
        (0.0, NOON, ("clock",)),
        (-1e12, NOON, ("clock",)),
        (None, NOON, ()),
    ],
)
def test_the_time_of_a_device_is_bounded_by_the_clock(
    reported: float | None, at: float, flags: tuple[str, ...]
) -> None:
    reader = Interpreter("thing", profile(), DeviceEnergy("toy:1", {}))
    readings = reader.readings(Reported({"on": True, "power": 5}, at=reported), NOON)
    assert {one.point for one in readings} == {"on", "power_W", "energy_import_Wh"}
    assert {one.at for one in readings} == {at}
    assert all(set(one.flags) - {"estimated"} == set(flags) for one in readings)
