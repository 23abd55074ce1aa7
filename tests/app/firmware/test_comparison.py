"""Two files: what differs in header, parts and version texts."""

from pathlib import Path

from families.meross.firmware.firmware_examples import V2, fota, lzma_alone, uimage
from unclouded.app.firmware.comparison import FirmwareComparison, compared


def comparison(folder: Path, a: bytes, b: bytes, names: tuple[str, str] = ("a.bin", "b.bin")) -> FirmwareComparison:
    paths = [folder / side / name for side, name in zip("ab", names, strict=True)]
    for path, data in zip(paths, (a, b), strict=True):
        path.parent.mkdir()
        path.write_bytes(data)
    return compared(*paths)


def test_the_same_content_is_the_same_whatever_it_is_called(tmp_path: Path) -> None:
    found = comparison(tmp_path, fota(b"one"), fota(b"one"), (V2, "other.bin"))
    assert found.same and {part.state for part in found.parts} == {"same"}
    assert [one.field for one in found.fields] == ["model", "region", "hardware in the name", "build"]


def test_a_part_that_moved_is_the_same_and_one_that_changed_is_not(tmp_path: Path) -> None:
    library, old, new = b"library" * 99, b"SDK_V4.6.2 " + b"o" * 50, b"SDK_V4.7.0 " + b"n" * 90
    found = comparison(tmp_path, fota(old, library), fota(new, library))
    assert not found.same
    assert [(part.state, part.kind) for part in found.parts] == [("same", "image-2"), ("changed", "image-1")]
    assert found.parts[0].a is not None and found.parts[0].b is not None
    assert found.parts[0].a.offset != found.parts[0].b.offset
    assert [(one.field, one.a, one.b) for one in found.fields if one.field == "size"] == [
        ("size", 156 + 61 + 693 + 40, 156 + 101 + 693 + 40)
    ]


def test_texts_inside_of_packed_parts_are_compared(tmp_path: Path) -> None:
    one = uimage(b"...." + lzma_alone(b"Linux version 2.6.36\0SDK_V1\0" + bytes(999)))
    other = uimage(b"...." + lzma_alone(b"Linux version 3.0.1\0SDK_V1\0" + bytes(999)))
    found = comparison(tmp_path, one, other)
    assert found.versions_a == ("Linux version 2.6.36",) and found.versions_b == ("Linux version 3.0.1",)
    assert [(part.state, part.kind) for part in found.parts] == [("changed", "data"), ("changed", "LZMA")]


def test_parts_that_only_one_file_has_are_named(tmp_path: Path) -> None:
    found = comparison(tmp_path, fota(b"one"), fota(b"one", b"two"))
    assert [(part.state, part.kind) for part in found.parts] == [("same", "image-1"), ("only in B", "image-2")]


def test_a_file_of_unknown_kind_has_no_parts(tmp_path: Path) -> None:
    found = comparison(tmp_path, fota(b"one"), b"nothing")
    assert [part.state for part in found.parts] == ["only in A"]
    assert ("kind", "MediaTek FOTA package", "unknown") in [(one.field, one.a, one.b) for one in found.fields]
