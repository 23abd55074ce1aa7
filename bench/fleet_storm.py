"""All hubs of a fleet come back at once: how often each message is sent until it is done, calm and greedy.

python bench/fleet_storm.py                    # 2,000 hubs; four to five minutes
python bench/fleet_storm.py --hubs 300 --seconds 20

Each hub was away for an hour and has six messages, one for each level. Calm: the session of the hub
(uplink/session.py): one message in flight, a start spread as the fleet says, time-outs that double. Greedy: four in
flight, a time-out of 2 s, and the same again at once. Two servers of the fleet, processes of their own, on one
nats-server and one PostgreSQL.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

import msgspec

from _common import arguments, report, spin
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused
from unclouded.fleet.base.schema.migrations import migrate
from unclouded.fleet.engine import FleetEngine
from unclouded.fleet.enrolment.nats_request import identity_of
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.links.nats.client import NatsClient
from unclouded.store.encoding.part import SeriesPart
from unclouded.store.outbox import LEVELS, Window
from unclouded.uplink.contents.catalogue import SentCatalogue, SentDevice, encode_catalogue
from unclouded.uplink.contents.energy import EnergyWindow, HourEnergy, encode_energy
from unclouded.uplink.contents.events import WindowEvent, encode_events
from unclouded.uplink.contents.raw import encode_raw
from unclouded.uplink.contents.rows import RolledRow, encode_rows
from unclouded.uplink.messages import (
    Answer,
    HubToken,
    LetOut,
    MessageError,
    SentWindow,
    Windows,
    decode_message,
    encode_message,
)
from unclouded.uplink.outputs import Acknowledge, AskDirty, AskSums, ReadWindow, Send
from unclouded.uplink.session import UplinkSession

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
AWAY_S = 3600
LOGINS = 50  # at once: this process plays all hubs, and NATS waits two seconds for each
SECONDS = 15  # with values, of a window
NOW = int(time.time()) // AWAY_S * AWAY_S
CONNECT_S = 60.0  # s for some logins, on a busy machine
NOT_SENT = ("disconnected", "full", "too_large")
SERVE = "--serve"


class Counts(msgspec.Struct):
    """Of all hubs: messages that were sent, and those that were answered ``done`` for the first time."""

    sent: int = 0
    done: int = 0
    finished: int = 0


class NoRenewal:
    """Tokens last longer than this."""

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        raise BaseRefused("not here")


def batched(clients: Sequence[NatsClient], most: int) -> Iterator[Sequence[NatsClient]]:
    return (clients[place : place + most] for place in range(0, len(clients), most))


def hub_id(number: int) -> str:
    text = ""
    for _ in range(20):
        number, digit = divmod(number, 32)
        text = LETTERS[digit] + text
    return text


def windows_of_a_hub() -> list[Window]:
    """What an hour leaves to be sent, the newest first."""
    found = [Window("catalogue", 0, 1)]
    for level, length in LEVELS.items():
        if level != "catalogue":
            found += [Window(level, start, 1) for start in range(NOW - AWAY_S, NOW, length)]
    return sorted(found, key=lambda one: -one.start)


def contents() -> dict[str, bytes]:
    """By level. Raw: a device that measures four values a second for a while."""
    chance = random.Random(1)
    seconds = [(second, [(0, number, chance.getrandbits(20), 0) for number in range(4)]) for second in range(SECONDS)]
    return {
        "catalogue": encode_catalogue(SentCatalogue((SentDevice(1, "plug"),))),
        "energy": encode_energy(EnergyWindow((HourEnergy(4, 97_123),))),
        "quarter": encode_rows("quarter", 0, [row(series) for series in range(1, 5)]),
        "minute": encode_rows("minute", 0, [row(series) for series in range(1, 5)]),
        "raw": encode_raw(0, {1: seconds}),
        "events": encode_events([WindowEvent(NOW * 1000, 1, "state", "", "{}")]),
    }


def row(series: int) -> RolledRow:
    return RolledRow(series, 0, SeriesPart(9, 90, 1, 30, 12, 0, 0))


async def calm(client: NatsClient, hub: str, counts: Counts, data: Mapping[str, bytes]) -> None:
    """The product's session, with an outbox in memory."""
    loop = asyncio.get_running_loop()
    windows = {(one.level, one.start): one for one in windows_of_a_hub()}
    session = UplinkSession("1", LetOut(("raw",)), random.random)
    session.connected(loop.time())
    woken = asyncio.Event()

    async def request(one: Send) -> None:
        kind = "hello" if one.kind in ("hello", "renew") else f"up.{one.shard}"
        reply = await client.request(f"{kind}.{hub}", one.data, 300.0)
        if not reply.failure:
            counts.done += one.kind == "windows" and _is_done(reply.data)
            session.answered(one.serial, reply.data, loop.time())
        woken.set()

    tasks = set[asyncio.Task[None]]()
    while windows:
        woken.clear()
        if session.deadline is not None and session.deadline <= loop.time():
            session.tick(loop.time())
        while outputs := session.outputs():
            for one in outputs:
                match one:
                    case Send():
                        counts.sent += one.kind == "windows"
                        tasks.add(task := asyncio.create_task(request(one)))
                        task.add_done_callback(tasks.discard)
                    case AskDirty(most=most):
                        session.dirty(list(windows.values())[:most], loop.time())
                    case ReadWindow(window=window):
                        session.content(window, data[window.level], loop.time())
                    case AskSums():
                        session.sums({}, len(windows), loop.time())
                    case Acknowledge(level=level, start=start):
                        windows.pop((level, start), None)
        if windows:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(session.deadline):
                    await woken.wait()
    counts.finished += 1


async def greedy(client: NatsClient, hub: str, counts: Counts, data: Mapping[str, bytes]) -> None:
    """Four in flight; without an answer after 2 s the same again, at once."""
    by_level: dict[str, list[SentWindow]] = {}
    for one in windows_of_a_hub():
        by_level.setdefault(one.level, []).append(SentWindow(one.start, one.number, data[one.level]))
    flights = asyncio.Semaphore(4)

    async def send(level: str) -> None:
        message = encode_message(Windows(level, tuple(by_level[level])))
        async with flights:
            while True:
                reply = await client.request(f"up.0.{hub}", message, 2.0)
                if reply.failure in NOT_SENT:  # at once, without a pause in which anything else could run
                    await asyncio.sleep(2.0)
                    continue
                counts.sent += 1
                if not reply.failure and _is_done(reply.data):
                    counts.done += 1
                    return

    await asyncio.gather(*(send(level) for level in by_level))
    counts.finished += 1


def _is_done(data: bytes) -> bool:
    try:
        answer = decode_message(data)
    except MessageError:
        return False
    return isinstance(answer, Answer) and answer.done


async def serve(dsn: str, urls: Sequence[str]) -> None:
    """One server of the fleet, until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with FleetBase(dsn, 4) as base:
        client = NatsClient(urls, identity_of(PrivateTrust().fleet(), "fleet"))
        async with FleetEngine({0: base}, client, {0: NoRenewal()}).running():
            ready = asyncio.ensure_future(connected([client]))
            ready.add_done_callback(lambda task: task.cancelled() or print("ready", flush=True))
            await stopped.wait()
            ready.cancel()


async def connected(clients: Sequence[NatsClient]) -> None:
    """Until all of them are."""
    while not all(client.is_connected for client in clients):  # noqa: ASYNC110  (each has its own event)
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def servers(dsn: str, urls: Sequence[str]) -> AsyncIterator[None]:
    command = [sys.executable, __file__, SERVE, dsn, *urls]
    processes = [await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout is not None
            await process.stdout.readline()
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            await process.wait()


async def enrol(base: FleetBase, hubs: int) -> None:
    now = time.time()
    organisation = await base.register.add_organisation("storm")
    await base.register.add_code(b"c" * 32, organisation.number, hubs, now + 3600, "bench", now)
    for number in range(hubs):
        await base.register.enrol(b"c" * 32, hub_id(number), f"KEY{number}", "", now)


async def storm(
    nats: PrivateNats,
    dsn: str,
    hubs: int,
    seconds: float,
    kind: Callable[..., Awaitable[None]],
    data: Mapping[str, bytes],
) -> tuple[Counts, float]:
    """All connect, and then begin at once. What was counted, and when all had finished, or it ended (s)."""
    counts = Counts()
    clients = [
        NatsClient(nats.urls, identity_of(nats.trust.hub(hub_id(n)), "hub"), f"_INBOX.{hub_id(n)}") for n in range(hubs)
    ]
    running = list[asyncio.Future[None]]()
    for some in batched(clients, LOGINS):
        running += [asyncio.ensure_future(client.run()) for client in some]
        async with asyncio.timeout(CONNECT_S):
            await connected(some)
    async with servers(dsn, nats.urls):
        started = time.monotonic()
        tasks = [asyncio.ensure_future(kind(one, hub_id(n), counts, data)) for n, one in enumerate(clients)]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.wait(tasks)
        took = time.monotonic() - started
        for task in (*tasks, *running):
            task.cancel()
        await asyncio.gather(*tasks, *running, return_exceptions=True)
    return counts, took


async def main(hubs: int, seconds: float) -> dict[str, object]:
    data = contents()
    figures: dict[str, object] = {"hubs": hubs, "bytes of a raw window": len(data["raw"])}
    with PrivatePostgres(durable=True) as postgres, PrivateNats() as nats:
        for name, kind in (("calm", calm), ("greedy", greedy)):
            dsn = postgres.create_database(name)
            await migrate(dsn)
            async with FleetBase(dsn, 2) as base:
                await enrol(base, hubs)
            counts, took = await storm(nats, dsn, hubs, seconds, kind, data)
            figures |= {
                f"{name}: hubs that finished": counts.finished,
                f"{name}: messages done": counts.done,
                f"{name}: sends a message": counts.sent / max(counts.done, 1),
                f"{name}: seconds": took,
            }
    return figures


if __name__ == "__main__":
    if SERVE in sys.argv:
        asyncio.run(serve(sys.argv[2], sys.argv[3:]))
    else:
        chosen = arguments(__doc__ or "", hubs=2000, seconds=90)
        before = spin()
        os.environ.setdefault("PYTHONWARNINGS", "ignore")
        report("fleet_storm", asyncio.run(main(chosen.hubs, chosen.seconds)), before, chosen.json)
