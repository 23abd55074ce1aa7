"""The bill of a year, and the costs of each device, of a home with 20 plugs, with a meter and without.

python bench/bill.py [--json] [--devices 20] [--days 365] [--meter 0]

The store has a value of each counter for each quarter of an hour. Cold: the first answer of a process. Warm: later
ones; energy is read again for each answer, and only what was found of outages is kept. Times are those of the
processor, which other programs do not lengthen much.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from _common import arguments, report, spin
from unclouded.app.configuration.config import parse_config
from unclouded.app.costs.quarter_columns import EXPORT, IMPORT, QuarterColumns
from unclouded.app.costs.reports import CostReports
from unclouded.app.demo.tariffs import TARIFFS
from unclouded.core.model import Device, Ledger, Point
from unclouded.store.backfill import backfill
from unclouded.store.encoding.codec import SeriesScale
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter

DAY = 86_400
END = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
RUNS = 5


def home(plugs: int, has_meter: bool = True) -> list[Device]:
    """Plugs, behind a meter if there is one."""
    found = [_device(f"plug{n}", (IMPORT,), "meter" if has_meter else "") for n in range(plugs)]
    return [_device("meter", (IMPORT, EXPORT)), *found] if has_meter else found


def fill(path: Path, devices: list[Device], days: int) -> None:
    """A value of each counter for each quarter of an hour."""
    db = open_to_write(path)
    keys = {one.id: [point.key for point in one.points if point.kind == "counter"] for one in devices}
    ledgers = [Ledger(identity=one.identity, point=key) for one in devices for key in keys[one.id]]
    StoreWriter(db, lambda: float(END)).write([*devices, *ledgers])
    starts, random = np.arange(END - days * DAY, END, 900), np.random.default_rng(1)
    db.execute("BEGIN")
    for number, one in enumerate(devices, 1):
        most = 900_000 if one.id == "meter" else 20_000_000 // len(devices)
        columns = {
            SeriesScale(key, -3, "counter"): np.cumsum(random.integers(0, most, len(starts))) for key in keys[one.id]
        }
        backfill(db, number, starts, columns)
    db.execute("COMMIT")
    db.close()


def main() -> None:
    args = arguments(__doc__ or "", devices=20, days=365, meter=1)
    before, devices = spin(), home(args.devices, bool(args.meter))
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "store.sqlite", devices, args.days)
        config = parse_config(f'[hub]\ntimezone = "Europe/Madrid"\ndata = "{folder}"\n{TARIFFS}', "bench.toml")
        reports = CostReports(config, devices, QuarterColumns())
        asked: dict[str, Callable[[StoreReader], object]] = {
            "bill of a year": lambda reader: reports.bill(reader, "", "2026", END - 1.0),
            "costs of each device": lambda reader: reports.costs(
                reader, "", "month", END - args.days * DAY, END, END - 1.0
            ),
            "comparison of two tariffs": lambda reader: reports.compare(
                reader, (), END - args.days * DAY, END, END - 1.0
            ),
        }
        figures = {}
        with StoreReader(config.store) as reader:
            for name, ask in asked.items():
                took = []
                for _ in range(RUNS):
                    started = time.process_time()
                    ask(reader)
                    took.append((time.process_time() - started) * 1000)
                figures[f"{name}, cold, ms"] = round(took[0])
                figures[f"{name}, warm, ms"] = round(sorted(took[1:])[len(took) // 2 - 1])
    report("bill", figures, before, args.json)


def _device(id: str, keys: tuple[str, ...], parent: str = "") -> Device:
    points = (*(Point(key=key, kind="counter", exponent=-3) for key in keys), Point(key="power_W"))
    return Device(id=id, identity=f"bench:{id}", family="", link="", profile="", points=points, parent=parent)


if __name__ == "__main__":
    main()
