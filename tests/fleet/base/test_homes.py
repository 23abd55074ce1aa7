"""The list of homes: worst first, searched, filtered, counted and paged."""

import pytest

from fleet.filled_base import NOW, add_home, add_organisation, state, store_everything
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused
from unclouded.fleet.base.views import HomeFilter, Scope

ALL = Scope.everything()


async def street(base: FleetBase) -> dict[str, str]:
    """One home in each state; by name."""
    organisation = await add_organisation(base, "A")
    names = ["well", "behind", "silent", "fault", "alert", "new", "gone", "Well 100%_"]
    hubs = {name: await add_home(base, organisation, name, place="Calle Mayor 14") for name in names}
    states = {
        "well": state(behind=2),
        "Well 100%_": state(version="0.8.7", power_W=None, import_mWh=5),
        "behind": state(behind=3),
        "fault": state(devices_offline=1, power_W=-100.0),
        "alert": state(alerts=("disk", "clock")),
        "gone": state(),
    }
    await base.windows.store_states({hubs[name]: one for name, one in states.items()}, NOW)
    await base.windows.store_states({hubs["silent"]: state()}, NOW - 1201)
    await base.register.revoke(hubs["gone"], NOW)
    return hubs


async def names_of(base: FleetBase, filter: HomeFilter, limit: int = 100) -> list[str]:
    """Page by page."""
    found, after = list[str](), ""
    while True:
        page = await base.homes.homes(ALL, filter, NOW, after, limit)
        assert len(page.homes) <= limit
        found += [home.name for home in page.homes]
        after = page.after
        if not after:
            return found


async def test_worst_homes_come_first_whatever_the_page_holds(base: FleetBase) -> None:
    await street(base)
    wanted = ["alert", "fault", "silent", "behind", "well", "Well 100%_", "new", "gone"]
    for limit in (1, 3, 8, 100):
        assert await names_of(base, HomeFilter(), limit) == wanted
    page = await base.homes.homes(ALL, HomeFilter(), NOW)
    states = ["attention", "attention", "offline", "behind", "well", "well", "new", "revoked"]
    assert [home.state for home in page.homes] == states


@pytest.mark.parametrize(
    ("filter", "wanted"),
    [
        (HomeFilter(search="WELL"), ["well", "Well 100%_"]),
        (HomeFilter(search="0%_"), ["Well 100%_"]),
        (HomeFilter(search="mayor 14", state="new"), ["new"]),
        (HomeFilter(search="\0"), None),
        (HomeFilter(search="meter-1"), ["well"]),
        (HomeFilter(search="eter-1"), []),
        (HomeFilter(flag="alert.disk"), ["alert"]),
        (HomeFilter(flag="level.raw"), []),
        (HomeFilter(version="0.8.7"), ["Well 100%_"]),
        (HomeFilter(state="attention"), ["alert", "fault"]),
        (HomeFilter(organisation=99), []),
    ],
)
async def test_filters(base: FleetBase, filter: HomeFilter, wanted: list[str] | None) -> None:
    hubs = await street(base)
    await store_everything(base, hubs["well"], int(NOW) - 7200)
    await base.windows.store_states({hubs["well"]: state(behind=2)}, NOW)
    found = await names_of(base, filter, 2)
    assert found == wanted if wanted is not None else len(found) == 8
    assert (await base.homes.sums(ALL, filter, NOW)).homes == len(found)


async def test_sums_of_a_filter(base: FleetBase) -> None:
    await street(base)
    sums = await base.homes.sums(ALL, HomeFilter(state="attention", version="0.9.2"), NOW)
    assert (sums.homes, sums.power_W, sums.import_mWh) == (2, 218.0, None)
    assert sums.states == {"attention": 2, "offline": 1, "behind": 1, "well": 1, "new": 0, "revoked": 1}
    assert sums.versions == {"0.9.2": 2} and sums.flags == {"alert.disk": 1, "alert.clock": 1}
    every = await base.homes.sums(ALL, HomeFilter(), NOW)
    assert (every.homes, every.power_W, every.import_mWh) == (8, 318.0 * 3 - 100.0, 5)
    assert every.versions == {"0.9.2": 6, "0.8.7": 1}


@pytest.mark.parametrize("after", ["x", "!!!!", "W10=", "WyJhIl0="])
async def test_place_that_no_page_gave_is_refused(base: FleetBase, after: str) -> None:
    with pytest.raises(BaseRefused, match="begin at its start"):
        await base.homes.homes(ALL, HomeFilter(), NOW, after)
