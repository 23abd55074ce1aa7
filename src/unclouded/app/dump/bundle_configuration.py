"""The configuration of a device in a bundle: families, links, profiles and settings; no name, no address, no place."""

from collections.abc import Mapping
from datetime import UTC, datetime

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import NOWHERE, ChannelTable, DeviceTable, links_of
from unclouded.app.dump.bundle_cleaner import HIDDEN, BundleCleaner
from unclouded.core.errors import ConfigError
from unclouded.links.url import PRINTABLE_KEYS, parse

SHOWN = PRINTABLE_KEYS - {"user", "cafile", "password_file"}  # settings of links without anything private
GIVEN = ("name", "uuid", "parent", "identity", "replaces", "room")  # keys of which only is said that they are there


def configuration_fields(cleaner: BundleCleaner, config: Config, table: DeviceTable | None) -> Mapping[str, object]:
    """As JSON types."""
    device = {} if table is None else {"device": _device(cleaner, table)}
    return {**device, "hub": _hub(config)}


def channel_title(table: DeviceTable | None, name: str) -> str:
    """``channel 2`` for a channel; owners name them."""
    names = [one.name for one in table.channel] if table is not None else []
    return f"channel {names.index(name) + 1}" if name in names else ""


# --- inside -----------------------------------------------------------------------------------------


def _device(cleaner: BundleCleaner, table: DeviceTable) -> Mapping[str, object]:
    channels = [{"name": channel_title(table, one.name), **_wire(cleaner, one)} for one in table.channel]
    return {
        **_wire(cleaner, table),
        "produces": table.produces,
        "critical": table.critical,
        "scale": {cleaner.text.plain(key): str(value) for key, value in table.scale.items()},
        "given": [key for key in GIVEN if getattr(table, key)],
        **({"channel": channels} if channels else {}),
    }


def _wire(cleaner: BundleCleaner, table: DeviceTable | ChannelTable) -> Mapping[str, object]:
    return {
        "family": table.family,
        "link": [_link(cleaner, one) for one in links_of(table.link)] if table.link else [],
        "profile": cleaner.profile(table.profile),
        "record": bool(table.record),
        "session": cleaner.settings(table.session),
    }


def _link(cleaner: BundleCleaner, link: str) -> str:
    """Its scheme and settings; where it leads to as a pseudonym."""
    try:
        url = parse(link)
    except ConfigError:
        return HIDDEN
    query = "&".join(f"{key}={value if key in SHOWN else HIDDEN}" for key, value in url.query.items())
    place = cleaner.text.plain(url.place.rpartition("@")[2])
    return f"{url.scheme}:{'//' if url.has_host else ''}{place}{'?' if query else ''}{query}"


def _hub(config: Config) -> Mapping[str, object]:
    """What of the other tables matters."""
    offset = datetime.now(UTC).astimezone(config.zone).utcoffset()
    broker, web = config.broker, config.web
    return {
        "utc_offset_s": offset.total_seconds() if offset is not None else None,
        "broker": None if broker is None else {"old_tls": broker.old_tls, "old_ciphers": broker.old_ciphers},
        "web": {"tls": web.tls, "off": web.listen == NOWHERE},
        "weather": config.weather.source if config.weather is not None else None,
        "own_profiles": config.profiles is not None,
        "devices": len(config.devices),
    }
