"""A file of firmware: what it is, what stands in it, and that hostile content costs little."""

import hashlib
import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.firmware.content_examples import EXAMPLES, TEXT, Example
from families.meross.firmware.firmware_examples import (
    LZMA_PLACE,
    PUBLISHED,
    UNPACKED,
    V1,
    amebaz2,
    fota,
    lzma_alone,
    router_image,
    uimage,
)
from unclouded.app.firmware import inspection as inspection_module
from unclouded.app.firmware.content_hints import hints
from unclouded.app.firmware.inspection import MOST_STREAMS, MOST_TRIES, Inspection, inspect
from unclouded.app.firmware.opening import opened
from unclouded.app.firmware.report import report_of
from unclouded.core.errors import CommandError
from unclouded.families.meross.firmware.container import BytesSource


def inspected(data: bytes, name: str = "file.bin") -> Inspection:
    return inspect(name, BytesSource(data))


def test_the_published_figures_of_the_file_of_hardware_1() -> None:
    """Only header, place and sizes of the real file are known; the rest is made."""
    found = inspected(router_image(bytes(UNPACKED)), V1)
    assert (found.size, found.file.name.model, found.file.hardware, found.file.faults) == (742_148, "mss310", (1,), ())
    (stream,) = found.streams
    assert (stream.offset, stream.kind, stream.unpacked) == (LZMA_PLACE, "LZMA", UNPACKED)
    assert stream.text == f"LZMA stream: properties 5D, dictionary 8388608 bytes, {UNPACKED} bytes unpacked"
    with_published_header = PUBLISHED + router_image(bytes(UNPACKED))[64:]
    checked = inspected(with_published_header, V1)
    assert [(one.verdict, one.expected) for one in checked.file.results] == [
        ("right", "524CEFFA"),
        ("wrong", "F6CD2850"),
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind)
@pytest.mark.parametrize("offset", [0, 1, 9344, 1024 * 1024 - 3])
def test_a_stream_is_recognised_wherever_it_stands(example: Example, offset: int) -> None:
    data = (b"." * offset) + example.data + b"." * 64
    found = inspected(data).streams
    if offset or example.kind not in ("U-Boot image", "MediaTek FOTA package"):  # at 0 they are the file itself
        assert (found[0].offset, found[0].kind) == (offset, example.kind)
        assert (found[0].size is not None) == example.size_is_known
        assert all(one.kind == "U-Boot image" for one in found[1:]) or example.kind == "UBI"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind)
def test_a_magic_number_alone_is_no_stream(example: Example) -> None:
    for size in (3, 4, 6, 8, 10):
        assert inspected(b"...." + example.data[:size] + b"\xa7" * 300).streams == ()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind)
def test_streams_that_are_cut_off_are_listed_or_left_out_and_never_raise(example: Example) -> None:
    for size in range(0, min(len(example.data), 200)):
        inspected(b"...." + example.data[:size])


def test_what_stands_inside_of_a_file_system_is_not_listed_by_chance() -> None:
    example = next(one for one in EXAMPLES if one.kind == "squashfs")
    certificate = b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"
    data = example.data[:200] + certificate + example.data[200 + len(certificate) :]
    assert len(data) == len(example.data)
    assert [one.kind for one in inspected(b"." + data).streams] == ["squashfs"]


def test_version_texts_are_listed_once() -> None:
    data = b"\0".join(
        [b"Linux version 2.6.36 (root@build)", b"SDK_V4.6.2", b"x version=2.1.7 SDK_V4.6.2", b"SDK_V4.6.2"]
    )
    assert inspected(data).versions == ("Linux version 2.6.36 (root@build)", "SDK_V4.6.2", "version=2.1.7 SDK_V4.6.2")


def test_a_mark_inside_of_a_version_text_begins_no_other() -> None:
    assert inspected(b"\0version=2.1.7 SDK_V4.6.2\0").versions == ("version=2.1.7 SDK_V4.6.2",)


def test_a_plausible_lzma_header_before_other_bytes_is_no_stream() -> None:
    head = b"\x5d" + (8 * 1024 * 1024).to_bytes(4, "little") + (1000).to_bytes(8, "little") + b"\0"
    assert inspected(b"...." + head + b"\xff" * 300).streams == ()


def test_the_hash_and_the_checksums_are_those_of_the_whole_file_however_long_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inspection_module, "PIECE", 4096)
    data = uimage(os.urandom(50_001))
    found = inspected(data)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert [one.verdict for one in found.file.results] == ["right", "right"]


# --- hostile content ---------------------------------------------------------------------------------

WORST = {
    "LZMA magic": b"\x5d\x00\x00",
    "plausible LZMA headers": b"\x5d\x00\x00\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
    "gzip magic": b"\x1f\x8b\x08",
    "plausible gzip headers": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "ZIP members": b"PK\x03\x04\x14\x00\x00\x00\x00\x00".ljust(26, b"\0") + b"\x01\0\0\0a",
    "PEM": b"-----BEGIN A-----\n",
    "empty certificates": b"-----BEGIN AAA-----\n-----END AAA-----",
    "UBI": b"UBI#\x01",
    "U-Boot images": uimage(b""),
    "version marks": b"version=",
    "zeros": b"\0",
    "ones": b"\xff",
}


@pytest.mark.parametrize("name", WORST)
def test_repeats_of_the_worst_bytes_are_looked_at_a_bounded_number_of_times(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads of the source are counted: a constant for the looks at places, and one for each piece."""

    class Counted(BytesSource):
        reads = 0

        def read(self, offset: int, size: int) -> bytes:
            self.reads += 1
            return super().read(offset, size)

    word = WORST[name]
    source = Counted(b"...." + word * (2 * 1024 * 1024 // len(word)))
    found = inspect("file.bin", source)
    assert len(found.streams) <= MOST_STREAMS
    assert source.reads <= 3 * (MOST_STREAMS + MOST_TRIES) + 20
    if len(found.streams) == MOST_STREAMS:
        assert any("streams" in note for note in found.notes), "it says so"


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.write(uimage(b"x"))
        file.truncate(200 * 1024 * 1024)  # a hole: no disk
    tracemalloc.start()
    try:
        report_of(path)
        assert tracemalloc.get_traced_memory()[1] < 24 * 1024 * 1024
    finally:
        tracemalloc.stop()


IMAGES = (
    uimage(b"loader" * 50 + lzma_alone(TEXT)),
    fota(lzma_alone(TEXT), b"x" * 50, compressed=True),
    amebaz2(b"program" * 30 + EXAMPLES[2].data),
    b"".join(example.data for example in EXAMPLES),
)


@given(
    st.sampled_from(IMAGES),
    st.lists(st.tuples(st.integers(0, 40_000), st.binary(min_size=1, max_size=12)), max_size=8),
    st.integers(0, 40_000),
)
@settings(max_examples=150, deadline=None)
def test_no_mutated_image_raises(image: bytes, changes: list[tuple[int, bytes]], length: int) -> None:
    data = bytearray(image)
    for place, change in changes:
        at = place % len(data)
        data[at : at + len(change)] = change
    found = inspected(bytes(data[: length or len(data)]))
    assert all(0 <= one.offset < found.size for one in found.streams)


# --- files -------------------------------------------------------------------------------------------


def test_what_is_no_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    pipe, empty = tmp_path / "pipe", tmp_path / "empty.bin"
    os.mkfifo(pipe)
    empty.touch()
    for path, text in (
        (tmp_path / "gone.bin", "cannot be read: No such file or directory"),
        (tmp_path, "is a folder"),
        (pipe, "is not a file but a pipe"),
        (empty, "is empty"),
        (Path("/dev/zero"), "is not a file but a pipe, socket or device"),
        (Path("a\0b"), "is not a valid file name"),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        with pytest.raises(CommandError, match=text):
            report_of(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.bin"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(CommandError, match="Permission denied"):
        report_of(path)


def test_a_file_that_is_made_shorter_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fw.bin"
    path.write_bytes(bytes(1000))
    with opened(path) as source:
        os.truncate(path, 10)
        with pytest.raises(CommandError, match="made shorter while it was read"):
            source.read(0, 1000)


# --- files of unknown kind ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (struct.pack("<2I", 0x20002000, 0x08000101) + bytes(100), "vector table of a Cortex-M"),
        (b":10010000214601360121470136007EFE09D2190140\n" * 20, "Intel HEX"),
        (b"S00F000068656C6C6F202020202000003C\n" * 20, "Motorola S-records"),
        (b"\xe9\x04\x02\x20" + bytes(range(200)), "ESP8266 or ESP32"),
        (b"RBL\0" + bytes(range(200)), "Beken"),
        (b"\xff" * 100, "all bytes of it are FF"),
        (b"read me\n" * 9, "it is text"),
        (hashlib.shake_128(b"x").digest(50_000), "compressed or encrypted"),
        (b"\x10\x20\x30\x80" * 999, "does not look compressed"),
    ],
)
def test_a_file_of_unknown_kind_gets_hints(data: bytes, hint: str) -> None:
    assert any(hint in one for one in hints(BytesSource(data)))


@given(st.binary(min_size=1, max_size=100))
def test_hints_never_raise(data: bytes) -> None:
    assert hints(BytesSource(data))
