"""An appliance is updated from the command line, with a running hub or without, and a simulated MCU on a real link."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from place import TIMEOUT_S, Line, Place, place_in, read

FIRMWARE = bytes(range(256)) * 40 + b"unclouded-sim-version:1.0.9;"


class Home(Place):
    """A pump behind its MCU on TCP, with ``faults``; its firmware is in the folder."""

    @property
    def file(self) -> str:
        return f"file={self.folder / 'pump.bin'}"

    def version(self) -> str:
        """As the device reports it once it is online."""
        give_up = time.monotonic() + TIMEOUT_S
        while time.monotonic() < give_up:
            (pump,) = self.ask("devices")
            if pump["state"] == "online" and "version" in pump["info"]:
                return str(pump["info"]["version"])
            time.sleep(0.1)
        raise AssertionError("the pump is not online")

    def updating(self) -> subprocess.Popen[str]:
        """An update that is under way."""
        process = self.start("do", "pump", "update", self.file, "--yes", "--config", str(self.config))
        read(process, lambda line: line.get("progress", 0) > 1000)
        return process

    def end(self, process: subprocess.Popen[str], code: int) -> list[Line]:
        out, _ = process.communicate(timeout=TIMEOUT_S)
        self.running.remove(process)
        assert process.returncode == code, (process.returncode, out, self.log("do"))
        return [dict(json.loads(line)) for line in out.splitlines()]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with place_in(tmp_path) as place:
        home = Home(tmp_path)
        home.running = place.running
        (tmp_path / "pump.bin").write_bytes(FIRMWARE)
        _, ready = home.sim("tuya-plug", "--link", "listen://127.0.0.1:0", "--fault", "answers-slowly")
        home.configure(f'[[device]]\nid = "pump"\nfamily = "tuya_wifi"\nlink = "{ready["link"]}"')
        yield home


def test_a_running_hub_updates_an_appliance_from_a_file_and_ctrl_c_does_not_stop_it(home: Home) -> None:
    hub, _ = home.hub("--web", "off")
    assert home.version() == "1.0.0"
    process = home.updating()
    process.send_signal(signal.SIGINT)
    home.end(process, 130)
    assert "continues in the hub" in home.log("do")
    refused = home.ask("do", "pump", "update", home.file, "--yes", code=1)[-1]
    assert refused["outcome"] == "refused" and "an update is running" in refused["reason"]
    give_up = time.monotonic() + TIMEOUT_S
    while home.version() != "1.0.9":
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert "update pump.bin by cli: confirmed" in home.log("run")
    home.stop(hub)


def test_without_a_running_hub_the_command_is_the_hub(home: Home) -> None:
    process = home.updating()
    process.send_signal(signal.SIGINT)
    home.end(process, 130)
    assert "ends here" in home.log("do")
    *steps, end = home.ask("do", "pump", "update", home.file, "version=1.0.9", "--yes")
    assert end["outcome"] == "confirmed" and "1.0.9" in end["reason"]
    assert [step["progress"] for step in steps] == sorted(step["progress"] for step in steps)
    assert (steps[-1]["progress"], steps[-1]["of"]) == (len(FIRMWARE), len(FIRMWARE))


def test_a_hub_that_is_killed_during_an_update_is_reported_and_another_starts_over(home: Home) -> None:
    hub, _ = home.hub("--web", "off")
    process = home.updating()
    home.stop(hub, signal.SIGKILL)
    *_, last = home.end(process, 1)
    assert "The hub ended before pump update was done" in last["error"]["message"]
    again, _ = home.hub("--web", "off")
    assert home.version() == "1.0.0"
    assert home.ask("do", "pump", "update", home.file, "--yes")[-1]["outcome"] == "confirmed"
    home.stop(again)
