"""What three routed nodes of NATS take for a message: core request and answer, beside JetStream with three replicas.

    python bench/fleet_broker.py [--messages 4000] [--bytes 10600] [--in-flight 32] [--rounds 3]

The same messages, in turn, on the same three nodes, each of which has hubs and a server of the fleet. Core: a hub asks,
a server of the queue group answers. JetStream: a stream of three replicas on files (fsync as by default); a message is
answered by its acknowledgement, read by a server through one pull consumer, acknowledged and removed. Processor time is
that of the three processes (/proc); hubs and servers are left out.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import msgspec

from _common import arguments, report, spin
from unclouded.fleet.local_servers.nats import HOST, free_ports
from unclouded.fleet.local_servers.processes import ServerProcess
from unclouded.fleet.local_servers.programs import nats_program
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.connection import NatsIdentity
from unclouded.links.nats.wire import NatsMessage

NODES = 3
TICKS = os.sysconf("SC_CLK_TCK")
FETCHED = 50  # messages that the consumer asks for at once


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[list[str], list[ServerProcess]]]:
    """Three nodes with JetStream, which core messages do not touch: their addresses and processes."""
    ports = free_ports()
    clients, routes = ([f"{HOST}:{next(ports)}" for _ in range(NODES)] for _ in range(2))
    processes = []
    try:
        for number, (listen, route) in enumerate(zip(clients, routes, strict=True)):
            file = folder / f"n{number}.conf"
            others = ", ".join(f'"nats-route://{one}"' for one in routes if one != route)
            file.write_text(
                f'server_name: n{number}\nlisten: "{listen}"\njetstream {{ store_dir: "{folder}/js{number}" }}\n'
                f'cluster {{ name: c, listen: "{route}", routes: [{others}] }}\n'
            )
            process = ServerProcess([nats_program(), "-c", file], folder / f"n{number}.log")
            process.start()
            processes.append(process)
        yield [f"nats://{one}" for one in clients], processes
    finally:
        for process in processes:
            process.stop()


def cpu_s(processes: list[ServerProcess]) -> float:
    """Processor seconds of these processes so far."""
    fields = (Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split() for one in processes)
    return sum(int(one[11]) + int(one[12]) for one in fields) / TICKS


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[NatsClient]:
    client = NatsClient([url], NatsIdentity("bench"))
    running = asyncio.create_task(client.run())
    while not client.is_connected:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    try:
        yield client
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def api(client: NatsClient, name: str, body: object, timeout_s: float = 20.0) -> dict[str, object]:
    """An answer of JetStream."""
    reply = await client.request(f"$JS.API.{name}", msgspec.json.encode(body), timeout_s)
    found: dict[str, object] = msgspec.json.decode(reply.data) if reply.data else {"error": reply.failure}
    return found


async def make_stream(client: NatsClient) -> None:
    """Once the nodes have chosen a leader."""
    stream = {"name": "UP", "subjects": ["js.>"], "num_replicas": NODES, "storage": "file", "retention": "workqueue"}
    for _ in range(60):
        if "error" not in (answer := await api(client, "STREAM.CREATE.UP", stream, 3.0)):
            break
        await asyncio.sleep(0.5)
    else:
        raise SystemExit(f"no stream: {answer}")
    consumer = {"durable_name": "in", "ack_policy": "explicit", "max_ack_pending": 1000}
    answer = await api(client, "CONSUMER.DURABLE.CREATE.UP.in", {"stream_name": "UP", "config": consumer})
    if "error" in answer:
        raise SystemExit(f"no consumer: {answer}")


async def send(clients: list[NatsClient], subject: str, messages: int, data: bytes, in_flight: int) -> None:
    """Each message is asked again until it is answered."""
    left, turns = iter(range(messages)), cycle(clients)

    async def one_after_another(client: NatsClient) -> None:
        for number in left:
            while (await client.request(f"{subject}.{number % 100}", data, 20.0)).failure:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    await asyncio.gather(*(one_after_another(next(turns)) for _ in range(in_flight)))


async def core(hubs: list[NatsClient], servers: list[NatsClient], send: Callable[[str], Awaitable[None]]) -> None:
    def answer(server: NatsClient, message: NatsMessage) -> None:
        server.publish(message.reply, b"ok")

    ends = [one.subscribe("up.>", partial(answer, one), "ingest") for one in servers]
    await asyncio.sleep(0.5)  # until the nodes know of it
    await send("up")
    for end in ends:
        end()


async def stream(hubs: list[NatsClient], servers: list[NatsClient], send: Callable[[str], Awaitable[None]]) -> None:
    """Each server has asked for one to two times FETCHED messages, always."""

    def taker(server: NatsClient, inbox: str) -> Callable[[NatsMessage], None]:
        taken = 0

        def take(message: NatsMessage) -> None:
            nonlocal taken
            if message.reply and message.data:
                server.publish(message.reply, b"+ACK")
                taken += 1
                if taken % FETCHED == 0:
                    fetch(server, inbox)

        return take

    ends = []
    for number, server in enumerate(servers):
        inbox = f"bench.deliver.{number}"
        ends.append(server.subscribe(inbox, taker(server, inbox)))
        fetch(server, inbox)
        fetch(server, inbox)
    await asyncio.sleep(0.5)
    await send("js")
    async with asyncio.timeout(120):
        while await waiting(hubs[0]):  # noqa: ASYNC110  (JetStream says it only when asked)
            await asyncio.sleep(0.2)
    for end in ends:
        end()


def fetch(server: NatsClient, inbox: str) -> None:
    request = {"batch": FETCHED, "expires": 60_000_000_000}
    server.publish("$JS.API.CONSUMER.MSG.NEXT.UP.in", msgspec.json.encode(request), inbox)


async def waiting(client: NatsClient) -> int:
    """Messages in the stream that no server has acknowledged."""
    state = (await api(client, "STREAM.INFO.UP", {}))["state"]
    assert isinstance(state, dict)
    return int(state["messages"])


async def measured(urls: list[str], processes: list[ServerProcess], options: argparse.Namespace) -> dict[str, object]:
    messages, data = options.messages, os.urandom(options.bytes)
    async with contextlib.AsyncExitStack() as stack:
        hubs, servers = [[await stack.enter_async_context(connected(url)) for url in urls] for _ in range(2)]
        await make_stream(hubs[0])
        spent: dict[str, list[float]] = {"core": [], "JetStream": []}
        works = {"core": core, "JetStream": stream}
        begun = cpu_s(processes)
        await asyncio.sleep(10)
        idle = (cpu_s(processes) - begun) / 10
        loop = asyncio.get_running_loop()
        for _ in range(options.rounds):
            for name, work in works.items():
                before, at = cpu_s(processes), loop.time()
                await work(hubs, servers, lambda subject: send(hubs, subject, messages, data, options.in_flight))
                spent[name].append(cpu_s(processes) - before - idle * (loop.time() - at))
    each = {name: sum(found) / len(found) / messages * 1000 for name, found in spent.items()}
    return {
        "messages": messages,
        "bytes": len(data),
        **{f"{name}: ms of CPU a message, three nodes": one for name, one in each.items()},
        **{
            f"{name}: least and most": [round(f(found) / messages * 1000, 3) for f in (min, max)]
            for name, found in spent.items()
        },
        "idle nodes, share of a core": idle,
        "core beside JetStream: 1/": each["JetStream"] / each["core"],
    }


if __name__ == "__main__":
    options = arguments(__doc__ or "", messages=4000, bytes=10_600, in_flight=32, rounds=3)
    before = spin()
    place = Path(tempfile.mkdtemp(prefix="unclouded-broker-"))
    try:
        with cluster(place) as (urls, processes):
            found = asyncio.run(measured(urls, processes, options))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    report("fleet_broker", found, before, options.json)
