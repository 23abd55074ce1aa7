"""The checks of Meross plugs against the simulated plug: every generation passes them, and its faults are found.

Over HTTP a fault has no check that it must fail where it shows in set-up mode only, over MQTT only, or where it is no
fault: a plug may encrypt, or take 20 to 200 ms. SILENT: the run reports that nothing answers.
"""

from collections.abc import Mapping
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.conforming import by_kind, not_passed
from conformance.meross_ends import OPTIONS, QUIRKY, HttpHub, check_hub, check_plug, hub, plug
from conformance.meross_mqtt_ends import check_mqtt_hub, check_mqtt_plug
from unclouded.conformance.check import RunReport
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.plug.state.plug_options import FAULTS

NAMES = [
    "messageId",
    "namespace",
    "method",
    "from",
    "timestamp",
    "sign",
    "all",
    "system",
    "togglex",
    "multiple",
    "error",
]
SILENT = {"silent"}
HTTP: Mapping[str, set[str]] = {
    "closes-connections": SILENT,
    "resets-connections": {"http.in-a-row"},
    "truncates-answers": SILENT,
    "answers-after-7-s": {"answers.prompt"},
    "answers-slowly": set(),
    "sends-wrong-id": {"answers.id", "sign.error-form", "http.pipelined", "http.at-once"},
    "sends-malformed-headers": {"http.strict-head"},
    "needs-from": {"request.no-from"},
    "refuses-old-requests": {"sign.old"},
    "never-encrypts": set(),
    "always-encrypts": set(),
    "reaches-no-ntp": {"clock.right"},
    "measures-zero-without-clock": {"electricity.voltage", "set.off"},
    "waits-for-ntp": {"clock.right"},
    "keeps-total-at-midnight": {"days.midnight"},
    "has-stuck-relay": {
        *(f"set.{name}" for name in ("all", "channel-4294967295", "channel-65535", "multiple", "switches", "time")),
        *("timer.switches", "auto-off.switches", "auto-off.disabled"),
    },
    "never-pushes": set(),
    "scans-slowly": {"networks.prompt"},
    "misses-first-scan": {"networks.found"},
    "needs-all-wifi-fields": set(),
    "stops-during-download": set(),
    "keeps-old-version": set(),
}


MQTT: Mapping[str, set[str]] = {
    **{
        fault: HTTP[fault]
        for fault in (
            "answers-slowly",
            "never-encrypts",
            "always-encrypts",
            "needs-from",
            "refuses-old-requests",
            "scans-slowly",
        )
    },
    **{
        fault: HTTP[fault]
        for fault in (
            "measures-zero-without-clock",
            "keeps-total-at-midnight",
            "misses-first-scan",
            "needs-all-wifi-fields",
        )
    },
    **dict.fromkeys(("closes-connections", "truncates-answers", "sends-wrong-id"), SILENT),
    **{fault: set() for fault in ("resets-connections", "sends-malformed-headers", "reaches-no-ntp", "waits-for-ntp")},
    **{fault: HTTP[fault] for fault in ("answers-after-7-s", "stops-during-download", "keeps-old-version")},
    "has-stuck-relay": HTTP["has-stuck-relay"] | {"push.switch"},
    "never-pushes": {
        *(f"begin.{name}" for name in ("report", "bind", "bind-from", "bind-once", "bind-repeated")),
        *("broker.online", "broker.server", "clock.right", "push.switch", "push.button"),
    },
}


def found(report: RunReport) -> set[str]:
    return SILENT if report.silence else {id.removeprefix("plug.") for id in not_passed(report)}


def left_out(report: object) -> dict[str, str]:
    """What was not tried, but for what needs another link, or another generation."""
    reasons = by_kind(report, "skipped", "not applicable")  # type: ignore[arg-type]
    usual = ("It needs a link like", "It does not list", "Over the broker an answer is found")
    return {id: reason for id, reason in reasons.items() if not any(one in reason for one in usual)}


def test_the_matrices_have_every_fault() -> None:
    assert HTTP.keys() == MQTT.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", HTTP)
def test_a_fault_of_the_plug_fails_its_checks_and_no_other(fault: str) -> None:
    more = {"head": QUIRKY} if fault == "sends-malformed-headers" else {}
    assert found(check_plug(plug(fault), **more)) == HTTP[fault]  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", MQTT)
def test_a_fault_fails_its_checks_over_the_broker_too(fault: str) -> None:
    assert found(check_mqtt_plug(plug(fault))) == MQTT[fault]


@cache
def reports(dialect: str) -> tuple[RunReport, RunReport]:
    """Of a plug of that generation, over HTTP and over MQTT."""
    return check_plug(plug(dialect=dialect)), check_mqtt_plug(plug(dialect=dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_generation_of_the_simulated_plug_passes(dialect: str) -> None:
    for report in reports(dialect):
        assert by_kind(report, "failed", "deviation") == {} and report.passed
        assert len(report.results) > 200


def test_what_is_left_out_needs_another_link_or_another_generation() -> None:
    assert [left_out(report) for report in reports("hw2")] == [{}, {}]


def test_each_check_is_applicable_to_some_generation() -> None:
    missing = [set(by_kind(one, "not applicable", "skipped")) for dialect in DIALECTS for one in reports(dialect)]
    assert set.intersection(*missing) == set()


def test_our_controller_passes_every_check_of_a_hub_over_both_links() -> None:
    reports = check_hub(HttpHub(hub())), check_mqtt_hub(hub())
    for report in reports:
        assert by_kind(report, "failed", "deviation") == {} and left_out(report) == {} and report.passed
    assert set.intersection(*(set(by_kind(one, "skipped", "not applicable")) for one in reports)) == set()
    assert len(reports[0].results) > 110


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["payload", "header", "whole"]), JSON), min_size=1, max_size=5))
def test_whatever_a_plug_answers_a_run_comes_to_its_end(odd: list[tuple[str, object]]) -> None:
    def out(body: bytes) -> bytes:
        odd.append(odd.pop(0))
        part, value = odd[-1]
        if part == "whole":
            return msgspec.json.encode(value)
        return msgspec.json.encode({**msgspec.json.decode(body), part: value})

    report = check_plug(plug(dialect="hw6.3"), out=out)
    assert report.silence or len(report.results) > 200


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["payload", "header"]), JSON), min_size=1, max_size=5))
def test_whatever_a_hub_asks_a_run_comes_to_its_end(odd: list[tuple[str, object]]) -> None:
    def out(body: bytes) -> bytes:
        odd.append(odd.pop(0))
        part, value = odd[-1]
        return msgspec.json.encode({**msgspec.json.decode(body), part: value})

    only = msgspec.structs.replace(OPTIONS, only=("hub.request.*", "hub.multiple.*", "hub.time.*", "hub.http.*"))
    report = check_hub(HttpHub(hub(), out=out), only)
    assert report.silence or len(report.results) > 20
