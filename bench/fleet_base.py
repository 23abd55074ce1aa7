"""The base of a fleet: what windows cost PostgreSQL beside a row for each sample, and what its lists and sums cost.

python bench/fleet_base.py                     # all of it; about five minutes
python bench/fleet_base.py --homes 10000       # fewer homes in the list

Processor time of PostgreSQL is that of all its processes (/proc); the client's is left out. The peer of windows is one
row a sample, written so that a repeat does no harm (INSERT … ON CONFLICT), which is what windows are. The peer of days
of energy is one row an hour of each counter; that of row-level security is the same query with the organisation in it.
"""

import argparse
import asyncio
import os
import random
import statistics
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import psycopg

from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.schema.migrations import migrate
from unclouded.fleet.base.views import HomeFilter, HubWindows, Scope
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.store.encoding.chunk import DeviceSecond
from unclouded.uplink.contents.raw import encode_raw
from unclouded.uplink.messages import SentWindow

NOW = 1_795_996_800.0  # 2026-11-30 00:00 UTC
START = int(NOW) - 5 * 86_400
DEVICES, SERIES, WINDOW_S = 10, 4, 300
TICKS = os.sysconf("SC_CLK_TCK")
BATCH = 8  # messages of a transaction: an ingester takes up to 64 that come within 20 ms
QUERIES = 4  # that are measured together

PEER = """CREATE TABLE sample (hub integer, series integer, at bigint, value bigint, marks smallint,
    PRIMARY KEY (hub, series, at))"""
PUT_PEER = """INSERT INTO sample SELECT * FROM unnest(%b::integer[], %b::integer[], %b::bigint[], %b::bigint[],
    %b::smallint[]) ON CONFLICT (hub, series, at) DO UPDATE SET value = excluded.value, marks = excluded.marks"""
HOURS = """CREATE TABLE hourly (hub integer, series integer, hour integer, mwh bigint, PRIMARY KEY (hub, series, hour));
    INSERT INTO hourly SELECT hub, series, hour, (random() * 1e6)::bigint FROM generate_series(1, 1000) AS hub,
        generate_series(1, 10) AS series, generate_series(497520, 497520 + 719) AS hour;
    ANALYZE hourly"""
HOURLY = """SELECT (hour / 24) AS day, sum(mwh) FROM hourly WHERE hub BETWEEN 1 AND 1000
    AND hour BETWEEN 497520 AND 497520 + 719 GROUP BY 1 ORDER BY 1"""
HOMES = """INSERT INTO organisation (name) SELECT 'Organisation ' || n FROM generate_series(1, {orgs}) AS n;
    INSERT INTO hub (id, org, name, place, public_key, joined, renewed) SELECT 'hub' || lpad(n::text, 17, '0'),
        1 + n % {orgs}, 'Calle Mayor ' || n, 'Madrid', 'KEY' || n, 0, 0 FROM generate_series(1, {homes}) AS n;
    INSERT INTO presence (hub, org, seen, at, version, power, import, devices, offline, behind) SELECT number, org,
        {now} - random() * 1300, {now}, '0.9.' || number % 4, random() * 2000, random() * 1e7, 10,
        (random() < 0.003)::integer, (random() * 3.1)::integer FROM hub;
    INSERT INTO home_day SELECT org, day, number, 1, random() * 1e7, 0, NULL, 0 FROM hub,
        generate_series('2026-11-01'::date, '2026-11-30', '1 day') AS day WHERE number <= 10000;
    ANALYZE"""
SIZE = "SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree(%s)"


def postgres_s(postmaster: int) -> float:
    """Processor seconds of PostgreSQL, of processes that have ended too."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == postmaster:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            total += sum(map(int, fields[11:13]))
    return total / TICKS


async def measured(server: PrivatePostgres, work: Callable[[], Awaitable[object]]) -> float:
    """Processor seconds of PostgreSQL for it."""
    before = postgres_s(server.pid)
    await work()
    return postgres_s(server.pid) - before


# --- windows beside rows ------------------------------------------------------------------------------


def readings(window: int) -> dict[int, list[DeviceSecond]]:
    """A window of ten plugs at 1 Hz: power, voltage, current with noise, and a counter; stamps with jitter."""
    chance = random.Random(window)
    found: dict[int, list[DeviceSecond]] = {}
    start = START + window * WINDOW_S
    for device in range(DEVICES):
        power, voltage, total = chance.uniform(200, 20_000), 2300.0, window * 1000.0
        seconds: list[DeviceSecond] = []
        for second in range(WINDOW_S):
            voltage += chance.gauss(0, 1)
            power += chance.gauss(0, 5)
            total += power / 36_000
            values = (power, voltage, power / voltage * 1000, total)
            ms = 500 + round(chance.uniform(-15, 15))
            seconds.append(
                (start + second, [(ms, device * SERIES + n, round(value), 0) for n, value in enumerate(values)])
            )
        found[device + 1] = seconds
    return found


async def windows(server: PrivatePostgres, base: FleetBase, dsn: str, count: int) -> None:
    """Prints both, and their ratios."""
    data = [readings(number) for number in range(count)]
    organisation = await base.register.add_organisation("Bench")
    await base.register.add_code(b"bench", organisation.number, 1, NOW + 900, "bench", NOW)
    await base.register.enrol(b"bench", "a" * 20, "KEY", "Home", NOW)
    sent = [
        SentWindow(START + n * WINDOW_S, n + 1, encode_raw(START + n * WINDOW_S, one)) for n, one in enumerate(data)
    ]
    payload = sum(len(one.data) for one in sent)

    async def ours() -> None:
        for first in range(0, count, BATCH):
            batch = [HubWindows("a" * 20, "raw", (window,)) for window in sent[first : first + BATCH]]
            await base.windows.store_windows(batch, batch[-1].windows[0].start + WINDOW_S)

    ours_s = await measured(server, ours)
    rows = count * DEVICES * WINDOW_S * SERIES
    few = data[: max(count // 10, 1)]
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        size = (await (await connection.execute(SIZE, ("window",))).fetchall())[0][0]
        while (await base.upkeep.seal(NOW)).more:
            pass
        sealed = (await (await connection.execute(SIZE, ("sealed",))).fetchall())[0][0]
        await connection.execute(PEER)
        columns = [peer_columns(one) for one in few]

        async def peer() -> None:
            for one in columns:
                await connection.execute(PUT_PEER, one)

        peer_s = await measured(server, peer)
        peer_rows = len(few) * DEVICES * WINDOW_S * SERIES
        peer_size = (await (await connection.execute("SELECT pg_total_relation_size('sample')")).fetchall())[0][0]
    print(f"raw windows      {rows} readings, payload {payload / rows:.2f} B a reading")
    print(f"  in the base    {size / rows:.2f} B a reading, {size / payload:.2f} x the payload")
    print(f"  sealed         {sealed / rows:.2f} B a reading, {sealed / payload:.2f} x the payload")
    print(f"                 {rows / ours_s / 1e6:.1f} million readings a second of PostgreSQL's processor time")
    print(f"  row a sample   {peer_size / peer_rows:.0f} B, {peer_rows / peer_s / 1e6:.3f} million a second")
    print(f"  smaller        {peer_size / peer_rows / (size / rows):.0f} x  (target 80)")
    print(f"  less work      {rows / ours_s / (peer_rows / peer_s):.0f} x  (target 100)")


def peer_columns(data: dict[int, list[DeviceSecond]]) -> list[list[int]]:
    rows = [
        (1, series, second * 1000 + ms, value, marks)
        for seconds in data.values()
        for second, entries in seconds
        for ms, series, value, marks in entries
    ]
    return [list(column) for column in zip(*rows, strict=True)]


# --- lists and sums -----------------------------------------------------------------------------------


async def medians_s(server: PrivatePostgres, *works: Callable[[], Awaitable[object]]) -> list[float]:
    """Of one query each, in turn; several are measured together, since the clock of processes ticks each 10 ms."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(5):
        for work, times in zip(works, found, strict=True):
            await work()

            async def several(work: Callable[[], Awaitable[object]] = work) -> None:
                for _ in range(QUERIES):
                    await work()

            times.append(await measured(server, several) / QUERIES)
    return [statistics.median(times) for times in found]


async def lists(server: PrivatePostgres, base: FleetBase, dsn: str, homes: int) -> None:
    """Prints energy beside hourly rows, the scope beside an explicit query, and the list."""
    orgs = max(homes // 1000, 1)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(HOMES.format(orgs=orgs, homes=homes, now=NOW).encode())
        await connection.execute(HOURS)
        row = await (await connection.execute("SELECT org FROM hub WHERE id = 'hub00000000000000007'")).fetchone()
        organisation = row[0] if row is not None else 0
        await connection.execute("UPDATE hub SET org = %s WHERE number BETWEEN 2 AND 1001", (organisation,))
        await connection.execute("UPDATE presence SET org = %s WHERE hub BETWEEN 2 AND 1001", (organisation,))
        await connection.execute(
            "UPDATE home_day SET org = %s WHERE hub BETWEEN 2 AND 1001 AND org <> %s", (organisation, organisation)
        )
        await connection.execute("DELETE FROM home_day WHERE org = %s AND hub > 1001", (organisation,))
        await connection.execute("VACUUM ANALYZE")

        async def hourly() -> None:
            await (await connection.execute(HOURLY)).fetchall()

        (hourly_s,) = await medians_s(server, hourly)
    scope, everyone = Scope((organisation,)), Scope.everything()
    explicit = HomeFilter(organisation=organisation)
    month = ("2026-11-01", "2026-11-30")
    days_s, days_explicit_s = await medians_s(
        server,
        lambda: base.energy.energy(scope, *month),
        lambda: base.energy.energy(everyone, *month, organisation=organisation),
    )
    scoped_s, explicit_s = await medians_s(
        server,
        lambda: base.homes.homes(scope, HomeFilter(), NOW),
        lambda: base.homes.homes(everyone, explicit, NOW),
    )
    print(f"month of 1,000 homes by the day   {days_s * 1000:.1f} ms; from hourly rows {hourly_s * 1000:.0f} ms")
    print(f"  share          1/{hourly_s / days_s:.0f}  (target 1/5)")
    print(f"1,000 of {homes} homes             scope {scoped_s * 1000:.1f} ms; explicit {explicit_s * 1000:.1f} ms")
    print(
        f"  scope          {scoped_s / explicit_s:.2f} x explicit, energy {days_s / days_explicit_s:.2f} x  (target 2)"
    )
    for text, filter in (("a page", HomeFilter()), ("a search", HomeFilter(search="mayor 999"))):
        (took,) = await medians_s(server, partial(base.homes.homes, everyone, filter, NOW))
        print(f"{text} of {homes} homes   {took * 1000:.0f} ms")
    (took,) = await medians_s(server, lambda: base.homes.sums(everyone, HomeFilter(), NOW))
    print(f"sums of {homes} homes     {took * 1000:.0f} ms")


async def run(server: PrivatePostgres, count: int, homes: int) -> None:
    """In a database each."""
    for name, part in (("windows", windows), *((("lists", lists),) if homes else ())):
        dsn = server.create_database(name)
        await migrate(dsn)
        async with FleetBase(dsn, 2) as base:
            await part(server, base, dsn, count if part is windows else homes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=144, help="of 12,000 readings each")
    parser.add_argument("--homes", type=int, default=100_000, help="in the list; 0 leaves lists out")
    args = parser.parse_args()
    settings = {"autovacuum": "off", "shared_buffers": "256MB", "max_wal_size": "4GB"}
    with PrivatePostgres(durable=False, settings=settings) as server:
        asyncio.run(run(server, args.windows, args.homes))


if __name__ == "__main__":
    main()
