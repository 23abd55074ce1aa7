"""Firmware files: which hardware they are for, and whether they are whole."""

import struct
from hashlib import sha1
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import WireError
from unclouded.families.meross.firmware.image_file import read_firmware, why_not
from unclouded.families.meross.firmware.mediatek import read_fota
from unclouded.families.meross.firmware.uimage import read_uimage

PUBLISHED = bytes.fromhex("27051956524ceffa5b6b9961000b52c48050000080500000f6cd2850050501007a78726f75746572") + bytes(
    24
)
V1, V2 = "mss310-us-v1-rc0115.bin", "mss310-us-v2-rc0107.bin"


def uimage(content: bytes, name: bytes = b"zxrouter") -> bytes:
    rest = struct.pack(">4I", 0x5B6B9961, len(content), 0x80500000, 0x80500000)
    rest += struct.pack(">I4B32s", crc32(content), 5, 5, 1, 0, name)
    magic = bytes.fromhex("27051956")
    return magic + struct.pack(">I", crc32(magic + bytes(4) + rest)) + rest + content


def fota(*contents: bytes) -> bytes:
    offset, entries, body = 156, b"", b""
    for content in contents:
        entries += struct.pack("<8I", offset, 0x8012000, len(content), 0x100000, 0, 0, 1, 0)
        body += content + sha1(content).digest()
        offset += len(content) + 20
    start = b"MMM\x01" + struct.pack("<I", len(contents)) + entries.ljust(128, b"\0")
    return start + sha1(start).digest() + body


def test_the_published_header_has_the_published_values() -> None:
    image = read_uimage(PUBLISHED)
    assert (image.name, image.time, image.size) == ("zxrouter", 1533778273, 742084)
    assert (image.load, image.entry, image.system, image.architecture) == (0x80500000, 0x80500000, 5, 5)
    assert image.faults == ("it is cut off: 0 of 742084 bytes",)  # so the checksum of its header is right


@pytest.mark.parametrize("place", [5, 9, 20, 40])
def test_a_changed_byte_in_the_header_of_a_uimage_is_found(place: int) -> None:
    data = bytearray(uimage(b"program"))
    data[place] ^= 1
    assert read_uimage(bytes(data)).faults == ("the checksum of its header is wrong",)


@given(contents=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4), data=st.data())
def test_any_changed_byte_of_a_package_is_found(contents: list[bytes], data: st.DataObject) -> None:
    whole = fota(*contents)
    assert not read_fota(whole).faults
    assert [image.length for image in read_fota(whole).images] == [len(content) for content in contents]
    changed = bytearray(whole)
    place = data.draw(st.integers(3, len(whole) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    assert read_fota(bytes(changed)).faults


@given(st.binary(max_size=200), st.sampled_from([b"", PUBLISHED[:4], b"MMM"]))
def test_no_file_raises(data: bytes, start: bytes) -> None:
    file = read_firmware(V1, start + data)
    assert why_not(file, "mss310", "1.0.0")


def test_a_short_header_is_none() -> None:
    with pytest.raises(WireError):
        read_uimage(PUBLISHED[:63])
    with pytest.raises(WireError):
        read_fota(b"MMM\x01")


@pytest.mark.parametrize(
    ("name", "data", "product", "hardware", "reason"),
    [
        (V1, uimage(b"program"), "mss310", "1.0.0", ""),
        (V2, fota(b"program"), "mss310", "2.0.0", ""),
        ("other.bin", fota(b"program"), "mss310", "2.0.0", ""),
        (V2, fota(b"program"), "mss310", "1.0.0", "The file is for hardware 2; the plug has hardware 1."),
        ("other.bin", uimage(b"program"), "mss310", "2.0.0", "The file is for hardware 1; the plug has hardware 2."),
        (V1, fota(b"program"), "mss310", "2.0.0", "The file is for hardware 1; the plug has hardware 2."),
        (V2, fota(b"program"), "mss210", "2.0.0", "The file is for the model mss310; the plug is a mss210."),
        (V2, fota(b"program")[:-1], "mss310", "2.0.0", "The file is damaged: image 1 is cut off"),
        (V1, uimage(b"program")[:-1], "mss310", "1.0.0", "The file is damaged: it is cut off: 6 of 7 bytes."),
        ("picture.png", b"\x89PNG", "mss310", "2.0.0", "It is not known what this file is"),
    ],
)  # fmt: skip
def test_a_plug_is_not_sent_a_file_of_other_hardware(
    name: str, data: bytes, product: str, hardware: str, reason: str
) -> None:
    found = why_not(read_firmware(name, data), product, hardware)
    assert found.startswith(reason) and bool(found) == bool(reason)
