"""One simulated device on a real link."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from unclouded.app.protocols import profile_library, simulated_kinds
from unclouded.app.simulated_plug import BoundPlug, bound, client_link
from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.link import Link
from unclouded.core.session import Settled
from unclouded.families import family as family_of
from unclouded.families.meross import SIM_KEY
from unclouded.links import check_url, open_link
from unclouded.links.multi_path import MultiPathLink
from unclouded.links.url import parse
from unclouded.sim.loads import LOADS, LoadKind
from unclouded.sim.serve import SimDevice, Simulation
from unclouded.sim.subjects import scenario_for
from unclouded.sim.world import World

LOAD_NAMES = sorted(LOADS)
PLUGS = "meross"  # the family of the devices that connect to a server
QUIRKS = "?quirky=yes"  # the part of a plug's fault that its HTTP server has


class SimPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device is simulated. Plugs: ``http`` (HOST:PORT to serve on) and ``server`` (URL to connect to)."""

    link: str | None = None
    http: str | None = None
    server: str | None = None


class SimObserver(Protocol):
    """Takes what happens to a simulated device."""

    def ready(self, place: str) -> None:
        """It can be reached there; "" where it connects to a server only."""

    def offline(self, reason: str) -> None:
        """There is no other end; once for each reason."""

    def answered(self, question: str, answer: Settled) -> None: ...
    def stopped(self, stats: Mapping[str, float]) -> None: ...


class SimulatedDevice:
    """A device of that kind. Raises CommandError and ConfigError where it cannot be simulated so.

    ``key_file``: the key that a plug was bound with. ``uuid``: of a plug; "" = by the seed. ``asks``: questions that it
    asks its controller.
    """

    def __init__(
        self,
        kind: str,
        places: SimPlaces,
        load: str,
        options: SimOptions,
        *,
        asks: Sequence[str] = (),
        key_file: Path | None = None,
        uuid: str = "",
    ) -> None:
        kinds = simulated_kinds()
        if kind not in kinds:
            raise CommandError(f"There is no simulated {kind!r}. There are: {', '.join(kinds)}.")
        family, self.kind = kinds[kind]
        _check("fault", kind, options.faults, self.kind.faults)
        _check("question", kind, asks, self.kind.asks)
        key = key_file.read_text("utf-8").strip() if key_file else SIM_KEY
        self.plug = bound(options.seed, key, uuid) if family == PLUGS else None
        self._makers = _link_makers(
            places, self.plug, self.kind.baud or family_of(family).baud, "quirky_headers" in options.faults
        )
        self._load = _load(load)
        self._options = options
        self._asks = asks

    async def run(self, observer: SimObserver, stopped: Callable[[], Awaitable[None]]) -> None:
        """Until ``stopped()`` returns. Raises what ends the simulation."""
        simulation, device = self._simulation()
        device.on_offline = _once_each(observer.offline)
        serving = asyncio.create_task(simulation.run(), name="sim")
        asking = asyncio.create_task(self._ask(device, observer), name="asks")
        ready = asyncio.create_task(device.ready(), name="ready")
        try:
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done() or ready.exception() is not None:
                await serving  # it raises the reason
            observer.ready(ready.result())
            stopping = asyncio.ensure_future(stopped())
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            observer.stopped(device.stats())
        finally:
            device.on_offline = lambda reason: None  # the end of the simulation is not reported
            for task in (serving, asking, ready):
                task.cancel()
            await asyncio.wait({serving, asking, ready})

    def _simulation(self) -> tuple[Simulation, SimDevice]:
        """To be made in a running loop."""
        scenario, subject = scenario_for(self.kind.subject, self._load)
        simulation = Simulation(World(self._options.seed, time.time(), scenario))
        links = [make() for make in self._makers]
        link = links[0] if len(links) == 1 else MultiPathLink(links)
        profile = profile_library().get(self.kind.profile)
        memory = self.plug.memory if self.plug else None
        return simulation, simulation.add(self.kind, profile, subject, self._options, link, memory)

    async def _ask(self, device: SimDevice, observer: SimObserver) -> None:
        for question in self._asks:
            observer.answered(question, await device.ask(question))


def shared_tables(tables: Iterable[tuple[str, Mapping[str, str]]]) -> list[tuple[list[str], Mapping[str, str]]]:
    """Each distinct table once, with the names of the kinds that have it; without empty ones."""
    sharing: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, table in tables:
        sharing.setdefault(tuple(table.items()), []).append(name)
    return [(names, dict(rows)) for rows, names in sharing.items() if rows]


def _load(name: str) -> LoadKind:
    for load in LOADS:
        if load == name:
            return load
    raise CommandError(f"There is no load {name!r}. There are: {', '.join(LOAD_NAMES)}.")


def _check(what: str, kind: str, named: Iterable[str], known: Mapping[str, str]) -> None:
    unknown = [name for name in named if name not in known]
    if unknown:
        raise CommandError(f"{kind} has no {what} {unknown[0]!r}. It has: {', '.join(known) or 'none'}.")


def _link_makers(places: SimPlaces, plug: BoundPlug | None, baud: int, quirky: bool) -> Sequence[Callable[[], Link]]:
    """What makes the links, once there is a loop. Raises CommandError and ConfigError."""
    if plug is None and (places.http or places.server):
        raise CommandError("--http and --server are for plugs; use --link pty:/tmp/device.")
    if plug is not None and places.link:
        raise CommandError("A plug has no wire: use --http 127.0.0.1:8080, --server mqtts://127.0.0.1:8883, or both.")
    http = places.http and f"http-listen://{places.http}{QUIRKS if quirky else ''}"
    makers: list[Callable[[], Link]] = []
    for url in (places.link, http):
        if url:
            check_url(url)
            makers.append(partial(open_link, url, baud=baud))
    if places.server and plug is not None:
        host, port = parse(places.server).host_port("mqtts://192.168.1.2:8883")
        makers.append(partial(client_link, host, port, plug))
    if not makers:
        raise CommandError("Name where to serve it: --link pty:/tmp/device; plugs: --http or --server.")
    return makers


def _once_each(report: Callable[[str], None]) -> Callable[[str], None]:
    """Calls ``report`` when the reason is another one than before."""
    last = [""]

    def changed(reason: str) -> None:
        if reason != last[0]:
            last[0] = reason
            report(reason)

    return changed
