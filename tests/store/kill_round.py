"""One round of the kill -9 test, for tests and bench: a process that stores, its kill, and the file's contents.

As a program it is the child: it delivers readings to a Store and prints each as ``monotonic device point at value``
once it is accepted, and ``stored N`` when the store has committed N facts.
"""

import asyncio
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.store.reading.reader import FOREVER, StoreReader
from unclouded.store.rollup import Rollup
from unclouded.store.sink import Store

DEVICES = 20
DAY_S = 86_400  # after so many seconds the clock of a child begins again
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
)


class Round(msgspec.Struct):
    """What came of one kill. ``lost``: printed longer than the grace before it, and not in the file.

    ``sealed``: hours. ``rolled_up``: readings that rows of 60 s stand for;
    ``rollups_astray``: rows that do not say what the samples say.
    """

    printed: int
    stored: int
    due: int
    lost: int
    lost_though_committed: int
    totals_astray: int
    rolled_up: int
    rollups_astray: int
    sealed: int
    intact: bool


def run_round(folder: Path, interval: float, grace: float, seed: int, hurry: int = 1, longer: float = 0.0) -> Round:
    """Start a child, kill it at a random moment, look into its file.

    ``hurry``: how fast its clock goes. ``longer``: how long it lives beyond the grace, at least (s).
    """
    path = folder / f"store-{seed}.sqlite"
    child = subprocess.Popen(
        [sys.executable, __file__, str(path), str(interval), str(hurry)], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert child.stdout is not None
    child.stdout.readline()
    delay = grace + longer + random.Random(seed).uniform(0.5, 3.0) * interval
    lines, killed = [], time.monotonic() + delay
    for line in child.stdout:
        lines.append(line)
        if child.returncode is None and time.monotonic() >= killed:
            killed = time.monotonic()
            child.kill()
            child.wait()
    child.stdout.close()
    return _judge(path, lines, killed - grace)


def _judge(path: Path, lines: list[str], due_before: float) -> Round:
    words = [line.split() for line in lines if line.endswith("\n")]
    committed = max((int(line[1]) for line in words if line[0] == "stored"), default=0)
    printed = [line for line in words if line[0] != "stored"]
    held, ledgers_fit, intact = _look(path)
    due = [line for line in printed if float(line[0]) < due_before]
    early = printed[:committed]
    rolled_up, rollups_astray = _look_at_rollups(path)
    return Round(
        printed=len(printed),
        stored=len(held),
        due=len(due),
        lost=sum(tuple(line[1:]) not in held for line in due),
        lost_though_committed=sum(tuple(line[1:]) not in held for line in early),
        totals_astray=0 if ledgers_fit else 1,
        rolled_up=rolled_up,
        rollups_astray=rollups_astray,
        sealed=_count_sealed(path),
        intact=intact,
    )


def _look(path: Path) -> tuple[set[tuple[str, ...]], bool, bool]:
    """All readings of the file; whether each ledger is that of its newest reading; whether the file is sound."""
    db = sqlite3.connect(path)
    intact = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    ledgers = dict(db.execute("SELECT identity, total FROM ledger"))
    db.close()
    held: set[tuple[str, ...]] = set()
    fits = True
    with StoreReader(path) as reader:
        for number in range(DEVICES):
            rows = list(reader.history(f"d{number}"))
            held |= {(row.device, row.point, f"{row.at:.3f}", f"{row.value:.3f}") for row in rows}
            energy = [float(row.value or 0) for row in rows if row.point == "energy_import_Wh"]
            fits &= round(energy[-1] * 1000) == ledgers[f"identity-{number}"] if energy else True
    return held, fits, intact


def _count_sealed(path: Path) -> int:
    """How many hours are sealed."""
    db = sqlite3.connect(path)
    (count,) = db.execute("SELECT count(*) FROM chunk").fetchone()
    db.close()
    return int(count)


def _look_at_rollups(path: Path) -> tuple[int, int]:
    """How many readings are rolled up, and how many rows are missing, too many or wrong."""
    db = sqlite3.connect(path)
    query = """SELECT r.series, span, start, size, total, low, high, last, at, marks FROM rollup r
        JOIN series s ON s.id = r.series JOIN rolled d ON d.device = s.device WHERE start + span <= upto"""
    held = set(db.execute(query))
    size = sum(row[3] for row in held if row[1] == 60)
    upto = dict(db.execute("SELECT device, upto FROM rolled"))
    db.execute("DELETE FROM rollup")
    db.execute("DELETE FROM rolled")
    fresh = Rollup(db, lambda: FOREVER)
    for device, until in upto.items():
        while fresh._upto_of(device) < until:
            fresh._advance(device, until, 10**9)
    right = set(db.execute(query))
    db.rollback()
    db.close()
    return size, len(held ^ right)


# --- the child -------------------------------------------------------------------------------------


async def _store_for_ever(path: Path, interval: float, hurry: int) -> None:
    store = Store(path, interval=interval, wall=lambda: FOREVER)
    store.open()
    names = [f"d{number}" for number in range(DEVICES)]
    store.deliver([_device(number, name) for number, name in enumerate(names)])
    await store.flush()
    announced = int(store.stats()["stored"])
    print("ready", flush=True)
    running = asyncio.create_task(store.run(), name="store.run")
    reported, beat = 0, 0
    while not running.done():
        beat += 1
        _speak(store, names, beat, hurry)
        # A device gives two readings and a ledger a beat; ledgers waiting in the mailbox count once.
        stored = _readings_stored(store, beat, announced)
        if stored != reported:
            reported = stored
            print("stored", reported, flush=True)
        await asyncio.sleep(0.02)
    await running


def _speak(store: Store, names: list[str], beat: int, hurry: int) -> None:
    """All devices report: their facts go in first, then they are printed."""
    lines = []
    for number, name in enumerate(names):
        at, power, energy = round(time.time() % DAY_S * hurry, 3), beat % 3000 / 10, beat * 1000 + number
        readings = [Reading(name, "power_W", power, at), Reading(name, "energy_import_Wh", energy / 1000, at)]
        store.deliver([*readings, Ledger(identity=f"identity-{number}", point="energy_import_Wh", total=energy)])
        lines += [f"{time.monotonic()} {r.device} {r.point} {r.at:.3f} {r.value:.3f}" for r in readings]
    print("\n".join(lines), flush=True)


def _readings_stored(store: Store, beats: int, announced: int) -> int:
    """How many of the readings so far are committed: those neither waiting nor in a batch under way."""
    stats = store.stats()
    ledgers = int(stats["batches"] - 1) * DEVICES
    return min(max(int(stats["stored"]) - announced - ledgers, 0), beats * DEVICES * 2)


def _device(number: int, name: str) -> Device:
    return Device(id=name, identity=f"identity-{number}", family="sim", link="", profile="", points=POINTS)


if __name__ == "__main__":
    asyncio.run(_store_for_ever(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
