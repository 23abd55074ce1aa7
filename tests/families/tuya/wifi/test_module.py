"""The module's end, against the simulated MCU and against what real MCUs have done."""

import itertools
import random

import pytest
from hypothesis import strategies as st

from pair import At, Pair, ambient, chattering, flipping, losing, usual_answers
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Asked,
    AskNetwork,
    AskTime,
    Event,
    Identified,
    Network,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    Reported,
    Session,
    SessionCommand,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiModule, WifiSettings, wifi_module
from wrapped_session import Wrapped

PLUG = WireCommand({"1": True, "19": 673, "20": 2301})
STUCK_AT_PRODUCT = "The MCU answers heartbeats but not product info"


def mcu_says(command: int, payload: str = "", version: int = 3) -> bytes:
    return bytes(Frame(version, command, bytes.fromhex(payload)))


SAYINGS = [
    mcu_says(0, "00"),
    mcu_says(0, "01"),
    mcu_says(0, "07"),
    mcu_says(1, b'{"p":"abcdefgh12345678","v":"1.0.0"}'.hex()),
    mcu_says(1, b"?".hex()),
    mcu_says(2),
    mcu_says(2, "0e10"),
    mcu_says(2, "ff01010000", version=1),
    mcu_says(3),
    mcu_says(4),
    mcu_says(5, "01"),
    mcu_says(7, "0101000101"),
    mcu_says(7, "13020004000002a11302000400000000"),
    mcu_says(7, "1302000105"),
    mcu_says(7, "0101000100"),
    mcu_says(0x0C),
    mcu_says(0x1C),
    mcu_says(0x24),
    mcu_says(0x2B),
    mcu_says(0x0E),
    mcu_says(0x0F),
    mcu_says(0x20, b"\x06w.temp".hex()),
    mcu_says(0x21),
    mcu_says(0x22, "0101000101"),
    mcu_says(0x25),
    mcu_says(0x28, "0001000000000102"),
    mcu_says(0x2C, b'{"ssid":"home","password":"secret12"}'.hex()),
    mcu_says(0x2D),
    mcu_says(0x2F),
    *(mcu_says(0x34, payload) for payload in ("0101", "02", "03", "04", "05", "07ff", "0b0102160212101b060101000101")),
    mcu_says(0x34, "0b0101160212101b060101000101"),
    mcu_says(0x35, "01"),
    mcu_says(0x37, b'\0{"buf":256}'.hex()),
    mcu_says(0x60),
    mcu_says(0x72, "01"),
    mcu_says(0x2A, b'{"s":"home","p":"secret12","t":"t"}'.hex()),
    bytes(Frame(0, 0)),
]


class TestModule(SessionLaws):
    def make(self, ambient: Ambient) -> Session:
        return wifi_module(WifiSettings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(SAYINGS) | st.sampled_from(SAYINGS) | st.binary(max_size=30)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from(
            [WireCommand({"1": True}), WireCommand({"1": False, "9": 60}), WireCommand({"900": 1}), WireAction("dance")]
        )


class TestPollingModule(TestModule):
    def make(self, ambient: Ambient) -> Session:
        return wifi_module(WifiSettings(poll_s=5.0, heartbeat_s=4.0, answer_timeout_s=0.3), ambient)


class TestCarefulModule(TestModule):
    def make(self, ambient: Ambient) -> Session:
        settings = WifiSettings(
            echo_s=0.25, push_time_s=60.0, ignore=(9,), status_first=(0, 2, 3), mcu_buffer=20, mac="02:00:00:00:00:01"
        )
        return wifi_module(settings, ambient)


def line(*faults: str, settings: WifiSettings | None = None, **wire: object) -> Pair:
    mcu = wifi_mcu(McuOptions(faults=frozenset(faults)))
    pair = Pair(wifi_module(settings or WifiSettings(), ambient()), mcu, **wire)  # type: ignore[arg-type]  # Pair's own
    pair.submit(PLUG, "device")
    return pair


def reported(pair: Pair) -> dict[str, object]:
    """The newest value of each data point."""
    return {key: value for event in pair.of("controller", Reported) for key, value in event.values.items()}


def alone(*, at: float = 0.0) -> tuple[Endpoint[WifiModule], list[bytes]]:
    """A module without an MCU at the other end, and what it says when it comes up."""
    module = wifi_module(WifiSettings(), ambient())
    from unclouded.core.sessions.session import LinkPath

    module.up(LinkPath(), at)
    return module, [out.data for out in module.outgoing(at)]


def test_only_the_answers_to_the_query_of_the_start_are_marked_as_repeated() -> None:
    pair = line()
    pair.run(until=5.0)
    pair.submit(WireCommand({"19": 700}), "device")
    pair.run(until=6.0)
    reported = pair.of("controller", Reported)
    assert reported[0].repeated and reported[-1] == Reported({"19": 700})


def started(module: Endpoint[WifiModule], until: str = "query") -> float:
    """Answer all steps of the start before the query; when that was sent."""
    at = 0.0
    answers = {0: "00", 1: b'{"p":"abcdefgh12345678"}'.hex(), 2: "", 3: ""}
    while module.role.stats(at) is not None and at < 5.0:
        at += 0.02
        for out in module.outgoing(at):
            if out.data[3] == 8:
                return at
            module.receive(mcu_says(out.data[3], answers[out.data[3]]), at)
        module.tick(at)
    raise AssertionError("the query was not sent")


def test_a_network_state_whose_acknowledgement_is_lost_is_sent_again_before_the_next() -> None:
    """The last one that the MCU sees is the real one."""
    lost = [True]

    def damage(data: bytes, rng: random.Random) -> bytes:
        if data[:4].hex() == "55aa0303" and lost:
            lost.clear()
            return b""
        return data

    pair = line(damage=damage)
    pair.run(until=5.0)
    assert [data[6] for data in pair.sent_by("controller") if data[3] == 3] == [3, 3, 4]
    silent = line(damage=lambda data, rng: b"" if data[:4].hex() == "55aa0303" else data)
    silent.run(until=8.0)
    assert [data[6] for data in silent.sent_by("controller") if data[3] == 3] == [3, 3, 3, 3, 3, 4]
    assert silent.of("controller", Online)


COUNT = mcu_says(7, "1102000400000001")


@pytest.mark.parametrize("after_s", [0.1, 0.6])
def test_an_equal_increment_soon_after_the_query_is_a_new_one(after_s: float) -> None:
    """The answer to the query has each data point once, and no pauses."""
    module, _ = alone()
    at = started(module)
    first = COUNT if after_s < 0.4 else mcu_says(7, "0101000101")
    [dumped] = module.receive(first, at)
    [counted] = module.receive(COUNT, at + after_s)
    assert isinstance(dumped, Reported) and dumped.repeated
    assert counted == Reported({"17": 1})


def test_a_22_is_not_the_answer_to_the_query() -> None:
    module, _ = alone()
    at = started(module)
    [counted, _asked] = module.receive(mcu_says(0x22, "1102000400000001"), at)
    assert counted == Reported({"17": 1})
    [dumped] = module.receive(mcu_says(7, "1102000400000001"), at + 0.1)
    assert dumped == Reported({"17": 1}, repeated=True)


@pytest.mark.parametrize(("result", "after_s", "repeated"), [(None, 0.0, False), (None, 3.0, True), (False, 0.3, True)])
def test_a_22_that_was_not_answered_as_stored_is_a_repeat_when_it_comes_again(
    result: bool | None, after_s: float, repeated: bool
) -> None:
    module, _ = alone()
    _, question = module.receive(mcu_says(0x22, "1102000400000001"), 0.0)
    if result is not None:
        assert isinstance(question, Asked)
        module.answer(question.id, Refusal("not stored"), 0.1)
    [again, _asked] = module.receive(mcu_says(0x22, "1102000400000001"), after_s)
    assert again == Reported({"17": 1}, repeated=repeated)


def test_equal_22s_in_a_rhythm_are_counts() -> None:
    """A steady load gives equal increments; only one of them can be taken for a retry."""
    module, _ = alone()
    marked = []
    for number in range(6):
        counted, question = module.receive(mcu_says(0x22, "1102000400000001"), 6.0 * number)
        assert isinstance(counted, Reported) and isinstance(question, Asked)
        module.answer(question.id, True, 6.0 * number + 0.1)
        marked.append(counted.repeated)
    assert marked == [False, True, False, False, False, False]


# --- the start --------------------------------------------------------------------------------------


def test_the_start_in_the_order_of_the_page() -> None:
    pair = line()
    pair.run(until=1.0)
    assert [data.hex(" ") for data in pair.sent_by("controller")] == [
        "55 aa 00 00 00 00 ff",
        "55 aa 00 01 00 00 00",
        "55 aa 00 02 00 00 01",
        "55 aa 00 03 00 01 03 06",
        "55 aa 00 03 00 01 04 07",
        "55 aa 00 08 00 00 07",
    ]
    assert pair.of("controller") == [
        Asked(1, AskNetwork()),
        Identified({"product": "uncloudedplugsim", "version": "1.0.0", "protocol": "3"}),
        Online(),
        Reported({"1": True}, repeated=True),
        Reported({"19": 673}, repeated=True),
        Reported({"20": 2301}, repeated=True),
    ]


@pytest.mark.parametrize("chunk", [1, 3, 16])
def test_the_start_however_the_bytes_arrive(chunk: int) -> None:
    pair = line(chunk=chunk)
    pair.run(until=1.0)
    assert reported(pair) == PLUG.values


def test_after_the_start_a_heartbeat_every_15_seconds() -> None:
    pair = line()
    pair.run(until=62.0)
    beats = [t for t, side, data in pair.sent if side == "controller" and data[3] == 0]
    assert [round(t) for t in beats] == [0, 15, 30, 45, 60]


@pytest.mark.parametrize("fault", ["has-old-firmware", "corrupts-product-info"])
def test_old_and_garbled_product_info_is_good_enough(fault: str) -> None:
    """Deviation 4: esphome/issues 3368."""
    pair = line(fault)
    pair.run(until=1.0)
    [identified] = pair.of("controller", Identified)
    assert identified.info["product"] == "uncloudedplugsim"
    assert identified.info["protocol"] == ("0" if fault == "has-old-firmware" else "3")
    assert pair.of("controller", Online)


def test_an_mcu_that_never_answers_the_query_is_of_use() -> None:
    """Deviation 6: esphome/issues 6503."""
    pair = line("ignores-queries")
    pair.run(until=10.0)
    pair.submit(WireCommand({"1": False}), "device")
    pair.run(until=20.0)
    assert pair.of("controller", Online) == [Online()]
    assert pair.of("controller", Waiting) == []
    assert reported(pair) == {"1": False}


def test_an_mcu_that_never_acknowledges_the_network_status_is_of_use() -> None:
    """Modules that drive LED and key themselves need not be acknowledged: docs/protocols/tuya_wifi.md §2.3.1."""
    module, _ = alone()
    events: list[Event] = []
    for step in (mcu_says(0, "00"), mcu_says(1, b'{"p":"abcdefgh12345678"}'.hex()), mcu_says(2, "0e10")):
        events += module.receive(step, 0.0)
        module.outgoing(0.0)
    for at in range(1, 12):
        module.receive(mcu_says(1, b'{"p":"abcdefgh12345678"}'.hex()), at)
        events += module.tick(at)
        module.receive(mcu_says(2, "0e10"), at)
        module.outgoing(at)
    assert Online() in events
    assert not [event for event in events if isinstance(event, Waiting)]


def test_working_mode_as_an_event_changes_nothing() -> None:
    """Deviation 5: OpenBeken 291."""
    pair = line()
    pair.run(until=1.0)
    before = len(pair.events)
    pair.send("device", bytes.fromhex("55aa01020003ff01010 6".replace(" ", "")))
    pair.run(until=2.0)
    assert pair.events[before:] == []


# --- why it is stuck --------------------------------------------------------------------------------


def test_an_mcu_that_ignores_product_info_is_reported_once_and_asked_again_slowly() -> None:
    pair = line("ignores-product-query")
    pair.run(until=40.0)
    [at] = [at for at in pair.events if isinstance(at.event, Waiting)]
    assert at.event == Waiting(STUCK_AT_PRODUCT, pytest.approx(0.004))  # type: ignore[arg-type]
    assert at.t == pytest.approx(5.01)
    asked = [t for t, side, data in pair.sent if side == "controller" and data[3] == 1]
    assert len([t for t in asked if t < 10]) == 5
    assert next(t for t in asked if t > 10) == pytest.approx(15.014, abs=0.02)
    assert pair.of("controller", Online) == []


def test_an_mcu_that_ignores_the_mode_question_alone_is_usable() -> None:
    pair = line("ignores-mode-query")
    pair.run(until=20.0)
    assert pair.of("controller", Online) == [Online()] and reported(pair) == PLUG.values
    assert pair.of("controller", Waiting) == []


def test_no_mcu_is_reported_with_what_to_look_at() -> None:
    pair = line("sends-nothing")
    pair.run(until=30.0)
    [waiting] = pair.of("controller", Waiting)
    assert "is it powered" in waiting.reason
    beats = [t for t, side, data in pair.sent if side == "controller"]
    assert beats[:5] == pytest.approx([0, 1, 2, 3, 4])


def test_noise_alone_points_at_the_baud_rate() -> None:
    module, _ = alone()
    module.receive(b"\xf8\x00\xfe" * 5, 0.5)
    for at in (1.0, 2.0, 3.0):
        assert module.tick(at) == []
        module.outgoing(at)
    assert Waiting(
        "Only noise comes from the MCU (15 bytes): is the baud rate right (9600 or 115200)?", 0.0
    ) in module.tick(4.0)


def test_an_echo_is_not_an_mcu() -> None:
    module, said = alone()
    for at in (0.1, 1.0, 2.0, 3.0, 4.0):
        for data in said:
            module.receive(data, at)
        events = list(module.tick(at))
        said = [out.data for out in module.outgoing(at)]
    assert [event.reason for event in events if isinstance(event, Waiting)] == [
        "What is sent comes straight back: TX and RX are joined, and no MCU answers"
    ]


# --- losing and finding it --------------------------------------------------------------------------


class Muted(Wrapped):
    """An MCU that can be made to stop answering."""

    def __init__(self) -> None:
        super().__init__(wifi_mcu(McuOptions()))
        self.is_muted = False

    def outgoing(self, now: float) -> list[Out]:
        return [] if self.is_muted else super().outgoing(now)


def test_three_seconds_without_a_heartbeat_answer_are_offline_and_it_comes_back() -> None:
    mcu = Muted()
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=10.0)
    mcu.is_muted = True
    pair.run(until=30.0)
    [offline] = [at for at in pair.events if isinstance(at.event, Offline)]
    assert offline == At(pytest.approx(18.004), "controller", Offline("no heartbeat answer"))  # type: ignore[arg-type]
    mcu.is_muted = False
    pair.run(until=32.0)
    assert len(pair.of("controller", Online)) == 2


def test_a_restarted_mcu_gets_the_whole_start_again() -> None:
    pair = line("restarts")
    pair.run(until=59.0)
    before = len(pair.sent_by("controller"))
    pair.run(until=62.0)
    assert [data[3] for data in pair.sent_by("controller")[before:]] == [0, 1, 2, 3, 3, 8]
    assert pair.of("controller", Offline) == []


def test_a_cut_settles_commands_and_reports_offline_and_a_mended_line_starts_again() -> None:
    pair = line("ignores-queries")
    pair.run(until=1.0)
    pair.submit(WireCommand({"1": False}))
    pair.cut("unplugged")
    assert pair.of("controller")[-2:] == [Settled(2, "unreachable", "unplugged"), Offline("unplugged")]
    pair.mend()
    pair.run(until=3.0)
    assert pair.of("controller", Online) == [Online(), Online()]


@pytest.mark.parametrize(
    "damage", [losing(0.01), flipping(0.01), chattering(0.3)], ids=["losing", "flipping", "chattering"]
)
def test_ten_minutes_of_a_bad_line_bring_no_wrong_value(damage: object) -> None:
    pair = line(damage=damage, seed=5)
    wished = [0, 0]
    for minute in range(10):
        pair.submit(WireCommand({"19": 1000 + minute}), "device")
        pair.run(until=60.0 * minute + 50)
        pair.submit(WireCommand({"1": bool(minute % 2)}))
        wished[0] += 1
        pair.run(until=60.0 * minute + 60)
    for event in pair.of("controller", Reported):
        assert set(event.values) <= {"1", "19", "20"}
        assert event.values.get("19", 673) in {673, *range(1000, 1010)}
    assert len(pair.of("controller", Settled)) == 10
    assert pair.of("controller", Online)


# --- wishes -----------------------------------------------------------------------------------------


def test_a_command_is_confirmed_by_the_devices_own_report() -> None:
    pair = line()
    pair.run(until=1.0)
    pair.submit(WireCommand({"1": False}, types={"1": "bool"}))
    pair.run(until=1.1)
    assert pair.sent_by("controller")[-1].hex() == "55aa0006000501010001000d"
    assert pair.of("controller", Settled) == [Settled(2)]


def test_a_report_from_before_the_command_was_sent_confirms_nothing() -> None:
    module, _ = alone()
    module.submit(WireCommand({"1": True}), 0.0)
    assert module.receive(mcu_says(7, "0101000101"), 0.0) == [Reported({"1": True})]


def test_several_at_once_wait_for_each_other_and_are_all_confirmed() -> None:
    pair = line()
    pair.run(until=1.0)
    for command in ({"1": False}, {"9": 60}, {"1": True, "9": 0}):
        pair.submit(WireCommand(command))
    pair.run(until=3.0)
    assert [event.ticket for event in pair.of("controller", Settled)] == [2, 3, 4]


def test_an_enum_is_sent_as_the_type_that_the_device_reported() -> None:
    pair = line()
    pair.submit(WireCommand({"38": 2}, types={"38": "enum"}), "device")
    pair.run(until=1.0)
    pair.submit(WireCommand({"38": 1}))
    pair.run(until=1.1)
    assert pair.sent_by("controller")[-1][6:-1].hex() == "2604000101"


def test_a_relay_that_does_not_move_is_a_refusal_that_names_what_it_reports() -> None:
    pair = line("has-stuck-relay")
    pair.run(until=1.0)
    pair.submit(WireCommand({"1": False}))
    pair.run(until=10.0)
    assert pair.of("controller", Settled) == [Settled(2, "refused", "The device reports that it is on.")]


def test_no_report_is_a_timeout() -> None:
    pair = line(answers=lambda side, question: None if side == "device" else usual_answers(side, question))
    pair.run(until=1.0)
    pair.submit(WireCommand({"1": False}))
    pair.run(until=10.0)
    assert pair.when("controller", Settled) == [6.0]
    assert pair.of("controller", Settled) == [Settled(2, "timeout", "no report within 5 s")]


def test_commands_that_cannot_arrive_say_why_at_once() -> None:
    module = wifi_module(WifiSettings(), ambient())
    module.submit(WireCommand({"1": True}), 0.0)
    assert module.tick(0.0) == [Settled(1, "unreachable", "there is no connection to the device")]
    for fault, why in (
        ("sends-nothing", "the MCU does not answer heartbeats"),
        ("ignores-product-query", STUCK_AT_PRODUCT),
    ):
        pair = line(fault)
        pair.run(until=12.0)
        pair.submit(WireCommand({"1": True}))
        pair.run(until=12.0)
        assert pair.of("controller", Settled) == [Settled(2, "unreachable", why)]


@pytest.mark.parametrize(
    "command",
    [
        WireCommand({}),
        WireCommand({"power": 1}),
        WireCommand({"256": 1}),
        WireCommand({"1": True}, part="sub"),
        WireCommand({"1": 2**40}),
        WireCommand({"1": True}, types={"1": "float"}),
        WireAction("dance"),
    ],
)
def test_an_invalid_command_is_the_callers_mistake(command: SessionCommand) -> None:
    with pytest.raises(CommandError):
        wifi_module(WifiSettings(), ambient()).submit(command, 0.0)


# --- what MCUs ask, and what they should not say ------------------------------------------------------


def test_an_mcu_that_asks_for_ever_is_answered_for_ever() -> None:
    """Deviation 9: time, signal and network after each heartbeat."""
    pair = line("asks-after-heartbeats")
    pair.run(until=16.0)
    answers = [data for data in pair.sent_by("controller") if data[3] in (0x1C, 0x24, 0x2B)]
    assert [data[3] for data in answers] == [0x1C, 0x24, 0x2B] * 2
    assert answers[1].hex() == "55aa00240001c4e8"
    assert answers[2].hex() == "55aa002b0001042f"


def test_no_time_and_no_signal_are_answered_as_failures() -> None:
    pair = line(answers=lambda side, question: Refusal("not known"))
    pair.run(until=1.0)
    for command in (0x0C, 0x24):
        pair.send("device", mcu_says(command))
    pair.run(until=2.0)
    assert [data[6:-1] for data in pair.sent_by("controller")[-2:]] == [bytes(7), bytes(1)]
    assert [at.question for at in pair.of("controller", Asked)][1] == AskTime(local=False)


def test_the_network_status_is_the_one_that_the_hub_answers() -> None:
    answers = lambda side, question: (  # noqa: E731  # as Pair wants it
        Network.ROUTER.value if isinstance(question, AskNetwork) else usual_answers(side, question)
    )
    pair = line(answers=answers)
    pair.run(until=1.0)
    assert mcu_says(3, "03", version=0) in pair.sent_by("controller")


def test_an_unknown_command_is_reported_once_and_counted_always() -> None:
    module, _ = alone()
    events = [event for _ in range(3) for event in module.receive(mcu_says(0x72, "02"), 0.0)]
    assert [event.reason for event in events if isinstance(event, Rejected)] == ["unknown command 0x72 (fan duty)"]
    assert module.stats()["unknown"] == 3


def test_no_event_shows_a_wifi_password() -> None:
    pairing = mcu_says(0x2A, b'{"s":"home","p":"secret12","t":"t"}'.hex())
    for damaged in (pairing, pairing[:-1] + b"\x00", pairing[4:], pairing[:25]):
        module, _ = alone()
        events = [*module.receive(damaged, 0.0), *module.tick(1.0)]
        assert damaged is pairing or any(isinstance(event, Rejected) for event in events)
        assert "secret" not in repr(events)
        assert b"secret" not in b"".join(event.data for event in events if isinstance(event, Rejected))


def test_values_of_the_wrong_length_are_values_with_a_warning() -> None:
    """Deviation 1."""
    module, _ = alone()
    assert module.receive(mcu_says(7, "130200010526040004000000020101000101"), 0.0) == [
        Reported(
            {"19": 5, "38": 2, "1": True},
            odd={"19": "a value of 1 byte", "38": "an enum of 4 bytes"},
            types={"38": "enum"},
        )
    ]


def test_a_point_twice_in_one_frame_is_two_reports() -> None:
    module, _ = alone()
    assert module.receive(mcu_says(7, "1102000400000001 1102000400000002".replace(" ", "")), 0.0) == [
        Reported({"17": 1}),
        Reported({"17": 2}),
    ]


def test_a_frame_with_a_point_twice_confirms_what_else_is_in_it() -> None:
    pair = line()
    pair.run(until=5.0)
    pair._damage = lambda data, rng: b"" if data[3] == 0x06 else data
    ticket = pair.submit(WireCommand({"1": False}))
    pair.run(until=5.1)
    pair.send("device", mcu_says(7, "0101000100" + "1302000400000001" + "1302000400000002"))
    pair.run(until=6.0)
    assert pair.of("controller", Settled) == [Settled(ticket, "confirmed")]


def test_a_device_that_reports_only_when_asked_is_polled() -> None:
    """Deviation 7."""
    pair = line(settings=WifiSettings(poll_s=5.0))
    pair.run(until=21.0)
    polls = [t for t, side, data in pair.sent if side == "controller" and data[3] == 8]
    assert [round(t) for t in polls] == [0, 5, 10, 15, 20]


def test_two_requests_are_never_under_way_at_once() -> None:
    """Deviation 2: a second question before the first answer mixes the answers."""
    pair = line("answers-slowly")
    pair.run(until=1.0)
    pair.submit(WireCommand({"1": False}))
    pair.submit(WireCommand({"9": 5}))
    pair.run(until=5.0)
    asked = [t for t, side, _ in pair.sent if side == "controller"]
    assert all(later - earlier >= 0.25 for earlier, later in itertools.pairwise(asked))


def test_a_command_is_answered_by_a_report_of_its_own_points_only() -> None:
    """A meter reports all the time: the next request must not leave before the MCU is done with this one."""
    pair = line()
    pair.run(until=5.0)
    pair._damage = lambda data, rng: b"" if data[3] == 0x07 and data[6] == 1 else data  # the relay's report is lost
    pair.submit(WireCommand({"1": False}))
    pair.submit(WireCommand({"9": 5}))
    pair.run(until=5.05)
    pair.send("device", mcu_says(7, "1302000400000007"))
    pair.run(until=8.0)
    first, second = [t for t, side, data in pair.sent if side == "controller" and data[3] == 0x06]
    assert second - first >= 0.299


@pytest.mark.parametrize("report", [mcu_says(7, "13020004000000070101000100"), mcu_says(0x22, "0101000100")])
def test_a_report_that_holds_one_of_its_points_answers_a_command(report: bytes) -> None:
    pair = line()
    pair.run(until=5.0)
    pair._damage = lambda data, rng: b"" if data[3] == 0x06 and data[6] == 1 else data
    pair.submit(WireCommand({"1": False}))
    pair.submit(WireCommand({"9": 5}))
    pair.run(until=5.05)
    pair.send("device", report)
    pair.run(until=8.0)
    first, second = [t for t, side, data in pair.sent if side == "controller" and data[3] == 0x06]
    assert second - first < 0.1
