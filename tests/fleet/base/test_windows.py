"""Windows in the base: of each, the content with the highest number, however often and in whatever order it comes."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.filled_base import (
    DAY,
    NOW,
    add_home,
    add_organisation,
    energy,
    hello,
    state,
    store,
    store_everything,
    sum_of,
    window,
)
from fleet.identities import new_hub_id
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.views import HomeFilter, HubWindows, Scope
from unclouded.fleet.base.windows.day_sums import MOST_LEVELS
from unclouded.uplink.messages import DaySum, SentWindow

ALL = Scope.everything()
YESTERDAY = int(NOW) - 2 * DAY
HOURS = range(YESTERDAY, YESTERDAY + 4 * 3600, 3600)


async def test_newest_window_is_kept_and_its_days_are_of_the_same_number(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    await store(base, hub, "energy", window("energy", HOURS[0], 5, value=500), window("energy", HOURS[1], 6, value=600))
    await store(base, hub, "energy", window("energy", HOURS[0], 4, value=1))  # late: an older one
    found = await base.history.windows(ALL, hub, "energy", 0, NOW)
    assert [(one.start, one.number) for one in found] == [(HOURS[0], 5), (HOURS[1], 6)]
    (day,) = await base.energy.energy(ALL, "2026-11-01", "2026-11-30")
    assert (day.period, day.import_mWh, day.export_mWh, day.solar_mWh) == ("2026-11-28", 600, 7, None)


async def test_powers_that_no_home_has_are_left_out_of_the_sum_of_all(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hubs = [await add_home(base, organisation) for _ in range(3)]
    powers = dict(zip(hubs, (1.7e308, 1.7e308, 5.0), strict=True))
    await base.windows.store_states({hub: state(power_W=power) for hub, power in powers.items()}, NOW)
    assert (await base.homes.sums(ALL, HomeFilter(), NOW)).power_W == 5.0


async def test_window_that_cannot_be_read_is_refused_alone(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    good = window("energy", HOURS[0], 1)
    future = (int(NOW) + 9 * DAY) // 3600 * 3600
    bad = [
        SentWindow(HOURS[1], 1, b"\xc1"),
        SentWindow(HOURS[2] + 1, 1, good.data),
        SentWindow(future, 1, good.data),
        SentWindow(0, 1, good.data),
        SentWindow(HOURS[3], -1, good.data),
        SentWindow(HOURS[3] + 3600, 1, energy("2026-10-01", 1)),
        SentWindow(HOURS[3] + 7200, 1, energy("2026-11-28", 10**18)),
    ]
    messages = [HubWindows(hub, "energy", (good, *bad)), HubWindows(hub, "No such", (good,))]
    for level in ("quarter", "minute", "raw", "events"):
        messages.append(HubWindows(hub, level, (SentWindow(HOURS[0], 1, b"\xc1"), window(level, HOURS[1], 1))))
    energies, other, *rest = await base.windows.store_windows(messages, NOW)
    assert energies.stored == 1 and {one.start for one in energies.refused} == {one.start for one in bad}
    assert other.stored == 0 and [one.start for one in other.refused] == [good.start]
    assert all(one.stored == 1 and len(one.refused) == 1 for one in rest)
    assert [one.start for one in await base.history.windows(ALL, hub, "energy", 0, NOW)] == [good.start]


async def test_unknown_levels_are_kept_unopened_but_not_without_bound(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    await store(base, hub, "later", SentWindow(HOURS[0], 1, b"\xc1 of a newer hub"))
    assert (await base.history.windows(ALL, hub, "later", 0, NOW))[0].data == b"\xc1 of a newer hub"
    many = [HubWindows(hub, f"level_{number}", (SentWindow(HOURS[0], 1, b""),)) for number in range(70)]
    answers = [answer for one in many for answer in await base.windows.store_windows([one], NOW)]
    assert [one.stored for one in answers].count(1) == 64 - 6


async def test_unknown_and_revoked_hubs_leave_nothing(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    await base.register.revoke(hub, NOW)
    message = HubWindows(hub, "energy", (window("energy", HOURS[0], 1),))
    answers = await base.windows.store_windows([message, HubWindows("z" * 20, "energy", message.windows)], NOW)
    assert [(one.known, one.stored) for one in answers] == [(False, 0)] * 2
    await base.windows.store_states({hub: state(), "z" * 20: state()}, NOW)
    assert (await base.homes.home(ALL, hub, NOW)).home.seen is None
    assert not await base.windows.store_reports(hub, (), NOW)
    assert not (await base.windows.greet(hub, hello({}), NOW)).known


async def test_events_are_those_of_the_newest_window(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    await store_everything(base, hub, HOURS[0])
    await store(base, hub, "events", window("events", HOURS[0], 3, value=30))
    await store(base, hub, "events", window("events", HOURS[0], 2, value=20))
    (event,) = await base.history.events(ALL, hub)
    assert (event.device, event.kind, event.data) == ("plug-1", "state", {"state": "offline", "value": 30})


async def test_hello_finds_the_days_that_differ(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    await store_everything(base, hub, HOURS[0], number=9)
    day = HOURS[0] // DAY
    same = {level: (sum_of([9], day),) for level in ("energy", "raw", "later")}
    welcome = await base.windows.greet(hub, hello({**same, "catalogue": (DaySum(0, 1, 9),)}), NOW)
    assert (welcome.known, welcome.differing, welcome.again, welcome.highest) == (True, {}, None, 9)
    other = {"raw": (sum_of([9], day), sum_of([1], day - 1)), "unseen": (sum_of([1], day),), "energy": ()}
    welcome = await base.windows.greet(hub, hello({**other, "catalogue": (DaySum(0, 1, 10),)}), NOW)
    assert welcome.differing == {"raw": (day - 1,), "unseen": (day,), "catalogue": (0,)}
    many = {f"level{number}": (sum_of([1], day),) for number in range(5_000)}
    assert len((await base.windows.greet(hub, hello(many), NOW)).differing) == MOST_LEVELS
    detail = await base.homes.home(ALL, hub, NOW)
    assert (detail.let_out, detail.home.levels, detail.hello) == (("names", "control"), ("energy", "raw"), NOW)


async def test_again_is_wanted_until_it_is_done_and_has_no_end(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hub, other = await add_home(base, organisation), await add_home(base, organisation)
    first = await base.register.again(NOW - 5 * DAY, NOW)
    second = await base.register.again(NOW - DAY, NOW, hub)
    again = (await base.windows.greet(hub, hello({}), NOW)).again
    assert again is not None and (again.number, again.since) == (second.number, NOW - 5 * DAY)
    again = (await base.windows.greet(hub, hello({}, again_done=first.number), NOW)).again
    assert again is not None and (again.number, again.since, again.hub) == (second.number, NOW - DAY, hub)
    assert (await base.windows.greet(hub, hello({}, again_done=second.number), NOW)).again is None
    assert (await base.windows.greet(other, hello({}, again_done=first.number), NOW)).again is None


async def test_states_that_no_number_can_hold_do_no_harm(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    odd = state(power_W=float("nan"), import_mWh=2**63, devices=2**40, alerts=("a\0b", "\n", "x" * 999), behind=-1)
    await base.windows.store_states({hub: odd}, NOW)
    (line,) = (await base.homes.homes(ALL, HomeFilter(), NOW)).homes
    assert (line.power_W, line.import_mWh, line.devices, line.behind) == (None, None, 2**31 - 1, 0)
    assert line.alerts == ("ab", " ", "x" * 60) and line.state == "attention"
    await base.windows.store_states({hub: state(at=NOW - 5)}, NOW + 1)  # came late
    assert (await base.homes.rows(ALL, [hub], NOW))[0].devices == 2**31 - 1
    await base.windows.store_states({hub: state(at=NOW - 5)}, NOW + 100)  # the hub's clock was set back
    assert (await base.homes.rows(ALL, [hub], NOW))[0].devices == 2


messages = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["energy", "later"]), st.integers(0, 3), st.integers(1, 40)),
    min_size=1,
    max_size=6,
)
steps = st.lists(st.one_of(st.tuples(messages, messages), st.just("seal")), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
async def test_base_is_a_dictionary_of_highest_numbers(
    base: FleetBase, script: list[tuple[list[tuple[int, str, int, int]], ...] | str]
) -> None:
    """Two ingesters at once, repeats, any order, sealing in between."""
    organisation = await add_organisation(base, new_hub_id())
    hubs = [await add_home(base, organisation), await add_home(base, organisation)]
    truth: dict[tuple[str, str, int], int] = {}
    for step in script:
        if isinstance(step, str):
            while (await base.upkeep.seal(NOW, 1)).more:
                pass
            continue
        await asyncio.gather(*(send(base, hubs, sent) for sent in step))
        for place, level, hour, number in [*step[0], *step[1]]:
            key = hubs[place], level, HOURS[hour]
            truth[key] = max(truth.get(key, 0), number)
    await check(base, hubs, truth)


async def send(base: FleetBase, hubs: list[str], sent: list[tuple[int, str, int, int]]) -> None:
    batch = [
        HubWindows(hubs[place], level, (window(level, HOURS[hour], number, value=number),))
        for place, level, hour, number in sent
    ]
    answers = await base.windows.store_windows(batch, NOW)
    assert all(one.known and one.stored == 1 for one in answers)


async def check(base: FleetBase, hubs: list[str], truth: dict[tuple[str, str, int], int]) -> None:
    day = HOURS[0] // DAY
    for hub in hubs:
        mine = {key: number for key, number in truth.items() if key[0] == hub}
        for level in ("energy", "later"):
            found = await base.history.windows(ALL, hub, level, 0, NOW)
            wanted = [window(level, start, n, n) for (_, name, start), n in sorted(mine.items()) if name == level]
            assert found == wanted
            sums = {level: (sum_of([one.number for one in wanted], day),)}
            assert (await base.windows.greet(hub, hello(sums), NOW)).differing == {}
            wrong = {level: (sum_of([*(one.number for one in wanted), 999], day),)}
            assert (await base.windows.greet(hub, hello(wrong), NOW)).differing == {level: (day,)}
        days = await base.energy.each(ALL, [hub], "2026-11-01", "2026-11-30")
        energies = [number for (_, name, _), number in mine.items() if name == "energy"]
        assert [one.import_mWh for one in days] == ([max(energies)] if energies else [])


@pytest.mark.parametrize("part", ["window", "sealed"])
async def test_month_whose_part_is_gone_is_made_again(base: FleetBase, part: str) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    await store(base, hub, "later", SentWindow(HOURS[0], 1, b"1"))
    levels = dict.fromkeys(("energy", "quarter", "minute", "raw", "events", "later"), 30)
    dropped = await base.upkeep.drop_expired(NOW + 100 * DAY, levels)
    assert f"{part}_2026_11" in dropped
    await store(base, hub, "later", SentWindow(HOURS[0], 2, b"2"))
    assert [one.number for one in await base.history.windows(ALL, hub, "later", 0, NOW)] == [2]
