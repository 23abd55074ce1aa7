"""What sealing old hours brings and costs: bytes a value, CPU, and how a sealed day is read beside a single one.

    python bench/sealing.py [--hours 24]

Ten devices report power, voltage, current and energy once a second, with the noise of real meters (Gaussian, on all but
the energy) and stamps that jitter by 15 ms, so that nothing compresses too well. Ratios are to the same store before it
is sealed, in the same run. The stalls: one device of 200 points is sealed by a running store, while the loop looks at
the clock each millisecond.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from unclouded.core.model import Device, Fact, Point, Reading
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store
from unclouded.store.writer import StoreWriter

DEVICES = 10
WIDE = 200  # points of one device
START = 1_764_504_000 // SPAN_S * SPAN_S
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key="voltage_V", exponent=-1),
    Point(key="current_A", exponent=-3),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    hours = parser.parse_args().hours
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "store.sqlite", hours)
        asyncio.run(stalls(Path(folder) / "wide.sqlite"))


def measure(path: Path, hours: int) -> None:
    db = open_to_write(path)
    writer = StoreWriter(db, lambda: START + hours * SPAN_S + 1e6)
    values = DEVICES * hours * SPAN_S * len(POINTS)
    begun = time.process_time()
    for batch in batches(hours):
        writer.write(batch)
    writing_s = time.process_time() - begun
    single = pages(db, "sample") / values
    day = timed_day(path)
    longest, begun = 0.0, time.process_time()
    is_busy = True
    while is_busy:
        step = time.perf_counter()
        is_busy = writer.sealer.step()
        longest = max(longest, time.perf_counter() - step)
    sealing_s = time.process_time() - begun
    sealed = pages(db, "chunk") / values
    sealed_day = timed_day(path)
    db.close()
    print(f"{values:,} values of {DEVICES} devices in {hours} h")
    print(f"single rows {single:6.2f} bytes a value")
    print(f"sealed      {sealed:6.2f} bytes a value, 1/{single / sealed:.1f}")
    print(
        f"sealing     {sealing_s / values * 1e6:6.2f} us CPU a value, {sealing_s / writing_s:.2f} x what writing took"
    )
    print(f"longest step {longest * 1000:.1f} ms in the writer's thread")
    print(f"all values of a device's hours {sealed_day:.2f} s, {sealed_day / day:.2f} x single rows")


def sealed_store(path: Path, hours: int) -> None:
    """A store of so many hours, all of them sealed."""
    db = open_to_write(path)
    writer = StoreWriter(db, lambda: START + hours * SPAN_S + 1e6)
    for batch in batches(hours):
        writer.write(batch)
    while writer.sealer.step():
        pass
    db.close()


def is_left(store: Store) -> bool:
    return store.stats()["unsealed_hours"] > 0


async def lateness(store: Store, live: Callable[[int], Fact], goes_on: Callable[[], object]) -> list[float]:
    """How late the loop was each millisecond beside a running store, in s, sorted: for 6 s, and while it goes on."""
    running = asyncio.create_task(store.run(), name="store")
    late, begun = list[float](), time.perf_counter()
    while time.perf_counter() - begun < 6 or goes_on():
        store.deliver([live(len(late))])
        moment = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - moment - 0.001)
    running.cancel()
    await store.close()
    return sorted(late)


async def stalls(path: Path) -> None:
    """Seal hours of WIDE points beside a loop, with and without."""
    seeded = random.Random(2)
    points = tuple(Point(key=f"power{number}_W", exponent=-1) for number in range(WIDE))
    db = open_to_write(path)
    writer = StoreWriter(db, lambda: START)
    writer.write([Device(id="wide", identity="wide", family="sim", link="", profile="", points=points)])
    for second in range(0, 2 * SPAN_S, 10):
        writer.write(
            [
                reading("wide", point.key, seeded.gauss(500, 3), second + tenth)
                for tenth in range(10)
                for point in points
            ]
        )
    db.close()
    for name, ahead in (("without sealing", 0.0), ("while sealing", 3.0 * SPAN_S)):
        store = Store(path, interval=0.1, wall=partial(float, START + 2 * SPAN_S + ahead))
        store.open()
        longest = timed_steps(store)
        late = await lateness(
            store,
            lambda count: reading("wide", "power0_W", 1.0, 2 * SPAN_S + count / 1000),
            partial(is_left, store) if ahead else bool,
        )
        print(
            f"{name:<16} the loop was late by {late[-1] * 1000:.1f} ms at most, "
            f"{late[len(late) * 99 // 100] * 1000:.1f} ms in 99 % of {len(late)} looks; "
            f"longest step {max(longest, default=0) * 1000:.0f} ms; hours left {store.stats()['unsealed_hours']:.0f}"
        )


def timed_steps(store: Store) -> list[float]:
    """How long each step of the store's sealer takes, from now on."""
    sealer, taken = store._opened_writer().sealer, list[float]()
    step = sealer.step

    def timed() -> bool:
        begun = time.perf_counter()
        is_busy = step()
        taken.append(time.perf_counter() - begun)
        return is_busy

    sealer.step = timed  # type: ignore[method-assign]
    return taken


def batches(hours: int) -> Iterator[list[Fact]]:
    seeded = random.Random(1)
    names = [f"d{number}" for number in range(DEVICES)]
    yield [Device(id=one, identity=one, family="sim", link="", profile="", points=POINTS) for one in names]
    energy = dict.fromkeys(names, 0.0)
    for begin in range(0, hours * SPAN_S, 60):
        batch: list[Fact] = []
        for second in range(begin, begin + 60):
            for number, name in enumerate(names):
                load = (10, 85, 673, 1900)[(number + second // (300 + 37 * number)) % 4]
                power = max(0.0, seeded.gauss(load, load / 150 + 0.2))
                energy[name] += power / 3600
                at = second + 0.5 + seeded.gauss(0, 0.015)
                batch += [
                    reading(name, "power_W", power, at),
                    reading(name, "voltage_V", seeded.gauss(230.1, 0.3), at),
                    reading(name, "current_A", power / 230.1 + seeded.gauss(0, 0.004), at),
                    reading(name, "energy_import_Wh", energy[name], at),
                ]
        yield batch


def reading(device: str, point: str, value: float, at: float) -> Reading:
    return Reading(device, point, value, START + at)


def timed_day(path: Path) -> float:
    """CPU seconds that all values of one device take."""
    with StoreReader(path) as reader:
        begun = time.process_time()
        for _ in reader.history("d3"):
            pass
        return time.process_time() - begun


def pages(db: object, table: str) -> int:
    """The bytes of a table, by its pages."""
    query = "SELECT sum(pgsize) FROM dbstat WHERE name = ?"
    try:
        return int(db.execute(query, (table,)).fetchone()[0])  # type: ignore[attr-defined]
    except Exception:  # this SQLite has no dbstat
        column = "blob" if table == "sample" else "data"
        return int(db.execute(f"SELECT sum(length({column}) + 12) FROM {table}").fetchone()[0])  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
