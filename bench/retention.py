"""How fast retention deletes, and how long it holds up the loop: whole hours, and a point of hours that stay.

    python bench/retention.py [--hours 24]

Ten devices report four points once a second, as in bench/sealing.py; all is sealed. Then all readings but those of the
last hours are deleted, in one run of the thread that writes; in another one those of one point. The stalls: a running
store deletes, while the loop looks at the clock each millisecond. Times are CPU; the load of the computer is printed.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

from sealing import DEVICES, POINTS, START, lateness, reading, sealed_store
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.file.compacting import compact
from unclouded.store.file.schema import open_to_write
from unclouded.store.retention.plan import NOTICE_S
from unclouded.store.retention.rules import RetentionRule
from unclouded.store.sink import Store
from unclouded.store.writer import StoreWriter

DAYS = 86_400.0
ALL = RetentionRule(raw=2 * DAYS)
ONE = RetentionRule(point="voltage_V", raw=2 * DAYS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    hours = parser.parse_args().hours
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores; {DEVICES} devices, {hours} h sealed")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "store.sqlite"
        sealed_store(made, hours)
        for name, rule in (("all points", ALL), ("one point", ONE)):
            path = Path(shutil.copy(made, Path(folder) / "copy.sqlite"))
            measure(path, hours, name, rule)
            asyncio.run(stalls(Path(shutil.copy(made, path)), hours, rule))


def measure(path: Path, hours: int, name: str, rule: RetentionRule) -> None:
    db = open_to_write(path)
    clock, passed = [due(hours)], [0.0]
    writer = StoreWriter(db, lambda: clock[0], lambda: passed[0])
    announce(writer, rule, clock, passed)
    longest, count, begun = 0.0, 0, time.process_time()
    while True:
        step = time.thread_time()
        is_busy = writer.deleter.step()
        longest = max(longest, time.thread_time() - step)
        if not is_busy:
            break
        count += 1
    taken = time.process_time() - begun
    values = DEVICES * (hours - 1) * SPAN_S * (len(POINTS) if rule is ALL else 1)
    db.close()
    done = compact(path)
    print(
        f"{name:<11} {values:,} readings in {taken:.2f} s CPU, {values / taken / 1e6:.1f} million/s, {count} steps, "
        f"longest {longest * 1000:.1f} ms; {done.before / 1e6:.1f} MB, compacted {done.after / 1e6:.1f} MB"
    )


async def stalls(path: Path, hours: int, rule: RetentionRule) -> None:
    clock, passed = [due(hours)], [0.0]
    db = open_to_write(path)
    announce(StoreWriter(db, lambda: clock[0], lambda: passed[0]), rule, clock, passed)
    db.close()
    store = Store(path, interval=0.1, wall=lambda: clock[0])
    store.use_retention([rule])
    store.open()
    late = await lateness(
        store, lambda count: reading("d0", "power_W", 1.0, hours * SPAN_S + count / 1000), lambda: False
    )
    most = late[len(late) * 99 // 100] * 1000
    print(
        f"            the loop was late by {late[-1] * 1000:.1f} ms at most, {most:.1f} ms in 99 % of {len(late)} looks"
    )


def announce(writer: StoreWriter, rule: RetentionRule, clock: list[float], passed: list[float]) -> None:
    writer.deleter.use([rule])
    writer.deleter.step()
    clock[0] += NOTICE_S
    passed[0] += 1e4


def due(hours: int) -> float:
    """When all is old enough."""
    return START + hours * SPAN_S + 60 * DAYS


if __name__ == "__main__":
    main()
