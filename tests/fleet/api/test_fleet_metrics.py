"""Metrics of a fleet's server: both formats are readable, and the dashboard asks for what there is."""

import asyncio
import json
import re
import socket
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from fleet.api.conftest import FleetStory
from unclouded.fleet.api.metrics import COUNTERS, GAUGES, FleetMetrics, LatencyHistogram
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.calls.dispatcher import DispatchCounters
from unclouded.fleet.configuration import load_fleet
from unclouded.fleet.ingest.counters import IngestCounters
from unclouded.fleet.local_servers.private_folder import write_private_fleet
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.fleet.serve import serving
from virtual_loop import virtual_run

DASHBOARD = Path(__file__).parents[3] / "docs" / "examples" / "grafana-fleet-dashboard.json"
OPENMETRICS = "application/openmetrics-text"


async def test_metrics_are_readable_and_the_dashboard_uses_them(fleet: FleetStory) -> None:
    body = {"homes": [fleet.homes["north"]], "device": "plug-1", "value": True}
    await fleet.json("operator-north", "POST", "/api/fleet/commands", body)
    counters = {**dict.fromkeys(COUNTERS, 2.0), **dict.fromkeys(GAUGES, 1.0)}
    commits = LatencyHistogram()
    for seconds in (0.001, 0.005, 0.3, 60.0):
        commits.observe(seconds)
    metrics = FleetMetrics(FleetBases({0: fleet.base}), lambda: counters, commits, lambda: fleet.now)
    strict = list(read_openmetrics(bytes((await metrics.answer(OPENMETRICS)).body).decode()))  # type: ignore[no-untyped-call]
    plain = list(read_text(bytes((await metrics.answer("")).body).decode()))
    found = {(one.name, *sorted(one.labels.items())): one.value for family in strict for one in family.samples}
    assert found == {(one.name, *sorted(one.labels.items())): one.value for family in plain for one in family.samples}
    assert found["unclouded_fleet_homes", ("state", "well")] == 2
    assert found["unclouded_fleet_commands", ("state", "waiting")] == 1
    assert found["unclouded_fleet_commit_seconds_bucket", ("le", "0.005")] == 2
    assert found["unclouded_fleet_commit_seconds_bucket", ("le", "+Inf")] == 4
    names = {name for name, *_ in found}
    queries = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    for query in queries:
        asked = re.findall(r"unclouded_\w+", query)
        assert asked and set(asked) <= names, query
        labels = {label for name, *labels in found if name in asked for label, _ in labels}
        assert set(re.findall(r"by \((\w+)\)|[{,](\w+)[=!]", query)) <= {(one, "") for one in labels} | {
            ("", one) for one in labels
        }, query
    assert len(queries) > 15


def test_a_database_that_does_not_answer_is_down_before_prometheus_gives_up() -> None:
    async def hang(*_: object) -> None:
        await asyncio.sleep(1000)

    async def story() -> tuple[str, float]:
        stuck = SimpleNamespace(homes=SimpleNamespace(sums=hang), register=None, people=None)
        metrics = FleetMetrics(FleetBases(cast(Mapping[int, FleetBase], {0: stuck, 1: stuck})))  # as far as it is used
        return bytes((await metrics.answer("")).body).decode(), asyncio.get_running_loop().time()

    text, took_s = virtual_run(story())
    assert 'database_up{database="0"} 0' in text and 'database_up{database="1"} 0' in text
    assert took_s < 10.0


def dashboard() -> Any:  # Any: JSON
    return json.loads(DASHBOARD.read_text("utf-8"))


def test_the_dashboard_is_what_grafana_imports() -> None:
    model = dashboard()
    assert model["schemaVersion"] >= 36 and model["uid"] and model["title"]  # 36: a data source is an object
    assert "id" not in model or model["id"] is None  # that of another Grafana
    (variable,) = model["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    source = {"type": "prometheus", "uid": f"${{{variable['name']}}}"}
    panels = model["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["datasource"] == source and panel["title"] and panel["type"] in ("stat", "timeseries")
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert all(target["datasource"] == source for target in panel["targets"])
        place = panel["gridPos"]
        columns, rows = (range(place[at], place[at] + place[size]) for at, size in (("x", "w"), ("y", "h")))
        cells = set(product(columns, rows))
        assert not cells & taken and max(x for x, _ in cells) < 24
        taken |= cells


def test_every_counter_of_the_server_is_a_metric() -> None:
    counted = {f"ingest_{name}" for name in IngestCounters().as_mapping()}
    counted |= {f"commands_{name}" for name in DispatchCounters().as_mapping()}
    assert counted <= COUNTERS.keys() | GAUGES.keys()
    assert COUNTERS.keys() | GAUGES.keys() <= counted | {"sealed_days", "looks", "connected"}  # FleetEngine.counters


async def test_metrics_have_a_socket_of_their_own_also_without_a_page(base_dsn: str, tmp_path: Path) -> None:
    folder = write_private_fleet(tmp_path / "fleet", PrivateTrust(), ("nats://127.0.0.1:1",), base_dsn, "127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = folder / "fleet.toml"
    file.write_text(file.read_text("utf-8").replace("[web]", f'[web]\nmetrics_listen = "127.0.0.1:{port}"'), "utf-8")
    async with serving(load_fleet(folder)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = (await asyncio.wait_for(reader.read(), 60.0)).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 200") and "unclouded_fleet_connected 0" in answer
    assert 'database_up{database="0"} 1' in answer and "unclouded_fleet_ingest_windows_total 0" in answer
