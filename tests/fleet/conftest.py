"""Real servers for the tests of the fleet, private to this pytest process: one PostgreSQL and one nats-server.

postgres_server   the server (session); ``postgres_server.create_database("x")`` gives a dsn
base_dsn          a fresh, migrated database of this test
empty_dsn         a fresh, empty database of this test
nats_server       nats-server in operator mode, without TLS (session); ``nats_server.urls``, ``nats_server.trust``
own_nats          makes servers of this test only, which may be killed: own_nats(nodes=3)
own_postgres      the same: own_postgres(durable=True)
killed_nats, killed_postgres  one of each for a module whose tests kill them
short_waits       waits of hubs and servers in this process are short ones

A hub's credentials: ``nats_server.trust.hub(new_hub_id())``; the fleet's: ``nats_server.trust.fleet()``. Tests share
the nats-server, so each takes ids of hubs and shards of its own: ``new_hub_id()``, ``new_shard()`` of identities.py.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count

import pytest

from fleet.short_waits import shortened
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.local_servers.programs import ProgramMissing, nats_program, postgres_program

MIGRATED = "unclouded_migrated"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    _skip_without_postgres()
    with PrivatePostgres(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_database(postgres_server: PrivatePostgres) -> str:
    """The name of a database that ``base_dsn`` copies."""
    migrate = pytest.importorskip("unclouded.fleet.base.schema.migrations").migrate
    dsn = postgres_server.create_database(MIGRATED)
    with ThreadPoolExecutor(1) as elsewhere:  # the loop of the tests is left alone
        elsewhere.submit(asyncio.run, migrate(dsn)).result()
    return MIGRATED


@pytest.fixture
def base_dsn(postgres_server: PrivatePostgres, migrated_database: str) -> Iterator[str]:
    yield from _database(postgres_server, migrated_database)


@pytest.fixture
def empty_dsn(postgres_server: PrivatePostgres) -> Iterator[str]:
    yield from _database(postgres_server, "template0")


@pytest.fixture(scope="session")
def nats_server() -> Iterator[PrivateNats]:
    _skip_without_nats()
    with PrivateNats() as server:
        yield server


@pytest.fixture
def own_nats() -> Iterator[Callable[..., PrivateNats]]:
    _skip_without_nats()
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(PrivateNats(**settings))


@pytest.fixture
def own_postgres() -> Iterator[Callable[..., PrivatePostgres]]:
    _skip_without_postgres()
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(PrivatePostgres(**settings))


@pytest.fixture(scope="module")
def killed_nats() -> Iterator[PrivateNats]:
    """In ``dev.py soak`` a cluster."""
    _skip_without_nats()
    with PrivateNats(nodes=3 if int(os.environ.get("UNCLOUDED_KILLS", "0")) > 20 else 1) as server:
        yield server


@pytest.fixture(scope="module")
def killed_postgres() -> Iterator[PrivatePostgres]:
    _skip_without_postgres()
    with PrivatePostgres(durable=False) as server:
        yield server


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra packages of a fleet are installed."""
    pytest.importorskip("psycopg_pool")
    for owner, attribute, value in shortened():
        monkeypatch.setattr(owner, attribute, value)


def _database(server: PrivatePostgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield server.create_database(name, template)
    server.drop_database(name)


def _skip_without_postgres() -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'unclouded[fleet]'")
    try:
        postgres_program("initdb")
    except ProgramMissing as missing:
        pytest.skip(str(missing))


def _skip_without_nats() -> None:
    try:
        nats_program()
    except ProgramMissing as missing:
        pytest.skip(str(missing))
