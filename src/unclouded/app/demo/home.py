"""The demo: a simulated home on real links, and the real hub at the other end of them.

    kettle, fridge  ── Meross plugs, connecting ─ TLS ──► the hub's broker ──┐   hardware 2 and 1
    solar inverter  ── Meross plug, connecting ── TLS ─────────────────────┤   hardware 6
    TV              ── Meross plug: encrypted HTTP, and the broker ───────┤   hardware 8
    pump            ── Tuya plug ── TCP serial bridge ────────────────────┼── the hub, its store, its API
    four sub-devices ─ Tuya gateway ── pseudo terminal ───────────────────┤
    the whole home ─── Emporia ── pseudo terminal ────────────────────────┘

The configuration is in the data folder, so every verb works on the demo too.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from unclouded.app.computer_zone import computer_zone
from unclouded.app.configuration.checks.values import check_web, place_of_web
from unclouded.app.configuration.config import Config, load_config
from unclouded.app.configuration.edits.table_edits import value_text
from unclouded.app.configuration.tables.file import WebTable
from unclouded.app.demo.past import DAYS, DemoPast, PastDevice
from unclouded.app.demo.tariffs import TARIFFS
from unclouded.app.files.new_file import new_file
from unclouded.app.hub_process import RunningHub, locked, running_locked
from unclouded.app.protocols import profile_library, simulated_kinds
from unclouded.app.simulation.simulated_plug import BoundPlug, PlugSurroundings, bound, client_link
from unclouded.core.family import SimOptions
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Out
from unclouded.core.system.supervise import supervise
from unclouded.links import open_link
from unclouded.links.multi_path import MultiPathLink
from unclouded.links.url import path_text
from unclouded.sim.loads import LoadKind
from unclouded.sim.serve import SimDevice, Simulation
from unclouded.sim.world import ROOF, USUAL_PLUGS, Scenario, World
from unclouded.web.server import tcp_socket

FILE = "unclouded.toml"
METER_POLL_S = 2  # a real meter refreshes every 5 to 30 s; a demo should show more changes
PLUG_POLL_S = 1  # likewise
ENERGY_POLL_S = 10  # likewise; a plug counts in whole Wh
SUNNY = range(9, 16)  # hours of the day with enough sun for a solar roof
MORNING = 10.0  # the hour at which the demo begins at other times of day
AGAIN_S = 13 * 60  # s between two uses of the kettle, so that a demo shows changes
PLUG_POLLS = f"electricity_poll_s = {PLUG_POLL_S}, consumption_poll_s = {ENERGY_POLL_S}"
KEY = "a key of the demo's own"
RULES = """
[[rule]]
name = "Pump in the morning"
at = "07:00"
days = "mon-fri"
set = "pump on"
lasts = "30 min"

[[rule]]
name = "TV off at night"
at = "23:30"
set = "tv off"

[[rule]]
name = "Kettle boils dry"
when = "kettle.power_W > 1.5 kW for 20 min"
set = "kettle off"
notify = "The kettle was on for too long and was switched off."
"""


class DemoDevice(msgspec.Struct, frozen=True):
    """A device of the demo: its kind, what it measures, its links ("pty", "tcp", "http", "broker").

    ``dialect``: the generation of a plug. ``critical``, ``favourite``: as its owner has set them.
    """

    id: str
    name: str
    kind: str
    subject: str
    by: tuple[str, ...]
    dialect: str = ""
    produces: bool = False
    identity: str = ""  # of a device that reports none: its port changes with each start
    room: str = ""
    critical: bool = False
    favourite: bool = False


WIRES = (
    DemoDevice("meter", "House meter", "mgm111", "", ("pty",)),
    DemoDevice("kettle", "Kettle", "mss310", "kettle", ("broker",), "hw2", room="Kitchen"),
    DemoDevice("fridge", "Fridge", "mss310", "fridge", ("broker",), "hw1", room="Kitchen", critical=True),
    DemoDevice("tv", "TV", "mss310", "tv", ("http", "broker"), "hw8", room="Living room", favourite=True),
    DemoDevice("pump", "Pump", "tuya-plug", "pump", ("tcp",), identity="tuya_wifi:demo-pump", room="Garden"),
    DemoDevice("solar", "Solar roof", "mss310", ROOF, ("broker",), "hw6", produces=True),
    DemoDevice("gateway", "Gateway", "tuya-gateway-small", "", ("pty",), room="Study"),
)
JOINS = "permit"  # what the gateway asks, so that its sub-devices join
PLUGS: Mapping[str, LoadKind] = {**USUAL_PLUGS, "gateway_plug": "lamp"}
PLACES = {"tcp": "listen://127.0.0.1:0", "http": "http-listen://127.0.0.1:0"}


class DeferredLink:
    """A link that is made and started when the broker listens: its address is not known before."""

    def __init__(self, make: Callable[[], Link], open: asyncio.Event) -> None:
        self._make = make
        self._open = open
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, inlet: Inlet) -> None:
        self._task = asyncio.create_task(self._begin(inlet), name="demo.when_open")

    def send(self, out: Out) -> None:
        if self._link is not None:
            self._link.send(out)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._link is not None:
            await self._link.close()

    async def _begin(self, inlet: Inlet) -> None:
        await self._open.wait()
        self._link = self._make()
        self._link.start(inlet)


@contextlib.asynccontextmanager
async def demo(
    data: Path, seed: int = 1, web: str = "", past_days: int = DAYS
) -> AsyncIterator[tuple[RunningHub, Config]]:
    """The simulated home and its hub, until the block ends. ``web``: address of the page; "" = the default.

    ``past_days``: how much past a new data folder gets; 0 = none.

    Raises what ``running`` raises.
    """
    with locked(data):  # before anything in the folder is touched: another demo may run on it
        async with _demo(data, seed, web, past_days) as started:
            yield started


@contextlib.asynccontextmanager
async def _demo(data: Path, seed: int, web: str, past_days: int) -> AsyncIterator[tuple[RunningHub, Config]]:
    _check_web(data, web)
    past = DemoPast(data / "store.sqlite", seed, ZoneInfo(computer_zone()))
    counters = past.plan(past_devices(seed), time.time(), past_days)
    simulation = Simulation(World(seed, time.time(), _scenario(time.localtime()), counters))
    broker_is_ready = asyncio.Event()
    ports: list[int] = []
    devices = [
        _device(simulation, wire, data, seed + number, lambda: ports[0], broker_is_ready)
        for number, wire in enumerate(WIRES)
    ]
    async with asyncio.TaskGroup() as group:
        sims = group.create_task(supervise("simulated home", simulation.run), name="sims")
        addresses = await asyncio.gather(*(device.ready() for device in devices))
        config = load_config(_write(data, configuration(data, addresses, seed))).with_web(web)
        async with running_locked(config) as hub:
            if hub.broker is not None:
                await hub.broker.ready()
                ports.append(hub.broker.address[1])
                broker_is_ready.set()
            gateway = next(device for device, wire in zip(devices, WIRES, strict=True) if wire.id == "gateway")
            joining = group.create_task(gateway.ask(JOINS), name="sub-devices join")
            filling = group.create_task(past.fill(), name="past")
            yield hub, config
            joining.cancel()
            filling.cancel()
        sims.cancel()


def _scenario(now: time.struct_time) -> Scenario:
    """A day with sun, so that a demo in the evening shows the solar roof too."""
    hour = now.tm_hour + now.tm_min / 60 if now.tm_hour in SUNNY else MORNING
    return Scenario(plugs=PLUGS, hour=hour, again_s=AGAIN_S)


def past_devices(seed: int) -> list[PastDevice]:
    """The devices whose past is shown: what each of them measures, and how the hub will store it."""
    found = [PastDevice("meter", "", -1)]
    for number, wire in enumerate(WIRES):
        if wire.kind == "mss310":
            uuid = _bound(seed + number).uuid
            found.append(PastDevice(wire.id, wire.subject, -3, f"meross:{uuid}", is_dated=True))
        elif wire.identity:
            found.append(PastDevice(wire.id, wire.subject, -1, wire.identity))
    return found


def configuration(data: Path, addresses: Sequence[str], seed: int) -> str:
    """The configuration of the demo, as a user with such devices would write it."""
    lines = [
        "# Written by `unclouded demo` at each start.",
        "[hub]",
        f"data = {value_text(str(data))}",
        f'timezone = "{computer_zone()}"',
    ]
    lines += ["[broker]", 'listen = "127.0.0.1:0"', 'host = "127.0.0.1"', "[meross]", 'key_file = "meross.key"']
    for number, (wire, address) in enumerate(zip(WIRES, addresses, strict=True)):
        family = simulated_kinds()[wire.kind][0]
        lines += ["", "[[device]]", f'id = "{wire.id}"', f'name = "{wire.name}"', f'family = "{family}"']
        lines += [f"link = {_hub_end(wire, address)}"]
        if family == "meross":
            lines += [f'uuid = "{_bound(seed + number).uuid}"', f"session = {{ {PLUG_POLLS} }}"]
        lines += [f"room = {value_text(wire.room)}"] if wire.room else []
        lines += [f"{key} = true" for key in ("produces", "critical", "favourite") if getattr(wire, key)]
        lines += [f'identity = "{wire.identity}"'] if wire.identity else []
        lines += [f"session = {{ poll_s = {METER_POLL_S} }}"] if wire.id == "meter" else ['parent = "meter"']
    return "\n".join(lines) + "\n" + RULES + TARIFFS


def _device(
    simulation: Simulation,
    wire: DemoDevice,
    data: Path,
    seed: int,
    port: Callable[[], int],
    broker_is_ready: asyncio.Event,
) -> SimDevice:
    kind = simulated_kinds()[wire.kind][1]
    library = profile_library()
    profile, parts = library.get(kind.profile), {part.profile: library.get(part.profile) for part in kind.parts}
    plug = _bound(seed)

    def link_by(way: str) -> Link:
        if way == "broker":
            return DeferredLink(lambda: client_link("127.0.0.1", port(), plug), broker_is_ready)
        return open_link(PLACES.get(way) or f"pty:{path_text(data / f'{wire.id}.tty')}")

    links = [link_by(way) for way in wire.by]
    link = links[0] if len(links) == 1 else MultiPathLink(links)
    options = SimOptions(seed=seed, dialect=wire.dialect)
    downloads = PlugSurroundings() if wire.kind == "mss310" else None
    return simulation.add(kind, profile, wire.subject, options, link, plug.memory, downloads, parts)


def _bound(seed: int) -> BoundPlug:
    return bound(seed, KEY, timezone=computer_zone())


def _hub_end(wire: DemoDevice, address: str) -> str:
    """As TOML. ``address``: of its link that others connect to, where it has one."""
    own = f"serial://{path_text(address)}" if address.startswith("/") else address
    links = ["broker:" if way == "broker" else own for way in wire.by]
    return value_text(links[0] if len(links) == 1 else links)


def _check_web(data: Path, web: str) -> None:
    """Before seconds go by in which the home is made. Raises ConfigError and LinkRefused, as the hub would."""
    place = place_of_web(check_web(WebTable(listen=web), str(data / FILE), "--web"))
    if place is not None:
        tcp_socket(place).close()


def _write(data: Path, text: str) -> Path:
    with new_file(data / "meross.key", True, 0o600) as key:
        key.write_text(KEY + "\n", "utf-8")
    file = data / FILE
    file.write_text(text, "utf-8")
    return file
