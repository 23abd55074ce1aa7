"""What a fleet takes as it grows: each figure measured for one hub, window or connection, and multiplied on paper.

python bench/fleet_growth.py                               # 2,000 connections; some minutes
python bench/fleet_growth.py --connections 200 --seconds 15

Real hubs' connections are held on one nats-server over TLS; a share of them sends windows at the rate that 100,000
homes have at the level ``quarter`` (111 messages a second), ten times as fast at the most, to one server of the fleet
and PostgreSQL. Processor time and memory are those of the processes (/proc): NATS, the server, PostgreSQL with its
children; this process, which plays the hubs, is left out. Bytes in PostgreSQL: of windows as a real home of ten
devices sends them.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from _common import arguments, report, spin
from fleet.node_certificates import node_certificates
from fleet_base import START, postgres_s, readings
from fleet_storm import connected, enrol, hub_id
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.schema.migrations import migrate
from unclouded.fleet.enrolment.nats_request import identity_of
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.nats_server.configuration_file import TlsFiles
from unclouded.links.nats.client import NatsClient
from unclouded.store.encoding.part import SeriesPart
from unclouded.uplink.contents.energy import DayEnergy, EnergyWindow, HourEnergy, encode_energy
from unclouded.uplink.contents.raw import encode_raw
from unclouded.uplink.contents.rows import STEPS, RolledRow, encode_rows
from unclouded.uplink.messages import HubState, SentWindow, Windows, encode_message

TICKS = os.sysconf("SC_CLK_TCK")
HOMES = 100_000  # on paper
LOGINS = 50  # at once
SPANS = {"energy": 3600, "quarter": 900, "minute": 300, "raw": 300}  # s of a window
LOWER = {"energy": ("energy",), "quarter": ("energy", "quarter"), "minute": ("energy", "quarter", "minute")}
LOWER["raw"] = (*LOWER["minute"], "raw")
SIZE = "SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree(%s)"
WAYS = 8  # messages in flight


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kB(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


# --- what a home sends ------------------------------------------------------------------------------


def rows_of(level: str, window: int) -> bytes:
    """Rolled-up rows of ten devices with three measured values and a counter each."""
    chance, step = random.Random(window), STEPS[level]
    rows = []
    for series in range(1, 41):
        for place in range(SPANS[level] // step):
            last = chance.randrange(2000, 20_000)
            near = last - chance.randrange(400), last + chance.randrange(400)
            total, low, high = (None,) * 3 if series % 4 == 0 else (last * step + chance.randrange(40_000), *near)
            at = START + place * step
            part = SeriesPart(step, total, low, high, last, at * 1000 + step * 1000 - 500, 0)
            rows.append(RolledRow(series, at, part))
    return encode_rows(level, START, rows)


def content(level: str, window: int) -> bytes:
    if level == "raw":
        return encode_raw(START + window * 300, readings(window))
    if level == "energy":
        hours = tuple(HourEnergy(series, 97_000 + series * window) for series in range(4, 44, 4))
        return encode_energy(EnergyWindow(hours, (DayEnergy("2026-11-25", "UTC", 12_345_678, 0, 7_654_321),)))
    return rows_of(level, window)


# --- measured -----------------------------------------------------------------------------------------


async def hold(nats: PrivateNats, authority: str, count: int, figures: dict[str, object]) -> list[NatsClient]:
    """So many hubs connect and stay. What one connection takes of nats-server."""
    pid = nats.pids[0]
    cpu, memory = cpu_s(pid), resident_kB(pid)
    clients = [
        NatsClient(nats.urls, identity_of(nats.trust.hub(hub_id(n)), "hub", authority), f"_INBOX.{hub_id(n)}")
        for n in range(count)
    ]
    running = []
    for place in range(0, count, LOGINS):
        some = clients[place : place + LOGINS]
        running += [asyncio.ensure_future(one.run()) for one in some]
        await connected(some)
    await asyncio.sleep(3)
    figures["connections over TLS"] = count
    figures["nats-server: kB a connection"] = (resident_kB(pid) - memory) / count
    figures["nats-server: ms of CPU a login"] = (cpu_s(pid) - cpu) / count * 1000
    begun, cpu = time.monotonic(), cpu_s(pid)
    await asyncio.sleep(10)
    figures["nats-server: share of a core, idle"] = (cpu_s(pid) - cpu) / (time.monotonic() - begun)
    return clients


@contextlib.asynccontextmanager
async def fleet_server(dsn: str, nats: PrivateNats, authority: str) -> AsyncIterator[int]:
    command = [sys.executable, __file__, "--serve", dsn, *nats.urls]
    env = {**os.environ, "AUTHORITY": authority}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL, env=env)
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


async def traffic(
    level: str, clients: list[NatsClient], pids: Mapping[str, int], postgres: PrivatePostgres, count: int
) -> dict[str, object]:
    """Windows of a level, one a message, WAYS in flight. CPU of each part for one of them."""
    messages = [
        (
            n,
            encode_message(
                Windows(level, (SentWindow(START + n // 50 * SPANS[level], n + 1, content(level, n // 50)),))
            ),
        )
        for n in range(count)
    ]
    left = iter(messages)

    async def one_after_another() -> None:
        for number, data in left:
            hub = number % 50
            while (await clients[hub].request(f"up.0.{hub_id(hub)}", data, 30.0)).failure:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    before = {name: cpu_s(pid) for name, pid in pids.items()}
    base = postgres_s(postgres.pid)
    await asyncio.gather(*(one_after_another() for _ in range(WAYS)))
    return {
        **{
            f"{level}: {name}, ms of CPU a window": (cpu_s(pid) - before[name]) / count * 1000
            for name, pid in pids.items()
        },
        f"{level}: PostgreSQL, ms of CPU a window": (postgres_s(postgres.pid) - base) / count * 1000,
        f"{level}: bytes a message": sum(len(data) for _, data in messages) / count,
    }


async def states(
    clients: list[NatsClient], pids: Mapping[str, int], postgres: PrivatePostgres, count: int
) -> dict[str, object]:
    """What a home sends each quarter of an hour and where something has changed."""
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    base = postgres_s(postgres.pid)
    for place in range(0, count, LOGINS):
        for n in range(place, min(place + LOGINS, count)):
            state = encode_message(HubState(time.time(), "1.0", power_W=float(n), devices=10))
            clients[n % len(clients)].publish(f"up.0.{hub_id(n % len(clients))}", state)
        await asyncio.sleep(0.05)
    await asyncio.sleep(3)
    return {
        **{f"state: {name}, ms of CPU": (cpu_s(pid) - before[name]) / count * 1000 for name, pid in pids.items()},
        "state: PostgreSQL, ms of CPU": (postgres_s(postgres.pid) - base) / count * 1000,
    }


async def stored(dsn: str) -> dict[str, object]:
    """How much larger the files of PostgreSQL are than the windows in them."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        row = await (await connection.execute('SELECT sum(length(data)), count(*) FROM "window"')).fetchone()
        size = (await (await connection.execute(SIZE, ("window",))).fetchall())[0][0]
    assert row is not None
    return {"PostgreSQL: bytes of its files, x those of the windows": int(size) / int(row[0]), "windows stored": row[1]}


def on_paper(figures: Mapping[str, object]) -> dict[str, object]:
    """Of HOMES homes at each level, from the figures for one."""

    def of(name: str) -> float:
        found = figures[name]
        assert isinstance(found, (int, float))
        return float(found)

    paper: dict[str, object] = {
        f"{HOMES:,} homes: memory of NATS, GB": of("nats-server: kB a connection") * HOMES / 1e6,
        f"{HOMES:,} homes: all log in, s of CPU": of("nats-server: ms of CPU a login") * HOMES / 1e3,
    }
    for level, lower in LOWER.items():
        rate = sum(HOMES / SPANS[one] for one in lower)
        cores = {
            part: sum(of(f"{one}: {part}, ms of CPU a window") / 1000 * HOMES / SPANS[one] for one in lower)
            + of(f"state: {part}, ms of CPU") / 1000 * HOMES / 900
            for part in ("NATS", "server", "PostgreSQL")
        }
        sent = sum(of(f"{one}: bytes a message") * 86_400 / SPANS[one] for one in lower)
        factor = of("PostgreSQL: bytes of its files, x those of the windows")
        paper[f"{level}: messages a second"] = rate
        paper |= {f"{level}: cores, {part}": round(value, 3) for part, value in cores.items()}
        paper[f"{level}: kB of a home and day, sent"] = sent / 1e3
        paper[f"{level}: GB a year of 1,000 homes, before sealing"] = sent * factor * 365 * 1000 / 1e9
    return paper


async def main(options: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        return await measured(options, *node_certificates(Path(folder)))


async def measured(options: argparse.Namespace, files: TlsFiles, authority: str) -> dict[str, object]:
    figures: dict[str, object] = {}
    settings = {"shared_buffers": "128MB", "max_wal_size": "2GB"}
    with (
        PrivatePostgres(settings=settings) as postgres,
        PrivateNats(tls=files) as nats,
    ):
        dsn = postgres.create_database("growth")
        await migrate(dsn)
        async with FleetBase(dsn, 2) as base:
            await enrol(base, 50)
        clients = await hold(nats, authority, options.connections, figures)
        async with fleet_server(dsn, nats, authority) as server:
            pids = {"NATS": nats.pids[0], "server": server}
            for level in SPANS:
                figures |= await traffic(level, clients, pids, postgres, options.windows)
            figures |= await states(clients[:50], pids, postgres, options.windows)
            figures["server: MB of memory"] = resident_kB(server) / 1024
        figures |= await stored(dsn)
    return {**figures, **on_paper(figures)}


async def serve(dsn: str, urls: list[str]) -> None:
    """One server of the fleet, until SIGTERM."""
    from fleet_storm import NoRenewal
    from unclouded.fleet.engine import FleetEngine
    from unclouded.fleet.local_servers.trust import PrivateTrust

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with FleetBase(dsn, 4) as base:
        client = NatsClient(urls, identity_of(PrivateTrust().fleet(), "fleet", os.environ["AUTHORITY"]))
        async with FleetEngine({0: base}, client, {0: NoRenewal()}).running():
            await connected([client])
            print("ready", flush=True)
            await stopped.wait()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve(sys.argv[2], sys.argv[3:]))
    else:
        chosen = arguments(__doc__ or "", connections=2000, windows=1000)
        before = spin()
        report("fleet_growth", asyncio.run(main(chosen)), before, chosen.json)
