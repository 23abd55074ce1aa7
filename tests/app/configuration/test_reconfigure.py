"""A running hub gets another list of devices: what changed begins again, everything else goes on as it was."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from app.configuration.many_plugs import ManyPlugs, device, many_plugs
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Command, Device, Fact, Notice, Reading, Status
from virtual_loop import story

FIFTY = [device(number) for number in range(1, 51)]


async def twenty_seconds(after: Sequence[str]) -> ManyPlugs:
    """Fifty plugs; after ten seconds all others than 17 are switched, and the configuration changes meanwhile."""
    async with many_plugs("\n".join(FIFTY), 50) as home:
        await asyncio.sleep(10)
        before = home.sessions()
        others = [f"plug_{number}" for number in range(1, 51) if number != 17]
        commands = [asyncio.create_task(home.hub.command(Command(id, "on", True))) for id in others]
        await asyncio.sleep(0)
        if after:
            done = await home.reconfigure("\n".join(after))
            assert done.changes.renamed == {"plug_17": "kitchen"} and done.changes.started == {"kitchen"}
        assert {one.result for one in await asyncio.gather(*commands)} == {"confirmed"}
        await asyncio.sleep(10)
        assert all(home.sessions()[id] is before[id] for id in others)
        assert all(home.states(id) == ["connecting", "online"] for id in others)
        return home


@story
async def test_one_of_fifty_is_renamed_and_the_others_go_on_as_if_nothing_had_happened() -> None:
    renamed = [device(17, "kitchen", name="Kitchen") if one == device(17) else one for one in FIFTY]
    disturbed, calm = await twenty_seconds(renamed), await twenty_seconds([])
    start = disturbed.started_at, calm.started_at
    for number in [number for number in range(1, 51) if number != 17]:
        with_change, without = (one.readings(f"plug_{number}", "power_W") for one in (disturbed, calm))
        assert with_change == without and len(without) > 15, start
    assert disturbed.states("kitchen")[:2] == ["connecting", "online"], "then the story ends"
    seconds = [*disturbed.readings("plug_17", "power_W"), *disturbed.readings("kitchen", "power_W")]
    assert max(later - earlier for earlier, later in pairwise(seconds)) <= 2.1


@story
async def test_a_device_under_another_id_has_its_identity_and_its_totals() -> None:
    async with many_plugs(device(1), 1) as home:
        await asyncio.sleep(5)
        (before,) = home.hub.devices()
        await home.reconfigure(device(1, "kettle"))
        await asyncio.sleep(5)
        (after,) = home.hub.devices()
        assert (after.id, after.identity) == ("kettle", before.identity)
        totals = [
            *home.readings("plug_1", "energy_import_Wh").values(),
            *home.readings("kettle", "energy_import_Wh").values(),
        ]
        assert totals == sorted(totals)
        with pytest.raises(CommandError, match="no device 'plug_1'"):
            await home.hub.command(Command("plug_1", "on", True))


@story
async def test_names_places_and_what_pages_show_change_without_a_restart() -> None:
    async with many_plugs(device(1) + "\n" + device(2), 2) as home:
        await asyncio.sleep(3)
        sessions = home.sessions()
        done = await home.reconfigure(
            device(1)
            + "\n"
            + device(2, name="Roof", room="Attic", parent="plug_1")
            + "produces = true\ncritical = true\nfavourite = true\ncolour = 7\n"
        )
        assert done.changes.described == ("plug_2",) and not done.changes.stopped
        assert home.sessions() == sessions
        assert [channel.spec for node in home.hub._nodes.values() for channel in node.channels] == home.made[-2:]
        now = home.hub.devices()[1]
        assert (now.name, now.room, now.parent, now.produces) == ("Roof", "Attic", "plug_1", True)
        assert (now.critical, now.favourite, now.colour) == (True, True, 7)
        published = [fact for _, fact in home.facts if isinstance(fact, Device) and fact.id == "plug_2"]
        assert published[-1].room == "Attic", "pages are sent it, and it is stored"


@story
async def test_another_factor_restarts_the_device_and_its_total_goes_on() -> None:
    async with many_plugs(device(1) + device(2), 2) as home:
        await asyncio.sleep(10)
        done = await home.reconfigure(device(1) + device(2, scale="{ power_W = 10 }"))
        assert done.changes.restarted == ("plug_2",) and done.changes.kept == ("plug_1",)
        await asyncio.sleep(10)
        watts = list(home.readings("plug_2", "power_W").values())
        assert watts[-1] == pytest.approx(watts[0] * 10, rel=0.1)
        assert [home.wires[f"tcp://10.0.0.{n}:6638"].opened for n in (1, 2)] == [1, 2]


@story
async def test_devices_are_added_and_removed_and_stand_in_the_order_of_the_configuration() -> None:
    async with many_plugs(device(1) + device(2), 3) as home:
        await asyncio.sleep(3)
        done = await home.reconfigure(device(3) + device(2))
        assert (done.changes.added, done.changes.removed, done.changes.kept) == (("plug_3",), ("plug_1",), ("plug_2",))
        assert [one.id for one in done.removed] == ["plug_1"]
        await asyncio.sleep(3)
        assert [one.id for one in home.hub.devices()] == ["plug_3", "plug_2"]
        assert home.states("plug_3")[-1] == "online"
        assert not any(getattr(fact, "device", "") == "plug_1" for fact in home.hub.snapshot())
        notice = next(fact for _, fact in home.facts if isinstance(fact, Notice) and fact.kind == "removed")
        assert notice.data["device"] == "plug_1" and notice.data["identities"]


@story
async def test_two_devices_exchange_their_wires() -> None:
    """The second must not open the wire before the first has closed it."""
    async with many_plugs(device(1) + device(2), 2) as home:
        await asyncio.sleep(3)
        identities = [one.identity for one in home.hub.devices()]
        stored: list[Fact] = []
        home.hub.subscribe(stored.extend, stamped=True)
        swapped = device(1, "plug_2") + device(2, "plug_1")
        done = await home.reconfigure(swapped)
        assert set(done.changes.restarted) == {"plug_1", "plug_2"}
        await asyncio.sleep(3)
        assert [home.states(id)[-1] for id in ("plug_1", "plug_2")] == ["online", "online"]
        since = next(place for place, fact in enumerate(stored) if isinstance(fact, Device))
        first = next(fact for fact in stored[since:] if getattr(fact, "id", "") == "plug_1")
        assert isinstance(first, Device) and first.identity == identities[1]
        early = [fact for fact in stored[: stored.index(first)] if getattr(fact, "device", "") == "plug_1"]
        assert [fact.state for fact in early if isinstance(fact, Status)] == ["offline"], "that of the other wire"


@story
async def test_what_cannot_be_made_changes_nothing() -> None:
    async with many_plugs(device(1), 1) as home:
        await asyncio.sleep(3)
        sessions, count = home.sessions(), len(home.facts)
        with pytest.raises(ConfigError, match="nowhere"):
            await home.reconfigure(device(1).replace("tuya_wifi", "nowhere"))
        assert home.sessions() == sessions and len(home.facts) == count
        await asyncio.sleep(3)
        assert home.states("plug_1") == ["connecting", "online"]


@story
async def test_a_command_that_a_restart_interrupts_has_an_outcome() -> None:
    async with many_plugs(device(1), 1) as home:
        await asyncio.sleep(3)
        switching = asyncio.create_task(home.hub.command(Command("plug_1", "on", False)))
        await asyncio.sleep(0)
        await home.reconfigure(device(1, scale="{ power_W = 2 }"))
        outcome = await switching
        assert outcome.result in ("unreachable", "confirmed") and (outcome.reason or outcome.result == "confirmed")


@story
async def test_values_of_points_that_another_profile_lacks_are_gone() -> None:
    async with many_plugs(device(1), 1) as home:
        await asyncio.sleep(3)
        await home.reconfigure(device(1).replace("tuya/plug_metering", "tuya/generic"))
        await asyncio.sleep(0)
        points = {fact.point for fact in home.hub.snapshot() if isinstance(fact, Reading)}
        assert "power_W" not in points


@story
async def test_values_of_the_former_profile_are_gone_once_the_product_is_known_again() -> None:
    unknown = device(1).replace("tuya/plug_metering", "tuya/generic")
    async with many_plugs(unknown, 1) as home:
        await asyncio.sleep(3)
        assert home.values("plug_1").keys() >= {"dp_1", "dp_19"}
        await home.reconfigure(device(1).replace('profile = "tuya/plug_metering"\n', ""))
        await asyncio.sleep(3)
        assert home.hub.devices()[0].profile == "tuya/plug_metering"
        assert home.values("plug_1").keys() >= {"on", "power_W"}
        assert not [point for point in home.values("plug_1") if point.startswith("dp_")]


@story
async def test_a_device_goes_on_with_the_totals_of_the_one_that_it_replaces() -> None:
    async with many_plugs(device(1), 2) as home:
        await asyncio.sleep(300)
        counted = max(home.readings("plug_1", "energy_import_Wh").values())
        await home.reconfigure(device(2))
        await asyncio.sleep(300)
        own = max(home.readings("plug_2", "energy_import_Wh").values())
        await home.reconfigure(device(2, replaces="plug_1"))
        await asyncio.sleep(30)
        total = max(home.readings("plug_2", "energy_import_Wh").values())
        assert total >= counted + own > own


@story
async def test_a_device_that_was_first_seen_in_this_run_is_the_same_on_another_wire() -> None:
    async with many_plugs(device(1), 2) as home:
        await asyncio.sleep(3)
        identity = home.hub.devices()[0].identity
        done = await home.reconfigure(device(2, "plug_1"))
        assert done.changes.restarted == ("plug_1",)
        await asyncio.sleep(3)
        assert home.states("plug_1")[-1] == "online" and home.hub.devices()[0].identity == identity


@story
async def test_a_device_whose_history_was_deleted_counts_anew() -> None:
    totals: list[object] = []
    for is_deleted in (False, True):
        async with many_plugs(device(1), 1) as home:
            await asyncio.sleep(200)
            done = await home.reconfigure("")
            if is_deleted:
                home.hub.drop_history(done.removed)
            await home.reconfigure(device(1))
            await asyncio.sleep(60)
            totals.append(max(home.readings("plug_1", "energy_import_Wh", 205.0).values()))
    kept, fresh = totals
    assert kept > fresh  # type: ignore[operator]  # numbers


PROFILE = """
name = "tuya/mine"
family = "tuya_wifi"
title = "Mine"
products = ["{product}"]
[[point]]
dp = 1
type = "bool"
key = "on"
access = "rw"
[[point]]
dp = 19
type = "value"
key = "power_W"
scale = {scale}
"""


@story
async def test_a_profile_that_is_different_restarts_the_devices_that_have_it(tmp_path: Path) -> None:
    own = tmp_path / "tuya"
    own.mkdir()
    hub = f'[hub]\nprofiles = "{tmp_path}"\n'
    text = hub + device(1).replace('profile = "tuya/plug_metering"\n', "") + device(2)
    async with many_plugs(text, 2) as home:
        await asyncio.sleep(3)
        product = home.hub.devices()[0].info["product"]
        (own / "other.toml").write_text(PROFILE.format(product="other", scale=1).replace("tuya/mine", "tuya/other"))
        assert (await home.reconfigure(text)).changes.stopped == (), "a file that concerns no device"
        (own / "mine.toml").write_text(PROFILE.format(product=product, scale=100))
        assert (await home.reconfigure(text)).changes.restarted == ("plug_1",)
        await asyncio.sleep(3)
        assert home.hub.devices()[0].profile == "tuya/mine"
        (own / "mine.toml").write_text(PROFILE.format(product=product, scale=1000))
        assert (await home.reconfigure(text)).changes.restarted == ("plug_1",)
        assert (await home.reconfigure(text)).changes.restarted == ()


@story
async def test_colours_are_given_out_in_the_order_of_the_home_and_stay_when_a_device_is_removed() -> None:
    three = [device(1), device(2), device(3)]
    async with many_plugs("\n".join(three), 3) as home:

        def colours() -> dict[str, int | None]:
            return {one.id: one.colour for one in home.hub.devices()}

        await asyncio.sleep(90)
        assert colours() == {"plug_1": 0, "plug_2": 1, "plug_3": 2}
        await home.reconfigure("\n".join(three[1:]))
        assert colours() == {"plug_2": 1, "plug_3": 2}
        await home.reconfigure("\n".join([three[1] + "colour = 2\n", three[2], three[0]]))
        await asyncio.sleep(5)
        assert colours() == {"plug_2": 2, "plug_3": 1, "plug_1": 0}, "another one gives way to the configured one"
        newest = {fact.id: fact.colour for _, fact in home.facts if isinstance(fact, Device)}
        assert newest == colours(), "pages are sent them, and they are stored"
