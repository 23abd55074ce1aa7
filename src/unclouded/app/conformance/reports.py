"""The report of a run for machines: JSON and JUnit XML.

    testsuites ─ testsuite "tuya_wifi: MCU" ─ testcase "mcu.heartbeat.answered" ─ failure | skipped | system-out

A deviation is not a failure: its test case has passed, and what was seen stands in system-out.
"""

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

import msgspec

from unclouded.app.conformance.frame_text import frame_lines
from unclouded.conformance import suite as suite_of
from unclouded.conformance.check import CheckResult, CheckSuite, RunReport
from unclouded.core.text.printable import printable
from unclouded.core.times import iso

FOUND = ("failed", "deviation")  # results whose frames are kept


def result_fields(suite: CheckSuite, result: CheckResult, with_frames: bool = False) -> Mapping[str, object]:
    """One result, as JSON types."""
    check = result.check
    frames = frame_lines(suite, result.entries) if with_frames and result.kind in FOUND else []
    return {
        "id": check.id,
        "title": check.title,
        "clause": suite.clause(check),
        "grade": check.grade,
        "result": result.kind,
        "reason": result.reason,
        "began_s": round(result.began_s, 3),
        "took_s": round(result.took_s, 3),
        **({"frames": [msgspec.to_builtins(one) for one in frames]} if frames else {}),
    }


def report_fields(report: RunReport, with_checks: bool = True) -> Mapping[str, object]:
    """A whole run, as JSON types."""
    suite = suite_of(report.suite)
    role = suite.roles[report.role]
    checks = [result_fields(suite, one, with_frames=True) for one in report.results] if with_checks else None
    return {
        "suite": report.suite,
        "as": report.role,
        "tests": role.tests,
        "passed": report.passed,
        "silence": report.silence,
        "stopped": report.stopped,
        "began": iso(report.began),
        "took_s": round(report.took_s, 3),
        "counts": report.counts(),
        "facts": report.facts,
        **({} if checks is None else {"checks": checks}),
    }


def json_text(report: RunReport) -> str:
    """For a file."""
    return msgspec.json.format(msgspec.json.encode(report_fields(report)), indent=1).decode() + "\n"


def junit_text(report: RunReport) -> str:
    """JUnit XML. A line on which nothing answers is one error."""
    suite = suite_of(report.suite)
    name = f"{report.suite}: {suite.roles[report.role].tests}"
    counts = report.counts()
    skipped = counts["skipped"] + counts["not applicable"]
    cases = [_case(suite, name, result) for result in report.results]
    if report.silence:
        cases.append(
            _node("testcase", {"name": "line", "classname": name}, _problem("error", report.silence, "silence"))
        )
    attributes = {
        "name": name,
        "tests": str(len(cases)),
        "failures": str(counts["failed"]),
        "errors": str(int(bool(report.silence))),
        "skipped": str(skipped),
        "time": f"{report.took_s:.3f}",
        "timestamp": iso(report.began).removesuffix("Z").partition(".")[0],
        "hostname": "localhost",
    }
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_node("testsuites", {}, _node("testsuite", attributes, *cases))}'


def _case(suite: CheckSuite, name: str, result: CheckResult) -> str:
    check = result.check
    attributes = {"name": check.id, "classname": name, "time": f"{result.took_s:.3f}"}
    text = f"{check.title} ({check.grade}, {suite.clause(check)}). {result.reason}"
    match result.kind:
        case "failed":
            inside = _problem("failure", result.reason, check.grade, text)
        case "skipped" | "not applicable":
            inside = _node("skipped", {"message": f"{result.kind}: {result.reason}"})
        case "deviation":
            inside = _node("system-out", {}, escape(printable(f"Deviation seen. {text}")))
        case _:
            inside = ""
    return _node("testcase", attributes, inside)


def _problem(tag: str, message: str, kind: str, text: str = "") -> str:
    return _node(tag, {"message": message, "type": kind}, escape(printable(text or message)))


def _node(tag: str, attributes: Mapping[str, str], *inside: str) -> str:
    named = "".join(f" {name}={quoteattr(printable(value))}" for name, value in attributes.items())
    text = "".join(inside)
    return f"<{tag}{named}>{text}</{tag}>\n" if text else f"<{tag}{named}/>\n"
