"""`replay`: the readings in a capture, and notices of implausible ones."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from unclouded.cli.verbs.replay import command
from unclouded.core.errors import CommandError, UncloudedError

BOOT = (Path(__file__).parents[2] / "captures/tuya/plug_boot.jsonl").read_text("utf-8")
REPORT = bytes.fromhex("12020004 00000b54  13020004 0001048c  14020004 000008fc")  # 2.9 A, 6670.0 W, 230.0 V
WORDS = "power looks 10× too high for this profile: 6670 W of 667 VA; try scale 0.01 instead of 0.1 for power_W"


def reported(at: float) -> str:
    body = bytes([0x55, 0xAA, 3, 7, 0, len(REPORT)]) + REPORT
    frame = body + bytes([sum(body) % 256])
    return json.dumps({"t": at, "from": "device", "hex": frame.hex()}) + "\n"


def heater(folder: Path) -> str:
    """A plug whose power is ten times what its voltage and current allow, all the time."""
    file = folder / "heater.jsonl"
    file.write_text(BOOT + "".join(reported(100.0 + 10 * n) for n in range(6)), "utf-8")
    return str(file)


def test_a_wrong_scale_is_reported_once_beside_the_readings(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [heater(tmp_path), "--device", "heater"])
    assert done.exit_code == 0
    assert done.stderr == f"heater: {WORDS}\n"
    assert "6670" in done.stdout and "looks" not in done.stdout


def test_in_json_it_is_a_notice_between_the_readings_that_it_is_about(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [heater(tmp_path), "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (place,) = [number for number, line in enumerate(lines) if "notice" in line]
    assert lines[place]["notice"] == {
        "at": "2026-11-20T12:02:00.000Z",
        "device": "replay",
        "kind": "scale",
        "words": WORDS,
        "data": {},
    }
    powers = [number for number, line in enumerate(lines) if line.get("point") == "power_W" and line["value"] == 6670]
    assert [lines[number]["flags"] for number in powers] == [[], [], ["scale"], ["scale"], ["scale"], ["scale"]]
    assert powers[2] < place < powers[3]
    assert done.stderr == ""


def test_a_capture_without_a_fault_has_no_notice(tmp_path: Path) -> None:
    file = tmp_path / "plug.jsonl"
    file.write_text(BOOT, "utf-8")
    done = CliRunner().invoke(command, [str(file)])
    assert done.exit_code == 0 and done.stdout and done.stderr == ""


def test_readings_carry_the_date_of_their_day(tmp_path: Path) -> None:
    file = tmp_path / "night.jsonl"
    file.write_text(BOOT.replace("2026-11-20T12", "2025-11-20T12") + reported(86_400.0), "utf-8")
    lines = CliRunner().invoke(command, [str(file)], env={"TZ": "UTC"}).stdout.splitlines()
    assert lines[0].startswith("20 Nov 2025 ") and lines[-1].startswith("21 Nov 2025 ")


def test_hex_is_no_capture_and_the_verb_that_reads_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "report.hex"
    file.write_text("55aa0307", "utf-8")
    with pytest.raises(UncloudedError, match="`decode` reads bytes and hex"):
        CliRunner().invoke(command, [str(file)], catch_exceptions=False)


def test_a_profile_is_one_of_the_family_by_name_or_by_file(tmp_path: Path) -> None:
    file = tmp_path / "plug.jsonl"
    file.write_text(BOOT, "utf-8")
    own = tmp_path / "mine.toml"
    own.write_text('name = "mine"\nfamily = "tuya_wifi"\ntitle = "Mine"\n[[point]]\ndp = 19\nkey = "power_kW"\n')
    assert "power" in CliRunner().invoke(command, [str(file), "--profile", str(own)], catch_exceptions=False).stdout
    done = CliRunner().invoke(command, [str(file), "--profile", "meross/mss310"])
    assert isinstance(done.exception, CommandError) and "not of tuya_wifi" in str(done.exception)
