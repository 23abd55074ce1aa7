"""The topics below the base topic, and what a message on one of them asks for. Pure.

    <base>/bridge/state               online or offline; offline is the will                          retained
    <base>/bridge/info                the hub as JSON                                                  retained
    <base>/bridge/alerts              what needs attention about the hub itself: its disk              retained
    <base>/bridge/event               an event of the hub                                              QoS 1
    <base>/<device>/state             the newest value of each point, as one JSON object               retained
    <base>/<device>/availability      online or offline                                                retained
    <base>/<device>/info              name, room, points: what the device is                           retained
    <base>/<device>/alerts            what needs attention, as the hub sees it                         retained
    <base>/<device>/update            installed and newest firmware, of a device that takes it         retained
    <base>/<device>/event             an event of the device: an outcome, an alarm, a button           QoS 1
    <base>/<device>/points/<key>      the value of one point, where ``flat`` is set                    retained
    <base>/<device>/set               JSON {"on": true, …}, or a bare value of the main point          in
    <base>/<device>/points/<key>/set  a bare value                                                     in
    <base>/<device>/get               publish the state again                                          in
    <base>/<device>/do                an action: its name, or JSON                                     in
    <base>/<device>/set/outcome       what became of a command                                         QoS 1

Source: docs/mqtt.md.
"""

import re
from typing import Literal

import msgspec

BRIDGE = "bridge"
ONLINE, OFFLINE = b"online", b"offline"
FIT = re.compile(r"[^/+#\x00-\x1f\x7f]+")  # one level of a topic
TOPIC = re.compile(r"(?!\$)[^+#\x00-\x1f\x7f-\x9f]{1,512}")  # a broker ends the connection for others


class TopicRequest(msgspec.Struct, frozen=True):
    """What a message asks for. ``point``: of a set of one point."""

    kind: Literal["set", "get", "do"]
    device: str
    point: str = ""


class Topics:
    """The names below one base topic."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.bridge_state = f"{base}/{BRIDGE}/state"
        self.bridge_info = f"{base}/{BRIDGE}/info"
        self.bridge_alerts = f"{base}/{BRIDGE}/alerts"
        self.bridge_event = f"{base}/{BRIDGE}/event"
        self.probe = f"{base}/{BRIDGE}/probe"
        self.commands = (f"{base}/+/set", f"{base}/+/points/+/set", f"{base}/+/get", f"{base}/+/do")
        self.retained = (
            *(f"{base}/+/{name}" for name in ("state", "availability", "info", "alerts", "update")),
            f"{base}/+/points/+",
        )

    def state(self, device: str) -> str:
        """The newest value of each point as one JSON object, retained."""
        return f"{self.base}/{level(device)}/state"

    def availability(self, device: str) -> str:
        """``online`` or ``offline``, retained."""
        return f"{self.base}/{level(device)}/availability"

    def info(self, device: str) -> str:
        """Name, room and points as JSON, retained."""
        return f"{self.base}/{level(device)}/info"

    def alerts(self, device: str) -> str:
        """What needs attention, retained. ``device`` "": about the hub itself."""
        return f"{self.base}/{level(device)}/alerts" if device else self.bridge_alerts

    def update(self, device: str) -> str:
        """Installed and newest firmware as JSON, retained; of devices that take it."""
        return f"{self.base}/{level(device)}/update"

    def event(self, device: str) -> str:
        """An outcome, an alarm, a button, with QoS 1. ``device`` "": an event of the hub."""
        return f"{self.base}/{level(device)}/event" if device else self.bridge_event

    def point(self, device: str, key: str) -> str:
        """The bare value of one point, retained; used where ``flat`` is set."""
        return f"{self.base}/{level(device)}/points/{key}"

    def set(self, device: str) -> str:
        """Commands to points, as a JSON object or a bare value of the main point."""
        return f"{self.base}/{level(device)}/set"

    def set_point(self, device: str, key: str) -> str:
        """Commands to one point, as a bare value."""
        return f"{self.point(device, key)}/set"

    def do(self, device: str) -> str:
        """Actions, as a name or JSON."""
        return f"{self.base}/{level(device)}/do"

    def outcome(self, device: str) -> str:
        """What became of a command, with QoS 1."""
        return f"{self.set(device)}/outcome"

    def request(self, topic: str) -> TopicRequest | None:
        """What a message on this topic asks for; None where it asks for nothing."""
        match topic.removeprefix(f"{self.base}/").split("/"):
            case [device, "set" | "get" | "do" as kind] if kind in ("set", "get", "do"):
                return TopicRequest(kind, device_of(device))
            case [device, "points", key, "set"]:
                return TopicRequest("set", device_of(device), key)
        return None

    def is_own(self, topic: str) -> bool:
        """Whether it is below the base topic."""
        return topic.startswith(f"{self.base}/")


def level(device: str) -> str:
    """The device's level of its topics: its id; a device with the id of the hub's own level has another name there."""
    return f"{BRIDGE}_" if device == BRIDGE else device


def device_of(level: str) -> str:
    """The counterpart of ``level``."""
    return BRIDGE if level == f"{BRIDGE}_" else level


def fits(id: str) -> bool:
    """Whether an id, or a key, may be one level of a topic."""
    return FIT.fullmatch(id) is not None


def is_topic(text: str) -> bool:
    """Whether an answer may be published on a topic that its sender chose."""
    return TOPIC.fullmatch(text) is not None
