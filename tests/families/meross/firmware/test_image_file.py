"""Firmware files: which hardware they are for, and whether they are whole."""

import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.meross.firmware.firmware_examples import PUBLISHED, V1, V2, amebaz2, fota, fota_header, uimage
from unclouded.core.errors import WireError
from unclouded.families.meross.firmware.checksums import Checksum, RunningChecksums
from unclouded.families.meross.firmware.container import BytesSource, FirmwareContainer
from unclouded.families.meross.firmware.image_file import FirmwareName, read_firmware, read_name, why_not
from unclouded.families.meross.firmware.mediatek import read_fota
from unclouded.families.meross.firmware.realtek import read_amebaz2
from unclouded.families.meross.firmware.uimage import UImageHeader, read_uimage, read_uimage_header


def header_of(data: bytes) -> FirmwareContainer:
    container = read_firmware("", data).container
    assert container is not None
    return container


# --- hardware 1 --------------------------------------------------------------------------------------


def test_the_published_header_has_the_published_values() -> None:
    header = read_uimage_header(PUBLISHED)
    assert (header.name, header.time, header.size) == ("zxrouter", 1533778273, 742084)
    assert (header.load, header.entry, header.system, header.architecture) == (0x80500000, 0x80500000, 5, 5)
    assert bytes(header) == PUBLISHED
    file = read_firmware(V1, PUBLISHED)
    assert file.faults == ("it is cut off: 0 of 742084 bytes",)
    assert [result.verdict for result in file.results] == ["right"], "of its header; that of the data is not there"


def test_a_header_made_of_the_published_figures_has_the_published_checksum() -> None:
    figures = (1533778273, 742084, 0x80500000, 0x80500000, 0xF6CD2850, 5, 5, 1, 0, b"zxrouter".ljust(32, b"\0"))
    assert UImageHeader(0, *figures).right_header_sum == 0x524CEFFA
    assert bytes(UImageHeader(0x524CEFFA, *figures)) == PUBLISHED


@pytest.mark.parametrize("place", [5, 9, 20, 40])
def test_a_changed_byte_in_the_header_of_a_uimage_is_found(place: int) -> None:
    data = bytearray(uimage(b"program"))
    data[place] ^= 1
    assert read_firmware("", bytes(data)).faults[0] == "the checksum of its header is wrong"


def test_both_checksums_of_a_uimage_are_verified() -> None:
    whole = uimage(b"program")
    assert [result.verdict for result in read_firmware("", whole).results] == ["right", "right"]
    changed = whole[:-1] + b"!"
    assert [result.verdict for result in read_firmware("", changed).results] == ["right", "wrong"]
    assert read_firmware("", changed).faults == ("the checksum of its data is wrong",)
    assert read_firmware("", PUBLISHED + bytes(742084)).faults == ("the checksum of its data is wrong",)
    assert header_of(whole + b"more").notes == ("4 bytes follow the data of the image",)


# --- hardware 2 --------------------------------------------------------------------------------------


@given(contents=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4), data=st.data())
def test_any_changed_byte_of_a_package_is_found(contents: list[bytes], data: st.DataObject) -> None:
    whole = fota(*contents)
    assert not read_firmware(V2, whole).faults
    assert [part.size for part in header_of(whole).parts] == [len(content) for content in contents]
    changed = bytearray(whole)
    place = data.draw(st.integers(3, len(whole) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    assert read_firmware(V2, bytes(changed)).faults


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([(156, 100), (200, 100)], "images 1 and 2 overlap"),
        ([(300, 50), (156, 200)], "images 2 and 1 overlap"),
        ([(156, 100), (275, 100)], "images 1 and 2 overlap"),  # in the last byte of the SHA-1 of image 1
        ([(0, 100)], "image 1 begins inside of the header"),
        ([(156, 2**32 - 1)], "image 1 is cut off: it ends at 4294967471 of 556 bytes"),
        ([(2**32 - 1, 2**32 - 1)], "image 1 is cut off: it ends at 8589934610 of 556 bytes"),
        ([(156, 0)], "image 1 is empty"),
        ([], "it names no images"),
    ],
)
def test_images_at_impossible_places_are_faults(entries: list[tuple[int, int]], fault: str) -> None:
    rows = b"".join(struct.pack("<8I", offset, 0, length, 0, 0, 0, 0, 0) for offset, length in entries)
    data = fota_header(len(entries), rows) + bytes(400)
    assert fault in read_firmware("", data).faults


def test_an_image_without_data_is_damaged_though_its_checksums_are_right() -> None:
    file = read_firmware(V1, uimage(b""))
    assert all(result.verdict == "right" for result in file.results) and file.faults == ("it has no data",)


def test_bytes_after_the_data_are_noted_and_no_fault() -> None:
    exact, longer = (read_firmware(V1, uimage(b"program") + rest) for rest in (b"", b"xy"))
    assert exact.container is not None and exact.container.notes == ()
    assert longer.container is not None and longer.container.notes == ("2 bytes follow the data of the image",)
    assert longer.faults == ()


def test_a_package_that_names_more_images_than_it_can_have_is_damaged() -> None:
    data = fota_header(2**32 - 1, b"") + bytes(400)
    assert "it names 4294967295 images" in read_firmware("", data).faults


# --- hardware 6 and 8 --------------------------------------------------------------------------------


def test_an_amebaz2_image_has_sub_images_hashes_and_a_sum() -> None:
    file = read_firmware("", amebaz2(b"one" * 100, b"two" * 7000))
    assert (file.kind, file.hardware, file.faults) == ("Realtek AmebaZ2 image", (6, 8), ())
    container = file.container
    assert container is not None and container.fields["sub_images"] == 2
    assert [part.name for part in container.parts] == ["sub-image-1", "sub-image-2"]
    assert [(one.of, one.verdict) for one in file.results] == [
        ("sub-image 1", "right"),
        ("sub-image 2", "right"),
        ("the whole image", "right"),
    ]


def test_hashes_with_a_key_of_the_device_prove_nothing() -> None:
    file = read_firmware("", amebaz2(b"one" * 100, key=b"k" * 32))
    assert [one.verdict for one in file.results] == ["unknown", "right"] and not file.faults
    without = read_firmware("", amebaz2(b"one" * 100, key=b"k" * 32, with_sum=False))
    assert [one.verdict for one in without.results] == ["unknown"]
    assert without.container is not None and without.container.notes == ("the image carries no sum of its bytes",)
    unkeyed = read_firmware("", amebaz2(b"one" * 100, key=b""))
    assert [one.verdict for one in unkeyed.results] == ["right", "right"]


@given(st.data())
def test_a_changed_byte_of_an_amebaz2_image_is_found_by_its_sum(data: st.DataObject) -> None:
    whole = amebaz2(b"one" * 20)
    changed = bytearray(whole)
    place = data.draw(st.integers(480, len(whole) - 1))
    changed[place] = (changed[place] + data.draw(st.integers(1, 255))) % 256
    file = read_firmware("", bytes(changed))
    assert file.faults or file.container is None or file.container.notes, "its sum is wrong, or it has none any more"


@pytest.mark.parametrize("length", [600, 700, 16_384, 17_000])
def test_an_amebaz2_image_that_is_cut_off_is_damaged(length: int) -> None:
    file = read_firmware("", amebaz2(b"one" * 100, b"two" * 7000)[:length])
    assert file.faults


def test_a_chain_of_sub_images_ends() -> None:
    data = bytearray(amebaz2(b"one" * 100))
    data[224 + 4 : 224 + 8] = struct.pack("<I", 96)
    file = read_firmware("", bytes(data))
    assert "sub-image 1 overlaps the next one" in file.faults


def test_a_chain_of_more_sub_images_than_there_can_be_is_damaged() -> None:
    header = struct.pack("<IIB", 0, 128, 2).ljust(96, b"\xff") + bytes(32)
    data = bytearray(amebaz2(header * 100))
    data[224 + 4 : 224 + 8] = struct.pack("<I", 512 - 224)
    assert "it has more than 16 sub-images" in read_firmware("", bytes(data)).faults


# --- any file ----------------------------------------------------------------------------------------


@given(st.binary(max_size=700), st.sampled_from([b"", PUBLISHED[:4], b"MMM", PUBLISHED, amebaz2(b"x")[:300]]))
def test_no_file_raises(data: bytes, start: bytes) -> None:
    file = read_firmware(V1, start + data)
    assert why_not(file, "mss310", "1.0.0")


@given(
    st.sampled_from([uimage(b"program" * 9), fota(b"program", b"x" * 50), amebaz2(b"program" * 3)]),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 2000),
)
def test_no_mutated_image_raises(image: bytes, changes: list[tuple[int, bytes]], length: int) -> None:
    data = bytearray(image)
    for place, change in changes:
        data[place : place + len(change)] = change
    file = read_firmware(V1, bytes(data[:length] if length else data))
    why_not(file, "mss310", "1.0.0")
    assert file.kind == "unknown" or file.results or file.faults


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_checksums_do_not_depend_on_the_pieces(data: bytes, sizes: list[int]) -> None:
    expected = crc32(data[10:200]).to_bytes(4, "big")
    running = RunningChecksums([Checksum(of="x", begin=10, end=200, algorithm="CRC-32", expected=expected)])
    offset = step = 0
    while offset < len(data):
        piece = data[offset : offset + sizes[step % len(sizes)]]
        running.feed(offset, piece)
        offset, step = offset + len(piece), step + 1
    assert [result.verdict for result in running.results()] == ["right"]


def test_a_short_header_is_none() -> None:
    for read, data in ((read_uimage, PUBLISHED[:63]), (read_fota, b"MMM\x01"), (read_amebaz2, bytes(300))):
        with pytest.raises(WireError):
            read(BytesSource(data))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (V1, FirmwareName("mss310", "us", 1, "rc0115")),
        ("MSS310R-EU-V6-rc0012", FirmwareName("mss310r", "eu", 6, "rc0012")),
        (f"1f0c77ab-{V2}", FirmwareName("mss310", "us", 2, "rc0107")),
        ("pump-1.0.2.bin", FirmwareName()),
        ("mss310-us-v1-", FirmwareName()),
        ("", FirmwareName()),
    ],
)
def test_names_say_model_region_hardware_and_build(name: str, read: FirmwareName) -> None:
    assert read_name(name) == read


@pytest.mark.parametrize(
    ("name", "data", "product", "hardware", "reason"),
    [
        (V1, uimage(b"program"), "mss310", "1.0.0", ""),
        (V2, fota(b"program"), "mss310", "2.0.0", ""),
        ("other.bin", fota(b"program"), "mss310", "2.0.0", ""),
        ("other.bin", amebaz2(b"program"), "mss310", "6.0.0", ""),
        ("other.bin", amebaz2(b"program"), "mss305", "8.0.0", ""),
        ("other.bin", amebaz2(b"program"), "mss310", "2.0.0", "The file is for hardware 6 or 8; the plug has"),
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


@pytest.mark.parametrize(("name", "region", "is_sent"), [(V2, "us", True), (V2, "", True), ("x.bin", "eu", True)])
@pytest.mark.parametrize("other", ["eu", "UK"])
def test_a_plug_is_not_sent_a_file_for_another_region(name: str, region: str, is_sent: bool, other: str) -> None:
    file = read_firmware(name, fota(b"program"))
    assert (why_not(file, "mss310", "2.0.0", region) == "") is is_sent
    refused = why_not(read_firmware(V2, fota(b"program")), "mss310", "2.0.0", other)
    assert refused.startswith(f"The file is for the region us; the plug has the region {other}.")
