"""The broker with many plugs: latency, memory, and the effect of a reconnect storm on other plugs.

    python bench/broker.py [--plugs 2000] [--storm 1500] [--seconds 10] [--mosquitto 1] [--json]

Plugs live in other processes, connect over TLS (RSA-2048) and answer a signed GET each second. Targets at 2,000:
request written -> reply read p50 <= 0.5 ms, p99 <= 10 ms, <= 35 % of a core, <= 30 kB per connection, all connected
within 4 s; 1,500 simultaneous reconnects stall the others <= 50 ms. For comparison, with --mosquitto 1, the same work
through Mosquitto (TLS to the plugs, plain TCP to the hub) and aiomqtt.
"""

import asyncio
import contextlib
import gc
import hashlib
import logging
import multiprocessing
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import aiomqtt
import msgspec

from _common import arguments, report, spin
from unclouded.app.hub_process import relax_collector
from unclouded.core.security.tls import plug_client_context
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.core.system.supervise import Fault
from unclouded.links.broker.client import PlugIdentity
from unclouded.links.broker.server import BrokerOptions, BrokerServer
from unclouded.links.broker.tls_stream import SharedTls, TlsConnection
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import Parser, encode

KEY = "bench"
STALL_PROBE = 0.001  # s between looks at the loop's clock
DIALLING = 400  # connections that are being made at once


class Header(msgspec.Struct):
    messageId: str
    method: str
    namespace: str
    timestamp: int
    sign: str
    payloadVersion: int = 1
    timestampMs: int = 0
    from_: str = msgspec.field(name="from", default="")


class Envelope(msgspec.Struct):
    header: Header
    payload: msgspec.Raw


DECODER = msgspec.json.Decoder(Envelope)
ENCODER = msgspec.json.Encoder()
READING = msgspec.Raw(
    b'{"electricity":{"channel":0,"current":418,"voltage":2387,"power":67379,'
    b'"config":{"voltageRatio":188,"electricityRatio":102}}}'
)


def signed(id: str, method: str, origin: str, payload: msgspec.Raw) -> bytes:
    stamp = int(time.time())
    sign = hashlib.md5(f"{id}{KEY}{stamp}".encode(), usedforsecurity=False).hexdigest()
    return ENCODER.encode(
        Envelope(Header(id, method, "Appliance.Control.Electricity", stamp, sign, from_=origin), payload)
    )


def check(data: bytes) -> Header:
    header = DECODER.decode(data).header
    text = f"{header.messageId}{KEY}{header.timestamp}".encode()
    assert hashlib.md5(text, usedforsecurity=False).hexdigest() == header.sign
    return header


def name_of(number: int) -> str:
    return f"{number:020}34298f{number:06x}"


# --- the other process: plugs ----------------------------------------------------------------------


class ToyPlug:
    """Connects, subscribes its inbox, answers each request with a signed reading."""

    def __init__(self, number: int, up: Callable[[], None]) -> None:
        self.uuid = name_of(number)
        self.wire: TlsConnection | None = None
        self._up = up
        self._parser = Parser(mqtt.V311)

    def listen(self, wire: TlsConnection) -> "ToyPlug":
        self.wire, self._parser = wire, Parser(mqtt.V311)
        return self

    def opened(self) -> None:
        self._say(mqtt.Connect(client_id=f"fmware:{self.uuid}_x", user="mac", password=b"x", keep_alive=120))

    def received(self, data: bytes) -> None:
        self._parser.feed(data)
        while (packet := self._parser.next()) is not None:
            match packet:
                case mqtt.Connack():
                    self._say(mqtt.Subscribe(1, ((f"/appliance/{self.uuid}/subscribe", 0),)))
                case mqtt.Suback():
                    self._up()
                case mqtt.Publish():
                    header = check(packet.payload)
                    reply = signed(header.messageId, "GETACK", f"/appliance/{self.uuid}/publish", READING)
                    self._say(mqtt.Publish(header.from_, reply))

    def ended(self, reason: str) -> None:
        self.wire = None

    def _say(self, packet: mqtt.Packet) -> None:
        assert self.wire is not None
        self.wire.send(encode(packet))


def plugs_process(pipe: Connection, first: int, count: int, port: int) -> None:
    more_files()
    asyncio.run(plugs_live(pipe, first, count, port))


async def plugs_live(pipe: Connection, first: int, count: int, port: int) -> None:
    """Each message on the pipe: drop all connections there are and connect again; answer when all are up."""
    loop = asyncio.get_running_loop()
    fault = Fault()
    shared = SharedTls(plug_client_context(), fault)
    loop.create_task(fault.wait(), name="fault").add_done_callback(
        lambda task: None if task.cancelled() else loop.stop()
    )  # a mistake ends the bench
    up = 0

    def one_up() -> None:
        nonlocal up
        up += 1
        if up == count:
            pipe.send("up")

    plugs = [ToyPlug(first + number, one_up) for number in range(count)]
    dialling = asyncio.Semaphore(DIALLING)

    async def dial(plug: ToyPlug) -> None:
        async with dialling:
            await loop.create_connection(lambda: TlsConnection(shared, plug.listen, "127.0.0.1"), "127.0.0.1", port)

    while True:
        if await asyncio.to_thread(pipe.recv) == "end":
            return
        up = 0
        for plug in plugs:
            if plug.wire is not None:
                plug.wire.abort("storm")
        await asyncio.sleep(0)
        await asyncio.gather(*(dial(plug) for plug in plugs))


@contextlib.asynccontextmanager
async def plugs(first: int, count: int, port: int) -> AsyncIterator[Connection]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=plugs_process, args=(theirs, first, count, port), daemon=True
    )
    process.start()
    try:
        yield ours
    finally:
        ours.send("end")
        await asyncio.to_thread(process.join, 5)
        process.kill()


async def all_up(pipe: Connection) -> float:
    """Have the plugs connect; seconds until all are."""
    started = time.perf_counter()
    pipe.send("connect")
    if not await asyncio.to_thread(pipe.poll, 20):
        raise TimeoutError("the plugs did not get in within 20 s")
    pipe.recv()
    return time.perf_counter() - started


# --- this process: the hub -------------------------------------------------------------------------


class Asker:
    """Asks one plug each second and writes down how long each answer took."""

    def __init__(self, number: int, send: Callable[[bytes], None], took_ms: list[float]) -> None:
        self.outbox = f"/appliance/{name_of(number)}/publish"
        self._send = send
        self._took_ms = took_ms
        self._asked: dict[str, float] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, at: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(at, self._ask, at)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _ask(self, at: float) -> None:
        self._count += 1
        id = f"{self._count:032x}"
        request = signed(id, "GET", self.outbox, msgspec.Raw(b"{}"))
        self._asked[id] = time.perf_counter()
        self._send(request)
        self.begin(at + 1)

    # --- Inlet

    def up(self, path: LinkPath) -> None:
        self._asked.clear()

    def down(self, path: str, reason: str) -> None:
        self._asked.clear()

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        header = check(data)
        asked = self._asked.pop(header.messageId, None)
        if asked is not None:
            self._took_ms.append((time.perf_counter() - asked) * 1_000)

    def failed(self, id: int, why: Failure) -> None:
        self._asked.clear()


class Stalls:
    """How late the loop calls what is due: what others have to wait for it.

    ``worst_ms``: by the clock, with what the machine gave to other processes; ``worst_work_ms``: our own CPU time
    between two probes, which is the part that the broker causes.
    """

    def __init__(self) -> None:
        self.worst_ms = self.worst_work_ms = 0.0
        self._worked = time.process_time()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> "Stalls":
        self._next()
        return self

    def __exit__(self, *what: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _next(self) -> None:
        due = self._loop.time() + STALL_PROBE
        self._timer = self._loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        before, self._worked = self._worked, time.process_time()
        self.worst_ms = max(self.worst_ms, (self._loop.time() - due) * 1_000)
        self.worst_work_ms = max(self.worst_work_ms, (self._worked - before) * 1_000)
        self._next()


def rss_kB() -> float:
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1_024


def quantiles(took_ms: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(took_ms, n=1_000)
    return {"p50_ms": round(cut[499], 3), "p99_ms": round(cut[989], 2), "max_ms": round(max(took_ms), 1)}


async def asked_for(
    seconds: float, askers: list[Asker], took_ms: list[float], cpu: Callable[[], float]
) -> dict[str, float]:
    """Let all askers ask for some seconds, spread evenly over each."""
    start = asyncio.get_running_loop().time() + 0.1
    for number, asker in enumerate(askers):
        asker.begin(start + number / len(askers))
    await asyncio.sleep(1.2)
    took_ms.clear()
    used, began = cpu(), time.perf_counter()
    await asyncio.sleep(seconds)
    passed = time.perf_counter() - began
    share = (cpu() - used) / passed
    figures = {"answers_per_s": round(len(took_ms) / passed), **quantiles(took_ms)}
    for asker in askers:
        asker.stop()
    return {**figures, "core_percent": round(100 * share, 1)}


def send(link: Link, data: bytes) -> None:
    link.send(Out(data))


async def broker_bench(folder: Path, count: int, seconds: int) -> dict[str, float]:
    broker = BrokerServer(("127.0.0.1", 0), ["127.0.0.1"], folder, admit, BrokerOptions(connections=10_000))
    broker.start()
    took: list[float] = []
    askers = []
    for number in range(count):
        slot = broker.slot(name_of(number))
        askers.append(Asker(number, partial(send, slot), took))
        slot.start(askers[-1])
    await asyncio.sleep(0.2)
    gc.collect()
    before = rss_kB()
    async with plugs(0, count, broker.address[1]) as pipe:
        accepted = await all_up(pipe)
        await asyncio.sleep(0.3)
        gc.collect()
        a_connection = (rss_kB() - before) / count
        figures = await asked_for(seconds, askers, took, time.process_time)
        after = (rss_kB() - before) / count
    await broker.close()
    memory = {"kB_a_connection": round(a_connection, 1), "kB_a_connection_after_the_run": round(after, 1)}
    return {"accepted_s": round(accepted, 2), **memory, **figures}


async def storm_bench(folder: Path, quiet: int, storm: int) -> dict[str, float]:
    """Some plugs are asked as ever while the others all connect again at once."""
    broker = BrokerServer(("127.0.0.1", 0), ["127.0.0.1"], folder, admit, BrokerOptions(connections=10_000))
    broker.start()
    took: list[float] = []
    askers = []
    for number in range(quiet):
        slot = broker.slot(name_of(number))
        askers.append(Asker(number, partial(send, slot), took))
        slot.start(askers[-1])
    async with plugs(0, quiet, broker.address[1]) as calm, plugs(quiet, storm, broker.address[1]) as wild:
        await all_up(calm)
        await all_up(wild)
        start = asyncio.get_running_loop().time()
        for number, asker in enumerate(askers):
            asker.begin(start + number / quiet)
        await asyncio.sleep(1.2)
        took.clear()
        with Stalls() as before:
            await asyncio.sleep(2)
        calm_ms = quantiles(took)
        took.clear()
        with Stalls() as during:
            passed = await all_up(wild)
        storm_ms = quantiles(took)
        for asker in askers:
            asker.stop()
    await broker.close()
    return {
        "storm_s": round(passed, 2),
        "loop_stall_before_ms": round(before.worst_ms, 1),
        "loop_stall_in_storm_ms": round(during.worst_ms, 1),
        "of_it_our_work_ms": round(during.worst_work_ms, 1),
        **{f"others_before_{key}": value for key, value in calm_ms.items()},
        **{f"others_in_storm_{key}": value for key, value in storm_ms.items()},
    }


def admit(client_id: str, user: str, password: str) -> PlugIdentity:
    return PlugIdentity(client_id.removeprefix("fmware:").partition("_")[0])


# --- the same through Mosquitto --------------------------------------------------------------------


async def mosquitto_bench(folder: Path, count: int, seconds: int) -> dict[str, float]:
    logging.getLogger("mqtt").setLevel(logging.ERROR)  # it counts aloud what it has not got rid of
    ports = free_ports(2)
    lines = [
        "persistence false", "allow_anonymous true", "user root", "max_queued_messages 0", "set_tcp_nodelay true",
        f"listener {ports[0]} 127.0.0.1",
        f"listener {ports[1]} 127.0.0.1", f"certfile {folder}/server.pem", f"keyfile {folder}/server.key",
    ]  # fmt: skip
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n", "utf-8")
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    quiet = asyncio.subprocess.DEVNULL
    broker = await asyncio.create_subprocess_exec(program, "-c", str(config), stdout=quiet, stderr=quiet)
    await asyncio.sleep(0.5)
    try:
        async with aiomqtt.Client("127.0.0.1", ports[0], keepalive=60) as client:
            return await through_mosquitto(client, broker.pid, ports[1], count, seconds)
    finally:
        broker.terminate()
        await broker.wait()


async def through_mosquitto(client: aiomqtt.Client, pid: int, port: int, count: int, seconds: int) -> dict[str, float]:
    took: list[float] = []
    tasks: set[asyncio.Task[None]] = set()

    def send_to(topic: str) -> Callable[[bytes], None]:
        def send(data: bytes) -> None:
            task = asyncio.create_task(client.publish(topic, data), name="publish")
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        return send

    askers = [Asker(number, send_to(f"/appliance/{name_of(number)}/subscribe"), took) for number in range(count)]
    by_topic = {asker.outbox: asker for asker in askers}
    await client.subscribe("/appliance/+/publish")

    async def listen() -> None:
        async for message in client.messages:
            by_topic[str(message.topic)].received(message.payload)

    listening = asyncio.create_task(listen(), name="listen")
    async with plugs(0, count, port) as pipe:
        accepted = await all_up(pipe)
        figures = await asked_for(seconds, askers, took, lambda: time.process_time() + cpu_of(pid))
    listening.cancel()
    return {"accepted_s": round(accepted, 2), **figures}


def cpu_of(pid: int) -> float:
    """CPU seconds that another process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_ports(count: int) -> list[int]:
    import socket

    with contextlib.ExitStack() as held:
        socks = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [sock.getsockname()[1] for sock in socks]


def more_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20_000), most))


def main() -> None:
    args = arguments("The broker", plugs=2_000, storm=1_500, seconds=10, mosquitto=1)
    more_files()
    relax_collector()  # as the hub does
    before = spin()
    with tempfile.TemporaryDirectory() as data:
        folder = Path(data) / "ca"
        figures: dict[str, object] = {"plugs": args.plugs}
        figures |= asyncio.run(broker_bench(folder, args.plugs, args.seconds))
        if args.storm:
            figures |= {"storm": args.storm} | asyncio.run(
                storm_bench(folder, max(args.plugs - args.storm, 100), args.storm)
            )
        if args.mosquitto and shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin"):
            theirs = asyncio.run(mosquitto_bench(folder, args.plugs, args.seconds))
            figures |= {f"mosquitto_{key}": value for key, value in theirs.items()}
            figures["times_faster_p50"] = round(theirs["p50_ms"] / float(str(figures["p50_ms"])), 2)
    report("broker: plugs over TLS, one request each per second", figures, before, args.json)


if __name__ == "__main__":
    main()
