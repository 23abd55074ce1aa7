"""The checks of Meross plugs against the simulated plug: every generation passes them, and its faults are found.

Over HTTP a fault has no check that it must fail where it shows in set-up mode only, over MQTT only, or where it is no
fault: a plug may encrypt, or take 20 to 200 ms. SILENT: the run reports that nothing answers.
"""

from collections.abc import Mapping

import pytest
from conforming import by_kind, not_passed
from meross_ends import QUIRKY, HttpHub, check_hub, check_plug, hub, plug

from unclouded.families.meross.plug.dialects import DIALECTS
from unclouded.families.meross.plug.plug_options import FAULTS

SILENT = {"silent"}
HTTP: Mapping[str, set[str]] = {
    "closes": SILENT,
    "resets": {"http.in-a-row"},
    "truncates": SILENT,
    "late": {"http.prompt"},
    "slow": set(),
    "wrong_id": {"answers.id", "sign.error-form", "http.pipelined", "http.at-once"},
    "quirky_headers": {"http.strict-head"},
    "needs_from": {"request.no-from"},
    "replay_window": {"sign.old"},
    "clear_text": set(),
    "encrypts": set(),
    "clock_unset": {"clock.right"},
    "zeros_without_clock": {"electricity.voltage", "set.off"},
    "waits_for_ntp": {"clock.right"},
    "midnight_bug": {"days.midnight"},
    "stuck_relay": {
        *(f"set.{name}" for name in ("all", "channel-4294967295", "channel-65535", "multiple", "switches", "time")),
        *("timer.switches", "auto-off.switches", "auto-off.disabled"),
    },
    "never_pushes": set(),
    "slow_scan": {"networks.prompt"},
    "scan_misses": {"networks.found"},
    "needs_all_fields": set(),
    "download_fails": set(),
    "update_reverts": set(),
}


def found(report: object) -> set[str]:
    return SILENT if report.silence else {id.removeprefix("plug.") for id in not_passed(report)}  # type: ignore[attr-defined]


def test_the_matrix_has_every_fault() -> None:
    assert HTTP.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", HTTP)
def test_a_fault_of_the_plug_fails_its_checks_and_no_other(fault: str) -> None:
    more = {"head": QUIRKY} if fault == "quirky_headers" else {}
    assert found(check_plug(plug(fault), **more)) == HTTP[fault]  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_generation_of_the_simulated_plug_passes(dialect: str) -> None:
    report = check_plug(plug(dialect=dialect))
    assert by_kind(report, "failed", "deviation", "skipped") == {} and report.passed
    assert len(report.results) > 160


def test_each_check_is_applicable_to_some_generation() -> None:
    missing = [set(by_kind(check_plug(plug(dialect=one)), "not applicable")) for one in DIALECTS]
    assert set.intersection(*missing) == set()


def test_our_controller_passes_every_check_of_a_hub() -> None:
    report = check_hub(HttpHub(hub()))
    assert by_kind(report, "failed", "deviation", "skipped", "not applicable") == {}
    assert report.passed and len(report.results) >= 80
