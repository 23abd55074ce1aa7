"""Homes in a base, and windows for them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import reduce
from operator import xor

from fleet.identities import new_hub_id
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.views import HubWindows
from unclouded.store.encoding.part import SeriesPart
from unclouded.uplink.contents.catalogue import (
    SentCatalogue,
    SentControl,
    SentDevice,
    SentSeries,
    encode_catalogue,
)
from unclouded.uplink.contents.energy import DayEnergy, EnergyWindow, HourEnergy, encode_energy
from unclouded.uplink.contents.events import WindowEvent, encode_events
from unclouded.uplink.contents.raw import encode_raw
from unclouded.uplink.contents.rows import RolledRow, encode_rows
from unclouded.uplink.messages import DaySum, Hello, HubState, LetOut, SentWindow

NOW = 1_795_996_800.0  # 2026-11-30 00:00 UTC
DAY = 86_400
ZONE = "Europe/Madrid"
CATALOGUE = SentCatalogue(
    (  # the meter as an older hub describes it
        SentDevice(1, "plug-1", "Plug", main="on", controls=(SentControl("on", "switch", "rw"),)),
        SentDevice(2, "meter-1", "Meter"),
    ),
    (SentSeries(1, 1, "power_W", -1, "number"), SentSeries(2, 2, "energy_import_Wh", 0, "counter")),
    (),
    ZONE,
    "0.9.2",
)


async def add_organisation(base: FleetBase, name: str) -> int:
    return (await base.register.add_organisation(name)).number


async def add_home(base: FleetBase, organisation: int, name: str = "Home", place: str = "") -> str:
    """The id of a hub that has just been enrolled."""
    hub = new_hub_id()
    await base.register.add_code(hub.encode(), organisation, 1, NOW + 900, "test", NOW)
    await base.register.enrol(hub.encode(), hub, f"KEY{hub}", name, NOW, place)
    return hub


async def store(base: FleetBase, hub: str, level: str, *windows: SentWindow, now: float = NOW) -> None:
    """Nothing of it is refused."""
    (answer,) = await base.windows.store_windows([HubWindows(hub, level, windows)], now)
    assert answer.known and not answer.refused and answer.stored == len({one.start for one in windows})


async def store_everything(base: FleetBase, hub: str, start: int, number: int = 1) -> None:
    """A window of each level, and a state."""
    await store(base, hub, "catalogue", SentWindow(0, number, encode_catalogue(CATALOGUE)))
    for level in ("energy", "quarter", "minute", "raw", "events", "later"):
        await store(base, hub, level, window(level, start, number))
    await base.windows.store_states({hub: state()}, NOW)


def window(level: str, start: int, number: int, value: int = 5) -> SentWindow:
    """One with a content that the base can read."""
    return SentWindow(start, number, CONTENTS[level](start, value))


def state(**others: object) -> HubState:
    return HubState(**{"at": NOW, "version": "0.9.2", "power_W": 318.0, "devices": 2, **others})  # type: ignore[arg-type]  # of a test


def hello(sums: Mapping[str, tuple[DaySum, ...]], **others: object) -> Hello:
    let_out = LetOut(("energy", "raw"), names=True, control=True)
    return Hello((1,), "0.9.2", let_out, 3, sums, **others)  # type: ignore[arg-type]  # of a test


def sum_of(numbers: list[int], day: int) -> DaySum:
    return DaySum(day, len(numbers), reduce(xor, numbers, 0))


def energy(date: str, imported: int | None, flags: int = 0) -> bytes:
    return encode_energy(EnergyWindow((HourEnergy(2, imported),), (DayEnergy(date, ZONE, imported, 7, None, flags),)))


def _energy(start: int, value: int) -> bytes:
    return energy(datetime.fromtimestamp(start, UTC).date().isoformat(), value)


def _rows(level: str, step: int, count: int) -> Callable[[int, int], bytes]:
    def content(start: int, value: int) -> bytes:
        rows = [
            RolledRow(1, at, SeriesPart(2, 2 * value, value, value, value, (at + step - 1) * 1000, 0))
            for at in range(start, start + count * step, step)
        ]
        return encode_rows(level, start, rows)

    return content


def _raw(start: int, value: int) -> bytes:
    return encode_raw(start, {1: [(start + second, [(0, 1, value + second, 0)]) for second in range(300)]})


def _events(start: int, value: int) -> bytes:
    return encode_events([WindowEvent(start * 1000, 1, "state", "offline", f'{{"state":"offline","value":{value}}}')])


CONTENTS: Mapping[str, Callable[[int, int], bytes]] = {
    "energy": _energy,
    "quarter": _rows("quarter", 900, 1),
    "minute": _rows("minute", 60, 5),
    "raw": _raw,
    "events": _events,
    "later": lambda start, value: value.to_bytes(4, "big"),
}
