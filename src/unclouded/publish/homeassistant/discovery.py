"""The messages by which Home Assistant learns of the hub and its devices: one for each, retained. Pure.

    <prefix>/device/unclouded_<hub>/hub/config          the hub: connection, devices, events
    <prefix>/device/unclouded_<hub>/<digest>/config     a device; <digest> of its identity, so that a rename keeps it

The top level, ``device`` and ``origin`` contain only keys that both ends of the supported range know (2025.4, 2026.11):
a key that is not known there costs the whole device. So there are no child devices, which 2025.4 does not know.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.model import Device
from unclouded.publish.homeassistant.components import component_ids, components, components_in
from unclouded.publish.homeassistant.compounds import Component
from unclouded.publish.homeassistant.templates import value_of
from unclouded.publish.mqtt.topics import Topics
from unclouded.publish.mqtt.updates import installed_version

NAME = "Unclouded"
BIRTH = "status"  # below the prefix: online when Home Assistant has started
# Kinds of the hub's events that Home Assistant shows; others are "other"
EVENT_TYPES = ("started", "configuration", "admitted", "removed", "renamed", "joined", "left", "clock", "alert")
MAKERS = {"meross": "Meross", "meross_console": "Meross", "emporia": "Emporia", "hlw8032": "Hiliwei"}
Payload = dict[str, Any]  # Any: JSON

_encode = msgspec.json.Encoder(order="deterministic").encode


class HomeAssistantDiscovery:
    """A Companion of the MQTT publisher. ``hub``: a name of the hub that stays; ``name``: for people."""

    def __init__(self, topics: Topics, prefix: str, hub: str, name: str, version: str) -> None:
        self._topics = topics
        self._node = f"{prefix}/device/unclouded_{hub}"
        self._hub_id = f"unclouded_hub_{hub}"
        self._name = name
        self._version = version
        self.filters: Sequence[str] = (f"{prefix}/device/+/+/config",)
        self.birth = f"{prefix}/{BIRTH}"

    # --- Companion -----------------------------------------------------------------------------

    def messages(self, devices: Sequence[Device], commands: bool) -> Mapping[str, bytes]:
        """A device that has not reported who it is has none: its entities would get another identity later."""
        found = {self._topic("hub"): _encode(self._hub())}
        gateways = {(one.id, one.link): one for one in devices}
        for device in devices:
            if device.identity:
                gateway = gateways.get((device.parent, device.link))
                found[self._topic(digest(device))] = _encode(self._device(device, gateway, commands))
        return found

    def topics(self, devices: Sequence[Device]) -> Collection[str]:
        """The topics of discovery that the hub and these devices have."""
        return {self._topic("hub"), *(self._topic(digest(one)) for one in devices if one.identity)}

    def is_own(self, topic: str, payload: bytes, current: Collection[str]) -> bool:
        """By its topic; or it is about one of our devices, from the time before the hub's data folder was lost."""
        if topic.startswith(f"{self._node}/"):
            return True
        object_id = topic.rpartition("/")[0].rpartition("/")[2]
        origin = _decoded(payload).get("origin")
        is_ours = isinstance(origin, dict) and origin.get("name") == NAME
        return is_ours and object_id != "hub" and self._topic(object_id) in current

    def kept(self, before: bytes, after: bytes) -> bytes:
        old, new = _decoded(before), _decoded(after)
        there = components_in(new)
        missing = {key: one for key, one in components_in(old).items() if key not in there and len(one) > 1}
        return _encode({**new, "components": {**there, **missing}}) if missing else after

    def may_return(self, payload: bytes, current: Collection[str], devices: Sequence[Device]) -> bool:
        """Is a retained message of ours, of a device that may come back? Then it stays."""
        content = _decoded(payload)
        if content.get("state_topic") in [self._topics.state(one.id) for one in devices if not one.identity]:
            return True
        device = content.get("device")
        gateway = device.get("via_device") if isinstance(device, dict) else None
        if not isinstance(gateway, str) or gateway == self._hub_id:
            return False
        return self._topic(gateway.removeprefix("unclouded_")) in current

    def transition(self, before: bytes, after: bytes) -> Sequence[bytes]:
        """Components that are gone are named once with their platform alone, which removes their entities."""
        if before == after:
            return ()
        if not before or not after:
            return (after,)
        new = dict(component_ids(_decoded(after)))
        gone = {key: kind for key, kind in component_ids(_decoded(before)) if new.get(key) != kind}
        if not gone:
            return (after,)
        payload = _decoded(after)
        left = {key: one for key, one in components_in(payload).items() if key not in gone}
        removing = {**left, **{key: {"platform": kind} for key, kind in gone.items()}}
        return _encode({**payload, "components": removing}), after

    # --- inside --------------------------------------------------------------------------------

    def _topic(self, object_id: str) -> str:
        return f"{self._node}/{object_id}/config"

    def _origin(self) -> Payload:
        return {"name": NAME, "sw_version": self._version}

    def _device(self, device: Device, gateway: Device | None, commands: bool) -> Payload:
        id = f"unclouded_{digest(device)}"
        via = f"unclouded_{digest(gateway)}" if gateway is not None and gateway.identity else self._hub_id
        info, maker = device.info, MAKERS.get(device.family, "Tuya" if device.family.startswith("tuya") else "")
        described = {
            "identifiers": [id],
            "name": device.name or device.id,
            "manufacturer": maker,
            "model": info.get("model") or info.get("product") or device.profile,
            "model_id": device.profile,
            "sw_version": installed_version(device),
            "hw_version": info.get("hardware", ""),
            "suggested_area": device.room,
            "via_device": via,
        }
        return {
            "device": {key: value for key, value in described.items() if value},
            "origin": self._origin(),
            "availability": [{"topic": self._topics.bridge_state}, {"topic": self._topics.availability(device.id)}],
            "availability_mode": "all",
            "state_topic": self._topics.state(device.id),
            "qos": 1,
            "components": components(device, self._topics, id, commands),
        }

    def _hub(self) -> Payload:
        return {
            "device": {
                "identifiers": [self._hub_id],
                "name": self._name,
                "manufacturer": NAME,
                "model": "Hub",
                "sw_version": self._version,
            },
            "origin": self._origin(),
            "state_topic": self._topics.bridge_info,
            "qos": 1,
            "components": dict(self._hub_components()),
        }

    def _hub_components(self) -> Sequence[tuple[str, Component]]:
        named: dict[str, Component] = {
            **_connection_components(self._topics),
            "problem": _problem_component(self._topics),
            "event": _event_component(self._topics),
        }
        return [
            (key, {**one, "unique_id": f"{self._hub_id}_{key}", **_hub_entity(one["platform"], key)})
            for key, one in named.items()
        ]


def _connection_components(topics: Topics) -> Mapping[str, Component]:
    return {
        "connection": {
            "platform": "binary_sensor",
            "name": "Connection",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": topics.bridge_state,
            "payload_on": "online",
            "payload_off": "offline",
        },
        "devices_online": {
            "platform": "sensor",
            "name": "Devices online",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "value_template": value_of("online"),
            "availability": [{"topic": topics.bridge_state}],
        },
    }


def _problem_component(topics: Topics) -> Component:
    return {
        "platform": "binary_sensor",
        "name": "Problem",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": topics.bridge_alerts,
        "value_template": value_of("active"),
        "payload_on": "True",
        "payload_off": "False",
        "json_attributes_topic": topics.bridge_alerts,
        "availability": [{"topic": topics.bridge_state}],
    }


def _event_component(topics: Topics) -> Component:
    types = _encode(EVENT_TYPES).decode().replace('"', "'")
    known = f"value_json.kind if value_json.kind in {types} else 'other'"
    return {
        "platform": "event",
        "name": "Event",
        "entity_category": "diagnostic",
        "state_topic": topics.bridge_event,
        "event_types": [*EVENT_TYPES, "other"],
        "value_template": f"{{{{ {{'event_type': {known}, 'text': value_json.words}} | tojson }}}}",
        "availability": [{"topic": topics.bridge_state}],
    }


def _hub_entity(platform: str, key: str) -> Component:
    return {"default_entity_id": f"{platform}.unclouded_{key}", "object_id": f"unclouded_{key}"}


def digest(device: Device) -> str:
    """A name of the device by its identity, which neither its id nor its name is part of."""
    return hashlib.sha256(device.identity.encode()).hexdigest()[:16]


def _decoded(payload: bytes) -> Payload:
    """The JSON object that a message is; an empty one where it is none."""
    try:
        value = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
