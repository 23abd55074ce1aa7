"""`sim`: simulate a device on a real link."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from unclouded.app.protocols import simulated_kinds
from unclouded.app.simulation.simulation import LOAD_NAMES, PlugSetting, SimPlaces, SimulatedDevices, shared_tables
from unclouded.cli.options import Span, json_option
from unclouded.cli.output.lines import log_to_stderr, print_json, print_text
from unclouded.cli.signals import until_stopped
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import Settled

KEY_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
STATE_FILE = click.Path(dir_okay=False, path_type=Path)
DISCOVERY = "0.0.0.0:9988"  # docs/protocols/meross.md §1.4.5


@click.command("sim")
@click.argument("kind", required=False)
@click.option(
    "--link", metavar="URL", help="Link to serve it on: pty:/tmp/meter, listen://127.0.0.1:6638, a serial port."
)
@click.option(
    "--product",
    "products",
    multiple=True,
    metavar="ID",
    help="Tuya: product to play: its id, the name of a Zigbee manufacturer or of a profile; repeatable for gateways.",
)
@click.option("--http", metavar="HOST:PORT", help="Plugs: address to serve HTTP on.")
@click.option("--server", metavar="URL", help="Plugs: broker to connect to, mqtts://HOST:PORT.")
@click.option("--console", metavar="URL", help="Plugs: link of the serial console of an opened plug; as --link.")
@click.option("--key-file", type=KEY_FILE, help="Plugs: file with the key that it is bound with.")
@click.option("--uuid", default="", help="Plugs: UUID. [default: by the seed]")
@click.option("--ap", is_flag=True, help="Plugs: it is not set up yet, and answers in set-up mode.")
@click.option("--wifi", "networks", multiple=True, metavar="SSID:PASSWORD", help="Plugs: a Wi-Fi in range; repeatable.")
@click.option(
    "--discovery",
    is_flag=False,
    flag_value=DISCOVERY,
    metavar="HOST:PORT",
    help=f"Plugs: answer to the discovery by UDP there. [without a value: {DISCOVERY}]",
)
@click.option("--dialect", default="", metavar="NAME", help="Generation of the device; see the list.")
@click.option(
    "--count", type=int, default=1, show_default=True, help="Plugs: how many; each on the next port after --http."
)
@click.option("--state", type=STATE_FILE, help="File that keeps what a device keeps over a restart.")
@click.option("--load", type=click.Choice(LOAD_NAMES), default="pump", show_default=True, help="Load that is measured.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Fault to simulate; may be repeated.")
@click.option("--ask", "asks", multiple=True, metavar="NAME", help="Question to ask the controller; may be repeated.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed; the same seed gives the same course.")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@json_option
def command(
    kind: str | None,
    link: str | None,
    products: tuple[str, ...],
    http: str | None,
    server: str | None,
    console: str | None,
    key_file: Path | None,
    uuid: str,
    ap: bool,
    networks: tuple[str, ...],
    discovery: str | None,
    dialect: str,
    count: int,
    state: Path | None,
    load: str,
    faults: tuple[str, ...],
    asks: tuple[str, ...],
    seed: int,
    span: float | None,
    as_json: bool,
) -> None:
    """Simulate one device KIND on --link until stopped.

    Without KIND: list the kinds with their dialects, their faults and the questions that they can ask.
    """
    if kind is None:
        _list(as_json)
        return
    places = SimPlaces(link=link, http=http, server=server, discovery=discovery, console=console)
    options = SimOptions(seed=seed, faults=frozenset(faults), dialect=dialect)
    plug = PlugSetting(key_file=key_file, uuid=uuid, unconfigured=ap, networks=networks)
    devices = SimulatedDevices(
        kind, places, load, options, products=products, asks=asks, plug=plug, count=count, state=state
    )
    log_to_stderr()
    asyncio.run(devices.run(_SimPrinter(devices, as_json), lambda: until_stopped(span)))


class _SimPrinter:
    """Prints what happens to simulated devices."""

    def __init__(self, devices: SimulatedDevices, as_json: bool) -> None:
        self._kind = devices.kind
        self._count = devices.count
        self._as_json = as_json
        self._places: list[tuple[str, str]] = []
        self._console = ""

    def ready(self, place: str, uuid: str, console: str) -> None:
        self._places.append((place, uuid))
        self._console = console
        if self._as_json:
            at_console = {"console": console} if console else {}
            print_json({"ready": {"kind": self._kind.name, "link": place, **at_console, **_uuid(uuid)}})

    def all_ready(self) -> None:
        if self._as_json:
            return
        first, last = self._places[0], self._places[-1]
        what = f"{self._kind.name} ({self._kind.words})"
        if self._count == 1:
            where, name = f" on {first[0]}" if first[0] else "", f" Its UUID is {first[1]}." if first[1] else ""
            console = f" Its console is {self._console}." if self._console not in ("", first[0]) else ""
            click.echo(f"Simulating {what}{where}.{console}{name} Ctrl-C stops it.")
        else:
            where = f" on {first[0]} to {last[0]}" if first[0] else ""
            click.echo(f"Simulating {self._count} × {what}{where}. Ctrl-C stops them.")

    def noticed(self, uuid: str, text: str) -> None:
        if self._as_json:
            print_json({"notice": text, **_uuid(uuid)})
        elif self._count == 1:
            print_text(text)

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


def _uuid(uuid: str) -> Mapping[str, str]:
    return {"uuid": uuid} if uuid else {}


def _list(as_json: bool) -> None:
    """All kinds, then each table of dialects, faults and questions once, with the kinds that share it."""
    kinds = simulated_kinds().values()
    if as_json:
        for family, kind in kinds:
            tables = {"dialects": dict(kind.dialects), "faults": dict(kind.faults), "asks": dict(kind.asks)}
            print_json({"kind": kind.name, "family": family, "words": kind.words, **tables})
        return
    for family, kind in kinds:
        click.echo(f"{kind.name:<18} {kind.words} ({family})")
    _list_tables("dialect", [(kind.name, kind.dialects) for _, kind in kinds])
    _list_tables("fault", [(kind.name, kind.faults) for _, kind in kinds])
    _list_tables("ask", [(kind.name, kind.asks) for _, kind in kinds])


def _list_tables(option: str, tables: list[tuple[str, Mapping[str, str]]]) -> None:
    for names, table in shared_tables(tables):
        click.echo(f"\n{', '.join(names)}:")
        for name, text in table.items():
            click.echo(f"    --{option} {name:<22} {text}")
