"""Colours of devices: given out in the order of the home, kept with the device, never by chance."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.model import COLOURS, Device, Point
from unclouded.hub.colours import SETTLED_S, DeviceColours

POWER = Point(key="power_W")
SWITCH = Point(key="on", kind="switch", access="rw")


def plug(id: str, *points: Point, identity: str = "", **more: Any) -> Device:
    return Device(
        id=id, identity=identity or f"of:{id}", family="toy", link="", profile="", points=points or (POWER,), **more
    )


class Home:
    """A home whose devices come and go. ``now``: s."""

    def __init__(self, *order: str, kept: Mapping[str, int] | None = None) -> None:
        self.now = 0.0
        self.colours = DeviceColours(kept or {})
        self.devices: dict[str, Device] = {}
        self.arrange(*order)

    def arrange(self, *order: str, **parents: str) -> None:
        gone = [id for id in self.devices if id not in order]
        self.colours.remove(gone, self.now)
        for id in gone:
            del self.devices[id]
        self.colours.arrange({id: parents.get(id, "") for id in order}, self.now)

    def describe(self, *devices: Device) -> list[str]:
        """The ids of the others that are described again."""
        self.devices.update({one.id: one for one in devices})
        return [one.id for one in self.colours.describe(devices, self.now)]

    def shown(self) -> dict[str, int | None]:
        return {id: self.colours.shown(one).colour for id, one in self.devices.items()}


def test_the_order_of_the_home_decides_and_not_who_answers_first() -> None:
    home = Home("fridge", "kettle", "tv")
    assert home.describe(plug("tv")) == []
    assert home.shown() == {"tv": 0}
    home.now = 5.0
    assert home.describe(plug("kettle")) == ["tv"], "it is published with its other colour"
    home.describe(plug("fridge"))
    assert home.shown() == {"fridge": 0, "kettle": 1, "tv": 2}


def test_a_colour_stays_when_devices_before_it_come_and_go() -> None:
    home = Home("fridge", "kettle", "tv")
    home.describe(plug("fridge"), plug("kettle"), plug("tv"))
    home.now = SETTLED_S
    home.arrange("kettle", "tv")
    assert home.shown() == {"kettle": 1, "tv": 2}
    home.arrange("lamp", "kettle", "tv", "heater")
    home.describe(plug("heater"), plug("lamp"))
    assert home.shown() == {"kettle": 1, "tv": 2, "lamp": 0, "heater": 3}
    home.now += SETTLED_S
    home.arrange("fridge", "lamp", "kettle", "tv", "heater")
    home.describe(plug("fridge"))
    assert home.shown()["fridge"] == 4, "its own has been given to another one"


def test_a_colour_of_an_earlier_run_stays_with_the_identity() -> None:
    home = Home("fridge", "tea", kept={"of:kettle": 7, "of:pump": 0})
    home.describe(plug("fridge"), plug("tea", identity="of:kettle"))
    assert home.shown() == {"fridge": 0, "tea": 7}
    home.arrange("fridge", "tea", "pump")
    home.describe(plug("pump"))
    assert home.shown()["pump"] == 0 and home.shown()["fridge"] == 1, "the fridge had it for a moment only"


def test_a_device_that_returns_gets_its_colour_again() -> None:
    home = Home("fridge", "kettle")
    home.describe(plug("fridge"), plug("kettle"))
    home.now = SETTLED_S
    home.arrange("kettle")
    home.arrange("kettle", "fridge")
    home.describe(plug("fridge"))
    assert home.shown() == {"kettle": 1, "fridge": 0}


def test_a_device_that_begins_anew_keeps_its_colour_until_it_is_identified() -> None:
    home = Home("fridge", "kettle", "tv")
    home.describe(plug("fridge"), plug("kettle"), plug("tv"))
    home.now = SETTLED_S
    home.arrange("kettle", "tv")
    home.colours.stop(["tv"])
    unknown = Device(id="tv", identity="", family="toy", link="", profile="")
    assert home.describe(unknown) == [] and home.shown() == {"kettle": 1, "tv": 2}
    home.describe(plug("tv"))
    assert home.shown() == {"kettle": 1, "tv": 2}
    home.colours.stop(["tv"])
    assert home.describe(plug("kettle", colour=2)) == [], "the old description of a stopped device is not published"


def test_a_colour_of_the_configuration_is_taken_from_the_one_that_has_it() -> None:
    home = Home("fridge", "kettle")
    home.describe(plug("fridge"), plug("kettle"))
    home.now = SETTLED_S
    assert home.describe(plug("kettle", colour=0)) == ["fridge"]
    assert home.shown() == {"fridge": 1, "kettle": 0}
    home.describe(plug("kettle"))
    assert home.shown()["kettle"] is not None


@pytest.mark.parametrize(
    ("device", "parents"),
    [
        pytest.param(plug("one", SWITCH), {}, id="a lamp that measures nothing"),
        pytest.param(plug("one", produces=True), {}, id="a roof"),
        pytest.param(plug("one", POWER, Point(key="energy_export_Wh")), {}, id="a meter of both directions"),
        pytest.param(plug("one"), {"kettle": "one"}, id="a meter with devices inside"),
    ],
)
def test_what_charts_do_not_distinguish_takes_no_colour(device: Device, parents: dict[str, str]) -> None:
    home = Home()
    home.arrange("one", "kettle", **parents)
    home.describe(device, plug("kettle"))
    assert home.shown() == {"one": None, "kettle": 0}


def test_a_strip_that_can_be_switched_has_a_colour_and_so_have_its_outlets_in_their_order() -> None:
    home = Home()
    home.arrange("strip", "kettle")
    home.describe(plug("kettle"), plug("strip", POWER, SWITCH))
    home.describe(plug("strip_1", parent="strip"), plug("strip_2", parent="strip"))
    assert home.shown() == {"strip": 0, "strip_1": 1, "strip_2": 2, "kettle": 3}


def test_the_eleventh_device_has_none_until_one_is_free() -> None:
    ids = [f"d{number}" for number in range(12)]
    home = Home(*ids)
    home.describe(*map(plug, ids))
    assert [home.shown()[id] for id in ids] == [*range(COLOURS), None, None]
    home.now = SETTLED_S
    assert [one.id for one in home.colours.remove(["d3"], home.now)] == ["d10"]
    assert home.shown()["d10"] == 3


def test_a_home_of_thousands_is_not_gone_through_for_each_device() -> None:
    ids = [f"d{number}" for number in range(3000)]
    home = Home(*ids)
    calls = 0
    give = home.colours._give

    def counted(now: float) -> list[Device]:
        nonlocal calls
        calls += 1
        return give(now)

    home.colours._give = counted  # type: ignore[method-assign]
    for id in ids:
        home.describe(plug(id))
    assert calls <= COLOURS


changes = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "choose", "wait"]), st.integers(0, 13), st.integers(0, 9) | st.none()),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(changes)
def test_no_two_devices_share_a_colour_that_was_given_and_what_is_kept_stays(steps: list[tuple[str, int, int]]) -> None:
    home = Home()
    chosen: dict[str, int | None] = {}
    for what, number, colour in steps:
        id, before = f"d{number}", home.shown()
        match what:
            case "add":
                home.arrange(*sorted({*home.devices, id}))
                home.describe(plug(id, colour=chosen.get(id)))
            case "remove":
                home.arrange(*(one for one in home.devices if one != id))
            case "choose" if id in home.devices:
                chosen[id] = colour
                home.describe(plug(id, colour=colour))
            case "wait":
                home.now += SETTLED_S
        home.now += SETTLED_S
        home.colours._settle(home.now)
        now = home.shown()
        own = {one: now[one] for one in now if home.devices[one].colour is None and now[one] is not None}
        assert len(set(own.values())) == len(own) and not set(own.values()) & set(chosen_now(home).values())
        assert len(now) > COLOURS or all(now[one] is not None for one in now) or chosen_now(home)
        if what != "choose":
            free = set(chosen_now(home).values())
            kept = [one for one in own if before.get(one) is not None and before[one] not in free]
            assert all(now[one] == before[one] for one in kept)


def chosen_now(home: Home) -> dict[str, int]:
    return {id: one.colour for id, one in home.devices.items() if one.colour is not None}
