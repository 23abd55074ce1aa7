"""How /metrics reaches the publisher of metrics, which comes and goes with the configuration (web's MetricsSource)."""

from typing import TYPE_CHECKING

from unclouded.app.publishing.service import Publishing

if TYPE_CHECKING:
    from unclouded.publish.metrics.publisher import MetricsPublisher


class LiveMetrics:
    """The metrics of a hub, on or off."""

    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing

    def is_open(self) -> bool:
        publisher = self._publisher()
        return publisher is not None and publisher.is_open

    def answer(self, accept: str) -> tuple[bytes, str] | None:
        publisher = self._publisher()
        return None if publisher is None else publisher.answer(accept)

    def _publisher(self) -> "MetricsPublisher | None":
        found = self._publishing.publisher("metrics")
        if found is None:
            return None
        from unclouded.publish.metrics.publisher import MetricsPublisher

        assert isinstance(found, MetricsPublisher)
        return found
