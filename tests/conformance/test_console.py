"""The console of a plug: ours passes every check, and each fault and each broken rule fails its own checks."""

from collections.abc import Mapping

import pytest

from conformance.client_mutants import BROKEN_CLIENTS
from conformance.conforming import by_kind, not_passed
from conformance.console_ends import check_client, check_console, client, console
from conformance.console_mutants import BROKEN_CONSOLES
from unclouded.app.conformance.html_report import html_text
from unclouded.app.conformance.reports import json_text
from unclouded.conformance import suite
from unclouded.families.meross.console.plug.console_faults import CONSOLE_FAULTS
from unclouded.families.meross.plug.state.wifi_networks import AirNetwork

SILENT = {"silent"}
MATRIX: Mapping[str, set[str]] = {
    "interleaves-log": {"console.answers.uninterrupted"},
    "cuts-lines": {"console.answers.uninterrupted", "console.answers.whole"},
    "sends-noise": {"console.lines.text"},
    "uses-wrong-baud": SILENT,
    "echoes-nothing": {"console.echo"},
    "sends-nothing": SILENT,
    "restarts-while-answering": {"console.answers.no-restart"},
}


def test_the_matrix_has_every_fault() -> None:
    assert MATRIX.keys() == CONSOLE_FAULTS.keys()


@pytest.mark.parametrize("fault", MATRIX)
def test_a_fault_of_the_console_fails_its_checks_and_no_other(fault: str) -> None:
    report = check_console(console(fault))
    assert (SILENT if report.silence else not_passed(report)) == MATRIX[fault]


def test_our_own_console_passes_every_check() -> None:
    report = check_console(console())
    assert report.passed and by_kind(report, "failed", "deviation", "skipped") == {}
    assert set(by_kind(report, "not applicable")) == {"console.value.address"}  # it is in no Wi-Fi


@pytest.mark.parametrize("name", BROKEN_CONSOLES)
def test_a_console_that_breaks_a_rule_is_found(name: str) -> None:
    assert not_passed(check_console(BROKEN_CONSOLES[name].make())) == BROKEN_CONSOLES[name].found


def test_our_own_client_passes_every_check() -> None:
    report = check_client(client())
    assert report.passed and by_kind(report, "failed", "deviation", "skipped", "not applicable") == {}


@pytest.mark.parametrize("name", BROKEN_CLIENTS)
def test_a_client_that_breaks_a_rule_is_found(name: str) -> None:
    assert not_passed(check_client(BROKEN_CLIENTS[name].make())) == BROKEN_CLIENTS[name].found


def test_every_check_is_seen_to_fail() -> None:
    found = {id for ids in MATRIX.values() for id in ids} - SILENT
    found = found.union(*(one.found for one in (*BROKEN_CONSOLES.values(), *BROKEN_CLIENTS.values())))
    assert found == {check.id for role in suite("meross_console").roles.values() for check in role.checks}


SECRET = "correct horse"


@pytest.mark.parametrize("faults", [(), ("cuts-lines",), ("interleaves-log", "sends-noise")])
def test_no_secret_of_the_plug_is_kept(faults: tuple[str, ...]) -> None:
    """Neither its key nor the password of its Wi-Fi, whole or cut, in what is kept of a run."""
    report = check_console(
        console(*faults, unconfigured=False, key="k3y0f7he9lug", networks=(AirNetwork(ssid="home", password=SECRET),))
    )
    kept = b"".join(entry.data for result in report.results for entry in result.entries)
    assert b"[STA]WpaPskLen: 13" in kept
    for text in (kept.decode("latin-1"), json_text(report), html_text(report)):
        assert not any(part in text for part in ("k3y0f7", "7he9lug", "correct", "horse"))
