"""The session interface holds the hardest conversations: HTTP, callers, failover, sub-devices, updates, memory."""

import pytest
from hypothesis import strategies as st

from pair import Pair, ambient
from session_laws import SessionLaws
from toys import GatewayController, PlugController, PlugDevice
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    AskBlock,
    AskCommand,
    Asked,
    Event,
    Failure,
    Identified,
    Joined,
    LinkPath,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    Remember,
    Reported,
    Session,
    Settled,
    WireAction,
    WireCommand,
)

HTTP = LinkPath(name="http", push=False, answers=True, window=1)
SERVED = LinkPath(name="http", asks=True)
BROKER = LinkPath(name="broker")

COMMANDS = st.sampled_from([WireCommand({"on": True}), WireCommand({"on": False})])


class TestAPlugPolledOverHttp(SessionLaws):
    path = HTTP

    def make(self, ambient: Ambient) -> Session:
        return PlugController(ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from([b"is on 67", b"is off 0", b"ok", b"<html>", b""])

    def commands(self) -> st.SearchStrategy[WireCommand]:
        return COMMANDS


class TestAPlugThatConnectsToUs(TestAPlugPolledOverHttp):
    path = BROKER

    def test_any_chunking_gives_the_same_events(self) -> None:
        """Messages have borders over the broker too."""

    test_no_byte_vanishes_and_what_is_held_back_is_bounded = test_any_chunking_gives_the_same_events


class TestASimulatedHttpPlug(SessionLaws):
    path = SERVED
    settles_without_a_way = True

    def make(self, ambient: Ambient) -> Session:
        return PlugDevice(ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from([b"get", b"set on", b"set off", b"brew tea"])

    def commands(self) -> st.SearchStrategy[WireCommand]:
        return st.sampled_from([WireCommand({"on": True, "power": 67})])


class TestAGateway(SessionLaws):
    held_limit = 64

    def make(self, ambient: Ambient) -> Session:
        return GatewayController(ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        lines = [b"i am g1\n", b"join 1 sleepy\n", b"1 open\n", b"sleep 1\n", b"ask\n", b"done\n", b"ok 1\n", b"\xff\n"]
        return st.sampled_from(lines) | st.binary(max_size=20)

    def commands(self) -> st.SearchStrategy[WireCommand | WireAction]:
        return st.sampled_from([WireCommand({"on": True}, "1"), WireAction("update"), WireAction("dance")])


def test_a_plug_is_switched_over_http_and_the_ticket_settles_after_it_is_read() -> None:
    pair = Pair(PlugController(ambient()), PlugDevice(ambient()), path=HTTP, device_path=SERVED)
    pair.run(until=1.0)
    ticket = pair.submit(WireCommand({"on": True}))
    pair.run(until=2.0)
    assert pair.of("controller", Settled) == [Settled(ticket)]
    assert pair.sent_by("controller") == [b"get", b"set on", b"get"]


def test_a_command_that_the_world_refuses_times_out_at_a_plug_that_only_closes() -> None:
    pair = Pair(
        PlugController(ambient()),
        PlugDevice(ambient()),
        path=HTTP,
        device_path=SERVED,
        answers=lambda side, question: Refusal("the relay is stuck"),
    )
    pair.run(until=1.0)
    ticket = pair.submit(WireCommand({"on": True}))
    pair.run(until=10.0)
    assert pair.of("controller", Settled) == [Settled(ticket, "timeout", "the plug did not report it")]
    assert not pair.of("controller", Offline), "one failed datagram is no reason to call the plug offline"


def test_a_plug_that_connects_again_gets_its_pending_requests_again() -> None:
    plug = PlugController(ambient())
    plug.up(BROKER, 0.0)
    plug.tick(0.0)
    plug.receive(b"is off 0", 0.0, "broker", 1)
    plug.outgoing(0.0)
    ticket = plug.submit(WireCommand({"on": True}), 1.0)
    assert [out.data for out in plug.outgoing(1.0)] == [b"set on"]
    plug.up(BROKER, 2.0)
    assert [out.data for out in plug.outgoing(2.0)] == [b"set on"]
    assert Settled(ticket) in plug.receive(b"is on 60", 2.5, "broker")


def test_a_command_moves_to_the_other_path_when_its_own_goes_down() -> None:
    plug = PlugController(ambient())
    plug.up(HTTP, 0.0)
    plug.up(BROKER, 0.0)
    ticket = plug.submit(WireCommand({"on": True}), 0.0)
    first = plug.outgoing(0.0)
    assert {out.path for out in first} == {"broker"}
    assert plug.down("broker", "the plug disconnected", 1.0) == []
    again = plug.outgoing(1.0)
    assert {out.path for out in again} == {"http"} and b"set on" in [out.data for out in again]
    assert Settled(ticket) in plug.receive(b"is on 60", 1.5, "http", again[0].id)
    assert plug.down("http", "unplugged", 2.0) == [Offline("unplugged")]


def test_a_command_to_a_plug_that_has_not_connected_yet_is_unreachable_at_once() -> None:
    plug = PlugController(ambient())
    ticket = plug.submit(WireCommand({"on": True}), 5.0)
    assert plug.deadline() == 5.0
    assert plug.tick(5.0) == [Settled(ticket, "unreachable", "the plug did not report it")]


def test_three_failures_make_a_plug_offline_and_one_answer_brings_it_back() -> None:
    plug = PlugController(ambient())
    plug.up(HTTP, 0.0)
    events: list[Event] = []
    for poll in range(3):
        plug.tick(poll * 5.0)
        (out,) = plug.outgoing(poll * 5.0)
        events += plug.failed(out.id, Failure.TIMEOUT, poll * 5.0 + 1)
    assert events == []  # it was never online
    plug.tick(15.0)
    (out,) = plug.outgoing(15.0)
    assert plug.receive(b"is on 60", 15.1, "http", out.id) == [Online(), Reported({"on": True, "power": 60})]


def test_a_simulated_plug_asks_the_world_before_it_answers() -> None:
    plug = PlugDevice(ambient())
    plug.up(SERVED, 0.0)
    (asked,) = plug.receive(b"set on", 0.0, "http", re=7)
    assert asked == Asked(1, AskCommand("on", True))
    assert plug.outgoing(0.0) == []
    plug.answer(1, True, 0.1)
    assert plug.outgoing(0.1) == [Out(b"ok", path="http", re=7)]
    plug.answer(1, True, 0.2)
    assert plug.outgoing(0.2) == [], "a second answer is ignored"


def test_a_gateway_reports_its_sub_devices() -> None:
    gateway = GatewayController(ambient())
    gateway.up(LinkPath(), 0.0)
    assert gateway.receive(b"i am g1\njoin 1 sleepy\n1 op", 0.0) == [
        Online(),
        Identified({"identity": "g1"}),
        Remember("names", b"g1"),
        Joined("1", {"product": "door_sensor"}, sleeps=True),
        Online("1"),
    ]
    assert gateway.receive(b"en\nsleep 1\n", 1.0) == [Reported({"on": True}, "1"), Offline("asleep", "1", asleep=True)]
    assert gateway.receive(b"what?\n", 1.0) == [Rejected("not the text of a gateway", b"what?\n")]


def test_an_update_is_sent_in_blocks_with_its_progress() -> None:
    gateway = GatewayController(ambient())
    gateway.up(LinkPath(), 0.0)
    ticket = gateway.submit(WireAction("update"), 0.0)
    (asked,) = gateway.receive(b"ask\n", 1.0)
    assert isinstance(asked, Asked) and isinstance(asked.question, AskBlock)
    assert (asked.question.offset, asked.question.size) == (0, 4)
    assert gateway.answer(asked.id, b"\x01\x02\x03\x04", 1.0) == [Advanced(ticket, 4, 0, "sent")]
    assert gateway.receive(b"done\n", 2.0) == [Settled(ticket)]
    with pytest.raises(CommandError):
        gateway.submit(WireAction("dance"), 3.0)


def test_a_session_has_its_memory_after_a_restart() -> None:
    again = GatewayController(ambient(memory={"names": b"g1"}))
    again.up(LinkPath(), 0.0)
    assert again.outgoing(0.0) == [Out(b"who g1\n")]
