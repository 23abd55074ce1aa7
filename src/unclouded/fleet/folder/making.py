"""`unclouded fleet init`: a folder with keys, certificates, fleet.toml, the files of nats-server and units of systemd.

Everything is made in a folder beside, and takes its place at the end: there is a whole fleet, or none.
"""

import contextlib
import datetime
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.security.nkeys import NKey
from unclouded.fleet.configuration import FILE, FleetWebTable, read_fleet
from unclouded.fleet.folder.certificates import FleetAuthority
from unclouded.fleet.folder.key_files import PUBLIC, new_key, write_private
from unclouded.fleet.keys.accounts import AccountNames, homes_token, operator_token, system_token, system_user_token
from unclouded.fleet.nats_server.configuration_file import NatsNode, NatsTrust, TlsFiles, configuration_text
from unclouded.fleet.nats_server.units import FLEET_UNIT, NATS_UNIT, SYSUSERS, fleet_unit, nats_unit

NATS_PORT = 4222
ROUTE_PORT = 6222
LOWEST_FREE_PORT = 1024
MOST_NODES = 9
DSN = "host=/run/postgresql dbname=unclouded_fleet"


class FleetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """``hosts``: as hubs reach nats-server, one for each node. ``routes``: the nodes' addresses for each other.

    ``web``: the page. ``certificate``, ``key``: PEM files that are there already; None: they are made. ``is_local``:
    everything listens on this computer only, without TLS.
    """

    hosts: tuple[str, ...]
    routes: tuple[str, ...] = ()
    web: FleetWebTable
    dsn: str = DSN
    certificate: Path | None = None
    key: Path | None = None
    is_local: bool = False
    nats_program: Path = Path("/usr/sbin/nats-server")
    own_program: Path = Path("/usr/bin/unclouded")


def make_fleet(folder: Path, plan: FleetPlan, now: datetime.datetime) -> list[Path]:
    """Make a fleet in a folder that is empty or not there; the files. Raises CommandError."""
    folder = folder.absolute()
    if not 1 <= len(plan.hosts) <= MOST_NODES or (plan.routes and len(plan.routes) != len(plan.hosts)):
        raise CommandError(f"Name 1 to {MOST_NODES} hosts of nats-server, and an address for routes for each or none.")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty, and nothing in it is replaced. Choose another folder.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _Making(folder, beside, plan, now).run()
            files = sorted(path.relative_to(beside) for path in beside.rglob("*") if path.is_file())
            _place(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise CommandError(f"{error.filename or folder}: {error.strerror}. No fleet was made.") from None
    return [folder / file for file in files]


class _Making:
    """``folder``: where it will be; ``beside``: where it is made."""

    def __init__(self, folder: Path, beside: Path, plan: FleetPlan, now: datetime.datetime) -> None:
        self._folder = folder
        self._beside = beside
        self._plan = plan
        self._now = now
        self._seconds = int(now.timestamp())

    def run(self) -> None:
        for name, mode in (
            ("keys", 0o700),
            ("offline", 0o700),
            ("tls", 0o700),
            ("systemd", 0o755),
            ("accounts", 0o700),
        ):
            (self._beside / name).mkdir(mode=mode)
        trust = self._keys()
        if not self._plan.is_local:
            self._certificates()
        text = self._fleet_toml()
        read_fleet(text, FILE)
        write_private(self._beside / FILE, text)
        for number, _ in enumerate(self._plan.hosts):
            name = self._conf(number)
            write_private(self._beside / name, configuration_text(self._node(number), trust))
            self._write(f"systemd/{_numbered(NATS_UNIT, number)}", self._nats_unit(name))
        self._write(f"systemd/{FLEET_UNIT}", self._fleet_unit())
        self._write("systemd/unclouded-fleet.sysusers.conf", SYSUSERS.format(folder=self._folder))

    # --- inside --------------------------------------------------------------------------------

    def _keys(self) -> NatsTrust:
        operator, signing = new_key("operator"), new_key("operator")
        homes, system, user = new_key("account"), new_key("account"), new_key("user")
        hub, fleet = new_key("account"), new_key("account")
        names = AccountNames(
            operator=operator.public,
            operator_signing=signing.public,
            homes=homes.public,
            system=system.public,
            roles={"hub": hub.public, "fleet": fleet.public},
        )
        kept: dict[str, NKey] = {"keys/hub": hub, "keys/fleet": fleet, "keys/revoke": signing, "keys/system": user}
        kept |= {"offline/operator": operator, "offline/homes": homes, "offline/system": system}
        for name, key in kept.items():
            write_private(self._beside / f"{name}.nk", key.seed + "\n")
        write_private(self._beside / "keys/system.jwt", system_user_token(system, user.public, self._seconds) + "\n")
        write_private(self._beside / "keys" / PUBLIC, msgspec.json.format(msgspec.json.encode(names)).decode() + "\n")
        accounts = {
            names.homes: homes_token(signing, names, {}, self._seconds),
            names.system: system_token(signing, names, self._seconds),
        }
        return NatsTrust(operator_token(operator, names, self._seconds), names.system, accounts)

    def _certificates(self) -> None:
        """Those that are given are named where they are; routes have certificates of the fleet's own in any case."""
        if self._plan.certificate is not None and len(self._plan.hosts) == 1:
            return
        authority = FleetAuthority.make(self._now)
        self._write("tls/authority.pem", authority.pem)
        write_private(self._beside / "offline/authority.key", authority.key_pem)
        own = ["localhost", "127.0.0.1"]
        issued = {f"nats{_suffix(number)}": [host, *own] for number, host in enumerate(self._plan.hosts)}
        issued |= {f"route{_suffix(number)}": [host] for number, host in enumerate(self._plan.routes)}
        issued |= {"web": [_host_of(self._plan.web.url), *own]}
        for name, hosts in issued.items():
            chain, key = authority.issue([*dict.fromkeys(hosts)], self._now)
            self._write(f"tls/{name}.pem", chain)
            write_private(self._beside / f"tls/{name}.key", key)

    def _node(self, number: int) -> NatsNode:
        plan, tls = self._plan, self._folder / "tls"
        address = "127.0.0.1" if plan.is_local else "0.0.0.0"
        routes = plan.routes or (plan.hosts if len(plan.hosts) > 1 else ())
        own = f"nats{_suffix(number)}"
        given = TlsFiles(plan.certificate, plan.key, tls) if plan.certificate and plan.key else None
        client = given or TlsFiles(tls / f"{own}.pem", tls / f"{own}.key", tls / "authority.pem")
        route = f"route{_suffix(number)}" if plan.routes else own
        return NatsNode(
            name=f"nats{number + 1}",
            listen=f"{address}:{NATS_PORT}",
            accounts=self._folder / "accounts",
            tls=None if plan.is_local else client,
            cluster_listen=f"{plan.routes[number] if plan.routes else address}:{ROUTE_PORT}" if routes else "",
            cluster_tls=TlsFiles(tls / f"{route}.pem", tls / f"{route}.key", tls / "authority.pem") if routes else None,
            routes=tuple(f"{one}:{ROUTE_PORT}" for index, one in enumerate(routes) if index != number),
        )

    def _fleet_toml(self) -> str:
        plan = self._plan
        own_authority = not plan.is_local and plan.certificate is None
        scheme = "nats" if plan.is_local else "tls"
        servers = [f"{scheme}://{host}:{NATS_PORT}" for host in plan.hosts]
        pem = {"authority_file": "tls/authority.pem"} if own_authority else {}
        files = {"certificate_file": "tls/web.pem", "key_file": "tls/web.key"} if own_authority else {}
        if plan.certificate and plan.key:
            files = {"certificate_file": str(plan.certificate), "key_file": str(plan.key)}
        web = {"url": plan.web.url, "listen": plan.web.listen, **files, **pem}
        lines = [
            "# An Unclouded fleet. Written by `unclouded fleet init`; every key is in docs/fleet.md.",
            "",
            "[nats]",
            f"servers = [{', '.join(map(_toml, servers))}]  # as hubs reach them",
            *([f'connect = ["tls://localhost:{NATS_PORT}"]'] if own_authority and len(servers) == 1 else []),
            *(f"{key} = {_toml(value)}" for key, value in pem.items()),
            "",
            "[[base]]",
            "shard = 0",
            f"dsn = {_toml(plan.dsn)}",
            "",
            "[web]",
            *(f"{key} = {_toml(value)}" for key, value in web.items()),
            "",
            "[keep]  # days; 0 = for ever",
            "raw_days = 400",
            "minute_days = 800",
            "events_days = 800",
        ]
        return "\n".join(lines) + "\n"

    def _nats_unit(self, configuration: str) -> str:
        return nats_unit(self._plan.nats_program, self._folder / configuration, self._folder)

    def _fleet_unit(self) -> str:
        port = int(self._plan.web.listen.rpartition(":")[2])
        return fleet_unit(self._plan.own_program, self._folder, port < LOWEST_FREE_PORT)

    def _conf(self, number: int) -> str:
        return "nats-server.conf" if len(self._plan.hosts) == 1 else f"nats-server-{number + 1}.conf"

    def _write(self, name: str, text: str) -> None:
        (self._beside / name).write_text(text, "utf-8")


# --- inside -----------------------------------------------------------------------------------------


def _place(beside: Path, folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()
    beside.chmod(0o700)
    os.rename(beside, folder)  # noqa: PTH104  (replaces no folder that has got a file meanwhile)


def _suffix(number: int) -> str:
    return f"-{number + 1}" if number else ""


def _numbered(unit: str, number: int) -> str:
    stem, _, kind = unit.rpartition(".")
    return f"{stem}{_suffix(number)}.{kind}"


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or "localhost"


def _toml(value: str) -> str:
    return msgspec.json.encode(value).decode("utf-8")


def hosts_of(names: Sequence[str]) -> tuple[str, ...]:
    """Names of hosts without schemes and ports. Raises CommandError."""
    for name in names:
        if not name or set(name) & set('/@#?" \t\n') or (name.count(":") == 1):
            raise CommandError(f"{name!r} is not a name or address of a computer. Write it without scheme and port.")
    return tuple(names)
