"""How late the hub's loop is while a day that it was away is sent to the fleet, beside the same loop without that.

    python bench/uplink_live.py [--hours 24] [--seconds 10] [--rounds 3]
    chrt -f 1 python bench/uplink_live.py …          where other processes take the machine (as root)

A timer that is due each 10 ms, in the loop of the product's driver, its thread of windows and its store. Three phases
in turn, so that a busy machine counts for all of them: nothing is sent; the same windows are read by another process,
which takes as much of the machine, but not the interpreter's lock; they are read and sent here. The fleet answers each
message at once. ``longest step``: processor time of one callback of the loop.
"""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from _common import arguments, report, spin
from sealing import START
from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.hub_process import relax_collector
from unclouded.app.uplink.driver import UplinkDriver, UplinkHandlers
from unclouded.app.uplink.window_thread import WindowThread
from unclouded.links.nats.client import NatsReply
from unclouded.store.encoding.chunk import SPAN_S as HOUR_S
from unclouded.store.outbox import LEVELS, Window
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store
from unclouded.uplink.let_out import LetOutRules
from unclouded.uplink.messages import Answer, Hello, LetOut, Welcome, decode_message, encode_message
from unclouded.uplink.session import UplinkSession
from unclouded.uplink.window_reader import WindowReader
from uplink_bytes import energy, fill

TICK_S = 0.01
SENT = ("energy", "quarter", "minute", "raw")
READ_ONLY = "--read-only"
PHASES = ("nothing", "in another process", "here")


class AnsweringLink:
    """A fleet that has stored each message by the next turn of the loop."""

    hub = "a" * 20
    is_up = True

    def __init__(self) -> None:
        self.messages = self.bytes = 0

    async def request(self, subject: str, data: bytes, timeout_s: float) -> NatsReply:
        self.messages += 1
        self.bytes += len(data)
        await asyncio.sleep(0)
        is_hello = isinstance(decode_message(data), Hello)
        return NatsReply(encode_message(Welcome(0.0, 0) if is_hello else Answer(True)))

    def publish(self, subject: str, data: bytes) -> bool:
        return True


class Timer:
    """How late it was (s), and the processor time of the longest callback of the loop (s)."""

    def __init__(self) -> None:
        self.late = list[float]()
        self.longest_s = 0.0

    async def run(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + TICK_S
        end = due + seconds
        while due < end:
            await asyncio.sleep(due - loop.time())
            self.late.append(loop.time() - due)
            due = max(due, loop.time()) + TICK_S

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Measure each callback of the loop."""
        run = asyncio.Handle._run

        def measured(handle: asyncio.Handle) -> None:
            begun = time.thread_time()
            run(handle)
            self.longest_s = max(self.longest_s, time.thread_time() - begun)

        asyncio.Handle._run = measured  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            asyncio.Handle._run = run  # type: ignore[method-assign]

    def figures(self, name: str) -> dict[str, object]:
        late = sorted(self.late)
        shares = (("median", len(late) // 2), ("p99", len(late) * 99 // 100), ("most", -1))
        found: dict[str, object] = {f"{name}: {share} late, ms": late[place] * 1000 for share, place in shares}
        return {**found, f"{name}: longest step, ms of CPU": self.longest_s * 1000}


def read_for_ever(path: Path, hours: int) -> None:
    """What the thread of windows does, until it is killed."""
    while True:
        with StoreReader(path) as reader:
            windows = WindowReader(reader, LetOutRules(level="raw"), energy)
            for level in SENT:
                for start in reversed(range(START, START + hours * HOUR_S, LEVELS[level])):
                    for _ in windows.read(Window(level, start, 1), 1):
                        time.sleep(0.001)


async def sending(path: Path, store: Store, link: AnsweringLink) -> None:
    """The driver, over and over: what was acknowledged is wanted again."""

    async def ignored(_: object) -> None:
        """Nothing of it is needed here."""

    windows = WindowThread(path, LetOutRules(level="raw"), ZoneInfo("UTC"), CostsTable(), lambda: ())
    session = UplinkSession("1", LetOut(("raw",)), lambda: 0.0)
    handlers = UplinkHandlers(ignored, ignored, ignored, ignored, lambda _: None, lambda _: None)
    driver = UplinkDriver(session, link, store, windows, handlers, time.time)  # type: ignore[arg-type]  # no real link
    running = asyncio.create_task(driver.run())
    try:
        while True:
            await asyncio.sleep(0.2)
            if not driver.counts.behind:
                await store.outbox(lambda one: one.again(0.0, levels=SENT))
                session.connected(asyncio.get_running_loop().time())
                driver.wake()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await windows.close()


async def phase(name: str, timer: Timer, seconds: float, begin: Callable[[], asyncio.Task[None] | None]) -> None:
    task = begin()
    await asyncio.sleep(0.5)
    with timer.watching():
        await timer.run(seconds)
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def elsewhere(path: Path, hours: int) -> None:
    words = (sys.executable, __file__, READ_ONLY, str(path), str(hours))
    process = await asyncio.create_subprocess_exec(*words, stderr=subprocess.DEVNULL)
    try:
        await process.wait()
    finally:
        process.kill()
        await process.wait()


async def measured(path: Path, hours: int, seconds: float, rounds: int) -> dict[str, object]:
    timers = {name: Timer() for name in PHASES}
    link = AnsweringLink()
    store = Store(path)
    store.open()
    await store.outbox(lambda one: one.subscribe(SENT))
    begins: dict[str, Callable[[], asyncio.Task[None] | None]] = {
        "nothing": lambda: None,
        "in another process": lambda: asyncio.create_task(elsewhere(path, hours)),
        "here": lambda: asyncio.create_task(sending(path, store, link)),
    }
    for _ in range(rounds):
        for name, begin in begins.items():
            await phase(name, timers[name], seconds, begin)
    await store.close()
    figures: dict[str, object] = {}
    for name, timer in timers.items():
        figures |= timer.figures(name)
    here, other = (sorted(timers[name].late) for name in ("here", "in another process"))
    place = len(here) * 99 // 100
    figures["p99: here beside another process, x"] = here[place] / other[len(other) * 99 // 100]
    return {**figures, "messages": link.messages, "MB": link.bytes / 1e6}


if __name__ == "__main__":
    if READ_ONLY in sys.argv:
        read_for_ever(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        options = arguments(__doc__ or "", hours=24, seconds=10, rounds=3)
        before = spin()
        with tempfile.TemporaryDirectory() as folder:
            store_file = Path(folder) / "store.sqlite"
            fill(store_file, options.hours)
            relax_collector()
            found = asyncio.run(measured(store_file, options.hours, options.seconds, options.rounds))
        report("uplink_live", found, before, options.json)
