"""`fleet init`: the folder of a new fleet."""

import datetime
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.fleet.configuration import USUAL_FOLDER, FleetWebTable
from unclouded.fleet.folder.making import DSN, FleetPlan, hosts_of, make_fleet
from unclouded.fleet.local_servers.programs import ProgramMissing, nats_program
from unclouded.fleet.nats_server.units import USER

HTTPS = 443
PAGE_PORT = 8443
LOCAL_PAGE = "http://127.0.0.1:8400"


@click.command("init")
@click.argument("folder", required=False)
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="How hubs reach nats-server; once for each node.")
@click.option(
    "--route", "routes", multiple=True, metavar="HOST", help="How the nodes reach each other. [default: --host]"
)
@click.option("--web", metavar="URL", help="How people and hubs reach the page. [default: https://HOST:8443]")
@click.option(
    "--dsn", default=DSN, show_default=True, metavar="DSN", help="The database, as a connection string of libpq."
)
@click.option(
    "--certificate", type=click.Path(exists=True), help="Certificate with its chain (PEM). [default: one is made]"
)
@click.option("--key", type=click.Path(exists=True), help="The key of --certificate.")
@click.option("--local", "is_local", is_flag=True, help="For this computer only, without TLS: to try it out.")
@json_option
def command(
    folder: str | None,
    hosts: tuple[str, ...],
    routes: tuple[str, ...],
    web: str | None,
    dsn: str,
    certificate: str | None,
    key: str | None,
    is_local: bool,
    as_json: bool,
) -> None:
    """Make the folder of a new fleet: keys, certificates, fleet.toml, and files for nats-server and systemd.

    FOLDER must be empty or new [default: /var/lib/unclouded-fleet]. Nothing is replaced, started or installed.
    """
    if is_local == bool(hosts):
        raise CommandError("Give --host with the name by which hubs reach this computer, or --local to try it out.")
    if bool(certificate) != bool(key):
        raise CommandError("Give --certificate and --key together.")
    hosts = ("127.0.0.1",) if is_local else hosts_of(hosts)
    plan = FleetPlan(
        hosts=hosts,
        routes=hosts_of(routes),
        web=_web(web or (LOCAL_PAGE if is_local else f"https://{hosts[0]}:{PAGE_PORT}"), is_local),
        dsn=dsn,
        certificate=Path(certificate).absolute() if certificate else None,
        key=Path(key).absolute() if key else None,
        is_local=is_local,
        nats_program=_nats_program(),
        own_program=Path(sys.executable).with_name("unclouded"),
    )
    place = Path(folder or USUAL_FOLDER).expanduser().absolute()
    files = make_fleet(place, plan, datetime.datetime.now(datetime.UTC))
    if as_json:
        print_json({"folder": str(place), "files": [str(file) for file in files]})
        return
    for line in _next_steps(place, len(hosts)):
        print_text(line)


def _web(url: str, is_local: bool) -> FleetWebTable:
    try:
        parts = urlsplit(url)
        port = parts.port or HTTPS
    except ValueError:
        raise CommandError(f"{url!r} is not an address of a page; write https://HOST.") from None
    return FleetWebTable(url=url.rstrip("/"), listen=f"{'127.0.0.1' if is_local else '0.0.0.0'}:{port}")


def _nats_program() -> Path:
    try:
        return nats_program()
    except ProgramMissing:
        return Path(shutil.which("nats-server") or "/usr/sbin/nats-server")


def _next_steps(folder: Path, nodes: int) -> list[str]:
    conf = "nats-server.conf" if nodes == 1 else "nats-server-1.conf … (one for each node, with tls/ and accounts/)"
    return [
        f"The fleet is in {folder}.",
        "",
        f"1. Take {folder / 'offline'} away from this computer: keys of the operator, accounts and certificates.",
        "   Whoever has them can act as any part of this fleet. They are needed only to replace other keys.",
        f"2. Make the database and its owner, as root: runuser -u postgres -- createuser --createrole {USER}",
        f"   runuser -u postgres -- createdb --owner {USER} unclouded_fleet",
        f"3. Install the services, as root: cp {folder}/systemd/*.service /etc/systemd/system/",
        f"   cp {folder}/systemd/*.sysusers.conf /etc/sysusers.d/{USER}.conf && systemd-sysusers",
        f"   chown -R {USER}: {folder} && systemctl daemon-reload",
        f"   systemctl enable --now unclouded-nats unclouded-fleet     NATS reads {conf}",
        f"4. Check it: unclouded fleet doctor --fleet {folder}",
        f"5. Invite the first home: unclouded fleet enrol --fleet {folder} --org NAME",
        f"6. Log in to the page: unclouded fleet person add LOGIN --fleet {folder} --org NAME --role owner",
    ]
