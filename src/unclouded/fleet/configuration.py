"""The configuration of a fleet: fleet.toml in its folder, which `unclouded fleet init` writes.

    FOLDER/fleet.toml         this
           keys/              keys that `fleet serve` and `fleet revoke` use (folder/)
           offline/           keys to take away from this computer
           tls/               certificates
           nats-server.conf   for nats-server; of several nodes: nats-server-1.conf …

Every mistake is one sentence that names the key. Source: docs/fleet.md
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from unclouded.core.errors import ConfigError
from unclouded.core.text.toml_text import read_toml
from unclouded.web.access.hosts import is_loopback

FILE = "fleet.toml"
VARIABLE = "UNCLOUDED_FLEET"
USUAL_FOLDER = Path("/var/lib/unclouded-fleet")
Days = Annotated[int, Meta(ge=0, le=36_500)]  # 0 = for ever


class NatsTable(msgspec.Struct, forbid_unknown_fields=True):
    """``servers``: addresses as hubs reach them. ``connect``: as this computer does, () = the same.

    ``authority_file``: PEM of who signs their certificates, "" = those of the system.
    """

    servers: tuple[str, ...]
    connect: tuple[str, ...] = ()
    authority_file: str = ""


class BaseTable(msgspec.Struct, forbid_unknown_fields=True):
    """A database. ``dsn``: as libpq takes it; ``dsn_file``: a file with it, where it has a password."""

    shard: Annotated[int, Meta(ge=0, le=9_999)] = 0
    dsn: str = ""
    dsn_file: str = ""


class KeepTable(msgspec.Struct, forbid_unknown_fields=True):
    """How many days windows of a level are kept; 0 = for ever."""

    raw_days: Days = 400
    minute_days: Days = 800
    quarter_days: Days = 0
    energy_days: Days = 0
    events_days: Days = 800


class FleetWebTable(msgspec.Struct, forbid_unknown_fields=True):
    """``url``: of the page, as people and hubs reach it. ``listen``: host:port.

    ``certificate_file``, ``key_file``: PEM; without, a proxy on this computer does TLS, whose address is in
    ``proxies``. ``authority_file``: who signed the certificate, "" = one that browsers know.
    ``metrics_token_file``: a file with the token that /metrics takes, "" = there are no metrics there.
    ``metrics_listen``: host:port of a socket of its own with /metrics alone, also where there is no page; "" = none. It
    needs no token on a loopback address.
    """

    url: str
    listen: str = "127.0.0.1:8443"
    certificate_file: str = ""
    key_file: str = ""
    authority_file: str = ""
    proxies: tuple[str, ...] = ()
    metrics_token_file: str = ""
    metrics_listen: str = ""


class FleetFile(msgspec.Struct, forbid_unknown_fields=True):
    """The tables of fleet.toml. ``base``: [[base]]."""

    nats: NatsTable
    base: Annotated[tuple[BaseTable, ...], Meta(min_length=1)]
    web: FleetWebTable
    keep: KeepTable = msgspec.field(default_factory=KeepTable)


class FleetConfiguration:
    """What fleet.toml says; names of files are relative to its folder."""

    def __init__(self, folder: Path, tables: FleetFile) -> None:
        self.folder = folder
        self.tables = tables

    @property
    def keys(self) -> Path:
        """The folder of keys."""
        return self.folder / "keys"

    @property
    def dsn(self) -> str:
        """Of the first database. Raises ConfigError where its file cannot be read."""
        return self.dsn_of(self.tables.base[0].shard)

    def dsn_of(self, shard: int) -> str:
        """Of this database. Raises ConfigError."""
        table = next((one for one in self.tables.base if one.shard == shard), None)
        if table is None:
            raise ConfigError(f"{self.folder / FILE}: there is no [[base]] with `shard = {shard}`.")
        dsn = self._text(table.dsn_file, "$.base.dsn_file") if table.dsn_file else table.dsn
        if not _is_readable(dsn):
            key = "dsn_file" if table.dsn_file else "dsn"
            raise ConfigError(
                f"{self.folder / FILE}: `$.base.{key}` cannot be read: write it as `host=… dbname=… user=…`, or as"
                " `postgresql://USER@HOST/DATABASE`. (It is not shown here, as it may have a password.)"
            )
        return dsn

    @property
    def servers(self) -> tuple[str, ...]:
        """NATS, as hubs reach it."""
        return self.tables.nats.servers

    @property
    def connect(self) -> tuple[str, ...]:
        """NATS, as this computer reaches it."""
        return self.tables.nats.connect or self.tables.nats.servers

    @property
    def nats_authority(self) -> str:
        """PEM, "" = those of the system. Raises ConfigError."""
        return self._optional(self.tables.nats.authority_file, "$.nats.authority_file")

    @property
    def web_authority(self) -> str:
        """PEM, "" = those of the system. Raises ConfigError."""
        return self._optional(self.tables.web.authority_file, "$.web.authority_file")

    @property
    def metrics_token(self) -> str:
        """That /metrics takes, "" = it is not served. Raises ConfigError."""
        return self._optional(self.tables.web.metrics_token_file, "$.web.metrics_token_file")

    @property
    def keep_days(self) -> Mapping[str, int]:
        """By level, of those that are not kept for ever."""
        found = {level: getattr(self.tables.keep, f"{level}_days") for level in KEPT_LEVELS}
        return {level: days for level, days in found.items() if days}

    def path(self, name: str) -> Path:
        """A file that the tables name."""
        return self.folder / Path(name).expanduser()

    def _optional(self, name: str, key: str) -> str:
        return self._text(name, key) if name else ""

    def _text(self, name: str, key: str) -> str:
        file = self.path(name)
        try:
            return file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ConfigError(f"{self.folder / FILE}: `{key}`: {file} cannot be read: {reason}.") from None


BAD = set(" \t\r\n\"'\\<>")
KEPT_LEVELS = ("raw", "minute", "quarter", "energy", "events")


def find_fleet(given: str | None = None, env: Mapping[str, str] = os.environ) -> FleetConfiguration:
    """The fleet in a folder (or of its fleet.toml), in $UNCLOUDED_FLEET, here, or in the usual folder.

    Raises ConfigError.
    """
    named = given or env.get(VARIABLE)
    if named:
        path = Path(named).expanduser()
        return load_fleet(path.parent if path.name == FILE else path)
    for folder in (Path(), USUAL_FOLDER):
        if _is_file(folder / FILE):
            return load_fleet(folder)
    raise ConfigError(
        f"There is no fleet here: no {FILE} in this folder or in {USUAL_FOLDER}. Name its folder with --fleet or"
        f" ${VARIABLE}, or make one: unclouded fleet init"
    )


def load_fleet(folder: Path) -> FleetConfiguration:
    """Raises ConfigError."""
    file = folder / FILE
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no {file}. Make a fleet with: unclouded fleet init {folder}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not text (UTF-8).") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}. Who may run the fleet may read it.") from None
    return FleetConfiguration(folder.absolute(), read_fleet(text, str(file)))


def read_fleet(text: str, where: str) -> FleetFile:
    """The tables in a text. Raises ConfigError."""
    try:
        tables = msgspec.convert(read_toml(text, where), FleetFile)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_sentence(str(error))}") from None
    for key, problem in _problems(tables):
        raise ConfigError(f"{where}: `{key}`: {problem}")
    return tables


# --- inside -----------------------------------------------------------------------------------------


def _problems(tables: FleetFile) -> list[tuple[str, str]]:
    found = []
    for key, urls in (("$.nats.servers", tables.nats.servers), ("$.nats.connect", tables.nats.connect)):
        found += [
            (key, f"{url!r} is not an address of NATS; write tls://HOST:4222 (nats:// for this computer only).")
            for url in urls
            if not _is_nats(url)
        ]
    if not tables.nats.servers:
        found.append(("$.nats.servers", "name at least one server, as tls://HOST:4222."))
    shards = [one.shard for one in tables.base]
    if len(set(shards)) < len(shards):
        found.append(("$.base.shard", "each [[base]] has a number of its own."))
    if any(bool(one.dsn) == bool(one.dsn_file) for one in tables.base):
        found.append(("$.base.dsn", "each [[base]] has either `dsn` or `dsn_file`."))
    if not _is_web(tables.web.url):
        found.append(
            (
                "$.web.url",
                f"{tables.web.url!r} is not an address of a page; write https://HOST (http:// for this computer only).",
            )
        )
    if _port_of(tables.web.listen) is None:
        found.append(("$.web.listen", f"{tables.web.listen!r} is not HOST:PORT, as 0.0.0.0:443."))
    found += _metrics_problems(tables.web)
    if bool(tables.web.certificate_file) != bool(tables.web.key_file):
        found.append(("$.web.certificate_file", "it is given together with `key_file`, or both are left out."))
    return found


def _metrics_problems(web: FleetWebTable) -> list[tuple[str, str]]:
    listen, key = web.metrics_listen, "$.web.metrics_listen"
    if not listen:
        return []
    if _port_of(listen) is None:
        return [(key, f"{listen!r} is not HOST:PORT, as 127.0.0.1:9464.")]
    if not is_loopback(listen.rpartition(":")[0].strip("[]")) and not web.metrics_token_file:
        return [(key, "other computers can reach this address: give `metrics_token_file` too, or listen on 127.0.0.1.")]
    return []


def _is_nats(url: str) -> bool:
    return _is_address(url, "tls", "nats")


def _is_web(url: str) -> bool:
    return _is_address(url, "https", "http")


def _is_address(url: str, encrypted: str, plain: str) -> bool:
    """Whether it is one of these schemes, without TLS only on this computer."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    schemes = (encrypted, plain) if is_loopback(host) else (encrypted,)
    return parts.scheme in schemes and bool(host) and not set(host) & BAD and port != 0 and not parts.path.strip("/")


def _port_of(listen: str) -> int | None:
    host, _, port = listen.rpartition(":")
    is_one = bool(host) and port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65_535
    return int(port) if is_one else None


def _sentence(error: str) -> str:
    """What msgspec says, with the key in the form of ours."""
    text, _, place = error.partition(" - at ")
    return f"{place}: {text}." if place else f"{text}."


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_readable(dsn: str) -> bool:
    """Whether libpq can take it apart. It would quote one that it cannot in its error, with the password."""
    from psycopg import ProgrammingError, conninfo  # only where a database is used

    try:
        conninfo.conninfo_to_dict(dsn)
    except ProgrammingError:
        return False
    return True
