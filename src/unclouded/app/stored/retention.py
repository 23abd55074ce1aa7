"""What retention keeps and deletes: of the hub that runs, else of the configuration and its store."""

import time

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.core.views.retention import RetentionView
from unclouded.store.reading.reader import StoreReader


def retention_of(config: Config, of_file: bool = False) -> RetentionView:
    """``of_file``: by the rules of the configuration file, also where a hub runs with others. Raises StoreError."""
    if is_running(config) and not of_file:
        return msgspec.convert(HubClient(config.control).get("/api/retention"), RetentionView)
    with StoreReader(config.store) as reader:
        return reader.retention(config.retention, time.time())
