"""A bare metering chip on a UART as a device of the hub: read, recorded, decoded, replayed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from place import Place, place_in, read
from unclouded.app.configuration.config import load_config
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.unknown.family_guess import guess_family
from unclouded.cli import cli
from unclouded.core.errors import ConfigError
from unclouded.families.hlw8032 import FAMILY
from unclouded.families.hlw8032.frame import encode
from unclouded.families.hlw8032.reader import Hlw8032Settings

CHIP = """
[web]
listen = "off"
[[device]]
id = "chip"
family = "hlw8032"
link = "serial:{link}"
record = "chip.jsonl"
session = {{ voltage_ratio = {ratio} }}
"""
FRAMES = b"".join(bytes(encode(0x55, (187_600, 1535), (15_575, 8273), (5_105_000, 25_155), 0x71, n)) for n in range(4))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_in(tmp_path) as here:
        yield here


def test_a_chip_on_a_uart_is_a_device_of_the_hub_and_its_recording_is_decoded(place: Place) -> None:
    _, served = place.sim("hlw8032", "--link", f"pty:{place.folder}/chip", "--load", "kettle", "--fault", "cuts-frames")
    place.configure(CHIP.format(link=served["link"], ratio=94))
    hub, _ = place.hub()
    found = read(hub, lambda line: line.get("point") == "voltage_V")
    assert found["device"] == "chip" and 110 < found["value"] < 120  # half of 230 V
    read(hub, lambda line: line.get("point") == "energy_import_Wh" and line["value"] > 0)
    points = {line["point"] for line in place.ask("read", "chip") if "point" in line}
    assert points == {"voltage_V", "current_A", "power_W", "energy_import_Wh"}
    place.stop(hub)
    capture = place.folder / "chip.jsonl"
    done = CliRunner().invoke(cli, ["decode", "--family", "hlw8032", str(capture), "--json"])
    pieces = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"measurement"} == {one["name"] for one in pieces if one["kind"] == "frame"}
    place.configure(f'[[device]]\nid = "again"\nfamily = "hlw8032"\nlink = "replay:{capture}"\n')
    again, _ = place.hub()
    assert 220 < read(again, lambda line: line.get("point") == "voltage_V")["value"] < 240


def test_the_frames_of_a_chip_are_guessed_in_another_family_and_not_in_their_own() -> None:
    assert "hlw8032" in guess_family("tuya_wifi", b"\x00" + FRAMES)
    assert guess_family("hlw8032", FRAMES) == ""


@pytest.mark.parametrize(
    ("setting", "reason"),
    [("voltage_ratio = 0", "at least 1"), ("current_ratio = 1e9", "at most 100000"), ("report_s = 60", "at most 30")],
)
def test_a_setting_that_makes_no_sense_is_refused(place: Place, setting: str, reason: str) -> None:
    place.configure(CHIP.format(link="/dev/none", ratio=188).replace("voltage_ratio = 188", setting))
    with pytest.raises(ConfigError, match=f"(?s)session.*{reason}"):
        DeviceFactory(load_config(place.config)).nodes()


def test_the_profile_of_the_siblings_has_their_ratio(place: Place) -> None:
    factory = DeviceFactory(load_config(place.config))
    assert factory.profiles.get("hlw8032/cse7766").session == Hlw8032Settings(voltage_ratio=100)
    assert factory.profiles.get(FAMILY.generic).session == Hlw8032Settings()
    assert (FAMILY.baud, FAMILY.parity) == (4800, "even")
