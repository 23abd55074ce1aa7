"""Firmware files made here: there is no real one. Each is whole, with all its checksums."""

import hmac
import lzma
import struct
from hashlib import sha1, sha256
from zlib import crc32

from unclouded.families.meross.firmware.realtek import SDK_KEY

# The header of the real mss310-us-v1-rc0115.bin, of which only these 64 bytes are published.
PUBLISHED = bytes.fromhex("27051956524ceffa5b6b9961000b52c48050000080500000f6cd2850050501007a78726f75746572") + bytes(
    24
)
V1, V2 = "mss310-us-v1-rc0115.bin", "mss310-us-v2-rc0107.bin"
LZMA_PLACE, UNPACKED, DATA_SIZE = 0x2480, 2_179_028, 742_084  # in that file


def uimage(content: bytes, name: bytes = b"zxrouter") -> bytes:
    rest = struct.pack(">4I", 0x5B6B9961, len(content), 0x80500000, 0x80500000)
    rest += struct.pack(">I4B32s", crc32(content), 5, 5, 1, 0, name)
    magic = bytes.fromhex("27051956")
    return magic + struct.pack(">I", crc32(magic + bytes(4) + rest)) + rest + content


def lzma_alone(content: bytes, *, with_size: bool = True) -> bytes:
    """With its size in the header, as routers have it."""
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 8 * 1024 * 1024}]
    packed = lzma.compress(content, lzma.FORMAT_ALONE, filters=filters)
    return packed[:5] + struct.pack("<Q", len(content)) + packed[13:] if with_size else packed


def router_image(content: bytes) -> bytes:
    """As the real file of hardware 1: a loader, then an LZMA stream at 0x2480."""
    loader = b"loader  " * ((LZMA_PLACE - 64) // 8)
    return uimage((loader + lzma_alone(content)).ljust(DATA_SIZE, b"\xff"))


def fota(*contents: bytes, compressed: bool = False) -> bytes:
    offset, entries, body = 156, b"", b""
    for content in contents:
        entries += struct.pack("<8I", offset, 0x8012000, len(content), 0x100000, 0, 0, compressed, 0)
        body += content + sha1(content).digest()
        offset += len(content) + 20
    return fota_header(len(contents), entries) + body


def fota_header(count: int, entries: bytes) -> bytes:
    start = b"MMM\x01" + struct.pack("<I", count) + entries.ljust(128, b"\0")
    return start + sha1(start).digest()


def amebaz2(*contents: bytes, key: bytes = SDK_KEY, with_sum: bool = True) -> bytes:
    """``contents``: of the sub-images, each in one section of RAM. ``key``: of their hashes, b"" = none."""
    whole = b""
    for number, content in enumerate(contents, 1):
        table = struct.pack("<HHI8s", 1, 1, 0, bytes(range(8))).ljust(96, b"\xff")
        section = struct.pack("<IIB", len(content), 0xFFFFFFFF, 0x82).ljust(96, b"\xff")
        data = table + section + content
        is_last = number == len(contents)
        padded = -(-(96 + len(data) + 32) // 0x4000) * 0x4000
        header = struct.pack("<IIBBBB8xI8x", len(data), 0xFFFFFFFF if is_last else padded, 2, 0, 0, 2, 100)
        image = header.ljust(96, b"\xff") + data
        if number == 1:
            whole = _hash(key, image[:96]) + b"\xff" * 192
        covered = whole + image if number == 1 else image
        place = len(whole)
        whole += image + _hash(key, covered)
        whole = whole.ljust(-(-len(whole) // 0x40) * 0x40 if is_last else place + padded, b"\x87")
    return whole + struct.pack("<I", sum(whole)) if with_sum else whole


def _hash(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256") if key else sha256(data).digest()
