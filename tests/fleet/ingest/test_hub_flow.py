"""How much one hub may send: the last message that is taken, the first that is not, and who waits for how long."""

import logging

import pytest

from unclouded.core.system.token_buckets import MOST_KNOWN
from unclouded.fleet.ingest import hub_flow
from unclouded.fleet.ingest.hub_flow import HubFlow


def test_the_limits_are_those_of_the_documentation() -> None:
    """Behaviour is tested by their names elsewhere; a number that changes is a decision."""
    assert (hub_flow.MOST_WAITING_OF_HUB, hub_flow.AT_ONCE, hub_flow.PER_S) == (4, 200.0, 50.0)
    assert (hub_flow.COSTLY_S, hub_flow.PAUSE) == (0.2, 20.0)


def test_two_hundred_messages_at_once_and_then_fifty_a_second(caplog: pytest.LogCaptureFixture) -> None:
    flow = HubFlow()
    with caplog.at_level(logging.WARNING):
        assert [flow.is_flood("a", 0.0) for _ in range(201)] == [False] * 200 + [True]
        assert not flow.is_flood("b", 0.0)
        assert [flow.is_flood("a", 1.0) for _ in range(51)] == [False] * 50 + [True]
        assert caplog.messages == [
            "The hub a sends too many messages; they are dropped. unclouded fleet revoke ends it."
        ], "said once in ten minutes"
        assert [flow.is_flood("a", 600.0) for _ in range(201)][-1] and len(caplog.messages) == 2


def test_a_hub_waits_while_four_of_its_messages_do() -> None:
    flow = HubFlow()
    for number in range(4):
        assert flow.wait_s("a", 0.0) == 0.0, number
        flow.waits("a")
    assert (flow.wait_s("a", 0.0), flow.wait_s("b", 0.0)) == (1.0, 0.0)
    flow.taken("a")
    assert flow.wait_s("a", 0.0) == 0.0
    for _ in range(3):
        flow.taken("a")
    for _ in range(4):
        flow.waits("a")
    assert flow.wait_s("a", 0.0) == 1.0, "all four were counted, and no more"
    flow.waits("a")
    flow.taken("a")
    assert flow.wait_s("a", 0.0) == 1.0, "four are left of five"
    for _ in range(3):
        flow.taken("a")
    for _ in range(3):
        flow.waits("a")
    assert flow.wait_s("a", 0.0) == 1.0, "one was left"
    for _ in range(4):
        flow.taken("a")
    assert not flow._waiting, "a hub of which nothing waits is forgotten"


def test_who_sends_what_takes_long_to_read_waits_twenty_times_as_long() -> None:
    flow = HubFlow()
    flow.cost("a", 0.19, 0.0)
    assert flow.wait_s("a", 0.0) == 0.0
    flow.cost("a", 0.2, 10.0)
    assert (flow.wait_s("a", 10.0), flow.wait_s("a", 13.5), flow.wait_s("a", 14.0)) == (4.0, 0.5, 0.0)
    assert flow.wait_s("b", 10.0) == 0.0
    for number in range(MOST_KNOWN):
        flow.cost(f"hub {number}", 1.0, 10.0)
    assert flow.wait_s("a", 10.0) == 0.0 and flow.wait_s("hub 0", 10.0) == 20.0, "the oldest is forgotten"
