"""Start and size: seconds from `demo` to its first reading, cold and warm; memory of an idle hub with serial devices.

    python bench/start.py [--runs 5] [--json]

Cold: an empty data folder and no compiled Python files of ours. Warm: the second start on the same folder.
Past: the 400 days of the demo's devices, from the plan until they are stored (target <= 3 s).
Memory: VmRSS of `unclouded run` 30 s after its start, its devices simulated by other processes: a meter and two Tuya
plugs on pseudo terminals (target <= 45 MB), three Meross plugs over the broker and over HTTP (target <= 65 MB).
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from _common import arguments, report, spin
from unclouded.app.demo.home import past_devices
from unclouded.app.demo.past import DAYS, DemoPast
from unclouded.core.model import Device
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter

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


def past_s(folder: Path) -> float:
    """Seconds from the plan of 400 days until they are stored, for the devices of a hub that has stored them."""
    folder.mkdir()
    past = DemoPast(folder / "store.sqlite", 1, ZoneInfo("Europe/Madrid"))
    started = time.perf_counter()
    devices = past_devices(1)
    past.plan(devices, time.time(), DAYS)
    db = open_to_write(folder / "store.sqlite")
    StoreWriter(db, time.time).write(
        [Device(id=one.id, identity=one.identity or one.id, family="", link="", profile="") for one in devices]
    )
    db.close()
    asyncio.run(past.fill())
    return time.perf_counter() - started


def forget_compiled() -> None:
    for folder in SOURCES.rglob("__pycache__"):
        shutil.rmtree(folder)


def idle_rss_mb(folder: Path, config: str, sims: list[list[str]]) -> float:
    """VmRSS of a hub whose simulated devices are other processes."""
    folder.mkdir()
    (folder / "plugs.key").write_text("bench")
    file = folder / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{folder / "data"}"\n{config}')
    devices = [subprocess.Popen([UNCLOUDED, "sim", *words], stdout=subprocess.DEVNULL) for words in sims]
    try:
        time.sleep(3)
        with subprocess.Popen([UNCLOUDED, "run", "--config", str(file)], stderr=subprocess.DEVNULL) as hub:
            time.sleep(SETTLED_S)
            status = Path(f"/proc/{hub.pid}/status").read_text()
            hub.send_signal(signal.SIGTERM)
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
    finally:
        for device in devices:
            device.send_signal(signal.SIGTERM)
            device.wait()


def serial_rss_mb(folder: Path) -> float:
    """With one meter and two Tuya plugs on pseudo terminals."""
    kinds = {"meter": ("mgm111", "emporia"), "kettle": ("tuya-plug", "tuya_wifi"), "pump": ("tuya-plug", "tuya_wifi")}
    config = "".join(
        f'[[device]]\nid = "{name}"\nfamily = "{family}"\nlink = "serial://{folder}.{name}"\n'
        for name, (_, family) in kinds.items()
    )
    return idle_rss_mb(folder, config, [[kind, "--link", f"pty:{folder}.{name}"] for name, (kind, _) in kinds.items()])


def plugs_rss_mb(folder: Path) -> float:
    """With three Meross plugs: two over the broker, one over HTTP."""
    broker, http = free_port(), free_port()
    config = f'[broker]\nlisten = "127.0.0.1:{broker}"\nhost = "127.0.0.1"\n[meross]\nkey_file = "plugs.key"\n'
    for seed in (1, 2, 3):
        link = f"http://127.0.0.1:{http}" if seed == 3 else "broker:"
        uuid = f"19010100000000000000{0x020000000000 + seed:012x}"
        config += f'[[device]]\nid = "plug{seed}"\nfamily = "meross"\nuuid = "{uuid}"\nlink = "{link}"\n'
    key = ["--key-file", str(folder / "plugs.key")]
    where = {1: ["--server", f"mqtts://127.0.0.1:{broker}"], 3: ["--http", f"127.0.0.1:{http}"]}
    where[2] = where[1]
    sims = [["mss310", "--seed", str(seed), *key, *words] for seed, words in where.items()]
    return idle_rss_mb(folder, config, sims)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def main() -> None:
    args = arguments("Start and size", runs=5)
    before = spin()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        forget_compiled()
        cold = first_reading_s(place / "demo")
        warm = [first_reading_s(place / "demo") for _ in range(args.runs)]
        past = past_s(place / "past")
        serial, plugs = serial_rss_mb(place / "serial"), plugs_rss_mb(place / "plugs")
    figures = {
        "cold_first_reading_s": round(cold, 2),
        "warm_first_reading_s": round(statistics.median(warm), 2),
        "warm_worst_s": round(max(warm), 2),
        "past_of_400_days_s": round(past, 2),
        "idle_hub_serial_rss_mb": round(serial, 1),
        "idle_hub_plugs_rss_mb": round(plugs, 1),
    }
    report(
        "start and size (targets: warm < 1 s, past <= 3 s, serial <= 45 MB, plugs <= 65 MB)", figures, before, args.json
    )


if __name__ == "__main__":
    main()
