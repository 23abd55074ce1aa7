"""What a broker gets of a running hub, without sending it: `unclouded publish mqtt`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.publishers import MqttTable
from unclouded.app.publishing.mqtt import companions_of
from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Fact, Reading, Status
from unclouded.core.times import from_iso
from unclouded.publish.mqtt.image import HubImage
from unclouded.publish.mqtt.topics import Topics

UNCONFIGURED = MqttTable(url="mqtt://127.0.0.1")  # where there is no [mqtt]: what it would send
NO_HUB = "preview"  # the name of a hub that has not published yet


def mqtt_preview(
    config: Config, hub: HubClient, chosen: Sequence[str], discovery: bool
) -> Iterator[tuple[str, object]]:
    """Each topic with its content: JSON, or a text. ``chosen``: ids of devices, none = all. Raises CommandError."""
    table = config.tables.mqtt or UNCONFIGURED
    views = hub.get("/api/devices")
    devices = [msgspec.convert(one, Device) for one in views if one["state"] != "seen"]
    missing = set(chosen) - {one.id for one in devices}
    if missing:
        raise CommandError(f"There is no device {min(missing)!r}.")
    devices = [one for one in devices if not chosen or one.id in chosen]
    if discovery:
        announced = msgspec.structs.replace(table, homeassistant=True)
        messages = companions_of(config, announced, _hub_id(config))[0].messages(devices, table.commands)
    else:
        image = HubImage(Topics(table.base), table.flat)
        image.describe(devices, [*_facts(views), *_readings(hub.get("/api/readings"))])
        messages = dict(sorted({**image.due(), **dict(image.states())}.items()))
    for topic, payload in messages.items():
        yield topic, _content(payload)


def _facts(views: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:  # Any: the API's JSON
    for one in views:
        yield Status(one["id"], one["state"], 0.0)


def _readings(lines: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:  # Any: the API's JSON
    for one in lines:
        yield Reading(one["device"], one["point"], one["value"], from_iso(one["at"]), one["quality"])


def _hub_id(config: Config) -> str:
    try:
        return (config.data / "publish" / "mqtt" / "id").read_text("utf-8").strip()
    except (OSError, UnicodeError):
        return NO_HUB


def _content(payload: bytes) -> object:
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return payload.decode()
