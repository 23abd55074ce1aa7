"""The queries of docs/export.md run, and agree with the energy of the history."""

import re
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from unclouded.app.exporting.export import ExportJob, export_file
from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.core.views.export import ExportRequest
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter

MADRID = ZoneInfo("Europe/Madrid")
METER = "energy_import_Wh"
RECIPES = re.findall(
    r"```sql\n(.*?)```", (Path(__file__).parents[3] / "docs" / "export.md").read_text("utf-8"), re.DOTALL
)


def test_the_recipes_of_the_documentation_give_what_was_measured(tmp_path: Path) -> None:
    begin, store = datetime(2026, 9, 15, tzinfo=MADRID).timestamp(), tmp_path / "store.sqlite"
    with closing(open_to_write(store)) as db:
        points = (Point(key="power_W", exponent=-1), Point(key=METER, kind="counter", exponent=-3))
        facts = [
            Device(id="kettle", identity="k", family="", link="", profile="", points=points),
            Ledger(identity="k", point=METER),
        ]
        for hour in range(60 * 24 + 1):
            at = begin + hour * 3600
            watts = 100.1 if datetime.fromtimestamp(at, MADRID).hour == 7 else 50.3
            facts += [Reading("kettle", "power_W", watts, at + 1), Reading("kettle", METER, hour * 0.1, at)]
        StoreWriter(db, lambda: at).write(facts)  # type: ignore[arg-type]
    for name, request in (
        ("energy.parquet", ExportRequest(format="parquet", content=("energy",))),
        ("readings.parquet", ExportRequest(format="parquet")),
        ("energy.csv", ExportRequest(format="csv", content=("energy",))),
        ("all.sqlite", ExportRequest(format="sqlite", content=("energy",))),
    ):
        job = ExportJob(store, MADRID, request, at)
        export_file(job, tmp_path / name, request, False, lambda done, rows: None)
    months, hours, from_csv, from_sqlite = [_here(one, tmp_path) for one in RECIPES]
    expected = [("2026-09", "kettle", 38.3), ("2026-10", "kettle", 74.5), ("2026-11", "kettle", 31.2)]
    measured = [
        (month, device, round(float(kWh) * 1000, 3)) for month, device, kWh in duckdb.execute(months).fetchall()
    ]
    assert measured == expected  # Wh; October has an hour more
    assert [(a, b, round(float(c) * 1000, 3)) for a, b, c in duckdb.execute(from_csv).fetchall()] == expected
    with closing(sqlite3.connect(tmp_path / "all.sqlite")) as db:
        assert [(a, b, round(c, 2)) for a, b, c in db.execute(from_sqlite)] == [
            (month, device, round(Wh / 1000, 2)) for month, device, Wh in expected
        ]
    by_hour = {hour: (float(mean), float(most)) for hour, mean, most in duckdb.execute(hours).fetchall()}
    assert by_hour[7] == (100.1, 100.1)
    assert by_hour[8] == (50.3, 50.3)
    assert len(by_hour) == 24


def _here(query: str, folder: Path) -> str:
    return re.sub(r"'((?:energy|readings)\.(?:parquet|csv))'", rf"'{folder}/\1'", query)
