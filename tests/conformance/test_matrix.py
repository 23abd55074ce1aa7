"""Each fault of a simulated MCU makes exactly the checks fail that it should, and our own ends pass them all.

A fault that cannot be seen on the line, or that no rule forbids, has none: ``drifts`` (a clock that no one asks for),
``update-small-blocks`` (blocks of 256 bytes are right), ``restless`` (it may wake as often as it likes). SILENT: the
run reports that nothing answers.
"""

from collections.abc import Mapping

import pytest

from conformance.conforming import by_kind, not_passed
from conformance.low_power_ends import check_low_mcu, check_low_module, door_mcu, door_module
from conformance.wifi_ends import check_mcu, check_module, mcu, module
from unclouded.conformance.check import RunReport
from unclouded.families.tuya.low_power.mcu import FAULTS as LOW_FAULTS
from unclouded.families.tuya.wifi.mcu import FAULTS as WIFI_FAULTS

SILENT = {"silent"}

WIFI: Mapping[str, set[str]] = {
    "silent": SILENT,
    "deaf-to-heartbeats": {"mcu.heartbeat.answered"},
    "deaf-to-product": {"mcu.product.answered"},
    "deaf-to-mode": {"mcu.mode.answered"},
    "deaf-to-query": {"mcu.query.answered", "mcu.query.early"},
    "deaf-to-notices": {"mcu.notice.reset", "mcu.notice.time", "mcu.weather.acknowledged", "mcu.weather.long"},
    "deaf-until-status-04": {"mcu.query.early"},
    "old-product": {"mcu.frames.usual-version", "mcu.product.json"},
    "garbled-product": {"mcu.product.json", "mcu.product.printable"},
    "version-1-events": {"mcu.frames.usual-version", "mcu.mode.asked-only"},
    "short-values": {"mcu.points.bool-length", "mcu.points.enum-length", "mcu.points.value-length"},
    "slow": {"mcu.heartbeat.prompt", "mcu.product.prompt"},
    "restarts": {"mcu.idle.no-restart"},
    "asks": {"mcu.idle.few-questions"},
    "stray-bytes": {"mcu.frames.whole"},
    "shifted": {"mcu.frames.whole"},
    "interleaves": {"mcu.line.two-at-once"},
    "small-buffer": {"mcu.update.blocks", "mcu.weather.long"},
    "small-buffer-deaf": {"mcu.weather.long"},
    "tires": {"mcu.line.burst"},
    "joined": SILENT,
    "fades": {"mcu.set.once"},
    "drifts": set(),
    "stuck-switch": {"mcu.set.reported"},
    "update-refused": {"mcu.update.start"},
    "update-loses-blocks": {"mcu.update.first-time"},
    "update-reboots": {"mcu.update.blocks"},
    "update-same-version": {"mcu.update.version"},
    "update-small-blocks": set(),
    "update-stops": {"mcu.update.blocks"},
}
LOW_POWER: Mapping[str, set[str]] = {
    "silent": SILENT,
    "deaf-to-product": {"mcu.product.answered"},
    "deaf-to-network": {"mcu.status.acknowledged", "mcu.status.no-router"},
    "hasty": {"mcu.report.after-cloud"},
    "no-cache": {"mcu.cache.asked"},
    "no-clock": {"mcu.record.time", "mcu.time.asked"},
    "drowsy": {"mcu.sleep.lingers"},
    "insomniac": {"mcu.sleep.no-cloud", "mcu.sleep.session"},
    "stutters": {"mcu.report.once"},
    "restless": set(),
    "update-refused": {"mcu.update.start"},
    "update-loses-blocks": {"mcu.update.first-time"},
    "update-reboots": {"mcu.update.blocks"},
    "update-same-version": {"mcu.update.version"},
    "update-small-blocks": set(),
    "update-stops": {"mcu.update.blocks"},
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
