"""Streams and files that stand inside of a firmware file: recognised by a magic number and by what must follow it.

A row of ``STREAMS`` names the magic number and a function that reads the header. It answers None where the header is
not plausible: a magic number alone stands in any large file by chance.
"""

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Callable
from typing import Literal

import msgspec

from unclouded.families.meross.firmware.container import ByteSource
from unclouded.families.meross.firmware.mediatek import HEADER as FOTA_HEADER
from unclouded.families.meross.firmware.mediatek import has_fota_header
from unclouded.families.meross.firmware.uimage import HEADER as UIMAGE_HEADER
from unclouded.families.meross.firmware.uimage import MAGIC as UIMAGE
from unclouded.families.meross.firmware.uimage import read_uimage_header

PROBE = 4096  # bytes of a compressed stream that are tried
PROBE_OUTPUT = 512
LARGEST_DICTIONARY = 64 * 1024 * 1024
DECODER_MEMORY = 2 * LARGEST_DICTIONARY
LARGEST_UNPACKED = 2**32  # bytes that a header of a flash chip's content can mean
LONGEST_PEM = 16 * 1024
MOST_BLOCKS = 65_536  # of one flash file system that are followed

Method = Literal["", "lzma", "gzip", "xz", "bzip2", "deflate"]


class FoundStream(msgspec.Struct, frozen=True, kw_only=True):
    """``size``: bytes in the file, None = known only after unpacking. ``unpacked``: bytes, None = not known.

    ``method``: how ``size`` bytes from ``offset`` + ``skip`` on are packed; "" = they are taken as they are.
    ``suffix``: of a file that it is written to. ``is_opaque``: magic numbers inside of it are there by chance.
    """

    offset: int
    kind: str
    text: str
    size: int | None = None
    unpacked: int | None = None
    method: Method = ""
    skip: int = 0
    suffix: str = "bin"
    is_opaque: bool = False


Recognise = Callable[[ByteSource, int], FoundStream | None]


class StreamKind(msgspec.Struct, frozen=True):
    """A row: the magic number, and what reads the header from its first byte on."""

    magic: bytes
    read: Recognise


# --- compressed streams ------------------------------------------------------------------------------


def _lzma(source: ByteSource, offset: int) -> FoundStream | None:
    """LZMA alone: properties, dictionary (4), unpacked size (8), then the range coder, which begins with 0."""
    data = source.read(offset, PROBE)
    if len(data) < 18 or data[13]:
        return None
    dictionary, unpacked = struct.unpack_from("<IQ", data, 1)
    known = unpacked != 2**64 - 1
    if not _is_dictionary(dictionary) or (known and not 0 < unpacked <= LARGEST_UNPACKED):
        return None
    if not _decodes(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=DECODER_MEMORY), data):
        return None
    size = f"{unpacked} bytes unpacked" if known else "unpacked size not given"
    return FoundStream(
        offset=offset,
        kind="LZMA",
        text=f"LZMA stream: properties {data[0]:02X}, dictionary {dictionary} bytes, {size}",
        unpacked=unpacked if known else None,
        method="lzma",
    )


def _is_dictionary(size: int) -> bool:
    """2^n or 2^n + 2^(n-1), as encoders choose them."""
    top = 1 << size.bit_length() >> 1
    return 4096 <= size <= LARGEST_DICTIONARY and size in (top, top | top >> 1)


def _gzip(source: ByteSource, offset: int) -> FoundStream | None:
    """1F 8B 08, flags, time (4), extra flags, system."""
    data = source.read(offset, PROBE)
    if len(data) < 18 or data[3] & 0xE0 or data[8] not in (0, 2, 4) or not (data[9] <= 13 or data[9] == 255):
        return None
    if not _inflates(data, 31):
        return None
    name = data[10 : data.find(b"\0", 10)] if data[3] & 0x0C == 0x08 else b""
    named = f", name {name[:80].decode('latin-1')!r}" if name else ""
    return FoundStream(offset=offset, kind="gzip", text=f"gzip stream{named}", method="gzip")


def _xz(source: ByteSource, offset: int) -> FoundStream | None:
    """FD 37 7A 58 5A 00, flags (2) and their CRC-32."""
    data = source.read(offset, 12)
    if len(data) < 12 or zlib.crc32(data[6:8]).to_bytes(4, "little") != data[8:]:
        return None
    check = {0: "no check", 1: "CRC-32", 4: "CRC-64", 10: "SHA-256"}.get(data[7])
    if check is None:
        return None
    return FoundStream(offset=offset, kind="xz", text=f"xz stream: {check}", method="xz")


def _bzip2(source: ByteSource, offset: int) -> FoundStream | None:
    """BZh, level, then the number pi of the first block."""
    data = source.read(offset, PROBE)
    if not b"1" <= data[3:4] <= b"9" or data[4:10] != bytes.fromhex("314159265359"):
        return None
    try:
        bz2.BZ2Decompressor().decompress(data, PROBE_OUTPUT)
    except OSError:
        return None
    return FoundStream(offset=offset, kind="bzip2", text=f"bzip2 stream: level {data[3] - 0x30}", method="bzip2")


def _zip_member(source: ByteSource, offset: int) -> FoundStream | None:
    """The header of one file in a ZIP archive."""
    data = source.read(offset, PROBE)
    if len(data) < 30:
        return None
    version, flags, method, _, _, packed, unpacked, name_size, extra = struct.unpack_from("<3HIIII2H", data, 4)
    name = data[30 : 30 + name_size]
    if version > 63 or method not in (0, 8) or not 0 < name_size <= 512 or len(name) < name_size or b"\0" in name:
        return None
    skip = 30 + name_size + extra
    is_known, is_encrypted = not flags & 8, bool(flags & 1)
    if is_known and offset + skip + packed > source.size:
        return None
    how = "encrypted" if is_encrypted else "deflate" if method else "stored"
    return FoundStream(
        offset=offset,
        kind="ZIP member",
        text=f"ZIP member {name[:80].decode('latin-1')!r}: {how}"
        + (f", {packed} bytes, {unpacked} unpacked" if is_known else ""),
        size=skip + packed if is_known else None,
        unpacked=unpacked if is_known and not is_encrypted else None,
        method="deflate" if method and not is_encrypted else "",
        skip=skip,
        is_opaque=is_known,
    )


def _decodes(decoder: lzma.LZMADecompressor, data: bytes) -> bool:
    try:
        return bool(decoder.decompress(data, PROBE_OUTPUT))
    except (lzma.LZMAError, EOFError):
        return False


def _inflates(data: bytes, window: int) -> bool:
    decoder = zlib.decompressobj(window)
    try:
        return bool(decoder.decompress(data, PROBE_OUTPUT)) or decoder.eof
    except zlib.error:
        return False


# --- file systems ------------------------------------------------------------------------------------


def _squashfs(source: ByteSource, offset: int) -> FoundStream | None:
    """Version 4, little-endian: the superblock of 96 bytes."""
    data = source.read(offset, 96)
    if len(data) < 96:
        return None
    inodes, _, block = struct.unpack_from("<3I", data, 4)
    packing, log = struct.unpack_from("<2H", data, 20)
    major, minor = struct.unpack_from("<2H", data, 28)
    size = struct.unpack_from("<Q", data, 40)[0]
    if (major, minor) != (4, 0) or not 12 <= log <= 20 or block != 1 << log or not inodes or size < 96:
        return None
    names = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}
    if packing not in names:
        return None
    text = f"squashfs 4.0: {size} bytes, {inodes} inodes, blocks of {block} bytes, {names[packing]}"
    return _carved(source, offset, size, kind="squashfs", text=text, suffix="squashfs")


def _cramfs(source: ByteSource, offset: int) -> FoundStream | None:
    """Magic, size (4), flags (4), 4, then its name in letters."""
    data = source.read(offset, 64)
    size = int.from_bytes(data[4:8], "little")
    if data[16:32] != b"Compressed ROMFS" or size < 76:
        return None
    return _carved(source, offset, size, kind="cramfs", text=f"cramfs: {size} bytes", suffix="cramfs")


def _jffs2(source: ByteSource, offset: int) -> FoundStream | None:
    """Nodes one after the other, each with a CRC of its header: the magic, type (2), size (4), CRC (4)."""
    order = "<" if source.read(offset, 1) == b"\x85" else ">"
    end, nodes = offset, 0
    while nodes < MOST_BLOCKS:
        data = source.read(end, 12)
        size = _jffs2_node(data, order)
        if not size or end + size > source.size:
            break
        end += (size + 3) & ~3
        nodes += 1
    if not nodes:
        return None
    name = "little-endian" if order == "<" else "big-endian"
    text = f"jffs2, {name}: {nodes} nodes in a row, {end - offset} bytes"
    return _carved(source, offset, end - offset, kind="jffs2", text=text, suffix="jffs2")


def _jffs2_node(data: bytes, order: str) -> int:
    """The size of a node; 0 = it is none."""
    if len(data) < 12 or data[:2] != struct.pack(f"{order}H", 0x1985):
        return 0
    size, crc = struct.unpack_from(f"{order}II", data, 4)
    return int(size) if size >= 12 and zlib.crc32(data[:8], 0xFFFF_FFFF) ^ 0xFFFF_FFFF == crc else 0


def _ubi(source: ByteSource, offset: int) -> FoundStream | None:
    """The header of an erase block: 60 bytes and their CRC. The distance to the next one is the block size."""
    if not _is_ubi(source.read(offset, 64)):
        return None
    for log in range(12, 22):
        if _is_ubi(source.read(offset + (1 << log), 64)):
            break
    else:
        return FoundStream(offset=offset, kind="UBI", text="UBI: one erase block")
    block, blocks = 1 << log, 2
    while blocks < MOST_BLOCKS and _is_ubi(source.read(offset + blocks * block, 64)):
        blocks += 1
    size = min(blocks * block, source.size - offset)
    text = f"UBI: {blocks} erase blocks of {block} bytes"
    return _carved(source, offset, size, kind="UBI", text=text, suffix="ubi")


def _is_ubi(data: bytes) -> bool:
    if len(data) < 64 or data[:5] != b"UBI#\x01":
        return False
    return zlib.crc32(data[:60]) ^ 0xFFFF_FFFF == int.from_bytes(data[60:], "big")


# --- programs and others -----------------------------------------------------------------------------

_MACHINES = {3: "x86", 8: "MIPS", 20: "PowerPC", 40: "ARM", 62: "x86-64", 94: "Xtensa", 183: "ARM64", 243: "RISC-V"}
_PROGRAMS = {1: "object file", 2: "program", 3: "shared object", 4: "core dump"}


def _elf(source: ByteSource, offset: int) -> FoundStream | None:
    data = source.read(offset, 64)
    if len(data) < 64 or data[4] not in (1, 2) or data[5] not in (1, 2) or data[6] != 1:
        return None
    order, is_64 = "<" if data[5] == 1 else ">", data[4] == 2
    kind, machine, version = struct.unpack_from(f"{order}HHI", data, 16)
    at, row, rows = (
        (*struct.unpack_from(f"{order}Q", data, 40), *struct.unpack_from(f"{order}2H", data, 58))
        if is_64
        else (*struct.unpack_from(f"{order}I", data, 32), *struct.unpack_from(f"{order}2H", data, 46))
    )
    if version != 1 or kind not in _PROGRAMS or machine not in _MACHINES:
        return None
    size = at + row * rows  # the table of sections stands at the end
    text = f"ELF {_PROGRAMS[kind]}: {'64' if is_64 else '32'} bits, {_MACHINES[machine]}"
    if not at or offset + size > source.size:
        return FoundStream(offset=offset, kind="ELF", text=text)
    return FoundStream(offset=offset, kind="ELF", text=f"{text}, {size} bytes", size=size, suffix="elf")


def _device_tree(source: ByteSource, offset: int) -> FoundStream | None:
    data = source.read(offset, 40)
    if len(data) < 40:
        return None
    size, structs, strings, reserved, version, compatible = struct.unpack_from(">6I", data, 4)
    places = (structs, strings, reserved)
    if not 16 <= version <= 32 or compatible > version or any(not 40 <= place <= size for place in places):
        return None
    text = f"device tree: version {version}, {size} bytes"
    return _carved(source, offset, size, kind="device tree", text=text, suffix="dtb")


_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{3,40})-----[\r\n]")


def _pem(source: ByteSource, offset: int) -> FoundStream | None:
    """The text from BEGIN to END; the content is not shown."""
    data = source.read(offset, LONGEST_PEM)
    found = _PEM.match(data)
    if found is None:
        return None
    mark = b"-----END " + found[1] + b"-----"
    end = data.find(mark, found.end())
    if end < 0:
        return None
    size, name = end + len(mark), found[1].decode("ascii")
    return FoundStream(
        offset=offset, kind="PEM", text=f"PEM {name}, {size} bytes", size=size, suffix="pem", is_opaque=True
    )


def _uimage(source: ByteSource, offset: int) -> FoundStream | None:
    """One whose header has the right checksum."""
    data = source.read(offset, UIMAGE_HEADER.size)
    if len(data) < UIMAGE_HEADER.size:
        return None
    header = read_uimage_header(data)
    if header.right_header_sum != header.header_sum:
        return None
    size = UIMAGE_HEADER.size + header.size
    if offset + size > source.size:
        return FoundStream(offset=offset, kind="U-Boot image", text=f"{header}; it is cut off")
    return FoundStream(offset=offset, kind="U-Boot image", text=str(header), size=size, suffix="uimage")


def _fota(source: ByteSource, offset: int) -> FoundStream | None:
    data = source.read(offset, FOTA_HEADER)
    if not has_fota_header(data):
        return None
    return FoundStream(offset=offset, kind="MediaTek FOTA package", text=f"MediaTek FOTA header: {FOTA_HEADER} bytes")


def _carved(source: ByteSource, offset: int, size: int, *, kind: str, text: str, suffix: str) -> FoundStream | None:
    """What is taken as it is, as a whole; where the file ends before it, it is listed only."""
    if offset + size > source.size:
        there = source.size - offset
        return FoundStream(offset=offset, kind=kind, text=f"{text}; it is cut off: {there} bytes are there")
    return FoundStream(offset=offset, kind=kind, text=text, size=size, suffix=suffix, is_opaque=True)


STREAMS = (
    StreamKind(b"\x5d\x00\x00", _lzma),
    StreamKind(b"\x1f\x8b\x08", _gzip),
    StreamKind(b"\xfd7zXZ\x00", _xz),
    StreamKind(b"BZh", _bzip2),
    StreamKind(b"PK\x03\x04", _zip_member),
    StreamKind(b"hsqs", _squashfs),
    StreamKind(b"\x45\x3d\xcd\x28", _cramfs),
    *(StreamKind(b"\x85\x19" + kind, _jffs2) for kind in (b"\x01\xe0", b"\x02\xe0", b"\x03\x20", b"\x04\x20")),
    *(StreamKind(b"\x19\x85" + kind, _jffs2) for kind in (b"\xe0\x01", b"\xe0\x02", b"\x20\x03", b"\x20\x04")),
    StreamKind(b"UBI#", _ubi),
    StreamKind(b"\x7fELF", _elf),
    StreamKind(b"\xd0\x0d\xfe\xed", _device_tree),
    StreamKind(b"-----BEGIN ", _pem),
    StreamKind(UIMAGE, _uimage),
    StreamKind(b"MMM", _fota),
)
