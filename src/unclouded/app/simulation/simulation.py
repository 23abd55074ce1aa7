"""Simulated devices on real links: one, or many plugs for load."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from unclouded.app.protocols import profile_library, simulated_kinds
from unclouded.app.simulation.played_product import PlayedKind, played_kind
from unclouded.app.simulation.simulated_plug import BoundPlug, PlugSurroundings, ServerLink, bound
from unclouded.app.simulation.state import StateFile
from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import Settled
from unclouded.families import family as family_of
from unclouded.families.meross import CONSOLE_FAULTS, CONSOLE_KIND, SIM_KEY
from unclouded.links import check_url, open_link
from unclouded.links.discovery_serve import DiscoveryLink, DiscoverySocket
from unclouded.links.multi_path import MultiPathLink
from unclouded.links.named_path import NamedPathLink
from unclouded.links.url import HIGHEST_PORT, parse
from unclouded.sim.loads import LOADS, LoadKind
from unclouded.sim.serve import SimDevice, Simulation, address_of
from unclouded.sim.subjects import scenario_for
from unclouded.sim.world import Scenario, World

LOAD_NAMES = sorted(LOADS)
SERVER_EXAMPLE = "mqtts://192.168.1.2:8883"
PLUGS = "meross"  # the family of the devices that connect to a server
CONSOLE = "console"  # the name of the path of a plug's console
MOST = 10_000  # simulated devices of one process
WRITE_EVERY_S = 2.0  # the state file, where something has changed
ANSWER_PORT = 9989  # where answers to a discovery go; docs/protocols/meross.md §1.4.5
RESETS = ("always-encrypts", "resets-connections")  # faults with which what is closed without an answer is reset …
RESETTING = "hw8"  # … and the dialect that does so


class SimPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device is simulated.

    Plugs: ``http`` (HOST:PORT to serve on; the next ones on the ports after it), ``server`` (URL to connect to),
    ``discovery`` (HOST:PORT where questions by UDP arrive), ``console`` (URL of the serial line of an opened one).
    """

    link: str | None = None
    http: str | None = None
    server: str | None = None
    discovery: str | None = None
    console: str | None = None


class PlugSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What is simulated of plugs only.

    ``key_file``: the key that it was bound with. ``uuid``: "" = by the seed. ``unconfigured``: it is in set-up mode.
    ``networks``: the Wi-Fi around it, SSID:PASSWORD each. ``answer_port``: where its answers to a discovery go.
    ``dialect``: its generation, where no other one is asked for.
    """

    key_file: Path | None = None
    uuid: str = ""
    unconfigured: bool = False
    networks: tuple[str, ...] = ()
    answer_port: int = ANSWER_PORT
    dialect: str = ""


class SimObserver(Protocol):
    """Takes what happens to simulated devices. ``uuid``: of a plug."""

    def ready(self, place: str, uuid: str, console: str) -> None:
        """It can be reached there; "" where it connects to a server only. ``console``: where its console is, if any."""

    def all_ready(self) -> None:
        """Every device can be reached."""

    def offline(self, reason: str) -> None:
        """There is no other end; once for each reason."""

    def noticed(self, uuid: str, text: str) -> None:
        """What a device shows of its state."""

    def answered(self, question: str, answer: Settled) -> None:
        """A question that a person had a device ask is settled."""

    def stopped(self, stats: Mapping[str, float]) -> None:
        """All devices have ended; the counts of their wires."""


class SimulatedDevices:
    """``count`` devices of that kind. Raises CommandError and ConfigError where they cannot be simulated so.

    ``products``: those that it is to play, as ``played_product`` finds them.
    ``asks``: questions that the first one asks its controller. ``state``: the file that outlives a restart.
    """

    def __init__(
        self,
        kind: str,
        places: SimPlaces,
        load: str,
        options: SimOptions,
        *,
        products: Sequence[str] = (),
        asks: Sequence[str] = (),
        plug: PlugSetting = PlugSetting(),  # noqa: B008  (frozen)
        count: int = 1,
        state: Path | None = None,
    ) -> None:
        kinds = simulated_kinds()
        if kind not in kinds:
            raise CommandError(f"There is no simulated {kind!r}. There are: {', '.join(kinds)}.")
        family, plain = kinds[kind]
        self._load = _load(load)
        self._library = profile_library()
        self._played = played_kind(self._library, family, plain, products, self._load)
        self.kind = self._played.kind
        _check("fault", kind, options.faults, self.kind.faults)
        _check("question", kind, asks, self.kind.asks)
        _check("dialect", kind, [options.dialect] if options.dialect else [], self.kind.dialects)
        self.count = count
        places, plug = _on_console(kind, places, plug)
        _check_console(kind, places, options, count)
        self._options = options
        self._asks = asks
        self._state = StateFile(state)
        self._baud = self.kind.baud or family_of(family).baud
        self._parity = family_of(family).parity
        self._places = _checked(places, family == PLUGS, count)
        self._quirks = _quirks(options)
        self._plugs = _plugs(places, plug, options.seed, count) if family == PLUGS else []
        self._console: Link | None = None
        self._discovery_setting = plug.answer_port

    async def run(self, observer: SimObserver, stopped: Callable[[], Awaitable[None]]) -> None:
        """Until ``stopped()`` returns. Raises what ends the simulation."""
        simulation, devices = self._simulation(observer)
        serving = asyncio.create_task(simulation.run(), name="sim")
        asking = asyncio.create_task(self._ask(devices[0], observer), name="asks")
        writing = asyncio.create_task(self._write(), name="sim state")
        ready = asyncio.create_task(self._all_ready(devices, observer), name="ready")
        tasks = [serving, asking, writing, ready]
        try:
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done() or ready.exception() is not None:
                await serving  # it raises the reason
            stopping = asyncio.ensure_future(stopped())
            await asyncio.wait({serving, stopping, writing}, return_when=asyncio.FIRST_COMPLETED)
            for task in (serving, writing):
                if task.done():
                    task.result()
            observer.stopped(_sums([device.stats() for device in devices]))
        finally:
            for device in devices:
                device.on_offline = device.on_notice = _ignore  # the end of the simulation is not reported
            for task in tasks:
                task.cancel()
            await asyncio.wait(set(tasks))
            self._state.write()

    # --- inside --------------------------------------------------------------------------------

    def _simulation(self, observer: SimObserver) -> tuple[Simulation, list[SimDevice]]:
        """To be made in a running loop."""
        scenario, subjects = _scenario(self._played, self._load, self.count)
        simulation = Simulation(World(self._options.seed, time.time(), scenario))
        discovery = self._discovery()
        offline = _once_each(observer.offline)
        devices = []
        for number in range(self.count):
            device = self._add(simulation, subjects[number], number, discovery)
            device.on_offline = offline
            uuid = self._plugs[number].uuid if self._plugs else ""
            device.on_notice = partial(observer.noticed, uuid)
            device.on_remember = partial(self._state.remember, uuid or self.kind.name)
            devices.append(device)
        return simulation, devices

    def _add(self, simulation: Simulation, subject: str, number: int, discovery: DiscoverySocket | None) -> SimDevice:
        library = self._library
        profile = library.get(self.kind.profile)
        options = msgspec.structs.replace(self._options, seed=self._options.seed + number)
        if not self._plugs:
            link = open_link(self._places.link or "", baud=self._baud, parity=self._parity)
            memory = self._state.memory(self.kind.name)
            parts = {part.profile: library.get(part.profile) for part in self.kind.parts}
            products = self._played.products
            return simulation.add(
                self.kind, profile, subject, options, link, memory, part_profiles=parts, products=products
            )
        plug = self._plugs[number]
        memory = {**plug.memory, **self._state.memory(plug.uuid)}
        server = ServerLink(plug, self._server())
        link = self._link(plug, server, discovery)
        return simulation.add(self.kind, profile, subject, options, link, memory, PlugSurroundings(server))

    def _link(self, plug: BoundPlug, server: ServerLink, discovery: DiscoverySocket | None) -> Link:
        links: list[Link] = []
        if self._places.http:
            links.append(open_link(f"http-listen://{plug.http or self._places.http}{self._quirks}"))
        if discovery is not None:
            links.append(DiscoveryLink(discovery))
        if self._places.console:
            self._console = open_link(self._places.console, baud=self._baud, parity=self._parity)
            links.append(NamedPathLink(self._console, CONSOLE))
        if self._places.server or plug.unconfigured or plug.console:
            links.append(server)
        return links[0] if len(links) == 1 else MultiPathLink(links, needs_all=True)

    def _server(self) -> tuple[str, int] | None:
        return parse(self._places.server).host_port(SERVER_EXAMPLE) if self._places.server else None

    def _discovery(self) -> DiscoverySocket | None:
        if not self._places.discovery:
            return None
        return DiscoverySocket(_host_port(self._places.discovery), self._discovery_setting)

    async def _all_ready(self, devices: Sequence[SimDevice], observer: SimObserver) -> None:
        for number, place in enumerate(await asyncio.gather(*(device.ready() for device in devices))):
            console = address_of(self._console) if self._console is not None else ""
            observer.ready(place, self._plugs[number].uuid if self._plugs else "", console)
        observer.all_ready()

    async def _ask(self, device: SimDevice, observer: SimObserver) -> None:
        for question in self._asks:
            observer.answered(question, await device.ask(question))

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            self._state.write()


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


def _on_console(kind: str, places: SimPlaces, plug: PlugSetting) -> tuple[SimPlaces, PlugSetting]:
    """The kind that is on a console: its link is that, and it is out of the box where it is to reach no server."""
    if kind != CONSOLE_KIND:
        return places, plug
    console = places.console or places.link
    is_new = plug.unconfigured or not places.server
    return (
        msgspec.structs.replace(places, console=console, link=None),
        msgspec.structs.replace(plug, unconfigured=is_new, dialect=next(iter(simulated_kinds()[kind][1].dialects))),
    )


def _check_console(kind: str, places: SimPlaces, options: SimOptions, count: int) -> None:
    """Raises CommandError where something of a console cannot be simulated so."""
    if not places.console:
        useless = sorted(options.faults & CONSOLE_FAULTS.keys()) if kind == "mss310" else []
        if useless:
            raise CommandError(f"The fault {useless[0]} is one of the console: add --console pty:/tmp/console.")
        return
    dialects = simulated_kinds()[CONSOLE_KIND][1].dialects
    if kind not in (CONSOLE_KIND, "mss310"):
        raise CommandError(f"--console is for plugs; {kind} is served on --link.")
    if options.dialect and options.dialect not in dialects:
        raise CommandError(f"Only hardware 2 has this console: --dialect {' or '.join(dialects)}.")
    if count > 1:
        raise CommandError("--console is the serial line of one plug; leave --count out.")


def _checked(places: SimPlaces, are_plugs: bool, count: int) -> SimPlaces:
    """Raises CommandError and ConfigError."""
    if not 1 <= count <= MOST:
        raise CommandError(f"--count is a number from 1 to {MOST}.")
    if not are_plugs and (places.http or places.server or places.discovery or count > 1):
        raise CommandError("--http, --server, --discovery and --count are for plugs; use --link pty:/tmp/device.")
    if are_plugs and places.link:
        raise CommandError(
            "A plug has no wire for --link: use --http 127.0.0.1:8080, --server mqtts://127.0.0.1:8883, or both;"
            " --console pty:/tmp/console is the serial line of an opened one."
        )
    if not (places.link or places.http or places.server or places.console):
        raise CommandError("Name where to serve it: --link pty:/tmp/device; plugs: --http, --server or --console.")
    for url in (places.link, places.console, places.http and f"http-listen://{places.http}"):
        if url:
            check_url(url)
    if places.server:
        parse(places.server).host_port(SERVER_EXAMPLE)
    if places.discovery:
        _host_port(places.discovery)
    return places


def _host_port(text: str) -> tuple[str, int]:
    return parse(f"udp://{text}").host_port("udp://0.0.0.0:9988", lowest=0)


def _quirks(options: SimOptions) -> str:
    """What the HTTP server does as real plugs do: one connection at a time, and what the faults ask for."""
    quirks = "?connections=1"
    if "sends-malformed-headers" in options.faults:
        quirks += "&quirky=yes"
    if options.dialect == RESETTING or not options.faults.isdisjoint(RESETS):
        quirks += "&resets=yes"
    return quirks


def _plugs(places: SimPlaces, setting: PlugSetting, seed: int, count: int) -> list[BoundPlug]:
    """Each with its UUID and its port. Raises CommandError."""
    key = setting.key_file.read_text("utf-8").strip() if setting.key_file else SIM_KEY
    if setting.uuid and count > 1:
        raise CommandError("--uuid names one plug; with --count each has a UUID by the seed.")
    if setting.unconfigured and not (places.http or places.console):
        raise CommandError("A plug in set-up mode is set up by HTTP: name where to serve it, --http 127.0.0.1:8080.")
    host, port = parse(f"http://{places.http}").host_port("http://127.0.0.1:8080", lowest=0) if places.http else ("", 0)
    if places.discovery and not port:
        raise CommandError("The answer to a discovery names the port of the plug: choose one, --http 127.0.0.1:8080.")
    if port and port + count - 1 > HIGHEST_PORT:
        raise CommandError(f"The ports of {count} plugs from {port} on are more than there are.")
    shown = f"[{host}]" if ":" in host else host
    return [
        msgspec.structs.replace(
            bound(seed + number, key, setting.uuid),
            unconfigured=setting.unconfigured,
            networks=setting.networks,
            http=f"{shown}:{port + number}" if port else "",
            console=bool(places.console),
            dialect=setting.dialect,
        )
        for number in range(count)
    ]


def _scenario(played: PlayedKind, load: LoadKind, count: int) -> tuple[Scenario, Sequence[str]]:
    """A scenario with so many such devices, and the subject of each."""
    if count == 1:
        scenario, subject = scenario_for(played.kind.subject, load)
        return played.scenario(scenario), [subject]
    subjects = [f"{load} {number}" for number in range(count)]
    return Scenario(plugs=dict.fromkeys(subjects, load), used={}), subjects


def _sums(stats: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    names = dict.fromkeys(name for one in stats for name in one)
    return {name: sum(one.get(name, 0) for one in stats) for name in names}


def _ignore(text: str) -> None:
    """Not reported."""


def _once_each(report: Callable[[str], None]) -> Callable[[str], None]:
    """Calls ``report`` when the reason is another one than before."""
    last = [""]

    def changed(reason: str) -> None:
        if reason != last[0]:
            last[0] = reason
            report(reason)

    return changed
