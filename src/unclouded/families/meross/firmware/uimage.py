"""The header of a U-Boot image, as plugs of hardware 1 are sent it. Source: docs/protocols/meross.md §1.11.2.

magic  CRC of the header  time  size  load  entry  CRC of the data  system architecture type compression  name
4      4                  4     4     4     4      4                1 each                                32
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zlib import crc32

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.meross.firmware.checksums import Checksum, result_of
from unclouded.families.meross.firmware.container import ByteSource, FirmwareContainer, FirmwarePart

MAGIC = bytes.fromhex("27051956")
HEADER = struct.Struct(">4s6I4B32s")
NO_CHECKSUM = bytes(4)
SYSTEMS = {2: "NetBSD", 5: "Linux", 14: "VxWorks", 17: "U-Boot", 18: "RTEMS"}
ARCHITECTURES = {2: "ARM", 3: "x86", 5: "MIPS", 6: "MIPS64", 7: "PowerPC", 22: "ARM64", 26: "RISC-V"}
KINDS = {
    1: "standalone program",
    2: "kernel",
    3: "RAM disk",
    4: "several images",
    5: "firmware",
    6: "script",
    7: "file system",
    8: "device tree",
}
COMPRESSIONS = {0: "none", 1: "gzip", 2: "bzip2", 3: "lzma", 4: "lzo", 5: "lz4", 6: "zstd"}


class UImageHeader(msgspec.Struct, frozen=True):
    """``time``: Unix s. ``size``: bytes of the data that follow. ``header_sum``, ``data_sum``: CRC-32 as they stand.

    ``bytes(header)`` is exact.
    """

    header_sum: int
    time: int
    size: int
    load: int
    entry: int
    data_sum: int
    system: int
    architecture: int
    kind: int
    compression: int
    raw_name: bytes

    def __bytes__(self) -> bytes:
        return HEADER.pack(MAGIC, *msgspec.structs.astuple(self))

    @property
    def name(self) -> str:
        return self.raw_name.split(b"\0", maxsplit=1)[0].decode("ascii", "backslashreplace")

    @property
    def right_header_sum(self) -> int:
        """The CRC-32 of the header, its own field as zeros."""
        data = bytes(self)
        return crc32(data[:4] + NO_CHECKSUM + data[8:])

    def fields(self) -> Mapping[str, int | str]:
        """Its fields by the names that are printed: addresses and sums as hex digits, codes as words."""
        return {
            "header_crc": f"{self.header_sum:08X}",
            "created": _utc(self.time),
            "data_size": self.size,
            "load": f"{self.load:08X}",
            "entry": f"{self.entry:08X}",
            "data_crc": f"{self.data_sum:08X}",
            "system": _named(SYSTEMS, self.system),
            "architecture": _named(ARCHITECTURES, self.architecture),
            "type": _named(KINDS, self.kind),
            "compression": _named(COMPRESSIONS, self.compression),
            "name": self.name,
        }

    def __str__(self) -> str:
        shown = self.fields()
        return (
            f"uImage header: {HEADER.size} bytes, header CRC {shown['header_crc']}, created {shown['created']}, "
            f"{self.size} bytes of data, load address {shown['load']}, entry point {shown['entry']}, "
            f"data CRC {shown['data_crc']}, system {shown['system']}, CPU {shown['architecture']}, "
            f"type {shown['type']}, compression {shown['compression']}, name {self.name!r}"
        )


def read_uimage_header(data: bytes) -> UImageHeader:
    """Raises WireError where it is none."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise WireError("it does not begin with the header of a U-Boot image")
    return UImageHeader(*HEADER.unpack_from(data)[1:])


def read_uimage(source: ByteSource) -> FirmwareContainer:
    """The header of a whole file. Raises WireError where it is none."""
    header = read_uimage_header(source.read(0, HEADER.size))
    there, end = source.size - HEADER.size, HEADER.size + header.size
    head = result_of("its header", "CRC-32", _big_endian(header.header_sum), _big_endian(header.right_header_sum))
    data_sum = Checksum(
        of="its data", begin=HEADER.size, end=end, algorithm="CRC-32", expected=_big_endian(header.data_sum)
    )
    return FirmwareContainer(
        kind="U-Boot image",
        hardware=(1,),
        text=str(header),
        fields=header.fields(),
        parts=(FirmwarePart(name="data", offset=HEADER.size, size=min(header.size, there)),),
        results=(head,),
        checksums=(data_sum,) if there >= header.size else (),
        faults=() if head.fault else tuple(_faults(header.size, there)),
        notes=(f"{there - header.size} bytes follow the data of the image",) if there > header.size else (),
    )


def _faults(size: int, there: int) -> Iterator[str]:
    if not size:
        yield "it has no data"
    if there < size:
        yield f"it is cut off: {there} of {size} bytes"


def _big_endian(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _named(names: Mapping[int, str], number: int) -> str:
    return names.get(number, f"number {number}")


def _utc(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"
