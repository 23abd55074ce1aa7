"""A MediaTek FOTA package, as plugs of hardware 2 are sent it. Source: docs/protocols/meross.md §1.11.3.

"MMM" version | number of images | 4 x entry | SHA-1 of what is before          156 bytes, little-endian
each image at its offset, its own SHA-1 after it
"""

import struct
from hashlib import sha1

import msgspec

from unclouded.core.errors import WireError

MAGIC = b"MMM"
MOST_IMAGES = 4
START = struct.Struct("<3sBI")
ENTRY = struct.Struct("<8I")
DIGEST = 20  # bytes
SUMMED = START.size + MOST_IMAGES * ENTRY.size
HEADER = SUMMED + DIGEST


class FotaImage(msgspec.Struct, frozen=True):
    """``offset``, ``length``: bytes in the file. ``address``: where it goes in the flash memory."""

    offset: int
    address: int
    length: int
    is_compressed: bool


class FotaPackage(msgspec.Struct, frozen=True):
    """``faults``: what is damaged, as text."""

    version: int
    images: tuple[FotaImage, ...]
    faults: tuple[str, ...] = ()


def read_fota(data: bytes) -> FotaPackage:
    """The directory of a whole file. Raises WireError where it is none."""
    if len(data) < HEADER or not data.startswith(MAGIC):
        raise WireError("it does not begin with the header of a MediaTek FOTA package")
    _, version, count = START.unpack_from(data)
    images = tuple(_image(data, index) for index in range(min(count, MOST_IMAGES)))
    return FotaPackage(version, images, tuple(_faults(data, count, images)))


def _image(data: bytes, index: int) -> FotaImage:
    offset, address, length, _, _, _, compressed, _ = ENTRY.unpack_from(data, START.size + index * ENTRY.size)
    return FotaImage(offset, address, length, bool(compressed))


def _faults(data: bytes, count: int, images: tuple[FotaImage, ...]) -> list[str]:
    if sha1(data[:SUMMED], usedforsecurity=False).digest() != data[SUMMED:HEADER]:
        return ["the checksum of its header is wrong"]
    if not 1 <= count <= MOST_IMAGES:
        return [f"it names {count} images"]
    faults = (_image_fault(data, number, image) for number, image in enumerate(images, 1))
    return [fault for fault in faults if fault]


def _image_fault(data: bytes, number: int, image: FotaImage) -> str:
    end = image.offset + image.length
    if end + DIGEST > len(data):
        return f"image {number} is cut off: it ends at {end + DIGEST} of {len(data)} bytes"
    content = memoryview(data)[image.offset : end]
    is_right = sha1(content, usedforsecurity=False).digest() == data[end : end + DIGEST]
    return "" if is_right else f"the checksum of image {number} is wrong"
