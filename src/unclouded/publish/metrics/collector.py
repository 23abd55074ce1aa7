"""Everything that /metrics shows, collected from the public hub at the time of a request.

    devices, board, wires, store, counts ──► families of samples ──► exposition

A gauge of a device that does not answer is left out, so that Prometheus marks it as stale instead of showing an old
value as a current one; counters stay. Values of ``suspect`` readings are shown like others, and counted by quality.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Point, PublicHub, Reading, Status, Value
from unclouded.publish.metrics.counts import FactCounts
from unclouded.publish.metrics.exposition import Sample, exposition, head, sample_name
from unclouded.publish.metrics.names import PREFIX, MetricFamily, PointMetric, point_metric

MOST_SERIES = 20_000  # samples of points; more are left out, and counted
MOST_BITS = 128  # of a whole number; a metric is a double
ANSWERING = ("online", "asleep")  # states in which the newest value is current
SENT, RECEIVED = "sent", "received"

BUILD = MetricFamily(f"{PREFIX}_build", "info", "The version of the hub.")
DEVICE = MetricFamily(f"{PREFIX}_device", "info", "What a device is called and where it is.")
UP = MetricFamily(f"{PREFIX}_device_up", "gauge", "Whether a device answers; one that sleeps is up.")
LAST = MetricFamily(
    f"{PREFIX}_last_reading_timestamp_seconds", "gauge", "Time of the newest reading of a device.", "seconds"
)
FRAMES = MetricFamily(f"{PREFIX}_frames", "counter", "Frames on a link of a device.")
ERRORS = MetricFamily(f"{PREFIX}_decode_errors", "counter", "Received data that was no valid frame, by reason.")
DROPPED = MetricFamily(f"{PREFIX}_metrics_left_out", "gauge", "Points that are no part of this answer: too many.")
STORE: Mapping[str, MetricFamily] = {  # by the name of the store's own statistics
    "write_ms": MetricFamily(f"{PREFIX}_store_commit_seconds", "gauge", "Time that the last commit took.", "seconds"),
    "batches": MetricFamily(f"{PREFIX}_store_commits", "counter", "Commits of the store."),
    "stored": MetricFamily(f"{PREFIX}_store_facts", "counter", "Facts that were stored."),
    "failures": MetricFamily(f"{PREFIX}_store_failures", "counter", "Commits that failed and are tried again."),
    "dropped": MetricFamily(f"{PREFIX}_store_dropped", "counter", "Facts that were lost because too many waited."),
    "waiting": MetricFamily(f"{PREFIX}_store_waiting", "gauge", "Facts that wait to be stored."),
}
Heads = tuple[Device, Mapping[str, tuple[PointMetric, Point, str]]]  # by point key: what its sample begins with
Families = Iterable[tuple[MetricFamily, Iterable[Sample]]]


class MetricsCollector:
    """``store``: the statistics of the store; ``most``: of the series of points."""

    def __init__(
        self,
        hub: PublicHub,
        version: str,
        store: Callable[[], Mapping[str, float]] = dict,
        most: int = MOST_SERIES,
    ) -> None:
        self.counts = FactCounts()
        self._hub = hub
        self._version = version
        self._store = store
        self._most = most
        self._heads: dict[str, Heads] = {}

    def text(self, openmetrics: bool) -> bytes:
        """The answer to one request."""
        return exposition(self.families(), openmetrics)

    def families(self) -> Families:
        """Every family with at least one sample."""
        facts = self._hub.snapshot()
        states = {one.device: one for one in facts if type(one) is Status}
        devices = {one.id: one for one in facts if type(one) is Device and not _is_only_seen(states.get(one.id))}
        readings = [one for one in facts if type(one) is Reading and one.device in devices]
        self.counts.keep(devices)
        self._heads = {id: self._heads[id] for id in devices if id in self._heads}
        own = [self._of_hub(), self._of_devices(devices.values(), states, readings)]
        every = [*own, self._of_points(devices, states, readings), self._of_wires(devices), self.counts.families()]
        for families in every:
            for family, samples in families:
                if found := list(samples):
                    yield family, found

    # --- inside --------------------------------------------------------------------------------

    def _of_hub(self) -> Families:
        yield BUILD, [Sample(head(sample_name(BUILD), {"version": self._version}), 1)]
        stats = self._store()
        for name, family in STORE.items():
            if name in stats:
                value = stats[name] / 1000 if name == "write_ms" else stats[name]
                yield family, [Sample(sample_name(family), value)]

    def _of_devices(
        self, devices: Iterable[Device], states: Mapping[str, Status], readings: Iterable[Reading]
    ) -> Families:
        newest: dict[str, float] = {}
        for one in readings:
            newest[one.device] = max(one.at, newest.get(one.device, 0.0))
        yield DEVICE, [Sample(head(sample_name(DEVICE), _about(one)), 1) for one in devices]
        yield UP, [Sample(_of_device(UP, one.id), int(_is_up(states.get(one.id)))) for one in devices]
        yield LAST, [Sample(_of_device(LAST, id), at) for id, at in newest.items()]

    def _of_points(
        self, devices: Mapping[str, Device], states: Mapping[str, Status], readings: Sequence[Reading]
    ) -> Families:
        up = {id for id in devices if _is_up(states.get(id))}
        found: dict[MetricFamily, dict[str, float]] = {}
        count = left_out = 0
        for one in readings:
            known = self._heads_of(devices[one.device]).get(one.point)
            if known is None:
                continue
            metric, point, start = known
            if metric.family.kind == "gauge" and one.device not in up:
                continue
            if count >= self._most:
                left_out += 1
                continue
            samples = found.setdefault(metric.family, {})
            for begins, value in _samples(metric, point, start, one.value):
                samples.setdefault(begins, value)
                count += 1
        yield from ((family, map(Sample._make, samples.items())) for family, samples in _unambiguous(found))
        yield DROPPED, [Sample(DROPPED.name, left_out)]

    def _heads_of(self, device: Device) -> Mapping[str, tuple[PointMetric, Point, str]]:
        """They are made again when the device is described again."""
        known = self._heads.get(device.id)
        if known is None or (known[0] is not device and known[0].points != device.points):
            metrics = [(point, metric) for point in device.points if (metric := point_metric(point)) is not None]
            heads = {point.key: (metric, point, _start(metric, device.id)) for point, metric in metrics}
            known = self._heads[device.id] = (device, heads)
        return known[1]

    def _of_wires(self, devices: Mapping[str, Device]) -> Families:
        frames, errors = list[Sample](), list[Sample]()
        for device in devices.values():
            if _is_part(device, devices):
                continue
            for channel, stats in self._wire(device.id).items():
                labels = {"device": device.id, "channel": channel}
                frames += _frames(labels, stats)
                errors += _errors(labels, stats)
        yield FRAMES, frames
        yield ERRORS, errors

    def _wire(self, device: str) -> Mapping[str, Mapping[str, float]]:
        try:
            return self._hub.wire(device)
        except CommandError:  # a plug that is only seen has none
            return {}


# --- samples ------------------------------------------------------------------------------------------


def _is_only_seen(status: Status | None) -> bool:
    """Whether it is a plug that has connected and is not a device yet."""
    return status is not None and status.state == "seen"


def _is_up(status: Status | None) -> bool:
    return status is not None and status.state in ANSWERING


def _is_part(device: Device, devices: Mapping[str, Device]) -> bool:
    """Whether it is a sub-device, whose wire is that of its gateway."""
    gateway = devices.get(device.parent)
    return gateway is not None and gateway.link == device.link


def _about(device: Device) -> Mapping[str, str]:
    given = {"device": device.id, "name": device.name, "room": device.room, "family": device.family}
    return {**given, "profile": device.profile, "parent": device.parent}


def _of_device(family: MetricFamily, device: str) -> str:
    return head(sample_name(family), {"device": device})


def _start(metric: PointMetric, device: str) -> str:
    return head(sample_name(metric.family), (("device", device), *metric.labels))


def _samples(metric: PointMetric, point: Point, start: str, value: Value) -> Iterable[tuple[str, float]]:
    if point.kind == "enum":
        return [(_with(start, "option", value), 1)] if value in point.options and isinstance(value, str) else []
    if point.kind == "bitmap":
        bits = value if isinstance(value, int) else 0
        return [(_with(start, "fault", name), bits >> bit & 1) for bit, name in enumerate(point.options)]
    if isinstance(value, str):
        return []
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return []
    if metric.factor == 1.0 and not metric.offset:
        return [(start, int(value) if isinstance(value, bool) else value)]
    return [(start, float(f"{value * metric.factor + metric.offset:.12g}"))]


def _with(start: str, label: str, value: str) -> str:
    """The beginning of a sample with one more label."""
    return f"{start[:-1]},{head('', {label: value})[1:]}" if value else start


def _unambiguous(found: Mapping[MetricFamily, dict[str, float]]) -> Iterable[tuple[MetricFamily, dict[str, float]]]:
    """No name twice: of two families with one name that of the first point is taken."""
    names: dict[str, MetricFamily] = {}
    for family in found:
        names.setdefault(family.name, family)
    return ((family, found[family]) for family in names.values())


def _frames(labels: Mapping[str, str], stats: Mapping[str, float]) -> Iterable[Sample]:
    for key, result in (("frames_in", RECEIVED), ("frames_out", SENT), ("rejected", "rejected"), ("resends", "resent")):
        if key in stats:
            yield Sample(head(sample_name(FRAMES), {**labels, "result": result}), stats[key])


def _errors(labels: Mapping[str, str], stats: Mapping[str, float]) -> Iterable[Sample]:
    for key, count in stats.items():
        if key.startswith("noise_") and key != "noise_bytes":
            yield Sample(head(sample_name(ERRORS), {**labels, "reason": key.removeprefix("noise_")}), count)
