"""Queries that are asked often find their rows by keys: none reads all windows, days of energy or events."""

import re
from typing import Any

from fleet.filled_base import DAY, NOW, add_home, add_organisation, store_everything
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.reading import energy, history, homes
from unclouded.fleet.base.schema import upkeep
from unclouded.fleet.base.views import HomeFilter, Scope
from unclouded.fleet.base.windows import day_sums, stored_windows, windows

RANGE = {"hub": 1, "first": NOW - DAY, "start": NOW - DAY, "end": NOW, "device": 1, "day": 5, "level": 4}
MONTH = {"first": "2026-11-01", "last": "2026-11-30", "org": None, "hubs": None}
HOMES = {**homes._values(HomeFilter(organisation=1)), "now": NOW, "limit": 9}
QUERIES: dict[str, tuple[str, Any]] = {  # Any: parameters
    "windows of a range": (stored_windows.WINDOWS, (1, 4, NOW - DAY, NOW)),
    "sealed windows of a range": (stored_windows.SEALED, (1, 4, 20_000, 20_001)),
    "levels of a range": (stored_windows.ANY_IN, RANGE),
    "sums of days": (day_sums.WINDOWS, (1, [4], int(NOW) - DAY, int(NOW))),
    "sums of sealed days": (day_sums.SEALED, (1, [4], 20_000, 20_001)),
    "sum of both": (day_sums.BOTH, RANGE),
    "highest number": (windows.HIGHEST, {"hub": 1, "since": int(NOW) - DAY}),
    "stored levels": (homes.STORED, {"hub": 1}),
    "days to seal": (upkeep.OPEN_DAYS, ([1, 2], int(NOW) - DAY, 9)),
    "states of a device": (history.STATES, RANGE),
    "events of a home": (history.EVENTS, {"hub": 1, "kind": "", "before": None, "limit": 9}),
    "energy of a month": (energy.ALL.format(energy.PERIODS["day"], energy.DAY_SUMS), MONTH),
    "energy of some homes": (energy.EACH.format(energy.PERIODS["day"], energy.SUMS), {**MONTH, "hubs": ["a" * 20]}),
    "page of an organisation": (homes.PAGE.format(found=homes._found(HOMES, ""), shown="true"), HOMES),
}
WHOLE = ("stored levels", "days to seal")  # of all months
COMPUTED = re.compile(r"\((start|day)\)::double")  # compared with a number that is not whole: by no key
LARGE = re.compile(r"Seq Scan on (window|sealed|home_day|event|hub|presence)")


async def test_no_query_reads_a_large_table(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    await store_everything(base, hub, int(NOW) - 2 * DAY)
    async with base.homes._connections.transaction("owner") as connection:
        await connection.execute("SELECT month_parts('2001-01-01')")
    for text, (query, values) in QUERIES.items():
        async with base.homes._connections.transaction("read", Scope((1,))) as connection:
            await connection.execute("SET LOCAL enable_seqscan = off")  # where the table is as small as here
            rows = await (await connection.execute(f"EXPLAIN {query}".encode(), values)).fetchall()
        plan = "\n".join(row[0] for row in rows)
        assert not LARGE.search(plan), f"{text}\n{plan}"
        assert not COMPUTED.search(plan), f"{text}\n{plan}"
        assert "_2001_01" not in plan or text in WHOLE, f"{text}\n{plan}"
