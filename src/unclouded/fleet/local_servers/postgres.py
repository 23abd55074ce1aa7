"""A private PostgreSQL: a folder of its own, a Unix socket that only its owner may use, no network.

It does not run as root: there, it belongs to another user. A cluster takes a second of processor time to make, so an
empty one is kept in the user's cache and copied. Other clusters of this computer are not touched.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from unclouded.core.errors import CommandError
from unclouded.fleet.local_servers.processes import PAUSE_S, PrivateServer, ServerFailed, ServerProcess, other_user
from unclouded.fleet.local_servers.programs import postgres_program

if TYPE_CHECKING:
    import psycopg

OWNER = "unclouded"  # superuser of the cluster
INITDB = ("--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--wal-segsize", "1")
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "log_min_messages": "warning",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}  # a kill loses nothing committed, a power cut may
LONGEST_SOCKET_FOLDER = 80  # bytes; the path of a socket has 107 at most
READY = "ready"  # on the last line of postmaster.pid
STILL_THERE = "shared memory block"  # what it says while children of a killed postmaster have not ended yet


class PrivatePostgres(PrivateServer):
    """A PostgreSQL of this process. ``with PrivatePostgres() as server: server.dsn("postgres")``."""

    def __init__(self, folder: Path | None = None, *, durable: bool = True, settings: Mapping[str, str] = {}) -> None:
        """``folder``: None = a temporary one, removed at the end. ``durable``: False loses data at a power cut."""
        self._temporary: list[Path] = []
        self._user = other_user()
        self.folder = folder or self._temporary_folder()
        self.data = self.folder / "data"
        self._settings = {**SETTINGS, **({} if durable else NOT_DURABLE), **settings}
        self._process: ServerProcess | None = None
        self._connection: psycopg.Connection | None = None
        self._socket_folder = self.folder

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.is_running

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        return self._started().pid

    def start(self) -> None:
        """Make the cluster if there is none, start it, and wait until it takes connections. Raises CommandError."""
        program = postgres_program("postgres")
        self._prepare_folder()
        if not (self.data / "PG_VERSION").exists():
            _copy_cluster(empty_cluster(self._user), self.data, self._user)
        command = [program, "-D", self.data, "-k", self._socket_folder]
        command += [word for key, value in self._settings.items() for word in ("-c", f"{key}={value}")]
        self._process = ServerProcess(command, self.folder / "postgres.log", self._user, signal.SIGINT)
        self._process.start()
        while not self._process.wait_until(self._is_ready):
            if STILL_THERE not in self._process.log_tail():
                raise self._process.failed("did not start")
            time.sleep(PAUSE_S)
            self._process.start()

    def stop(self) -> None:
        """End it in order; connections are closed."""
        self._forget_connection()
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """kill -9 of the postmaster. Its children end by themselves, which ``start`` waits for."""
        self._started().kill()
        self._forget_connection()

    def restart(self) -> None:
        """Stop and start with the same folder and socket."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it; a temporary folder is removed."""
        self.stop()
        for folder in self._temporary:
            shutil.rmtree(folder, ignore_errors=True)

    def dsn(self, database: str = "postgres", user: str = OWNER) -> str:
        """How psycopg connects to a database."""
        return f"host={self._socket_folder} dbname={database} user={user}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """A new database, as a copy of another that no one is connected to; its dsn."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    # --- inside --------------------------------------------------------------------------------

    def _started(self) -> ServerProcess:
        if self._process is None:
            raise ServerFailed("PostgreSQL was not started.")
        return self._process

    def _temporary_folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="unclouded-pg-"))
        self._temporary.append(folder)
        return folder

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if len(os.fsencode(self._socket_folder)) > LONGEST_SOCKET_FOLDER:
            self._socket_folder = self._temporary_folder()
        if self._user:
            for folder in {self.folder, self._socket_folder}:
                _give(folder, self._user)
            _check_reachable(self.folder, self._user)

    def _is_ready(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text("ascii").splitlines()
            return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == READY
        return False

    def _execute(self, statement: str) -> None:
        import psycopg

        if self._connection is None:
            self._connection = psycopg.connect(self.dsn(), autocommit=True)
        self._connection.execute(statement.encode("utf-8"))

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def empty_cluster(user: str) -> Path:
    """An empty cluster to copy from: made once for each user and version, kept in the cache. Raises CommandError."""
    program = postgres_program("initdb")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256(repr((version, INITDB)).encode("utf-8")).hexdigest()[:16]
    place = _cache() / f"postgres-{digest}"
    if not (place / "PG_VERSION").exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="unclouded-initdb-") as folder:
            _make_cluster(program, Path(folder), user)
            _keep(Path(folder) / "data", place)
    return place


# --- inside -----------------------------------------------------------------------------------------


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unclouded"


def _make_cluster(program: Path, folder: Path, user: str) -> None:
    if user:
        _give(folder, user)
    process = ServerProcess([program, "-D", folder / "data", "--no-sync", *INITDB], folder / "log", user)
    process.start()
    process.wait_until(lambda: False)
    if not (folder / "data" / "PG_VERSION").exists():
        raise process.failed("could not make a cluster")


def _keep(made: Path, place: Path) -> None:
    """Put it there at once as a whole, unless another process has done so meanwhile."""
    beside = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
    shutil.copytree(made, beside / "data")
    with contextlib.suppress(OSError):
        (beside / "data").rename(place)
    shutil.rmtree(beside, ignore_errors=True)


def _copy_cluster(source: Path, target: Path, user: str) -> None:
    shutil.copytree(source, target)
    target.chmod(0o700)
    if user:
        for path in (target, *target.rglob("*")):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


def _give(folder: Path, user: str) -> None:
    folder.chmod(0o700)
    shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)


def _check_reachable(folder: Path, user: str) -> None:
    """Raises CommandError where the user cannot get to its folder."""
    closed = next((one for one in folder.absolute().parents if not one.stat().st_mode & 0o001), None)
    if closed is not None and closed.owner() != user:
        raise CommandError(
            f"PostgreSQL does not run as root, and the user {user} may not enter {closed}. Choose a folder that others"
            " may enter, as in /var/lib, or run this as a user of its own."
        )
