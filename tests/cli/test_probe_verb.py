"""`probe` and `devices` as they are typed."""

from pathlib import Path

import msgspec
from click.testing import CliRunner

from unclouded.cli import cli
from unclouded.cli.devices import doubted
from unclouded.errors import LinkError
from unclouded.profiles import Shelf

CAPTURE = Path(__file__).parent.parent / "captures" / "tuya" / "plug_boot.jsonl"


def test_a_wire_is_listened_to_and_a_profile_is_written(tmp_path: Path) -> None:
    from unclouded.builder import settings_of

    file = tmp_path / "my_plug.toml"
    words = ["probe", "--link", f"replay:{CAPTURE}?speed=0", "--for", "1s", "--write", str(file), "--json"]
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code == 0, ran.output
    said = msgspec.json.decode(ran.stdout.splitlines()[-1])
    assert said["like"] == "tuya/plug_metering" and said["product"] == "uncloudedplugsim"
    assert {"voltage_V", "current_A", "power_W"} <= {one["key"] for one in said["points"]}
    profile = Shelf(settings_of, tmp_path).get("my_plug")
    assert profile.main == "on" and profile.products == ("uncloudedplugsim",)


def test_where_nothing_is_heard_it_says_why(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(CAPTURE.read_bytes().splitlines(keepends=True)[0])
    ran = CliRunner().invoke(cli, ["probe", "--link", f"replay:{empty}?speed=0", "--for", "0.1s"])
    assert isinstance(ran.exception, LinkError)
    assert str(ran.exception).startswith("There is nothing to propose: ") and not str(ran.exception).endswith("..")


def test_devices_names_the_points_that_cannot_be() -> None:
    readings = [
        {"device": "plug", "point": "power_W", "flags": ["scale"]},
        {"device": "plug", "point": "voltage_V", "flags": []},
    ]
    assert doubted(readings) == {"plug": ["power_W"]}
