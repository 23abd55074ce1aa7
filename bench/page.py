"""The pages: how soon they are painted, their bytes on the wire, how they shift, and what people who look cost the hub.

    python bench/page.py [--loads 11] [--seconds 15] [--rounds 3] [--json]

    20 simulated plugs at 1 Hz ── TCP ── the hub (a process of its own) ──┬── Chromium: cold loads, empty cache
         (another process)                                                └── 0, 1, 20 WebSocket clients (this process)

First paint, bytes, layout shifts and long tasks (above 50 ms): the browser's performance entries, medians of loads in
fresh contexts; bytes as transferred, headers too. Each of PAGES against its budget; the exit code is 1 if one is over.
CPU: /proc of the hub's process alone, over windows with 0, 1 and 20 clients in turn; medians over rounds. Peer, in the
same run and loaded with as many changes a second: a Starlette server that encodes each change for each client at once.
Targets: <= 2 % of a core for 20 clients; of each page first paint <= 200 ms and layout shift <= 0.03; Now <= 57 kB.
"""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from websockets.asyncio.client import connect

from _common import arguments, report, spin
from browser.chromium import ARGS, program

DEVICES = 20
CLIENTS = (0, 1, 20)
SETTLE_S = 3.0  # s between a change of the clients and the measurement
START_TIMEOUT_S = 60.0  # s until a process is ready
FIRST_VALUE = r"() => /\d\s*k?W\b/.test(document.body.innerText) && performance.now()"
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
BYTES = """() => {
    const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const sum = some => some.reduce((bytes, one) => bytes + one.transferSize, 0);
    return [sum(all), sum(all.filter(one => !new URL(one.name).pathname.startsWith('/api/')))];
}"""

PAGES = {  # path, and the budget of its bytes
    "now": ("/", 57_000),
    "history": ("/history", 115_000),
    "devices": ("/devices", 62_000),
    "device": ("/devices/plug0", 82_000),
    "settings": ("/settings", 92_000),
    "add": ("/add", 78_000),
}
PAINT_MS, SHIFT, LONG_TASKS_MS = 200.0, 0.03, 200.0
SETTLED_MS = 1_500  # after the load, for values that come and what they move
WATCH = """
window.shift = 0; window.long = 0;
const own = one => one.hadRecentInput ? 0 : one.value;
new PerformanceObserver(list => list.getEntries().forEach(one => { window.shift += own(one); }))
  .observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(one => { window.long += one.duration; }))
  .observe({type: 'longtask', buffered: true});
"""

# --- the devices, in a process of their own --------------------------------------------------------


async def simulate() -> None:
    """Serve DEVICES plugs and print where, as one JSON line."""
    from unclouded.app.protocols import settings_of, simulated_kinds
    from unclouded.core.family import SimOptions
    from unclouded.links import open_link
    from unclouded.profiles import ProfileLibrary
    from unclouded.sim.serve import Simulation
    from unclouded.sim.world import Scenario, World

    kind = simulated_kinds()["tuya-plug"][1]
    profile = ProfileLibrary(settings_of).get(kind.profile)
    simulations, addresses = [], list[str]()
    for seed in range(DEVICES):  # each with a clock of its own: real plugs do not speak all at once
        simulation = Simulation(World(seed, time.time(), Scenario(plugs={"plug": "pump"}, used={})))
        simulation.add(kind, profile, "plug", SimOptions(seed=seed), open_link("listen://127.0.0.1:0"))
        simulations.append(asyncio.create_task(simulation.run(), name=f"simulation {seed}"))
        addresses += await simulation.ready()
        await asyncio.sleep(1 / DEVICES)
    print(json.dumps(addresses), flush=True)
    await asyncio.gather(*simulations)


def configuration(addresses: Sequence[str]) -> str:
    devices = "".join(
        f'[[device]]\nid = "plug{number}"\nname = "Plug {number}"\nfamily = "tuya_wifi"\nlink = "{address}"\n'
        for number, address in enumerate(addresses)
    )
    return f'[web]\nlisten = "127.0.0.1:0"\n{devices}'


# --- the peer ---------------------------------------------------------------------------------------


async def serve_peer(changes_per_s: int) -> None:
    """What people write first: each change is encoded for each client as it comes."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    clients: set[WebSocket] = set()

    async def live(client: WebSocket) -> None:
        await client.accept()
        clients.add(client)
        with contextlib.suppress(WebSocketDisconnect):
            await client.receive()
        clients.discard(client)

    async def change() -> None:
        while True:
            began = time.monotonic()
            for number in range(changes_per_s):
                reading = {
                    "device": f"plug{number % DEVICES}",
                    "point": "power_W",
                    "value": 60 + number,
                    "at": time.time(),
                }
                for client in list(clients):
                    await client.send_text(json.dumps({"changes": {"readings": [reading]}}))
            await asyncio.sleep(max(1.0 - (time.monotonic() - began), 0.0))

    sock = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[WebSocketRoute("/api/live", live)])
    changing = asyncio.create_task(change(), name="changes")
    print(json.dumps({"web": f"http://127.0.0.1:{sock.getsockname()[1]}"}), flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([sock])
    changing.cancel()


# --- processes --------------------------------------------------------------------------------------


@contextlib.contextmanager
def process(*words: str) -> Iterator[tuple[subprocess.Popen[str], object]]:
    """A process, and the JSON of the first line that it prints."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            if not line:
                raise SystemExit(f"{words[0]} ended before it was ready")
            yield running, json.loads(line)
        finally:
            running.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(10)
            running.kill()


@contextlib.contextmanager
def hub(folder: Path, addresses: Sequence[str]) -> Iterator[tuple[int, str]]:
    """A hub with all devices online: its process and the address of its page."""
    file = folder / "unclouded.toml"
    file.write_text(configuration(addresses), "utf-8")
    unclouded = str(Path(sys.executable).with_name("unclouded"))
    # Without --json: a hub that prints each reading would be measured printing.
    log = (folder / "log").open("w")
    words = [unclouded, "run", "--config", str(file), "--data", str(folder / "data")]
    with log, subprocess.Popen(words, stdout=log, stderr=log) as running:
        try:
            yield running.pid, until_online(folder / "data" / "control")
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(20)


class Local(http.client.HTTPConnection):
    """A connection to a hub's own socket."""

    def __init__(self, control: Path) -> None:
        super().__init__("hub")
        self._control = control

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._control))


def asked(control: Path, path: str) -> Any:  # Any: JSON
    with contextlib.closing(Local(control)) as connection:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


def until_online(control: Path) -> str:
    """Wait until every device is online; where the page is."""
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if [one["state"] for one in asked(control, "/api/devices")] == ["online"] * DEVICES:
                return str(asked(control, "/api/hub")["web"][0])
        time.sleep(0.2)
    raise SystemExit("the hub's devices do not come online")


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kB(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


# --- those who look ---------------------------------------------------------------------------------


class Crowd:
    """So many WebSocket clients that take all they are sent. They offer compression, as browsers do."""

    def __init__(self) -> None:
        self.messages = self.changes = 0

    @contextlib.asynccontextmanager
    async def looking(self, page: str, count: int) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._look(page), name=f"client {one}") for one in range(count)]
        try:
            yield
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, page: str) -> None:
        address = page.rstrip("/").replace("http", "ws", 1) + "/api/live"
        async with connect(address, origin=page.rstrip("/"), max_size=None) as line:  # type: ignore[arg-type]  # a str
            async for message in line:
                self.messages += 1
                if message.startswith('{"changes"') if isinstance(message, str) else False:
                    self.changes += len(json.loads(message)["changes"].get("readings", ()))


async def measured(pid: int, page: str, count: int, seconds: int) -> tuple[float, int, Crowd]:
    """Percent of a core, kB of memory, and what the clients received, while so many look."""
    crowd = Crowd()
    async with crowd.looking(page, count):
        await asyncio.sleep(SETTLE_S)
        crowd.messages = crowd.changes = 0
        before, started = cpu_s(pid), time.monotonic()
        await asyncio.sleep(seconds)
        used, passed = cpu_s(pid) - before, time.monotonic() - started
        memory = memory_kB(pid)
    return used / passed * 100, memory, crowd


async def costs(pid: int, page: str, seconds: int, rounds: int) -> tuple[dict[int, float], dict[int, int], int, float]:
    """By number of clients: percent of a core, kB of memory; and what each receives in a second: changes, messages."""
    cpu: dict[int, list[float]] = {count: [] for count in CLIENTS}
    memory: dict[int, int] = {}
    changes, messages = 0, 0.0
    for _ in range(rounds):
        for count in CLIENTS:
            percent, memory[count], crowd = await measured(pid, page, count, seconds)
            cpu[count].append(percent)
            if count:
                changes, messages = round(crowd.changes / seconds / count), crowd.messages / seconds / count
    return {count: statistics.median(all_) for count, all_ in cpu.items()}, memory, changes, round(messages, 1)


# --- the browser ------------------------------------------------------------------------------------


def painted(page_url: str, loads: int) -> dict[str, float]:
    """Medians of cold loads: first paint, first values, bytes."""
    from playwright.sync_api import sync_playwright

    names = ("first_paint_ms", "first_values_ms", "first_load_bytes", "first_load_bytes_of_files")
    found: dict[str, list[float]] = {name: [] for name in names}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program(), args=ARGS)
        for number in range(loads + 1):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            page = context.new_page()
            page.goto(page_url)
            values = page.wait_for_function(FIRST_VALUE, timeout=15_000).json_value()
            paint = page.wait_for_function(PAINT).json_value()
            if number:  # the first one warms the browser and the hub's compressed files
                for name, value in zip(names, (paint, values, *page.evaluate(BYTES)), strict=True):
                    found[name].append(value)
            context.close()
        browser.close()
    return {name: round(statistics.median(all_), 1) for name, all_ in found.items()}


def budgets(page_url: str, loads: int) -> tuple[dict[str, object], list[str]]:
    """Of each page medians of cold loads, and what is over its budget."""
    from playwright.sync_api import sync_playwright

    figures: dict[str, object] = {}
    over = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program(), args=ARGS)
        for name, (path, most_bytes) in PAGES.items():
            found = [one_load(browser, page_url.rstrip("/") + path) for _ in range(loads)]
            medians = [round(statistics.median(one), 3) for one in zip(*found, strict=True)]
            limits = {"paint_ms": PAINT_MS, "bytes": most_bytes, "shift": SHIFT, "long_tasks_ms": LONG_TASKS_MS}
            for (what, limit), value in zip(limits.items(), medians, strict=True):
                figures[f"{name}_{what}"] = value
                over += [f"{name}: {what} is {value:g}, the budget is {limit:g}"] if value > limit else []
        browser.close()
    return figures, over


def one_load(browser: Any, address: str) -> tuple[float, float, float, float]:  # Any: Playwright is imported late
    """First paint in ms, bytes of files (not of data), layout shift and ms of long tasks of a cold load."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    paint = page.wait_for_function(PAINT).json_value()
    page.wait_for_timeout(SETTLED_MS)
    found = (paint, page.evaluate(BYTES)[1], page.evaluate("window.shift"), page.evaluate("window.long"))
    context.close()
    return found


def named(prefix: str, cpu: Mapping[int, float], memory: Mapping[int, int]) -> dict[str, object]:
    figures: dict[str, object] = {f"{prefix}_cpu_percent_{count}_clients": round(cpu[count], 2) for count in CLIENTS}
    figures[f"{prefix}_cpu_percent_of_20_clients"] = round(cpu[20] - cpu[0], 2)
    return figures | {f"{prefix}_memory_kB_{count}_clients": memory[count] for count in (0, 20)}


def main() -> None:
    args = arguments("The page", loads=11, seconds=15, rounds=3)
    before = spin()
    figures: dict[str, object] = {"devices": DEVICES, "loads": args.loads, "rounds": args.rounds}
    me = (sys.executable, __file__)
    with tempfile.TemporaryDirectory() as folder, process(*me, "--simulate") as (_, addresses):
        assert isinstance(addresses, list)
        with hub(Path(folder), addresses) as (pid, page):
            figures |= painted(page, args.loads)
            pages, over = budgets(page, max(args.loads // 3, 1))
            figures |= pages
            cpu, memory, changes, messages = asyncio.run(costs(pid, page, args.seconds, args.rounds))
            figures |= {"changes_per_s": changes, "messages_per_s_and_client": messages, **named("hub", cpu, memory)}
    with process(*me, "--peer", str(changes)) as (peer, reported):
        assert isinstance(reported, dict)
        cpu, memory, _, _ = asyncio.run(costs(peer.pid, reported["web"], args.seconds, 1))
        figures |= named("peer", cpu, memory)
    report("the page (targets: first paint <= 200 ms, <= 57 kB, <= 2 % of a core for 20)", figures, before, args.json)
    if over:
        raise SystemExit("\n".join(over))


if __name__ == "__main__":
    if "--simulate" in sys.argv:
        asyncio.run(simulate())
    elif "--peer" in sys.argv:
        asyncio.run(serve_peer(int(sys.argv[-1])))
    else:
        main()
