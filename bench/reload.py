"""Changing a running hub: what an edit of one of 50 devices takes, and whether the readings of the others have a gap.

    python bench/reload.py [--plugs 50] [--edits 10] [--seconds 20] [--json]

Two processes: a hub, and simulated plugs that it asks for their electricity once a second over HTTP. For some seconds
nothing is changed; then one plug after another gets another name (its session goes on), another factor or another id
(it restarts). The longest time between two readings of the *other* plugs is compared with that of the calm
seconds. Targets: no difference, no plug but the changed one goes offline, and an edit is applied within 0.5 s.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from _common import arguments, report, spin
from unclouded.app.access.hub_client import HubClient
from unclouded.families.meross import SIM_KEY

UNCLOUDED = str(Path(sys.executable).with_name("unclouded"))
WARM_S = 5.0  # until all plugs report
FIRST_PORT = 23_000
CONFIG = '[hub]\ndata = "{}"\n[web]\nlisten = "off"\n[meross]\nkey_file = "plugs.key"\n'
DEVICE = """
[[device]]
id = "plug_{number}"
family = "meross"
uuid = "{uuid}"
link = "http://{place}"
session = {{ electricity_poll_s = 1 }}
"""


class WatchedHub:
    """Collects the times of all readings, by device, and the devices that went offline."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.offline: list[str] = []
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            line = json.loads(text)
            if line.get("point") == "power_W":
                self.times[line["device"]].append(datetime.fromisoformat(line["at"]).timestamp())
            elif line.get("status", {}).get("state") == "offline":
                self.offline.append(line["status"]["device"])

    def longest_gap(self, since: float, until: float, devices: set[str]) -> float:
        """Seconds between two readings of one of the devices within a span."""
        gaps = []
        for device, times in self.times.items():
            within = [one for one in times if since <= one <= until]
            if device in devices:
                gaps += [later - earlier for earlier, later in pairwise(within)]
        return max(gaps, default=float("inf"))


def started(folder: Path, *words: str) -> tuple["subprocess.Popen[str]", list[dict[str, Any]]]:
    """A process, and the lines that it printed until it was ready."""
    process = subprocess.Popen(
        [UNCLOUDED, *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if "ready" in lines[-1] and words[0] == "run":
            return process, lines
        if len(lines) == int(words[words.index("--count") + 1] if "--count" in words else 0):
            return process, lines
    raise SystemExit(f"{words[0]} has ended")


def edits(api: HubClient, plugs: int, count: int) -> tuple[dict[str, list[float]], set[str]]:
    """Milliseconds of each edit by its kind, and the plugs that were changed so that they restart."""
    kinds: dict[str, Callable[[int], dict[str, Any]]] = {
        "name": lambda number: {"name": f"Plug {number}"},
        "scale": lambda number: {"scale": {"power_W": 2}},
        "id": lambda number: {"id": f"renamed_{number}"},
    }
    took: dict[str, list[float]] = defaultdict(list)
    changed = set()
    for number in range(count):
        for place, (kind, keys) in enumerate(kinds.items()):
            device = f"plug_{(number * len(kinds) + place) % plugs}"
            revision = api.get("/api/configuration")["revision"]
            begun = time.perf_counter()
            api.patch(f"/api/configuration/devices/{device}", {"revision": revision, "keys": keys(number * 10 + place)})
            took[kind].append((time.perf_counter() - begun) * 1000)
            changed |= {device} if kind != "name" else set()
    return took, changed


def measured(folder: Path, plugs: int, count: int, seconds: float) -> dict[str, object]:
    words = ("sim", "mss310", "--http", f"127.0.0.1:{FIRST_PORT}", "--count", str(plugs))
    sim, places = started(folder, *words)
    devices = "".join(
        DEVICE.format(
            number=number,
            uuid=one["ready"]["uuid"],
            place=one["ready"]["link"].removeprefix("http://").removesuffix("/config"),
        )
        for number, one in enumerate(places)
    )
    (folder / "plugs.key").write_text(SIM_KEY)
    (folder / "unclouded.toml").write_text(f"{CONFIG.format(folder / 'data')}{devices}")
    hub, lines = started(folder, "run")
    watched = WatchedHub(hub)
    time.sleep(WARM_S)
    calm = time.time()
    time.sleep(seconds)
    busy = time.time()
    api = HubClient(Path(lines[-1]["ready"]["control"]))
    took, changed = edits(api, plugs, count)
    begun = time.perf_counter()
    api.post("/api/configuration/reload", {})
    reload_ms = (time.perf_counter() - begun) * 1000
    time.sleep(max(seconds - (time.time() - busy), 2.0))
    end = time.time()
    for process in (hub, sim):
        process.terminate()
        process.wait()
    others = {f"plug_{number}" for number in range(plugs)} - changed
    return {
        "plugs": plugs,
        "edits": sum(map(len, took.values())),
        **{f"edit_{kind}_ms": round(statistics.median(times), 1) for kind, times in took.items()},
        "reload_without_change_ms": round(reload_ms, 1),
        "plugs_that_were_never_restarted": len(others),
        "longest_gap_calm_s": round(watched.longest_gap(calm, busy, others), 3),
        "longest_gap_with_edits_s": round(watched.longest_gap(busy, end, others), 3),
        "others_that_went_offline": sum(one in others for one in watched.offline),
    }


def main() -> None:
    options = arguments("edits of a running hub", plugs=50, edits=10, seconds=20)
    before = spin()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder), options.plugs, options.edits, float(options.seconds))
    report("reload", figures, before, options.json)


if __name__ == "__main__":
    main()
