"""New firmware of a simulated gateway and of its sub-devices. Source: docs/protocols/tuya_gateway.md §2.8."""

from unclouded.families.tuya.gateway.mcu.options import GatewayOptions
from unclouded.families.tuya.gateway.mcu.sub_devices import McuSubDevices
from unclouded.families.tuya.gateway.update_kinds import MCU_FIRMWARE, sub_device_firmware
from unclouded.families.tuya.gateway.wire.update_messages import SubUpdateBlock, SubUpdateStart
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart
from unclouded.families.tuya.update.receiver import PacketResult, UpdateTarget


class McuUpdates:
    """What the gateway and its sub-devices have received; its faults are those that it has from the start."""

    def __init__(self, options: GatewayOptions, devices: McuSubDevices) -> None:
        self._faults = options.faults
        self._devices = devices
        self._own = UpdateTarget(options.firmware, (MCU_FIRMWARE,), self._faults)
        self._of_sub_devices: dict[str, UpdateTarget] = {}

    @property
    def version(self) -> str:
        """Of the gateway's own firmware."""
        return self._own.version

    def restarted(self) -> None:
        """The gateway has started again: an update of its own that was not received as a whole is lost."""
        self._own.restarted()

    def received(self, message: Message) -> PacketResult:
        """A packet, and what is answered; ``restarts`` where the gateway itself does."""
        match message:
            case UpdateStart() | UpdateBlock():
                return self._own.received(message) or PacketResult()
            case SubUpdateStart(sub_id=id, size=size):
                return self._of(id, UpdateStart(message.command, size))
            case SubUpdateBlock(sub_id=id, offset=offset, data=data):
                return self._of(id, UpdateBlock(message.command, offset, data))
        return PacketResult()

    def _of(self, id: str, message: UpdateStart | UpdateBlock) -> PacketResult:
        """Of a sub-device, which restarts by itself."""
        one = self._devices.get(id)
        if one is None or not one.is_there or not one.spec.updatable:
            return PacketResult()
        target = self._of_sub_devices.setdefault(
            id, UpdateTarget(one.version, (sub_device_firmware(id),), self._faults)
        )
        packet = target.received(message) or PacketResult()
        one.version = target.version
        return PacketResult(packet.answer)
