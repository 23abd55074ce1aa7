"""What an MCU asks and what it is answered, by itself or on request; the other end is our module."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pair import START_UNIX, Answers, Pair, ambient, usual_answers
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Answer,
    AskWeather,
    Identified,
    LinkPath,
    Question,
    Refusal,
    Reported,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import QUESTIONS, McuOptions, ScheduledQuestion, WifiMcu, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

LOCAL = START_UNIX + 3600  # what usual_answers says, read as if it were GMT


def knows_weather(side: str, question: Question) -> Answer | Refusal | None:
    return {"w.temp": 21} if isinstance(question, AskWeather) else usual_answers(side, question)


def line(
    answers: Answers = knows_weather,
    session: Mapping[str, Any] | None = None,  # Any: WifiSettings' own
    **options: Any,  # Any: McuOptions' own
) -> Pair:
    mcu = wifi_mcu(McuOptions(**options))
    return Pair(wifi_module(WifiSettings(**(session or {})), ambient()), mcu, answers=answers)


def mcu_of(pair: Pair) -> WifiMcu:
    end = pair._ends["device"]
    assert isinstance(end, Endpoint) and isinstance(end.role, WifiMcu)
    return end.role


def asked(pair: Pair, what: str) -> Settled:
    """What comes of this question of the MCU."""
    ticket = pair.submit(WireAction("ask", {"what": what}), "device")
    pair.run(until=pair.now + 6.0)
    (settled,) = (event for event in pair.of("device", Settled) if event.ticket == ticket)
    assert isinstance(settled, Settled)
    return settled


def said(pair: Pair, side: str, command: int) -> list[bytes]:
    return [data for data in pair.sent_by(side) if data[3] == command]


ANSWERS = {
    "gmt": "2026-09-21 14:13:20",
    "time": "2026-09-21 15:13:20",
    "time-notices": "done",
    "gmt-notices": "done",
    "network": "cloud",
    "signal": "-60 dBm",
    "memory": "53328 bytes",
    "module": "it reports ap, cc, ffs, sw",
    "weather": "it will be sent",
    "weather-now": "done",
    "record": "done",
    "features": "done",
    "reset": "",
    "reset-ez": "",
    "reset-ap": "",
    "reset-notices": "done",
    "connect": "taken",
    "no-heartbeats": "",
    "map": "done",
    "maps": "done",
    "wifi-test": "found, 80 %",
    "bluetooth": "state 0",
    "voice": "0",
    "mute": "1",
    "volume": "0",
    "wake-test": "0",
}


@pytest.mark.parametrize(("what", "words"), ANSWERS.items())
def test_our_module_answers_whatever_an_mcu_may_ask(what: str, words: str) -> None:
    pair = line()
    pair.submit(WireCommand({"1": True}), "device")
    pair.run(until=2.0)
    settled = asked(pair, what)
    assert (settled.result, settled.reason) == ("confirmed", words)


@pytest.mark.parametrize(("what", "words"), {"bluetooth-test": "not found", "ir-test": "there is none"}.items())
def test_what_a_hub_without_a_module_does_not_have_is_answered_as_missing(what: str, words: str) -> None:
    pair = line()
    pair.run(until=2.0)
    assert asked(pair, what) == Settled(1, "refused", words)


def test_every_question_is_in_one_of_these_tests() -> None:
    assert QUESTIONS.keys() - ANSWERS.keys() == {"bluetooth-test", "ir-test", "mac", "pairing"}


def test_the_address_is_the_same_each_time() -> None:
    pair = line()
    pair.run(until=2.0)
    first, second = asked(pair, "mac").reason, asked(pair, "mac").reason
    assert first == second and len(first) == 17


def test_a_module_is_paired_over_the_wire_only_after_a_reset() -> None:
    pair = line()
    pair.run(until=2.0)
    assert asked(pair, "pairing").reason == "it is not to be paired now"
    asked(pair, "reset")
    assert asked(pair, "pairing").reason == "taken"


def test_one_thing_is_asked_after_the_other() -> None:
    pair = line()
    pair.run(until=2.0)
    for what in ("time", "signal", "network"):
        pair.submit(WireAction("ask", {"what": what}), "device")
    pair.run(until=3.0)
    order = [data[3] for _, _, data in pair.sent if data[3] in (0x1C, 0x24, 0x2B)]
    assert order == [0x1C, 0x1C, 0x24, 0x24, 0x2B, 0x2B]
    assert [event.reason for event in pair.of("device", Settled)] == ["2026-09-21 15:13:20", "-60 dBm", "cloud"]


def test_a_question_of_before_the_start_waits_for_its_end() -> None:
    pair = line()
    settled = asked(pair, "time")
    assert settled.result == "confirmed"
    first = [data[3] for data in pair.sent_by("device")]
    assert first.index(0x1C) > first.index(0x03)


def test_without_a_module_nothing_is_answered() -> None:
    pair = Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(McuOptions()), start=False)
    assert asked(pair, "time") == Settled(1, "unreachable", "there is no module")
    pair.mend()
    pair.run(until=20.0)
    pair._answers = lambda side, question: None  # a hub that does not answer
    assert asked(pair, "time") == Settled(2, "timeout", "no answer within 5 s")
    ticket = pair.submit(WireAction("ask", {"what": "time"}), "device")
    pair.cut()
    assert pair.of("device", Settled)[-1] == Settled(ticket, "unreachable", "there is no module")


def test_a_module_that_never_comes_to_the_end_of_its_start_is_never_asked() -> None:
    pair = line(faults=frozenset({"ignores-product-query"}))
    ticket = pair.submit(WireAction("ask", {"what": "time"}), "device")
    pair.run(until=30.0)
    assert pair.of("device", Settled) == [Settled(ticket, "timeout", "the module never came so far")]
    assert not said(pair, "device", 0x1C)


def test_each_of_many_questions_has_its_five_seconds_in_its_turn() -> None:
    pair = line(answers=lambda side, question: None)  # a hub that does not answer
    pair.run(until=2.0)
    for _ in range(7):
        pair.submit(WireAction("ask", {"what": "time"}), "device")
    pair.run(until=40.0)
    assert [event.reason for event in pair.of("device", Settled)] == ["no answer within 5 s"] * 7
    assert pair.stats("device")["asked"] == pair.stats("device")["unanswered"] == 7


@pytest.mark.parametrize(
    ("what", "answer", "settled"),
    [
        ("connect", "2c00", ("refused", "that is not the right JSON")),
        ("connect", "2c01", ("confirmed", "taken")),
        ("pairing", "2a00", ("confirmed", "taken")),
        ("pairing", "2a03", ("refused", "it failed")),
        ("map", "2800", ("confirmed", "done")),
        ("map", "2804", ("refused", "code 4")),
        ("ir-test", "2f00", ("confirmed", "done")),
    ],
)
def test_what_a_yes_is_differs_between_the_commands(what: str, answer: str, settled: tuple[str, str]) -> None:
    mcu = wifi_mcu(McuOptions())
    mcu.up(LinkPath(), 0.0)
    for command in (0x00, 0x08):
        mcu.receive(bytes(Frame(0, command)), 0.0)
    mcu.submit(WireAction("ask", {"what": what}), 0.0)
    command, payload = bytes.fromhex(answer)
    (event,) = mcu.receive(bytes(Frame(0, command, bytes((payload,)))), 0.1)
    assert isinstance(event, Settled) and (event.result, event.reason) == settled


def test_what_cannot_be_asked_is_refused_with_what_can() -> None:
    mcu = wifi_mcu(McuOptions())
    with pytest.raises(CommandError, match=r"cannot ask 'tide'\. It can ask: gmt, time"):
        mcu.submit(WireAction("ask", {"what": "tide"}), 0.0)
    with pytest.raises(CommandError, match="does not know the action 'dance'"):
        mcu.submit(WireAction("dance"), 0.0)


# --- habits -------------------------------------------------------------------------------------------


def test_a_clock_asks_for_all_three_after_each_heartbeat() -> None:
    """The TH06; docs/protocols/tuya_wifi.md §2.6 item 9."""
    habits = tuple(ScheduledQuestion(ask, "heartbeat") for ask in ("time", "signal", "network"))
    pair = line(habits=habits)
    pair.run(until=60.0 + 15 * 100)
    assert [len(said(pair, "device", command)) for command in (0x1C, 0x24, 0x2B)] == [103, 103, 103]
    assert pair.stats("device")["answers"] == 309 and pair.stats("device")["unanswered"] == 0


def test_a_habit_of_the_cloud_waits_for_it_and_comes_again() -> None:
    network = 2

    def answers(side: str, question: Question) -> Answer | Refusal | None:
        return network if type(question).__name__ == "AskNetwork" else usual_answers(side, question)

    pair = line(answers=answers, habits=(ScheduledQuestion("time", every_s=100.0),))
    pair.run(until=50.0)
    assert not said(pair, "device", 0x1C)
    network = 4
    pair.send("device", bytes(Frame(3, 0x2B)))  # the module looks, and reports what has changed
    pair.run(until=260.0)
    assert [round(t) for t, side, data in pair.sent if side == "device" and data[3] == 0x1C] == [50, 150, 250]


def test_one_that_syncs_reports_all_it_knows_when_the_cloud_is_reached() -> None:
    pair = line(syncs=True)
    pair.submit(WireCommand({"2": 42, "3": 39}), "device")
    pair.run(until=5.0)
    order = [data[3] for _, _, data in pair.sent if data[3] in (0x03, 0x07, 0x08)]
    assert order == [0x03, 0x03, 0x03, 0x03, 0x07, 0x07, 0x08, 0x07, 0x07]


# --- what it receives ----------------------------------------------------------------------------------


def test_its_clock_is_set_by_the_time_that_it_receives_asked_for_or_not() -> None:
    pair = line()
    pair.run(until=2.0)
    assert mcu_of(pair).state.time(pair.now) is None
    asked(pair, "time")
    assert mcu_of(pair).state.time(2.0) == pytest.approx(LOCAL, abs=0.1)
    asked(pair, "time-notices")
    pair.run(until=4000.0)
    notices = [data for data in said(pair, "controller", 0x34) if data[6] == 2]
    assert len(notices) == 2  # at once, and an hour later
    assert [data[6] for data in said(pair, "device", 0x34)] == [1, 2, 2]


def test_weather_is_kept_and_acknowledged() -> None:
    pair = line(weather=("w.temp",))
    pair.run(until=2.0)
    asked(pair, "weather")
    assert mcu_of(pair).state.weather == {"w.temp.0": 21}
    assert pair.stats("device")["weather_values"] == 1
    assert len(said(pair, "controller", 0x21)) == len(said(pair, "device", 0x21)) == 1


def test_a_reset_is_reported_to_an_mcu_that_asked_for_it() -> None:
    pair = line()
    pair.run(until=2.0)
    asked(pair, "reset-notices")
    asked(pair, "reset-ap")
    assert mcu_of(pair).state.resets == [0]
    pair.run(until=pair.now + 200.0)
    assert [data[6] for data in said(pair, "controller", 0x03)][2:] == [1, 2, 3, 4]


def test_its_records_have_its_own_time_as_soon_as_it_has_one() -> None:
    pair = line()
    pair.submit(WireCommand({"1": True, "2": 7}), "device")
    pair.run(until=2.0)
    asked(pair, "record")
    asked(pair, "time")
    pair.run(until=100.0)
    asked(pair, "record")
    first, second = said(pair, "device", 0x34)
    assert first[7:15].hex() == "0100" + "00" * 6
    assert second[7:9].hex() == "0101"
    at = [event.at for event in pair.of("controller", Reported) if event.at is not None]
    assert at == [pytest.approx(START_UNIX), pytest.approx(START_UNIX + 92, abs=1.1)]


# --- reports by 22 ------------------------------------------------------------------------------------


def test_a_report_that_must_arrive_is_sent_until_it_was_taken() -> None:
    """The module receives nothing for a while: what has come meanwhile goes with the next one."""
    pair = line(synced=frozenset({"1", "17"}), increments=frozenset({"17"}))
    pair.run(until=2.0)
    pair._damage = lambda data, rng: b"" if data[3] in (0x22, 0x23) else data
    for count in (5, 6, 7):
        pair.submit(WireCommand({"17": count}), "device")
        pair.run(until=pair.now + 1.0)
    pair.run(until=15.0)
    assert pair.stats("device")["resends"] == 2
    pair._damage = None
    pair.run(until=30.0)
    assert [event.values for event in pair.of("controller", Reported)] == [{"17": 5}, {"17": 13}]
    assert len(said(pair, "controller", 0x23)) == 2


def test_a_report_that_the_module_could_not_pass_on_is_sent_again_after_six_seconds() -> None:
    mcu = wifi_mcu(McuOptions(synced=frozenset({"1"})))
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=2.0)
    pair._damage = lambda data, rng: bytes(Frame(0, 0x23, b"\0")) if data[3] == 0x23 else data
    pair.submit(WireCommand({"1": True}), "device")
    pair.run(until=14.5)
    assert [round(t) for t, side, data in pair.sent if side == "device" and data[3] == 0x22] == [2, 8, 14]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0.0, 8.0)), max_size=12), st.lists(st.booleans(), max_size=20))
def test_whatever_reports_are_lost_nothing_of_what_was_counted_is(
    counts: list[tuple[int, float]], lost: list[bool]
) -> None:
    pair = line(synced=frozenset({"17"}), increments=frozenset({"17"}))
    pair.run(until=2.0)
    losses = iter(lost)
    pair._damage = lambda data, rng: b"" if data[3] == 0x22 and next(losses, False) else data
    for count, pause in counts:
        pair.submit(WireCommand({"17": count}), "device")
        pair.run(until=pair.now + pause)
    pair.run(until=pair.now + 6.0 * len(lost) + 10.0)
    reported = [event.values["17"] for event in pair.of("controller", Reported)]
    assert sum(reported) == sum(count for count, _ in counts) and 0 not in reported


@pytest.mark.parametrize("late", [False, True])
def test_an_increment_whose_23_is_lost_or_late_is_marked_as_repeated(late: bool) -> None:
    """The hub had counted it: it counts once. The store that does not respond in time is a failure."""
    lost = [True]

    def damage(data: bytes, rng: random.Random) -> bytes:
        if data[3] == 0x23 and lost:
            lost.clear()
            return bytes(Frame(0, 0x23, b"\0")) if late else b""
        return data

    pair = line(synced=frozenset({"17"}), increments=frozenset({"17"}))
    pair.run(until=2.0)
    pair._damage = damage
    pair.submit(WireCommand({"17": 5}), "device")
    pair.run(until=10.0)
    pair.submit(WireCommand({"17": 5}), "device")
    pair.run(until=20.0)
    assert pair.of("controller", Reported) == [
        Reported({"17": 5}),
        Reported({"17": 5}, repeated=True),
        Reported({"17": 5}),
    ]


def test_increments_that_were_not_taken_go_to_the_next_module() -> None:
    pair = line(synced=frozenset({"17"}), increments=frozenset({"17"}))
    pair.run(until=2.0)
    pair._damage = lambda data, rng: b"" if data[3] == 0x22 else data
    pair.submit(WireCommand({"17": 5}), "device")
    pair.run(until=3.0)
    pair.submit(WireCommand({"17": 6}), "device")
    pair.cut()
    pair._damage = None
    pair.run(until=4.0)
    pair.mend()
    pair.run(until=6.0)
    pair.submit(WireCommand({"17": 1}), "device")
    pair.run(until=8.0)
    assert [event.values for event in pair.of("controller", Reported)] == [{"17": 12}]


# --- what it says that it is ----------------------------------------------------------------------------


def test_all_fields_of_the_product_are_reported() -> None:
    fields = {"mt": 10, "n": 0, "ir": "5.12", "low": 0, "ma": [{"t": 10, "v": "1.0.0"}], "sm": 1}
    pair = line(pairing=1, fields=fields)
    pair.run(until=2.0)
    reported = json.loads(said(pair, "device", 0x01)[0][6:-1])
    assert reported == {"p": "uncloudedplugsim", "v": "1.0.0", "m": 1, **fields}
    assert pair.of("controller", Identified)[0].info["version_10"] == "1.0.0"


def test_features_are_sent_between_product_and_mode() -> None:
    features = {"mcu_ota": 0, "abv": 3, "buf": 1024}
    pair = line(features=features)
    pair.run(until=2.0)
    assert said(pair, "device", 0x37) == [
        bytes.fromhex(
            "55aa033700 2100 7b226d63755f6f7461223a302c22616276223a332c22627566223a313032347dac".replace(" ", "")
        )
    ]
    order = [data[3] for data in pair.sent_by("device")]
    assert order.index(0x01) < order.index(0x37) < order.index(0x02)


@pytest.mark.parametrize("pins", ["", "0c0d", "0c0d0e"])
def test_who_drives_the_led_is_reported_by_no_two_or_three_pins(pins: str) -> None:
    pair = line(pins=bytes.fromhex(pins))
    pair.run(until=2.0)
    assert said(pair, "device", 0x02) == [bytes(Frame(3, 2, bytes.fromhex(pins)))]


def test_one_pin_is_no_working_mode() -> None:
    with pytest.raises(ValueError, match="none, two or three"):
        McuOptions(pins=b"\x0c")


@pytest.mark.parametrize("version", [0, 1, 3])
def test_an_old_product_is_sixteen_characters_and_a_version_in_any_version(version: int) -> None:
    pair = line(old_product=True, version=version)
    pair.run(until=2.0)
    (reported,) = said(pair, "device", 0x01)
    assert reported[2] == version and reported[6:-1] == b"uncloudedplugsim1.0.0"
    assert pair.of("controller", Identified)[0].info["product"] == "uncloudedplugsim"


def test_a_clamp_reports_only_when_it_is_polled() -> None:
    pair = line(session={"poll_s": 5.0}, polled=True, increments=frozenset({"17"}))
    for second in range(12):
        pair.submit(WireCommand({"19": 200 + second, "17": 1}), "device")
        pair.run(until=second + 1.0)
    assert {round(t) for t, side, data in pair.sent if side == "device" and data[3] == 7} == {0, 5, 10}
    assert [event.values for event in pair.of("controller", Reported)][-2:] == [{"19": 210}, {"17": 5}]


def test_no_secret_is_in_what_it_reports_of_itself() -> None:
    pair = line()
    pair.run(until=2.0)
    for what in ("pairing", "connect", "module"):
        asked(pair, what)
    assert sum(b"12345678" in data for data in pair.sent_by("device")) == 2
    assert pair.events and not any("12345678" in repr(event) for event in pair.events)
