"""The mailbox: never blocks the hub, drops only readings, keeps the newest value of each state."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.model import Device, Fact, Ledger, Memory, Notice, Reading
from unclouded.store.mailbox import Mailbox


def reading(number: int) -> Reading:
    return Reading("pump", "power_W", number, 1000.0 + number)


def ledger(total: int) -> Ledger:
    return Ledger(identity="id-1", point="energy_import_Wh", total=total)


def device(id: str, identity: str) -> Device:
    return Device(id=id, identity=identity, family="sim", link="", profile="")


async def test_a_sink_gets_all_facts_in_order() -> None:
    box = Mailbox(10)
    box.put([reading(1), reading(2)])
    box.put([reading(3)])
    assert await box.get() == [reading(1), reading(2), reading(3)]
    assert len(box) == 0


async def test_a_sink_waits_until_there_is_something() -> None:
    box = Mailbox(10)
    waiting = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    box.put([reading(1)])
    assert await waiting == [reading(1)]


def test_a_full_box_lets_go_of_the_oldest_readings_and_counts_them() -> None:
    box = Mailbox(3)
    box.put([ledger(1), *map(reading, range(5))])
    assert box.take() == [ledger(1), reading(3), reading(4)]
    assert box.dropped == 3


def test_notices_outlive_readings() -> None:
    box = Mailbox(2)
    notice = Notice("pump", 1.0, "command", "switched on")
    box.put([notice, *map(reading, range(3))])
    assert box.take() == [notice, reading(2)]


def test_state_is_never_dropped_and_the_newest_wins() -> None:
    box = Mailbox(1)
    box.put([ledger(1), Memory("id-1", "key", b"a"), device("pump", "id-1")])
    box.put([ledger(2), Memory("id-1", "key", b"b")])
    assert box.take() == [ledger(2), Memory("id-1", "key", b"b"), device("pump", "id-1")]
    assert box.dropped == 0


def test_an_id_that_goes_to_another_device_keeps_its_place_between_the_readings() -> None:
    box = Mailbox(10)
    story: list[Fact] = [device("pump", "id-1"), reading(1), device("pump", "id-2"), reading(2)]
    box.put(story)
    assert box.take() == story


def test_what_is_put_back_stands_before_what_came_since() -> None:
    box = Mailbox(10)
    box.put([ledger(1), reading(1)])
    batch = box.take()
    box.put([reading(2), ledger(2)])
    box.put_back(batch)
    assert box.take() == [ledger(2), reading(1), reading(2)]


@given(st.integers(1, 20), st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=8))
def test_the_mailbox_keeps_its_bound_and_counts_every_dropped_fact(bound: int, batches: list[list[int]]) -> None:
    box = Mailbox(bound)
    for batch in batches:
        box.put([reading(number) for number in batch])
        assert len(box) <= bound
    given_in = [reading(number) for batch in batches for number in batch]
    assert box.dropped + len(box) == len(given_in)
    assert box.take() == given_in[box.dropped :]
