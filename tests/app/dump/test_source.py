"""What a bundle is made of: from a hub that runs, and from the store after it has ended."""

import json
import logging
import socket
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from unclouded.app.access.hub_access import own_hub
from unclouded.app.access.hub_client import known_states
from unclouded.app.configuration.config import Config, load_config
from unclouded.app.doctor import context as doctor_context
from unclouded.app.dump.opening import captures_in
from unclouded.app.dump.shown_frames import channel_frames
from unclouded.app.dump.source import gathered
from unclouded.app.recent_log import RecentLog
from unclouded.app.recording.capture_replay import CaptureReplay
from unclouded.cli import cli
from unclouded.core.errors import CommandError
from unclouded.families.tuya.line.framing import Frame

CAPTURE = Path(__file__).parents[2] / "captures" / "tuya" / "plug_boot.jsonl"
HEATER = f"""
[hub]
data = "{{data}}"
[[device]]
id = "heater"
name = "Oma's heater"
family = "tuya_wifi"
link = "replay:{CAPTURE}?speed=0"
record = "heater.jsonl"
"""


def configured(folder: Path) -> Config:
    (folder / "unclouded.toml").write_text(HEATER.format(data=folder / "data"))
    return load_config(folder / "unclouded.toml")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unclouded.app.doctor.clock_checks.MEASURED_S", 0.01)


def test_a_hub_that_runs_and_later_its_store_have_all_of_a_device(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "unclouded")
    config = configured(tmp_path)
    with own_hub(config) as hub:
        give_up = time.monotonic() + 60
        while not hub.get("/api/readings", device=["heater"]) and time.monotonic() < give_up:
            known_states(hub, ["heater"], timeout=0.05)
        source = gathered(config, "heater")
        output = tmp_path / "running.zip"
        arguments = ["dump", "heater", "--config", str(tmp_path / "unclouded.toml"), "--output", str(output)]
        ran = CliRunner().invoke(cli, arguments)
        with pytest.raises(CommandError, match="The hub has no device 'kettle'"):
            gathered(config, "kettle")
    assert [view["id"] for view in source.devices] == ["heater"] and source.readings and source.wire
    assert source.hub["version"] and source.log and source.findings
    (channel,) = source.frames
    assert channel.family == "tuya_wifi" and any(line.sender == "device" for line in channel.lines)
    assert ran.exit_code == 0 and "frames of tuya_wifi, a capture" in ran.output, ran.output
    found = list(CaptureReplay(captures_in(output)[0].data.splitlines(), None, "one").readings())
    assert {one.point for one in found} >= {"on", "voltage_V"}
    assert b"Oma" not in output.read_bytes() and CliRunner().invoke(cli, ["replay", str(output)]).exit_code == 0
    assert "voltage_V" in CliRunner().invoke(cli, ["decode", str(output)]).output

    stored = gathered(config, "heater")
    assert stored.devices[0]["id"] == "heater" and not stored.log and not stored.wire
    assert {one["point"] for one in stored.readings} >= {"on", "voltage_V"}
    assert stored.frames and stored.frames[0].lines, "those of its recording"
    assert any(one["kind"] == "state" for one in stored.events)
    assert "No hub runs" in stored.missing[0]


def test_a_device_that_has_never_run_has_its_configuration(tmp_path: Path) -> None:
    config = configured(tmp_path)
    source = gathered(config, "heater")
    assert source.table is not None and not source.devices and "does not exist" in source.missing[1]
    with pytest.raises(CommandError, match="no device 'kettle'"):
        gathered(config, "kettle")
    output = tmp_path / "new.zip"
    words = ["dump", "heater", "--config", str(tmp_path / "unclouded.toml"), "--output", str(output), "--json"]
    ran = CliRunner().invoke(cli, words)
    assert "configuration.json" in json.loads(ran.output)["bundle"]["inside"], ran.output
    with pytest.raises(CommandError, match="no frames"):
        captures_in(output)


def test_of_a_hub_that_hangs_the_store_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_context, "ANSWER_S", 0.05)
    config = configured(tmp_path)
    config.data.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(config.control))
        listener.listen(8)
        source = gathered(config, "heater")
    assert "The hub does not answer" in source.missing[0]
    assert any(one.check == "hub" and one.level == "problem" for one in source.findings)


def test_a_bundle_needs_a_device_and_options_of_the_facts_are_refused() -> None:
    for words in (["--link", "tcp://x:1"], ["heater", "--profile", "--raw"], ["heater", "--profile", "--output", "x"]):
        assert CliRunner().invoke(cli, ["dump", *words]).exit_code != 0


def test_hidden_bytes_of_shown_frames_become_stars_and_frames_are_whole_again() -> None:
    pairing = bytes(Frame(3, 0x2A, b'{"s":"***","p":1000}'))
    shown = pairing[:-1].hex().replace("2a2a2a", "······").replace(b"1000".hex(), "········") + "··"
    at = {"at": "2026-11-30T12:00:00.000Z", "channel": "", "way": "", "sender": "controller", "name": ""}
    lines = channel_frames([{**at, "kind": "frame", "hex": shown}], {"": "tuya_wifi"})[0].lines
    assert lines[0].data == pairing and lines[0].redacted
    noise = channel_frames([{**at, "kind": "noise", "hex": "5500··"}], {"": "tuya_wifi"})[0].lines
    assert noise[0].data == b"\x55\x00*"
    assert channel_frames([], {"": "tuya_wifi"}) == []


def test_the_log_keeps_its_newest_lines_and_finds_those_that_name_a_device() -> None:
    log = logging.getLogger("unclouded.tests.recent")
    with RecentLog("unclouded.tests.recent") as recent:
        log.warning("%s is offline", "heater")
        log.warning("the preheater is\x1b[2J online")
        log.debug("heater at debug level")
    log.warning("heater after the end")
    assert [one.text for one in recent.lines(["heater", ""])] == ["heater is offline"]
    assert recent.lines(["preheater"])[0].text == "the preheater is\\x1b[2J online"
    assert recent.lines([]) == [] and recent.lines(["heater"])[0].level == "warning"
