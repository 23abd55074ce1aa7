"""The faults of a simulated MCU: each does what it says, and our module survives it or says what is wrong.

The numbers are those of the list in docs/protocols/tuya_wifi.md §2.6; test_deviations has the bytes of that list.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from pair import START_UNIX, Pair, ambient, usual_answers
from unclouded.core.sessions.session import (
    AskTime,
    Identified,
    LinkPath,
    LocalTime,
    Offline,
    Online,
    Rejected,
    Reported,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import FAULTS, McuOptions, WifiMcu, wifi_mcu
from unclouded.families.tuya.wifi.mcu.uart import TransmitQueue
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

HEARTBEAT = bytes(Frame(0, 0))
QUERY = bytes(Frame(0, 8))


def line(*faults: str, run: float = 3.0, **settings: Any) -> Pair:  # Any: WifiSettings' own
    pair = Pair(wifi_module(WifiSettings(**settings), ambient()), wifi_mcu(McuOptions(faults=frozenset(faults))))
    pair.submit(WireCommand({"1": True, "19": 673}), "device")
    pair.run(until=run)
    return pair


def alone(*faults: str, values: Mapping[str, Any] | None = None) -> Endpoint[WifiMcu]:  # Any: wire values
    """An MCU that has answered a heartbeat, and knows these values."""
    mcu = wifi_mcu(McuOptions(faults=frozenset(faults)))
    mcu.up(LinkPath(), 0.0)
    mcu.receive(HEARTBEAT, 0.0)
    mcu.submit(WireCommand(values or {"1": True}), 0.0)
    said(mcu, 1.0)
    return mcu


def said(mcu: Endpoint[WifiMcu], until: float) -> list[bytes]:
    """What it says up to then."""
    outs = list(mcu.outgoing(until - 1.0))
    while (at := mcu.deadline()) is not None and at <= until:
        mcu.tick(at)
        outs += mcu.outgoing(at)
    return [out.data for out in outs]


def values(pair: Pair) -> list[object]:
    return [event.values for event in pair.of("controller", Reported)]


def results(pair: Pair) -> list[Settled]:
    return pair.of("controller", Settled)


def test_every_fault_has_words() -> None:
    assert all(words.endswith(".") for words in FAULTS.values())
    assert "restarts-during-update" in FAULTS


# --- 2 ------------------------------------------------------------------------------------------------


def test_2_an_answer_gets_into_the_report_that_is_on_its_way() -> None:
    """The bytes of the page: …01 55 aa 03 00 00… in a 07."""
    mcu = alone("interleaves-frames")
    mcu.receive(QUERY + HEARTBEAT, 1.0)
    report, heartbeat = bytes(Frame(3, 7, bytes.fromhex("0101000101"))), bytes(Frame(3, 0, b"\1"))
    assert said(mcu, 2.0) == [report[:-2] + heartbeat + report[-2:]]


def test_2_our_module_never_asks_two_things_at_once_so_only_reports_of_changes_are_hit() -> None:
    pair = line("interleaves-frames")
    assert pair.of("controller", Online) == [Online()] and {"19": 673} in values(pair)
    assert not pair.of("controller", Rejected)
    same = line("interleaves-frames", run=20.0)
    beat = next(t for t, side, data in same.sent if side == "controller" and data == HEARTBEAT and t > 3)
    pair.run(until=beat - 0.005)
    pair.submit(WireCommand({"19": 680}), "device")
    pair.run(until=30.0)
    assert pair.of("controller", Rejected) and {"19": 680} not in values(pair)  # that report came in two halves
    assert not pair.of("controller", Offline)  # the heartbeat inside it was received
    pair.submit(WireCommand({"19": 690}), "device")
    pair.run(until=31.0)
    assert values(pair)[-1] == {"19": 690}


# --- 3 ------------------------------------------------------------------------------------------------


def test_3_what_is_shifted_comes_in_pieces_behind_a_stale_byte() -> None:
    mcu = alone("sends-shifted-pieces", values={"1": True, "19": 673})
    mcu.receive(QUERY, 1.0)
    pieces = said(mcu, 2.0)
    frames = bytes(Frame(3, 7, bytes.fromhex("0101000101"))) + bytes(Frame(3, 7, bytes.fromhex("13020004000002a1")))
    assert b"".join(pieces) == frames[-1:] + frames  # what it said last ended like that
    assert [len(piece) for piece in pieces] == [13, 13, 2]


def test_3_our_module_loses_nothing_of_it() -> None:
    pair = line("sends-shifted-pieces")
    assert pair.of("controller", Online) == [Online()]
    pair.submit(WireCommand({"1": False}))
    pair.run(until=20.0)
    assert results(pair) == [Settled(2)]
    noise = pair.stats("controller")["noise_bytes"]
    assert 3 <= noise < 20  # the stale bytes and nothing else
    assert pair.stats("controller")["resends"] == 0


@pytest.mark.parametrize("fault", ["sends-shifted-pieces", "answers-slowly", "interleaves-frames"])
def test_requests_faster_than_it_can_send_do_not_fill_its_memory(fault: str) -> None:
    queue = TransmitQueue(frozenset({fault}))
    for _ in range(10_000):
        queue.add(HEARTBEAT, 0.0)
        queue.ready(0.0)
    until, size = 0.0, 0
    while (at := queue.deadline()) is not None:
        until, size = max(until, at), size + sum(map(len, queue.ready(max(until, at))))
    assert 7000 <= size < 20_000


# --- 5 ------------------------------------------------------------------------------------------------


def test_5_an_mcu_of_version_1_reports_its_keys_as_working_mode() -> None:
    pair = line("sends-version-1-events", run=20.0)
    assert bytes.fromhex("55aa01020003ff010106") in pair.sent_by("device")  # the bytes of the page
    assert all(data[2] == 1 for data in pair.sent_by("device"))
    assert pair.of("controller", Online) == [Online()]
    assert not pair.of("controller", Rejected) and not pair.of("controller", Waiting)


# --- 6 ------------------------------------------------------------------------------------------------


def test_6_one_that_waits_for_pairing_ignores_all_until_it_saw_it() -> None:
    pair = line("ignores-all-until-status-04", status_first=())
    pair.submit(WireCommand({"1": False}))
    pair.run(until=10.0)
    assert values(pair) == [] and [event.result for event in results(pair)] == ["timeout"]
    paired = line("ignores-all-until-status-04")
    paired.submit(WireCommand({"1": False}))
    paired.run(until=10.0)
    assert values(paired) == [{"1": True}, {"19": 673}, {"1": False}] and results(paired) == [Settled(2)]


def test_6_one_that_reports_all_at_the_cloud_does_not_do_so_before_it_is_paired() -> None:
    """Its first 04 comes without a 03 before it: that is no pairing."""
    mcu = wifi_mcu(McuOptions(syncs=True, faults=frozenset({"ignores-all-until-status-04"})))
    mcu.up(LinkPath(), 0.0)
    mcu.submit(WireCommand({"1": True}), 0.0)
    commands = []
    for status in (4, 3, 4):
        mcu.receive(bytes(Frame(0, 3, bytes((status,)))), 0.0)
        commands.append([data[3] for data in said(mcu, 1.0)])
    assert commands == [[3], [3], [3, 7]]


# --- 8 ------------------------------------------------------------------------------------------------


def test_8_a_burst_makes_a_small_mcu_lose_frames_for_a_while() -> None:
    mcu = alone("pauses-after-burst")
    for at in (1.0, 1.02, 1.04):
        mcu.receive(HEARTBEAT, at)
    mcu.receive(HEARTBEAT, 3.9)
    assert len(said(mcu, 4.0)) == 2
    mcu.receive(HEARTBEAT, 4.1)
    assert len(said(mcu, 5.0)) == 1


def test_8_a_longer_gap_between_frames_is_what_it_needs() -> None:
    fast, spaced = line("pauses-after-burst", run=2.0), line("pauses-after-burst", run=2.0, minimum_gap_s=0.06)
    assert not fast.of("controller", Online) and spaced.of("controller", Online)
    assert spaced.stats("controller")["resends"] == 0
    fast.run(until=60.0)
    assert fast.of("controller", Online) == [Online()]  # it comes late, after its pauses
    assert fast.stats("controller")["resends"] > 0


# --- 9 ------------------------------------------------------------------------------------------------


def test_9_one_that_asks_for_ever_is_answered_for_ever() -> None:
    pair = line("asks-after-heartbeats", run=1500.0)
    asked = [data[3] for data in pair.sent_by("device") if data[3] in (0x1C, 0x24, 0x2B)]
    answered = [data[3] for data in pair.sent_by("controller") if data[3] in (0x1C, 0x24, 0x2B)]
    assert len(asked) == len(answered) >= 300


# --- 10 -----------------------------------------------------------------------------------------------


def test_10_joined_wires_are_reported_as_such() -> None:
    pair = line("echoes-input", run=10.0)
    back = pair.sent_by("device")
    assert back and back == pair.sent_by("controller")[: len(back)]
    (waiting,) = pair.of("controller", Waiting)
    assert waiting.reason == "What is sent comes straight back: TX and RX are joined, and no MCU answers"


def test_10_a_lamp_that_fades_reports_each_step_and_the_last_one_settles_the_command() -> None:
    pair = line("changes-in-steps")
    pair.submit(WireCommand({"2": 10}), "device")
    pair.run(until=4.0)
    pair.submit(WireCommand({"2": 110}))
    pair.run(until=10.0)
    assert values(pair)[-4:] == [{"2": 35}, {"2": 60}, {"2": 85}, {"2": 110}]
    assert results(pair) == [Settled(2)]


def test_10_with_echo_suppression_only_the_end_is_reported() -> None:
    pair = line("changes-in-steps", echo_s=0.25)
    pair.submit(WireCommand({"2": 10}), "device")
    pair.run(until=4.0)
    pair.submit(WireCommand({"2": 110}))
    pair.run(until=10.0)
    assert values(pair)[-2:] == [{"2": 10}, {"2": 110}]
    assert pair.stats("controller")["values_on_the_way"] == 3


# --- 11 -----------------------------------------------------------------------------------------------


def clock(pair: Pair) -> float:
    """How wrong the MCU's clock is, by the clock of the hub."""
    mcu = pair._ends["device"]
    assert isinstance(mcu, Endpoint)
    shown = mcu.role.state.time(pair.now)
    assert shown is not None
    return float(shown) - (START_UNIX + 3600 + pair.now)


def drifting(**settings: Any) -> Pair:  # Any: WifiSettings' own
    def answers(side: str, question: Any) -> Any:  # Any: as Pair has it
        asks = isinstance(question, AskTime)
        return LocalTime(START_UNIX + pair.now, 3600) if asks else usual_answers(side, question)

    mcu = wifi_mcu(McuOptions(faults=frozenset({"has-clock-drift"})))
    pair = Pair(wifi_module(WifiSettings(**settings), ambient()), mcu, answers=answers)
    pair.run(until=2.0)
    pair.submit(WireAction("ask", {"what": "time"}), "device")
    pair.run(until=2.5)
    return pair


def test_11_a_clock_that_drifts_is_a_minute_ahead_after_an_hour() -> None:
    pair = drifting()
    pair.run(until=3602.0)
    assert clock(pair) == pytest.approx(60.0, abs=1.1)  # a time that is sent has whole seconds
    assert pair.stats("device")["clock_off_s"] == pytest.approx(60.0, abs=0.3)


def test_11_one_that_is_sent_the_time_each_minute_is_never_far_off() -> None:
    pair = drifting(push_time_s=60.0)
    for at in range(60, 3600, 60):
        pair.run(until=at + 30.0)
        assert abs(clock(pair)) < 2.1
    assert pair.stats("device")["clock_off_s"] < 1.1


# --- 13 -----------------------------------------------------------------------------------------------


def test_13_a_frame_that_is_too_long_costs_all_that_was_received() -> None:
    mcu = alone("loses-long-frames")
    fits = bytes(Frame(0, 6, b"\x65\x00\x00\x14" + bytes(20)))
    too_long = bytes(Frame(0, 6, b"\x65\x00\x00\x15" + bytes(21)))
    assert len(mcu.receive(fits, 1.0)) == 1
    waiting = wifi_mcu(McuOptions(faults=frozenset({"loses-long-frames"})))
    waiting.up(LinkPath(), 0.0)
    waiting.receive(fits, 0.0)  # the world has not answered yet: what comes now waits
    waiting.receive(HEARTBEAT + too_long, 0.1)
    said(waiting, 2.0)
    assert waiting.stats()["overruns"] == 1
    assert waiting.stats()["frames_in"] == 3 and waiting.stats()["frames_out"] == 0


def test_13_our_module_keeps_to_the_buffer_where_it_is_known_and_reports_it_where_not() -> None:
    long = {"1": True, "9": 5, "10": 6, "18": 7}
    known = line("loses-long-frames", mcu_buffer=31)
    known.submit(WireCommand(long))
    known.run(until=10.0)
    assert results(known) == [Settled(2)]
    unknown = line("loses-long-frames")
    unknown.submit(WireCommand(long))
    unknown.run(until=10.0)
    assert results(unknown) == [Settled(2, "timeout", "no report within 5 s")]
    assert unknown.stats("device")["overruns"] == 1


# --- the others -----------------------------------------------------------------------------------------


def test_notices_that_are_not_acknowledged_are_sent_again() -> None:
    pair = line("acks-no-notices")
    pair.submit(WireAction("ask", {"what": "time-notices"}), "device")
    pair.run(until=10.0)
    notices = [data for data in pair.sent_by("controller") if data[3] == 0x34 and data[6] == 2]
    assert len(notices) == 5


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_fault_makes_the_module_fail_and_it_always_reports_its_state(fault: str) -> None:
    pair = line(fault, run=100.0)
    reported = [*pair.of("controller", Online), *pair.of("controller", Waiting)]
    assert reported
    if fault not in ("sends-nothing", "echoes-input", "ignores-product-query", "ignores-mode-query"):
        assert pair.of("controller", Online) and pair.of("controller", Identified)
