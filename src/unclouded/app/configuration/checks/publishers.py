"""What the tables of publishers must be beyond their types: addresses, devices, quiet hours."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.file import ConfigFile, DeviceTable
from unclouded.app.configuration.tables.publishers import (
    FinishedTable,
    InfluxTable,
    MqttTable,
    NotificationTable,
    WebhookTable,
)
from unclouded.core.errors import ConfigError
from unclouded.links.url import redacted

QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
HTTP = ("http", "https")
TOPIC = re.compile(r"(?!\$)[^/+#\x00-\x1f\x7f]+(/[^/+#\x00-\x1f\x7f]+)*")
LONGEST_TOPIC = 200  # characters of the beginning of topics
SERVICE = re.compile(r"(?!https?:|mqtts?:)[a-z][a-z0-9]*://.+", re.IGNORECASE)  # the forms that nothing ever shows


def check_publishers(file: ConfigFile, where: str) -> None:
    """Raises ConfigError."""
    for key, error in _errors(file):
        raise ConfigError(f"{where}: `$.{key}`: {error}")


def quiet_hours(text: str) -> tuple[int, int] | None:
    """The minutes of the day at which quiet hours begin and end; None where there are none."""
    found = QUIET.fullmatch(text)
    if found is None:
        return None
    hours = [int(one) for one in found.groups()]
    return hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]


# --- inside -------------------------------------------------------------------------------------------


def _errors(file: ConfigFile) -> Iterator[tuple[str, str]]:
    """The path of a key, and what is wrong there."""
    if file.mqtt is not None:
        yield from _of_mqtt(file.mqtt)
    targets: list[tuple[str, InfluxTable | WebhookTable]] = [
        *((f"influx[{number}]", one) for number, one in enumerate(file.influx)),
        *((f"webhook[{number}]", one) for number, one in enumerate(file.webhook)),
    ]
    for place, table in targets:
        if not _is_http(table.url):
            yield f"{place}.url", "write the whole address, as in http://192.168.1.5:8086/write?db=home."
        elif "@" in urlsplit(table.url).netloc:
            yield f"{place}.url", "it contains a name or a password, which belongs into the file of `token_file`."
        yield from _unknown_devices(f"{place}.devices", table.devices, file.device)
    for number, one in enumerate(file.influx):
        if one.user and not one.token_file:
            yield f"influx[{number}].token_file", f"it is missing: the password of {one.user}."
        if not one.measurement or not one.measurement.isprintable():
            yield f"influx[{number}].measurement", "write a name, as in unclouded."
    if file.homekit is not None:
        yield from _unknown_devices("homekit.devices", file.homekit.devices, file.device)
        if not file.homekit.name.strip() or not file.homekit.name.isprintable() or len(file.homekit.name) > 60:
            yield "homekit.name", "it has 1 to 60 printable characters."
        if file.homekit.address and not _is_own_address(file.homekit.address):
            yield (
                "homekit.address",
                "write an address of this computer, as in 192.168.1.2; without the key it is chosen.",
            )
    for number, notification in enumerate(file.notification):
        yield from _of_notification(f"notification[{number}]", notification, file.device)
    for number, device in enumerate(file.device):
        if device.finished is not None:
            yield from _of_finished(f"device[{number}].finished", device.finished)


def _of_mqtt(table: MqttTable) -> Iterator[tuple[str, str]]:
    example = "write mqtt://192.168.1.5 or mqtts://broker.example:8883"
    try:
        parts = urlsplit(table.url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.scheme not in ("mqtt", "mqtts") or parts.path.strip("/") or parts.query:
        yield "mqtt.url", f"it is {redacted(table.url)[:80]!r}; {example}."
        return
    if parts.username or parts.password:
        yield "mqtt.url", f"a name and a password belong into `user` and `password_file`; {example}."
    if table.password and table.password_file:
        yield "mqtt.password", "there is a `password_file` too; keep one of them."
    if (table.password or table.password_file) and not table.user:
        yield "mqtt.user", "it is missing: whose password is it?"
    if parts.scheme == "mqtt" and (table.cafile or table.certfile or table.keyfile):
        yield "mqtt.url", "certificates are for TLS; write mqtts://…"
    if bool(table.certfile) != bool(table.keyfile):
        yield "mqtt.certfile", "`certfile` and `keyfile` belong together."
    for key in ("base", "homeassistant_prefix"):
        topic = getattr(table, key)
        if not TOPIC.fullmatch(topic) or len(topic) > LONGEST_TOPIC:
            yield f"mqtt.{key}", "write a topic without + and #, as in unclouded or home/unclouded."


def _of_notification(place: str, table: NotificationTable, devices: Sequence[DeviceTable]) -> Iterator[tuple[str, str]]:
    if bool(table.url) == bool(table.url_file):
        yield place, "needs `url` or `url_file`, one of them."
    if table.url and not SERVICE.fullmatch(table.url):
        yield f"{place}.url", "an address of Apprise has the form SERVICE://…, as in ntfy://192.168.1.5/home."
    if table.quiet and quiet_hours(table.quiet) is None:
        yield f"{place}.quiet", f"it is {table.quiet[:40]!r}; write 22:00-07:00."
    yield from _unknown_devices(f"{place}.devices", table.devices, devices)


def _of_finished(place: str, table: FinishedTable) -> Iterator[tuple[str, str]]:
    if table.below_W is not None and table.below_W > table.above_W:
        yield f"{place}.below_W", f"it must not be more than above_W, which is {table.above_W:g}."


def _unknown_devices(key: str, ids: Sequence[str], devices: Sequence[DeviceTable]) -> Iterator[tuple[str, str]]:
    """Those that are neither configured nor a sub-device or an admitted plug could be: ids that cannot exist."""
    known = [one.id for one in devices]
    for id in ids:
        if not re.fullmatch(r"[a-z0-9_]+", id):
            yield key, f"{id[:80]!r} is not an id of a device.{did_you_mean(id, known)}"


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in HTTP and bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
        )
    except ValueError:
        return False


def _is_own_address(text: str) -> bool:
    """Whether it may be one that other computers reach this one by."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not address.is_unspecified and not address.is_multicast
