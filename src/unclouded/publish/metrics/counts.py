"""What is counted between two requests: readings by quality, durations of commands. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from unclouded.core.model import Fact, Notice, Reading
from unclouded.publish.metrics.exposition import Sample, head
from unclouded.publish.metrics.names import PREFIX, MetricFamily

BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
COMMANDS = MetricFamily(
    f"{PREFIX}_command_duration_seconds", "histogram", "Time from a command to its outcome.", "seconds"
)
READINGS = MetricFamily(f"{PREFIX}_readings", "counter", "Readings since the hub started to count them.")


class Durations:
    """A histogram of seconds."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum_s = 0.0

    def add(self, seconds: float) -> None:
        """One more, in seconds."""
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._sum_s += seconds

    def samples(self, name: str, labels: Sequence[tuple[str, str]]) -> Iterable[Sample]:
        """The histogram: buckets, count and sum, with these labels."""
        total = 0
        for bound, count in zip((*BUCKETS_S, float("inf")), self._counts, strict=True):
            total += count
            text = "+Inf" if bound == float("inf") else repr(bound)
            yield Sample(head(f"{name}_bucket", (*labels, ("le", text))), total)
        yield Sample(head(f"{name}_count", labels), total)
        yield Sample(head(f"{name}_sum", labels), self._sum_s)


class FactCounts:
    """Counts facts as they are delivered."""

    def __init__(self) -> None:
        self._readings: Counter[tuple[str, str]] = Counter()  # by device and quality
        self._commands: dict[str, Durations] = {}  # by result

    def take(self, facts: Sequence[Fact]) -> None:
        """Count readings by device and quality, and commands by outcome."""
        for fact in facts:
            if type(fact) is Reading:
                self._readings[fact.device, fact.quality] += 1
            elif type(fact) is Notice and fact.kind in ("command", "action"):
                self._add(fact)

    def keep(self, devices: Iterable[str]) -> None:
        """Forget devices that are gone."""
        known = set(devices)
        for key in [one for one in self._readings if one[0] not in known]:
            del self._readings[key]

    def families(self) -> Iterable[tuple[MetricFamily, Iterable[Sample]]]:
        """The counters as metrics."""
        name = f"{READINGS.name}_total"
        yield (
            READINGS,
            (
                Sample(head(name, (("device", device), ("quality", quality))), count)
                for (device, quality), count in sorted(self._readings.items())
            ),
        )
        yield (
            COMMANDS,
            (
                sample
                for result, durations in sorted(self._commands.items())
                for sample in durations.samples(COMMANDS.name, (("result", result),))
            ),
        )

    def _add(self, notice: Notice) -> None:
        result, ms = notice.data.get("result"), notice.data.get("ms")
        if isinstance(result, str) and isinstance(ms, int | float):
            self._commands.setdefault(result, Durations()).add(ms / 1000)
