"""[mqtt]: the publisher of a configuration, with Home Assistant's discovery where that is switched on."""

import secrets
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from unclouded import VERSION
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.publishers import MqttTable
from unclouded.app.publishing.registry import PublisherContext
from unclouded.app.publishing.update_offers import find_offers
from unclouded.core.errors import ConfigError
from unclouded.links.mqtt.packets import V5, V311
from unclouded.publish.mqtt.companion import Companion
from unclouded.publish.mqtt.publisher import MqttPublisher
from unclouded.publish.mqtt.settings import MqttSettings
from unclouded.publish.mqtt.topics import Topics

PORTS = {"mqtt": 1883, "mqtts": 8883}
VERSIONS = {"5": V5, "3.1.1": V311}


def make(context: PublisherContext) -> MqttPublisher:
    """The publisher of a configuration. Raises ConfigError where its folder cannot be used."""
    config, table = context.config, context.config.tables.mqtt
    assert table is not None  # the table switches it on
    settings = settings_of(config, table, context.folder, hub_id(context.folder))
    about = {"version": VERSION, "name": config.tables.hub.name}
    companions = companions_of(config, table, settings.hub)
    offers = partial(find_offers, context.updates) if context.updates is not None else None
    return MqttPublisher(settings, context.hub, context.wall, context.notify, about, companions, offers)


def settings_of(config: Config, table: MqttTable, folder: Path, hub: str) -> MqttSettings:
    """``hub``: the name of this hub on the broker."""
    parts = urlsplit(table.url)

    def file(name: str) -> Path | None:
        return config.base.absolute() / Path(name).expanduser() if name else None

    return MqttSettings(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        hub=hub,
        folder=folder,
        user=table.user,
        password=table.password,
        password_file=file(table.password_file),
        cafile=file(table.cafile),
        certfile=file(table.certfile),
        keyfile=file(table.keyfile),
        version=VERSIONS[table.protocol],
        base=table.base,
        flat=table.flat,
        commands=table.commands,
    )


def companions_of(config: Config, table: MqttTable, hub: str) -> list[Companion]:
    """Home Assistant's discovery, where it is switched on."""
    if not table.homeassistant:
        return []
    from unclouded.publish.homeassistant.discovery import HomeAssistantDiscovery

    name = config.tables.hub.name or "Unclouded"
    return [HomeAssistantDiscovery(Topics(table.base), table.homeassistant_prefix, hub, name, VERSION)]


def hub_id(folder: Path) -> str:
    """A name of this hub that stays, made at its first use. Raises ConfigError."""
    file = folder / "id"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            file.write_text(f"{secrets.token_hex(4)}\n")
        found = file.read_text().strip()
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{file} cannot be used: {error}. Make the data folder writable for the hub.") from None
    if not found.isalnum() or len(found) > 32:
        raise ConfigError(f"{file} does not contain the name of a hub. Delete it; the hub makes a new one.")
    return found
