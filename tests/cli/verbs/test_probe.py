"""`probe` as it is typed."""

from pathlib import Path

import msgspec
from click.testing import CliRunner

from unclouded.cli import cli
from unclouded.core.errors import CommandError, LinkError
from unclouded.profiles import ProfileLibrary

CAPTURE = Path(__file__).parents[2] / "captures" / "tuya" / "plug_boot.jsonl"


def test_an_mcu_is_queried_and_a_profile_is_written(tmp_path: Path) -> None:
    from unclouded.app.protocols import settings_of

    file = tmp_path / "my_plug.toml"
    words = ["probe", "--link", f"replay:{CAPTURE}?speed=0", "--for", "1s", "--write", str(file), "--json"]
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code == 0, ran.output
    printed = msgspec.json.decode(ran.stdout.splitlines()[-1])
    assert printed["like"].startswith("catalogue/plug/") and printed["product"] == "uncloudedplugsim"
    assert {"voltage_V", "current_A", "power_W"} <= {one["key"] for one in printed["points"]}
    profile = ProfileLibrary(settings_of, tmp_path).get("my_plug")
    assert profile.main == "on" and profile.products == ("uncloudedplugsim",)


def test_where_nothing_is_received_the_reason_is_reported(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(CAPTURE.read_bytes().splitlines(keepends=True)[0])
    ran = CliRunner().invoke(cli, ["probe", "--link", f"replay:{empty}?speed=0", "--for", "0.1s"])
    assert isinstance(ran.exception, LinkError)
    assert str(ran.exception).startswith("There is nothing to propose. ")
    assert str(ran.exception).endswith(("?", ".")) and not str(ran.exception).endswith(("..", "?."))


def test_the_folder_of_the_profile_is_made(tmp_path: Path) -> None:
    file = tmp_path / "profiles" / "mine" / "x.toml"
    ran = CliRunner().invoke(cli, ["probe", "--link", f"replay:{CAPTURE}?speed=0", "--for", "1s", "--write", str(file)])
    assert ran.exception is None and "base = " in file.read_text()


def test_a_folder_that_cannot_be_made_is_reported_before_the_probe_starts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    words = ["probe", "--link", "serial:/nowhere", "--for", "1h", "--write", str(tmp_path / "file" / "x.toml")]
    error = CliRunner().invoke(cli, words).exception
    assert isinstance(error, CommandError) and str(error).startswith("The folder ")


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    words = ["probe", "--link", f"replay:{CAPTURE}?speed=0", "--for", "1s", "--write", str(tmp_path / "loop.toml")]
    error = CliRunner().invoke(cli, words).exception
    assert isinstance(error, CommandError) and "cannot be written: Too many levels" in str(error)
