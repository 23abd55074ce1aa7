"""An Emporia radio and its controller: our own pass every check, each fault and each broken rule fails its own."""

from collections.abc import Mapping

import pytest

from conformance.conforming import Collector, by_kind, conform, not_passed
from conformance.emporia_controller_mutants import BROKEN_CONTROLLERS, pausing
from conformance.emporia_ends import check_host, check_radio, host, meter, person, radio
from conformance.emporia_radio_mutants import BROKEN_RADIOS
from conformance.mutants import ByteMutant
from pair import Pair, ambient
from unclouded.app.conformance.reports import json_text
from unclouded.conformance import suite
from unclouded.conformance.check import RunOptions
from unclouded.conformance.run import ConformanceRun
from unclouded.core.sessions.session import Session
from unclouded.families.emporia.radio_faults import FAULTS

SILENT = {"silent"}
MATRIX: Mapping[str, set[str]] = {
    "has-firmware-2": set(),
    "has-firmware-8": {"radio.idle.no-alerts"},
    "has-no-export": {"radio.zcl.export"},
    "alternates-lengths": {"radio.zcl.export", "radio.zcl.same-form"},
    "is-not-provisioned": {"radio.join.provisioned"},
    "receives-no-readings": {"radio.reading.answered"},
    "refuses-readings": {"radio.zcl.command"},
    "answers-nothing": SILENT,
    "answers-slowly": {"radio.answers.prompt"},
    "sends-log-text": {"radio.frames.no-text"},
    "sends-twice": {"radio.reading.once"},
    "sends-false-headers": {"radio.frames.whole"},
    "truncates-to-20": {"radio.zcl.whole"},
    "truncates-to-1": {"radio.reading.form"},
    "truncates-to-0": {"radio.reading.form"},
    "cuts-frames": {"radio.reading.answered", "radio.frames.whole"},
    "reports-no-demand": {"radio.demand.known"},
    "changes-scale": {"radio.scale.stays", "radio.scale.usual"},
}
OF_FIRMWARE_2 = {"radio.v2.zeros", "radio.v2.formatting", "radio.v2.uptime"}
OF_FIRMWARE_7 = {
    *(f"radio.zcl.{name}" for name in ("header", "command", "sequence", "whole", "attributes", "types", "status")),
    *("radio.zcl.export", "radio.zcl.same-form", "radio.export.rises"),
}
NOT_SEEN = {"radio.idle.alert-value", "radio.frames.text-lines"}  # it sends no e and no text


def test_a_person_is_asked_once_for_what_several_checks_need() -> None:
    options = RunOptions(assist=True, only=("controller.reset.*",))
    pair = Pair(host(), ConformanceRun(suite("emporia"), "device", options, ambient(), kept := Collector()))
    while not kept.advice:
        pair.run(until=pair.now + 1.0)
    person(pair, kept.advice[0])
    pair.run(until=pair.now + 300.0)
    assert kept.report is not None and len(kept.results) > 1 and not not_passed(kept.report)
    assert [task.kind for task in kept.advice] == ["reset"]


def test_the_matrix_has_every_fault() -> None:
    assert MATRIX.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", MATRIX)
def test_a_fault_of_the_radio_fails_its_checks_and_no_other(fault: str) -> None:
    report = check_radio(radio(fault))
    assert (SILENT if report.silence else not_passed(report)) == MATRIX[fault]


@pytest.mark.parametrize(("faults", "missing"), [((), OF_FIRMWARE_2), (("has-firmware-2",), OF_FIRMWARE_7)])
def test_our_own_radio_passes_every_check(faults: tuple[str, ...], missing: set[str]) -> None:
    report = check_radio(radio(*faults))
    assert report.passed and by_kind(report, "failed", "deviation", "skipped") == {}
    assert set(by_kind(report, "not applicable")) == missing | NOT_SEEN


@pytest.mark.parametrize("poll_s", [5.0, 15.0, 30.0])
def test_our_own_controller_passes_every_check(poll_s: float) -> None:
    report = check_host(host(poll_s=poll_s))
    assert by_kind(report, "failed", "deviation", "skipped", "not applicable") == {}
    assert report.passed and report.facts["poll_s"] == poll_s


@pytest.mark.parametrize("name", BROKEN_RADIOS)
def test_a_radio_that_breaks_a_rule_is_found(name: str) -> None:
    assert not_passed(check_radio(BROKEN_RADIOS[name].make())) == BROKEN_RADIOS[name].found


@pytest.mark.parametrize("name", BROKEN_CONTROLLERS)
def test_a_controller_that_breaks_a_rule_is_found(name: str) -> None:
    assert not_passed(check_host(BROKEN_CONTROLLERS[name].make())) == BROKEN_CONTROLLERS[name].found


SLOW_RUNS: Mapping[str, Session] = {
    "controller.poll.repeated": host(poll_s=70.0),
    "controller.silence.polls": ByteMutant(host(), pausing()),
}


@pytest.mark.parametrize("id", SLOW_RUNS)
def test_a_controller_that_asks_for_readings_rarely_is_found(id: str) -> None:
    report = conform("emporia", "device", SLOW_RUNS[id], options=RunOptions(only=(id,)))
    assert not_passed(report) == {id}


def test_every_check_is_seen_to_fail() -> None:
    found = {*SLOW_RUNS, *(id for ids in MATRIX.values() for id in ids)} - SILENT
    for one in (*BROKEN_RADIOS.values(), *BROKEN_CONTROLLERS.values()):
        found |= one.found
    assert found == {check.id for role in suite("emporia").roles.values() for check in role.checks}


@pytest.mark.parametrize("chunk", [1, 7])
def test_the_results_do_not_depend_on_how_the_line_is_cut(chunk: int) -> None:
    report = conform("emporia", "controller", radio("alternates-lengths"), world=meter(), chunk=chunk)
    assert not_passed(report) == MATRIX["alternates-lengths"]


def test_a_reset_needs_a_permission_and_a_person() -> None:
    for options in (RunOptions(yes=True), RunOptions(assist=True)):
        report = conform("emporia", "controller", radio(), world=meter(), options=options)
        assert set(by_kind(report, "skipped")) == {
            f"radio.reset.{name}" for name in ("unanswered", "runs-again", "wiped", "same-mac")
        }
        assert all(entry.data != b"$d\r" for result in report.results for entry in result.entries)


def test_no_report_has_an_install_code() -> None:
    report = check_radio(radio("sends-log-text"))
    codes = {
        entry.data
        for result in report.results
        for entry in result.entries
        if entry.frame is not None and entry.sender == "device" and entry.frame.type == "i"
    }
    text = json_text(report)
    [code] = codes
    assert code[4:12].hex(" ") not in text and code[4:12].hex() not in text and code[4:8].hex(" ") not in text


def test_a_radio_that_vanishes_is_reported_once() -> None:
    kept = Collector()
    pair = Pair(ConformanceRun(suite("emporia"), "controller", RunOptions(), ambient(), kept), radio())
    pair.run(until=5.0)
    pair.cut()
    pair.run(until=1000.0)
    assert kept.report is not None and set(by_kind(kept.report, "failed")) == {"radio.firmware.answered"}
    assert set(by_kind(kept.report, "skipped").values()) >= {
        "The radio has not answered any more since radio.firmware.answered."
    }
