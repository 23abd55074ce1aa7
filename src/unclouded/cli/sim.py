"""`sim`: be a device, on a real link."""

import asyncio
import time

import click

from unclouded.builder import settings_of
from unclouded.cli.output import Span, json_option, log_to_stderr, print_json
from unclouded.cli.showing import until_stopped
from unclouded.demo import sim_kinds
from unclouded.errors import CommandError
from unclouded.family import SimKind, SimOptions
from unclouded.links import open_link
from unclouded.profiles import Shelf
from unclouded.sim.loads import LOADS, LoadKind
from unclouded.sim.serve import SimHouse
from unclouded.sim.world import Scenario, World


@click.command("sim")
@click.argument("kind", required=False)
@click.option(
    "--link", metavar="URL", help="Where to serve it: pty:/tmp/meter, listen://127.0.0.1:6638, a serial port."
)
@click.option("--load", type=click.Choice(sorted(LOADS)), default="pump", show_default=True, help="What is plugged in.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Something wrong with it; may be repeated.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed lives the same life.")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@json_option
def command(
    kind: str | None,
    link: str | None,
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
    if link is None:
        raise click.UsageError("Say where to serve it: --link pty:/tmp/device")
    chosen = kinds[kind][1]
    unknown = [fault for fault in faults if fault not in chosen.faults]
    if unknown:
        known = ", ".join(chosen.faults) or "none"
        raise CommandError(f"{kind} has no fault {unknown[0]!r}. It has: {known}.")
    log_to_stderr()
    options = SimOptions(seed=seed, faults=frozenset(faults))
    asyncio.run(_serve(chosen, link, load, options, span, as_json))


async def _serve(
    kind: SimKind, link: str, load: LoadKind, options: SimOptions, span: float | None, as_json: bool
) -> None:
    scenario = Scenario() if kind.subject == "meter" else Scenario(plugs={load: load})
    house = SimHouse(World(options.seed, time.time(), scenario))
    subject = "" if kind.subject == "meter" else load
    device = house.add(kind, Shelf(settings_of).get(kind.profile), subject, options, open_link(link))
    serving = asyncio.create_task(house.run(), name="sim")
    try:
        await asyncio.wait({serving, asyncio.ensure_future(device.ready())}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        _say_ready(kind, await device.ready() or link, as_json)
        stopping = asyncio.create_task(until_stopped(span), name="stop")
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        serving.cancel()
        await asyncio.wait({serving})


def _say_ready(kind: SimKind, place: str, as_json: bool) -> None:
    if as_json:
        print_json({"ready": {"kind": kind.name, "link": place}})
    else:
        click.echo(f"A simulated {kind.words} serves on {place}. Ctrl-C stops it.")


def _list(kinds: list[tuple[str, SimKind]], as_json: bool) -> None:
    for family, kind in kinds:
        if as_json:
            print_json({"kind": kind.name, "family": family, "words": kind.words, "faults": dict(kind.faults)})
            continue
        click.echo(f"{kind.name:<14} {kind.words} ({family})")
        for name, words in kind.faults.items():
            click.echo(f"    --fault {name:<22} {words}")
