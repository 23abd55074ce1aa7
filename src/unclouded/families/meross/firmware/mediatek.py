"""A MediaTek FOTA package, as plugs of hardware 2 are sent it. Source: docs/protocols/meross.md §1.11.3.

"MMM" version | number of images | 4 x entry | SHA-1 of what is before          156 bytes, little-endian
each image at its offset, its own SHA-1 after it
"""

import struct
from collections.abc import Sequence
from hashlib import sha1
from itertools import pairwise

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.meross.firmware.checksums import Checksum, result_of
from unclouded.families.meross.firmware.container import ByteSource, FirmwareContainer, FirmwarePart

MAGIC = b"MMM"
MOST_IMAGES = 4
START = struct.Struct("<3sBI")
ENTRY = struct.Struct("<8I")
DIGEST = 20  # bytes
SUMMED = START.size + MOST_IMAGES * ENTRY.size
HEADER = SUMMED + DIGEST


class FotaImage(msgspec.Struct, frozen=True):
    """``offset``, ``length``: bytes in the file. ``address``: where it goes in the flash memory. ``signature_…``: as
    they stand; what they mean beside the SHA-1 after each image, no source says.
    """

    number: int
    offset: int
    address: int
    length: int
    partition_length: int
    signature_offset: int
    signature_length: int
    is_compressed: bool

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def text(self) -> str:
        """One line for people; sizes in bytes."""
        how = "LZMA" if self.is_compressed else "not compressed"
        signed = f", signature of {self.signature_length} bytes at {self.signature_offset}"
        return (
            f"image {self.number}: {self.length} bytes, {how}, to address {self.address:08X}, "
            f"partition of {self.partition_length} bytes{signed if self.signature_length else ''}"
        )


def has_fota_header(data: bytes) -> bool:
    """Whether a header begins here whose own SHA-1 is right."""
    return data.startswith(MAGIC) and len(data) >= HEADER and _digest(data[:SUMMED]) == data[SUMMED:HEADER]


def read_fota(source: ByteSource) -> FirmwareContainer:
    """The directory of a whole file. Raises WireError where it is none."""
    data = source.read(0, HEADER)
    if len(data) < HEADER or not data.startswith(MAGIC):
        raise WireError("it does not begin with the header of a MediaTek FOTA package")
    _, version, count = START.unpack_from(data)
    images = tuple(_image(data, index) for index in range(min(count, MOST_IMAGES)))
    head = result_of("its header", "SHA-1", data[SUMMED:HEADER], _digest(data[:SUMMED]))
    whole = [image for image in images if not _place_fault(image, source.size)]
    return FirmwareContainer(
        kind="MediaTek FOTA package",
        hardware=(2,),
        text=f"MediaTek FOTA header: {HEADER} bytes, version {version}, {count} image{'' if count == 1 else 's'}",
        fields={"version": version, "images": count, "header_sha1": data[SUMMED:HEADER].hex().upper()},
        parts=tuple(_part(image, source.size) for image in images),
        results=(head,),
        checksums=tuple(_checksum(source, image) for image in whole),
        faults=() if head.fault else tuple(_faults(count, images, source.size)),
    )


def _image(data: bytes, index: int) -> FotaImage:
    offset, address, length, partition, at, signature, compressed, _ = ENTRY.unpack_from(
        data, START.size + index * ENTRY.size
    )
    return FotaImage(index + 1, offset, address, length, partition, at, signature, bool(compressed))


def _part(image: FotaImage, size: int) -> FirmwarePart:
    return FirmwarePart(
        name=f"image-{image.number}",
        offset=image.offset,
        size=max(min(image.end, size) - image.offset, 0),
        compressed="lzma" if image.is_compressed else "",
        text=image.text,
    )


def _checksum(source: ByteSource, image: FotaImage) -> Checksum:
    expected = source.read(image.end, DIGEST)
    return Checksum(of=f"image {image.number}", begin=image.offset, end=image.end, algorithm="SHA-1", expected=expected)


def _faults(count: int, images: Sequence[FotaImage], size: int) -> list[str]:
    if not 1 <= count <= MOST_IMAGES:
        return [f"it names {count or 'no'} images"]
    faults = [fault for image in images if (fault := _place_fault(image, size))]
    for one, next_one in pairwise(sorted(images, key=lambda image: image.offset)):
        if next_one.offset < one.end + DIGEST:
            faults.append(f"images {one.number} and {next_one.number} overlap")
    return faults


def _place_fault(image: FotaImage, size: int) -> str:
    end = image.end + DIGEST
    if not image.length:
        return f"image {image.number} is empty"
    if image.offset < HEADER:
        return f"image {image.number} begins inside of the header"
    return f"image {image.number} is cut off: it ends at {end} of {size} bytes" if end > size else ""


def _digest(data: bytes) -> bytes:
    return sha1(data, usedforsecurity=False).digest()
