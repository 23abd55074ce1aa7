"""How sub-devices leave, and how the gateway itself is removed or reset.

    remove ─► 09 ─► 09: Left          the MCU removes one: 19 ─► 19 00, Left
    the MCU resets itself: 17 ─► all are forgotten ─► 18 00
    unpair ─► 18 01, the sub-devices are kept       reset ─► 18 03      clear ─► 18 04, the network is kept

Source: docs/protocols/tuya_gateway.md §2.2.6 to §2.2.10.
"""

from collections.abc import Callable

from unclouded.core.sessions.session import Event, Left, Noticed, Ticket
from unclouded.families.tuya.gateway.module.action_requests import DECISIVE_TRIES, ActionRequests
from unclouded.families.tuya.gateway.module.sub_devices import SubDeviceRegistry
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import result_of
from unclouded.families.tuya.gateway.wire.start_messages import RemovalStatus
from unclouded.families.tuya.gateway.wire.sub_device_messages import DELETE, FACTORY_RESET, DeleteSubDevice, LocalDelete
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import frame_of

Forget = Callable[[str], list[Event]]


class GatewayRemoval:
    """``forget``: what else is forgotten of a sub-device that is gone. ``shut``: no one may join any more."""

    def __init__(
        self,
        parts: EndpointParts,
        registry: SubDeviceRegistry,
        actions: ActionRequests,
        forget: Forget,
        shut: Callable[[], list[Event]],
    ) -> None:
        self._queue = parts.queue
        self._registry = registry
        self._actions = actions
        self._forget = forget
        self._shut = shut

    def remove(self, id: str, ticket: Ticket, resets: bool) -> list[Event]:
        """Ask the gateway to remove one; ``resets``: it forgets everything too."""

        def then(message: Message, now: float) -> list[Event]:
            return self.left(id)

        message = DeleteSubDevice(sub_id=id, tp=FACTORY_RESET if resets else DELETE)
        return self._actions.send(message, f"delete {id}", ticket, then, DECISIVE_TRIES)

    def local(self, message: LocalDelete) -> list[Event]:
        """19: the gateway has removed one."""
        known = message.sub_id in self._registry
        self._queue.answer(bytes(frame_of(result_of(codes.LOCAL_DELETE, known))))
        return self.left(message.sub_id)

    def factory(self) -> list[Event]:
        """17: the gateway forgets everything."""
        self._send(RemovalStatus.LOCAL_FACTORY)
        return [*self._clear(), Noticed("reset", "The gateway was reset: all sub-devices are gone.")]

    def report(self, removal: int) -> list[Event]:
        """18: what was done here."""
        self._send(removal)
        return [] if RemovalStatus(removal).keeps_sub_devices else self._clear()

    def left(self, id: str) -> list[Event]:
        """It is gone for good."""
        if id not in self._registry:
            return []
        return [*self._registry.drop(id), *self._forget(id), Left(id)]

    # --- inside ----------------------------------------------------------------------------------

    def _clear(self) -> list[Event]:
        return [*self._shut(), *(event for device in self._registry for event in self.left(device.id))]

    def _send(self, removal: int) -> None:
        """It has no answer."""
        self._queue.add(Request(bytes(frame_of(RemovalStatus(removal))), must=True, aside=True))
