"""[[notification]]: the publisher of a configuration, and a test message."""

from datetime import datetime
from typing import NamedTuple

from unclouded.app.configuration.checks.named_files import text_of_file
from unclouded.app.configuration.checks.publishers import SERVICE, quiet_hours
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.publishers import EVENT_OF, NotificationTable
from unclouded.app.publishing.extras import require_extra
from unclouded.app.publishing.notification_texts import TEXTS
from unclouded.app.publishing.registry import PublisherContext
from unclouded.core.errors import CommandError, ConfigError
from unclouded.publish.notifications.finished import FinishedRule
from unclouded.publish.notifications.plan import NotificationRules
from unclouded.publish.notifications.publisher import NotificationPublisher, NotificationTarget
from unclouded.publish.notifications.sending import send, service

TITLE = "Unclouded"


class SentTest(NamedTuple):
    """What became of a test message. ``reason`` "": it was sent."""

    service: str
    reason: str


def make(context: PublisherContext) -> NotificationPublisher:
    """Raises ConfigError where Apprise is missing, or a file cannot be read."""
    require_extra("notifications")
    config, tables = context.config, context.config.tables
    targets = [_target(config, one) for one in tables.notification]
    finished = {
        one.id: FinishedRule(
            above_W=rule.above_W,
            below_W=rule.above_W if rule.below_W is None else rule.below_W,
            for_s=rule.for_s,
            least_s=rule.least_s,
        )
        for one in tables.device
        if (rule := one.finished) is not None
    }

    def minute() -> int:
        local = datetime.fromtimestamp(context.wall(), config.zone)
        return local.hour * 60 + local.minute

    title = tables.hub.name or TITLE
    return NotificationPublisher(context.hub, targets, title, finished, minute, context.wall, send)


async def send_test(config: Config) -> list[SentTest]:
    """Send a test message to each service. Raises ConfigError, and CommandError where none is configured."""
    if not config.tables.notification:
        raise CommandError("No [[notification]] is configured. docs/notifications.md says how.")
    require_extra("notifications")
    title = config.tables.hub.name or TITLE
    found = []
    for table in config.tables.notification:
        url = url_of(config, table)
        found.append(SentTest(service(url), await send(url, title, TEXTS[table.language].test)))
    return found


def url_of(config: Config, table: NotificationTable) -> str:
    """The address of a service, from its file where it has one. Raises ConfigError, without a byte of it."""
    if table.url:
        return table.url
    path, url = text_of_file(config, "notification", "url_file", table.url_file)
    if "\n" in url or not SERVICE.fullmatch(url):
        raise ConfigError(
            f"[[notification]] url_file: {path} must contain one address of the form SERVICE://…, as Apprise has it."
        )
    return url


def rules_of(table: NotificationTable) -> NotificationRules:
    """What one service is sent, and when, from its [[notification]] table."""
    return NotificationRules(
        events=frozenset(table.events),
        devices=frozenset(table.devices),
        quiet=quiet_hours(table.quiet),
        even_quiet=frozenset(table.even_quiet),
        offline_after_s=table.offline_after_s,
        clear=table.clear,
        repeat_s=table.repeat_min * 60,
        most_per_hour=table.most_per_hour,
        event_of={str(kind): event for kind, event in EVENT_OF.items()},
    )


def _target(config: Config, table: NotificationTable) -> NotificationTarget:
    return NotificationTarget(url_of(config, table), rules_of(table), TEXTS[table.language])
