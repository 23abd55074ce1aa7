"""Setting up a plug: seconds from `unclouded setup` to a confirmed device, with the simulated plug and a running hub.

    python bench/setup.py [--runs 3] [--json]

Three processes: a hub with its broker, a plug in set-up mode, the verb. What the plug itself takes (its scan, its
restart, the time to join) is simulated as real plugs need it, and is named apart; the rest is ours: the start of the
verb, its requests, TLS and MQTT, the admission, and the first value. There is no peer: no other tool waits until the
plug answers (docs/protocols/meross.md §2).
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _common import arguments, report, spin
from unclouded.families.meross.plug.network_state import BOOT_S, JOIN_S, RESTART_AFTER_S
from unclouded.families.meross.plug.request_handler import SCAN_S

UNCLOUDED = str(Path(sys.executable).with_name("unclouded"))
PLUG_S = SCAN_S + RESTART_AFTER_S + BOOT_S + JOIN_S
CONFIG = '[hub]\ndata = "{}"\n[web]\nlisten = "off"\n[broker]\nlisten = "127.0.0.1:0"\nhost = "127.0.0.1"\n'
STEPS = ("find", "scan", "send", "wait", "admit", "confirm")


def started(folder: Path, *words: str) -> tuple["subprocess.Popen[str]", dict[str, str]]:
    """A process of the program, and what it said when it was ready."""
    process = subprocess.Popen(
        [UNCLOUDED, *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder
    )
    assert process.stdout is not None
    for line in process.stdout:
        found = json.loads(line)
        if "ready" in found:
            return process, found["ready"]
    raise SystemExit(f"{words[0]} has ended")


def set_up(folder: Path) -> dict[str, float]:
    """Seconds after the start at which each step was done."""
    (folder / "unclouded.toml").write_text(CONFIG.format(folder / "data"))
    (folder / "wifi.password").write_text("a good password\n")
    hub, _ = started(folder, "run")
    plug, ready = started(folder, "sim", "mss310", "--ap", "--http", "127.0.0.1:0", "--wifi", "Home:a good password")
    address = ready["link"].removeprefix("http://").removesuffix("/config")
    words = ["setup", address, "--ssid", "Home", "--wifi-password-file", "wifi.password", "--name", "Kettle", "--json"]
    begun = time.perf_counter()
    done: dict[str, float] = {}
    with subprocess.Popen([UNCLOUDED, *words], stdout=subprocess.PIPE, text=True, cwd=folder) as verb:
        assert verb.stdout is not None
        for line in verb.stdout:
            step = json.loads(line)
            if step.get("state") == "done":
                done[step["step"]] = time.perf_counter() - begun
    for process in (plug, hub):
        process.terminate()
        process.communicate()
    if "confirm" not in done:
        raise SystemExit("The set-up was not confirmed.")
    return done


def main() -> None:
    options = arguments("from setup to a confirmed device", runs=3)
    before = spin()
    runs = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(set_up(Path(folder)))
    done = {step: statistics.median(run[step] for run in runs) for step in STEPS}
    figures = {f"{step}_done_after_s": round(done[step], 2) for step in STEPS}
    ours = {"plug_itself_s": PLUG_S, "ours_s": round(done["confirm"] - PLUG_S, 2)}
    report("setup", {"runs": options.runs, **figures, **ours}, before, options.json)


if __name__ == "__main__":
    main()
