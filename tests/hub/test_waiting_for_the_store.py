"""What waits until facts are stored, never for ever: acknowledgements to devices, and held commands."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from hub.test_held_commands import ON, asleep, stored_commands
from hub.toy_hub import NOON, channel, gateway, hub
from toys import GatewayController
from unclouded.core.model import Memory, Notice, Reading
from unclouded.core.sessions.session import Answer, Asked, AskStored, Event, Refusal, Reported
from unclouded.hub.channels.early_reports import IDENTITY_TIMEOUT_S
from unclouded.hub.hub import STORE_TIMEOUT_S
from unclouded.store.sink import Store
from virtual_loop import story, virtual_run


async def never() -> bool:
    """A disk that does not answer."""
    return await asyncio.Event().wait()


async def broken() -> bool:
    raise ValueError("a mistake of ours")


@story
async def test_a_store_that_does_not_respond_delays_nothing_for_ever() -> None:
    async with hub(gateway) as home:
        link = await asleep(home)
        home.hub.wait_stored = never
        answers: list[bool] = []
        home.hub.when_stored(answers.append)
        await asyncio.sleep(STORE_TIMEOUT_S - 0.1)
        assert not answers
        await asyncio.sleep(0.2)
        assert answers == [False]
        assert (await home.hub.command(ON)).result == "held"
        await home.send(link, b"wake 1\n")
        assert b"set 1 on true\n" in home.sent_to(link)


@story
async def test_a_store_that_crashes_leaves_the_devices_online() -> None:
    async with hub(gateway) as home:
        await asleep(home)
        home.hub.wait_stored = broken
        answers: list[bool] = []
        home.hub.when_stored(answers.append)
        await asyncio.sleep(0.1)
        assert answers == [False] and home.state("thing") == "online"
        assert (await home.hub.command(ON)).result == "held"


@story
async def test_a_report_that_comes_while_the_hub_stops_waits_for_nothing() -> None:
    async with hub(gateway) as home:
        await asleep(home)
    answers: list[bool] = []
    home.hub.when_stored(answers.append)
    assert answers == []


class Sure(GatewayController):
    """Its device wants to be sure that what it reports is stored."""

    answers = 0

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if data == b"sure\n":
            return [Reported({"power": 5}), Asked(7, AskStored())]
        return super().receive(data, now, path, re)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        Sure.answers += 1
        return []


@pytest.mark.parametrize("identifies_itself", [True, False])
def test_reports_from_before_the_identity_are_stored_before_they_are_acknowledged(
    identifies_itself: bool,
) -> None:
    async def story_of_a_report() -> None:
        Sure.answers = 0
        async with hub(lambda far: channel(Sure, far)) as home:
            link = await home.far_end("")
            await home.send(link, b"sure\n")
            await asyncio.sleep(0.5)
            assert Sure.answers == 0 and not home.of(Reading), "it is not identified"
            if identifies_itself:
                await home.send(link, b"i am g1\n")
            else:
                await asyncio.sleep(IDENTITY_TIMEOUT_S)
            assert [Sure.answers] == [1] and home.values("thing")["power_W"] == 5
            await home.send(link, b"sure\n")
            assert [Sure.answers] == [2]

    virtual_run(story_of_a_report())


@story
async def test_a_held_command_is_stored_also_while_the_clock_is_wrong() -> None:
    async with hub(gateway, wall=lambda: 1000.0, stamped=True) as home:
        await asleep(home)
        await home.hub.command(ON)
        assert stored_commands(home) and {type(fact) for fact in home.facts} == {Memory}


async def test_callers_that_wait_for_the_store_share_one_batch(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite", wall=lambda: NOON)
    store.open()
    store.deliver([Memory("toy", "0", b"x")])
    waiting = [asyncio.create_task(store.keep(), name="waits")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # it has taken its batch
    for number in range(50):
        store.deliver([Memory("toy", str(number), b"y")])
        waiting.append(asyncio.create_task(store.keep(), name="waits"))
    await asyncio.sleep(0)
    assert [task.get_name() for task in asyncio.all_tasks()].count("store.flush") == 2, "one writes, one is the next"
    await asyncio.gather(*waiting)
    assert set(store.stored_state().memory["toy"].values()) == {b"y"}
    assert store.stats()["batches"] == 2
    await store.close()


async def test_waiting_for_a_store_that_has_stopped_does_not_make_it_try_again(tmp_path: Path) -> None:
    notices: list[Notice] = []
    store = Store(tmp_path / "store.sqlite", wall=lambda: NOON)
    store.notify = notices.append
    store.open()
    store.limit_pages(1)
    store.deliver([Memory("toy", "key", bytes(100_000))])
    for _ in range(3):
        assert not await store.keep()
    assert store.stats()["failures"] == 1 and [notice.kind for notice in notices] == ["store_failed"]
    store.limit_pages(0)
    await store.flush()
    assert store.stored_state().memory["toy"] == {"key": bytes(100_000)}
    assert await store.keep()
    await store.close()
