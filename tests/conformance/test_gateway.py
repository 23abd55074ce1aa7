"""A gateway's module and its MCU: our own pass every check, each fault and each broken rule fails its own.

A fault that no rule of the page forbids has no check: ``slow`` is seen by the reports that it holds back,
``loses-sub-device`` is a sub-device without supply, ``takes-small-blocks`` (blocks of 256 bytes) is right.
"""

from collections.abc import Mapping

import pytest

from conformance.conforming import by_kind, not_passed
from conformance.gateway_ends import check_gateway_mcu, check_gateway_module, gateway, gateway_hub, other_gateway
from conformance.gateway_hub_mutants import BROKEN_GATEWAY_HUBS
from conformance.gateway_mcu_mutants import BROKEN_GATEWAYS
from conformance.gateway_mutants import unresponsive_after_bytes
from conformance.mutants import Mutant
from conformance.wifi_ends import mcu, module
from unclouded.conformance import suite
from unclouded.families.tuya.gateway.mcu.options import FAULTS

SILENT = {"silent"}
MATRIX: Mapping[str, set[str]] = {
    "sends-nothing": SILENT,
    "omits-acks": {"mcu.network.first-time"},
    "reports-no-product": {"mcu.product.id"},
    "sends-invalid-json": {"mcu.product.strict", "mcu.join.strict", "mcu.heartbeat.strict"},
    "sends-wide-enums": {"mcu.points.enum-length"},
    "reports-heartbeat-time": {"mcu.heartbeat.no-time"},
    "handles-one-point-per-frame": {"mcu.set.several"},
    "polls-network": {"mcu.questions.network"},
    "ignores-mode-query": {"mcu.mode.answered"},
    "ignores-queries": {"mcu.query.answered", "mcu.points.one", "mcu.points.several", "mcu.points.gateway"},
    "answers-slowly": {"mcu.reports.spaced"},
    "restarts": {"mcu.idle.query"},
    "learns-nothing": {"mcu.infrared.learn"},
    "reports-unknown-sub-device": {"mcu.reports.joined-only"},
    "sends-in-bursts": {"mcu.reports.spaced"},
    "loses-sub-device": set(),
    "ignores-update": {"mcu.update.start"},
    "loses-update-blocks": {"mcu.update.first-time"},
    "restarts-during-update": {"mcu.update.blocks"},
    "keeps-old-version": {"mcu.update.version"},
    "takes-small-blocks": set(),
    "stops-during-update": {"mcu.update.blocks"},
}
# What the other gateway does not have, and one has that reports no n.
OF_THE_OLD_FORM = {"mcu.alarm.info", "mcu.alarm.cancel", "mcu.mode.pins", "mcu.product.n"}
NEVER_FAILED = {  # a burst and a quick change need a clock, twenty reports and a far block a memory that is too small
    *("mcu.line.burst", "module.line.burst", "mcu.set.quick", "mcu.update.order", "module.report.many"),
}


def test_the_matrix_has_every_fault() -> None:
    assert MATRIX.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", MATRIX)
def test_a_fault_of_the_gateway_fails_its_checks_and_no_other(fault: str) -> None:
    report = check_gateway_mcu(gateway(fault))
    assert (SILENT if report.silence else not_passed(report)) == MATRIX[fault]


def test_our_own_gateways_pass_every_check() -> None:
    for ours, missing in (
        (gateway(), OF_THE_OLD_FORM),
        (other_gateway(), {"mcu.alarm.new-info", "mcu.alarm.new-state"}),
    ):
        report = check_gateway_mcu(ours)
        assert by_kind(report, "failed", "deviation", "skipped") == {} and report.passed
        applied = {id for id in by_kind(report, "not applicable") if not id.startswith("mcu.network.")}
        assert applied - {"mcu.product.n"} == missing - {"mcu.product.n"}


def test_our_own_hub_passes_every_check() -> None:
    report = check_gateway_module(gateway_hub())
    assert by_kind(report, "failed", "deviation", "skipped", "not applicable") == {} and report.passed


def test_ends_of_the_ordinary_line_are_named() -> None:
    assert check_gateway_mcu(mcu()).silence.startswith("It reports no cap and answers heartbeats (00)")
    assert check_gateway_module(module()).silence.startswith("It sends heartbeats (00)")


def test_after_an_end_is_gone_the_other_checks_are_skipped() -> None:
    gone = Mutant(gateway(), into=unresponsive_after_bytes(b"\x55\xaa\x00\x0a"))
    report = check_gateway_mcu(gone, "mcu.heartbeat.*", "mcu.json.*")
    assert list(by_kind(report, "failed")) == ["mcu.heartbeat.answered"] and not report.passed
    reasons = set(by_kind(report, "skipped").values())
    assert reasons == {"The MCU has not answered any more since mcu.heartbeat.answered."}


@pytest.mark.parametrize("name", BROKEN_GATEWAYS)
def test_a_gateway_that_breaks_a_rule_is_found(name: str) -> None:
    broken = BROKEN_GATEWAYS[name]
    assert not_passed(check_gateway_mcu(broken.make(), *broken.only)) == broken.found


@pytest.mark.parametrize("name", BROKEN_GATEWAY_HUBS)
def test_a_hub_that_breaks_a_rule_is_found(name: str) -> None:
    broken = BROKEN_GATEWAY_HUBS[name]
    assert not_passed(check_gateway_module(broken.make(), *broken.only)) == broken.found


def test_nearly_every_check_is_seen_to_fail() -> None:
    broken = (*BROKEN_GATEWAYS.values(), *BROKEN_GATEWAY_HUBS.values())
    failed = {id for one in broken for id in one.found} | {id for found in MATRIX.values() for id in found}
    ids = {check.id for role in suite("tuya_gateway").roles.values() for check in role.checks}
    assert ids - failed == NEVER_FAILED
