"""Metrics of a fleet's server for Prometheus: homes by state, what came in, how long commits take, commands, NATS.

They name no home and no organisation. They are served with a token of their own beside the page, or without one on a
socket of their own that listens on a loopback address.
"""

import asyncio
import contextlib
import hmac
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from unclouded import VERSION
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseError
from unclouded.fleet.base.views import HomeFilter, Scope
from unclouded.publish.metrics.exposition import (
    OPENMETRICS_TYPE,
    TEXT_TYPE,
    Sample,
    exposition,
    head,
    is_openmetrics,
    sample_name,
)
from unclouded.publish.metrics.names import MetricFamily
from unclouded.web.api_answers import refusal
from unclouded.web.metrics import PATH

PREFIX = "unclouded_fleet"
KEPT_S = 10.0  # that what the database counts is used again
ANSWER_S = 5.0  # that a database has to answer: Prometheus waits for 10 in all
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # s
COUNTERS: Mapping[str, str] = {  # by the end of the name of a counter of the engine -> what it counts
    "ingest_messages": "Messages of homes.",
    "ingest_message_bytes": "Bytes of messages of homes.",
    "ingest_windows": "Windows that were stored.",
    "ingest_refused": "Windows that could not be read.",
    "ingest_states": "States of homes.",
    "ingest_reports": "Reports of commands that homes sent by themselves.",
    "ingest_hellos": "Comparisons of days.",
    "ingest_renewals": "Tokens that were renewed.",
    "ingest_unknown": "Messages of unknown versions or kinds.",
    "ingest_foreign": "Messages of hubs that are unknown or revoked.",
    "ingest_busy": "Answers that asked a hub to wait.",
    "ingest_dropped": "Messages that were dropped, as their hub sends far too many.",
    "ingest_batches": "Transactions of windows and states.",
    "ingest_failed_batches": "Transactions that failed; their hubs send again.",
    "ingest_store_s": "Seconds in transactions of windows and states.",
    "ingest_differing_days": "Days that differed and were asked for again.",
    "commands_tries": "Attempts to deliver a command to its hub.",
    "commands_reports": "Reports that answered an attempt.",
    "commands_away": "Attempts that provably reached no hub.",
    "commands_silent": "Attempts without an answer.",
    "commands_undelivered": "Commands that ended undelivered.",
    "sealed_days": "Days of homes that were put into one row.",
}
GAUGES: Mapping[str, str] = {
    "ingest_waiting": "Messages that wait to be stored.",
    "looks": "Homes whose live values are shown now.",
    "connected": "Whether this server is connected to NATS.",
}
BUILD = MetricFamily(f"{PREFIX}_build", "info", "The version of the server.")
HOMES = MetricFamily(f"{PREFIX}_homes", "gauge", "Homes in each state.")
FATES = MetricFamily(f"{PREFIX}_commands", "gauge", "Commands in each state.")
DATABASE = MetricFamily(f"{PREFIX}_database_up", "gauge", "Whether a database answers.")
TABLES = MetricFamily(f"{PREFIX}_table_bytes", "gauge", "Bytes of a table with its indexes.", "bytes")
COMMIT = MetricFamily(f"{PREFIX}_commit_seconds", "histogram", "Time of a transaction of windows.", "seconds")
Families = Iterable[tuple[MetricFamily, Iterable[Sample]]]


class LatencyHistogram:
    """How many took how long."""

    def __init__(self, bounds: tuple[float, ...] = BUCKETS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Counts one observation, in the first bucket that holds so many seconds."""
        place = next((at for at, bound in enumerate(self._bounds) if seconds <= bound), len(self._bounds))
        self._counts[place] += 1
        self._sum += seconds

    def samples(self, family: MetricFamily) -> Iterable[Sample]:
        """Its lines, as both formats have them."""
        total = 0
        for bound, count in zip((*map(repr, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield Sample(head(f"{family.name}_bucket", {"le": bound}), total)
        yield Sample(f"{family.name}_sum", self._sum)
        yield Sample(f"{family.name}_count", total)


class _FromBase(msgspec.Struct, frozen=True):
    states: Mapping[str, int] = {}
    fates: Mapping[str, int] = {}
    tables: Mapping[str, int] = {}
    is_up: Mapping[str, bool] = {}


class FleetMetrics:
    """``counters``: of the engine, by name. ``commits``: of its transactions. ``clock``: monotonic s."""

    def __init__(
        self,
        base: FleetBases,
        counters: Callable[[], Mapping[str, float]] = dict,
        commits: LatencyHistogram | None = None,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = base
        self._counters = counters
        self._commits = commits
        self._wall = wall
        self._clock = clock
        self._known = _FromBase()
        self._due = 0.0

    async def answer(self, accept: str) -> Response:
        """The metrics in the format that an Accept header prefers."""
        openmetrics = is_openmetrics(accept)
        if self._clock() >= self._due:
            self._known = await self._from_base()
            self._due = self._clock() + KEPT_S
        text = exposition(self._families(), openmetrics)
        return Response(text, headers={"Content-Type": OPENMETRICS_TYPE if openmetrics else TEXT_TYPE})

    # --- inside --------------------------------------------------------------------------------

    async def _from_base(self) -> _FromBase:
        """Of the databases that answer."""
        everything = Scope.everything()
        states, fates, tables = Counter[str](), Counter[str](), Counter[str]()
        is_up: dict[str, bool] = {}

        async def ask(shard: int, base: FleetBase) -> None:
            is_up[f"{shard}"] = False
            with contextlib.suppress(BaseError, TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    sums = await base.homes.sums(everything, HomeFilter(), self._wall())
                    given, sizes = await base.commands.fates(everything), (await base.upkeep.size()).tables
                is_up[f"{shard}"] = True
                states.update(sums.states)
                fates.update({f"{fate}": count for fate, count in given.items()})
                tables.update(sizes)

        await asyncio.gather(*(ask(shard, base) for shard, base in self._base.parts.items()))
        return _FromBase(states, fates, tables, is_up)

    def _families(self) -> Families:
        yield BUILD, [Sample(head(sample_name(BUILD), {"version": VERSION}), 1)]
        up = self._known.is_up.items()
        yield DATABASE, [Sample(head(DATABASE.name, {"database": shard}), int(answers)) for shard, answers in up]
        for family, label, found in (
            (HOMES, "state", self._known.states),
            (FATES, "state", self._known.fates),
            (TABLES, "table", self._known.tables),
        ):
            if found:
                yield family, [Sample(head(family.name, {label: one}), count) for one, count in sorted(found.items())]
        yield from self._of_engine(self._counters())
        if self._commits is not None:
            yield COMMIT, self._commits.samples(COMMIT)

    def _of_engine(self, counters: Mapping[str, float]) -> Families:
        for name, text in COUNTERS.items():
            if name in counters:
                base = f"{name[:-2]}_seconds" if name.endswith("_s") else name
                family = MetricFamily(f"{PREFIX}_{base}", "counter", text)
                yield family, [Sample(sample_name(family), counters[name])]
        for name, text in GAUGES.items():
            if name in counters:
                yield MetricFamily(f"{PREFIX}_{name}", "gauge", text), [Sample(f"{PREFIX}_{name}", counters[name])]


def metrics_routes(metrics: FleetMetrics, token: str = "") -> list[BaseRoute]:
    """/metrics, with a token; "" = whoever can connect."""

    async def answer(request: Request) -> Response:
        kind, _, shown = request.headers.get("authorization", "").partition(" ")
        if token and not (kind.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())):
            return refusal(401, "api.fleet.metrics_token", {"WWW-Authenticate": "Bearer"})
        return await metrics.answer(request.headers.get("accept", ""))

    return [Route(PATH, answer, methods=["GET"])]


def metrics_app(metrics: FleetMetrics, token: str = "") -> Starlette:
    """Only /metrics, for a socket of its own."""
    return Starlette(routes=metrics_routes(metrics, token))
