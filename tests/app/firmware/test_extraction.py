"""Parts as files of a folder: exact, named safely, within limits, and never in place of another file."""

import bz2
import gzip
import hashlib
import lzma
import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.firmware.content_examples import EXAMPLES, TEXT, Example
from families.meross.firmware.firmware_examples import UNPACKED, V1, fota, lzma_alone, router_image, uimage
from unclouded.app.firmware import extraction as extraction_module
from unclouded.app.firmware.extraction import MOST_DEPTH, ExtractedFile, Extraction
from unclouded.app.firmware.inspection import inspect
from unclouded.app.firmware.report import report_of
from unclouded.core.errors import CommandError, StoreError
from unclouded.families.meross.firmware.container import BytesSource


def extracted(data: bytes, folder: Path, name: str = "file.bin") -> tuple[list[ExtractedFile], Extraction]:
    source, extraction = BytesSource(data), Extraction(folder)
    return list(extraction.files(inspect(name, source), source)), extraction


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_stream_of_the_router_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / V1
    path.write_bytes(router_image(b"kernel" * (UNPACKED // 6) + b"..."[: UNPACKED % 6]))
    report = report_of(path, tmp_path / "new" / "parts")
    assert [(part.name, part.size, part.problem) for part in report.extracted] == [
        ("00000040-data.bin", 742_084, ""),
        ("00002480-lzma.bin", UNPACKED, ""),
    ]
    written = contents(tmp_path / "new" / "parts")
    assert {part.name: part.sha256 for part in report.extracted} == {
        name: hashlib.sha256(content).hexdigest() for name, content in written.items()
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind)
def test_each_kind_is_written_as_it_is_or_unpacked(example: Example, tmp_path: Path) -> None:
    parts, _ = extracted(b"...." + example.data + b"....", tmp_path / "parts")
    written = contents(tmp_path / "parts")
    if example.content is None:
        assert written == {}
    else:
        assert next(iter(written.values())) == example.content
        assert parts[0].kind == example.kind and not parts[0].problem
    assert all(name.startswith("0") and "/" not in name and ".." not in name for name in written)


def test_images_of_a_package_are_written_once_and_unpacked(tmp_path: Path) -> None:
    parts, _ = extracted(fota(lzma_alone(TEXT), lzma_alone(b"two" * 999), compressed=True), tmp_path / "parts")
    assert list(contents(tmp_path / "parts").values()) == [TEXT, b"two" * 999]
    assert [part.name for part in parts] == ["0000009c-image-1.bin", f"{parts[1].offset:08x}-image-2.bin"]


def nested(depth: int) -> bytes:
    data = b"U-Boot 1.1.3 inside"
    for level in range(depth):
        data = b"." * (level + 1) + gzip.compress(data, mtime=0)
    return data


def test_streams_inside_of_streams_are_unpacked_to_a_limit(tmp_path: Path) -> None:
    parts, extraction = extracted(nested(3), tmp_path / "three")
    assert [part.depth for part in parts] == [1, 2, 3] and not extraction.notes
    assert parts[2].name == "00000003-gzip_00000002-gzip_00000001-gzip.bin"
    assert parts[2].versions == ("U-Boot 1.1.3 inside",)
    parts, extraction = extracted(nested(6), tmp_path / "six")
    assert len(parts) == MOST_DEPTH
    assert extraction.notes == [f"streams in {parts[-1].name} are too deep to be unpacked: 1"]


def test_a_stream_that_is_damaged_or_cut_off_is_reported_and_its_start_is_kept(tmp_path: Path) -> None:
    content = os.urandom(200_000)
    whole = gzip.compress(content, mtime=0)
    (part,), _ = extracted(b"." + whole[:-1000], tmp_path / "cut")
    assert part.problem == "it is cut off" and content.startswith(contents(tmp_path / "cut")[part.name])
    changed = bytearray(whole)
    changed[-6] ^= 1
    (part,), _ = extracted(b"." + bytes(changed), tmp_path / "changed")
    assert part.problem.startswith("the stream is damaged")
    small = lzma_alone(b"x" * 1000)
    wrong = small[:5] + (900).to_bytes(8, "little") + small[13:]
    (part,), _ = extracted(b"." + wrong, tmp_path / "wrong")
    assert part.size == 900 or part.problem


def test_an_unpacked_size_that_is_not_that_of_the_header_is_reported(tmp_path: Path) -> None:
    example = next(one for one in EXAMPLES if one.kind == "ZIP member")
    data = bytearray(example.data)
    data[22:26] = (len(TEXT) + 1).to_bytes(4, "little")
    parts, _ = extracted(bytes(data), tmp_path / "parts")
    assert parts[0].problem == f"it has {len(TEXT)} bytes, its header says {len(TEXT) + 1}"


# --- limits ------------------------------------------------------------------------------------------

BOMBS = {
    "gzip": lambda size: gzip.compress(bytes(size), 9, mtime=0),
    "xz": lambda size: lzma.compress(bytes(size), preset=0),
    "lzma": lambda size: lzma_alone(bytes(size), with_size=False),
    "bzip2": lambda size: bz2.compress(bytes(size)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_stopped_at_the_limit_and_deleted(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction_module, "LARGEST_FILE", 1_000_000)
    (part,), _ = extracted(b"." + BOMBS[kind](8_000_000), tmp_path / "parts")
    assert part.problem == "it is longer than 1000000 bytes and was not kept"
    assert contents(tmp_path / "parts") == {}


def test_all_files_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction_module, "MOST_BYTES", 250_000)
    parts, extraction = extracted(b"".join(b"." + gzip.compress(bytes(100_000)) for _ in range(9)), tmp_path / "parts")
    assert sum(map(len, contents(tmp_path / "parts").values())) <= 250_000
    assert len(parts) < 9 or parts[-1].problem
    assert extraction.notes or any(part.problem for part in parts)


def test_the_number_of_files_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction_module, "MOST_FILES", 5)
    parts, extraction = extracted(b"".join(b"." + gzip.compress(b"x") for _ in range(9)), tmp_path / "parts")
    assert len(parts) == 5 and "parts left out, since the limit of files or bytes is reached: 4" in extraction.notes[0]


def test_streams_without_an_end_do_not_cost_the_square_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stream goes on to the end of the file through empty blocks: what is read for all of them is bounded."""
    monkeypatch.setattr(extraction_module, "READ_LEAST", 0)
    monkeypatch.setattr(extraction_module, "MOST_DEPTH", 1)
    heads = b"x"
    for _ in range(200):  # each has the others in a block of its own
        size = len(heads)
        heads = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\0" + struct.pack("<HH", size, size ^ 0xFFFF) + heads
    data = b"." + heads + b"\x00\x00\x00\xff\xff" * 40_000

    class Counted(BytesSource):
        read_bytes = 0

        def read(self, offset: int, size: int) -> bytes:
            piece = super().read(offset, size)
            self.read_bytes += len(piece)
            return piece

    source = Counted(data)
    found = inspect("file.bin", source)
    assert len(found.streams) == 200
    source.read_bytes = 0
    list(Extraction(tmp_path / "parts").files(found, source))
    assert source.read_bytes <= 12 * len(data)


# --- the folder --------------------------------------------------------------------------------------


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    extracted(nested(1), folder)
    with pytest.raises(CommandError, match="is not empty, and nothing is overwritten"):
        extracted(nested(1), folder)
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(CommandError, match=r"is a file\. Name a folder"):
        extracted(nested(1), tmp_path / "file")
    with pytest.raises(CommandError, match="cannot be made or opened"):
        extracted(nested(1), tmp_path / "file" / "below")
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("is_link", [True, False])
def test_a_file_or_link_that_appears_meanwhile_is_not_overwritten(is_link: bool, tmp_path: Path) -> None:
    source, victim = BytesSource(nested(2)), tmp_path / "victim"
    victim.write_bytes(b"mine")
    files = Extraction(tmp_path / "parts").files(inspect("file.bin", source), source)
    next(files)
    place = tmp_path / "parts" / "00000002-gzip_00000001-gzip.bin"
    if is_link:
        place.symlink_to(victim)
    else:
        place.write_bytes(b"mine")
    with pytest.raises(CommandError, match="exists already, and nothing is overwritten"):
        next(files)
    assert victim.read_bytes() == place.read_bytes() == b"mine"


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **named: object) -> int:
        raise OSError(28, "No space left on device")

    source, extraction = BytesSource(nested(1)), Extraction(tmp_path / "parts")
    found = inspect("file.bin", source)
    files = extraction.files(found, source)
    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(StoreError, match=r"cannot be written: No space left on device"):
        next(files)


@given(
    st.sampled_from(
        [uimage(lzma_alone(TEXT)), fota(lzma_alone(TEXT), compressed=True), nested(4), zlib.compress(TEXT)]
    ),
    st.lists(st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=8)), max_size=6),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mutated_image_raises_or_leaves_the_folder(
    tmp_path_factory: pytest.TempPathFactory, image: bytes, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(image)
    for place, change in changes:
        data[place % len(data) : place % len(data) + len(change)] = change
    place_of_it = tmp_path_factory.mktemp("any")
    parts, _ = extracted(bytes(data), place_of_it / "parts")
    assert [path.name for path in place_of_it.iterdir()] == ["parts"]
    assert set(contents(place_of_it / "parts")) == {part.name for part in parts if part.name}
