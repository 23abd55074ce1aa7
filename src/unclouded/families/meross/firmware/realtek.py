"""A Realtek AmebaZ2 firmware image, as plugs of hardware 6 and 8 take it. Source: docs/protocols/meross.md §1.11.4.

signature (32) | 6 public keys (32 each) | sub-image | sub-image …      | sum of all bytes before it
sub-image: header (96) | security table and sections (length of the header) | hash (32)              little-endian
header:    length (4) | next (4) | type | encrypted | key | flags | 8 | serial (4) | 8 | 2 user keys (32 each)

``next`` counts from the header that it stands in (in the first sub-image too); FFFFFFFF: it is the last. The hash is
a SHA-256, usually with a key (HMAC) that the device knows; the published default of the SDK is tried.
"""

import struct
from collections.abc import Iterator

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.meross.firmware.checksums import Checksum
from unclouded.families.meross.firmware.container import ByteSource, FirmwareContainer, FirmwarePart

FIRST = 7 * 32  # bytes before the header of the first sub-image
HEADER = struct.Struct("<IIBBBB8xI8x64x")
FIRST_SECTION = FIRST + 2 * HEADER.size  # after the header and the security table
SECTION_TYPE = FIRST_SECTION + 8
HASH = 32
MOST_SUB_IMAGES = 16
ALIGNMENT = 0x40  # of the end of the last sub-image
LAST, BLANK = 0xFFFF_FFFF, b"\xff"
UNSET_SUMS = (b"\xff" * 4, b"\x1a" * 4)
SDK_KEY = bytes(range(31)) + b"\x5f"  # of the SDK's examples
PATTERN = bytes(range(8))  # in each security table and section header that is in use
TYPES = {2: "RAM code, secure", 3: "RAM code", 4: "RAM code, large", 8: "code in flash"}
SECTION_TYPES = range(0x80, 0x86)


class SubImage(msgspec.Struct, frozen=True):
    """``offset``: of its header; ``length``: bytes between header and hash."""

    number: int
    offset: int
    length: int
    next: int
    type: int
    is_encrypted: bool
    serial: int

    @property
    def end(self) -> int:
        """Where its hash begins."""
        return self.offset + HEADER.size + self.length

    @property
    def text(self) -> str:
        """One line for people; sizes in bytes."""
        kind = TYPES.get(self.type, f"type {self.type}")
        how = ", encrypted" if self.is_encrypted else ""
        return f"sub-image {self.number}: {kind}, {self.length} bytes, serial number {self.serial}{how}"


def has_amebaz2_header(source: ByteSource) -> bool:
    """Whether a file begins like one. There is no magic number: types and patterns at fixed places are."""
    start = source.read(0, SECTION_TYPE + 1)
    if len(start) <= SECTION_TYPE or not start[FIRST : FIRST + 8].strip(BLANK):
        return False
    image = _sub_image(start[FIRST:], 1, FIRST)
    if image.type not in TYPES or start[FIRST + 9] > 1 or image.length < HEADER.size:
        return False
    table = FIRST + HEADER.size
    return image.is_encrypted or (start[table + 8 : table + 16] == PATTERN and start[SECTION_TYPE] in SECTION_TYPES)


def read_amebaz2(source: ByteSource) -> FirmwareContainer:
    """The chain of sub-images of a whole file. Raises WireError where it is none."""
    if not has_amebaz2_header(source):
        raise WireError("it does not begin like a Realtek AmebaZ2 image")
    images = tuple(_sub_images(source))
    faults = tuple(_faults(images, source.size))
    sums = () if faults else tuple(_sum(source, images[-1]))
    serial = images[0].serial
    return FirmwareContainer(
        kind="Realtek AmebaZ2 image",
        hardware=(6, 8),
        text=f"Realtek AmebaZ2 image: {len(images)} sub-images, serial number {serial}",
        fields={"sub_images": len(images), "serial": serial, "signature": source.read(0, HASH).hex().upper()},
        parts=tuple(
            FirmwarePart(
                name=f"sub-image-{image.number}",
                offset=image.offset,
                size=max(min(image.end, source.size) - image.offset, 0),
                text=image.text,
            )
            for image in images
        ),
        checksums=() if faults else (*(_hash(source, image) for image in images), *sums),
        faults=faults,
        notes=() if sums or faults else ("the image carries no sum of its bytes",),
    )


def _sub_images(source: ByteSource) -> Iterator[SubImage]:
    offset = FIRST
    for number in range(1, MOST_SUB_IMAGES + 1):
        header = source.read(offset, HEADER.size)
        if len(header) < HEADER.size:
            return
        image = _sub_image(header, number, offset)
        yield image
        if image.next == LAST or image.next < HEADER.size:
            return
        offset += image.next


def _sub_image(header: bytes, number: int, offset: int) -> SubImage:
    length, next_image, kind, encrypted, _, _, serial = HEADER.unpack_from(header)
    return SubImage(number, offset, length, next_image, kind, bool(encrypted), serial)


def _faults(images: tuple[SubImage, ...], size: int) -> Iterator[str]:
    for image in images:
        end = image.end + HASH
        if end > size:
            yield f"sub-image {image.number} is cut off: it ends at {end} of {size} bytes"
        elif image.next != LAST and image.offset + image.next < end:
            yield f"sub-image {image.number} overlaps the next one"
    last = images[-1]
    if last.next != LAST and len(images) == MOST_SUB_IMAGES:
        yield f"it has more than {MOST_SUB_IMAGES} sub-images"
    elif last.next != LAST and last.offset + last.next < size:
        yield f"the header of sub-image {last.number + 1} is cut off"
    elif last.next != LAST:
        yield f"sub-image {last.number + 1} is missing"


def _hash(source: ByteSource, image: SubImage) -> Checksum:
    """That of the first one covers what is before it too."""
    return Checksum(
        of=f"sub-image {image.number}",
        begin=0 if image.number == 1 else image.offset,
        end=image.end,
        algorithm="SHA-256",
        expected=source.read(image.end, HASH),
        keys=(SDK_KEY,),
        is_keyed=True,
    )


def _sum(source: ByteSource, last: SubImage) -> Iterator[Checksum]:
    """The sum at the very end, where there is one: after the last hash or its padding."""
    end, after_hash = source.size - 4, last.end + HASH
    expected = source.read(end, 4) if end > 0 else b""
    if end in (after_hash, -(-after_hash // ALIGNMENT) * ALIGNMENT) and expected not in UNSET_SUMS:
        yield Checksum(of="the whole image", begin=0, end=end, algorithm="sum of bytes", expected=expected)
