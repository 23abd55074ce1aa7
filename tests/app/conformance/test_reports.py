"""The reports of a run: JSON, JUnit XML, HTML, and captures of what was found."""

import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from conformance.conforming import conform
from conformance.wifi_ends import home, mcu
from unclouded.app.conformance.check_lists import check_fields, listed
from unclouded.app.conformance.html_report import html_text
from unclouded.app.conformance.kept_captures import keep
from unclouded.app.conformance.reports import json_text, junit_text
from unclouded.conformance import suite
from unclouded.conformance.check import CheckResult, RunOptions, RunReport
from unclouded.conformance.line import LineEntry
from unclouded.core.errors import CommandError
from unclouded.families.tuya.line.framing import Frame
from unclouded.recording.capture import CaptureReader

ONLY = RunOptions(only=("mcu.product.*", "mcu.mode.*", "mcu.set.reported"))
SECRET = b'{"s":"home","p":"top-secret","t":"tok"}'

# The elements of JUnit XML as continuous integration servers read it: attributes, and elements inside.
JUNIT = {
    "testsuites": (set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
        {"testcase"},
    ),
    "testcase": ({"name", "classname", "time"}, {"failure", "error", "skipped", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}


@pytest.fixture(scope="module")
def report() -> RunReport:
    """One failure, one deviation, checks that were skipped, and others that do not apply."""
    return conform(
        "tuya_wifi", "controller", mcu("ignores-mode-query", "corrupts-product-info"), world=home(), options=ONLY
    )


def with_secret(report: RunReport) -> RunReport:
    """A failure in whose frames there is the password of a Wi-Fi network."""
    frame = Frame(3, 0x2A, SECRET)
    entries = [LineEntry(at=1.0, sender="device", data=bytes(frame), frame=frame)]
    check = suite("tuya_wifi").roles["controller"].checks[0]
    return msgspec.structs.replace(
        report, results=[CheckResult(check=check, kind="failed", reason="it failed", entries=entries)]
    )


def test_json_has_each_check_with_its_clause_and_the_frames_of_what_was_found(report: RunReport) -> None:
    found = msgspec.json.decode(json_text(report))
    assert found["suite"] == "tuya_wifi" and found["as"] == "controller" and found["tests"] == "MCU"
    assert found["passed"] is False and found["counts"]["failed"] == 1
    by_id = {one["id"]: one for one in found["checks"]}
    failed = by_id["mcu.mode.answered"]
    assert failed["clause"] == "docs/protocols/tuya_wifi.md §2.4.5" and failed["grade"] == "must"
    assert {one["hex"] for one in failed["frames"]} >= {"55 aa 00 02 00 00 01"}
    assert "frames" not in by_id["mcu.product.answered"]


def test_junit_has_the_structure_that_its_readers_demand(report: RunReport) -> None:
    root = ElementTree.fromstring(junit_text(report))
    for element in root.iter():
        attributes, inside = JUNIT[element.tag]
        assert element.keys() == attributes or set(element.keys()) <= attributes, element.tag
        assert {child.tag for child in element} <= inside
    [one] = root
    assert int(one.attrib["tests"]) == len(one) == len(report.results)
    assert int(one.attrib["failures"]) == len(one.findall("testcase/failure")) == 1
    assert int(one.attrib["skipped"]) == len(one.findall("testcase/skipped")) > 1
    assert len(one.findall("testcase/system-out")) == report.counts()["deviation"] == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", one.attrib["timestamp"])


def test_junit_of_a_silent_line_is_one_error(report: RunReport) -> None:
    silent = msgspec.structs.replace(report, results=(), silence="Nothing & no one <here>.")
    [one] = ElementTree.fromstring(junit_text(silent))
    assert one.attrib["errors"] == one.attrib["tests"] == "1"
    assert one.find("testcase/error").attrib["message"] == "Nothing & no one <here>."  # type: ignore[union-attr]


def test_html_is_one_file_for_light_and_dark(report: RunReport) -> None:
    html = html_text(report)
    assert "prefers-color-scheme: dark" in html and "<main>" in html
    assert not re.search(r"https?://|src=|@import|url\(|<script", html)
    assert "max-width: 40rem" in html and '<table class="checks">' in html, "a phone shows rows as blocks"
    assert "02 was sent 3 times" in html and "55 aa 00 02 00 00 01" in html


def test_text_of_the_other_end_is_no_markup(report: RunReport) -> None:
    check = suite("tuya_wifi").roles["controller"].checks[0]
    hostile = "<script>alert(1)</script>\x1b[2J\0"
    bad = msgspec.structs.replace(report, results=[CheckResult(check=check, kind="failed", reason=hostile)])
    assert "<script" not in html_text(bad) and "\x1b" not in html_text(bad)
    ElementTree.fromstring(junit_text(bad))


def test_no_report_shows_a_secret(report: RunReport, tmp_path: Path) -> None:
    secret = with_secret(report)
    [kept] = keep(secret, tmp_path)
    for text in (json_text(secret), html_text(secret), junit_text(secret), kept.read_text()):
        assert "top-secret" not in text and b"top-secret".hex() not in text and b"top-secret".hex(" ") not in text


def test_captures_of_what_was_found_can_be_read_again(report: RunReport, tmp_path: Path) -> None:
    kept = keep(report, tmp_path / "kept")
    assert {path.name for path in kept} >= {"mcu.mode.answered.jsonl", "mcu.product.json.jsonl"}
    reader = CaptureReader((tmp_path / "kept" / "mcu.mode.answered.jsonl").read_bytes().splitlines())
    lines = list(reader)
    assert reader.header.family == "tuya_wifi"
    assert bytes(Frame(0, 0x02)) in [line.data for line in lines if line.sender == "controller"]
    assert keep(report, tmp_path / "kept") == kept  # again, over the old ones


def test_a_folder_that_cannot_be_written_is_an_error(report: RunReport, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="cannot be written"):
        keep(report, tmp_path / "file")


def test_the_list_has_the_checks_of_one_role_or_of_both() -> None:
    both = [check.id for _, _, _, check in listed("tuya_wifi", None)]
    device = [check.id for _, _, _, check in listed("tuya_wifi", "controller")]
    assert len(device) < len(both) and set(device) < set(both)
    fields = [check_fields(one, role, check) for one, role, _, check in listed("tuya_wifi", "controller")]
    assert {"must", "should", "deviation"} == {one["grade"] for one in fields}
