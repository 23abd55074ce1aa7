"""The messages of updates that only gateways have: those of sub-devices, and the code of the packet size.

    controller (module)                                      device (MCU)
    1f length, sub_id, size 4           SubUpdateStart       1d, 1f code        PacketSize: 0 = 256, 1 = 512 …
    20 length, sub_id, offset 4, data   SubUpdateBlock       1e, 20 -           Bare

1d and 1e are UpdateStart and UpdateBlock of every dialect. Answers carry no id: one update at a time.
Source: docs/protocols/tuya_gateway.md §2.8.
"""

from typing import ClassVar

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import OutOfRange, counted, counted_text, must
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart

PACKET_SIZES = (256, 512, 1024, 128)  # bytes of an update block, by code
EMPTY_ID = "the id is empty"


class PacketSize(msgspec.Struct, frozen=True):
    """So many bytes may stand in a block: one of PACKET_SIZES."""

    command: int
    packet_size: int

    def payload(self) -> bytes:
        return bytes((PACKET_SIZES.index(self.packet_size),))


class SubUpdateStart(msgspec.Struct, frozen=True):
    """So many bytes will follow for a sub-device."""

    command: ClassVar[int] = codes.SUB_UPDATE_START
    sub_id: str
    size: int

    def payload(self) -> bytes:
        return counted(self.sub_id) + self.size.to_bytes(4)


class SubUpdateBlock(msgspec.Struct, frozen=True):
    """A part of them; the one without data at the end ends it."""

    command: ClassVar[int] = codes.SUB_UPDATE_BLOCK
    sub_id: str
    offset: int
    data: bytes = b""

    def payload(self) -> bytes:
        return counted(self.sub_id) + self.offset.to_bytes(4) + self.data


def block_problem(block: UpdateBlock | SubUpdateBlock) -> str:
    """What is wrong with a block, "" = nothing."""
    if isinstance(block, SubUpdateBlock) and not block.sub_id:
        return EMPTY_ID
    size = len(block.data)
    return "" if size <= max(PACKET_SIZES) else f"a block has at most {max(PACKET_SIZES)} bytes, not {size}"


def start_problem(start: SubUpdateStart) -> str:
    return "" if start.sub_id else EMPTY_ID


# --- reading ----------------------------------------------------------------------------------------


def read_packet_size(frame: Frame) -> Message:
    must(len(frame.payload) == 1)
    code = frame.payload[0]
    if code >= len(PACKET_SIZES):
        return OutOfRange(frame.command, frame.payload, f"the code of a packet size is 0 to 3, not {code}")
    return PacketSize(frame.command, PACKET_SIZES[code])


def read_update_start(frame: Frame) -> UpdateStart:
    must(len(frame.payload) == 4)
    return UpdateStart(frame.command, int.from_bytes(frame.payload))


def read_update_block(frame: Frame) -> UpdateBlock:
    must(len(frame.payload) >= 4)
    return UpdateBlock(frame.command, int.from_bytes(frame.payload[:4]), frame.payload[4:])


def read_sub_update_start(frame: Frame) -> SubUpdateStart:
    sub_id, behind = counted_text(frame.payload, 0)
    must(len(frame.payload) == behind + 4)
    return SubUpdateStart(sub_id, int.from_bytes(frame.payload[behind:]))


def read_sub_update_block(frame: Frame) -> SubUpdateBlock:
    sub_id, behind = counted_text(frame.payload, 0)
    must(len(frame.payload) >= behind + 4)
    offset = int.from_bytes(frame.payload[behind : behind + 4])
    return SubUpdateBlock(sub_id, offset, frame.payload[behind + 4 :])
