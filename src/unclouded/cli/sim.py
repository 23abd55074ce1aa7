"""`sim`: be a device, on a real link."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from unclouded.builder import settings_of
from unclouded.cli.output import Span, json_option, log_to_stderr, print_json
from unclouded.cli.showing import until_stopped
from unclouded.demo import sim_kinds
from unclouded.errors import CommandError
from unclouded.families.meross import SIM_KEY
from unclouded.family import SimKind, SimOptions
from unclouded.link import Link
from unclouded.links import check_url, open_link
from unclouded.links.many import Many
from unclouded.links.url import parse
from unclouded.plugs import Bound, bound, called
from unclouded.profiles import Shelf
from unclouded.sim.loads import LOADS, LoadKind
from unclouded.sim.serve import SimHouse
from unclouded.sim.world import Scenario, World

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
    seed: int,
    span: float | None,
    as_json: bool,
) -> None:
    """Simulate one device KIND on --link until stopped. Without KIND: list the kinds and their faults."""
    kinds = sim_kinds()
    if kind is None:
        _list([(family, one) for family, one in kinds.values()], as_json)
        return
    if kind not in kinds:
        raise CommandError(f"There is no simulated {kind!r}. There are: {', '.join(kinds)}.")
    family, chosen = kinds[kind]
    _check_faults(chosen, faults)
    key = key_file.read_text("utf-8").strip() if key_file else SIM_KEY
    plug = bound(seed, key, uuid) if family == "meross" else None
    places = _places(link, http and f"http-listen://{http}{QUIRKS if 'quirky_headers' in faults else ''}", server, plug)
    log_to_stderr()
    options = SimOptions(seed=seed, faults=frozenset(faults))
    asyncio.run(_serve(chosen, places, load, options, plug, span, as_json))


def _check_faults(kind: SimKind, faults: tuple[str, ...]) -> None:
    unknown = [fault for fault in faults if fault not in kind.faults]
    if unknown:
        known = ", ".join(kind.faults) or "none"
        raise CommandError(f"{kind.name} has no fault {unknown[0]!r}. It has: {known}.")


def _places(link: str | None, http: str | None, server: str | None, plug: Bound | None) -> Places:
    """What makes the links, once there is a loop. Raises CommandError, ConfigError and UsageError."""
    if plug is None and (http or server):
        raise CommandError("--http and --server are for plugs; say --link pty:/tmp/device.")
    if plug is not None and link:
        raise CommandError("A plug has no wire: say --http 127.0.0.1:8080, --server mqtts://127.0.0.1:8883, or both.")
    makers: list[Callable[[], Link]] = []
    for url in (link, http):
        if url:
            check_url(url)
            makers.append(partial(open_link, url))
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
    plug: Bound | None,
    span: float | None,
    as_json: bool,
) -> None:
    scenario = Scenario() if kind.subject == "meter" else Scenario(plugs={load: load})
    house = SimHouse(World(options.seed, time.time(), scenario))
    subject = "" if kind.subject == "meter" else load
    links = [make() for make in places]
    link = links[0] if len(links) == 1 else Many(links)
    profile = Shelf(settings_of).get(kind.profile)
    device = house.add(kind, profile, subject, options, link, plug.memory if plug else None)
    serving = asyncio.create_task(house.run(), name="sim")
    try:
        await asyncio.wait({serving, asyncio.ensure_future(device.ready())}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        _say_ready(kind, await device.ready(), plug, as_json)
        stopping = asyncio.create_task(until_stopped(span), name="stop")
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        serving.cancel()
        await asyncio.wait({serving})


def _say_ready(kind: SimKind, place: str, plug: Bound | None, as_json: bool) -> None:
    who = {"uuid": plug.uuid} if plug else {}
    if as_json:
        print_json({"ready": {"kind": kind.name, "link": place, **who}})
    else:
        where = f" on {place}" if place else ""
        name = f" It is {plug.uuid}." if plug else ""
        click.echo(f"Simulating {kind.name} ({kind.words}){where}.{name} Ctrl-C stops it.")


def _list(kinds: list[tuple[str, SimKind]], as_json: bool) -> None:
    for family, kind in kinds:
        if as_json:
            print_json({"kind": kind.name, "family": family, "words": kind.words, "faults": dict(kind.faults)})
            continue
        click.echo(f"{kind.name:<14} {kind.words} ({family})")
        for name, words in kind.faults.items():
            click.echo(f"    --fault {name:<22} {words}")
