"""The controller's end against the simulated radio: start, polling, silence, joining, damage."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from families.emporia.emporia_examples import CODE, E1_TO_E6, E17, E18, E19, E22, WATTS, WH
from families.emporia.emporia_pair import DEMAND, EXPORT, IMPORT, fault, joined, measures, requests_at
from pair import Damage, Pair, ambient, chattering, flipping, losing
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    Event,
    Identified,
    LinkPath,
    Offline,
    Online,
    Rejected,
    Reported,
    Session,
    SessionCommand,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.emporia import states
from unclouded.families.emporia.frame import response
from unclouded.families.emporia.host import HostSession, HostSettings
from unclouded.families.emporia.pending_reset import RESET, RESET_DONE, RESET_UNANSWERED
from unclouded.families.emporia.shown_code import (
    CODE_DAMAGED,
    CODE_SHOWN,
    CODE_TIMEOUT_S,
    CODE_UNANSWERED,
    SHOW_CODE,
)

ALL = {"import": IMPORT, "export": EXPORT, "demand": DEMAND}


def host_up(settings: HostSettings | None = None) -> HostSession:
    """A host on a line of its own, whose radio has answered its firmware version and nothing else."""
    host = HostSession(settings or HostSettings(), ambient())
    host.up(LinkPath(), 0.0)
    host.receive(response("f", b"\x07"), 0.1)
    return host


def read(host: HostSession, payload: bytes, now: float) -> list[Event]:
    return list(host.receive(response("r", payload), now))


# --- start and polling ------------------------------------------------------------------------------


def test_from_power_on_to_the_first_reading_in_a_fifth_of_a_second() -> None:
    pair = joined()
    pair.run(until=1.0)
    assert pair.sent_by("controller") == [b"$f\r", b"$r\r", b"$m\r", b"$i\r"]
    assert pair.of("controller", Reported) == [Reported(ALL)]
    assert pair.when("controller", Online)[0] < 0.22


def test_the_radio_is_identified_without_showing_its_install_code() -> None:
    pair = joined()
    pair.run(until=1.0)
    info = pair.of("controller", Identified)[-1].info
    assert info == {
        "identity": "70b3d501aad18566",
        "mac": "70:b3:d5:01:aa:d1:85:66",
        "firmware": "7",
        "product": "mgm111",
        "install_code": "valid",
    }


def test_a_radio_that_does_not_answer_gets_a_request_every_3_seconds_and_is_reported_once() -> None:
    pair = joined("answers-nothing")
    pair.run(until=20.0)
    assert requests_at(pair, "f") == [0, 3, 6, 9, 12, 15, 18]
    assert pair.of("controller") == [Waiting(states.NO_FIRMWARE, 0.0)]
    fault(pair, "answers-nothing", "off")
    pair.run(until=22.0)
    assert pair.of("controller", Reported) == [Reported(ALL)]


def test_it_polls_every_15_seconds_and_requests_nothing_else_while_readings_arrive() -> None:
    pair = joined()
    pair.run(until=600.0)
    assert len(pair.of("controller", Reported)) == 40
    assert requests_at(pair, "j") == []
    assert len(requests_at(pair, "m")) == len(requests_at(pair, "i")) == 1


def test_one_request_is_outstanding_at_a_time() -> None:
    pair = joined("answers-slowly")
    pair.run(until=60.0)
    requests = [at for at, side, _ in pair.sent if side == "controller"]
    answers = [at for at, side, _ in pair.sent if side == "device"]
    assert all(start < answer <= end for start, answer, end in zip(requests, answers, requests[1:], strict=False))


def test_slow_answers_lead_to_no_join() -> None:
    pair = joined("answers-slowly")
    pair.run(until=600.0)
    assert len(pair.of("controller", Reported)) == 40
    assert requests_at(pair, "j") == []


@pytest.mark.parametrize("firmware", ["has-firmware-2", "has-firmware-8"])
def test_other_firmware_reads_the_same(firmware: str) -> None:
    pair = joined(firmware)
    pair.run(until=60.0)
    newest = pair.of("controller", Reported)[-1].values
    assert newest == ({"import": IMPORT, "demand": DEMAND} if firmware == "has-firmware-2" else ALL)


def test_the_sniffed_half_minutes_are_reported_as_they_were() -> None:
    host = host_up()
    events = [event for step, frame in enumerate(E1_TO_E6) for event in host.receive(frame, 1.0 + 30 * step)]
    reported = [event.values for event in events if isinstance(event, Reported)]
    assert reported == [{"import": wh, "export": EXPORT, "demand": watts} for wh, watts in zip(WH, WATTS, strict=True)]


def test_whole_values_are_ints_and_others_exact_fractions() -> None:
    host = host_up()
    assert read(host, E19, 1.0)[1] == Reported({"import": Fraction("66367634.4"), "demand": Fraction("1815.6")})


# --- silence ----------------------------------------------------------------------------------------


def test_a_radio_that_was_never_provisioned_is_reported_as_such() -> None:
    pair = joined("is-not-provisioned")
    pair.run(until=60.0)
    reasons = [event.reason for event in pair.of("controller", Waiting)]
    assert reasons == [states.FIRST_READING, states.NEVER_PROVISIONED]
    assert pair.of("controller", Online) == []


def test_a_silent_meter_is_reported_and_comes_back_online() -> None:
    pair = joined()
    pair.run(until=100.0)
    fault(pair, "receives-no-readings")
    pair.run(until=200.0)
    assert pair.of("controller", Waiting)[-1].reason == states.SILENT
    assert pair.of("controller", Waiting)[-1].since == pytest.approx(90.2, abs=0.1)
    fault(pair, "receives-no-readings", "off")
    pair.run(until=220.0)
    assert isinstance(pair.of("controller")[-2], Online)
    assert pair.of("controller")[-1] == Reported(ALL)


def test_joins_are_30_seconds_apart_at_least() -> None:
    """Another implementation sent 240 in 3.9 s."""
    for faults in (
        ("receives-no-readings",),
        ("is-not-provisioned",),
        ("receives-no-readings", "answers-slowly"),
        ("truncates-to-1",),
    ):
        pair = joined(*faults)
        pair.run(until=600.0)
        joins = requests_at(pair, "j")
        assert 15 <= len(joins) <= 20
        assert all(later - earlier > 29.999 for earlier, later in pairwise(joins))


def test_a_silent_module_is_not_flooded() -> None:
    pair = joined("answers-nothing")
    pair.run(until=600.0)
    assert len(pair.sent_by("controller")) == 201
    assert requests_at(pair, "j") == []


def test_a_long_poll_is_no_silence() -> None:
    pair = joined(settings=HostSettings(poll_s=60))
    pair.run(until=600.0)
    assert requests_at(pair, "j") == []
    assert len(pair.of("controller", Reported)) == 10


def test_a_reading_before_the_join_is_sent_cancels_it() -> None:
    host = host_up()
    for now in range(2, 31):
        host.tick(now + 0.09)
    host.outgoing(30.1)
    host.tick(30.1)
    read(host, E17, 30.2)
    host.tick(32.2)
    assert b"$j\r" not in [out.data for out in host.outgoing(32.2)]
    assert host.stats()["joins"] == 0


def test_a_radio_that_dies_goes_offline_and_is_found_again() -> None:
    pair = joined()
    pair.run(until=100.0)
    fault(pair, "answers-nothing")
    pair.run(until=200.0)
    assert pair.of("controller", Offline) == [Offline(states.GONE)]
    assert 119 < pair.when("controller", Offline)[0] < 130
    fault(pair, "answers-nothing", "off")
    pair.run(until=210.0)
    assert pair.of("controller")[-3] == Reported(ALL)
    assert len(pair.of("controller", Online)) == 2


def test_pulling_the_cable_is_offline_and_begins_anew() -> None:
    pair = joined()
    pair.run(until=10.0)
    pair.cut()
    assert pair.of("controller")[-1] == Offline("cut")
    pair.run(until=20.0)
    assert pair.of("controller")[-1] == Offline("cut")
    pair.mend()
    pair.run(until=21.0)
    assert len(pair.of("controller", Online)) == 2


def test_the_reason_names_firmware_that_is_known_to_give_no_readings() -> None:
    assert "firmware 6" in states.silent(True, 6, "")
    assert "firmware" not in states.silent(True, 7, "")


def test_the_refusal_of_the_meter_is_in_the_reason() -> None:
    pair = joined("refuses-readings")
    pair.run(until=60.0)
    assert "not authorized (status 0x7E)" in pair.of("controller", Waiting)[-1].reason
    assert "not authorized" in pair.of("controller", Rejected)[0].reason


# --- repeated and unasked frames --------------------------------------------------------------------


def test_a_reading_that_comes_twice_counts_once() -> None:
    pair = joined("sends-twice")
    pair.run(until=600.0)
    assert len(pair.of("controller", Reported)) == 40


@pytest.mark.parametrize("payload", [E17, E19])
def test_a_repeated_reading_never_consumes_a_pending_request(payload: bytes) -> None:
    host = host_up(HostSettings(poll_s=15))
    read(host, payload, 0.2)
    assert read(host, payload, 0.205) == []
    assert host.stats()["duplicates"] == 1


def test_an_old_reading_may_repeat_after_a_quarter_of_the_poll() -> None:
    host = host_up()
    read(host, E19, 1.0)
    assert read(host, E19, 4.0) == []
    assert read(host, E19, 16.0) == [Reported({"import": Fraction("66367634.4"), "demand": Fraction("1815.6")})]


def test_a_radio_that_hangs_is_no_sign_of_life() -> None:
    host = host_up()
    read(host, E17, 1.0)
    for now in range(16, 120, 15):
        assert not [event for event in read(host, E17, now) if isinstance(event, Reported)]
    host.tick(120.0)
    event = host.receive(response("j", b"\x01"), 120.1)[0]
    assert isinstance(event, Waiting) and "repeats one old reading" in event.reason


def test_an_alert_of_firmware_8_does_not_consume_a_pending_request() -> None:
    host = host_up()
    assert host.outgoing(0.1)[-1].data == b"$r\r"
    assert host.receive(response("e", b"\x02"), 0.2) == []
    assert host.outgoing(0.2) == []
    assert read(host, E17, 0.3)
    assert host.outgoing(0.3)[-1].data == b"$m\r"
    assert host.stats()["alerts"] == 1


def test_a_late_answer_is_still_a_reading() -> None:
    host = host_up()
    host.tick(3.0)
    assert Reported({"import": 318_458, "demand": 440}) in read(host, E18, 3.5)


# --- the six defects of another implementation (docs/protocols/emporia.md §3.2) ------------------------------


def test_bug_1_a_short_reading_after_a_long_one_is_not_completed_from_it() -> None:
    pair = joined("alternates-lengths")
    pair.run(until=60.0)
    values = [event.values for event in pair.of("controller", Reported)]
    short = {"import": IMPORT, "demand": DEMAND}
    assert values == [short, ALL, short, ALL]


@pytest.mark.parametrize(
    ("name", "keys"), [("truncates-to-20", {"import"}), ("truncates-to-1", None), ("truncates-to-0", None)]
)
def test_bug_1_truncated_readings_never_publish_old_values_as_new(name: str, keys: set[str] | None) -> None:
    pair = joined()
    pair.run(until=10.0)
    fault(pair, name)
    pair.submit(measures(watts=5, wh=IMPORT + 777), "device")
    pair.run(until=16.0)
    found = pair.of("controller", Reported)[1:]
    assert [set(event.values) for event in found] == ([keys] if keys else [])
    assert all(event.values["import"] == IMPORT + 777 and "incomplete" in event.odd["import"] for event in found)


def test_bug_2_one_join_however_slow_its_answer() -> None:
    pair = joined("receives-no-readings", "answers-slowly")
    pair.run(until=59.0)
    assert len(requests_at(pair, "j")) == 1


def test_bug_3_a_false_header_costs_no_reading() -> None:
    pair = joined("sends-false-headers", "sends-log-text")
    pair.run(until=600.0)
    assert len(pair.of("controller", Reported)) == 40


def test_bug_4_large_registers_are_exact() -> None:
    pair = joined()
    pair.submit(measures(wh=152_468_889), "device")
    pair.run(until=1.0)
    assert pair.of("controller", Reported)[0].values["import"] == 152_468_889


def test_bug_5_an_invalid_demand_is_absent() -> None:
    pair = joined("reports-no-demand")
    pair.run(until=1.0)
    assert pair.of("controller", Reported) == [Reported({"import": IMPORT, "export": EXPORT})]


def test_bug_6_a_change_of_scale_costs_no_reading_and_the_first_one_counts() -> None:
    pair = joined("changes-scale")
    pair.run(until=60.0)
    energies = [event.values["import"] for event in pair.of("controller", Reported)]
    assert len(energies) == 4
    assert all(abs(energy - IMPORT) < 1 for energy in energies)


# --- a bad line -------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [losing(0.002), flipping(0.002), chattering(0.3)])
@pytest.mark.parametrize("chunk", [1, 0])
def test_ten_minutes_of_a_bad_line_cost_some_readings_and_no_state(damage: Damage, chunk: int) -> None:
    pair = joined("sends-log-text", damage=damage, chunk=chunk)
    pair.run(until=600.0)
    good = [event for event in pair.of("controller", Reported) if event.values == ALL]
    assert len(good) >= 30
    assert len(requests_at(pair, "j")) <= 20


def test_a_frame_that_loses_its_end_is_given_up_and_the_next_one_counts() -> None:
    pair = joined("cuts-frames")
    pair.run(until=16.0)
    assert {event.reason for event in pair.of("controller", Rejected)} == {"cut short"}
    fault(pair, "cuts-frames", "off")
    pair.run(until=31.0)
    assert pair.of("controller", Reported) == [Reported(ALL)]


def test_a_flood_of_unrequested_join_answers_reports_a_radio_never_provisioned() -> None:
    host = host_up()
    assert host.receive(E22, 1.0) == [Waiting(states.NEVER_PROVISIONED, 0.0)]
    assert host.stats()["unasked"] == 3


# --- the install code -------------------------------------------------------------------------------


def shown(events: list[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Rejected))


@pytest.mark.parametrize("cut", range(1, 13))
@pytest.mark.parametrize("end", ["head", "tail", "length"])
def test_a_damaged_install_code_answer_shows_none_of_it(cut: int, end: str) -> None:
    frame = response("i", CODE)
    damaged = {"head": frame[cut:], "tail": frame[:cut], "length": b"$\x01r\x0c" + frame}[end]
    host = host_up()
    events: list[Event] = [*read(host, E17, 0.2), *host.receive(response("m", bytes(8)), 0.3)]
    assert host.outgoing(0.3)[-1].data == b"$i\r"
    events += host.receive(damaged, 0.4)
    events += host.tick(0.6)
    events += host.tick(3.0)
    events += host.receive(damaged, 4.0)
    events += host.tick(5.0)
    assert not set(shown(events)) & set(CODE)
    assert "1122" not in repr([event for event in events if not isinstance(event, Rejected)])


# --- commands -----------------------------------------------------------------------------------------


def test_a_reset_is_sent_once_and_confirmed_by_the_next_answer() -> None:
    pair = joined()
    pair.run(until=20.0)
    pair.submit(WireAction(RESET))
    pair.run(until=80.0)
    assert len(requests_at(pair, "d")) == 1
    assert pair.of("controller", Settled) == [Settled(1, "confirmed", RESET_DONE)]
    assert pair.of("controller", Waiting)[-1].reason == states.NEVER_PROVISIONED


def test_an_answer_to_an_earlier_request_confirms_no_reset() -> None:
    pair = joined("answers-slowly")
    pair.submit(WireAction(RESET))
    pair.run(until=30.0)
    assert pair.when("controller", Settled)[0] > requests_at(pair, "d")[0]


def sent(host: HostSession, now: float) -> list[bytes]:
    return [out.data for out in host.outgoing(now)]


def settled(events: Sequence[Event]) -> list[Settled]:
    return [event for event in events if isinstance(event, Settled)]


def host_that_knows_its_radio() -> HostSession:
    """A host that has nothing left to request before its next poll."""
    host = host_up()
    read(host, E17, 0.2)
    host.receive(response("m", bytes(8)) + response("i", CODE), 0.3)
    host.outgoing(0.3)
    return host


def test_only_the_answer_to_a_request_sent_after_the_reset_confirms_it() -> None:
    host = host_that_knows_its_radio()
    ticket = host.submit(WireAction(RESET), 1.0)
    assert sent(host, 1.0) == [b"$d\r"]
    assert not settled(host.receive(response("f", b"\x07"), 1.5)), "late, to a request of before"
    assert not settled(host.tick(3.0)) and sent(host, 3.0) == [b"$f\r"]
    assert settled(host.receive(response("f", b"\x07"), 3.1)) == [Settled(ticket, "confirmed", RESET_DONE)]


def test_an_unrequested_firmware_version_confirms_no_reset_and_is_requested_again() -> None:
    host = host_that_knows_its_radio()
    ticket = host.submit(WireAction(RESET), 1.0)
    host.tick(3.0)
    host.tick(5.0)
    assert sent(host, 5.0) == [b"$d\r", b"$f\r"]
    assert not settled(host.receive(response("f", b"\x07"), 5.1))
    assert sent(host, 5.1) == [b"$r\r"]
    host.receive(response("r", E18), 5.2)
    host.receive(response("m", bytes(8)), 5.3)
    host.receive(response("i", CODE), 5.4)
    assert sent(host, 5.4)[-1] == b"$f\r"
    assert settled(host.receive(response("f", b"\x07"), 5.5)) == [Settled(ticket, "confirmed", RESET_DONE)]


def test_a_reset_of_a_radio_that_does_not_answer_times_out() -> None:
    pair = joined("answers-nothing")
    pair.submit(WireAction(RESET))
    pair.run(until=60.0)
    assert pair.of("controller", Settled) == [Settled(1, "timeout", RESET_UNANSWERED)]


def test_a_second_reset_is_refused_while_the_first_is_under_way() -> None:
    pair = joined()
    pair.run(until=1.0)
    pair.submit(WireAction(RESET))
    pair.submit(WireAction(RESET))
    pair.run(until=60.0)
    assert [event.result for event in pair.of("controller", Settled)] == ["refused", "confirmed"]
    assert len(requests_at(pair, "d")) == 1


def test_nothing_ever_resets_a_radio_by_itself() -> None:
    for faults in (
        (),
        ("answers-nothing",),
        ("receives-no-readings",),
        ("sends-log-text", "sends-twice"),
        ("truncates-to-0",),
    ):
        pair = joined(*faults)
        pair.run(until=600.0)
        assert set(pair.sent_by("controller")) <= {b"$f\r", b"$r\r", b"$m\r", b"$i\r", b"$j\r"}


@pytest.mark.parametrize("command", [WireCommand({"import": 1}), WireAction("leave"), WireAction(RESET, part="x")])
def test_other_commands_are_the_callers_error(command: WireCommand | WireAction) -> None:
    with pytest.raises(CommandError):
        HostSession(HostSettings(), ambient()).submit(command, 0.0)


TRAFFIC = st.sampled_from(
    [
        *E1_TO_E6[:2],
        response("r", E18),
        response("r", E19),
        response("r", E17[:20]),
        response("r", b""),
        response("r", b"\x18\x01\x0b\x00\x86"),
        *(response(letter, bytes([value])) for letter in "jfe" for value in (0, 1, 7)),
        response("m", bytes(8)),
        response("i", CODE),
        b"SeIhd>\r\n",
        b"$\x01r\x05abc\r",
        b"$\x01",
    ]
)


class TestHostLaws(SessionLaws):
    held_limit = 600

    def make(self, ambient: Ambient) -> Session:
        return HostSession(HostSettings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return TRAFFIC | st.binary(max_size=40)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from([WireAction(RESET), WireAction(SHOW_CODE), WireCommand({"import": 1})])


def test_stats_add_up_over_a_reconnect() -> None:
    pair = joined("sends-log-text")
    pair.run(until=20.0)
    pair.cut()
    pair.mend()
    pair.run(until=40.0)
    stats = _host_of(pair).stats()
    assert stats["bytes_in"] == stats["frame_bytes"] + stats["noise_bytes"] + stats["held_bytes"]
    assert stats["readings"] == len(pair.of("controller", Reported))


def _host_of(pair: Pair) -> Session:
    return pair._ends["controller"]


# --- the install code, shown on request ---------------------------------------------------------------


def test_the_install_code_is_shown_to_whoever_asks_and_is_in_nothing_that_is_kept() -> None:
    pair = joined()
    pair.run(until=20.0)
    ticket = pair.submit(WireAction(SHOW_CODE))
    pair.run(until=25.0)
    (code,) = {data[4:12] for data in pair.sent_by("device") if data[2:3] == b"i"}
    (advanced,) = pair.of("controller", Advanced)
    mac = pair.of("controller", Identified)[-1].info["mac"]
    assert (advanced.ticket, advanced.words) == (
        ticket,
        f"install code {code.hex(' ').upper()}, MAC {mac.upper()}",
    )
    assert pair.of("controller", Settled) == [Settled(ticket, "confirmed", CODE_SHOWN)]
    kept = repr([event for event in pair.of("controller") if not isinstance(event, Advanced)]).lower()
    assert code.hex() not in kept and code.hex(" ") not in kept


def test_the_mac_is_requested_before_the_code_where_it_is_not_known() -> None:
    host = host_up()
    read(host, E17, 0.2)
    host.outgoing(0.2)
    ticket = host.submit(WireAction(SHOW_CODE), 0.3)
    host.receive(response("m", bytes(range(8))), 0.4)
    assert sent(host, 0.4)[-1] == b"$i\r"
    events = host.receive(response("i", CODE), 0.5)
    assert Advanced(ticket, 0, 0, "install code 11 22 33 44 55 66 5A 60, MAC 07:06:05:04:03:02:01:00") in events


def test_two_who_ask_at_once_both_get_it() -> None:
    host = host_that_knows_its_radio()
    tickets = [host.submit(WireAction(SHOW_CODE), 1.0), host.submit(WireAction(SHOW_CODE), 1.1)]
    assert [one.ticket for one in settled(host.receive(response("i", CODE), 1.2))] == tickets


def test_a_damaged_install_code_is_not_shown() -> None:
    host = host_that_knows_its_radio()
    ticket = host.submit(WireAction(SHOW_CODE), 1.0)
    events = host.receive(response("i", CODE[:-1] + b"\0"), 1.1)
    assert settled(events) == [Settled(ticket, "refused", CODE_DAMAGED)]
    assert not any(isinstance(event, Advanced) for event in events)


def test_an_install_code_that_is_not_sent_is_requested_again_and_times_out() -> None:
    host = host_that_knows_its_radio()
    ticket = host.submit(WireAction(SHOW_CODE), 1.0)
    events: list[Event] = []
    frames: list[bytes] = sent(host, 1.0)
    while (now := host.deadline()) is not None and now <= 1.0 + CODE_TIMEOUT_S:
        events += host.tick(now)
        frames += sent(host, now)
    assert frames.count(b"$i\r") > 2
    assert settled(events) == [Settled(ticket, "timeout", CODE_UNANSWERED)]


def test_without_a_line_no_install_code_is_shown() -> None:
    host = HostSession(HostSettings(), ambient())
    ticket = host.submit(WireAction(SHOW_CODE), 1.0)
    (outcome,) = settled(host.tick(1.0))
    assert (outcome.ticket, outcome.result) == (ticket, "unreachable")
    host = host_that_knows_its_radio()
    ticket = host.submit(WireAction(SHOW_CODE), 1.0)
    assert settled(host.down("", "cut", 1.1)) == [Settled(ticket, "unreachable", "cut")]
    with pytest.raises(CommandError):
        host.submit(WireAction(SHOW_CODE, part="x"), 2.0)
