"""Commands for sleeping devices: held until their outcome is known, whatever happens meanwhile."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.toy_hub import NOON, Home, gateway, hub
from unclouded.app.hub_process import restored_state
from unclouded.core.model import Command, Fact, Memory, Notice
from unclouded.hub.held_commands import LIFE_S, HeldCommands
from unclouded.hub.hub import RestoredState
from unclouded.hub.node import NodeSpec
from unclouded.links.memory import MemoryLink
from unclouded.store.sink import Store
from virtual_loop import story, virtual_run

ON = Command("thing_1", "on", True, "anna")
OFF = Command("thing_1", "on", False, "ben")
JOIN = b"i am g1\njoin 1 sleepy\n"


async def asleep(home: Home, index: int = 0) -> MemoryLink:
    link = await home.far_end("", index)
    await home.send(link, JOIN + b"sleep 1\n")
    return link


def outcomes(home: Home) -> list[str]:
    return [notice.data["result"] for notice in home.of(Notice) if notice.kind == "command"]


def stored_commands(home: Home) -> dict[str, bytes]:
    return {fact.key: fact.value for fact in home.of(Memory) if fact.key.startswith("command:") and fact.value}


async def after_a_kill(path: Path, facts: list[Fact]) -> RestoredState:
    """What a new hub finds where the old one was killed after the store had committed these."""
    store = Store(path, wall=lambda: NOON)
    store.open()
    store.deliver(facts)
    await store.flush()
    restored = restored_state(store.stored_state())
    await store.close()
    return restored


async def killed_while_it_hands_out() -> list[Fact]:
    async with hub(gateway) as home:
        link = await asleep(home)
        assert (await home.hub.command(ON)).result == "held"
        await home.send(link, b"wake 1\n")
        assert b"set 1 on true\n" in home.sent_to(link) and outcomes(home) == ["held"]
        return list(home.facts)


async def killed_after_it_was_confirmed() -> list[Fact]:
    async with hub(gateway) as home:
        link = await asleep(home)
        await home.hub.command(ON)
        await home.send(link, b"wake 1\nok 1\n")
        await home.send(link, b"ok 1\n")
        assert outcomes(home) == ["held", "confirmed"]
        return list(home.facts)


async def started_again(restored: RestoredState) -> tuple[int, list[str]]:
    """How often the device gets the command, and the outcomes."""
    async with hub(gateway, restored=restored) as home:
        link = await asleep(home)
        await home.send(link, b"wake 1\n")
        await home.send(link, b"ok 1\n")
        await home.send(link, b"sleep 1\n")
        await home.send(link, b"wake 1\n")
        return home.sent_to(link).count(b"set 1 on true\n"), outcomes(home)


def test_a_hub_that_is_killed_during_a_delivery_delivers_the_command_again(tmp_path: Path) -> None:
    restored = asyncio.run(after_a_kill(tmp_path / "store.sqlite", virtual_run(killed_while_it_hands_out())))
    assert virtual_run(started_again(restored)) == (1, ["confirmed"])


def test_a_command_that_was_confirmed_is_not_delivered_again_after_a_kill(tmp_path: Path) -> None:
    restored = asyncio.run(after_a_kill(tmp_path / "store.sqlite", virtual_run(killed_after_it_was_confirmed())))
    assert virtual_run(started_again(restored)) == (0, [])


@story
async def test_a_command_in_delivery_is_not_delivered_a_second_time() -> None:
    async with hub(gateway) as home:
        link = await asleep(home)
        await home.hub.command(ON)
        await home.send(link, b"wake 1\nwake 1\n")
        await home.send(link, b"wake 1\n")
        assert home.sent_to(link).count(b"set 1 on true\n") == 1


@story
async def test_a_command_is_held_on_when_the_device_disconnects_during_the_delivery() -> None:
    async with hub(gateway) as home:
        link = await asleep(home)
        await home.hub.command(ON)
        await home.send(link, b"wake 1\n")
        await link.close()
        await asyncio.sleep(0.1)
        assert outcomes(home) == ["held", "held"]
        assert "was gone again" in home.of(Notice)[-1].words
    async with hub(gateway, restored=RestoredState(memory={"toy:g1/1": stored_commands(home)})) as home:
        link = await asleep(home)
        await home.send(link, b"wake 1\n")
        assert b"set 1 on true\n" in home.sent_to(link)


@story
async def test_a_newer_command_replaces_the_one_that_is_held() -> None:
    async with hub(gateway) as home:
        link = await asleep(home)
        await home.hub.command(ON)
        await home.hub.command(OFF)
        await home.send(link, b"wake 1\n")
        await home.send(link, b"ok 1\n")
        assert home.sent_to(link).endswith(b"\nset 1 on false\n") and b"on true" not in home.sent_to(link)
        assert "on = false by ben: confirmed" in home.of(Notice)[-1].words


@story
async def test_a_command_is_not_held_again_when_a_newer_one_came_meanwhile() -> None:
    async with hub(gateway) as home:
        link = await asleep(home)
        await home.hub.command(ON)
        await home.send(link, b"wake 1\n")
        newer = asyncio.create_task(home.hub.command(OFF))
        await home.send(link, b"")
        await home.send(link, b"sleep 1\n")
        await asyncio.sleep(31.0)  # both time out while it sleeps
        assert (await newer).result == "held"
        assert outcomes(home) == ["held", "timeout", "held"]
        await home.send(link, b"wake 1\n")
        assert home.sent_to(link).endswith(b"set 1 on true\nset 1 on false\nset 1 on false\n"), "the newer one only"


@story
async def test_a_command_that_was_held_too_long_times_out_and_is_forgotten() -> None:
    async with hub(gateway) as home:
        link = await asleep(home)
        await home.hub.command(ON)
        await asyncio.sleep(LIFE_S + 60.0)
        await home.send(link, b"wake 1\n")
        assert outcomes(home) == ["held", "timeout"]
        assert home.of(Memory)[-1].value == b"" and b"set 1 on true\n" not in home.sent_to(link)


@given(st.lists(st.sampled_from(["hold", "wake", "settle", "keep", "drop", "restart"]), max_size=30))
def test_the_stored_commands_are_those_that_are_held_or_in_delivery(steps: list[str]) -> None:
    held, stored, out = HeldCommands(), dict[str, bytes](), list[Command]()
    newest: Command | None = None
    for number, step in enumerate(steps):
        facts: list[Memory] = []
        match step:
            case "hold":
                newest = Command("door", "on", number)
                facts = held.hold(newest, "id-1", 0.0)
            case "wake":
                fresh, stale, facts = held.wake("door", 1.0)
                assert not stale and len(fresh) <= 1 and all(command is newest for command in fresh)
                assert not (newest in out and fresh), "not twice at once"
                out += fresh
            case "settle" if out:
                command = out.pop()
                facts = held.settled(command)
                newest = None if command is newest else newest
            case "keep" if out:
                command = out.pop()
                assert held.keep(command) is (command is newest)
            case "drop":
                newest, facts = None, held.drop("door", "on")
            case "restart":
                held, out = HeldCommands(), []
                held.restore(stored, "id-1")
                fresh, _, _ = held.wake("door", 1.0)
                assert [command.value for command in fresh] == ([newest.value] if newest else [])
                for newest in fresh:
                    assert held.keep(newest)
        for fact in facts:
            stored[fact.key] = fact.value
        assert [value != b"" for value in stored.values()] in ([], [newest is not None])


def test_a_command_that_was_not_delivered_keeps_its_expiry() -> None:
    held = HeldCommands()
    held.hold(ON, "id-1", NOON)
    assert held.wake("thing_1", NOON + LIFE_S) == ([ON], [], [])
    assert held.keep(ON)
    assert held.wake("thing_1", NOON + LIFE_S + 1)[:2] == ([], [ON])


def test_a_command_from_before_the_computer_had_a_clock_is_delivered_later() -> None:
    held = HeldCommands()
    held.hold(ON, "id-1", 1000.0)
    assert held.wake("thing_1", NOON) == ([ON], [], [])


@pytest.mark.parametrize("value", [False, True], ids=["of another value", "of the same value"])
def test_the_outcome_of_a_command_does_not_forget_a_newer_one(value: bool) -> None:
    held = HeldCommands()
    older, newer = Command("thing_1", "on", True), Command("thing_1", "on", value)
    held.hold(older, "id-1", NOON)
    assert held.wake("thing_1", NOON)[0] == [older]
    held.hold(newer, "id-1", NOON)
    assert held.settled(older) == []
    [delivered] = held.wake("thing_1", NOON)[0]
    assert delivered is newer
    assert held.settled(older) == []
    assert held.settled(newer) == [Memory("id-1", "command:thing_1:on", b"")]


@pytest.mark.parametrize("identity", ["id-1", "id-2"])
def test_under_another_identity_the_old_one_forgets_it(identity: str) -> None:
    held = HeldCommands()
    held.hold(ON, "id-1", 0.0)
    facts = held.hold(OFF, identity, 0.0)
    assert (facts[0].identity, facts[0].value) == ("id-1", b"")
    assert facts[1].identity == identity and facts[1].value


@story
async def test_a_held_command_follows_its_device_to_another_id() -> None:
    async with hub(gateway) as home:
        await asleep(home)
        await home.hub.command(ON)
        spec = replace(home.hub._nodes["thing"].spec, id="other")

        async def make() -> list[NodeSpec]:
            return [spec]

        done = await home.hub.reconfigure(make)
        assert done.changes.renamed == {"thing": "other"}
        newest = {fact.key: fact.value for fact in home.of(Memory) if fact.key.startswith("command:")}
        assert [key for key, value in newest.items() if value] == ["command:other_1:on"]
        link = await home.far_end("", 1)
        await home.send(link, JOIN + b"wake 1\n")
        assert home.sent_to(link).count(b"set 1 on true\n") == 1
