"""The parts of simulated devices: fault switches, presence, delayed output."""

import pytest

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Offline, Online, Out, WireAction, WireCommand
from unclouded.core.sessions.session_parts import FaultSwitches, Presence, SendQueue

KNOWN = {"mute": "it answers nothing", "slow": "its answers take long"}


def test_faults_are_switched_by_an_action() -> None:
    faults = FaultSwitches(KNOWN, {"mute"})
    assert "mute" in faults and "slow" not in faults
    assert faults.set(WireAction("set_fault", {"name": "slow"}))
    assert faults.set(WireAction("set_fault", {"name": "mute", "state": "off"}))
    assert "mute" not in faults and "slow" in faults
    assert not faults.set(WireCommand({"1": True})), "which is no action"


def test_an_unknown_fault_is_named_with_those_that_exist() -> None:
    with pytest.raises(CommandError, match="no fault 'gremlins'; it has mute, slow"):
        FaultSwitches(KNOWN, {"gremlins"})
    with pytest.raises(CommandError, match="no fault 'gremlins'"):
        FaultSwitches(KNOWN, ()).set(WireAction("set_fault", {"name": "gremlins"}))


def test_other_actions_and_states_are_the_callers_error() -> None:
    for action in (WireAction("leave"), WireAction("set_fault", {"name": "mute", "state": "perhaps"})):
        with pytest.raises(CommandError):
            FaultSwitches(KNOWN, ()).set(action)


def test_presence_reports_each_change_once() -> None:
    presence = Presence()
    assert [*presence.found(), *presence.found()] == [Online()]
    assert presence.lost("cut") == [Offline("cut")]
    assert presence.found() == [Online()]
    presence.reset()
    assert presence.found() == [Online()], "a new connection must be found again"


def test_output_is_sent_in_the_order_of_its_times_then_of_its_queueing() -> None:
    queue = SendQueue()
    for data, at in ((b"late", 2.0), (b"first", 1.0), (b"second", 1.0)):
        queue.put(Out(data), at)
    assert queue.deadline() == 1.0 and queue.take(0.5) == []
    queue.release(1.0)
    assert queue.deadline() == 2.0, "what is released waits for the link only"
    assert [out.data for out in queue.take(1.0)] == [b"first", b"second"]
    assert [out.data for out in queue.take(2.0)] == [b"late"] and queue.deadline() is None


def test_output_for_a_path_that_is_gone_is_dropped() -> None:
    queue = SendQueue()
    for at in (1.0, 2.0):
        queue.put(Out(b"a", path="http"), at)
        queue.put(Out(b"b", path="broker"), at)
    queue.release(1.0)
    queue.drop("http")
    assert [out.data for out in queue.take(3.0)] == [b"b", b"b"]
