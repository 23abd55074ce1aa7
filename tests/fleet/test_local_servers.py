"""Private servers: they start, are killed, and come back with what was committed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from fleet.identities import new_hub_id
from fleet.raw_nats import RawNats
from unclouded.fleet.local_servers import programs
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.local_servers.programs import ProgramMissing


def test_a_killed_postgresql_comes_back_with_what_was_committed(own_postgres: Callable[..., PrivatePostgres]) -> None:
    server = own_postgres(durable=False)
    dsn = server.create_database("home")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    server.kill()
    assert not server.is_running
    server.start()
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_three_nodes_pass_messages_on_and_a_killed_one_comes_back(own_nats: Callable[..., PrivateNats]) -> None:
    server = own_nats(nodes=3)
    server.kill(0)
    server.restart(0)
    id = new_hub_id()
    with (
        RawNats(server.addresses[0], server.trust.fleet()) as one,
        RawNats(server.addresses[2], server.trust.hub(id)) as other,
    ):
        one.subscribe("up.0.>")
        assert one.answers() == other.answers() == ["PONG"]
        lines: list[str] = []
        while "window" not in lines:  # until the other node knows of the subscription
            other.publish(f"up.0.{id}", b"window")
            assert other.answers() == ["PONG"]
            lines = one.answers()


def test_a_missing_program_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ProgramMissing, match="apt-get install postgresql"):
        programs.postgres_program("initdb")
    with pytest.raises(ProgramMissing, match="nats-server"):
        programs.nats_program()


def test_a_database_of_a_test_is_empty(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_servers_do_not_run_as_root(postgres_server: PrivatePostgres) -> None:
    status = Path(f"/proc/{postgres_server.pid}/status").read_text("utf-8")
    owner = int(status.split("Uid:")[1].split()[0])
    assert owner != 0 and (os.geteuid() == 0 or owner == os.geteuid())
