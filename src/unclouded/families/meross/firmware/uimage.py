"""The header of a U-Boot image, as plugs of hardware 1 are sent it. Source: docs/protocols/meross.md §1.11.2.

magic  CRC of the header  time  size  load  entry  CRC of the data  system architecture type compression  name
4      4                  4     4     4     4      4                1 each                                32
"""

import struct
from zlib import crc32

import msgspec

from unclouded.core.errors import WireError

MAGIC = bytes.fromhex("27051956")
HEADER = struct.Struct(">4s6I4B32s")
NO_CHECKSUM = bytes(4)


class UImage(msgspec.Struct, frozen=True):
    """``time``: Unix s. ``size``: bytes of the data that follow the header. ``faults``: what is damaged, as text."""

    name: str
    time: int
    size: int
    load: int
    entry: int
    system: int
    architecture: int
    kind: int
    compression: int
    faults: tuple[str, ...] = ()


def read_uimage(data: bytes) -> UImage:
    """The header of a whole file. Raises WireError where it is none."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise WireError("it does not begin with the header of a U-Boot image")
    _, header_sum, time, size, load, entry, data_sum, system, architecture, kind, compression, name = (
        HEADER.unpack_from(data)
    )
    return UImage(
        name=name.split(b"\0", maxsplit=1)[0].decode("ascii", "replace"),
        time=time,
        size=size,
        load=load,
        entry=entry,
        system=system,
        architecture=architecture,
        kind=kind,
        compression=compression,
        faults=tuple(_faults(data, header_sum, size, data_sum)),
    )


def _faults(data: bytes, header_sum: int, size: int, data_sum: int) -> list[str]:
    if crc32(data[:4] + NO_CHECKSUM + data[8 : HEADER.size]) != header_sum:
        return ["the checksum of its header is wrong"]
    content = data[HEADER.size :]
    if len(content) < size:
        return [f"it is cut off: {len(content)} of {size} bytes"]
    return [] if crc32(content[:size]) == data_sum else ["the checksum of its data is wrong"]
