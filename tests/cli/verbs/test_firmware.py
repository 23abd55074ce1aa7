"""`firmware` as it is typed: the report, JSON, folders, differences, exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from families.meross.firmware.firmware_examples import UNPACKED, V1, V2, fota, lzma_alone, router_image
from unclouded.cli.verbs.firmware import command
from unclouded.core.errors import CommandError


def firmware(*words: str) -> Result:
    return CliRunner().invoke(command, words, standalone_mode=False)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(V1).write_bytes(router_image(bytes(UNPACKED)))
    Path(V2).write_bytes(fota(b"SDK_V4.6.2"))


def test_the_report_is_a_table_with_offsets() -> None:
    result = firmware("inspect", V1)
    lines = result.output.splitlines()
    assert result.return_value == 0
    assert "By its name: model mss310, region us, hardware 1, build rc0115" in lines
    assert "U-Boot image for a Meross plug of hardware 1: all checksums are right." in lines
    head = lines.index("DECIMAL       HEXADECIMAL     DESCRIPTION")
    assert lines[head + 2].startswith("0             0x0             uImage header: 64 bytes, header CRC ")
    assert lines[head + 2].endswith(
        "created 2018-08-09 01:31:13 UTC, 742084 bytes of data, load address 80500000, entry point 80500000, "
        f"data CRC {lines[-1][-8:]}, system Linux, CPU MIPS, type standalone program, compression none, name 'zxrouter'"
    )
    assert lines[head + 3] == (
        "9344          0x2480          LZMA stream: properties 5D, dictionary 8388608 bytes, 2179028 bytes unpacked"
    )
    assert lines[-1].startswith("CRC-32 of its data: right, ")


def test_the_report_as_json_is_one_object() -> None:
    report = json.loads(firmware("inspect", V1, "--json").output)
    assert (report["model"], report["region"], report["named_hardware"], report["build"]) == (
        "mss310",
        "us",
        1,
        "rc0115",
    )
    assert report["hardware"] == [1] and report["fields"]["load"] == "80500000"
    assert [(one["algorithm"], one["verdict"]) for one in report["checksums"]] == [("CRC-32", "right")] * 2
    assert [(one["offset"], one["kind"], one["unpacked"]) for one in report["entries"]] == [
        (0, "U-Boot image", None),
        (9344, "LZMA", UNPACKED),
    ]


@pytest.mark.parametrize(
    ("data", "code", "text"),
    [
        (fota(b"x")[:-1], 1, "damaged: image 1 is cut off"),
        (fota(b"x")[:-1] + b"!", 1, "SHA-1 of image 1: WRONG: the file says "),
        (b"\x12\x34" * 500, 1, "Of unknown kind: neither a U-Boot image nor a MediaTek FOTA package nor"),
        (b".." + lzma_alone(bytes(999)), 0, "LZMA stream"),
    ],
)
def test_the_exit_code_is_1_for_what_is_damaged_or_not_recognised(data: bytes, code: int, text: str) -> None:
    Path("fw.bin").write_bytes(data)
    result = firmware("inspect", "fw.bin")
    assert result.return_value == code and text in result.output


@pytest.mark.parametrize("words", [("inspect", "gone.bin"), ("inspect", "."), ("diff", V1, "gone.bin")])
def test_what_cannot_be_read_is_an_invalid_command(words: tuple[str, ...]) -> None:
    result = firmware(*words)
    assert isinstance(result.exception, CommandError), "exit code 2"


def test_texts_of_a_file_do_not_command_the_terminal() -> None:
    Path("fw.bin").write_bytes(router_image(b"x")[:32] + b"\x1b]0;pwned\x07".ljust(32, b"\0") + bytes(99))
    assert "\x1b" not in firmware("inspect", "fw.bin").output
    Path("a\x1b.bin").write_bytes(b"x")
    assert "\x1b" not in firmware("inspect", "a\x1b.bin").output


def test_parts_are_written_to_a_new_folder_and_a_second_time_refused() -> None:
    result = firmware("inspect", V1, "--extract", "new/parts")
    assert result.output.splitlines()[-3:] == [
        "Files written to new/parts: 2",
        "00000040-data.bin: 742084 bytes",
        f"00002480-lzma.bin: {UNPACKED} bytes",
    ]
    assert Path("new/parts/00002480-lzma.bin").read_bytes() == bytes(UNPACKED)
    again = firmware("inspect", V1, "--extract", "new/parts")
    assert isinstance(again.exception, CommandError) and "nothing is overwritten" in str(again.exception)


def test_a_difference_has_the_exit_code_1() -> None:
    Path("new.bin").write_bytes(fota(b"SDK_V4.7.0"))
    result = firmware("diff", V2, "new.bin")
    assert result.return_value == 1
    assert "image-1                changed: 0x9C 10 bytes -> 0x9C 10 bytes" in result.output
    assert "Version text only in B: SDK_V4.7.0" in result.output
    assert "model                  mss310 -> none" in result.output
    as_json = json.loads(firmware("diff", V2, "new.bin", "--json").output)
    assert as_json["same"] is False and [part["state"] for part in as_json["parts"]] == ["changed"]


def test_no_difference_has_the_exit_code_0() -> None:
    Path("copy.bin").write_bytes(fota(b"SDK_V4.6.2"))
    result = firmware("diff", V2, "copy.bin")
    assert result.return_value == 0 and result.output.startswith("The two files have the same content.")
