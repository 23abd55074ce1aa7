"""Which dialect a line speaks is found out: what was seen decides, and it is said why."""

import itertools

import pytest
from hypothesis import strategies as st

from pair import Pair, ambient, usual_answers
from session_laws import Run, SessionLaws
from unclouded.core.sessions.session import (
    Ambient,
    Asked,
    Identified,
    LinkPath,
    Offline,
    Online,
    Remember,
    Reported,
    Session,
    SessionCommand,
    Settled,
    Waiting,
    WireCommand,
)
from unclouded.core.sessions.session_parts import succeed
from unclouded.families.tuya.controller import MEMORY, Detection, controller
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import FAULTS as LOW_FAULTS
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import LowModule
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiModule, wifi_module

PLUG = WireCommand({"1": True, "19": 673})
DOOR = WireCommand({"1": False, "2": 87})
WHY = "battery dialect (answers 01 with version 0 and no heartbeat)"


def says(command: int, payload: str = "", version: int = 0) -> bytes:
    return bytes(Frame(version, command, bytes.fromhex(payload)))


REPORT = says(5, "0101000101")
SAYINGS = [
    says(0, "00", 3),
    says(0, "01"),
    says(1, b'{"p":"abcdefgh12345678","v":"1.0.0"}'.hex()),
    says(1, b'{"p":"abcdefgh12345678","v":"1.0.0"}'.hex(), 3),
    says(2),
    says(3),
    says(5, "01", 3),
    says(6),
    says(7, "0101000101"),
    says(7, "1302000400000001", 3),
    says(8, "01180a130d2305" + "0101000100"),
    says(0x10, "00"),
    says(0x1C, "", 3),
    REPORT,
]


@pytest.mark.parametrize("delay", [0.0, 0.999, 1.0, 1.001, 1.4])
def test_two_frames_are_ten_milliseconds_apart_while_it_is_found_out(delay: float) -> None:
    session = controller(LineSettings(), ambient())
    said: list[float] = []
    answers: list[float] = []
    session.up(LinkPath(), 0.0)
    for step in range(40_000):
        now = step / 1000
        if answers and now >= answers[0]:
            answers.clear()
            session, _ = succeed(session, session.receive(says(1, b'{"p":"abcdefgh12345678","v":"1.0.0"}'.hex()), now))
        session, _ = succeed(session, session.tick(now))
        for out in session.outgoing(now):
            said.append(now)
            if out.data[3] == 1 and not answers and now < 10:
                answers.append(now + delay)
    assert len(said) > 8
    assert min(later - earlier for earlier, later in itertools.pairwise(said)) >= 0.0099


class TestAuto(SessionLaws):
    def make(self, ambient: Ambient) -> Session:
        return controller(LineSettings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(SAYINGS) | st.sampled_from(SAYINGS) | st.binary(max_size=30)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from([WireCommand({"1": True}), WireCommand({"9": 60}), WireCommand({"900": 1})])


class TestAutoThatRemembers(TestAuto):
    def make(self, ambient: Ambient) -> Session:
        memory = {MEMORY: b"low_power", **ambient.memory} if not ambient.memory else ambient.memory
        return controller(LineSettings(), Ambient(ambient.wall, ambient.token, memory))

    def test_rebuilt_from_its_memory_it_behaves_as_after_a_reconnect(self) -> None:
        """What it forgot in between would be remembered here again; TestAuto has this law."""


def plug(*faults: str) -> Pair:
    pair = Pair(controller(LineSettings(), ambient()), wifi_mcu(McuOptions(faults=frozenset(faults))))
    pair.submit(PLUG, "device")
    return pair


def door(*faults: str, memory: dict[str, bytes] | None = None, chunk: int = 0) -> Pair:
    module = controller(LineSettings(), ambient(memory=memory))
    pair = Pair(module, low_mcu(LowOptions(faults=frozenset(faults))), chunk=chunk)
    pair.submit(DOOR, "device")
    return pair


def dialects(pair: Pair) -> list[str]:
    return [event.info["dialect"] for event in pair.of("controller", Identified) if "dialect" in event.info]


def reported(pair: Pair) -> list[object]:
    return [event.values for event in pair.of("controller", Reported)]


def test_an_ordinary_mcu_is_sent_the_same_as_without_detection() -> None:
    auto, plain = plug(), Pair(wifi_module(LineSettings(), ambient()), wifi_mcu(McuOptions()))
    plain.submit(PLUG, "device")
    for pair in (auto, plain):
        pair.run(until=60.0)
    assert auto.sent == plain.sent
    kept = [event for event in auto.of("controller") if not isinstance(event, Asked)]
    assert kept == [event for event in plain.of("controller") if not isinstance(event, Asked)]


@pytest.mark.parametrize("chunk", [0, 1])
def test_a_battery_device_is_found_by_its_answer_to_01(chunk: int) -> None:
    pair = door(chunk=chunk)
    pair.run(until=30.0)
    assert dialects(pair) == [WHY]
    assert pair.of("controller", Online) and reported(pair) == [{"1": False}, {"2": 87}]
    assert pair.of("controller", Offline)[-1] == Offline("It sleeps", asleep=True)
    assert pair.memory["controller"] == {MEMORY: b"low_power"}


def test_what_is_remembered_counts_as_asleep_from_the_start() -> None:
    pair = door("sends-nothing", memory={MEMORY: b"low_power"})
    pair.run(until=60.0)
    (event,) = pair.of("controller", Offline)
    assert event.asleep and not pair.of("controller", Waiting)


def test_a_silent_line_is_reported_as_perhaps_a_battery_device() -> None:
    pair = door("sends-nothing")
    pair.run(until=60.0)
    (waiting,) = pair.of("controller", Waiting)
    assert waiting.reason.endswith("Or it is a battery device that sleeps: it is asked as one too.")


@pytest.mark.parametrize(
    "fault", ["has-old-firmware", "answers-slowly", "restarts", "sends-stray-bytes", "ignores-product-query"]
)
def test_odd_ordinary_mcus_are_no_battery_devices(fault: str) -> None:
    pair = plug(fault)
    pair.run(until=300.0)
    assert dialects(pair) == [] and MEMORY not in pair.memory["controller"]


def test_an_old_mcu_that_is_switched_on_late_answers_01_first_and_is_ordinary_all_the_same() -> None:
    """It answers 01 with version 0, but a heartbeat too."""
    run = Run(controller(LineSettings(), ambient()), LinkPath())
    run.step("up", None)
    run.wait(10.0)
    run.step("receive", SAYINGS[2])
    run.wait(10.6)
    run.step("receive", says(0, "00"))
    run.wait(20.0)
    assert not any(isinstance(event, Remember) for event in run.events)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (REPORT, "reports with 05 and version 0"),
        (SAYINGS[10], "reports records with 08 and version 0"),
        (says(0x10, "00"), "sends 10 with version 0 as only battery devices do"),
    ],
)
def test_what_only_a_battery_device_sends_is_received_and_answered_at_once(said: bytes, why: str) -> None:
    session = controller(LineSettings(), ambient())
    session.up(LinkPath(), 0.0)
    session.outgoing(0.0)
    session, received = succeed(session, session.receive(said + SAYINGS[2], 1.0))
    events = list(received)
    for event in events:
        if isinstance(event, Asked):
            session.answer(event.id, usual_answers("controller", event.question) or True, 1.0)
    assert Remember(MEMORY, b"low_power") in events and Online() in events
    (identified,) = [event for event in events if isinstance(event, Identified)]
    assert identified.info["dialect"] == f"battery dialect ({why})"
    session.tick(1.02)
    assert said[3] in [out.data[3] for out in session.outgoing(1.02)]


def test_a_battery_device_that_was_exchanged_for_an_ordinary_one() -> None:
    pair = Pair(controller(LineSettings(), ambient(memory={MEMORY: b"low_power"})), wifi_mcu(McuOptions()))
    pair.submit(PLUG, "device")
    pair.run(until=20.0)
    assert {"19": 673} in reported(pair)
    assert pair.memory["controller"] == {MEMORY: b""}


def test_an_ordinary_one_that_was_exchanged_for_a_battery_device() -> None:
    module, battery = controller(LineSettings(), ambient()), low_mcu(LowOptions())
    first = Pair(module, wifi_mcu(McuOptions()))
    first.run(until=20.0)
    second = Pair(first._ends["controller"], battery, start=False)
    second.now = 20.0
    second.mend()
    second.submit(DOOR, "device")
    second.run(until=60.0)
    assert dialects(second) == [WHY] and {"2": 87} in reported(second)


def test_commands_sent_before_and_after_the_detection_each_have_their_outcome() -> None:
    pair = door("never-sleeps")
    before = pair.submit(WireCommand({"17": 20}))
    pair.run(until=30.0)
    after = pair.submit(WireCommand({"17": 15}))
    pair.run(until=40.0)
    fates = {event.ticket: event.result for event in pair.of("controller", Settled)}
    assert fates[before] != "confirmed" and fates[after] == "confirmed" and len(fates) == 2


def test_tickets_and_questions_of_all_sessions_of_a_device_have_ids_of_their_own() -> None:
    """It is taken for a battery device, then for an ordinary one."""
    run = Run(controller(LineSettings(), ambient()), LinkPath())
    run.step("up", None)
    for received, until in ((REPORT, 30.0), (says(0, "00", 3), 60.0), (SAYINGS[3], 90.0)):
        run.step("submit", PLUG)
        run.step("receive", received)
        run.wait(until)
        run.step("submit", PLUG)
    assert [event.value for event in run.events if isinstance(event, Remember)] == [b"low_power", b""]
    ids = [*run.tickets, *(event.id for event in run.events if isinstance(event, Asked))]
    assert len(ids) == len(set(ids)) > 6


@pytest.mark.parametrize(("dialect", "kind"), [("auto", Detection), ("normal", WifiModule), ("low_power", LowModule)])
def test_the_setting_chooses(dialect: str, kind: type) -> None:
    session = controller(LineSettings(dialect=dialect), ambient())  # type: ignore[arg-type]  # one of them
    assert type(session.role if isinstance(session, Endpoint) else session) is kind


# --- battery devices that answer heartbeats as well ---------------------------------------------------


class MixedMcu:
    """A battery device that answers heartbeats, awake all the time: each answer to what the module sends."""

    PRODUCT = b'{"p":"abcdefgh12345678","v":"1.0.0"}'.hex()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.answers = {0: says(0, "01"), 1: says(1, self.PRODUCT), 2: says(2), 3: says(2)}
        self.events: list[object] = []
        self.sent: list[int] = []

    def run(self, start: float, until: float, *reports: bytes) -> None:
        """In steps of 50 ms; the reports come first."""
        for data in reports:
            self.take(self.session.receive(data, start), start)
        for step in range(round((until - start) * 20)):
            now = start + step / 20
            self.take(self.session.tick(now), now)
            for out in self.session.outgoing(now):
                self.sent.append(out.data[3])
                if answer := self.answers.get(out.data[3]):
                    self.take(self.session.receive(answer, now), now)

    def take(self, events: object, now: float) -> None:
        self.session, kept = succeed(self.session, events)  # type: ignore[arg-type]  # a sequence of events
        self.events += kept


def with_heartbeats() -> MixedMcu:
    line = MixedMcu(controller(LineSettings(), ambient()))
    line.take(line.session.up(LinkPath(), 0.0), 0.0)
    return line


def test_a_report_with_05_makes_a_battery_device_of_one_that_answers_heartbeats() -> None:
    """docs/protocols/tuya_low_power.md §4; esphome/issues#1389."""
    line = with_heartbeats()
    line.run(0.0, 10.0)
    assert isinstance(line.session, Detection) and Online() in line.events
    line.run(10.0, 12.0, REPORT)
    assert isinstance(line.session, Endpoint) and isinstance(line.session.role, LowModule)
    assert Reported({"1": True}) in line.events
    assert Remember(MEMORY, b"low_power") in line.events
    line.run(12.0, 14.0, says(0, "01"), says(5, "0101000100"))  # a late answer to 00 changes nothing
    assert isinstance(line.session, Endpoint) and isinstance(line.session.role, LowModule)
    assert Reported({"1": False}) in line.events


def test_an_mcu_of_version_0_that_answers_heartbeats_is_asked_nothing_else_than_an_ordinary_one() -> None:
    line = with_heartbeats()
    line.run(0.0, 60.0)
    assert not [event for event in line.events if isinstance(event, Offline | Waiting) and "battery" in event.reason]
    assert line.sent.count(1) < 10  # 01 is a step of the start, no probe every 3 s
    line.run(60.0, 61.0, says(7, "0101000101"))
    assert isinstance(line.session, Endpoint) and isinstance(line.session.role, WifiModule)


def test_one_that_no_longer_answers_is_looked_for_as_a_battery_device_again() -> None:
    line = with_heartbeats()
    line.run(0.0, 10.0)
    line.answers = {1: says(1, MixedMcu.PRODUCT), 2: says(2)}
    line.run(10.0, 60.0)
    assert any(isinstance(event, Offline) for event in line.events)
    assert isinstance(line.session, Endpoint) and isinstance(line.session.role, LowModule)


def test_what_was_about_to_be_sent_still_goes_out_first_when_another_session_takes_over() -> None:
    """A frame that is on the line but not taken by the link is neither lost nor overtaken, nor followed too soon."""
    session = controller(LineSettings(), ambient())
    session.up(LinkPath(), 1.0)
    session.tick(1.0)  # the first heartbeat is put on the line here
    session, events = succeed(session, session.receive(REPORT, 1.0))
    assert isinstance(session, Endpoint) and isinstance(session.role, LowModule)
    for event in events:
        if isinstance(event, Asked):
            session.answer(event.id, usual_answers("controller", event.question) or True, 1.0)
    first = [out.data for out in session.outgoing(1.0)]
    assert first == [says(0)]
    session.tick(1.009)
    assert session.outgoing(1.009) == []
    session.tick(1.02)
    assert [out.data[3] for out in session.outgoing(1.02)][:1] == [5]  # the report is acknowledged


def test_what_was_about_to_be_sent_to_a_supposed_battery_device_still_goes_out() -> None:
    """The other way round: taken for a battery device, and it is none."""
    session = controller(LineSettings(), ambient(memory={MEMORY: b"low_power"}))
    session.up(LinkPath(), 1.0)
    session.tick(1.0)  # the first wake probe is put on the line here
    session.receive(says(7, "0101000101", 3), 1.0)
    session, _ = succeed(session, session.tick(1.0))
    assert isinstance(session, Detection)
    assert [out.data for out in session.outgoing(1.0)] == [says(1)]
    assert session.outgoing(1.009) == []
    session.tick(1.02)
    assert [out.data for out in session.outgoing(1.02)] == [says(0)]


def test_a_battery_device_is_never_asked_for_a_working_mode_while_it_is_found_out() -> None:
    """It answers 01, which begins the start of an ordinary MCU; but its 02 is a network status."""
    pair = door()
    pair.run(until=30.0)
    assert dialects(pair) == [WHY]
    assert says(2) not in pair.sent_by("controller")


def test_an_old_mcu_that_answers_no_heartbeats_is_taken_for_a_battery_device_and_then_for_what_it_is() -> None:
    """Both answer 01 with version 0 and no 00; but a battery device answers its network status, or reports."""
    pair = plug("has-old-firmware", "ignores-heartbeats")
    pair.run(until=40.0)
    assert pair.of("controller", Online) == [Online()] and {"19": 673} in reported(pair)
    assert pair.memory["controller"] == {MEMORY: b""}
    before = len(pair.events)
    ticket = pair.submit(WireCommand({"1": False}))
    pair.run(until=900.0)
    assert Settled(ticket) in pair.of("controller", Settled)
    assert not [at for at in pair.events[before:] if isinstance(at.event, Offline | Waiting | Remember)]


@pytest.mark.parametrize("fault", sorted(LOW_FAULTS.keys() - {"sends-nothing", "ignores-product-query"}))
def test_no_fault_of_a_battery_device_makes_it_an_ordinary_one(fault: str) -> None:
    pair = door(fault)
    for hour in range(1, 3):
        pair.run(until=3600.0 * hour)
        pair.submit(WireCommand({"1": bool(hour % 2)}), "device")
    assert pair.memory["controller"] == {MEMORY: b"low_power"} and len(dialects(pair)) == 1
