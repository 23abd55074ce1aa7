"""The clock of the computer is set while a hub process runs: what was switched is what is shown.

offset.txt ── added to time.time() of the hub process ──► hub, store, API     (the clock of this computer stays)
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from place import Place, place_in, read
from unclouded.store.reading.reader import StoreReader

DAY = 86_400
PLUG = """
[web]
listen = "off"
[[device]]
id = "pump"
family = "tuya_wifi"
link = "{link}"
profile = "tuya/plug_metering"
"""
STEPPED = """
import sys, time, pathlib
offset, real = pathlib.Path(sys.argv.pop(1)), time.time
time.time = lambda: real() + float(offset.read_text() or 0)
from unclouded.cli import main
main()
"""


class SteppedHub:
    """A hub process whose clock can be set."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._offset = place.folder / "offset.txt"
        self.set_clock(0)
        command = [sys.executable, "-c", STEPPED, str(self._offset), "run", "--config", str(place.config), "--json"]
        with (place.folder / "run.log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=place.env)
        place.running.append(self.process)
        read(self.process, lambda line: "ready" in line)
        read(self.process, lambda line: line.get("point") == "on")

    def set_clock(self, seconds: float) -> None:
        temporary = self._offset.with_suffix(".new")
        temporary.write_text(f"{seconds}")
        temporary.replace(self._offset)

    def switched(self, value: str) -> bool:
        """Set the pump; what `read` prints then."""
        assert self._place.ask("set", "pump", value)[0]["outcome"] == "confirmed"
        (line,) = self._place.ask("read", "pump", "on")
        assert isinstance(line["value"], bool)
        return line["value"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_in(tmp_path) as place:
        _, sim = place.sim("tuya-plug", "--link", "listen://127.0.0.1:0")
        place.configure(PLUG.format(link=sim["link"]))
        yield place


@pytest.mark.parametrize("step", [DAY, -DAY, 3 * 365 * DAY, 120])
def test_after_a_step_and_back_what_is_switched_is_shown_and_the_future_is_put_away(place: Place, step: int) -> None:
    hub = SteppedHub(place)
    assert hub.switched("on") is True
    hub.set_clock(step)
    assert hub.switched("off") is False
    assert hub.switched("on") is True
    hub.set_clock(0)
    assert hub.switched("off") is False
    assert "Traceback" not in place.log("run")
    assert place.log("run").count("The clock of this computer was set") == 2
    place.stop(hub.process)
    with StoreReader(place.folder / "data" / "store.sqlite") as reader:
        history = [row.value for row in reader.history("pump", ["on"])]
        newest = next(one for one in reader.latest() if one.point == "on")
        kinds = [event.kind for event in reader.events()]
    assert newest.value is False or step < 0, "a day ago is no future"
    assert kinds.count("clock") >= 1
    assert history, json.dumps(kinds)
