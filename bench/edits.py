"""What edits cost where a history is read: a day at 1 Hz, as measured and by the minute, and the energy of its hours.

    python bench/edits.py [--edits 1000]

The same store is read without edits and with them: edits of 30 s, spread over another 30 days and this one. Ratios are
of the least CPU of several runs.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.store.editing.edit import EditValue, NewEdit
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.condense import Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.energy import energy

DAY = 86_400
START = 1_764_504_000 // DAY * DAY
POINTS = (Point(key="power_W", exponent=-1), Point(key="energy_import_Wh", kind="counter", exponent=-3))
RUNS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=1000)
    count = parser.parse_args().edits
    seeded = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        db = open_to_write(path)
        writer = StoreWriter(db, lambda: START + 2.0 * DAY)
        device = Device(id="plug", identity="p", family="", link="", profile="", points=POINTS)
        writer.write([device, Ledger(identity="p", point="energy_import_Wh")])
        for minute in range(0, DAY, 60):
            batch = [Reading("plug", "power_W", seeded.randrange(9000) / 10, START + minute + n) for n in range(60)]
            writer.write([*batch, Reading("plug", "energy_import_Wh", minute / 36, float(START + minute))])
        while writer.sealer.step():
            pass
        before = measured(path)
        for number in range(count):
            at = (START + seeded.randrange(-30 * DAY, DAY)) * 1000
            edit = NewEdit(
                device=1, point="power_W", start=at, until=at + 30_000, action="void" if number % 2 else "edit",
                value=EditValue() if number % 2 else EditValue(constant=5), reason="bench",
            )  # fmt: skip
            writer.edits.make(edit, "bench")
        while writer.unrolled.step():
            pass
        after = measured(path)
        db.close()
    for name, first in before.items():
        figures = f"{first * 1e3:8.1f} ms without, {after[name] * 1e3:8.1f} ms with {count} edits"
        print(f"{name:<20} {figures}: {after[name] / first:.2f}")


def measured(path: Path) -> dict[str, float]:
    zone = ZoneInfo("Europe/Madrid")
    with StoreReader(path) as reader:
        day = (["power_W"], START, START + DAY)
        return {
            "a day as measured": least(lambda: list(reader.history("plug", *day))),
            "a day by 5 s": least(lambda: list(reader.steps("plug", Grid(5), *day))),
            "a day by the minute": least(lambda: list(reader.steps("plug", Grid(60), *day))),
            "energy of its hours": least(lambda: energy(reader, zone, "hour", START, START + DAY)),
        }


def least(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


if __name__ == "__main__":
    main()
