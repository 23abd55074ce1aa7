"""Metrics as Prometheus' own parsers read them: names, units, escaping, devices that do not answer."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from api_story import NOON, FakeHub, device
from unclouded.core.model import UNITS, Device, Notice, Point, Reading, Status
from unclouded.publish.metrics.collector import MetricsCollector
from unclouded.publish.metrics.exposition import is_openmetrics, label_text
from unclouded.publish.metrics.names import BASE_UNITS, point_metric

DASHBOARD = Path(__file__).parents[3] / "docs" / "examples" / "grafana-dashboard.json"
STORE = {"write_ms": 4.0, "batches": 7, "stored": 900, "failures": 0, "dropped": 0, "waiting": 3, "unstorable": 0}


def of(hub: FakeHub, most: int = 100) -> MetricsCollector:
    collector = MetricsCollector(hub, "1.2", lambda: STORE, most)
    hub.subscribe(collector.counts.take)
    return collector


def read(collector: MetricsCollector) -> list[Metric]:
    """What the OpenMetrics parser understands, which is the same as what the parser of Prometheus' text does."""
    strict = list(read_openmetrics(collector.text(openmetrics=True).decode()))  # type: ignore[no-untyped-call]
    plain = list(read_text(collector.text(openmetrics=False).decode()))
    assert samples(strict) == samples(plain)
    return strict


def samples(families: Iterable[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found = {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}
    assert len(found) == sum(len(family.samples) for family in families)  # no sample twice
    return found


def value(families: Iterable[Metric], name: str, **labels: str) -> float | None:
    return samples(families).get((name, frozenset(labels.items())))


def test_readings_become_base_units_of_the_documented_names() -> None:
    hub = FakeHub()
    collector = of(hub)
    hub.publish(
        Reading("kettle", "power_W", 67.3, NOON),
        Reading("kettle", "energy_import_Wh", 1234.5, NOON + 1),
        Reading("kettle", "on", True, NOON),
        Reading("kettle", "mode", "boost", NOON),
        Reading("lamp", "power_W", 5.0, NOON, "suspect"),
        Notice("kettle", NOON, "command", "on = true", {"result": "confirmed", "ms": 240.0}),
    )
    found = read(collector)
    assert value(found, "unclouded_power_watts", device="kettle") == 67.3
    assert value(found, "unclouded_energy_joules_total", device="kettle", direction="import") == 1234.5 * 3600
    assert value(found, "unclouded_relay_on", device="kettle") == 1
    assert value(found, "unclouded_option", device="kettle", point="mode", option="boost") == 1
    assert value(found, "unclouded_device_up", device="kettle") == 1
    assert value(found, "unclouded_last_reading_timestamp_seconds", device="kettle") == NOON + 1
    assert value(found, "unclouded_readings_total", device="lamp", quality="suspect") == 1
    assert value(found, "unclouded_frames_total", device="kettle", channel="", result="received") is None
    assert value(found, "unclouded_frames_total", device="kettle", result="received") == 12
    assert value(found, "unclouded_command_duration_seconds_bucket", result="confirmed", le="0.25") == 1
    assert value(found, "unclouded_command_duration_seconds_bucket", result="confirmed", le="0.1") == 0
    assert value(found, "unclouded_command_duration_seconds_sum", result="confirmed") == 0.24
    assert value(found, "unclouded_store_commit_seconds") == 0.004
    assert value(found, "unclouded_build_info", version="1.2") == 1


def test_a_device_that_does_not_answer_is_down_and_shows_no_old_value_but_its_counters() -> None:
    hub = FakeHub()
    collector = of(hub)
    hub.publish(Reading("kettle", "power_W", 67.3, NOON), Reading("kettle", "energy_import_Wh", 1.0, NOON))
    hub.publish(Status("kettle", "offline", NOON))
    found = read(collector)
    assert value(found, "unclouded_device_up", device="kettle") == 0
    assert value(found, "unclouded_power_watts", device="kettle") is None
    assert value(found, "unclouded_energy_joules_total", device="kettle", direction="import") == 3600
    hub.publish(Status("kettle", "asleep", NOON))
    assert value(read(collector), "unclouded_power_watts", device="kettle") == 67.3


@pytest.mark.parametrize(
    ("key", "kind", "name", "labels", "factor"),
    [
        ("power_a_W", "number", "unclouded_part_power_watts", {"part": "a"}, 1),
        ("energy_export_b_Wh", "counter", "unclouded_part_energy_joules", {"direction": "export", "part": "b"}, 3600),
        ("energy_import_t2_Wh", "counter", "unclouded_part_energy_joules", {"direction": "import", "part": "t2"}, 3600),
        ("energy_Wh", "number", "unclouded_energy_undirected_joules", {}, 3600),
        ("energy_today_Wh", "number", "unclouded_energy_today_joules", {}, 3600),
        ("power_factor", "number", "unclouded_power_factor_ratio", {}, 1),
        ("power_factor_percent", "number", "unclouded_power_factor_ratio", {}, 0.01),
        ("on_2", "switch", "unclouded_relay_on", {"relay": "2"}, 1),
        ("motion", "switch", "unclouded_boolean", {"point": "motion"}, 1),
        ("dp_101", "number", "unclouded_value", {"point": "dp_101"}, 1),
        ("co2_ppm", "number", "unclouded_co2_ratio", {}, 1e-6),
        ('Straße"\n_W', "number", "unclouded_value", {"point": 'Straße"\n_W'}, 1),
    ],
)
def test_a_point_has_one_name(key: str, kind: str, name: str, labels: dict[str, str], factor: float) -> None:
    found = point_metric(Point(key=key, kind=kind))  # type: ignore[arg-type]  # valid kinds
    assert found is not None
    assert (found.family.name, dict(found.labels), found.factor) == (name, labels, factor)


def test_a_plug_that_is_only_seen_is_no_device() -> None:
    hub = FakeHub()
    hub.publish(device("1901"), Status("1901", "seen", NOON))
    assert value(read(of(hub)), "unclouded_device_up", device="1901") is None


def test_texts_are_no_metrics_and_every_unit_has_a_base_unit() -> None:
    assert [point_metric(Point(key="name", kind=kind)) for kind in ("text", "raw")] == [None, None]
    assert BASE_UNITS.keys() == UNITS.keys()
    boiling = point_metric(Point(key="temperature_F"))
    assert boiling is not None and 212 * boiling.factor + boiling.offset == pytest.approx(100)


def test_faults_are_named_bits() -> None:
    points = (Point(key="fault", kind="bitmap", options=("over_current", "leak")),)
    hub = FakeHub()
    hub.publish(
        device("breaker", points=points), Status("breaker", "online", NOON), Reading("breaker", "fault", 2, NOON)
    )
    found = read(of(hub))
    assert value(found, "unclouded_fault_active", device="breaker", point="fault", fault="leak") == 1
    assert value(found, "unclouded_fault_active", device="breaker", point="fault", fault="over_current") == 0


def test_two_points_of_one_name_do_not_make_an_answer_that_is_refused() -> None:
    points = (
        Point(key="temperature_C"),
        Point(key="temperature_F"),
        Point(key="x_Wh"),
        Point(key="x_kWh", kind="counter"),
    )
    hub = FakeHub()
    facts = [Reading("two", one.key, 20, NOON) for one in points]
    hub.publish(device("two", points=points), Status("two", "online", NOON), *facts)
    found = read(of(hub))
    assert value(found, "unclouded_temperature_celsius", device="two") == 20
    assert value(found, "unclouded_x_joules", device="two") == 72_000


def test_too_many_points_are_left_out_and_counted() -> None:
    hub = FakeHub(*(f"plug{number}" for number in range(12)))
    hub.publish(*(Reading(f"plug{number}", "power_W", 1.0, NOON) for number in range(12)))
    assert value(read(of(hub, most=10)), "unclouded_metrics_left_out") == 2


def test_a_device_that_is_gone_or_renamed_leaves_nothing_behind() -> None:
    hub = FakeHub()
    collector = of(hub)
    hub.publish(Reading("kettle", "power_W", 1.0, NOON))
    assert b'"kettle"' in collector.text(openmetrics=True)
    hub.drop("kettle")
    assert b'"kettle"' not in collector.text(openmetrics=True)


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ['"', "\\", '\\"', "a\nb", "\x00\x85\u2028", '"} 1\n# EOF', "\ud800", "é" * 400]
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, st.floats() | st.integers(-(2**70), 2**70))
def test_any_name_and_any_number_is_read_as_it_is(name: str, room: str, number: float) -> None:
    hub = FakeHub("kettle")
    hub.publish(device("kettle", name=name, room=room), Reading("kettle", "power_W", number, NOON))
    found = read_openmetrics(of(hub).text(openmetrics=True).decode())  # type: ignore[no-untyped-call]
    by_name = {one.name: one for one in found}
    about = by_name["unclouded_device"].samples[0].labels
    shown = about.get("name", "")
    assert len(by_name["unclouded_device"].samples) == 1 and "\n" not in shown
    assert shown == name[:300] or not name[:300].isprintable()
    got = by_name["unclouded_power_watts"].samples[0].value
    assert got == number or number != number  # NaN differs from itself


def test_a_number_that_no_metric_can_hold_is_left_out() -> None:
    hub = FakeHub()
    hub.publish(*[Reading("kettle", key, 10**400, NOON) for key in ("power_W", "energy_import_Wh", "on")])
    assert value(read(of(hub)), "unclouded_power_watts", device="kettle") is None


def test_a_label_is_on_one_line_and_bounded() -> None:
    assert label_text('a"b\\c\nd') == r"a\"b\\c\\x0ad"
    assert len(label_text("x" * 1000)) == 300


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text; version=1.0.0", True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=0.0.1", False),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9", False),
        # what Prometheus 2.42 and 3 send
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;"
         "version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3", True),
        ("application/openmetrics-text;q=0,text/plain", False),
        ("," * 10_000, False),
    ],
)  # fmt: skip
def test_the_format_is_negotiated(accept: str, expected: bool) -> None:
    assert is_openmetrics(accept) is expected


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    hub = FakeHub()
    keys = ("power_W", "energy_import_Wh", "energy_export_Wh", "on", "voltage_V", "temperature_C", "humidity_percent")
    kinds = {"on": "switch", "energy_import_Wh": "counter", "energy_export_Wh": "counter"}
    every = Device(
        id="all",
        identity="all",
        family="",
        link="",
        profile="",
        points=tuple(Point(key=key, kind=kinds.get(key, "number")) for key in keys),  # type: ignore[arg-type]
    )
    collector = of(hub)
    hub.publish(every, Status("all", "online", NOON), *(Reading("all", key, 1, NOON) for key in keys))
    hub.publish(Notice("all", NOON, "command", "", {"result": "confirmed", "ms": 1.0}))
    known = {one.name for family in read(collector) for one in family.samples} | {"unclouded_decode_errors_total"}
    used = {name for query in queries for name in re.findall(r"unclouded_\w+", query)}
    assert len(queries) >= 8 and used <= known
