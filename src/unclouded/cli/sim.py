"""`sim`: be a device, on a real link."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from unclouded.app.demo import sim_kinds
from unclouded.app.device_factory import settings_of
from unclouded.app.simulated_plug import BoundPlug, bound, called
from unclouded.cli.display import until_stopped
from unclouded.cli.output import Span, json_option, log_to_stderr, print_json
from unclouded.core.errors import CommandError
from unclouded.core.family import SimKind, SimOptions
from unclouded.core.link import Link
from unclouded.families import family as family_of
from unclouded.families.meross import SIM_KEY
from unclouded.links import check_url, open_link
from unclouded.links.multi_path import MultiPathLink
from unclouded.links.url import parse
from unclouded.profiles import ProfileLibrary
from unclouded.sim.loads import LOADS, LoadKind
from unclouded.sim.serve import SimDevice, Simulation
from unclouded.sim.subjects import stage
from unclouded.sim.world import World

QUIRKS = "?quirky=yes"  # the server's part of a plug's fault
KEY_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

Places = Sequence[Callable[[], Link]]


@click.command("sim")
@click.argument("kind", required=False)
@click.option(
    "--link", metavar="URL", help="Where to serve it: pty:/tmp/meter, listen://127.0.0.1:6638, a serial port."
)
@click.option("--http", metavar="HOST:PORT", help="Plugs: answer HTTP there.")
@click.option("--server", metavar="URL", help="Plugs: the server to call, mqtts://HOST:PORT.")
@click.option("--key-file", type=KEY_FILE, help="Plugs: what it was bound with.")
@click.option("--uuid", default="", help="Plugs: who it is, else what follows from the seed.")
@click.option("--load", type=click.Choice(sorted(LOADS)), default="pump", show_default=True, help="What is plugged in.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Something wrong with it; may be repeated.")
@click.option("--ask", "asks", multiple=True, metavar="NAME", help="Let it ask this, once it is met; may be repeated.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed lives the same life.")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@json_option
def command(
    kind: str | None,
    link: str | None,
    http: str | None,
    server: str | None,
    key_file: Path | None,
    uuid: str,
    load: LoadKind,
    faults: tuple[str, ...],
    asks: tuple[str, ...],
    seed: int,
    span: float | None,
    as_json: bool,
) -> None:
    """Simulate one device KIND on --link until stopped.

    Without KIND: list the kinds, their faults, and what they can be made to ask the other end.
    """
    kinds = sim_kinds()
    if kind is None:
        _list([(family, one) for family, one in kinds.values()], as_json)
        return
    if kind not in kinds:
        raise CommandError(f"There is no simulated {kind!r}. There are: {', '.join(kinds)}.")
    family, chosen = kinds[kind]
    _check("fault", chosen.name, faults, chosen.faults)
    _check("question", chosen.name, asks, chosen.asks)
    key = key_file.read_text("utf-8").strip() if key_file else SIM_KEY
    plug = bound(seed, key, uuid) if family == "meross" else None
    baud = chosen.baud or family_of(family).baud
    address = http and f"http-listen://{http}{QUIRKS if 'quirky_headers' in faults else ''}"
    places = _places(link, address, server, plug, baud)
    log_to_stderr()
    options = SimOptions(seed=seed, faults=frozenset(faults))
    asyncio.run(_serve(chosen, places, load, options, plug, asks, span, as_json))


def _check(what: str, kind: str, named: tuple[str, ...], known: Mapping[str, str]) -> None:
    unknown = [name for name in named if name not in known]
    if unknown:
        raise CommandError(f"{kind} has no {what} {unknown[0]!r}. It has: {', '.join(known) or 'none'}.")


def _places(link: str | None, http: str | None, server: str | None, plug: BoundPlug | None, baud: int) -> Places:
    """What makes the links, once there is a loop. Raises CommandError, ConfigError and UsageError."""
    if plug is None and (http or server):
        raise CommandError("--http and --server are for plugs; say --link pty:/tmp/device.")
    if plug is not None and link:
        raise CommandError("A plug has no wire: say --http 127.0.0.1:8080, --server mqtts://127.0.0.1:8883, or both.")
    makers: list[Callable[[], Link]] = []
    for url in (link, http):
        if url:
            check_url(url)
            makers.append(partial(open_link, url, baud=baud))
    if server and plug is not None:
        host, port = parse(server).host_port("mqtts://192.168.1.2:8883")
        makers.append(partial(called, host, port, plug))
    if not makers:
        raise click.UsageError("Say where to serve it: --link pty:/tmp/device; plugs: --http or --server.")
    return makers


async def _serve(
    kind: SimKind,
    places: Places,
    load: LoadKind,
    options: SimOptions,
    plug: BoundPlug | None,
    asks: Sequence[str],
    span: float | None,
    as_json: bool,
) -> None:
    scenario, subject = stage(kind.subject, load)
    simulation = Simulation(World(options.seed, time.time(), scenario))
    links = [make() for make in places]
    link = links[0] if len(links) == 1 else MultiPathLink(links)
    profile = ProfileLibrary(settings_of).get(kind.profile)
    device = simulation.add(kind, profile, subject, options, link, plug.memory if plug else None)
    device.on_offline = _Trouble()
    serving = asyncio.create_task(simulation.run(), name="sim")
    asking = asyncio.create_task(_ask(device, asks, as_json), name="asks")
    ready = asyncio.create_task(device.ready(), name="ready")
    try:
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done() or ready.exception() is not None:
            await serving  # it knows why
        _say_ready(kind, ready.result(), plug, as_json)
        stopping = asyncio.create_task(until_stopped(span), name="stop")
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        _say_stats(device.stats(), as_json)
    finally:
        device.on_offline = lambda reason: None  # that we stop is no news
        for task in (serving, asking, ready):
            task.cancel()
        await asyncio.wait({serving, asking, ready})


class _Trouble:
    """Says on stderr why the other end is not there, once for each reason."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            click.echo(reason, err=True)


async def _ask(device: SimDevice, asks: Sequence[str], as_json: bool) -> None:
    """One question after the other, and what the other end says."""
    for what in asks:
        settled = await device.ask(what)
        if as_json:
            print_json({"asked": what, "outcome": settled.result, "answer": settled.reason})
        else:
            click.echo(f"{what}: {settled.reason or settled.result}")


def _say_stats(stats: Mapping[str, float], as_json: bool) -> None:
    """What it heard and said, now that it stops."""
    if as_json:
        print_json({"stats": stats})
    else:
        click.echo(", ".join(f"{name} {count:g}" for name, count in stats.items() if count) or "Nobody said anything.")


def _say_ready(kind: SimKind, place: str, plug: BoundPlug | None, as_json: bool) -> None:
    who = {"uuid": plug.uuid} if plug else {}
    if as_json:
        print_json({"ready": {"kind": kind.name, "link": place, **who}})
    else:
        where = f" on {place}" if place else ""
        name = f" It is {plug.uuid}." if plug else ""
        click.echo(f"Simulating {kind.name} ({kind.words}){where}.{name} Ctrl-C stops it.")


def _list(kinds: list[tuple[str, SimKind]], as_json: bool) -> None:
    """All kinds, then each table of faults and questions once, with the kinds that share it."""
    if as_json:
        for family, kind in kinds:
            tables = {"faults": dict(kind.faults), "asks": dict(kind.asks)}
            print_json({"kind": kind.name, "family": family, "words": kind.words, **tables})
        return
    for family, kind in kinds:
        click.echo(f"{kind.name:<18} {kind.words} ({family})")
    _list_tables("fault", [(kind.name, kind.faults) for _, kind in kinds])
    _list_tables("ask", [(kind.name, kind.asks) for _, kind in kinds])


def shared(tables: Iterable[tuple[str, Mapping[str, str]]]) -> list[tuple[list[str], Mapping[str, str]]]:
    """Each table once, with the names of those that have it; none that is empty."""
    sharing: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, table in tables:
        sharing.setdefault(tuple(table.items()), []).append(name)
    return [(names, dict(rows)) for rows, names in sharing.items() if rows]


def _list_tables(option: str, tables: list[tuple[str, Mapping[str, str]]]) -> None:
    for names, table in shared(tables):
        click.echo(f"\n{', '.join(names)}:")
        for name, words in table.items():
            click.echo(f"    --{option} {name:<22} {words}")
