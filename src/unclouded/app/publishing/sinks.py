"""[[influx]] and [[webhook]]: their publishers, with the secrets and certificates that the tables name."""

import secrets
import ssl
from pathlib import Path

from unclouded.app.configuration.checks.named_files import secret_of
from unclouded.app.configuration.config import Config
from unclouded.app.publishing.registry import PublisherContext
from unclouded.core.errors import ConfigError
from unclouded.core.security.tls import client_context
from unclouded.publish.delivery.publisher import DeliveryPublisher
from unclouded.publish.influx.target import influx_target
from unclouded.publish.webhook.target import webhook_target


def make_influx(context: PublisherContext) -> DeliveryPublisher:
    """Raises ConfigError where a file cannot be read."""
    config = context.config
    targets = [
        influx_target(
            one.url,
            secret_of(config, "influx", "token_file", one.token_file),
            one.user,
            _tls(config, "influx", one.url, one.cafile),
            one.measurement,
            one.devices,
            one.interval_s,
        )
        for one in config.tables.influx
    ]
    return DeliveryPublisher(context.hub, targets)


def make_webhook(context: PublisherContext) -> DeliveryPublisher:
    """Raises ConfigError where a file cannot be read."""
    config = context.config
    targets = [
        webhook_target(
            one.url,
            secret_of(config, "webhook", "secret_file", one.secret_file),
            secret_of(config, "webhook", "token_file", one.token_file),
            _tls(config, "webhook", one.url, one.cafile),
            one.content,
            one.devices,
            one.interval_s,
            config.tables.hub.name,
            context.wall,
            lambda: secrets.token_hex(8),
        )
        for one in config.tables.webhook
    ]
    return DeliveryPublisher(context.hub, targets)


def _tls(config: Config, table: str, url: str, cafile: str) -> ssl.SSLContext | None:
    """None where it is not needed."""
    if not url.lower().startswith("https:"):
        return None
    path = config.base / Path(cafile).expanduser() if cafile else None
    try:
        return client_context(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"[[{table}]] cafile: {path} cannot be used: {reason}.") from None
