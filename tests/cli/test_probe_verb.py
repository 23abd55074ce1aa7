"""`probe` and `devices` as they are typed."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from unclouded.cli import cli
from unclouded.cli.devices import doubted
from unclouded.cli.probe import _Talk
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.session import Event, Identified, Offline, Online, Waiting
from unclouded.profiles import ProfileLibrary

CAPTURE = Path(__file__).parent.parent / "captures" / "tuya" / "plug_boot.jsonl"


def test_a_wire_is_listened_to_and_a_profile_is_written(tmp_path: Path) -> None:
    from unclouded.app.device_factory import settings_of

    file = tmp_path / "my_plug.toml"
    words = ["probe", "--link", f"replay:{CAPTURE}?speed=0", "--for", "1s", "--write", str(file), "--json"]
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code == 0, ran.output
    said = msgspec.json.decode(ran.stdout.splitlines()[-1])
    assert said["like"] == "tuya/plug_metering" and said["product"] == "uncloudedplugsim"
    assert {"voltage_V", "current_A", "power_W"} <= {one["key"] for one in said["points"]}
    profile = ProfileLibrary(settings_of, tmp_path).get("my_plug")
    assert profile.main == "on" and profile.products == ("uncloudedplugsim",)


def test_where_nothing_is_heard_it_says_why(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(CAPTURE.read_bytes().splitlines(keepends=True)[0])
    ran = CliRunner().invoke(cli, ["probe", "--link", f"replay:{empty}?speed=0", "--for", "0.1s"])
    assert isinstance(ran.exception, LinkError)
    assert str(ran.exception).startswith("There is nothing to propose. ")
    assert str(ran.exception).endswith(("?", ".")) and not str(ran.exception).endswith(("..", "?."))


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], "Nothing was heard on the line."),
        ([Waiting("Is it powered?", 0.0)], "Is it powered?"),
        ([Offline("the port is gone")], "the port is gone."),
        (
            [Online()],
            "It answers, but told no data point. Some tell only what changes: use its buttons while it listens.",
        ),
    ],
)
def test_why_there_is_nothing_is_one_sentence_after_the_other(events: list[Event], why: str) -> None:
    talk = _Talk()
    talk.hear(events, 0.0)
    assert talk.why_nothing() == why


def test_the_product_stays_known_when_the_mcu_tells_more_of_itself() -> None:
    """A breaker tells its features, 37/00, right after its product."""
    talk = _Talk()
    talk.hear([Identified({"product": "abcdefgh12345678"}), Identified({"buf": "1024"})], 0.0)
    assert talk.product == "abcdefgh12345678"


def test_a_folder_that_is_not_there_is_told_before_anybody_listens(tmp_path: Path) -> None:
    words = ["probe", "--link", "serial:/nowhere", "--for", "1h", "--write", str(tmp_path / "none" / "x.toml")]
    error = CliRunner().invoke(cli, words).exception
    assert isinstance(error, CommandError) and str(error).startswith("There is no folder ")


def test_a_file_that_cannot_be_written_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    words = ["probe", "--link", f"replay:{CAPTURE}?speed=0", "--for", "1s", "--write", str(tmp_path / "loop.toml")]
    error = CliRunner().invoke(cli, words).exception
    assert isinstance(error, CommandError) and "cannot be written: Too many levels" in str(error)


def test_devices_names_the_points_that_cannot_be() -> None:
    readings = [
        {"device": "plug", "point": "power_W", "flags": ["scale"]},
        {"device": "plug", "point": "voltage_V", "flags": []},
    ]
    assert doubted(readings) == {"plug": ["power_W"]}
