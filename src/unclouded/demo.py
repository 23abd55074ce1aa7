"""The demo: a simulated house on real wires, and the real hub on the other end of them.

    kettle, fridge, TV, pump  ── Tuya plugs ──┐ pseudo terminals and a TCP serial bridge
    the whole house           ── Emporia ─────┤
                                              └── the hub, its store, its API

The wires and the configuration are in the data folder, so every verb works on the demo too.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from unclouded import families
from unclouded.app import Running, running
from unclouded.builder import settings_of
from unclouded.config import Config, parse_config
from unclouded.errors import StoreError
from unclouded.family import SimKind, SimOptions
from unclouded.links import open_link
from unclouded.model import Value
from unclouded.profiles import Shelf
from unclouded.sim.serve import SimDevice, SimHouse
from unclouded.sim.world import Counters, World
from unclouded.sinks.store_reader import Reader
from unclouded.supervise import supervise

METER_POLL_S = 2  # a real meter refreshes every 5 to 30 s; people who look at a demo want it livelier


class Wire(msgspec.Struct, frozen=True):
    """A device of the demo: its kind, what it measures, where it listens."""

    id: str
    name: str
    kind: str
    subject: str
    listens: str  # "pty" or "tcp"


WIRES = (
    Wire("meter", "House meter", "mgm111", "", "pty"),
    Wire("kettle", "Kettle", "tuya-plug", "kettle", "pty"),
    Wire("fridge", "Fridge", "tuya-plug", "fridge", "pty"),
    Wire("tv", "TV", "tuya-plug", "tv", "pty"),
    Wire("pump", "Pump", "tuya-plug", "pump", "tcp"),
)


@contextlib.asynccontextmanager
async def demo(data: Path, seed: int = 1) -> AsyncIterator[tuple[Running, Config]]:
    """The simulated house and its hub, until the block ends. Raises what ``running`` raises."""
    house = SimHouse(World(seed, time.time(), counters=_counters(data)))
    devices = [_device(house, wire, data, seed) for wire in WIRES]
    async with asyncio.TaskGroup() as group:
        sims = group.create_task(supervise("simulated house", house.run), name="sims")
        addresses = await asyncio.gather(*(device.ready() for device in devices))
        text = configuration(data, addresses)
        file = data / "unclouded.toml"
        file.write_text(text, "utf-8")
        config = parse_config(text, str(file))
        async with running(config) as hub:
            yield hub, config
        sims.cancel()


def configuration(data: Path, addresses: Sequence[str]) -> str:
    """The demo's configuration, as an owner of such devices would write it."""
    lines = ["# Written by `unclouded demo`, anew at each start.", "[hub]", f'data = "{data}"']
    for wire, address in zip(WIRES, addresses, strict=True):
        family = _family_of(wire.kind)
        lines += ["", "[[device]]", f'id = "{wire.id}"', f'name = "{wire.name}"', f'family = "{family}"']
        lines += [f'link = "{_hub_end(address)}"']
        lines += [f"session = {{ poll_s = {METER_POLL_S} }}"] if wire.id == "meter" else ['parent = "meter"']
    return "\n".join(lines) + "\n"


def sim_kinds() -> dict[str, tuple[str, SimKind]]:
    """Every device that can be simulated: kind -> its family's name and the kind."""
    return {kind.name: (name, kind) for name in families.NAMES for kind in families.family(name).sim_kinds.values()}


def _device(house: SimHouse, wire: Wire, data: Path, seed: int) -> SimDevice:
    kind = sim_kinds()[wire.kind][1]
    profile = Shelf(settings_of).get(kind.profile)
    place = f"pty:{data / wire.id}.tty" if wire.listens == "pty" else "listen://127.0.0.1:0"
    return house.add(kind, profile, wire.subject, SimOptions(seed=seed), open_link(place))


def _family_of(kind: str) -> str:
    return sim_kinds()[kind][0]


def _hub_end(address: str) -> str:
    return f"serial://{address}" if address.startswith("/") else address


def _counters(data: Path) -> Counters:
    """Where the meter of an earlier demo stood: a meter does not start again because somebody looks away."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with Reader(data / "store.sqlite") as reader:
            totals = {one.point: one.value for one in reader.latest() if one.device == "meter"}
    except StoreError:
        return Counters()
    usual = Counters()
    return Counters(
        import_mWh=_mWh(totals.get("energy_import_Wh"), usual.import_mWh),
        export_mWh=_mWh(totals.get("energy_export_Wh"), usual.export_mWh),
    )


def _mWh(energy_Wh: Value | None, otherwise: int) -> int:
    return otherwise if energy_Wh is None else round(float(energy_Wh) * 1000)
