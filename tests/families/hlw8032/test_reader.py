"""The reader: values, energy, and the reason where there are none."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from families.hlw8032.hlw8032_examples import (
    IDLE_COUNTING,
    IDLE_OVERFLOWED,
    IDLE_PULSE,
    LOADED,
    NO_LOAD,
    NO_MAINS,
    NO_MAINS_NEXT,
    REAL,
    RUNNING,
    SIBLINGS,
    rounded,
)
from families.hlw8032.hlw8032_pair import energy_mWh, fault, joined, use
from pair import ambient
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    Failure,
    Identified,
    LinkPath,
    Offline,
    Online,
    Rejected,
    Remember,
    Reported,
    Session,
    SessionCommand,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.hlw8032 import states
from unclouded.families.hlw8032.frame import encode
from unclouded.families.hlw8032.measurement import ABNORMAL, UNUSABLE
from unclouded.families.hlw8032.reader import PULSES, Hlw8032Reader, Hlw8032Settings

STATES = (Online, Offline, Waiting)


def reader(memory: dict[str, bytes] | None = None, **session: float) -> Hlw8032Reader:
    made = Hlw8032Reader(Hlw8032Settings(**session), ambient(memory=memory))
    made.up(LinkPath(), 0.0)
    return made


def reports(events: Sequence[Event]) -> list[Reported]:
    return [event for event in events if isinstance(event, Reported)]


def received(one: Hlw8032Reader, *frames: bytes, now: float = 0.1) -> list[Event]:
    return list(one.receive(b"".join(frames), now))


def texts(events: Sequence[Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, (Offline, Waiting))]


# --- values -----------------------------------------------------------------------------------------


def test_a_chip_comes_online_with_its_second_frame_and_says_what_it_is() -> None:
    one = reader()
    assert received(one, LOADED) == []
    online, identified, reported, remembered = received(one, LOADED)
    assert online == Online()
    assert identified == Identified({"product": "hlw8032", "pulses_per_kWh": "375102"})
    assert isinstance(reported, Reported) and isinstance(remembered, Remember)
    assert rounded(reported) == {"voltage": 229.764, "current": 1.883, "power": 381.531, "energy": 0.0}


def test_values_are_reported_once_a_second() -> None:
    pair = joined()
    pair.run(until=10.0)
    times = pair.when("controller", Reported)
    assert len(times) == 10 and times[0] == pytest.approx(0.212)
    assert [round(later - earlier, 6) for earlier, later in pairwise(times)] == [1.0] * 9


def test_the_simulated_chip_measures_what_it_should() -> None:
    pair = joined()
    pair.run(until=1.0)
    values = pair.of("controller", Reported)[0].values
    assert float(values["voltage"]) == pytest.approx(230, rel=0.001)
    assert float(values["current"]) == pytest.approx(2, rel=0.001)
    assert float(values["power"]) == pytest.approx(400, rel=0.001)


def test_the_ratios_of_the_plug_scale_the_values() -> None:
    one = reader(voltage_ratio=186, current_ratio=121)
    (reported,) = reports(received(one, LOADED, LOADED))
    assert rounded(reported) == {"voltage": 227.32, "current": 2.278, "power": 456.741, "energy": 0.0}


def test_without_load_the_power_is_0() -> None:
    (reported,) = reports(received(reader(), NO_LOAD, NO_LOAD))
    assert rounded(reported) == {"voltage": 219.372, "current": 0.067, "power": 0.0, "energy": 0.0}


def test_without_mains_voltage_and_power_are_0_and_the_current_is_not_known() -> None:
    (reported,) = reports(received(reader(), NO_MAINS, *NO_MAINS_NEXT))
    assert rounded(reported) == {"voltage": 0.0, "power": 0.0, "energy": 0.0}


def test_a_frame_with_other_coefficients_than_the_one_before_does_not_count() -> None:
    one = reader()
    received(one, LOADED, LOADED)
    damaged = bytes(encode(0x55, (187_601, 1535), (15_575, 8273), (5_105_000, 2), 0x71, 60_000))
    assert reports(received(one, damaged)) == reports(received(one, LOADED)) == []
    (reported,) = reports([*received(one, LOADED), *one.tick(1.1)])
    assert rounded(reported)["power"] == 381.531
    assert one.stats()["unconfirmed"] == 3


def test_what_is_not_refreshed_is_not_reported() -> None:
    stale = bytes(encode(0x55, (187_600, 1535), (15_575, 8273), (5_105_000, 25_155), 0x40, 0))
    (reported,) = reports(received(reader(), stale, stale))
    assert rounded(reported).keys() == {"voltage", "energy"}


def test_a_value_counts_in_the_frame_that_refreshed_it() -> None:
    """The register of power goes on as a counter of microseconds while it is not refreshed."""
    one = reader()
    received(one, LOADED, LOADED)
    counting = bytes(encode(0x55, (187_600, 1600), (15_575, 8273), (5_105_000, 20_000), 0x60, 572))
    received(one, LOADED, counting, counting, now=0.5)
    (reported,) = reports(one.tick(1.1))
    assert rounded(reported)["power"] == 381.531 and rounded(reported)["voltage"] == 220.43


def test_a_frame_that_refreshes_everything_replaces_what_came_before() -> None:
    one = reader()
    received(one, LOADED, LOADED)
    older = bytes(encode(0x55, (187_600, 1600), (15_575, 8273), (5_105_000, 20_000), 0x60, 572))
    received(one, older, LOADED, now=0.5)
    (reported,) = reports(one.tick(1.1))
    assert rounded(reported)["voltage"] == 229.764


def test_what_was_refreshed_before_the_last_report_is_not_reported_again() -> None:
    one = reader()
    voltage_only = bytes(encode(0x55, (187_600, 1600), (15_575, 8273), (5_105_000, 20_000), 0x40, 572))
    current_only = bytes(encode(0x55, (187_600, 1600), (15_575, 8273), (5_105_000, 20_000), 0x20, 572))
    received(one, voltage_only, voltage_only)
    received(one, current_only, now=0.5)
    (reported,) = reports(one.tick(1.1))
    assert rounded(reported).keys() == {"current", "energy"}


def test_power_that_is_no_longer_refreshed_falls_as_no_pulse_comes() -> None:
    one = reader(voltage_ratio=100)
    load = bytes(encode(0x55, (178_000, 765), (15_670, 8000), (5_010_000, 12_000), 0x71, 0x70))
    received(one, load, load)
    received(one, *IDLE_COUNTING, now=0.9)
    (reported,) = reports(one.tick(1.1))
    assert rounded(reported)["power"] == 1.014
    assert reported.odd == {"power": "at most 1.01 W: no pulse came for longer than that explains"}
    received(one, IDLE_OVERFLOWED, IDLE_OVERFLOWED, now=2.0)
    (reported,) = reports(one.tick(2.1))
    assert rounded(reported)["power"] == 0.0 and reported.odd == {}


def test_a_pulse_after_a_long_time_is_a_small_power() -> None:
    one = reader(voltage_ratio=100)
    received(one, IDLE_OVERFLOWED, IDLE_OVERFLOWED)
    received(one, IDLE_PULSE, now=1.0)
    (reported,) = reports(one.tick(1.1))
    assert rounded(reported)["power"] == 0.316
    assert float(reported.values["energy"]) == pytest.approx(1.3917, abs=0.001)


def test_the_log_of_a_real_chip_is_the_energy_of_its_power() -> None:
    one = reader(voltage_ratio=100, report_s=0.2)
    events: list[Event] = []
    for number, data in enumerate(RUNNING):
        events += [*one.tick(number * 0.1053), *one.receive(data, number * 0.1053)]
    events += one.tick(1.0)
    energy = sum(float(event.values["energy"]) for event in reports(events))
    assert energy == pytest.approx(419 * 0.1053 * 6 / 3.6, rel=0.03)


# --- energy -----------------------------------------------------------------------------------------


def test_energy_is_that_of_the_load_over_several_wraps() -> None:
    pair = joined()
    use(pair, watts=3000, until=900.0)
    assert energy_mWh(pair) == pytest.approx(750_000, rel=0.002)
    assert pair.sent[-1][2][20] & 0x80 == 0  # it has wrapped four times


def test_what_is_used_while_the_line_is_cut_for_a_short_time_is_counted() -> None:
    pair = joined()
    use(pair, watts=2000, until=10.0)
    pair.cut()
    use(pair, watts=2000, until=40.0)
    pair.mend()
    use(pair, watts=2000, until=60.0)
    assert energy_mWh(pair) == pytest.approx(2000 * 60 / 3.6, rel=0.02)


def test_a_chip_that_was_off_mains_is_no_wrap() -> None:
    """It was near the top of its counter, with the carry bit set."""
    one = reader()
    near = bytes(encode(0x55, (187_600, 1535), (15_575, 8273), (5_105_000, 25_155), 0xF1, 65_500))
    received(one, near, near)
    received(one, LOADED[:21] + bytes(2) + bytes([(sum(LOADED[2:21])) & 0xFF]), now=2.0)
    (reported,) = reports(one.tick(2.1))
    assert reported.values["energy"] == 0
    received(one, near, now=2.2)


def test_the_hub_goes_on_after_a_restart() -> None:
    one = reader()
    *_, remembered = received(one, LOADED, LOADED)
    assert isinstance(remembered, Remember) and remembered.key == PULSES
    again = reader(memory={PULSES: remembered.value})
    later = bytes(encode(0x55, (187_600, 1535), (15_575, 8273), (5_105_000, 25_155), 0x71, 672))
    (reported,) = reports(received(again, later, later, now=10.0))
    assert float(reported.values["energy"]) == pytest.approx(100 * 1e6 / 375_102, rel=1e-5)


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"count":"x"}', b"\xff"])
def test_a_memory_that_cannot_be_read_is_none(memory: bytes) -> None:
    (reported,) = reports(received(reader(memory={PULSES: memory}), LOADED, LOADED))
    assert reported.values["energy"] == 0


# --- silence ----------------------------------------------------------------------------------------


def test_a_line_without_bytes_says_what_to_check_once() -> None:
    pair = joined("sends-nothing")
    pair.run(until=60.0)
    assert pair.of("controller") == [Waiting(states.NO_FRAMES, 0.0)]
    assert pair.when("controller", Waiting) == [3.0]
    assert all(word in states.NO_FRAMES for word in ("4800 baud", "even parity", "mains", "isolating"))


def test_a_chip_that_falls_silent_goes_offline_and_comes_back() -> None:
    pair = joined()
    pair.run(until=10.0)
    fault(pair, "sends-nothing")
    pair.run(until=60.0)
    fault(pair, "sends-nothing", "off")
    pair.run(until=62.0)
    found = [at for at in pair.events if at.side == "controller" and isinstance(at.event, STATES)]
    assert [at.event for at in found] == [Online(), Offline(states.GONE), Online()]
    assert 12.0 < found[1].t < 14.0


def test_only_noise_says_so_and_the_reason_is_renewed() -> None:
    one = reader()
    events: list[Event] = list(one.tick(3.0))
    one.receive(bytes(range(1, 80)), 4.0)
    events += one.tick(6.0)
    one.receive(bytes(range(1, 80)), 7.0)
    events += [*one.tick(9.0), *one.tick(12.0)]
    assert texts(events) == [states.NO_FRAMES, states.ONLY_NOISE, states.NO_FRAMES]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("reports-failed-calibration", f"{states.NOTHING_MEASURED}: {UNUSABLE[0xAA]}"),
        ("reports-abnormal-coefficients", f"{states.NOTHING_MEASURED}: {ABNORMAL}"),
        ("refreshes-nothing", f"{states.NOTHING_MEASURED}: none is refreshed"),
    ],
)
def test_a_chip_without_usable_values_waits_with_the_reason(name: str, reason: str) -> None:
    pair = joined()
    pair.run(until=5.0)
    fault(pair, name)
    pair.run(until=20.0)
    fault(pair, name, "off")
    pair.run(until=22.0)
    found = [at.event for at in pair.events if at.side == "controller" and isinstance(at.event, STATES)]
    assert [type(event) for event in found] == [Online, Waiting, Online]
    assert texts(found) == [reason]


def test_seldom_reports_are_no_silence() -> None:
    pair = joined(settings=Hlw8032Settings(report_s=30, silence_s=3))
    pair.run(until=300.0)
    assert [at.event for at in pair.events if at.side == "controller" and isinstance(at.event, STATES)] == [Online()]
    assert len(pair.of("controller", Reported)) == 10


def test_two_chips_on_one_line_are_reported() -> None:
    one = reader()
    other = bytes(encode(0x55, (1, 2), (3, 4), (5, 6), 0x71, 7))
    assert received(one, *[LOADED, other] * 10) == []
    assert texts(list(one.tick(3.1))) == [states.UNSTABLE]


def test_what_is_held_back_is_noise_after_silence_and_not_while_a_frame_arrives() -> None:
    one = reader()
    one.receive(LOADED[:20], 1.0)
    assert [event.reason for event in one.tick(3.0) if isinstance(event, Rejected)] == ["cut short"]
    one.receive(LOADED[:20], 5.9)
    assert not [event for event in one.tick(6.0) if isinstance(event, Rejected)]
    assert one.receive(LOADED[20:], 6.1) == [] and one.stats()["frames_in"] == 1


def test_a_cut_line_is_offline_and_a_new_connection_starts_clean() -> None:
    pair = joined()
    pair.run(until=5.0)
    pair.cut("pulled out")
    pair.run(until=60.0)
    assert pair.of("controller")[-1] == Offline("pulled out")
    pair.mend()
    pair.run(until=61.0)
    assert pair.of("controller", Online) == [Online(), Online()]


# --- bad lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sends-noise", "cuts-frames", "sends-wrong-checksums"])
def test_a_bad_line_costs_frames_and_gives_no_wrong_values(name: str) -> None:
    pair = joined(name)
    use(pair, watts=400, until=60.0)
    for event in pair.of("controller", Reported):
        assert float(event.values["voltage"]) == pytest.approx(230, rel=0.001)
        assert float(event.values["power"]) == pytest.approx(400, rel=0.001)
    assert energy_mWh(pair) == pytest.approx(400 * 60 / 3.6, rel=0.03)
    stats = pair.stats("controller")
    assert stats["noise_bytes"] > 0 and stats["bytes_in"] == sum(
        stats[key] for key in ("frame_bytes", "noise_bytes", "held_bytes")
    )


def test_a_line_that_damages_bytes_gives_no_wrong_coefficients() -> None:
    def flips(data: bytes, rng: random.Random) -> bytes:
        return bytes(byte ^ 1 << rng.randrange(8) if rng.random() < 0.02 else byte for byte in data)

    pair = joined(damage=flips)
    use(pair, watts=400, until=600.0)
    assert pair.stats("controller")["noise_bad_checksum"] > 100
    assert energy_mWh(pair) == pytest.approx(400 * 600 / 3.6, rel=0.03)


def test_what_a_cut_line_leaves_is_noise_and_the_chip_is_identified_once() -> None:
    one = reader()
    received(one, LOADED, LOADED, LOADED[:10])
    assert [event.reason for event in one.down("", "cut", 1.0) if isinstance(event, Rejected)] == ["cut short"]
    one.up(LinkPath(), 2.0)
    events = [*received(one, LOADED, LOADED, now=2.1), *one.receive(LOADED, 2.5), *one.tick(3.2)]
    assert len(reports(events)) == 2 and sum(isinstance(event, Identified) for event in events) == 1


def test_it_takes_no_commands() -> None:
    one = reader()
    for command in (WireCommand({"1": True}), WireAction("reset")):
        with pytest.raises(CommandError, match="only sends"):
            one.submit(command, 0.0)
    assert one.failed(1, Failure.TIMEOUT, 0.0) == one.answer(1, True, 0.0) == ()
    assert one.outgoing(0.0) == []


TRAFFIC = st.one_of(
    st.sampled_from([*REAL, *SIBLINGS, LOADED * 3, NO_LOAD * 2]),
    st.sampled_from(REAL).flatmap(lambda data: st.integers(1, 23).map(lambda length: data[:length])),
    st.binary(max_size=40),
)


class TestReaderLaws(SessionLaws):
    held_limit = 24

    def make(self, ambient: Ambient) -> Session:
        return Hlw8032Reader(Hlw8032Settings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return TRAFFIC

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from([WireCommand({"1": True}), WireAction("reset")])
