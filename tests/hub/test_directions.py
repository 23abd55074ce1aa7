"""Magnitudes whose direction is a data point of its own wait for it, and never longer than they must."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.test_interpret import NoSettings, profile, values
from hub.toy_hub import Home, channel, hub
from toys import GatewayController
from unclouded.core.family import Piece
from unclouded.core.model import Reading, Value
from unclouded.core.profile import load_profile
from unclouded.core.sessions.session import Answer, Asked, AskStored, Event, Refusal, Reported, WireValue
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.directions import DIRECTION_S, LAGGING_S
from unclouded.hub.readings.interpret import Interpreter
from unclouded.hub.readings.naming import ValueNames
from unclouded.links.memory import MemoryLink
from virtual_loop import story

HEAD = 'name = "toy/clamp"\nfamily = "toy"\ntitle = "C"\n'
CHANNEL = """
[[point]]
dp = {power}
type = "value"
key = "power_{letter}_W"
scale = 0.1
negative_when = {{ dp = {direction}, is = 1 }}
"""
CLAMP = (
    HEAD
    + CHANNEL.format(power=101, letter="a", direction=102)
    + CHANNEL.format(power=105, letter="b", direction=104)
    + '[[point]]\ndp = 112\nkey = "voltage_V"\nscale = 0.1\n'
)
LAGGING = CLAMP.replace("is = 1 }", "is = 1 }\ndirection_lags = true")


class Meter:
    """A meter that reports data points, and the hub's clock, which ticks whenever something is due."""

    def __init__(self, text: str = CLAMP, energy: DeviceEnergy | None = None) -> None:
        self.read = Interpreter("clamp", profile(text), energy or DeviceEnergy("toy:1", {}))
        self.sent: list[Reading] = []

    def report(self, at: float, **points: WireValue) -> dict[str, Value]:
        """One report, ``dp102=1``: what is published because of it."""
        self.until(at)
        found = self.read.readings(Reported({key.removeprefix("dp"): raw for key, raw in points.items()}), at=at)
        self.sent += found
        return values(found)

    def until(self, at: float) -> None:
        while (due := self.read.deadline) is not None and due <= at:
            self.sent += self.read.tick(due)

    def shown(self, key: str = "power_a_W") -> list[tuple[float, object, str]]:
        return [(one.at, one.value, one.quality) for one in self.sent if one.point == key]


def test_a_direction_in_the_same_report_decides_whatever_its_place() -> None:
    """zigbee2mqtt#18419: the direction stands behind the power."""
    meter = Meter()
    assert meter.report(1.0, dp101=2000, dp102=1, dp104=0, dp105=500) == {"power_a_W": -200.0, "power_b_W": 50.0}
    assert all(one.quality == "good" for one in meter.sent) and meter.read.deadline is None


def test_a_magnitude_waits_for_a_direction_that_comes_late() -> None:
    meter = Meter()
    assert meter.report(1.0, dp101=2000) == {}
    assert [meter.read.deadline] == [1.0 + DIRECTION_S]
    assert meter.report(1.4, dp102=1) == {"power_a_W": -200.0}
    assert meter.shown() == [(1.0, -200.0, "good")], "it has the time at which it was measured"
    assert meter.read.deadline is None and meter.report(1.5, dp102=1) == {}


def test_a_direction_that_comes_before_the_magnitude_decides_at_once() -> None:
    meter = Meter()
    meter.report(1.0, dp102=1)
    assert meter.report(1.3, dp112=2300, dp101=2000)["power_a_W"] == -200.0


def test_without_any_direction_a_magnitude_is_flagged_after_a_second() -> None:
    meter = Meter()
    meter.report(1.0, dp101=2000)
    meter.until(1.99)
    assert meter.sent == []
    meter.until(2.0)
    (reading,) = meter.sent
    assert (reading.at, reading.value, reading.quality, reading.flags) == (1.0, 200.0, "suspect", ("no_direction",))


def test_a_device_that_reports_changes_only_keeps_its_direction() -> None:
    meter = Meter()
    meter.report(1.0, dp102=1, dp101=2000)
    assert meter.report(60.0, dp101=1900) == {}
    meter.until(61.0)
    assert meter.shown()[1:] == [(60.0, -190.0, "good")]


def test_the_next_magnitude_ends_the_wait_of_the_one_before() -> None:
    meter = Meter()
    meter.report(1.0, dp102=0, dp101=2000)
    assert meter.report(10.0, dp101=1900) == {}
    assert meter.report(10.5, dp101=1800) == {"power_a_W": 190.0}
    assert meter.report(10.6, dp102=1) == {"power_a_W": -180.0}
    assert meter.report(11.0, dp101=1700) == {}
    assert meter.report(11.2, dp101=1600, dp102=0) == {"power_a_W": 160.0}
    assert [value for _, value, _ in meter.shown()] == [200.0, 190.0, -180.0, -170.0, 160.0]


def test_each_report_of_a_direction_serves_one_magnitude() -> None:
    """A meter that reports often: the direction of 1.7 s belongs to the second magnitude."""
    meter = Meter()
    meter.report(1.0, dp102=0)
    assert meter.report(1.2, dp101=2000) == {"power_a_W": 200.0}
    assert meter.report(1.6, dp101=1900) == {}
    assert meter.report(1.7, dp102=1) == {"power_a_W": -190.0}


def test_zero_has_no_direction_and_never_waits() -> None:
    for text in (CLAMP, LAGGING):
        assert Meter(text).report(1.0, dp101=0) == {"power_a_W": 0.0}


def test_a_direction_that_turns_alone_turns_the_last_magnitude_unless_another_follows() -> None:
    meter = Meter()
    meter.report(1.0, dp102=0, dp101=2000)
    assert meter.report(30.0, dp102=1) == {}
    meter.until(31.0)
    assert meter.shown()[1:] == [(30.0, -200.0, "good")]
    assert meter.report(40.0, dp102=0) == {}, "40.3 would show that +200 W were never measured"
    assert meter.report(40.3, dp101=700) == {"power_a_W": 70.0}
    meter.until(60.0)
    assert meter.shown()[2:] == [(40.3, 70.0, "good")]


def test_each_channel_has_a_direction_of_its_own() -> None:
    meter = Meter()
    meter.report(1.0, dp101=2000)
    meter.report(1.1, dp105=500)
    assert meter.report(1.2, dp104=1) == {"power_b_W": -50.0}
    assert meter.report(1.3, dp102=0) == {"power_a_W": 200.0}


def test_after_a_restart_the_direction_is_learned_again() -> None:
    before = Meter()
    before.report(1.0, dp102=1)
    before.report(5.0, dp101=2000)
    assert [one.value for one in before.read.rest(5.2)] == [-200.0], "what waits at the end is not lost"
    after = Meter()
    assert after.report(10.0, dp101=1900) == {}
    assert after.report(10.4, dp102=1) == {"power_a_W": -190.0}


def test_a_clock_that_is_set_back_does_not_make_values_wait_for_it() -> None:
    meter = Meter()
    meter.report(1_000_000.0, dp101=2000)
    assert [one.at for one in meter.read.tick(500_000.0)] == [1_000_000.0]


# --- a direction that is one group late -------------------------------------------------------------


def group(meter: Meter, at: float, power: int, direction: int | None) -> None:
    """Channel A as a PJ-1203A reports it, one data point in a report. The direction is that of the group before."""
    if direction is not None:
        meter.report(at, dp102=direction)
    for step, (dp, raw) in enumerate({"dp112": 2300, "dp101": power, "dp115": power}.items(), 1):
        meter.report(at + step / 10, **{dp: raw})


def test_a_lagging_direction_belongs_to_the_group_before() -> None:
    """zigbee2mqtt#22248: 100 W out, then 900 W in, is never 900 W out."""
    meter = Meter(LAGGING)
    for number, (power, direction) in enumerate([(1000, None), (9000, 1), (8000, 0), (8000, 0)]):
        group(meter, 10.0 * number, power, direction)
    assert meter.shown() == [(0.2, -100.0, "good"), (10.2, 900.0, "good"), (20.2, 800.0, "good")]


def test_a_lagging_direction_that_does_not_come_is_flagged_when_the_next_group_comes() -> None:
    """Without current such a meter reports no direction."""
    meter = Meter(LAGGING)
    for number, (power, direction) in enumerate([(1000, None), (1000, 1), (0, None), (0, None)]):
        group(meter, 10.0 * number, power, direction)
    assert meter.shown() == [(0.2, -100.0, "good"), (10.2, -100.0, "suspect"), (20.2, 0.0, "good"), (30.2, 0.0, "good")]
    assert [one.flags for one in meter.sent if one.point == "power_a_W"][1] == ("no_direction",)


def test_a_lagging_direction_is_waited_for_as_long_as_such_a_meter_may_take() -> None:
    meter = Meter(LAGGING)
    meter.report(1.0, dp101=2000)
    meter.until(1.0 + LAGGING_S - 0.1)
    assert meter.sent == []
    meter.until(1.0 + LAGGING_S)
    assert meter.shown() == [(1.0, 200.0, "suspect")]


def test_of_a_report_with_both_a_lagging_direction_decides_the_magnitude_before() -> None:
    meter = Meter(LAGGING)
    meter.report(1.0, dp101=2000)
    assert meter.report(4.0, dp101=900, dp102=1) == {"power_a_W": -200.0}
    assert meter.report(7.0, dp102=0, dp101=500) == {"power_a_W": 90.0}


def test_a_value_that_waited_is_marked_where_its_scale_cannot_be_right() -> None:
    phase = CLAMP.replace("voltage_V", "voltage_a_V") + '[[point]]\ndp = 113\nkey = "current_a_A"\nscale = 0.001\n'
    meter = Meter(phase)
    for number in range(4):
        meter.report(10.0 * number, dp101=66_700, dp112=2300, dp113=2900)
        meter.report(10.0 * number + 0.3, dp102=1)
    assert [one.flags for one in meter.sent if one.point == "power_a_W"][2:] == [("scale",), ("scale",)]


# --- counters ---------------------------------------------------------------------------------------

COUNTER = (
    HEAD
    + """
[[point]]
dp = 17
key = "energy_import_Wh"
counter = "increment"
negative_when = { dp = 45, is = 1 }
falls_to = "energy_export_Wh"
"""
)


def test_energy_waits_for_its_direction_and_is_counted_once() -> None:
    meter = Meter(COUNTER)
    assert meter.report(10.0, dp17=30) == {}
    assert meter.report(10.5, dp45=1)["energy_export_Wh"] == 30.0
    assert meter.report(70.0, dp17=5) == {}
    assert meter.report(70.5, dp45=0)["energy_import_Wh"] == 5.0
    meter.report(130.0, dp17=7)
    meter.until(140.0)
    assert [one.value for one in meter.sent if one.point == "energy_import_Wh"][-1] == 12.0


def test_a_direction_that_turns_alone_counts_no_energy_again() -> None:
    meter = Meter(COUNTER)
    meter.report(10.0, dp17=30, dp45=0)
    meter.report(20.0, dp45=1)
    meter.until(100.0)
    assert [(one.point, one.value) for one in meter.sent] == [("energy_import_Wh", 30.0)]


def test_energy_that_waits_when_the_hub_ends_is_counted() -> None:
    energy = DeviceEnergy("toy:1", {})
    meter = Meter(COUNTER, energy)
    meter.report(10.0, dp17=30)
    (reading,) = meter.read.rest(10.2)
    assert (reading.value, reading.flags) == (30.0, ("increment", "no_direction"))


@given(
    st.lists(st.tuples(st.integers(1, 900), st.sampled_from([0, 1]), st.sampled_from(["before", "with", "after"]))),
    st.sampled_from(["increment", "number"]),
)
def test_each_value_is_published_once_with_the_direction_of_its_group(
    groups: list[tuple[int, int, str]], what: str
) -> None:
    """Whether the direction comes before, with or after its magnitude, and whichever came last time."""
    meter = Meter(COUNTER if what == "increment" else CLAMP)
    magnitude, direction = ("dp17", "dp45") if what == "increment" else ("dp101", "dp102")
    for number, (count, sign, place) in enumerate(groups):
        at = 10.0 * number
        reports = {
            "before": [{direction: sign}, {magnitude: count}],
            "with": [{magnitude: count, direction: sign}],
            "after": [{magnitude: count}, {direction: sign}],
        }[place]
        for step, report in enumerate(reports):
            meter.report(at + 0.3 * step, **report)
    meter.until(10.0 * len(groups) + 10)
    if what == "increment":
        totals = {one.point: one.value for one in meter.sent}
        for key, sign in (("energy_import_Wh", 0), ("energy_export_Wh", 1)):
            assert totals.get(key, 0.0) == sum(count for count, one, _ in groups if one == sign)
    else:
        expected = [(-count if sign else count) / 10 for count, sign, _ in groups]
        assert [value for _, value, _ in meter.shown()] == expected
        assert all(quality == "good" for *_, quality in meter.shown())


def test_power_that_waits_is_integrated_once_also_where_the_hub_has_integrated_meanwhile() -> None:
    """A magnitude of 59.5 s is decided after the hub has counted up to 60 s with the power before."""
    meter = Meter(CLAMP.replace("power_a_W", "power_W"))
    meter.report(0.0, dp101=36_000, dp102=0)
    meter.report(59.5, dp101=36_000)
    meter.sent += meter.read.integrated(60.0)
    meter.until(61.0)
    meter.report(70.0, dp101=36_000, dp102=0)
    assert [one.value for one in meter.sent if one.point == "energy_import_Wh"][-1] == 70.0
    assert values(meter.read.integrated(20.0))["energy_import_Wh"] == 70.0  # the clock was set back
    assert values(meter.read.integrated(30.0))["energy_import_Wh"] == 80.0


# --- texts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", ["1", "[1]", "[true]", "[1, 3]"])
def test_a_direction_may_be_a_bool_a_number_or_one_of_several(listed: str) -> None:
    meter = Meter(CLAMP.replace("is = 1", f"is = {listed}"))
    assert meter.report(1.0, dp101=2000, dp102=True) == {"power_a_W": -200.0}


def test_a_lagging_direction_that_never_came_is_flagged_when_the_hub_ends() -> None:
    meter = Meter(LAGGING)
    meter.report(1.0, dp101=2000)
    meter.report(2.0, dp102=1)
    meter.report(3.0, dp101=1900)
    (reading,) = meter.read.rest(4.0)
    assert (reading.value, reading.flags) == (-190.0, ("no_direction",))


def test_frames_show_magnitudes_with_their_sign() -> None:
    names = ValueNames(profile(CLAMP))
    piece = Piece(offset=0, data=b"", kind="frame", values=(("101", 2000), ("102", 1)))
    assert names.text(piece) == "power_a_W -200.0 W, 102 = 1"


def test_a_profile_without_directions_waits_for_nothing() -> None:
    text = CLAMP.replace("negative_when", "#")
    one = Interpreter("x", load_profile(text, "x", lambda _: NoSettings), DeviceEnergy("x", {}))
    for at in itertools.islice(itertools.count(1.0), 3):
        assert len(one.readings(Reported({"101": 2000, "105": 5}), at=at)) == 2
    assert one.deadline is None and one.tick(9.0) == [] and one.rest(9.0) == []


# --- on a hub ---------------------------------------------------------------------------------------

ON_A_HUB = load_profile(
    """
name = "toy/clamp"
family = "toy"
title = "Clamp"
products = ["clamp"]
[[point]]
wire = "power"
key = "power_a_W"
negative_when = { wire = "way", is = 1 }
[[point]]
wire = "energy"
key = "energy_import_Wh"
counter = "increment"
negative_when = { wire = "way", is = 1 }
falls_to = "energy_export_Wh"
[[point]]
wire = "late"
key = "power_b_W"
negative_when = { wire = "latest", is = 1 }
direction_lags = true
""",
    "toy.toml",
    lambda _: NoSettings,
)


def clamp(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    return channel(GatewayController, far, profile=ON_A_HUB, generic_part=ON_A_HUB)


def published(home: Home, key: str, device: str = "thing_1") -> list[tuple[object, str]]:
    return [(one.value, one.quality) for one in home.of(Reading) if (one.device, one.point) == (device, key)]


@story
async def test_the_hub_publishes_a_value_when_its_wait_is_over_without_another_report() -> None:
    async with hub(clamp) as home:
        link = await home.far_end("")
        await home.send(link, b"i am c1\njoin 1 x\n1 power 200\n")
        await asyncio.sleep(DIRECTION_S - 0.1)
        assert published(home, "power_a_W") == []
        await asyncio.sleep(0.2)
        assert published(home, "power_a_W") == [(200, "suspect")]
        await home.send(link, b"1 way 1\n1 power 150\n1 power 120\n")
        await asyncio.sleep(5)
        assert published(home, "power_a_W")[1:] == [(-150, "good"), (-120, "good")]


@story
async def test_sub_devices_wait_each_for_its_own_direction() -> None:
    async with hub(clamp) as home:
        link = await home.far_end("")
        await home.send(link, b"i am c1\njoin 1 x\njoin 2 x\n1 power 200\n")
        await asyncio.sleep(0.5)
        await home.send(link, b"2 power 300\n1 way 1\n")
        assert published(home, "power_a_W") == [(-200, "good")]
        await asyncio.sleep(1.1)
        assert published(home, "power_a_W", "thing_2") == [(300, "suspect")]


@story
async def test_a_value_that_waits_long_does_not_delay_one_that_waits_a_second() -> None:
    async with hub(clamp) as home:
        link = await home.far_end("")
        await home.send(link, b"i am c1\njoin 1 x\n1 late 300\n")
        await home.send(link, b"1 power 200\n")
        await asyncio.sleep(DIRECTION_S + 0.1)
        assert published(home, "power_a_W") == [(200, "suspect")] and published(home, "power_b_W") == []
        await asyncio.sleep(LAGGING_S)
        assert published(home, "power_b_W") == [(300, "suspect")]


@story
async def test_what_waits_when_a_sub_device_leaves_is_published() -> None:
    async with hub(clamp) as home:
        link = await home.far_end("")
        await home.send(link, b"i am c1\njoin 1 x\n1 energy 30\nleave 1\n")
        assert published(home, "energy_import_Wh") == [(30.0, "good")]


@story
async def test_what_waits_when_the_hub_ends_is_published() -> None:
    async with hub(clamp) as home:
        link = await home.far_end("")
        await home.send(link, b"i am c1\njoin 1 x\n1 energy 30\n")
        assert published(home, "energy_import_Wh") == []
    assert published(home, "energy_import_Wh") == [(30.0, "good")]


class Sure(GatewayController):
    """Its device wants to be sure that what it reports is stored."""

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if data == b"sure\n":
            return [Reported({"energy": 30}, "1"), Asked(7, AskStored())]
        return super().receive(data, now, path, re)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return []


@story
async def test_a_report_that_must_be_stored_before_it_is_acknowledged_does_not_wait() -> None:
    async with hub(lambda far: channel(Sure, far, profile=ON_A_HUB, generic_part=ON_A_HUB)) as home:
        link = await home.far_end("")
        await home.send(link, b"i am c1\njoin 1 x\n")
        await home.send(link, b"sure\n")
        assert published(home, "energy_import_Wh") == [(30.0, "good")]
