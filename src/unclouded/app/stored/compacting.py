"""Gives the free room of a store back to the disk, while no hub runs."""

from unclouded.app.configuration.config import Config
from unclouded.core.errors import StoreError
from unclouded.store.file.compacting import Compacted, OnCopied, compact


def compact_store(config: Config, on_copied: OnCopied) -> Compacted:
    """Raises ConfigError while a hub runs, StoreError."""
    from unclouded.app.hub_process import locked

    if not config.store.is_file():
        raise StoreError(f"There is no store at {config.store}. Give the data folder of the hub with --data.")
    with locked(config.data):
        return compact(config.store, on_copied)
