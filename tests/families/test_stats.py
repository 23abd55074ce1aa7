"""The statistics of the wire: the same few keys whatever the family, so that one page can show them all."""

from collections.abc import Callable

import pytest

from families.emporia import emporia_pair
from families.meross import meross_pair
from pair import Pair, ambient
from unclouded.core.sessions.session import WireCommand
from unclouded.core.sessions.session_parts import MOST_COUNTS, count_noise
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module


def tuya() -> Pair:
    pair = Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(McuOptions()))
    pair.submit(WireCommand({"1": True}), "device")
    return pair


def meross() -> Pair:
    return meross_pair.over_broker(meross_pair.controller(), meross_pair.plug())


NOISE: dict[str, tuple[Callable[[], Pair], bytes, str]] = {
    "tuya": (tuya, bytes.fromhex("55aa030000010005"), "noise_bad_checksum"),
    "emporia": (emporia_pair.joined, b"$\x01r\x02ab?", "noise_no_carriage_return_at_the_end"),
    "meross": (meross, b'{"header":{', "noise_cut_off"),
}


@pytest.mark.parametrize("family", NOISE)
def test_frames_both_ways_noise_and_its_reason_and_the_round_trip_have_the_same_names(family: str) -> None:
    make, noise, reason = NOISE[family]
    pair = make()
    pair.run(until=9.0)
    pair.send("device", noise)
    pair.run(until=10.0)
    for side in ("controller", "device"):
        end, other = pair.stats(side), "device" if side == "controller" else "controller"
        assert end["frames_out"] == len(pair.sent_by(side))
        assert end["frames_in"] == len([data for data in pair.sent_by(other) if data])
        assert end["bytes_in"] > 0
    received = pair.stats("controller")
    assert (received["noise_bytes"], received[reason]) == (len(noise), 1)
    assert 0 < received["round_trip_ms"] < 500


def test_a_line_that_is_bad_in_ever_new_ways_does_not_fill_the_memory() -> None:
    counts: dict[str, int] = {}
    for number in range(1000):
        count_noise(counts, f"Bad thing no. {number}!", 2)
    assert len(counts) <= MOST_COUNTS + 2 and counts["noise_bytes"] == 2000
    assert counts["noise_bad_thing_no_7"] == 1 and counts["noise_other"] > 900
