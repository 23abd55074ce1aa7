"""A battery device and the module that is always on: hours of waking and sleeping in no time."""

import pytest
from hypothesis import strategies as st

from pair import START_UNIX, Pair, ambient, usual_answers
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    AskCommand,
    Asked,
    AskStored,
    Identified,
    LinkPath,
    LocalTime,
    Offline,
    Online,
    Refusal,
    Reported,
    Session,
    SessionCommand,
    Settled,
    WireCommand,
)
from unclouded.families.tuya.line.endpoint import QUESTIONS, Endpoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import FAULTS, LowOptions, low_mcu
from unclouded.families.tuya.low_power.messages import stamp_of
from unclouded.families.tuya.low_power.module import LowModule, low_module
from unclouded.families.tuya.low_power.module_wake import NOT_SEEN
from unclouded.families.tuya.pending_commands import UNREPORTED
from unclouded.families.tuya.settings import LineSettings

HOUR = 3600.0
UNREACHABLE = {"sends-nothing", "ignores-product-query"}
DOOR = WireCommand({"1": False, "2": 87})
OPENED = WireCommand({"1": True})
SETTING = WireCommand({"17": 15}, types={"17": "value"})


def low(command: int, payload: str = "") -> bytes:
    return bytes(Frame(0, command, bytes.fromhex(payload)))


RECORD = "01180a130d2305"
MCU_SAYS = [
    low(1, b'{"p":"abcdefgh12345678","v":"1.0.0"}'.hex()),
    *(low(command) for command in (2, 3, 6, 7, 9, 0x0A, 0x0B, 0x0C, 0x0D)),
    low(4, "01"),
    low(5, "0101000101"),
    low(5, "1102000400000003"),
    low(5, "01010001010101000100"),
    low(8, RECORD + "0101000100"),
    low(8, "00000000000000" + "0101000100"),
    low(0x10, "00"),
    low(0x10, "0111"),
    low(0x44, "01"),
    bytes(Frame(3, 0x1C)),
]
MODULE_SAYS = [
    *(low(command) for command in (1, 3)),
    *(low(2, status) for status in ("02", "03", "04")),
    low(5, "00"),
    low(8, "00"),
    low(6, "011a0b15061d0006"),
    low(9, "1102000400000003"),
    low(0x10, "01011102000400000003"),
    low(0x10, "0100"),
]


class TestLowModule(SessionLaws):
    def make(self, ambient: Ambient) -> Session:
        return low_module(LineSettings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(MCU_SAYS) | st.sampled_from(MCU_SAYS) | st.binary(max_size=30)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from([SETTING, WireCommand({"17": 1, "18": True}), WireCommand({"900": 1})])


class TestPatientModule(TestLowModule):
    def make(self, ambient: Ambient) -> Session:
        return low_module(LineSettings(wake_probe_s=0, awake_s=1.0, command_timeout_s=1.0), ambient)


class TestLowMcu(SessionLaws):
    settles_without_a_way = True

    def make(self, ambient: Ambient) -> Session:
        return low_mcu(LowOptions())

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(MODULE_SAYS) | st.binary(max_size=30)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from([DOOR, OPENED, SETTING, WireCommand({"x": 1})])


class TestOddMcu(TestLowMcu):
    def make(self, ambient: Ambient) -> Session:
        return low_mcu(
            LowOptions(
                faults=frozenset({"reports-before-cloud", "sends-twice", "never-sleeps", "acks-no-network-status"})
            )
        )


def line(*faults: str, settings: LineSettings | None = None, **wire: object) -> Pair:
    mcu = low_mcu(LowOptions(faults=frozenset(faults)))
    pair = Pair(low_module(settings or LineSettings(), ambient()), mcu, **wire)  # type: ignore[arg-type]  # Pair's own
    pair.submit(DOOR, "device")
    return pair


def reported(pair: Pair) -> list[object]:
    return [event.values for event in pair.of("controller", Reported)]


def alone(settings: LineSettings | None = None) -> Endpoint[LowModule]:
    module = low_module(settings or LineSettings(), ambient())
    for event in module.up(LinkPath(), 0.0):
        if isinstance(event, Asked):
            module.answer(event.id, usual_answers("controller", event.question), 0.0)  # type: ignore[arg-type]
    return module


def says(module: Endpoint[LowModule], now: float) -> list[str]:
    return [out.data.hex(" ") for out in module.outgoing(now)]


def act(module: Endpoint[LowModule], data: bytes, now: float) -> tuple[list[object], list[str]]:
    """What comes of it, and what is said within the next moment."""
    events: list[object] = []
    for event in module.receive(data, now):
        events.append(event)
        if isinstance(event, Asked):
            module.answer(event.id, usual_answers("controller", event.question), now)  # type: ignore[arg-type]
    said = says(module, now)
    at = now
    while (deadline := module.deadline()) is not None and deadline < now + 0.05:
        at = max(at, deadline)
        events += module.tick(at)
        said += says(module, at)
    return events, said


# --- the bytes of the real session --------------------------------------------------------------------


def test_the_real_session_byte_for_byte() -> None:
    module = alone()
    assert says(module, 0.0) == ["55 aa 00 01 00 00 00"]
    product = low(1, b'{"p":"j53rkdu55ydc0fkq","v":"1.0.0"}'.hex())
    assert act(module, product, 1.0)[1] == ["55 aa 00 02 00 01 03 05"]
    assert act(module, low(2), 2.0)[1] == ["55 aa 00 02 00 01 04 06"]
    assert act(module, low(2), 2.5)[0][-1] == Online()
    module.submit(WireCommand({"17": 1}, types={"17": "value"}), 2.6)  # its 09 is under way when the cache is asked
    assert act(module, low(0x10, "00"), 2.6)[1][-1] == "55 aa 00 10 00 0a 01 01 11 02 00 04 00 00 00 01 33"
    assert act(module, low(0x0B), 2.7)[1] == ["55 aa 00 0b 00 02 01 50 5d"]
    assert act(module, low(6), 2.8)[1] == ["55 aa 00 06 00 08 01 1a 09 15 0f 0d 14 01 77"]
    assert act(module, low(8, RECORD + "0101000101"), 2.9)[1] == ["55 aa 00 08 00 01 00 08"]
    assert act(module, low(5, "0101000100"), 3.0)[1] == ["55 aa 00 05 00 01 00 05"]


# --- waking and sleeping ------------------------------------------------------------------------------


def test_a_device_wakes_reports_what_it_has_and_sleeps_again() -> None:
    pair = line()
    pair.run(until=60.0)
    assert [event for event in pair.of("controller") if not isinstance(event, Asked)] == [
        Offline(NOT_SEEN, asleep=True),
        Identified({"product": "uncloudeddoorsim", "version": "1.0.0", "dialect": "battery dialect"}),
        Online(),
        Reported({"1": False}),
        Reported({"2": 87}),
        Offline("It sleeps", asleep=True),
    ]
    (slept,) = [t for t in pair.when("controller", Offline) if t > 0]
    assert slept < 15.0


@pytest.mark.parametrize("chunk", [1, 3])
def test_each_event_of_hours_arrives_however_the_bytes_do(chunk: int) -> None:
    pair = line(chunk=chunk)
    for hour in range(1, 6):
        pair.run(until=hour * HOUR + 1800)
        pair.submit(WireCommand({"1": hour % 2 == 1}), "device")
    pair.run(until=6 * HOUR)
    opened = [values["1"] for values in reported(pair) if "1" in values]  # type: ignore[index,operator]  # mappings
    changes = [one for one, before in zip(opened[1:], opened, strict=False) if one != before]
    assert len(changes) == 5
    assert pair.of("device", Online) and pair.stats("controller")["noise_bytes"] == 0


def test_a_device_that_never_sleeps_is_online_all_the_time() -> None:
    pair = line("never-sleeps")
    pair.run(until=HOUR)
    assert len(pair.of("controller", Online)) == 1
    assert len(pair.of("controller", Offline)) == 1  # at the start, before it spoke


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - UNREACHABLE))
def test_every_other_fault_is_survived(fault: str) -> None:
    pair = line(fault)
    pair.run(until=60.0)
    pair.submit(OPENED, "device")
    pair.run(until=120.0)
    assert {"1": True} in reported(pair) and {"2": 87} in reported(pair)


@pytest.mark.parametrize("fault", sorted(UNREACHABLE))
def test_a_device_that_never_answers_is_asleep_for_ever(fault: str) -> None:
    pair = line(fault)
    pair.run(until=HOUR)
    assert pair.of("controller", Offline) == [Offline(NOT_SEEN, asleep=True)]
    assert not pair.of("controller", Online)


def test_without_wake_probes_the_device_sends_first() -> None:
    module = alone(LineSettings(wake_probe_s=0))
    assert says(module, 0.0) == [] and module.deadline() is None
    events, said = act(module, low(5, "0101000101"), 9.0)
    assert [one for one in events if not isinstance(one, Asked)] == [Online(), Reported({"1": True})]
    assert said == ["55 aa 00 05 00 01 00 05", "55 aa 00 01 00 00 00"]


# --- records ------------------------------------------------------------------------------------------


def test_what_happened_while_no_hub_listened_comes_at_its_own_time() -> None:
    pair = line(settings=LineSettings(wake_probe_s=1.0))
    pair.run(until=60.0)  # it knows the time now
    pair.cut()
    pair.run(until=100.0)
    pair.submit(OPENED, "device")
    pair.run(until=200.0)
    pair.mend()
    pair.run(until=260.0)
    (record,) = [event for event in pair.of("controller", Reported) if event.at is not None]
    assert record.values == {"1": True}
    assert abs(record.at - (START_UNIX + 100.0 - 10.0)) < 15.0  # the hub answered START_UNIX a little later than 0


def test_a_record_is_in_local_time_and_one_that_comes_again_is_marked() -> None:
    module = alone()
    said = low(8, stamp_of(START_UNIX + 3600).hex() + "0101000101")
    first, _ = act(module, said, 1.0)
    again, answer = act(module, said, 2.0)
    assert first[-2] == Reported({"1": True}, at=START_UNIX)
    assert again[-2] == Reported({"1": True}, at=START_UNIX, repeated=True)
    assert "55 aa 00 08 00 01 00 08" in answer


def test_a_record_from_before_the_clocks_were_changed_is_reckoned_as_it_was_then() -> None:
    changed = START_UNIX + 2 * HOUR
    known = LocalTime(changed + HOUR, 3600, changes=((START_UNIX - HOUR, 7200), (changed, 3600)))
    module = low_module(LineSettings(), ambient(), time=known)
    module.up(LinkPath(), 0.0)
    for local, at in ((START_UNIX + 7200, START_UNIX), (changed + HOUR + 3600, changed + HOUR)):
        events = module.receive(low(8, stamp_of(local).hex() + "0101000101"), 1.0)
        assert events[-2] == Reported({"1": True}, at=at)


def test_what_the_hub_did_not_store_in_time_is_answered_as_failed() -> None:
    module = low_module(LineSettings(), ambient())
    module.up(LinkPath(), 0.0)
    for second in range(1, QUESTIONS + 3):
        module.receive(bytes(Frame(0, 5, bytes.fromhex("0101000101"))), float(second))
    reported = [out.data.hex() for at in (60.0, 61.0, 62.0) for out in module.outgoing(at) if out.data[3] == 5]
    assert reported and set(reported) == {"55aa0005000102" + "07"}


def test_a_record_without_a_time_is_of_now() -> None:
    events, _ = act(alone(), low(8, "00000000000000" + "0101000101"), 1.0)
    assert events[-2] == Reported({"1": True})


def test_a_record_is_not_acknowledged_before_it_is_stored() -> None:
    module = alone()
    module.outgoing(1.0)
    *_, kept = module.receive(low(8, stamp_of(START_UNIX).hex() + "0101000101"), 1.0)
    assert isinstance(kept, Asked) and kept.question == AskStored()
    module.tick(2.0)
    assert "55 aa 00 08 00 01 00 08" not in says(module, 2.0)
    module.answer(kept.id, True, 2.5)
    assert "55 aa 00 08 00 01 00 08" in says(module, 3.0)


# --- wishes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [(), ("never-asks-for-settings",), ("reports-before-cloud",)])
def test_a_command_at_the_wake_is_delivered_and_reported(faults: tuple[str, ...]) -> None:
    pair = line(*faults)
    pair.run(until=60.0)
    pair.submit(OPENED, "device")
    while not pair.of("controller", Online)[1:]:
        pair.run(until=pair.now + 0.1)
    ticket = pair.submit(SETTING)
    pair.run(until=120.0)
    assert pair.of("controller", Settled) == [Settled(ticket)]
    assert pair.of("device", Asked) == [Asked(pair.of("device", Asked)[0].id, AskCommand("17", 15))]
    assert {"17": 15} in reported(pair)


def test_a_command_for_a_sleeper_is_not_sent() -> None:
    pair = line()
    pair.run(until=60.0)
    sent = len(pair.sent_by("controller"))
    ticket = pair.submit(SETTING)
    pair.run(until=60.5)
    assert pair.of("controller", Settled) == [Settled(ticket, "unreachable", "the device sleeps")]
    assert all(data == low(1) for data in pair.sent_by("controller")[sent:])


def awake() -> Endpoint[LowModule]:
    module = alone()
    says(module, 0.0)
    act(module, MCU_SAYS[0], 0.1)
    act(module, low(2), 0.2)
    act(module, low(2), 0.3)
    return module


def fate(module: Endpoint[LowModule], until: float) -> Settled:
    events: list[object] = []
    while (at := module.deadline()) is not None and at <= until:
        events += module.tick(at)
        module.outgoing(at)
    (settled,) = [event for event in events if isinstance(event, Settled)]
    return settled


def test_a_command_that_was_taken_but_never_reported_is_confirmed_with_that_reason() -> None:
    module = awake()
    ticket = module.submit(SETTING, 0.4)
    assert says(module, 0.4) == [low(9, "110200040000000f").hex(" ")]
    act(module, low(9), 0.5)
    assert fate(module, 20.0) == Settled(ticket, "confirmed", UNREPORTED)


def test_a_command_that_the_device_slept_through_is_unreachable() -> None:
    module = awake()
    ticket = module.submit(SETTING, 0.4)
    assert fate(module, 20.0).ticket == ticket
    assert fate(awake_with_wish(), 20.0).result in ("timeout", "unreachable")


def awake_with_wish() -> Endpoint[LowModule]:
    module = low_module(LineSettings(command_timeout_s=60.0), ambient())
    module.up(LinkPath(), 0.0)
    says(module, 0.0)
    act(module, MCU_SAYS[0], 0.1)
    module.submit(SETTING, 0.2)
    return module


def test_a_command_handed_out_counts_as_taken_once_the_device_sends_on() -> None:
    module = awake()
    ticket = module.submit(SETTING, 0.4)
    module.receive(low(0x10, "0111"), 0.4)  # before the 09 was sent: it never is
    assert says(module, 0.42) == [low(0x10, "010111020004" + "0000000f").hex(" ")]
    act(module, low(5, "0101000101"), 0.6)
    assert fate(module, 20.0) == Settled(ticket, "confirmed", UNREPORTED)


def test_how_often_it_wakes_counts_from_when_it_is_set() -> None:
    """Not only after the next time, which by the old setting is an hour away."""
    pair = line()
    pair.run(until=60.0)
    pair.submit(OPENED, "device")
    while not pair.of("controller", Online)[1:]:
        pair.run(until=pair.now + 0.1)
    pair.submit(SETTING)
    pair.run(until=120.0)
    assert pair.stats("device")["wakes"] == 2
    pair.run(until=120.0 + 15 * 60)
    assert pair.stats("device")["wakes"] == 3


def test_a_refused_setting_is_reported_as_it_was() -> None:
    def refuses(side: str, question: object) -> object:
        no = Refusal("the screw is tight")
        return no if isinstance(question, AskCommand) else usual_answers(side, question)  # type: ignore[arg-type]

    pair = line("never-sleeps", answers=refuses)
    pair.submit(WireCommand({"17": 60}), "device")
    pair.run(until=10.0)
    ticket = pair.submit(SETTING)
    pair.run(until=20.0)
    assert pair.of("controller", Settled) == [
        Settled(ticket, "refused", "The device reports something else: data point 17 is 60.")
    ]


# --- how long it waits to be acknowledged -------------------------------------------------------------


@pytest.mark.parametrize("after_s", [0.5, 5.0, 5.9])
def test_a_report_that_is_acknowledged_late_is_sent_once(after_s: float) -> None:
    """docs/protocols/tuya_low_power.md §3.5: a module answers after 5 s at the latest, so an MCU waits 6 s."""
    mcu = low_mcu(LowOptions())
    mcu.submit(WireCommand({"1": True}), 0.0)
    mcu.up(LinkPath(), 0.0)
    mcu.receive(low(2, "04"), 0.1)
    sent: list[bytes] = []
    reported_at = 0.0
    for step in range(1, 3000):
        now = 0.1 + step / 100
        mcu.tick(now)
        for out in mcu.outgoing(now):
            sent.append(out.data)
            if out.data[3] in (0x10, 6):
                mcu.receive(low(out.data[3], "0100" if out.data[3] == 0x10 else "0000000000000000"), now)
            elif out.data[3] == 5 and not reported_at:
                reported_at = now
        if reported_at and abs(now - reported_at - after_s) < 0.001:
            mcu.receive(low(5, "00"), now)
    assert [data[3] for data in sent].count(5) == 1 and mcu.stats()["records"] == 0


def test_a_report_that_the_module_could_not_store_is_kept_as_a_record() -> None:
    answers = iter([Refusal("the disk is full")])

    def stores(side: str, question: object) -> object:
        return next(answers, True) if question == AskStored() else usual_answers(side, question)  # type: ignore[arg-type]  # any question

    pair = Pair(low_module(LineSettings(), ambient()), low_mcu(LowOptions()), answers=stores)  # type: ignore[arg-type]  # Pair's own
    pair.submit(WireCommand({"1": True}), "device")
    pair.run(until=30.0)
    assert pair.stats("device")["records"] == 1
    pair.submit(WireCommand({"1": False}), "device")
    pair.run(until=60.0)
    assert [data[3] for data in pair.sent_by("device")].count(8) == 1 and pair.stats("device")["records"] == 0


def test_a_bitmap_of_a_battery_device_is_set_as_wide_as_it_was_reported() -> None:
    module = awake()
    act(module, low(5, "0905000400000001"), 1.0)
    module.submit(WireCommand({"9": 2}), 1.1)
    assert says(module, 1.1) == [low(9, "0905000400000002").hex(" ")]


# --- small buffers ------------------------------------------------------------------------------------------


def small() -> Endpoint[LowModule]:
    module = alone(LineSettings(mcu_buffer=20))
    says(module, 0.0)
    act(module, MCU_SAYS[0], 0.1)
    act(module, low(2), 0.2)
    act(module, low(2), 0.3)
    return module


def test_a_command_goes_in_as_many_frames_as_the_buffer_needs_and_counts_as_taken_with_the_last() -> None:
    module = small()
    ticket = module.submit(WireCommand({"17": 15, "18": 16}), 0.4)
    assert says(module, 0.4) == [low(9, "110200040000000f").hex(" ")]
    _, second = act(module, low(9), 0.5)
    assert second == [low(9, "1202000400000010").hex(" ")]
    act(module, low(9), 0.6)
    assert fate(module, 20.0) == Settled(ticket, "confirmed", UNREPORTED)
    with pytest.raises(CommandError, match="Data point 17 needs 24 bytes; this MCU takes 13 at once"):
        module.submit(WireCommand({"17": bytes(20)}), 21.0)


def test_a_command_of_which_one_frame_is_never_taken_does_not_count_as_taken() -> None:
    module = small()
    ticket = module.submit(WireCommand({"17": 15, "18": 16}), 0.4)
    sent = says(module, 0.4)
    events: list[object] = []
    for tenth in range(5, 200):
        now = tenth / 10
        events += module.tick(now)
        for data in says(module, now):
            sent.append(data)
            if data.split()[3] in ("01", "02"):
                events += module.receive(low(1 if data.split()[3] == "01" else 2), now)
    frames = [data.split()[6] for data in sent if data.split()[3] == "09"]
    assert frames == ["11", "12", "11", "12", "11"]  # once one has been sent three times in vain, no other is
    [settled] = [event for event in events if isinstance(event, Settled)]
    assert settled.ticket == ticket and settled.result in ("timeout", "unreachable")
