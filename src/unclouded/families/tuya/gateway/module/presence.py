"""Which sub-devices are there: asked by heartbeats, seen by anything that they send, or reported by the gateway.

    0a {sub_id} ─► 0a {sub_id, lp}: there          0d, 2c: there          2a: as it says
    silence, by the rule of heartbeats.py: offline; one with a battery sleeps, and gets its commands when it wakes

Source: docs/protocols/tuya_gateway.md §2.3.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.sessions.session import Event, Offline, Online, Remember
from unclouded.families.tuya.gateway.module.heartbeats import HeartbeatRule, HeartbeatSchedule
from unclouded.families.tuya.gateway.module.sub_devices import SubDevice, SubDeviceRegistry
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import BareSub, result_of
from unclouded.families.tuya.gateway.wire.service_messages import HeartbeatPause
from unclouded.families.tuya.gateway.wire.sub_device_messages import HeartbeatQuery, HeartbeatReply, PresenceChange
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import frame_of

PAUSED = "heartbeats-paused"  # in the memory: the MCU does not know when the hub starts again
SILENT = "It does not answer heartbeats"
NOT_SEEN = "It has not reported since the hub started"  # true also while its gateway is there
NOT_REPORTED = "It has not reported yet"
REPORTED = "The gateway reports that it is offline"
UNREPORTED = "It has not reported what was commanded"


class SubDevicePresence:
    """The presence of all sub-devices of the registry."""

    def __init__(
        self,
        settings: GatewaySettings,
        parts: EndpointParts,
        registry: SubDeviceRegistry,
        memory: Mapping[str, bytes],
    ) -> None:
        rule = HeartbeatRule(settings.heartbeat_s, settings.heartbeat_resend_s, settings.heartbeat_misses)
        self._schedule = HeartbeatSchedule(rule, paused=bool(memory.get(PAUSED)))
        self._queue = parts.queue
        self._counts = parts.counts
        self._registry = registry
        self._is_begun = False

    def known(self) -> list[Event]:
        """Those of an earlier run, before anything is received."""
        return [event for device in self._registry for event in (device.joined(), _offline(device, NOT_SEEN))]

    def begin(self, now: float) -> None:
        """The MCU is there: from now on they are asked."""
        self._is_begun = True
        self._schedule.begin([device.id for device in self._registry], now)

    def gone(self, reason: str) -> list[Event]:
        """There is no MCU, so there are no sub-devices."""
        lost = [device for device in self._registry if self._schedule.is_online(device.id)]
        self._schedule.begin([], 0.0)
        self._is_begun = False
        return [_offline(device, f"It has not reported since its gateway went offline: {reason}") for device in lost]

    def added(self, id: str, now: float) -> list[Event]:
        """It has joined, so it is there: Online, and no heartbeat is asked for at first."""
        self._schedule.add(id, now)
        return [Online(id)]

    def adopted(self, id: str, now: float) -> list[Event]:
        """It is said to be there: it is asked at once, and shows as offline until it answers."""
        device = self._registry.get(id)
        if device is None or self._schedule.is_online(id):
            return []
        if self._is_begun:
            self._schedule.expect(id, now)
        return [_offline(device, NOT_REPORTED)]

    def dropped(self, id: str) -> None:
        """It has left: it is asked no more, and no Offline follows."""
        self._schedule.drop(id)

    def may_report(self, id: str) -> bool:
        """Whether it is there, or it is not known that it is not."""
        return self._schedule.is_online(id) is not False

    def seen(self, id: str, now: float) -> list[Event]:
        """It has sent something."""
        return [Online(id)] if self._schedule.seen(id, now) else []

    def unreported(self, id: str) -> list[Event]:
        """A command to it has timed out: one with a battery sleeps."""
        device = self._registry.get(id)
        if device is None or not device.low_power or not self._schedule.lost(id):
            return []
        return [_offline(device, UNREPORTED)]

    # --- what the MCU sends ----------------------------------------------------------------------

    def replied(self, message: HeartbeatReply, now: float) -> list[Event]:
        """0a, asked for or not."""
        device = self._registry.get(message.sub_id)
        if device is None:
            self._counts["unknown_sub_devices"] += 1
            return []
        events: list[Event] = []
        if device.low_power != bool(message.lp):
            device = msgspec.structs.replace(device, low_power=bool(message.lp))
            events = [*self._registry.put(device), device.identified()]
        return [*events, *self.seen(device.id, now)]

    def changed(self, message: PresenceChange, now: float) -> list[Event]:
        """2a: what the gateway knows of them. With an unknown one among them it failed; the others count."""
        ids: Sequence[str] = [device.id for device in self._registry] if message.all else message.cids or ()
        known = [device for id in ids if (device := self._registry.get(id)) is not None]
        self._answer(result_of(codes.ONLINE, len(known) == len(ids)))
        if message.state:
            return [event for device in known for event in self.seen(device.id, now)]
        return [_offline(device, REPORTED) for device in known if self._schedule.lost(device.id)]

    def paused(self, message: HeartbeatPause, now: float) -> list[Event]:
        """33/04: ask no more, or again."""
        self._answer(BareSub(codes.SERVICES, codes.HEARTBEAT_PAUSE))
        if message.heartbeat:
            self._schedule.resume(now)
        else:
            self._schedule.pause()
        return [Remember(PAUSED, b"" if message.heartbeat else b"1")]

    # --- time ------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Event]:
        """Asks those that are due, one request each; Offline for those that have missed too many answers."""
        due = self._schedule.due(now)
        for id in due.ask:
            self._queue.add(Request(bytes(frame_of(HeartbeatQuery(id))), aside=True))
        lost = [device for id in due.offline if (device := self._registry.get(id)) is not None]
        return [_offline(device, SILENT) for device in lost]

    def deadline(self) -> float | None:
        """As that of HeartbeatSchedule."""
        return self._schedule.deadline()

    # --- inside ----------------------------------------------------------------------------------

    def _answer(self, message: Message) -> None:
        self._queue.answer(bytes(frame_of(message)))


def _offline(device: SubDevice, reason: str) -> Offline:
    return Offline(reason, device.id, asleep=device.low_power)
