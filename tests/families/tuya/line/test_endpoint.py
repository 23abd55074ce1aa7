"""The parts of an endpoint, and the law of its hot path: what is remembered equals what would be computed again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pair import ambient
from session_laws import Run, law
from unclouded.core.sessions.session import (
    Ambient,
    Asked,
    AskMemory,
    AskSignal,
    AskTime,
    Event,
    LinkPath,
    Out,
    Refusal,
    Reported,
    Session,
    WireAction,
    WireCommand,
)
from unclouded.core.sessions.session_parts import Ids
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.line.endpoint import Endpoint, Questions
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, ScheduledQuestion, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

MCU_FRAMES = [
    bytes(Frame(3, command, bytes.fromhex(payload)))
    for command, payload in (
        *((0, "00"), (0, "01"), (2, ""), (3, ""), (7, "0101000101"), (7, "13020004000002a1"), (0x1C, "")),
        *((0x22, "0101000101"), (0x24, ""), (0x34, "0101"), (0x34, "02"), (0x0B, ""), (0x0A, "02")),
    )
] + [bytes(Frame(3, 1, b'{"p":"abcdefgh12345678","v":"1.0.0"}'))]
LOW_FRAMES = [
    bytes(Frame(0, command, bytes.fromhex(payload)))
    for command, payload in (
        *((1, b'{"p":"abcdefgh12345678","v":"1.0.0"}'.hex()), (2, ""), (5, "0101000101"), (6, ""), (9, "")),
        *((8, "01180a130d2305" + "0101000100"), (0x10, "00"), (0x0D, ""), (0x0E, "")),
    )
]
MODULE_FRAMES = [
    bytes(Frame(0, command, bytes.fromhex(payload)))
    for command, payload in (
        *((0, ""), (1, ""), (2, ""), (3, "04"), (8, ""), (6, "0101000101"), (0x23, "01"), (5, "00"), (8, "00")),
        *((2, "04"), (9, "0101000101"), (0x10, "0100"), (0x0A, "00000010"), (0x0B, "00000010")),
    )
]

SESSIONS: Mapping[str, tuple[Callable[[Ambient], Session], Sequence[bytes]]] = {
    "Wi-Fi module": (lambda world: wifi_module(WifiSettings(poll_s=7.0, echo_s=0.3), world), MCU_FRAMES),
    "low-power module": (lambda world: low_module(LineSettings(), world), LOW_FRAMES),
    "detection": (lambda world: controller(LineSettings(), world), MCU_FRAMES + LOW_FRAMES),
    "Wi-Fi MCU": (
        lambda world: wifi_mcu(
            McuOptions(
                synced=frozenset({"1"}),
                habits=(ScheduledQuestion("time", every_s=9.0),),
                faults=frozenset({"answers-slowly", "changes-in-steps", "restarts"}),
            )
        ),
        MODULE_FRAMES,
    ),
    "low-power MCU": (lambda world: low_mcu(LowOptions()), MODULE_FRAMES),
}
COMMANDS = [WireCommand({"1": True}), WireCommand({"17": 15}), WireAction("update", {"file": "new.bin"})]


def endpoint_of(session: Session) -> Endpoint[Any]:  # Any: whichever role it has
    return session if isinstance(session, Endpoint) else session._ordinary  # type: ignore[attr-defined]  # Detection


class Watched(Run):
    """After each step the endpoint's memory is compared with a fresh computation."""

    def take(self, events: Sequence[Event]) -> None:
        super().take(events)
        self.check()

    def check(self) -> None:
        endpoint = endpoint_of(self.session)
        endpoint.deadline()
        assert endpoint._due == endpoint.fresh_deadline()
        assert not endpoint._dirty
        due = endpoint._due
        if due is None or due > self.now:  # it says that there is nothing to send: is there?
            assert endpoint.outgoing(self.now) == []
            endpoint._dirty = True
            assert endpoint.outgoing(self.now) == []
            endpoint.deadline()


@pytest.mark.parametrize("name", SESSIONS)
@given(data=st.data())
@law(80)
def test_the_remembered_deadline_is_the_one_that_would_be_computed(name: str, data: st.DataObject) -> None:
    make, frames = SESSIONS[name]
    run = Watched(make(ambient()), LinkPath())
    steps = st.one_of(
        st.tuples(st.just("receive"), st.lists(st.sampled_from(frames), max_size=4).map(b"".join)),
        st.tuples(st.just("receive"), st.binary(max_size=20)),
        st.tuples(st.just("submit"), st.sampled_from(COMMANDS)),
        st.tuples(st.just("wait"), st.floats(0.0, 20.0)),
        st.tuples(st.sampled_from(["up", "up", "down"]), st.none()),
    )
    run.step("up", None)
    for kind, value in data.draw(st.lists(steps, max_size=25)):
        run.step(kind, value)
        run.check()


def online(frames: Sequence[bytes] = ()) -> Run:
    """A module whose MCU has answered all of its start, and a second more."""
    run = Run(wifi_module(WifiSettings(), ambient()), LinkPath())
    run.step("up", None)
    for frame in (MCU_FRAMES[0], MCU_FRAMES[-1], *MCU_FRAMES[2:5]):
        run.step("receive", frame)
        run.wait(run.now + 0.05)
    run.wait(run.now + 2.0)
    return run


def test_plain_reports_leave_the_deadline_and_the_queue_alone() -> None:
    run = online()
    endpoint = endpoint_of(run.session)
    before = endpoint.deadline()
    events = endpoint.receive(MCU_FRAMES[5] * 3 + MCU_FRAMES[4], run.now)
    assert [event.values for event in events if isinstance(event, Reported)] == [{"19": 673}] * 3 + [{"1": True}]
    assert len(events) == 4
    assert not endpoint._dirty and endpoint.outgoing(run.now) == [] and endpoint.deadline() == before


def test_plain_reports_beside_noise_and_a_heartbeat_are_all_reported_in_order() -> None:
    run = online()
    endpoint = endpoint_of(run.session)
    events = endpoint.receive(MCU_FRAMES[5] + b"\xff" + MCU_FRAMES[4] + MCU_FRAMES[1] + MCU_FRAMES[5], run.now)
    assert [getattr(event, "values", "noise") for event in events] == [{"19": 673}, "noise", {"1": True}, {"19": 673}]
    assert endpoint.stats()["frames_in"] == 9


def test_a_half_frame_at_the_end_of_a_chunk_is_given_up_after_its_gap() -> None:
    run = online()
    run.step("receive", MCU_FRAMES[5] + MCU_FRAMES[5][:9])
    assert run.session.deadline() == pytest.approx(run.now + 0.3)


def test_what_is_put_on_the_line_goes_out_though_nothing_else_is_due() -> None:
    endpoint = endpoint_of(online().session)
    endpoint.deadline()
    endpoint.parts.line.put(b"x")
    assert endpoint.outgoing(5.0) == [Out(b"x")]


def test_what_is_sent_when_it_is_due_moves_the_remembered_deadline() -> None:
    run = online()
    endpoint = endpoint_of(run.session)
    endpoint.parts.queue.answer(b"x")
    endpoint._touch(run.now)
    assert (endpoint.deadline() or 0.0) <= run.now
    assert endpoint.outgoing(run.now) == [Out(b"x")]
    endpoint.deadline()
    assert endpoint._due == endpoint.fresh_deadline()


def test_half_a_frame_that_comes_back_late_moves_the_remembered_deadline() -> None:
    endpoint = wifi_mcu(McuOptions(faults=frozenset({"echoes-input", "answers-slowly"})))
    endpoint.up(LinkPath(), 0.0)
    endpoint.deadline()
    endpoint.receive(MODULE_FRAMES[0][:4], 1.0)
    endpoint.deadline()
    assert endpoint._due == endpoint.fresh_deadline() == pytest.approx(1.25)


# --- questions --------------------------------------------------------------------------------------


def test_the_oldest_question_is_refused_where_too_many_are_open_but_those_that_are_kept() -> None:
    answers: list[object] = []

    def then(value: object, now: float) -> list[Event]:
        answers.append(value)
        return [Reported({"1": True})]

    questions = Questions(Ids(), limit=2)
    kept = questions.ask(AskTime(), then, 0.0, keep=True)
    first = questions.ask(AskSignal(), then, 0.0)
    questions.ask(AskSignal(), then, 0.0)
    events = questions.ask(AskMemory(), then, 0.0)
    assert kept == [Asked(1, AskTime())] and first == [Asked(2, AskSignal())]
    assert events == [Reported({"1": True}), Asked(4, AskMemory())]
    assert isinstance(answers[0], Refusal) and len(questions) == 3
    assert questions.answer(2, True, 0.0) == () and questions.answer(1, True, 0.0) == [Reported({"1": True})]


def test_an_answer_counts_once_and_not_after_the_connection_ended() -> None:
    questions = Questions(Ids())
    for _ in range(3):
        questions.ask(AskTime(), lambda value, now: [Reported({"1": value})], 0.0)  # type: ignore[dict-item]  # a stand-in
    assert questions.answer(1, True, 0.0) and not questions.answer(1, True, 0.0)
    questions.cancel([2])
    assert not questions.answer(2, True, 0.0)
    questions.clear()
    assert not questions.answer(3, True, 0.0) and not questions
