"""Commands in the base: given once, taken by one dispatcher, and an outcome that only the hub writes."""

import asyncio

from fleet.filled_base import NOW, add_home, add_organisation
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.views import CommandFate, NewCommand, Scope
from unclouded.uplink.messages import CommandReport

ALL = Scope.everything()


async def given(base: FleetBase, *hubs: str, batch: str = "b") -> list[str]:
    targets = [NewCommand(hub=hub, device="plug-1", point="on", value=True) for hub in hubs]
    return [one.id for one in await base.commands.give(ALL, targets, "Ana", NOW + 600, NOW, batch)]


async def fate(base: FleetBase, id: str) -> CommandFate:
    return (await base.commands.command(ALL, id)).fate


async def test_the_same_batch_again_gives_nothing_twice(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hubs = [await add_home(base, organisation) for _ in range(3)]
    ids = await given(base, *hubs)
    assert await given(base, *hubs) == ids
    newest = await base.commands.commands(ALL, limit=2)
    rest = await base.commands.commands(ALL, after=newest[-1].id)
    assert [one.id for one in [*newest, *rest]] == ids[::-1]
    assert [one.hub for one in await base.commands.commands(ALL, hub=hubs[0])] == [hubs[0]]
    assert await base.commands.fates(ALL, batch="b") == {"waiting": 3}


async def test_command_is_taken_by_one_of_several_dispatchers(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hubs = [await add_home(base, organisation) for _ in range(6)]
    ids = await given(base, *hubs)
    taken = await asyncio.gather(*(base.dispatch.due(NOW, 60, 3) for _ in range(3)))
    assert sorted(one.id for some in taken for one in some) == sorted(ids)
    assert await base.dispatch.due(NOW + 59, 60) == []
    assert [one.tries for one in await base.dispatch.due(NOW + 60, 60)] == [2] * 6
    assert [one.id for one in await base.dispatch.due_of(hubs[2], NOW + 61)] == [ids[2]]


async def test_undelivered_is_only_what_provably_never_reached_its_hub(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    never, proved, unsure, crashed = await given(base, *[await add_home(base, organisation) for _ in range(4)])
    assert await fate(base, never) == "waiting"
    taken = {one.id: one for one in await base.dispatch.due(NOW)}
    assert taken.keys() == {never, proved, unsure, crashed}
    for id in (never, proved, unsure):
        await base.dispatch.absent(id, NOW)
    for one in await base.dispatch.due(NOW + 60):
        if one.id in (never, proved, crashed):  # the first try of the last one ended with its server
            await base.dispatch.absent(one.id, NOW + 60)
    assert [await fate(base, id) for id in (never, proved, unsure, crashed)] == ["waiting", "waiting", "sent", "sent"]
    assert await base.dispatch.end_undelivered(NOW + 599) == []
    assert sorted(await base.dispatch.end_undelivered(NOW + 600)) == sorted([never, proved])
    assert {one.id for one in await base.dispatch.due(NOW + 700)} == {
        unsure,
        crashed,
    }  # for the report of their outcome
    assert await base.dispatch.due(NOW + 700 + 8 * 86_400) == []


async def test_only_the_hub_writes_outcomes_and_only_once(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hub, other = await add_home(base, organisation), await add_home(base, organisation)
    first, second = await given(base, hub, hub)
    await base.windows.store_reports(other, [CommandReport(first, "confirmed")], NOW)
    assert await fate(base, first) == "waiting"
    await base.dispatch.reported(CommandReport(first, "accepted"), hub, NOW)
    assert await fate(base, first) == "accepted"
    reports = [CommandReport(first, state, "no answer") for state in ("accepted", "timeout", "confirmed", "accepted")]
    await base.windows.store_reports(hub, reports, NOW + 1)
    await base.windows.store_reports(
        hub, [CommandReport(first, "confirmed"), CommandReport("unknown", "held")], NOW + 2
    )
    shown = await base.commands.command(ALL, first)
    assert (shown.fate, shown.reason, shown.changed) == ("timeout", "no answer", NOW + 1)
    await base.dispatch.end_undelivered(NOW + 600)
    assert await fate(base, second) == "undelivered"
    await base.windows.store_reports(hub, [CommandReport(second, "expired")], NOW + 700)
    assert await fate(base, second) == "expired"  # the hub knows better


async def test_commands_of_revoked_hubs_are_not_tried(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    (id,) = await given(base, hub)
    await base.register.revoke(hub, NOW)
    assert await base.dispatch.due(NOW) == [] and await base.dispatch.end_undelivered(NOW + 600) == [id]
