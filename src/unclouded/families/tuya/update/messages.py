"""How new firmware, or a file, goes to an MCU: its size, then block after block, each acknowledged.

    controller (module)                                              device (MCU)
    0a/31/0d size 4                          UpdateStart             0a/31 code     Result: 0 = 256, 1 = 512, 2 = 1024
    0a size 4, MD5 32, channel, version 3    UpdateStart             0d -           Bare
    0b/32/0e [channel] offset 4, data        UpdateBlock             0b/32/0e -     Bare

0a and 0b carry firmware, 31 and 32 a file, 0d and 0e are a battery device's. A block without data at the end of the
file ends it. Frames to one of several MCUs have version 1 and name its channel.
Source: docs/protocols/tuya_wifi.md §1.1, §2.4.12, §2.4.23; docs/protocols/tuya_low_power.md §3.11.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.families.tuya.line.framing import Frame

SUB_VERSION = 1  # of frames to one of several MCUs; a module's others have version 0
BLOCK_SIZES: Mapping[int, int] = {0: 256, 1: 512, 2: 1024}  # bytes, by the code that the MCU answers
LARGEST_BLOCK = 1024
BLOCK_HEAD = 5  # bytes before a block's data at most: channel and offset

PLAIN, WITH_CHANNEL = 4, 40  # bytes of a start
DIGEST = 32  # characters of an MD5


class UpdateStart(msgspec.Struct, frozen=True):
    """So many bytes will follow. ``channel``: of several MCUs, the one they are for; then ``version`` is theirs."""

    command: int
    size: int
    md5: str = ""
    channel: int | None = None
    version: tuple[int, ...] = ()

    def payload(self) -> bytes:
        channel = () if self.channel is None else (self.channel,)
        return self.size.to_bytes(4) + self.md5.encode("ascii") + bytes((*channel, *self.version))


class UpdateBlock(msgspec.Struct, frozen=True):
    """A part of them; the one without data at the end ends it. ``channel``: of several MCUs, the one it is for."""

    command: int
    offset: int
    data: bytes = b""
    channel: int | None = None

    def payload(self) -> bytes:
        head = b"" if self.channel is None else bytes((self.channel,))
        return head + self.offset.to_bytes(4) + self.data


def read_start(frame: Frame) -> UpdateStart | None:
    """Raises ValueError where its MD5 is not text."""
    data = frame.payload
    size = int.from_bytes(data[:4])
    if len(data) == PLAIN:
        return UpdateStart(frame.command, size)
    if len(data) != WITH_CHANNEL:
        return None
    channel, *version = data[PLAIN + DIGEST :]
    return UpdateStart(frame.command, size, data[PLAIN : PLAIN + DIGEST].decode("ascii"), channel, tuple(version))


def read_block(frame: Frame) -> UpdateBlock | None:
    data = frame.payload
    channel, data = (data[0], data[1:]) if frame.version == SUB_VERSION and data else (None, data)
    return UpdateBlock(frame.command, int.from_bytes(data[:4]), data[4:], channel) if len(data) >= 4 else None


def update_fields(message: UpdateStart | UpdateBlock) -> dict[str, Any]:  # Any: JSON types
    """Named fields for people; what the plain form does not have is left out."""
    match message:
        case UpdateStart(size=size, channel=None):
            return {"size": size}
        case UpdateStart(size=size, md5=md5, channel=channel, version=version):
            return {"size": size, "md5": md5, "channel": channel, "version": ".".join(map(str, version))}
        case UpdateBlock(offset=offset, data=data, channel=channel):
            named = {"offset": offset, "data": data.hex()}
            return named if channel is None else {**named, "channel": channel}
