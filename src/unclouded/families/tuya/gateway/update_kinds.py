"""How firmware goes to a gateway's MCU, and to one of its sub-devices. Source: docs/protocols/tuya_gateway.md §2.8."""

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import counted
from unclouded.families.tuya.gateway.wire.sub_device_messages import VersionQuery
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import AnsweredBy
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.update.transfer_kind import TransferKind, UpdateQuestion

ASKS_PID = 1  # version of the frame 01

MCU_FIRMWARE = TransferKind(
    start=codes.UPDATE_START,
    block=codes.UPDATE_BLOCK,
    version=UpdateQuestion(Frame(ASKS_PID, codes.PRODUCT), AnsweredBy(codes.PRODUCT)),
    silent_end=True,
)


def sub_device_firmware(id: str) -> TransferKind:
    """The commands that carry new firmware to this sub-device."""
    return TransferKind(
        start=codes.SUB_UPDATE_START,
        block=codes.SUB_UPDATE_BLOCK,
        version=UpdateQuestion(frame_of(VersionQuery(id)), AnsweredBy(codes.SUB_VERSION)),
        head=counted(id),
        silent_end=True,
    )
