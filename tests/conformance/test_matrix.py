"""Each fault of a simulated MCU makes exactly the checks fail that it should, and our own ends pass them all.

A fault that cannot be seen on the line, or that no rule forbids, has none: ``drifts`` (a clock that no one asks for),
``takes-small-blocks`` (blocks of 256 bytes are right), ``wakes-often`` (it may wake as often as it likes). SILENT: the
run reports that nothing answers.
"""

from collections.abc import Mapping

import pytest

from conformance.conforming import by_kind, not_passed
from conformance.low_power_ends import check_low_mcu, check_low_module, door_mcu, door_module
from conformance.wifi_ends import check_mcu, check_module, mcu, module
from unclouded.conformance.check import RunReport
from unclouded.families.tuya.low_power.mcu import FAULTS as LOW_FAULTS
from unclouded.families.tuya.wifi.mcu.mcu import FAULTS as WIFI_FAULTS

SILENT = {"silent"}

WIFI: Mapping[str, set[str]] = {
    "sends-nothing": SILENT,
    "ignores-heartbeats": {"mcu.heartbeat.answered"},
    "ignores-product-query": {"mcu.product.answered"},
    "ignores-mode-query": {"mcu.mode.answered"},
    "ignores-queries": {"mcu.query.answered", "mcu.query.early"},
    "acks-no-notices": {"mcu.notice.reset", "mcu.notice.time", "mcu.weather.acknowledged", "mcu.weather.long"},
    "ignores-all-until-status-04": {"mcu.query.early"},
    "has-old-firmware": {"mcu.frames.usual-version", "mcu.product.json"},
    "corrupts-product-info": {"mcu.product.json", "mcu.product.printable"},
    "sends-version-1-events": {"mcu.frames.usual-version", "mcu.mode.asked-only"},
    "sends-wrong-lengths": {"mcu.points.bool-length", "mcu.points.enum-length", "mcu.points.value-length"},
    "answers-slowly": {"mcu.heartbeat.prompt", "mcu.product.prompt"},
    "restarts": {"mcu.idle.no-restart"},
    "asks-after-heartbeats": {"mcu.idle.few-questions"},
    "sends-stray-bytes": {"mcu.frames.whole"},
    "sends-shifted-pieces": {"mcu.frames.whole"},
    "interleaves-frames": {"mcu.line.two-at-once"},
    "loses-long-frames": {"mcu.update.blocks", "mcu.weather.long"},
    "stops-after-long-frame": {"mcu.weather.long"},
    "pauses-after-burst": {"mcu.line.burst"},
    "echoes-input": SILENT,
    "changes-in-steps": {"mcu.set.once"},
    "has-clock-drift": set(),
    "has-stuck-relay": {"mcu.set.reported"},
    "ignores-update": {"mcu.update.start"},
    "loses-update-blocks": {"mcu.update.first-time"},
    "restarts-during-update": {"mcu.update.blocks"},
    "keeps-old-version": {"mcu.update.version"},
    "takes-small-blocks": set(),
    "stops-during-update": {"mcu.update.blocks"},
}
LOW_POWER: Mapping[str, set[str]] = {
    "sends-nothing": SILENT,
    "ignores-product-query": {"mcu.product.answered"},
    "acks-no-network-status": {"mcu.status.acknowledged", "mcu.status.no-router"},
    "reports-before-cloud": {"mcu.report.after-cloud"},
    "never-asks-for-settings": {"mcu.cache.asked"},
    "never-asks-for-time": {"mcu.record.time", "mcu.time.asked"},
    "sleeps-after-ack": {"mcu.sleep.lingers"},
    "never-sleeps": {"mcu.sleep.no-cloud", "mcu.sleep.session"},
    "sends-twice": {"mcu.report.once"},
    "wakes-often": set(),
    "ignores-update": {"mcu.update.start"},
    "loses-update-blocks": {"mcu.update.first-time"},
    "restarts-during-update": {"mcu.update.blocks"},
    "keeps-old-version": {"mcu.update.version"},
    "takes-small-blocks": set(),
    "stops-during-update": {"mcu.update.blocks"},
}


def found(report: RunReport) -> set[str]:
    return SILENT if report.silence else not_passed(report)


def test_the_matrix_has_every_fault() -> None:
    assert WIFI.keys() == WIFI_FAULTS.keys()
    assert LOW_POWER.keys() == LOW_FAULTS.keys()


@pytest.mark.parametrize("fault", WIFI)
def test_a_fault_of_the_mcu_fails_its_checks_and_no_other(fault: str) -> None:
    assert found(check_mcu(mcu(fault))) == WIFI[fault]


@pytest.mark.parametrize("fault", LOW_POWER)
def test_a_fault_of_the_battery_mcu_fails_its_checks_and_no_other(fault: str) -> None:
    assert found(check_low_mcu(door_mcu(fault))) == LOW_POWER[fault]


def test_our_own_ends_of_the_ordinary_line_pass_every_check() -> None:
    for report in (check_mcu(mcu()), check_module(module())):
        assert by_kind(report, "failed", "deviation", "skipped", "not applicable") == {}
        assert report.passed and len(report.results) > 110


def test_our_own_ends_of_the_battery_line_pass_every_check() -> None:
    for report in (check_low_mcu(door_mcu()), check_low_module(door_module())):
        assert by_kind(report, "failed", "deviation", "skipped", "not applicable") == {}
        assert report.passed and len(report.results) > 60
