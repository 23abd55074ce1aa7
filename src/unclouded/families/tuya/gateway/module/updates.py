"""Updates of a gateway's MCU and of its sub-devices, one after the other: the answers name no sub-device.

    update ─► 1d size ─► 1e block … ─► end ─► 01: the new version            of a sub-device: 1f, 20 …, 21
    another one meanwhile: it waits for its turn

Heartbeats and commands go on beside an update. Source: docs/protocols/tuya_gateway.md §2.8.
"""

from collections import deque
from collections.abc import Callable

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Settled, Ticket, WireAction
from unclouded.core.sessions.session_parts import Ids
from unclouded.families.tuya.gateway.module.sub_devices import SubDeviceRegistry
from unclouded.families.tuya.gateway.update_kinds import MCU_FIRMWARE, sub_device_firmware
from unclouded.families.tuya.gateway.wire.start_messages import MCU_UPDATE
from unclouded.families.tuya.gateway.wire.update_messages import PACKET_SIZES, PacketSize
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import Result
from unclouded.families.tuya.update.action import update_command_of
from unclouded.families.tuya.update.sender import Updater
from unclouded.families.tuya.update.transfer_kind import TransferKind

WAITING = 16  # updates that may wait
FIRMWARE = "firmware"


class GatewayUpdates:
    """``can``: whether the gateway has a capability. ``version_of``: of a part, what it has reported."""

    def __init__(
        self,
        parts: EndpointParts,
        registry: SubDeviceRegistry,
        can: Callable[[int], bool],
        version_of: Callable[[str], str],
    ) -> None:
        self._parts = parts
        self._ids: Ids = parts.ids
        self._registry = registry
        self._can = can
        self._version_of = version_of
        self._waiting: deque[tuple[Ticket, WireAction]] = deque()
        self._part = ""  # of the update that runs
        self._updater: Updater | None = None

    def submit(self, action: WireAction, why_not: str, now: float) -> Ticket:
        """The action "update". Raises CommandError for one that is invalid."""
        update_command_of(_own(action), {FIRMWARE: self._kind(action.part)})
        device = self._registry.get(action.part)
        if device is not None and not device.updatable:
            raise CommandError(f"{action.part} cannot be updated, as it reported when it joined.")
        if device is None and not self._can(MCU_UPDATE):
            raise CommandError("This gateway cannot be updated, as it reports itself.")
        if len(self._waiting) >= WAITING:
            raise CommandError(f"{WAITING} updates wait already.")
        ticket = self._ids.next()
        if why_not:
            self._parts.deferred.add([Settled(ticket, "unreachable", why_not)], now)
        else:
            self._waiting.append((ticket, action))
            self.next(now)
        return ticket

    def received(self, message: Message, request: Request | None, now: float) -> list[Event] | None:
        """An answer of the MCU to an update; None = it is none, or there is no update."""
        if self._updater is None:
            return None
        if isinstance(message, PacketSize):
            message = Result(message.command, PACKET_SIZES.index(message.packet_size))
        return self._updater.received(message, request, now)

    def identified(self, part: str, version: str) -> list[Event]:
        """The MCU (part "") or a sub-device reports which firmware it has."""
        if self._updater is None or part != self._part:
            return []
        return self._updater.identified({"version": version})

    def is_part(self, part: str) -> bool:
        """Whether this part is being updated."""
        return self._updater is not None and self._updater.is_busy and part == self._part

    def unanswered(self, request: Request, now: float) -> list[Event]:
        """The last try of a request has timed out; [] where it is none of the update."""
        return self._updater.unanswered(request, now) if self._updater is not None else []

    def lost(self, reason: str, now: float) -> list[Event]:
        """There is no path to the MCU any more."""
        events = self._updater.lost(reason) if self._updater is not None else []
        waiting, self._waiting = self._waiting, deque()
        self._updater = None
        return [*events, *(Settled(ticket, "unreachable", reason) for ticket, _ in waiting)]

    def left(self, part: str) -> list[Event]:
        """A sub-device is gone."""
        if part != self._part or self._updater is None:
            return []
        return self._updater.lost("it was removed from its gateway")

    def tick(self, now: float) -> list[Event]:
        """What is due of the update that runs; where none does, the next one begins."""
        events = self._updater.tick(now) if self._updater is not None else []
        self.next(now)
        return [*events, *self._parts.deferred.take()]  # those of an update that begins: they are due now

    def deadline(self) -> float | None:
        """When the update that runs has something to do, in monotonic seconds; None = none runs."""
        return self._updater.deadline() if self._updater is not None else None

    def next(self, now: float) -> None:
        """Begin the update that waits longest, where none runs."""
        if self._updater is not None and self._updater.is_busy:
            return
        self._updater = None
        while self._waiting and self._updater is None:
            ticket, action = self._waiting.popleft()
            if action.part and action.part not in self._registry:
                self._parts.deferred.add([Settled(ticket, "refused", f"There is no {action.part} any more.")], now)
                continue
            self._part = action.part
            self._updater = Updater({FIRMWARE: self._kind(action.part)}, self._parts, alone=False)
            self._updater.identified({"version": self._version_of(action.part)})
            self._updater.submit(_own(action), now, ticket=ticket)

    # --- inside ----------------------------------------------------------------------------------

    def _kind(self, part: str) -> TransferKind:
        return sub_device_firmware(part) if part else MCU_FIRMWARE


def _own(action: WireAction) -> WireAction:
    """As an update of a device without sub-devices is written."""
    return msgspec.structs.replace(action, part="")
