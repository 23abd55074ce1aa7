"""The publisher of metrics: counts facts while it runs, and answers requests."""

import asyncio
import functools
from collections.abc import Callable, Mapping

from unclouded.core.model import PublicHub
from unclouded.core.publisher import PublisherStatus
from unclouded.publish.metrics.collector import MetricsCollector
from unclouded.publish.metrics.exposition import OPENMETRICS_TYPE, TEXT_TYPE, is_openmetrics


class MetricsPublisher:
    """``is_open``: whether everyone in the network may read them."""

    def __init__(
        self, hub: PublicHub, version: str, store: Callable[[], Mapping[str, float]], is_open: bool = False
    ) -> None:
        self.is_open = is_open
        self._hub = hub
        self._new = functools.partial(MetricsCollector, hub, version, store)
        self._collector = self._new()
        self._requests = 0

    async def run(self) -> None:
        self._collector = self._new()
        unsubscribe = self._hub.subscribe(self._collector.counts.take)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            unsubscribe()

    def status(self) -> PublisherStatus:
        return PublisherStatus(state="running", text="", counts={"requests": self._requests})

    def answer(self, accept: str) -> tuple[bytes, str]:
        """The metrics of now, and their content type."""
        self._requests += 1
        openmetrics = is_openmetrics(accept)
        return self._collector.text(openmetrics), OPENMETRICS_TYPE if openmetrics else TEXT_TYPE
