"""Many simulated plugs in one process: memory and CPU of each.

    python bench/simulated_plugs.py [--plugs 1000] [--seconds 10] [--json]

First they serve HTTP, idle but for the measurement of each second; then, in a process of their own, each is connected
over TLS to a broker in another process, bound, and asked for its electricity once a second. What the program itself
takes is not counted: one plug has run before. Targets: <= 25 kB and <= 0.05 % of a core each. The second is above the
target for memory: the TLS library alone keeps more than that for a client.
"""

import asyncio
import gc
import logging
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from _common import arguments, report, spin
from unclouded.app.hub_process import relax_collector
from unclouded.app.simulation.simulation import SimPlaces, SimulatedDevices
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import (
    Answer,
    AskClock,
    Failure,
    LinkPath,
    LocalTime,
    Out,
    Question,
    Refusal,
    Settled,
)
from unclouded.families.meross import SIM_KEY, answer_unadmitted, identify_client, publish_topic, simulated_uuid
from unclouded.families.meross.wire.envelope import request
from unclouded.links.broker.client import PlugIdentity
from unclouded.links.broker.server import BrokerOptions, BrokerServer

FIRST_PORT = 21_000
SETTLE_S = 8.0  # until all are connected and bound
WARM_S = 2.0  # for one plug, which loads what the program needs
ASK = "Appliance.Control.Electricity"


class MeasuredPlugs:
    """Observes the simulation; ``stop`` measures it."""

    def __init__(self, count: int, seconds: float, settle_s: float) -> None:
        self.figures: dict[str, float] = {}
        self._count, self._seconds, self._settle_s = count, seconds, settle_s
        gc.collect()
        self._before = rss_kB()
        self._is_ready = asyncio.Event()

    def ready(self, place: str, uuid: str, console: str) -> None:
        """One of them."""

    def all_ready(self) -> None:
        self._is_ready.set()

    def offline(self, reason: str) -> None:
        """Not connected yet."""

    def noticed(self, uuid: str, text: str) -> None:
        """Its state."""

    def answered(self, question: str, answer: Settled) -> None:
        """Nothing is asked."""

    def stopped(self, stats: Mapping[str, float]) -> None:
        self.figures["bound"] = stats.get("bound", 0)
        self.figures["answers_per_s"] = round(stats.get("frames_out", 0) / (self._seconds + self._settle_s))

    async def stop(self) -> None:
        await self._is_ready.wait()
        await asyncio.sleep(self._settle_s)
        gc.collect()
        self.figures["kB_each"] = round((rss_kB() - self._before) / self._count, 1)
        used, began = time.process_time(), time.perf_counter()
        await asyncio.sleep(self._seconds)
        share = (time.process_time() - used) / (time.perf_counter() - began)
        self.figures["core_percent_each"] = round(100 * share / self._count, 4)


def measured(count: int, seconds: float, places: SimPlaces, settle_s: float = SETTLE_S) -> dict[str, float]:
    devices = SimulatedDevices("mss310", places, "lamp", SimOptions(seed=1), count=count)

    async def run() -> dict[str, float]:
        observer = MeasuredPlugs(count, seconds, settle_s)
        stop: Callable[[], Awaitable[None]] = observer.stop
        await devices.run(observer, stop)
        return observer.figures

    return asyncio.run(run())


def in_its_own_process(count: int, seconds: float, places: SimPlaces) -> dict[str, float]:
    """What was freed by an earlier measurement would be used again, and not be counted."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=plugs_process, args=(theirs, count, seconds, places))
    process.start()
    figures: dict[str, float] = ours.recv()
    process.join(10)
    return figures


def plugs_process(pipe: Connection, count: int, seconds: float, places: SimPlaces) -> None:
    more_files()
    relax_collector()
    logging.disable(logging.WARNING)
    measured(1, 0.1, places, WARM_S)
    pipe.send(measured(count, seconds, places))


def rss_kB() -> float:
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1_000


# --- the other process: their server ----------------------------------------------------------------------


class Asker:
    """Binds one plug, and asks it once a second."""

    def __init__(self, uuid: str, send: Callable[[Out], None]) -> None:
        self._uuid, self._send = uuid, send
        self._number = 0

    def up(self, path: LinkPath) -> None:
        if not self._number:
            self._ask()

    def down(self, path: str, reason: str) -> None:
        """It connects again."""

    def failed(self, id: int, why: Failure) -> None:
        """It is asked again."""

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        if b"Clock" in data or b"Bind" in data:
            for answer in answer_unadmitted(data, self._uuid, SIM_KEY, time.time(), answers):
                self._send(Out(answer))

    def _ask(self) -> None:
        self._number += 1
        asyncio.get_running_loop().call_later(1.0, self._ask)
        data = request(
            "GET", ASK, b"{}", message_id=f"{self._number:032x}", key=SIM_KEY, timestamp=int(time.time()),
            from_=publish_topic(self._uuid),
        )  # fmt: skip
        self._send(Out(data))


def answers(question: Question) -> Answer | Refusal:
    return LocalTime(time.time()) if isinstance(question, AskClock) else True


def admit(client_id: str, user: str, password: str) -> PlugIdentity | Refusal:
    found = identify_client(client_id, user, password, SIM_KEY)
    return found if isinstance(found, Refusal) else PlugIdentity(found)


def server_process(pipe: Connection, count: int) -> None:
    more_files()
    logging.disable(logging.WARNING)
    asyncio.run(serve(pipe, count))


async def serve(pipe: Connection, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = BrokerOptions(connections=count + 100)
        broker = BrokerServer(("127.0.0.1", 0), ["127.0.0.1"], Path(folder), admit, options)
        broker.start()
        for number in range(count):
            slot = broker.slot(simulated_uuid(1 + number))
            slot.start(Asker(simulated_uuid(1 + number), slot.send))
        await broker.ready()
        pipe.send(broker.address[1])
        await asyncio.to_thread(pipe.recv)
        await broker.close()


def more_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    options = arguments(__doc__ or "", plugs=1000, seconds=10)
    before = spin()
    figures: dict[str, object] = {"plugs": options.plugs}
    http = in_its_own_process(options.plugs, options.seconds, SimPlaces(http=f"127.0.0.1:{FIRST_PORT}"))
    figures |= {f"http_{name}": value for name, value in http.items() if name in ("kB_each", "core_percent_each")}
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=server_process, args=(theirs, options.plugs))
    process.start()
    try:
        port = ours.recv()
        mqtt = in_its_own_process(options.plugs, options.seconds, SimPlaces(server=f"mqtts://127.0.0.1:{port}"))
        figures |= {f"broker_{name}": value for name, value in mqtt.items()}
    finally:
        ours.send("end")
        process.join(10)
        process.kill()
    report("simulated_plugs", figures, before, options.json)


if __name__ == "__main__":
    main()
