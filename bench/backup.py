"""What a backup costs: MB/s of stored data, size, and what the hub that writes beside it feels of it.

    python bench/backup.py [--megabytes 120]

A store of sealed hours and rollups, as it is after months, without free pages. A process writes a batch of 40 readings
every 50 ms into it meanwhile, on a loop that also measures how late it is called. Beside it, in the same run: a copy by
SQLite's backup API and by VACUUM INTO, each followed by gzip -1, as `sqlite3 store.sqlite ".backup copy" && gzip copy`.
"""

import argparse
import asyncio
import multiprocessing
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec

from sealing import START, sealed_store
from unclouded.core.model import Reading
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.file.schema import open_to_write
from unclouded.store.sink import Store

HOURS = 12
PAUSE_S = 0.05  # between two batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=120)
    wanted = parser.parse_args().megabytes * 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        store = folder / "data" / "store.sqlite"
        grow(folder / "seed.sqlite", store, wanted)
        size = store.stat().st_size
        print(f"{size / 1e6:.0f} MB of sealed hours and rollups; a batch every {PAUSE_S * 1000:.0f} ms beside each")
        print(f"{'':34}   MB/s  of size   worst batch  loop late (worst)")
        show("nothing", size, folder, store, idle)
        show("unclouded backup", size, folder, store, lambda: backup(folder, ""))
        show("  with a passphrase", size, folder, store, lambda: backup(folder, "passphrase = 1"))
        show("backup API to a copy, gzip -1", size, folder, store, lambda: copied(store, folder, by_api))
        show("VACUUM INTO a copy, gzip -1", size, folder, store, lambda: copied(store, folder, by_vacuum))


def idle() -> int:
    time.sleep(3)
    return 0


def grow(seed: Path, store: Path, wanted: int) -> None:
    """A store of so many bytes: sealed hours, repeated for later hours with other noise in their order."""
    sealed_store(seed, HOURS)
    db = open_to_write(seed)
    size = db.execute("SELECT sum(length(data)) FROM chunk").fetchone()[0]
    for table, column in (("chunk", "start"), ("rollup", "start")):
        for number in range(1, wanted // (size * 3 // 2)):
            names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            moved = ", ".join(f"{one} + {number * HOURS * SPAN_S}" if one == column else one for one in names)
            query = f"INSERT OR IGNORE INTO {table} SELECT {moved} FROM {table} WHERE {column} < ?"
            db.execute(query, (START + HOURS * SPAN_S,))
    db.execute("VACUUM INTO ?", (str(store),))
    db.close()
    open_to_write(store).close()


def show(name: str, size: int, folder: Path, store: Path, work: Callable[[], int]) -> None:
    """Do the work beside a writer, three times; the median of the speed, the worst of all else."""
    speeds, sizes, worst, late = [], [], 0.0, 0.0
    for _ in range(3):
        context = multiprocessing.get_context("fork")
        stop, figures = context.Event(), context.Queue()
        writer = context.Process(target=write, args=(store, stop, figures))
        writer.start()
        time.sleep(0.5)
        begun = time.perf_counter()
        made = work()
        speeds.append(size / (time.perf_counter() - begun) / 1e6)
        stop.set()
        slowest, latest = figures.get()
        writer.join()
        sizes.append(made / size)
        worst, late = max(worst, slowest), max(late, latest)
    speed = f"{statistics.median(speeds):7.0f}  {max(sizes):6.2f}" if sizes[0] else " " * 15
    print(f"{name:34}{speed}   {worst * 1000:8.1f} ms   {late * 1000:8.1f} ms")


def write(path: Path, stop: Event, figures: "multiprocessing.Queue[tuple[float, float]]") -> None:
    """Write batches as the hub does; the slowest batch, and by how much the loop was late at most."""

    async def run() -> tuple[float, float]:
        store = Store(path)
        store.open()
        slowest = latest = 0.0
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not stop.is_set():
            due = max(due + PAUSE_S, loop.time())
            await asyncio.sleep(due - loop.time())
            latest = max(latest, loop.time() - due)
            now = time.time()
            store.deliver([Reading(f"d{one % 10}", "power_W", one / 10, now) for one in range(40)])
            begun = loop.time()
            await store.flush()
            slowest = max(slowest, loop.time() - begun)
        await store.close()
        return slowest, latest

    figures.put(asyncio.run(run()))


def backup(folder: Path, encryption: str) -> int:
    """As the hub does: a process, which writes, reads again and prunes."""
    target = folder / "backups"
    target.mkdir(exist_ok=True)
    place = {"config": "", "data": str(folder / "data"), "hub": "", "zone": "UTC"}
    secret = ""
    if encryption:
        (folder / "pass").write_text("correct horse")
        secret = str(folder / "pass")
    asked = {"type": "make", "place": place, "passphrase_file": secret, "folder": str(target)}
    asked["keeping"] = {"days": 1, "weeks": 0, "months": 0}
    command = [sys.executable, "-m", "unclouded.app.backup.worker"]
    done = subprocess.run(command, input=msgspec.json.encode(asked) + b"\n", check=True, capture_output=True)
    file = Path(msgspec.json.decode(done.stdout)["file"])
    size = file.stat().st_size
    file.unlink()
    return size


def copied(store: Path, folder: Path, copy: Callable[[Path, Path], None]) -> int:
    target = folder / "copy.sqlite"
    copy(store, target)
    subprocess.run(["gzip", "-1", "-f", str(target)], check=True)
    size = target.with_name("copy.sqlite.gz").stat().st_size
    target.with_name("copy.sqlite.gz").unlink()
    return size


def by_api(store: Path, target: Path) -> None:
    source, copy = sqlite3.connect(f"file:{store}?mode=ro", uri=True), sqlite3.connect(target)
    source.backup(copy)
    copy.close()
    source.close()


def by_vacuum(store: Path, target: Path) -> None:
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    db.execute("VACUUM INTO ?", (str(target),))
    db.close()


if __name__ == "__main__":
    main()
