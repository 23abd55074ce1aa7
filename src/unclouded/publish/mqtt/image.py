"""What is to be published of the hub: its newest facts, and which topics they changed. Pure.

    facts ──► take ──► changed devices ──► messages(): each topic once, with its newest content
    devices ──► describe ──► added, changed, removed

Between two calls of ``messages`` a device may report as often as it likes: a connection that is slow or away costs no
memory and gets the newest state.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from unclouded.core.model import Alert, Device, Fact, Notice, Reading, Status, Value
from unclouded.publish.momentary import is_momentary
from unclouded.publish.mqtt import payloads
from unclouded.publish.mqtt.topics import OFFLINE, ONLINE, Topics, fits
from unclouded.publish.mqtt.updates import UpdateOffer, takes_updates, update_payload

AVAILABLE = frozenset({"online", "asleep"})  # a device that sleeps keeps its values, and takes commands when it wakes

TopicMessage = tuple[str, bytes]


class MomentaryReading(msgspec.Struct, frozen=True):
    """A reading that is an event."""

    device: str
    point: str
    value: Value
    at: float


class HubImage:
    """``flat``: each point has a topic of its own as well."""

    def __init__(self, topics: Topics, flat: bool = False) -> None:
        self._topics = topics
        self._flat = flat
        self._devices: dict[str, Device] = {}
        self._states: dict[str, _DeviceImage] = {}
        self._changed: dict[str, None] = {}  # devices with a state to publish, in order
        self._due: dict[str, bytes] = {}  # other topics to publish
        self._left: list[str] = []  # topics that hold a message of what is gone
        self._available: dict[str, bool] = {}
        self._alerts: dict[str, dict[tuple[str, str], Alert]] = {}  # by device; by kind and point
        self._offers: Mapping[str, UpdateOffer] = {}
        self._installing: dict[str, int] = {}  # device -> percent

    @property
    def devices(self) -> Sequence[Device]:
        """Those that are published, as the hub described them last."""
        return list(self._devices.values())

    def knows(self, device: str) -> bool:
        """Is there such a device?"""
        return device in self._devices

    def describe(self, devices: Iterable[Device], facts: Iterable[Fact] = ()) -> bool:
        """All devices of the hub; ``facts``: its snapshot, for what is new. Whether anything is different."""
        now = {one.id: one for one in devices if fits(one.id)}
        removed = [one for id, one in self._devices.items() if id not in now]
        described = [one for id, one in now.items() if self._devices.get(id) != one]
        for one in removed:
            self._remove(one)
        for one in described:
            self._describe(one)
        self._devices = now
        if described or removed:
            self.take(facts)
        return bool(described or removed)

    def take(self, facts: Iterable[Fact]) -> tuple[list[Notice], list[MomentaryReading]]:
        """Newer facts; the events among them."""
        notices, moments = [], []
        device, image = "", None  # of the fact before
        for fact in facts:
            if type(fact) is Reading:
                if fact.device != device:
                    device, image = fact.device, self._states.get(fact.device)
                    self._changed.setdefault(device) if image is not None else None
                if image is not None and image.take(fact):
                    moments.append(MomentaryReading(fact.device, fact.point, fact.value, fact.at))
            elif type(fact) is Status:
                self._status(fact)
            elif type(fact) is Alert:
                self._alert(fact)
            elif type(fact) is Notice:
                notices.append(fact)
        return notices, moments

    def refresh(self, devices: Iterable[str]) -> None:
        """Publish all of these devices once more."""
        for id in devices:
            if id in self._devices:
                self._describe_topics(self._devices[id])
                self._states[id].publish_all()
                self._changed[id] = None

    def refresh_hub(self) -> None:
        """Publish once more what needs attention about the hub itself."""
        self._due[self._topics.bridge_alerts] = payloads.alerts(list(self._alerts.get("", {}).values()))

    def touch(self, device: str) -> None:
        """Publish the state of a device once more."""
        if device in self._states:
            self._changed[device] = None

    def offer(self, offers: Mapping[str, UpdateOffer]) -> None:
        """The firmware that the hub can offer, by device."""
        changed = [id for id in self._devices if self._offers.get(id) != offers.get(id)]
        self._offers = offers
        for id in changed:
            self._update_changed(self._devices[id])

    def offered(self, device: str) -> UpdateOffer | None:
        """The update that is offered to a device; None where there is none."""
        return self._offers.get(device)

    def installs(self, device: str, percent: int | None) -> None:
        """How far an installation is; None = it is over."""
        if percent is None:
            self._installing.pop(device, None)
        else:
            self._installing[device] = percent
        if device in self._devices:
            self._update_changed(self._devices[device])

    @property
    def has_changes(self) -> bool:
        return bool(self._changed or self._due)

    def due(self) -> Mapping[str, bytes]:
        """The contents of topics that change rarely; each is taken once."""
        due, self._due = self._due, {}
        return due

    def left(self) -> list[str]:
        """The topics of devices and points that are gone; each is taken once."""
        left, self._left = self._left, []
        return left

    def states(self) -> Iterator[TopicMessage]:
        """The states that changed; each is taken once, and what is not taken stays."""
        while self._changed:
            id = next(iter(self._changed))
            del self._changed[id]
            image = self._states.get(id)
            if image is None or not image.readings:
                continue
            yield self._topics.state(id), payloads.state(self._devices[id], image.readings, image.suspects)
            for key in image.changed() if self._flat else ():
                yield self._topics.point(id, key), payloads.flat(image.readings[key].value)

    def topics(self) -> set[str]:
        """Every topic that holds a retained message of these devices."""
        found = {topic for one in self._devices.values() for topic in self._topics_of(one)}
        if self._flat:
            found |= {self._topics.point(id, key) for id, image in self._states.items() for key in image.readings}
        return found

    # --- inside --------------------------------------------------------------------------------

    def _describe(self, device: Device) -> None:
        image = self._states.setdefault(device.id, _DeviceImage(self._flat))
        before = self._devices.get(device.id)
        if before is not None and takes_updates(before) and not takes_updates(device):
            self._left.append(self._topics.update(device.id))
        for key in image.describe(device):
            if self._flat:
                self._left.append(self._topics.point(device.id, key))
        self._available.setdefault(device.id, False)
        self._describe_topics(device)
        self._changed[device.id] = None

    def _topics_of(self, device: Device) -> list[str]:
        """The topics of a device, apart from those of its points."""
        names = (self._topics.state, self._topics.availability, self._topics.info, self._topics.alerts)
        return [*(name(device.id) for name in names), *([self._topics.update(device.id)] * takes_updates(device))]

    def _update_changed(self, device: Device) -> None:
        if takes_updates(device):
            payload = update_payload(device, self._offers.get(device.id), self._installing.get(device.id))
            self._due[self._topics.update(device.id)] = payload

    def _describe_topics(self, device: Device) -> None:
        id = device.id
        self._due[self._topics.info(id)] = payloads.info(device)
        self._due[self._topics.availability(id)] = ONLINE if self._available.get(id) else OFFLINE
        self._due[self._topics.alerts(id)] = payloads.alerts(list(self._alerts.get(id, {}).values()))
        self._update_changed(device)

    def _remove(self, device: Device) -> None:
        image = self._states.pop(device.id)
        self._changed.pop(device.id, None)
        self._available.pop(device.id, None)
        self._alerts.pop(device.id, None)
        self._installing.pop(device.id, None)
        topics = self._topics_of(device)
        if self._flat:
            topics += [self._topics.point(device.id, key) for key in image.readings]
        self._left += topics
        for topic in topics:
            self._due.pop(topic, None)

    def _status(self, status: Status) -> None:
        if status.device not in self._states:
            return
        available = status.state in AVAILABLE
        if self._available.get(status.device) is not available:
            self._available[status.device] = available
            self._due[self._topics.availability(status.device)] = ONLINE if available else OFFLINE

    def _alert(self, alert: Alert) -> None:
        active = self._alerts.setdefault(alert.device, {})
        active.pop((alert.kind, alert.point), None)
        if alert.active:
            active[alert.kind, alert.point] = alert
        if not alert.device:
            self.refresh_hub()
        elif alert.device in self._states:
            self._due[self._topics.alerts(alert.device)] = payloads.alerts(list(active.values()))


class _DeviceImage:
    """The newest readings of one device."""

    __slots__ = ("_changed", "_flat", "_momentary", "_points", "readings", "suspects")

    def __init__(self, flat: bool) -> None:
        self.readings: dict[str, Reading] = {}
        self.suspects: dict[str, Reading] = {}
        self._flat = flat
        self._changed: dict[str, None] = {}
        self._points: frozenset[str] = frozenset()
        self._momentary: frozenset[str] = frozenset()

    def describe(self, device: Device) -> list[str]:
        """The points that it has now; those with a reading that are gone."""
        self._points = frozenset(point.key for point in device.points if fits(point.key))
        self._momentary = frozenset(point.key for point in device.points if is_momentary(point))
        gone = [key for key in self.readings if key not in self._points]
        for key in gone:
            del self.readings[key]
            self._changed.pop(key, None)
        self.suspects = {key: one for key, one in self.suspects.items() if key in self._points}
        return gone

    def take(self, reading: Reading) -> bool:
        """Whether it is an event."""
        key = reading.point
        if key not in self._points:
            return False
        if reading.quality == "suspect":
            self.suspects[key] = reading
            return False
        older = self.readings.get(key)
        self.readings[key] = reading
        if self.suspects:
            self.suspects.pop(key, None)
        if self._flat and (older is None or older.value != reading.value):
            self._changed[key] = None
        return key in self._momentary and (older is None or older.at != reading.at)

    def changed(self) -> list[str]:
        """The points with another value since the last call."""
        changed, self._changed = list(self._changed), {}
        return changed

    def publish_all(self) -> None:
        self._changed = dict.fromkeys(self.readings)
