"""[homekit]: the publisher of a configuration. HAP-python is imported here, and only here."""

from typing import TYPE_CHECKING

from unclouded import VERSION
from unclouded.app.publishing.extras import require_extra
from unclouded.app.publishing.registry import PublisherContext

if TYPE_CHECKING:
    from unclouded.publish.homekit.publisher import HomekitPublisher


def make(context: PublisherContext) -> "HomekitPublisher":
    """Raises ConfigError where HAP-python is missing, or what an earlier run kept cannot be read."""
    require_extra("homekit")
    from unclouded.publish.homekit.memory import BridgeMemory
    from unclouded.publish.homekit.publisher import HomekitPublisher, HomekitSettings

    table = context.config.tables.homekit
    assert table is not None
    settings = HomekitSettings(table.name, table.port, table.address, tuple(table.devices), tuple(table.hide))
    return HomekitPublisher(context.hub, settings, BridgeMemory(context.folder), VERSION, context.wall)
