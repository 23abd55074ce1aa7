"""A newcomer's clock: seconds from the start of an empty hub to the first simulated serial device that is live.

    python bench/onboarding.py [--runs 3] [--json]

Two processes: a simulated Tuya appliance on a pseudo terminal, and a hub in a folder without a configuration. The
script does over the API what the page is to do: it types the port, since a pseudo terminal is in no list of ports,
tests it without saying what it is, adds it as it is proposed, and waits until the hub itself has a value. Each choice
of a person is one step: the port, test, "this one", add. Reading and deciding take no time here. The target is 60 s
and 6 clicks.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _common import arguments, report, spin
from unclouded.app.hub_client import HubClient
from unclouded.app.onboarding.access import NewDevice, Onboarding

UNCLOUDED = str(Path(sys.executable).with_name("unclouded"))
STEPS = ("hub", "answers", "added", "live")
CHOICES = 4  # the port, test, "this one", add
POLL_S = 0.02


def started(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """A process of the program that is ready."""
    env = {**os.environ, "XDG_DATA_HOME": str(folder)}
    env.pop("UNCLOUDED_CONFIG", None)
    process = subprocess.Popen(
        [UNCLOUDED, *words, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env=env,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "ready" in json.loads(line):
            return process
    raise SystemExit(f"{words[0]} has ended")


def newcomer(folder: Path) -> dict[str, float]:
    """Seconds after the start of the hub at which each step was done."""
    device = started(folder, "sim", "tuya-plug", "--link", f"pty:{folder}/plug")
    begun = time.perf_counter()
    hub = started(folder, "run", "--web", "off")
    done = {"hub": time.perf_counter() - begun}
    client = HubClient(folder / "unclouded" / "control")
    onboarding = Onboarding(client)
    offer = onboarding.by_hand(f"{folder}/plug")
    test = onboarding.tested(offer, lambda text: None)
    if test.proposal is None:
        raise SystemExit(test.problem)
    done["answers"] = time.perf_counter() - begun
    added = onboarding.add(offer, NewDevice().completed(test.proposal)).device
    done["added"] = time.perf_counter() - begun
    while not client.get("/api/readings", device=added):
        time.sleep(POLL_S)
    done["live"] = time.perf_counter() - begun
    for process in (hub, device):
        process.terminate()
        process.communicate()
    return done


def main() -> None:
    options = arguments("from an empty hub to a device that is live", runs=3)
    before = spin()
    runs = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(newcomer(Path(folder)))
    figures = {f"{step}_after_s": round(statistics.median(run[step] for run in runs), 2) for step in STEPS}
    worst = {"worst_live_after_s": round(max(run["live"] for run in runs), 2), "choices": CHOICES}
    report("onboarding", {"runs": options.runs, **figures, **worst}, before, options.json)


if __name__ == "__main__":
    main()
