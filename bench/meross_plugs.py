"""Plugs at 1 Hz through the whole hub, to the committed store and one open page.

    python bench/meross_plugs.py [--plugs 2500] [--seconds 20] [--mosquitto 1] [--json]

    plugs (other processes) ── TLS ── unclouded run: broker, sessions, energy, store ── WebSocket ── one page (here)

Each plug is requested its power once a second, answers with the time of day in it, and the page takes the difference:
wire to page. CPU and memory are those of the hub's process alone. Targets: 2,500 plugs at <= 80 % of a core, p99 wire
to page <= 400 ms (the page gets a message each 250 ms). Peer, in the same run: the same requests through Mosquitto and
aiomqtt with the signatures checked, but nothing interpreted, stored or shown.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from websockets.asyncio.client import connect

from _common import arguments, report, spin
from broker import cpu_of, more_files, mosquitto_bench, name_of
from page import asked
from unclouded.core.security.tls import plug_client_context
from unclouded.core.system.supervise import Fault
from unclouded.families.meross.wire.envelope import parse, reply
from unclouded.families.meross.wire.identity import mac_of, password_for
from unclouded.families.meross.wire.messages import payload_of
from unclouded.links.broker.tls_stream import SharedTls, TlsConnection
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import Parser, encode

KEY = "bench"
PROCESSES = 2
PER_ADDRESS = 5  # plugs that connect from one address of the loopback network
START_TIMEOUT_S = 120.0
WRAP_MS = 16_000  # the time in a reading: milliseconds as mA, modulo this
WARM_S = 8.0


def now_ms() -> int:
    return int(time.time() * 1000) % WRAP_MS


class SmallPlug:
    """As little of a plug as a hub needs: identity, abilities, relay, power, energy of one day."""

    def __init__(self, number: int, up: Callable[[], None], lost: Callable[[], None]) -> None:
        self.uuid = name_of(number)
        self._up = up
        self._lost = lost
        self._wire: TlsConnection | None = None
        self._parser = Parser(mqtt.V311)
        hardware = {"type": "mss310", "version": "2.0.0", "uuid": self.uuid, "macAddress": mac_of(self.uuid)}
        zone = {"timestamp": int(time.time()), "timezone": "UTC", "timeRule": [[0, 0, 0]]}
        system = {"hardware": hardware, "firmware": {"version": "2.1.17"}, "time": zone, "online": {"status": 1}}
        digest = {"togglex": [{"channel": 0, "onoff": 1, "lmTime": 0}], "triggerx": [], "timerx": []}
        day = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "time": int(time.time()), "value": 180}
        names = ("System.All", "Control.ToggleX", "Control.Electricity", "Control.ConsumptionX")
        self._answers = {
            "Appliance.System.All": payload_of(all={"system": system, "digest": digest}),
            "Appliance.System.Ability": payload_of(ability={f"Appliance.{name}": {} for name in names}),
            "Appliance.Control.ToggleX": payload_of(togglex=digest["togglex"][0]),
            "Appliance.Control.ConsumptionX": payload_of(consumptionx=[day]),
        }

    def listen(self, wire: TlsConnection) -> "SmallPlug":
        self._wire, self._parser = wire, Parser(mqtt.V311)
        return self

    def opened(self) -> None:
        mac = mac_of(self.uuid)
        password = password_for(mac, KEY).encode()
        self._send(
            mqtt.Connect(client_id=f"fmware:{self.uuid}_abcdefgh01234567", user=mac, password=password, keep_alive=120)
        )

    def received(self, data: bytes) -> None:
        self._parser.feed(data)
        while (packet := self._parser.next()) is not None:
            match packet:
                case mqtt.Connack():
                    self._send(mqtt.Subscribe(1, ((f"/appliance/{self.uuid}/subscribe", 0),)))
                case mqtt.Suback():
                    self._up()
                case mqtt.Publish(payload=payload):
                    self._answer(bytes(payload))

    def ended(self, reason: str) -> None:
        self._wire = None
        self._lost()

    def _answer(self, data: bytes) -> None:
        header = parse(data).header
        payload = self._answers.get(header.namespace)
        if header.namespace == "Appliance.Control.Electricity":
            payload = b'{"electricity":{"channel":0,"current":%d,"voltage":2387,"power":714}}' % now_ms()
        if payload is None or header.method.endswith("ACK"):
            return
        from_ = f"/appliance/{self.uuid}/publish"
        answer = reply(header, payload, key=KEY, timestamp=int(time.time()), from_=from_)
        self._send(mqtt.Publish(header.from_, bytes(answer)))

    def _send(self, packet: mqtt.Packet) -> None:
        if self._wire is not None:
            self._wire.send(encode(packet))


def plugs_process(pipe: Connection, first: int, count: int, port: int) -> None:
    more_files()
    asyncio.run(live(pipe, first, count, port))


async def live(pipe: Connection, first: int, count: int, port: int) -> None:
    """Connect all plugs and keep them until the pipe says so."""
    loop = asyncio.get_running_loop()
    shared = SharedTls(plug_client_context(), Fault())
    connected = 0

    def one_up() -> None:
        nonlocal connected
        connected += 1
        if connected == count:
            pipe.send("up")

    dialling = asyncio.Semaphore(100)

    tasks: set[asyncio.Task[None]] = set()

    async def dial(number: int) -> None:
        def again() -> None:
            task = loop.create_task(dial(number), name="dial again")
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        plug = SmallPlug(number, one_up, again)
        block, place = divmod(number // PER_ADDRESS, 250)
        async with dialling:
            await loop.create_connection(
                lambda: TlsConnection(shared, plug.listen, "127.0.0.1"),
                "127.0.0.1",
                port,
                local_addr=(f"127.0.{block + 1}.{place + 1}", 0),
            )

    await asyncio.gather(*(dial(first + number) for number in range(count)))
    await asyncio.to_thread(pipe.recv)


@contextlib.contextmanager
def plugs(count: int, port: int, log: Path) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    each = count // PROCESSES
    pipes = [context.Pipe() for _ in range(PROCESSES)]
    running = [
        context.Process(target=plugs_process, args=(theirs, number * each, each, port), daemon=True)
        for number, (_, theirs) in enumerate(pipes)
    ]
    for process in running:
        process.start()
    try:
        for ours, _ in pipes:
            if not ours.poll(START_TIMEOUT_S):
                tail = log.read_text()[-1000:]
                raise SystemExit(f"the plugs do not connect: {tail}")
            ours.recv()
        yield
    finally:
        for process in running:
            process.kill()


@contextlib.contextmanager
def hub(folder: Path, count: int, port: int) -> Iterator[tuple[int, Path]]:
    """A hub with these plugs configured: its process and its control socket."""
    devices = "".join(
        f'[[device]]\nid = "plug{number}"\nfamily = "meross"\nlink = "broker:"\nuuid = "{name_of(number)}"\n'
        f"session = {{ electricity_poll_s = 1.0 }}\n"
        for number in range(count)
    )
    (folder / "meross.key").write_text(KEY)
    file = folder / "unclouded.toml"
    file.write_text(
        f'[hub]\ntimezone = "UTC"\n[broker]\nlisten = "127.0.0.1:{port}"\nhost = "127.0.0.1"\n'
        f'[web]\nlisten = "127.0.0.1:0"\n[meross]\nkey_file = "meross.key"\n{devices}'
    )
    unclouded = str(Path(sys.executable).with_name("unclouded"))
    log = (folder / "log").open("w")
    words = [unclouded, "run", "--config", str(file), "--data", str(folder / "data")]
    with log, subprocess.Popen(words, stdout=log, stderr=log) as running:
        try:
            yield running.pid, folder / "data" / "control"
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)


def online(control: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return sum(one["state"] == "online" for one in asked(control, "/api/devices"))
    return 0


def until(what: str, is_so: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not is_so():
        if time.monotonic() > began + START_TIMEOUT_S:
            raise SystemExit(f"{what} does not come")
        time.sleep(0.5)
    return time.monotonic() - began


async def watched(address: str, seconds: float, pid: int) -> dict[str, float]:
    """What one page gets, and what that costs the hub."""
    late: list[float] = []
    async with connect(address.replace("http", "ws").rstrip("/") + "/api/live", max_size=None) as socket:
        end = time.monotonic() + WARM_S
        while time.monotonic() < end:
            await socket.recv()
        used, began, messages = cpu_of(pid), time.perf_counter(), 0
        while time.perf_counter() < began + seconds:
            text = await socket.recv()
            at = time.time() * 1000
            messages += 1
            for device, point, value, *_ in json.loads(text).get("changes", {}).get("readings", ()):
                if point == "current_A" and device:
                    late.append((at - value * 1000) % WRAP_MS)
        passed = time.perf_counter() - began
        cut = statistics.quantiles(late, n=100)
        return {
            "core_percent": round(100 * (cpu_of(pid) - used) / passed, 1),
            "readings_on_the_page_per_s": round(len(late) / passed),
            "messages_per_s": round(messages / passed, 1),
            "wire_to_page_p50_ms": round(cut[49], 1),
            "wire_to_page_p99_ms": round(cut[98], 1),
        }


def memory_MB(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith("Pss:"))


def stored(folder: Path) -> float:
    """Bytes of the store and of its write-ahead file, in MB."""
    return round(sum(file.stat().st_size for file in (folder / "data").glob("store.sqlite*")) / 1e6, 1)


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def measured(folder: Path, count: int, seconds: float) -> dict[str, object]:
    port = free_port()
    (folder / "data" / "ca").mkdir(parents=True, mode=0o700)
    with hub(folder, count, port) as (pid, control):
        until("the hub", lambda: bool(online(control)) or _knows(control, count))
        with plugs(count, port, folder / "log"):
            accepted = until("a plug", lambda: online(control) >= count)
            address = str(asked(control, "/api/hub")["web"][0])
            figures = asyncio.run(watched(address, seconds, pid))
            return {
                "plugs": count,
                "all_online_s": round(accepted, 1),
                **figures,
                "hub_MB": memory_MB(pid),
                "store_MB": stored(folder),
                "rows_lost": lost(control),
            }


def _knows(control: Path, count: int) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return len(asked(control, "/api/devices")) == count
    return False


def lost(control: Path) -> int:
    """Facts that the store had to drop."""
    store = asked(control, "/api/hub").get("store", {})
    return int(store.get("dropped", store.get("lost", 0)))


def main() -> None:
    args = arguments("Plugs through the whole hub", plugs=2_500, seconds=20, mosquitto=1)
    more_files()
    before = spin()
    with tempfile.TemporaryDirectory() as data:
        folder = Path(data)
        figures = measured(folder, args.plugs // PROCESSES * PROCESSES, args.seconds)
        if args.mosquitto and shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin"):
            theirs = asyncio.run(mosquitto_bench(folder / "data" / "ca", args.plugs, args.seconds))
            figures |= {f"mosquitto_{key}": value for key, value in theirs.items()}
            figures["cpu_ratio_to_mosquitto"] = round(float(str(figures["core_percent"])) / theirs["core_percent"], 2)
    report("plugs at 1 Hz through the whole hub", figures, before, args.json)


if __name__ == "__main__":
    main()
