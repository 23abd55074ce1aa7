"""A simulated home in a fleet: the real hub with its store, simulated devices on TCP, and a past of weeks.

    world ─► devices ── TCP ──► hub ─► store ─► outbox ─► uplink ─► NATS ─► fleet
    past (sim/seasons.py) ────────────► store, before the hub starts: a store has one writer

What the fleet has of it came over its uplink; nothing is written into the fleet's database.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from unclouded.app.computer_zone import computer_zone
from unclouded.app.configuration.access import access_to
from unclouded.app.configuration.config import load_config
from unclouded.app.configuration.edits.table_edits import value_text
from unclouded.app.demo.past import DemoPast, PastDevice
from unclouded.app.hub_process import RunningHub, running
from unclouded.app.protocols import profile_library, simulated_kinds
from unclouded.app.uplink.joining import join
from unclouded.core.family import SimOptions
from unclouded.core.model import Device
from unclouded.core.system.supervise import supervise
from unclouded.links import open_link
from unclouded.sim.loads import LoadKind
from unclouded.sim.serve import SimDevice, Simulation
from unclouded.sim.world import ROOF, USUAL_PLUGS, Counters, Scenario, World
from unclouded.store.file.schema import open_to_write
from unclouded.store.outbox import StoreOutbox
from unclouded.store.writer import StoreWriter
from unclouded.uplink.let_out import DeviceLevel, LetOutFilter, LetOutRules

METER_KIND, PLUG_KIND = "mgm111", "tuya-plug"
METER_POLL_S = 10
AGAIN_S = 13 * 60
PLACE = "listen://127.0.0.1:0"
SILENT_PLACE = "tcp://127.0.0.1:9"  # no one answers there
POWER_EXPONENT = -1
FINE = ("minute", "raw")  # levels
FINE_S = 2 * 86_400
MOST_BEHIND = 3  # windows that any home has just now
PLUGS: Sequence[tuple[str, str, str]] = (
    ("fridge", "Fridge", "Kitchen"),
    ("kettle", "Kettle", "Kitchen"),
    ("tv", "TV", "Living room"),
    ("pump", "Heating pump", "Cellar"),
)


class DemoHomePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One home. ``seed``: of its world and past. ``invitation``: with which it joins, "" = it has joined.

    ``broken``: a device of it does not answer. ``level``: what it lets out. ``gone``: it ends when its past is sent.
    """

    folder: str
    name: str
    seed: int
    invitation: str
    days: int
    level: DeviceLevel = "quarter"
    solar: bool = False
    broken: bool = False
    gone: bool = False


@contextlib.asynccontextmanager
async def demo_home(plan: DemoHomePlan) -> AsyncIterator[RunningHub]:
    """The home, joined and running, until the block ends. Raises ConfigError, LinkError, StoreError."""
    file = _prepared(Path(plan.folder))
    counters = await _stored_past(plan, file.with_name("store.sqlite"))
    scenario = Scenario(plugs=_loads(), solar=plan.solar, again_s=AGAIN_S)
    simulation = Simulation(World(plan.seed, time.time(), scenario, counters))
    devices = [_device(simulation, METER_KIND, "", plan.seed)]
    devices += [_device(simulation, PLUG_KIND, id, plan.seed + place) for place, (id, _, _) in enumerate(_plugs(plan))]
    async with asyncio.TaskGroup() as group:
        sims = group.create_task(supervise("simulated home", simulation.run), name="sims")
        addresses = await asyncio.gather(*(device.ready() for device in devices))
        await asyncio.to_thread(_join, plan, file, configuration(plan, addresses))
        async with running(load_config(file)) as hub:
            yield hub
        sims.cancel()


def configuration(plan: DemoHomePlan, addresses: Sequence[str]) -> str:
    """As its owner would write it. ``addresses``: of the meter and the plugs."""
    lines = ["[hub]", f"data = {value_text(plan.folder)}", f"name = {value_text(plan.name)}"]
    lines += [f'timezone = "{computer_zone()}"', "", "[web]", 'listen = "off"']
    lines += ["", "[[device]]", 'id = "meter"', 'name = "Meter"', 'family = "emporia"']
    lines += [f'identity = "emporia:{plan.seed}"', f"link = {value_text(addresses[0])}"]
    lines += [f"session = {{ poll_s = {METER_POLL_S} }}"]
    for (id, name, room), address in zip(_plugs(plan), addresses[1:], strict=True):
        lines += ["", "[[device]]", f'id = "{id}"', f'name = "{name}"', f'room = "{room}"', 'family = "tuya_wifi"']
        lines += [f'identity = "{_identity(plan, id)}"', f"link = {value_text(address)}", 'parent = "meter"']
        lines += ["produces = true"] if id == ROOF else []
    if plan.broken:
        lines += ["", "[[device]]", 'id = "boiler"', 'name = "Boiler"', 'room = "Cellar"', 'family = "tuya_wifi"']
        lines += [f'link = "{SILENT_PLACE}"', 'parent = "meter"', "critical = true"]
    return "\n".join(lines) + "\n"


def past_devices(plan: DemoHomePlan) -> list[PastDevice]:
    """What of the past each device has measured."""
    plugs = [PastDevice(id, id, POWER_EXPONENT, _identity(plan, id)) for id, _, _ in _plugs(plan)]
    return [PastDevice("meter", "", POWER_EXPONENT, f"emporia:{plan.seed}"), *plugs]


# --- inside -------------------------------------------------------------------------------------------


async def _stored_past(plan: DemoHomePlan, store: Path) -> Counters:
    """Store devices and past, as a hub that ran until now would have; it is to be sent. Raises StoreError."""
    past, devices = DemoPast(store, plan.seed, ZoneInfo(computer_zone())), past_devices(plan)
    await asyncio.to_thread(_store_devices, store, devices)
    counters = await asyncio.to_thread(past.plan, devices, time.time(), plan.days)
    await past.fill()
    await asyncio.to_thread(_want_past, store, LetOutRules(level=plan.level, events=True))
    return counters


def _store_devices(store: Path, devices: Sequence[PastDevice]) -> None:
    """As far as they are known before they report."""
    known = [Device(id=one.id, identity=one.identity, family="", link="", profile="") for one in devices]
    with contextlib.closing(open_to_write(store)) as db:
        StoreWriter(db, time.time).write(known)


def _want_past(store: Path, rules: LetOutRules) -> None:
    """Have the past sent: of the finest levels the last days only, as there is a value for each quarter of an hour."""
    levels = LetOutFilter(rules, ()).levels()
    with contextlib.closing(open_to_write(store)) as db:
        outbox = StoreOutbox(db, time.time)
        outbox.subscribe(levels)
        outbox.again(0.0, levels=[one for one in levels if one not in FINE])
        outbox.again(time.time() - FINE_S, levels=[one for one in levels if one in FINE])


def _plugs(plan: DemoHomePlan) -> list[tuple[str, str, str]]:
    return [*PLUGS, *([(ROOF, "Solar roof", "")] if plan.solar else [])]


def _loads() -> dict[str, LoadKind]:
    return dict(USUAL_PLUGS)


def _identity(plan: DemoHomePlan, id: str) -> str:
    return f"tuya_wifi:{plan.seed}-{id}"


def _device(simulation: Simulation, name: str, subject: str, seed: int) -> SimDevice:
    kind, library = simulated_kinds()[name][1], profile_library()
    return simulation.add(kind, library.get(kind.profile), subject, SimOptions(seed=seed), open_link(PLACE))


def _prepared(data: Path) -> Path:
    """The data folder is there; the file of its configuration."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return data / "unclouded.toml"


def _join(plan: DemoHomePlan, file: Path, text: str) -> None:
    """Write the configuration, and join the fleet with it."""
    file.write_text(text, "utf-8")
    if plan.invitation:
        keys = {"level": plan.level, "names": True, "events": True, "questions": True, "control": True}
        join(load_config(file), access_to(file, None).change_hub, plan.invitation, name=plan.name, keys=keys)


def is_sent(store: Path) -> bool:
    """Whether all closed windows of a store are at the fleet."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        (behind,) = db.execute("SELECT count(*) FROM outbox WHERE number <> known").fetchone()
    return int(behind) < MOST_BEHIND
