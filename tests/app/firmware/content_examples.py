"""Streams as they stand inside of firmware, each whole, and what is recognised of it."""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from typing import NamedTuple

from families.meross.firmware.firmware_examples import fota, lzma_alone, uimage

TEXT = b"U-Boot 1.1.3 (Aug  9 2018)\n" + bytes(range(256)) * 40


class Example(NamedTuple):
    """``content``: what is extracted, None = nothing is."""

    kind: str
    data: bytes
    content: bytes | None
    size_is_known: bool = False


def zip_member() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/passwd", TEXT)
    return file.getvalue()


def jffs2_nodes(order: str) -> bytes:
    def node(body: bytes) -> bytes:
        head = struct.pack(f"{order}HHI", 0x1985, 0xE001, 12 + len(body))
        return head + struct.pack(f"{order}I", zlib.crc32(head, 0xFFFFFFFF) ^ 0xFFFFFFFF) + body

    return node(b"a" * 28) + node(b"b" * 40)


def ubi_blocks(count: int, size: int = 4096) -> bytes:
    head = b"UBI#\x01".ljust(60, b"\0")
    return (head + (zlib.crc32(head) ^ 0xFFFFFFFF).to_bytes(4, "big")).ljust(size, b"\xff") * count


def squashfs(size: int = 4096) -> bytes:
    head = struct.pack("<4s5I6HQQ", b"hsqs", 9, 0, 131072, 1, 1 | 17 << 16, 0, 0, 4, 0, 0, 0, 0, size)
    block = bytearray(head.ljust(96, b"\0"))
    struct.pack_into("<HHHHHH", block, 20, 4, 17, 0, 1, 4, 0)
    struct.pack_into("<QQ", block, 32, 0, size)
    return bytes(block).ljust(size, b"s")


def cramfs(size: int = 4096) -> bytes:
    return (struct.pack("<4I", 0x28CD3D45, size, 0, 0) + b"Compressed ROMFS").ljust(size, b"c")


def elf() -> bytes:
    head = b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIIIIIHHHHHH", 2, 8, 1, 0, 52, 100, 0, 52, 0, 0, 40, 2, 1
    )
    return head.ljust(100 + 80, b"e")


def device_tree(size: int = 200) -> bytes:
    return struct.pack(">10I", 0xD00DFEED, size, 56, 150, 40, 17, 16, 0, 50, 94).ljust(size, b"t")


PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"

EXAMPLES = (
    Example("LZMA", lzma_alone(TEXT), TEXT),
    Example("LZMA", lzma_alone(TEXT, with_size=False), TEXT),
    Example("gzip", gzip.compress(TEXT, mtime=0), TEXT),
    Example("xz", lzma.compress(TEXT), TEXT),
    Example("bzip2", bz2.compress(TEXT), TEXT),
    Example("ZIP member", zip_member(), TEXT, True),
    Example("squashfs", squashfs(), squashfs(), True),
    Example("cramfs", cramfs(), cramfs(), True),
    Example("jffs2", jffs2_nodes("<"), jffs2_nodes("<"), True),
    Example("jffs2", jffs2_nodes(">"), jffs2_nodes(">"), True),
    Example("UBI", ubi_blocks(3), ubi_blocks(3), True),
    Example("ELF", elf(), elf(), True),
    Example("device tree", device_tree(), device_tree(), True),
    Example("PEM", PEM, PEM, True),
    Example("U-Boot image", uimage(b"program"), uimage(b"program"), True),
    Example("MediaTek FOTA package", fota(b"program"), None),
)
