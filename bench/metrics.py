"""Metrics: how long one answer of /metrics takes, in both formats (target: 1,000 points <= 20 ms).

    python bench/metrics.py [--points 1000] [--runs 30] [--json]

100 devices with the points of a metering plug and a sensor; facts are counted between the requests, as in a hub.
"""

import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from _common import arguments, report, spin

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from api_story import NOON, FakeHub
from unclouded.core.model import Device, Notice, Point, Reading, Status
from unclouded.publish.metrics.collector import MetricsCollector

KEYS = ("on", "power_W", "voltage_V", "current_A", "energy_import_Wh", "energy_export_Wh", "temperature_C")
MORE = ("humidity_percent", "frequency_Hz", "power_factor")
KINDS: Mapping[str, str] = {"on": "switch", "energy_import_Wh": "counter", "energy_export_Wh": "counter"}


def hub_with(points: int) -> FakeHub:
    """A hub whose devices have so many points together, ten each."""
    keys = (*KEYS, *MORE)
    hub = FakeHub("first")
    for number in range(points // len(keys)):
        id = f"device_{number}"
        described = tuple(Point(key=key, kind=KINDS.get(key, "number")) for key in keys)  # type: ignore[arg-type]
        one = Device(id=id, identity=id, family="toy", link=id, profile="", name=f"Device {number}", points=described)
        hub.publish(one, Status(id, "online", NOON), *readings(id, keys, 0))
    return hub


def readings(id: str, keys: Sequence[str], second: int) -> list[Reading]:
    return [Reading(id, key, True if key == "on" else 230.1 + second, NOON + second) for key in keys]


def answer_ms(collector: MetricsCollector, openmetrics: bool) -> tuple[float, int]:
    started = time.perf_counter()
    text = collector.text(openmetrics)
    return (time.perf_counter() - started) * 1000, len(text)


def main() -> None:
    args = arguments("Metrics", points=1000, runs=30)
    before = spin()
    hub = hub_with(args.points)
    collector = MetricsCollector(hub, "1.0", dict)
    hub.subscribe(collector.counts.take)
    hub.publish(Notice("first", NOON, "command", "", {"result": "confirmed", "ms": 12.0}))
    first_ms, size = answer_ms(collector, openmetrics=True)
    figures: dict[str, object] = {"points": args.points, "bytes": size, "first_ms": round(first_ms, 2)}
    for name, openmetrics in (("openmetrics", True), ("text", False)):
        times = []
        for second in range(args.runs):
            hub.publish(*readings("device_0", KEYS, second))
            times.append(answer_ms(collector, openmetrics)[0])
        figures[f"{name}_ms"] = round(statistics.median(times), 2)
        figures[f"{name}_worst_ms"] = round(max(times), 2)
    report("metrics (target: <= 20 ms)", figures, before, args.json)


if __name__ == "__main__":
    main()
