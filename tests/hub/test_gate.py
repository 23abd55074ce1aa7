"""Facts are passed on to the store only with a trusted time and a known identity."""

import pytest

from unclouded.core.model import Device, Fact, Memory, Notice, Reading, Status
from unclouded.hub.clock import TRUSTED_FROM, WallClock
from unclouded.hub.gate import MAX_UNIDENTIFIED, IdentityGate

NOON = 1_800_000_000.0
READING = Reading("plug", "power_W", 42.0, NOON)
STATUS = Status("plug", "online", NOON)
NOTICE = Notice("plug", NOON, "left", "It left.")
FACTS: list[Fact] = [READING, STATUS, NOTICE]


def device(identity: str, id: str = "plug") -> Device:
    return Device(id=id, identity=identity, family="toy", link="memory:", profile="toy/plug")


class Wall:
    """A wall clock that can be set; the monotonic one stands at 0."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def clock(self) -> WallClock:
        return WallClock(lambda: 0.0, lambda: self.at)


@pytest.fixture
def gate() -> IdentityGate:
    return IdentityGate(Wall().clock())


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_of_an_unidentified_device_is_held_back(gate: IdentityGate, fact: Fact) -> None:
    assert gate.let_through([fact]) == []
    assert gate.let_through([device("")]) == []
    assert gate.let_through([fact]) == []


def test_the_facts_of_a_device_follow_its_identity_in_their_order(gate: IdentityGate) -> None:
    other = Reading("lamp", "power_W", 7.0, NOON)
    assert gate.let_through([*FACTS, other]) == []
    assert gate.let_through([device("uuid-1")]) == [device("uuid-1"), *FACTS]
    assert gate.let_through(FACTS) == FACTS
    assert gate.let_through([device("uuid-2", "lamp")])[1:] == [other]


def test_an_identity_in_the_same_batch_counts_from_there_on(gate: IdentityGate) -> None:
    later = Reading("plug", "power_W", 43.0, NOON + 1)
    assert gate.let_through([READING, device("uuid-1"), later]) == [device("uuid-1"), READING, later]


def test_a_device_that_is_never_identified_keeps_its_newest_facts_only(gate: IdentityGate) -> None:
    facts = [Reading("plug", "power_W", float(n), NOON + n) for n in range(MAX_UNIDENTIFIED + 10)]
    gate.let_through(facts)
    assert gate.let_through([device("uuid-1")])[1:] == facts[10:]


def test_notices_of_the_hub_and_memory_need_no_identity(gate: IdentityGate) -> None:
    facts: list[Fact] = [Notice("", NOON, "started", "It started."), Memory("uuid-9", "key", b"value")]
    assert gate.let_through(facts) == facts


def test_without_a_trusted_time_only_memory_is_passed_on() -> None:
    wall = Wall(at=1000.0)
    gate = IdentityGate(wall.clock())
    memory = Memory("uuid-1", "key", b"value")
    early: list[Fact] = [
        Reading("plug", "power_W", 42.0, 990.0),
        Status("plug", "online", 980.0),
        Notice("plug", 970.0, "left", ""),
    ]
    assert gate.let_through([device("uuid-1"), *early, memory]) == [memory]
    wall.at = NOON
    late = Reading("plug", "power_W", 43.0, NOON)
    _, reading, status, notice, last = gate.let_through([late])
    assert isinstance(reading, Reading) and isinstance(status, Status) and isinstance(notice, Notice)
    assert (reading.at, status.since, notice.at) == (NOON - 10.0, NOON - 20.0, NOON - 30.0)
    assert last == late and wall.at > TRUSTED_FROM


def test_a_reading_that_waited_for_the_time_waits_for_the_identity_too() -> None:
    wall = Wall(at=1000.0)
    gate = IdentityGate(wall.clock())
    assert gate.let_through([Reading("plug", "power_W", 42.0, 990.0)]) == []
    wall.at = NOON
    assert gate.let_through([]) == []
    assert gate.let_through([device("uuid-1")])[1:] == [Reading("plug", "power_W", 42.0, NOON - 10.0)]
