"""`sim`: simulate a device on a real link."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from unclouded.app.protocols import simulated_kinds
from unclouded.app.simulation import LOAD_NAMES, SimPlaces, SimulatedDevice, shared_tables
from unclouded.cli.options import Span, json_option
from unclouded.cli.output.lines import log_to_stderr, print_json, print_text
from unclouded.cli.signals import until_stopped
from unclouded.core.family import SimOptions
from unclouded.core.session import Settled

KEY_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("sim")
@click.argument("kind", required=False)
@click.option(
    "--link", metavar="URL", help="Link to serve it on: pty:/tmp/meter, listen://127.0.0.1:6638, a serial port."
)
@click.option("--http", metavar="HOST:PORT", help="Plugs: address to serve HTTP on.")
@click.option("--server", metavar="URL", help="Plugs: broker to connect to, mqtts://HOST:PORT.")
@click.option("--key-file", type=KEY_FILE, help="Plugs: file with the key that it is bound with.")
@click.option("--uuid", default="", help="Plugs: UUID. [default: by the seed]")
@click.option("--load", type=click.Choice(LOAD_NAMES), default="pump", show_default=True, help="Load that is measured.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Fault to simulate; may be repeated.")
@click.option("--ask", "asks", multiple=True, metavar="NAME", help="Question to ask the controller; may be repeated.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed; the same seed gives the same course.")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@json_option
def command(
    kind: str | None,
    link: str | None,
    http: str | None,
    server: str | None,
    key_file: Path | None,
    uuid: str,
    load: str,
    faults: tuple[str, ...],
    asks: tuple[str, ...],
    seed: int,
    span: float | None,
    as_json: bool,
) -> None:
    """Simulate one device KIND on --link until stopped.

    Without KIND: list the kinds with their faults and the questions that they can ask.
    """
    if kind is None:
        _list(as_json)
        return
    places = SimPlaces(link=link, http=http, server=server)
    options = SimOptions(seed=seed, faults=frozenset(faults))
    device = SimulatedDevice(kind, places, load, options, asks=asks, key_file=key_file, uuid=uuid)
    log_to_stderr()
    asyncio.run(device.run(_SimPrinter(device, as_json), lambda: until_stopped(span)))


class _SimPrinter:
    """Prints what happens to a simulated device."""

    def __init__(self, device: SimulatedDevice, as_json: bool) -> None:
        self._kind = device.kind
        self._uuid = device.plug.uuid if device.plug else ""
        self._as_json = as_json

    def ready(self, place: str) -> None:
        kind = self._kind
        if self._as_json:
            uuid = {"uuid": self._uuid} if self._uuid else {}
            print_json({"ready": {"kind": kind.name, "link": place, **uuid}})
        else:
            where = f" on {place}" if place else ""
            name = f" Its UUID is {self._uuid}." if self._uuid else ""
            click.echo(f"Simulating {kind.name} ({kind.words}){where}.{name} Ctrl-C stops it.")

    def offline(self, reason: str) -> None:
        print_text(reason, err=True)

    def answered(self, question: str, answer: Settled) -> None:
        if self._as_json:
            print_json({"asked": question, "outcome": answer.result, "answer": answer.reason})
        else:
            print_text(f"{question}: {answer.reason or answer.result}")

    def stopped(self, stats: Mapping[str, float]) -> None:
        if self._as_json:
            print_json({"stats": stats})
        else:
            counts = ", ".join(f"{name} {count:g}" for name, count in stats.items() if count)
            click.echo(counts or "Nothing was sent or received.")


def _list(as_json: bool) -> None:
    """All kinds, then each table of faults and questions once, with the kinds that share it."""
    kinds = simulated_kinds().values()
    if as_json:
        for family, kind in kinds:
            tables = {"faults": dict(kind.faults), "asks": dict(kind.asks)}
            print_json({"kind": kind.name, "family": family, "words": kind.words, **tables})
        return
    for family, kind in kinds:
        click.echo(f"{kind.name:<18} {kind.words} ({family})")
    _list_tables("fault", [(kind.name, kind.faults) for _, kind in kinds])
    _list_tables("ask", [(kind.name, kind.asks) for _, kind in kinds])


def _list_tables(option: str, tables: list[tuple[str, Mapping[str, str]]]) -> None:
    for names, table in shared_tables(tables):
        click.echo(f"\n{', '.join(names)}:")
        for name, text in table.items():
            click.echo(f"    --{option} {name:<22} {text}")
