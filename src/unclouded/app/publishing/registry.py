"""One row for each publisher. It is imported only where the configuration has its table."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from unclouded.app.configuration.config import Config
from unclouded.app.files.update_files import UpdateFiles
from unclouded.core.model import PublicHub
from unclouded.core.publisher import Publisher

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from unclouded.store.sink import Store
    from unclouded.web.history.history import HistoryReader
    from unclouded.web.live import LivePages


class HubParts(msgspec.Struct, frozen=True):
    """What the uplink of a fleet needs beside the public hub. ``app``: the API; ``pages``: its live pages.

    ``trusted``: Unix seconds, None while the clock cannot be trusted.
    """

    store: "Store"
    history: "HistoryReader"
    app: Callable[[], "ASGIApp"]
    pages: Callable[[], "LivePages"]
    trusted: Callable[[], float | None]


class PublisherContext(msgspec.Struct, frozen=True):
    """What a publisher is made of. ``folder``: for what it keeps; it is there. ``wall``: the clock, Unix seconds.

    ``notify``: takes a sentence for the events of the hub. ``store``: the statistics of the store.
    ``updates``: the update files of the hub. ``parts``: None where there are none, as in tests of other publishers.
    """

    config: Config
    hub: PublicHub
    folder: Path
    wall: Callable[[], float]
    notify: Callable[[str], None]
    store: Callable[[], Mapping[str, float]] = dict
    updates: UpdateFiles | None = None
    parts: HubParts | None = None


class PublisherRow(msgspec.Struct, frozen=True):
    """``table``: the attribute of ConfigFile that switches it on. It restarts when that or one of ``also`` changes.

    ``factory``: MODULE:FUNCTION, which makes it from a PublisherContext and raises ConfigError.
    """

    name: str
    table: str
    factory: str
    also: tuple[str, ...] = ()

    def settings(self, config: Config) -> tuple[object, ...] | None:
        """What it runs with, to compare; None where it is off."""
        table = getattr(config.tables, self.table)
        return (table, *(getattr(config.tables, one) for one in self.also)) if table else None

    def make(self, context: PublisherContext) -> Publisher:
        """Import and make it. Raises ConfigError."""
        module, _, function = self.factory.partition(":")
        factory: Callable[[PublisherContext], Publisher] = getattr(importlib.import_module(module), function)
        return factory(context)


PUBLISHERS: Sequence[PublisherRow] = (
    PublisherRow("mqtt", "mqtt", "unclouded.app.publishing.mqtt:make"),
    PublisherRow("metrics", "metrics", "unclouded.app.publishing.metrics:make"),
    PublisherRow("influx", "influx", "unclouded.app.publishing.sinks:make_influx"),
    PublisherRow("webhook", "webhook", "unclouded.app.publishing.sinks:make_webhook", also=("hub",)),
    PublisherRow("homekit", "homekit", "unclouded.app.publishing.homekit:make"),
    PublisherRow("fleet", "fleet", "unclouded.app.uplink.service:make", also=("fleet_levels", "costs", "hub")),
    PublisherRow(
        "notifications", "notification", "unclouded.app.publishing.notifications:make", also=("hub", "finished_rules")
    ),
)


def changed_tables(before: Config, after: Config, rows: Sequence[PublisherRow] = PUBLISHERS) -> tuple[str, ...]:
    """The tables of publishers that are different."""
    return tuple(one.table for one in rows if one.settings(before) != one.settings(after))
