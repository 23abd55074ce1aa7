"""[metrics]: the publisher of a configuration."""

from unclouded import VERSION
from unclouded.app.publishing.registry import PublisherContext
from unclouded.publish.metrics.publisher import MetricsPublisher


def make(context: PublisherContext) -> MetricsPublisher:
    """The publisher of a configuration."""
    table = context.config.tables.metrics
    return MetricsPublisher(context.hub, VERSION, context.store, table is not None and table.open)
