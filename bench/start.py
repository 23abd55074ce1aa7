"""Start and size: seconds from `demo` to its first reading, cold and warm; memory of an idle hub with serial devices.

    python bench/start.py [--runs 5] [--json]

Cold: an empty data folder and no compiled Python files of ours. Warm: the second start on the same folder.
Memory: VmRSS of `unclouded run` with one meter and two plugs on pseudo terminals, simulated by other processes,
30 s after its start. Targets: warm start < 1 s, idle hub <= 45 MB.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _common import arguments, report, spin

UNCLOUDED = str(Path(sys.executable).with_name("unclouded"))
SOURCES = Path(__file__).parent.parent / "src"
SETTLED_S = 30


def first_reading_s(data: Path) -> float:
    """Seconds until the demo prints its first reading."""
    started = time.perf_counter()
    with subprocess.Popen(
        [UNCLOUDED, "demo", "--json", "--data", str(data)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "point" in json.loads(line):
                break
        passed = time.perf_counter() - started
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
    return passed


def forget_compiled() -> None:
    for folder in SOURCES.rglob("__pycache__"):
        shutil.rmtree(folder)


def idle_rss_mb(folder: Path) -> float:
    """VmRSS of a hub that serves three simulated serial devices of other processes."""
    kinds = {"meter": "mgm111", "kettle": "tuya-plug", "pump": "tuya-plug"}
    sims = [
        subprocess.Popen([UNCLOUDED, "sim", kind, "--link", f"pty:{folder / name}"], stdout=subprocess.DEVNULL)
        for name, kind in kinds.items()
    ]
    families = {"mgm111": "emporia", "tuya-plug": "tuya_wifi"}
    lines = ["[hub]", f'data = "{folder / "data"}"']
    for name, kind in kinds.items():
        lines += ["[[device]]", f'id = "{name}"', f'family = "{families[kind]}"', f'link = "serial://{folder / name}"']
    config = folder / "unclouded.toml"
    config.write_text("\n".join(lines))
    try:
        time.sleep(3)
        with subprocess.Popen([UNCLOUDED, "run", "--config", str(config)], stderr=subprocess.DEVNULL) as hub:
            time.sleep(SETTLED_S)
            status = Path(f"/proc/{hub.pid}/status").read_text()
            hub.send_signal(signal.SIGTERM)
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
    finally:
        for sim in sims:
            sim.send_signal(signal.SIGTERM)
            sim.wait()


def main() -> None:
    args = arguments("Start and size", runs=5)
    before = spin()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        forget_compiled()
        cold = first_reading_s(place / "demo")
        warm = [first_reading_s(place / "demo") for _ in range(args.runs)]
        rss = idle_rss_mb(place)
    figures = {
        "cold_first_reading_s": round(cold, 2),
        "warm_first_reading_s": round(statistics.median(warm), 2),
        "warm_worst_s": round(max(warm), 2),
        "idle_hub_rss_mb": round(rss, 1),
    }
    report("start and size (targets: warm < 1 s, <= 45 MB)", figures, before, args.json)


if __name__ == "__main__":
    main()
