"""The fourteen ways in which real MCUs deviate, each with its bytes, each survived: docs/protocols/tuya_wifi.md §2.6.

 1 wrong lengths     2 two answers in each other    3 a stale byte ahead    4 product info without JSON
 5 02 as an event    6 no answer to 08, or silent   7 reports when polled   8 silent after bursts
 9 asks for ever    10 echoes                      11 clocks that drift    12 frames over 255 bytes
13 a buffer of 24 bytes                            14 55 AA inside a payload
"""

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from pair import Pair, ambient
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Identified, Online, Rejected, Reported, Settled, Waiting, WireCommand
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module


def mcu_says(command: int, payload: str = "", version: int = 3) -> bytes:
    return bytes(Frame(version, command, bytes.fromhex(payload)))


HEARTBEAT = mcu_says(0, "01")
SWITCH_ON = mcu_says(7, "0101000101")


def line(*faults: str, run: float = 5.0, **settings: Any) -> Pair:  # Any: WifiSettings' own
    pair = Pair(wifi_module(WifiSettings(**settings), ambient()), wifi_mcu(McuOptions(faults=frozenset(faults))))
    pair.run(until=run)
    return pair


def reported(pair: Pair, *said: bytes, for_s: float = 1.0) -> list[dict[str, object]]:
    """What the module reports when the MCU says this."""
    before = len(pair.of("controller", Reported))
    for data in said:
        pair.send("device", data)
    pair.run(until=pair.now + for_s)
    return [dict(event.values) for event in pair.of("controller", Reported)[before:]]


def sent(pair: Pair, command: int) -> list[float]:
    """When the module said this."""
    return [t for t, side, data in pair.sent if side == "controller" and data[3] == command]


def test_1_a_wrong_length_costs_neither_the_point_nor_the_rest_of_the_frame() -> None:
    """esphome/issues 2149: a value in one byte; others drop what comes behind it."""
    pair = line()
    assert reported(pair, mcu_says(7, "1302000105" + "0101000101")) == [{"19": 5, "1": True}]
    assert pair.of("controller", Reported)[-1].odd == {"19": "a value of 1 byte"}


def test_2_an_answer_inside_a_report_is_found_and_the_next_report_too() -> None:
    """esphome/issues 986: …01 55 aa 03 00 00… in the middle of a 07."""
    pair = line()
    mixed = SWITCH_ON[:10] + HEARTBEAT + SWITCH_ON[10:]
    assert reported(pair, mixed, mcu_says(7, "13020004000002a1")) == [{"19": 673}]
    assert pair.of("controller", Online) == [Online()]
    assert any(isinstance(event, Rejected) for event in pair.of("controller"))


@pytest.mark.parametrize("stale", ["00", "55", "55aa", "55aa0307"])
def test_3_a_stale_byte_ahead_loses_nothing_that_is_whole(stale: str) -> None:
    """esphome 12523: each read ends with half of the next frame."""
    pair = line()
    stream = bytes.fromhex(stale) + SWITCH_ON + HEARTBEAT + mcu_says(7, "13020004000002a1") + SWITCH_ON
    pieces = [stream[at : at + 13] for at in range(0, len(stream), 13)]
    assert reported(pair, *pieces) == [{"1": True}, {"19": 673}, {"1": True}]


@pytest.mark.parametrize("fault", ["has-old-firmware", "corrupts-product-info"])
def test_4_product_info_that_is_no_json_is_read_all_the_same(fault: str) -> None:
    """esphome/issues 3368: version 0 in the product reply, 3 in what comes later."""
    pair = line(fault)
    assert pair.of("controller", Identified)[0].info["product"] == "uncloudedplugsim"
    assert reported(pair, SWITCH_ON) == [{"1": True}]


def test_5_working_mode_as_an_event_is_no_news() -> None:
    """OpenBeken 291."""
    pair = line()
    before = len(pair.events)
    assert reported(pair, bytes.fromhex("55aa010200 03ff010106".replace(" ", ""))) == []
    assert pair.events[before:] == []


def test_6_an_mcu_that_never_answers_the_query_is_online() -> None:
    """esphome/issues 6503: a garage door that reports changes only."""
    pair = line("ignores-queries", run=20.0)
    assert pair.of("controller", Online) == [Online()]
    assert pair.of("controller", Waiting) == []


@pytest.mark.parametrize(("status_first", "receives"), [((), False), ((3,), True), ((0, 2, 3), True)])
def test_6_an_mcu_that_waits_for_pairing_sees_one(status_first: tuple[int, ...], receives: bool) -> None:
    """It reports nothing until it has seen the states of pairing, in their order. Tasmota PR 24063."""
    mcu = wifi_mcu(McuOptions())
    seen: list[int] = []
    received = mcu.role.received

    def selective(frame: Frame, now: float) -> Sequence[Event]:
        if frame.command == 3:
            seen.append(frame.payload[0])
        ignores = frame.command == 8 and seen[-2:] != [3, 4]
        return () if ignores else received(frame, now)

    mcu.role.received = selective  # type: ignore[method-assign]  # one that waits for pairing
    pair = Pair(wifi_module(WifiSettings(status_first=status_first), ambient()), mcu)
    pair.submit(WireCommand({"1": True}), "device")
    pair.run(until=3.0)
    states = [data[6] for data in pair.sent_by("controller") if data[3] == 3]
    assert states == [*status_first, 4]
    assert bool(pair.of("controller", Reported)) == receives


def test_7_a_meter_that_reports_when_asked_is_asked() -> None:
    """The PJ-MGW1103 clamp each 5 s, beside the query of the start."""
    pair = line(poll_s=5.0, run=0.0)
    pair.submit(WireCommand({"19": 227}), "device")
    pair.run(until=31.0)
    assert [round(t) for t in sent(pair, 8)] == [0, 5, 10, 15, 20, 25, 30]
    assert [event.values for event in pair.of("controller", Reported)][-1] == {"19": 227}


def test_8_a_small_mcu_is_given_time_between_any_two_frames() -> None:
    """esphome/issues 1776: it does not answer after bursts."""
    pair = line("asks-after-heartbeats", minimum_gap_s=0.1)
    pair.submit(WireCommand({"1": True}))
    pair.submit(WireCommand({"9": 5}))
    pair.run(until=10.0)
    times = [t for t, side, _ in pair.sent if side == "controller"]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.0999
    assert [event.result for event in pair.of("controller", Settled)] == ["confirmed", "confirmed"]


def test_9_an_mcu_that_asks_the_same_for_ever_is_answered_for_ever() -> None:
    """The TH06 clock: time, signal and network, 110 times in one capture."""
    pair = line()
    for at in range(110):
        pair.run(until=5.0 + at)
        for command in (0x1C, 0x24, 0x2B):
            pair.send("device", mcu_says(command))
    pair.run(until=120.0)
    assert [len(sent(pair, command)) for command in (0x1C, 0x24, 0x2B)] == [110, 110, 110]
    assert pair.stats("controller")["unsent"] == 0


def dimmer(value: int) -> bytes:
    return mcu_says(7, f"02020004{value:08x}")


def test_10_the_values_on_the_way_are_not_reported_but_the_one_at_the_end_is() -> None:
    """esphome/issues 852 and 1448: what a dimmer reports on its way becomes a command again."""
    mcu = wifi_mcu(McuOptions(faults=frozenset(("sends-nothing",))))
    module = wifi_module(WifiSettings(echo_s=0.25), ambient())
    pair = Pair(module, mcu)
    for answer in (
        HEARTBEAT,
        mcu_says(1, b'{"p":"abcdefgh12345678"}'.hex()),
        mcu_says(2),
        mcu_says(3),
        mcu_says(3),
        dimmer(10),
    ):
        pair.send("device", answer)
        pair.run(until=pair.now + 0.05)
    pair.run(until=2.0)
    pair.submit(WireCommand({"2": 100}))
    assert reported(pair, dimmer(40), dimmer(70), dimmer(100), for_s=1.0) == [{"2": 100}]
    assert pair.of("controller", Settled) == [Settled(2)]
    pair.submit(WireCommand({"2": 200}))
    assert reported(pair, dimmer(150), dimmer(180), for_s=1.0) == [{"2": 180}]  # it came to rest elsewhere
    assert reported(pair, dimmer(170)) == [{"2": 170}]  # a hand at the knob
    assert pair.stats("controller")["values_on_the_way"] == 4


def test_10_a_point_on_the_ignore_list_is_never_reported() -> None:
    pair = line(ignore=(9, 26))
    assert reported(pair, mcu_says(7, "0902000400000005"), mcu_says(7, "0101000101" + "1a050001ff")) == [{"1": True}]
    assert pair.stats("controller")["ignored"] == 2


def test_11_a_clock_that_drifts_is_sent_the_time_each_minute() -> None:
    """esphome PR 18603; Tasmota each 60 s."""
    pair = line(push_time_s=60.0, run=310.0)
    assert [round(t) for t in sent(pair, 0x1C)] == [60, 120, 180, 240, 300]
    assert all(data[6] == 1 for data in pair.sent_by("controller") if data[3] == 0x1C)


def test_11_one_that_asks_for_gmt_gets_gmt() -> None:
    """esphome PR 17158."""
    pair = line()
    reported(pair, mcu_says(0x0C))
    assert len(pair.sent_by("controller")[-1]) == 14


def test_12_a_frame_of_more_than_255_bytes_is_a_frame() -> None:
    pair = line()
    raw = bytes(range(256)) + b"\x55\xaa" * 20
    assert reported(pair, mcu_says(7, f"0600{len(raw):04x}{raw.hex()}")) == [{"6": raw}]
    pair.submit(WireCommand({"6": raw}))
    pair.run(until=8.0)
    assert bytes(Frame(0, 6, bytes.fromhex(f"0600{len(raw):04x}") + raw)) in pair.sent_by("controller")


def test_13_a_small_buffer_is_never_overrun() -> None:
    """The vendor's SDK has 24 bytes and 7 for the frame; a raw point of 27 bytes kills it (its issue 5)."""
    pair = line(mcu_buffer=31)
    pair.submit(WireCommand({"1": True, "9": 5, "10": 6, "18": 7, "2": False}))
    pair.run(until=10.0)
    commands = [data for data in pair.sent_by("controller") if data[3] == 6]
    assert len(commands) == 2 and max(map(len, commands)) <= 31
    assert pair.of("controller", Settled) == [Settled(2)]
    with pytest.raises(CommandError, match="Data point 7 needs 31 bytes; this MCU takes 24 at once"):
        pair.submit(WireCommand({"7": bytes(27)}))


@pytest.mark.parametrize(
    ("frame", "values"),
    [
        ("55aa030700081402000400000955 89", {"20": 2389}),
        (mcu_says(7, "06000655aa0307000555").hex(), {}),
        (mcu_says(7, "060000040155aa03").hex(), {"6": bytes.fromhex("0155aa03")}),
    ],
    ids=["238.9 V", "no units", "a header inside"],
)
def test_14_a_header_inside_a_payload_is_a_value(frame: str, values: dict[str, object]) -> None:
    """Tasmota 20085: 238.9 V is 0x0955 and never arrives there."""
    pair = line()
    assert reported(pair, bytes.fromhex(frame.replace(" ", "")), SWITCH_ON) == [
        *([values] if values else []),
        {"1": True},
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"mac": "02:00"}, {"mac": "zz:00:00:00:00:01"}, {"status_first": [9]}, {"mcu_buffer": 8}, {"weather_s": 0}],
)
def test_a_setting_that_cannot_be_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match=next(iter(wrong))):
        msgspec.convert(wrong, WifiSettings)
