"""Metrics of a fleet's server: both formats are readable, and the dashboard asks for what there is."""

import json
import re
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from fleet.api.conftest import FleetStory
from unclouded.fleet.api.metrics import COUNTERS, GAUGES, FleetMetrics, LatencyHistogram
from unclouded.fleet.calls.dispatcher import DispatchCounters
from unclouded.fleet.ingest.counters import IngestCounters

DASHBOARD = Path(__file__).parents[3] / "docs" / "examples" / "grafana-fleet-dashboard.json"
OPENMETRICS = "application/openmetrics-text"


async def test_metrics_are_readable_and_the_dashboard_uses_them(fleet: FleetStory) -> None:
    body = {"homes": [fleet.homes["north"]], "device": "plug-1", "value": True}
    await fleet.json("operator-north", "POST", "/api/fleet/commands", body)
    counters = {**dict.fromkeys(COUNTERS, 2.0), **dict.fromkeys(GAUGES, 1.0)}
    commits = LatencyHistogram()
    for seconds in (0.001, 0.005, 0.3, 60.0):
        commits.observe(seconds)
    metrics = FleetMetrics(fleet.base, lambda: counters, commits, lambda: fleet.now)
    strict = list(read_openmetrics(bytes((await metrics.answer(OPENMETRICS)).body).decode()))
    plain = list(read_text(bytes((await metrics.answer("")).body).decode()))
    found = {(one.name, *sorted(one.labels.items())): one.value for family in strict for one in family.samples}
    assert found == {(one.name, *sorted(one.labels.items())): one.value for family in plain for one in family.samples}
    assert found["unclouded_fleet_homes", ("state", "well")] == 2
    assert found["unclouded_fleet_commands", ("state", "waiting")] == 1
    assert found["unclouded_fleet_commit_seconds_bucket", ("le", "0.005")] == 2
    assert found["unclouded_fleet_commit_seconds_bucket", ("le", "+Inf")] == 4
    names = {name for name, *_ in found}
    asked = set(re.findall(r"unclouded_\w+", json.dumps(json.loads(DASHBOARD.read_text("utf-8")))))
    assert asked - {"unclouded_fleet"} <= names and len(asked) > 15


def test_every_counter_of_the_server_is_a_metric() -> None:
    counted = {f"ingest_{name}" for name in IngestCounters().as_mapping()}
    counted |= {f"commands_{name}" for name in DispatchCounters().as_mapping()}
    assert counted <= COUNTERS.keys() | GAUGES.keys()
