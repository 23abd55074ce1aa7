"""`devices` says how sure the profile of a device is."""

import contextlib

import msgspec
import pytest

from unclouded.cli.output.terminal.text_width import columns
from unclouded.cli.verbs import devices as verb
from unclouded.cli.verbs.devices import _print_whole
from unclouded.core.model import Confidence, Device, Point
from unclouded.core.views.json_lines import device_json


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


def test_what_a_device_reports_of_itself_is_not_taken_for_what_it_is_called_here(
    capsys: pytest.CaptureFixture[str],
) -> None:
    info = {"name": "Thermometer", "identity": "toy:1", "version": "1.0"}
    known = Device(id="attic", identity="toy:1", family="toy", link="", profile="", name="Attic", info=info)
    _print_whole(msgspec.to_builtins(device_json(known, None)))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines == ["name: Attic", "identity: toy:1", "reported name: Thermometer", "version: 1.0"]


def headlines(capsys: pytest.CaptureFixture[str], *devices: Device) -> list[str]:
    """What is printed of all devices of a hub."""
    views = [msgspec.to_builtins(device_json(one, None)) for one in devices]

    class Hub:
        def get(self, path: str) -> object:
            return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verb, "any_hub", lambda *args: contextlib.nullcontext(Hub()))
        patch.setattr(verb, "configuration", lambda *args: None)
        patch.setattr(verb, "known_states", lambda *args: views)
        verb.command.callback((), None, None, False)  # type: ignore[misc]  # click has made it a command
    printed = capsys.readouterr()
    return [*printed.out.splitlines(), *printed.err.splitlines()]


def device(id: str, room: str) -> Device:
    return Device(id=id, identity=id, family="toy", link="toy:", profile="", points=(), room=room)


def test_the_room_has_a_column_where_a_device_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    with_rooms = headlines(capsys, device("kettle", "厨房\x1b[31m"), device("pump", ""), device("lamp", "Attic"))
    assert [columns(line.partition("toy on")[0]) for line in with_rooms] == [columns("x" * 12 + " " * 12) + 13] * 3
    assert "厨房" in with_rooms[0] and "\x1b" not in with_rooms[0]
    assert headlines(capsys, device("pump", "")) == ["pump         connecting toy on toy:"]


def test_a_hub_without_devices_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = headlines(capsys)
    assert "unclouded init" in line
