"""`devices` says how sure the profile of a device is."""

import msgspec
import pytest

from unclouded.cli.verbs.devices import _print_whole
from unclouded.core.json_lines import device_json
from unclouded.core.model import Confidence, Device, Point


def shown(capsys: pytest.CaptureFixture[str], confidence: Confidence) -> str:
    power = Point(key="power_W", kind="number", confidence=confidence)
    device = Device(id="heater", identity="toy:1", family="toy", link="", profile="toy/heater", points=(power,))
    _print_whole(msgspec.to_builtins(device_json(device, None)))
    return capsys.readouterr().out


def test_sources_stand_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "sources: sources disagree on power_W" in shown(capsys, "disputed")
    assert "sources: scales confirmed by two sources" in shown(capsys, "confirmed")


@pytest.mark.parametrize(("confidence", "is_asked"), [("guessed", True), ("matched", True), ("disputed", False)])
def test_a_product_that_no_source_knows_is_to_be_reported(
    capsys: pytest.CaptureFixture[str], confidence: Confidence, is_asked: bool
) -> None:
    assert ("unclouded dump heater --profile" in shown(capsys, confidence)) is is_asked


def test_a_profile_without_sources_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "sources" not in shown(capsys, "")
