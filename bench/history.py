"""Query time of histories: a year of one device at 1 Hz through the API, compared with aggregation in SQL.

A question is an ASGI call in this process: query and answer as JSON, the store read in its thread.

python bench/history.py [--json] [--days 365] [--raw-days 31]

What is written how: four values a second. The last ``--raw-days`` are real samples, rolled up by the store's own code.
Before them stand rolled-up rows alone, each day a copy of a real one: writing 31 million samples takes half an hour and
more, and a history of a year reads none of them but the newest. The peer is one row a value in a table with an index,
condensed by GROUP BY; it is asked about the real days only, a month at the most.
"""

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

from starlette.types import ASGIApp

from _common import arguments, report, spin
from api_story import FakeHub, about
from asgi import Answer, ask
from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.store import rollup
from unclouded.store.encoding.blob import encode
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter
from unclouded.web.api.api import Api
from unclouded.web.history.history import HistoryReader

DAY = 86_400
END = 1_800_000_000 // DAY * DAY
ZONE = ZoneInfo("Europe/Madrid")
KEYS = {"power_W": -1, "voltage_V": -1, "current_A": -3, "energy_import_Wh": -3}
ASKED = ("power_W", "energy_import_Wh")
SERIES = "&".join(f"series=plug.{point}" for point in ASKED)
POINTS = 600
RUNS = 9

Sample = tuple[int, int, int, int]


def device() -> Device:
    points = tuple(
        Point(key=key, exponent=exponent, kind="counter" if key.endswith("Wh") else "number")
        for key, exponent in KEYS.items()
    )
    return Device(id="plug", identity="plug-1", family="sim", link="", profile="", points=points)


def said(second: int) -> Sample:
    """Four values of a second, in the scales of their series."""
    power = 400 + second * 7 % 9000
    return power, 2300 + second % 40, power * 1000 // 2300, 5_000_000 + (second - END + 400 * DAY) * 31


def fill(path: Path, days: int, raw_days: int) -> float:
    """Write the year; how many bytes a value of the real days takes."""
    db = open_to_write(path)
    writer = StoreWriter(db, lambda: float(END))
    begin = END - raw_days * DAY
    first = [Reading("plug", key, said(begin)[n] * 10 ** KEYS[key], begin) for n, key in enumerate(KEYS)]
    writer.write([device(), Ledger(identity="plug-1", point="energy_import_Wh", total=1), *first])
    db.execute("BEGIN")
    rows = ((1, at, encode((at * 7 % 1000, n, value, 0) for n, value in enumerate(said(at), 1))) for at in _raw(begin))
    db.executemany("INSERT OR REPLACE INTO sample VALUES (?, ?, ?)", rows)
    keeper = rollup.Rollup(db, lambda: float(END))
    keeper.catch_up(2**40)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size / (raw_days * DAY * len(KEYS))
    _stretch(db, days - raw_days, begin)
    db.close()
    return size


def _raw(begin: int) -> Iterator[int]:
    return iter(range(begin, END))


def _stretch(db: sqlite3.Connection, days: int, begin: int) -> None:
    """Copies of the first real day's rows, backwards, and one sample, so that the history begins that early."""
    db.execute("BEGIN")
    oldest = encode((0, n, value, 0) for n, value in enumerate(said(begin - days * DAY), 1))
    db.execute("INSERT OR REPLACE INTO sample VALUES (1, ?, ?)", (begin - days * DAY, oldest))
    for day in range(1, days + 1):
        db.execute(
            "INSERT INTO rollup SELECT series, span, start - ?1, size, total, low, high, "
            "last - iif(series = 4, 31 * ?1, 0), at - ?1 * 1000, marks "
            "FROM rollup WHERE start >= ?2 AND start < ?2 + ?3",
            (day * DAY, begin, DAY),
        )
    db.execute("COMMIT")


def fill_plain(path: Path, raw_days: int) -> sqlite3.Connection:
    """The peer: one row a value, an index by device, point and time."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(
        "CREATE TABLE reading (device TEXT, point TEXT, at REAL, value REAL, PRIMARY KEY (device, point, at)) "
        "WITHOUT ROWID"
    )
    db.execute("BEGIN")
    begin = END - raw_days * DAY
    for number, (key, exponent) in enumerate(KEYS.items()):
        if key in ASKED:
            values = (("plug", key, at + at * 7 % 1000 / 1000, said(at)[number] * 10**exponent) for at in _raw(begin))
            db.executemany("INSERT INTO reading VALUES (?, ?, ?, ?)", values)
    db.execute("COMMIT")
    return db


def ask_plain(db: sqlite3.Connection, start: float, end: float, step: float) -> float:
    """ms for the same columns."""
    started = time.perf_counter()
    for point in ASKED:
        db.execute(
            "SELECT cast(at / ? AS INTEGER) AS step, min(value), avg(value), max(value) FROM reading "
            "WHERE device = ? AND point = ? AND at >= ? AND at < ? GROUP BY step",
            (step or 1, "plug", point, start, end),
        ).fetchall()
    return (time.perf_counter() - started) * 1000


async def measure(path: Path, days: int, raw_days: int, peer: sqlite3.Connection) -> dict[str, object]:
    spans = {"10 minutes": 600, "90 minutes": 5400, "day": DAY, "week": 7 * DAY, "month": 31 * DAY, "year": days * DAY}
    figures: dict[str, object] = {}
    past = HistoryReader(path, ZONE)
    app = Api(FakeHub(), lambda: {**about(), "timezone": ZONE.key}, past, wall=lambda: float(END)).app()
    end = END - 120
    for name, seconds in spans.items():
        times, found = await timed(app, f"/api/history?{SERIES}&start={end - seconds}&end={end}&points={POINTS}")
        figures[f"{name}, ms"] = round(statistics.median(times), 2)
        figures[f"{name}, worst ms"] = round(max(times), 2)
        figures[f"{name}, step s x rows"] = f"{found['step']:g} x {len(found['series'][0]['at'])}"
        if seconds <= raw_days * DAY:
            plain = [ask_plain(peer, end - seconds, end, found["step"]) for _ in range(3)]
            figures[f"{name}, plain SQL ms"] = round(statistics.median(plain), 2)
    for by, seconds in (("hour", 7 * DAY), ("day", days * DAY), ("month", days * DAY)):
        times, _ = await timed(app, f"/api/energy?by={by}&start={END - seconds}&end={END}")
        figures[f"energy by {by}, ms"] = round(statistics.median(times), 2)
    times, _ = await timed(app, "/api/today")
    figures["today, ms"] = round(statistics.median(times), 2)
    await past.close()
    return figures


async def timed(app: ASGIApp, path: str) -> tuple[list[float], Any]:  # Any: JSON
    """ms of each run, after one that does not count, and the answer."""
    answer = await _sound(app, path)
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        await _sound(app, path)
        times.append((time.perf_counter() - started) * 1000)
    return times, answer.json


async def _sound(app: ASGIApp, path: str) -> Answer:
    answer = await ask(app, "GET", path)
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {answer.body.decode()}")
    return answer


def main() -> None:
    commands = arguments(__doc__.splitlines()[0], days=365, raw_days=31)
    before = spin()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = fill(folder / "store.sqlite", commands.days, commands.raw_days)
        peer = fill_plain(folder / "plain.sqlite", commands.raw_days)
        figures = asyncio.run(measure(folder / "store.sqlite", commands.days, commands.raw_days, peer))
        peer.close()
    asked = {"days": commands.days, "days of samples": commands.raw_days, "bytes a value, rolled up": round(size, 2)}
    report("history", {**asked, **figures}, before, commands.json)


if __name__ == "__main__":
    main()
