"""The store: rows per second compared with a plain INSERT, bytes per row, reading a day, a hundred kills.

python bench/store_writer.py                 # ingest, size, reading
python bench/store_writer.py --kills 100     # the hundred kill -9, ten processes at a time, real figures (1 s, 2 s)
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from store.kill_round import run_round
from unclouded.core.model import Device, Point, Reading
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter

NOON = 1_800_000_000
HURRY = 4000  # the clock of a process that is killed goes so many times as fast: hours are sealed in its short life
KEYS = {"power_W": -1, "voltage_V": -1, "current_A": -3, "energy_import_Wh": -3}
POINTS = tuple(Point(key=key, exponent=exponent) for key, exponent in KEYS.items())


def second(devices: int, number: int) -> list[Reading]:
    """One second of a hundred plugs, four values each."""
    facts = []
    for device in range(devices):
        at = NOON + number + device % 1000 / 1000
        power = 40 + (number * 7 + device * 13) % 900 / 10
        values = (power, 230 + number % 40 / 10, round(power / 230, 3), 5_000_000 + number * 0.031)
        facts += [Reading(f"d{device}", key, value, at) for key, value in zip(KEYS, values, strict=True)]
    return facts


def ingest(folder: Path, devices: int, seconds: int) -> tuple[float, float]:
    """Rows (values) a second through the writer, and bytes a value in the file."""
    path = folder / "ours.sqlite"
    db = open_to_write(path)
    writer = StoreWriter(db, time.time)
    writer.write(
        [Device(id=f"d{n}", identity=f"i{n}", family="", link="", profile="", points=POINTS) for n in range(devices)]
    )
    batches = [second(devices, number) for number in range(seconds)]
    started = time.perf_counter()
    for batch in batches:
        writer.write(batch)
    took = time.perf_counter() - started
    db.close()
    rows = devices * seconds * len(KEYS)
    return rows / took, path.stat().st_size / rows


def plain(folder: Path, devices: int, seconds: int) -> tuple[float, float]:
    """The peer: one table (device, point, at, value), executemany, the same durability."""
    path = folder / "plain.sqlite"
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE reading (device TEXT, point TEXT, "
        "at REAL, value REAL, PRIMARY KEY (device, point, at)) WITHOUT ROWID"
    )
    batches = [[(r.device, r.point, r.at, r.value) for r in second(devices, n)] for n in range(seconds)]
    started = time.perf_counter()
    for batch in batches:
        db.execute("BEGIN")
        db.executemany("INSERT INTO reading VALUES (?, ?, ?, ?)", batch)
        db.execute("COMMIT")
    took = time.perf_counter() - started
    db.close()
    rows = devices * seconds * len(KEYS)
    return rows / took, path.stat().st_size / rows


def read_a_day(folder: Path) -> tuple[float, float, int]:
    """Seconds to read one device's day at 1 Hz as it is, and as one row a minute; how many values."""
    path = folder / "day.sqlite"
    db = open_to_write(path)
    writer = StoreWriter(db, time.time)
    writer.write([Device(id="d0", identity="i0", family="", link="", profile="", points=POINTS)])
    writer.write([fact for number in range(86_400) for fact in second(1, number)])
    db.close()
    with StoreReader(path) as reader:
        started = time.perf_counter()
        rows = sum(1 for _ in reader.history("d0"))
        raw = time.perf_counter() - started
        sum(1 for _ in reader.history("d0", step=60))
        return raw, time.perf_counter() - started - raw, rows


def kills(count: int, at_once: int, interval: float, grace: float) -> None:
    """Kill that many storing processes; what was lost."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        rounds = list(pool.map(lambda seed: run_round(Path(folder), interval, grace, seed, HURRY), range(count)))
    print(f"{count} kills, a batch every {interval} s, {at_once} at a time")
    print(f"  files that open and pass integrity_check   {sum(r.intact for r in rounds)}")
    print(f"  readings printed {sum(r.printed for r in rounds)}, of them in the files {sum(r.stored for r in rounds)}")
    print(f"  printed more than {grace} s before the kill  {sum(r.due for r in rounds)}")
    print(f"  of those lost                              {sum(r.lost for r in rounds)}")
    print(f"  said to be committed, and lost             {sum(r.lost_though_committed for r in rounds)}")
    print(f"  ledgers that are not their reading's       {sum(r.totals_astray for r in rounds)}")
    print(f"  rolled-up rows that are not their samples' {sum(r.rollups_astray for r in rounds)}")
    print(f"  hours that were sealed meanwhile           {sum(r.sealed for r in rounds)}")


def figures(devices: int, seconds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, our_size = ingest(folder, devices, seconds)
        theirs, their_size = plain(folder, devices, seconds)
        raw, minutes, rows = read_a_day(folder)
    print(f"ingest, {devices} devices x {len(KEYS)} values at 1 Hz, a commit a second")
    print(f"  store         {ours:10,.0f} values/s  {our_size:6.1f} bytes a value")
    print(f"  plain INSERT  {theirs:10,.0f} values/s  {their_size:6.1f} bytes a value")
    print(f"  ratio         {ours / theirs:10.2f}           {their_size / our_size:6.1f} times smaller")
    print(f"one device's day, {rows} values: {raw:.2f} s as it is, {minutes:.2f} s by the minute")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=10)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--grace", type=float, default=2.0)
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=300)
    args = parser.parse_args()
    if args.kills:
        kills(args.kills, args.at_once, args.interval, args.grace)
    else:
        figures(args.devices, args.seconds)
