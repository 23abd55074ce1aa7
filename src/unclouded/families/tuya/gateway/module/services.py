"""What the module answers when the MCU asks for time, network, signal, memory, MAC, the list, a binding, pairing.

    device 10 11 15 1b 33/03 ─► Asked ─► answer() ─► the frame that the MCU waits for
    device 04 05 16 1c 23 25 2b 2d ─► answered at once

Source: docs/protocols/tuya_gateway.md §2.1, §2.6, §2.7, §2.9.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    AskMemory,
    AskNetwork,
    AskSignal,
    AskTime,
    Event,
    LocalTime,
    Network,
    Question,
    Refusal,
    Remember,
)
from unclouded.families.tuya.gateway.module.start import GatewayStart
from unclouded.families.tuya.gateway.module.sub_devices import SubDeviceRegistry
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import BareSub, GatewayResult
from unclouded.families.tuya.gateway.wire.pairing_messages import NOT_PAIRING, PassThrough, PhoneLink, SerialCredentials
from unclouded.families.tuya.gateway.wire.service_messages import zoned_clock_of
from unclouded.families.tuya.gateway.wire.start_messages import (
    ModuleMac,
    ModuleMemory,
    PairingReset,
    ProductInfo,
    ProductionTest,
)
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    BINDING_UNKNOWN,
    BOUND,
    NOT_BOUND,
    BindingQuery,
    BindingReply,
    list_packets,
)
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.messages import Bare, NetworkStatus, clock_of, frame_of

MAC_SIZE = 6
LOCAL_MAC = 0x02  # the bit of an address that no vendor has given
NO_LICENCE = 1  # detail of a failed 15


class GatewayServices:
    """``product``: what the MCU reported of itself; ``joins``: was a sub-device accepted and is not bound yet?"""

    def __init__(
        self,
        settings: GatewaySettings,
        parts: EndpointParts,
        ambient: Ambient,
        start: GatewayStart,
        registry: SubDeviceRegistry,
        joins: Callable[[str], bool],
    ) -> None:
        self.time: LocalTime | None = None  # as the hub answered last
        self.product: ProductInfo | None = None
        self._parts = parts
        self._counts = parts.counts
        self._queue = parts.queue
        self._questions = parts.questions
        self._ambient = ambient
        self._zoned_time_is_local = settings.zoned_time_is_local
        self._start = start
        self._registry = registry
        self._joins = joins
        self._mac = bytes.fromhex(settings.mac.replace(":", "")) or ambient.memory.get("mac", b"")

    def begin(self, now: float) -> list[Event]:
        """A new connection: how is the network, and what time is it?"""
        return [
            *self._questions.ask(AskNetwork(), self._know_network, now),
            *self._questions.ask(AskTime(), self._know_time, now),
        ]

    def received(self, message: Message, now: float) -> list[Event] | None:
        """What comes of a message; None = it is none of these."""
        match message:
            case Bare(command=codes.GMT | codes.LOCAL_TIME as command):
                is_local = command == codes.LOCAL_TIME
                return self.with_time(now, lambda time: clock_of(command, time, is_local), local=is_local)
            case BareSub(sub=codes.ZONED_TIME, command=codes.SERVICES):
                return self.with_time(now, partial(_zoned, self._zoned_time_is_local))
            case Bare(command=codes.WIFI_TEST):
                return self._answer_by(AskSignal(), now, _test)
            case Bare(command=codes.MEMORY):
                return self._answer_by(AskMemory(), now, _memory)
            case Bare(command=codes.NETWORK_QUERY):
                return self._send(NetworkStatus(self._start.network, codes.NETWORK_QUERY))
            case Bare(command=codes.MAC):
                return self._send_mac()
            case Bare(command=codes.LIST):
                return self._send_list()
            case BindingQuery(sub_id=id):
                return self._send(BindingReply(id, self._binding(id)))
            case Bare(command=codes.RESET):
                return self._reset(Bare(codes.RESET), Network.PAIRING_EZ)
            case PairingReset(mode=mode):
                return self._reset(Bare(codes.RESET_MODE), Network.PAIRING_AP if mode else Network.PAIRING_EZ)
            case SerialCredentials():
                return self._send(GatewayResult(codes.PAIRING, NOT_PAIRING))  # a hub is not paired by Bluetooth
            case PassThrough(command=codes.FROM_APP):
                self._counts["pass_through"] += 1
                return self._send(Bare(codes.FROM_APP))
            case PhoneLink():
                self._counts["phone_links"] += 1
                return []
        return None

    def with_time(self, now: float, message: Callable[[LocalTime | None], Message], local: bool = True) -> list[Event]:
        """Ask the hub for the time, and send what ``message`` makes of it."""

        def data(value: Answer | Refusal) -> bytes:
            self.time = value if local and isinstance(value, LocalTime) else self.time
            return bytes(frame_of(message(value if isinstance(value, LocalTime) else None)))

        return self._parts.answer_by(AskTime(local), now, data)

    # --- inside ----------------------------------------------------------------------------------

    def _send(self, message: Message) -> list[Event]:
        self._queue.answer(bytes(frame_of(message)))
        return []

    def _answer_by(self, question: Question, now: float, message: Callable[[Answer | Refusal], Message]) -> list[Event]:
        return self._parts.answer_by(question, now, lambda value: bytes(frame_of(message(value))))

    def _send_mac(self) -> list[Event]:
        """An address of our own making, always the same: locally administered, for one station."""
        if self._mac:
            return self._send(ModuleMac(self._mac))
        token = self._ambient.token(MAC_SIZE)
        self._mac = bytes(((token[0] & 0xFC) | LOCAL_MAC,)) + token[1:]
        return [*self._send(ModuleMac(self._mac)), Remember("mac", self._mac)]

    def _send_list(self) -> list[Event]:
        """All that are bound, in packets."""
        for packet in list_packets(device.id for device in self._registry if not self._joins(device.id)):
            self._send(packet)
        return []

    def _binding(self, id: str) -> int:
        if self._joins(id):
            return NOT_BOUND
        return BOUND if id in self._registry else BINDING_UNKNOWN

    def _reset(self, answer: Message, pairing: Network) -> list[Event]:
        """The MCU asks for pairing: a module would restart and come back through these states."""
        self._send(answer)
        product = self.product
        if product is not None and product.pairing_is_fixed:
            pairing = Network.PAIRING_AP if product.n else Network.PAIRING_BOTH
        if answer.command == codes.RESET_MODE and product is not None and product.pairing_is_fixed:
            return []  # it has no effect; docs/protocols/tuya_gateway.md §2.1.5
        for status in (pairing.value, Network.NO_ROUTER.value, Network.ROUTER.value, self._start.network):
            self._start.send_network(status)
        return []

    def _know_time(self, value: Answer | Refusal, now: float) -> list[Event]:
        self.time = value if isinstance(value, LocalTime) else self.time
        return []

    def _know_network(self, value: Answer | Refusal, now: float) -> list[Event]:
        known = {status.value for status in Network}
        status = value if isinstance(value, int) and value in known else self._start.network
        changed, self._start.network = status != self._start.network, status
        if changed and self._start.is_online:
            self._start.send_network(status)
        return []


def _zoned(is_local: bool, time: LocalTime | None) -> Message:
    """GMT, or the local time, with the zone's offset in winter, and whether it is summer time now."""
    if time is None:
        return zoned_clock_of(None)
    usual_s = min((offset_s for _, offset_s in time.changes), default=time.offset_s)
    is_summer = time.offset_s > usual_s
    if is_local:
        return zoned_clock_of(time, is_summer, local=True)
    return zoned_clock_of(msgspec.structs.replace(time, offset_s=min(usual_s, time.offset_s)), is_summer)


def _test(value: Answer | Refusal) -> Message:
    """-50 dBm and better are 100 %, -100 dBm are 0 %."""
    if not isinstance(value, int) or not -128 <= value < 0:
        return ProductionTest(0, NO_LICENCE)
    return ProductionTest(1, max(0, min(2 * (value + 100), 100)))


def _memory(value: Answer | Refusal) -> Message:
    return ModuleMemory(max(0, min(value, 2**32 - 1)) if isinstance(value, int) else 0)
