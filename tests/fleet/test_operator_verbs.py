"""The verbs of the operator, on a real database."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from fleet.filled_base import add_home, add_organisation, state, store_everything
from unclouded.cli import cli
from unclouded.core.errors import UncloudedError
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.schema.migrations import migrate
from unclouded.fleet.base.views import Scope
from unclouded.fleet.configuration import load_fleet
from unclouded.fleet.doctor.base_checks import databases
from unclouded.fleet.doctor.context import FleetDoctorContext
from unclouded.fleet.folder.key_files import KeyFiles
from unclouded.fleet.local_servers.private_folder import write_private_fleet
from unclouded.fleet.local_servers.trust import PrivateTrust

Verb = Callable[..., Result]


@pytest.fixture
def home(base_dsn: str, tmp_path: Path) -> tuple[Verb, str]:
    """How to run a verb, and the id of the one home."""

    async def fill(base: FleetBase) -> str:
        hub = await add_home(base, await add_organisation(base, "Riverside"), "Mill Street 1")
        await store_everything(base, hub, int(time.time()) // 3600 * 3600 - 86_400)
        await base.windows.store_states({hub: state(at=time.time())}, time.time())
        return hub

    folder = write_private_fleet(tmp_path / "fleet", PrivateTrust(), ("nats://127.0.0.1:1",), base_dsn, "127.0.0.1:1")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["fleet", *words, "--fleet", str(folder)])

    return run, asyncio.run(_with(base_dsn, fill))


async def _with(dsn: str, work: Callable[[FleetBase], Awaitable[str]]) -> str:
    async with FleetBase(dsn, 2) as base:
        return await work(base)


def lines(result: Result) -> list[Any]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_homes_are_listed_shown_and_read(home: tuple[Verb, str]) -> None:
    run, hub = home
    (line,) = lines(run("hubs", "--json"))
    assert (line["hub"], line["name"], line["power_W"]) == (hub, "Mill Street 1", 318.0)
    assert "Mill Street 1" in run("hubs").stdout
    assert lines(run("hubs", "--offline", "--json")) == []
    (detail,) = lines(run("show", "Mill Street 1", "--json"))
    assert [one["id"] for one in detail["catalogue"]["devices"]] == ["plug-1", "meter-1"]
    assert "plug-1" in run("show", hub[:12]).stdout
    rows = lines(run("history", hub, "plug-1", "--from", "3d", "--json"))
    assert {row["point"] for row in rows} == {"power_W"}
    assert all({"at", "device", "quality", "flags"} <= row.keys() for row in rows)
    assert any(row["import_mWh"] for row in lines(run("energy", "--json")))


def test_a_command_is_given_and_listed(home: tuple[Verb, str]) -> None:
    run, hub = home
    (given,) = lines(run("set", hub, "plug-1", "on", "off", "--no-wait", "--json"))
    assert (given["fate"], given["value"]) == ("waiting", False)
    assert [one["id"] for one in lines(run("commands", hub, "--json"))] == [given["id"]]


def test_a_home_is_restored_exported_wanted_again_and_forgotten(home: tuple[Verb, str], tmp_path: Path) -> None:
    run, hub = home
    (done,) = lines(run("restore", hub, str(tmp_path / "back.sqlite"), "--json"))
    assert done["devices"] == 2
    assert done["samples"] + done["rows"] > 0
    (written,) = lines(run("export", "homes", "--output", str(tmp_path / "homes.csv"), "--json"))
    assert written["bytes"] > 0
    assert hub in (tmp_path / "homes.csv").read_text("utf-8")
    (request,) = lines(run("again", hub, "--since", "2d", "--json"))
    assert request["hub"] == hub
    assert "is requested again (request 2)" in run("again", "--all", "--since", "2d").stdout
    (gone,) = lines(run("forget", hub, "--yes", "--json"))
    assert gone["forgotten"] == hub
    assert gone["problem"]  # there is no NATS to disconnect it at
    assert lines(run("hubs", "--json")) == []


def test_organisations_are_made_renamed_and_removed_once_they_have_no_homes(home: tuple[Verb, str]) -> None:
    run, hub = home
    (made,) = lines(run("organisation", "add", "Harbour", "--json"))
    assert (made["name"], made["homes"], made["shard"]) == ("Harbour", 0, 0)
    assert "there is one already" in str(run("organisation", "add", "Harbour").exception).lower()
    assert "shard = 7" in str(run("organisation", "add", "Far", "--shard", "7").exception)
    (renamed,) = lines(run("organisation", "rename", "Harbour", "Quay", "--json"))
    assert renamed == {**made, "name": "Quay"}
    assert "fleet forget" in str(run("organisation", "remove", "Riverside").exception)
    assert lines(run("organisation", "remove", "Quay", "--json")) == [{"removed": made["number"], "name": "Quay"}]
    lines(run("forget", hub, "--yes", "--json"))
    lines(run("organisation", "remove", "Riverside", "--json"))
    assert lines(run("organisation", "list", "--json")) == [[]]


def test_a_name_that_is_the_number_of_another_organisation_names_neither(home: tuple[Verb, str]) -> None:
    run, _ = home
    ((riverside,),) = lines(run("organisation", "list", "--json"))
    number = str(riverside["number"])
    (made,) = lines(run("organisation", "add", number, "--json"))
    for words in (("remove", number), ("rename", number, "Quay")):
        refused = str(run("organisation", *words).exception)
        assert f"Use {made['number']} or 'Riverside'." in refused
    assert lines(run("organisation", "rename", "Riverside", str(made["number"]), "--json"))[0]["number"] == int(number)


@pytest.mark.parametrize("away", [0, 1])
def test_all_is_requested_again_where_a_database_answers(base_dsn: str, tmp_path: Path, away: int) -> None:
    dsns = [base_dsn, base_dsn]
    dsns[away] = f"host={tmp_path}"
    folder = write_private_fleet(tmp_path / "f", PrivateTrust(), ("nats://127.0.0.1:1",), dsns[0], "127.0.0.1:1")
    with (folder / "fleet.toml").open("a") as file:
        file.write(f'\n[[base]]\nshard = 1\ndsn = "{dsns[1]}"\n')
    result = CliRunner().invoke(cli, ["fleet", "again", "--all", "--since", "2d", "--json", "--fleet", str(folder)])
    done = {one["shard"]: one for one in lines(result)}
    assert result.exit_code == 1
    assert done[1 - away]["number"] == 1
    assert done[away]["number"] is None and done[away]["problem"] and str(tmp_path) in result.stderr
    words = CliRunner().invoke(cli, ["fleet", "again", "--all", "--since", "2d", "--fleet", str(folder)])
    assert f"Database {away}: nothing was requested." in words.stdout and "(request 2)" in words.stdout

    async def noted(base: FleetBase) -> str:
        return " ".join(f"{one.action} {one.subject}" for one in await base.audit.entries(Scope.everything()))

    assert asyncio.run(_with(base_dsn, noted)) == "home.again all home.again all"


def test_a_database_with_newer_tables_is_left_out_and_the_doctor_names_it(
    home: tuple[Verb, str], base_dsn: str, empty_dsn: str, tmp_path: Path
) -> None:
    run, _ = home
    asyncio.run(_with_newer_tables(empty_dsn))
    with (tmp_path / "fleet" / "fleet.toml").open("a") as file:
        file.write(f'\n[[base]]\nshard = 1\ndsn = "{empty_dsn}"\n')
    listed = run("hubs", "--json")
    assert [line["name"] for line in lines(listed)] == ["Mill Street 1"]
    assert "Without the homes of the database 1: The database was made by a newer Unclouded" in listed.stderr
    fleet = load_fleet(tmp_path / "fleet")
    found = databases(FleetDoctorContext(fleet, KeyFiles(fleet.keys), datetime.now(UTC)))
    newer = [one for one in found if "newer Unclouded" in one.text]
    assert [(one.level, one.subject) for one in newer] == [("problem", "database 1")]
    assert newer[0].text.startswith("its organisations are not served: ") and "Install the newer" in newer[0].advice


async def _with_newer_tables(dsn: str) -> None:
    await migrate(dsn)
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("UPDATE setting SET value = '99' WHERE key = 'version'")


def test_without_postgresql_a_verb_says_so_at_once(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    folder = write_private_fleet(
        tmp_path / "f", PrivateTrust(), ("nats://127.0.0.1:1",), f"host={tmp_path}", "127.0.0.1:1"
    )
    result = CliRunner().invoke(cli, ["fleet", "hubs", "--fleet", str(folder)])
    assert "fleet doctor" in str(result.exception) and str(tmp_path) in str(result.exception)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("show", "nowhere"), "fleet hubs"),
        (("forget", "Mill Street", "--yes"), "may be Mill Street 1"),  # a part of its name, the id of a device
        (("revoke", "plug-1"), "its whole name"),
        (("hubs", "--org", "nobody's"), "Organisations: Riverside"),
        (("hubs", "--offline", "--behind"), "one state"),
        (("again", "--since", "2d"), "--all"),
        (("energy", "--from", "yesterday"), "2026-11-01"),
    ],
)
def test_errors_say_what_to_do(home: tuple[Verb, str], words: tuple[str, ...], text: str) -> None:
    run, _ = home
    result = run(*words)
    assert isinstance(result.exception, UncloudedError)
    assert text in str(result.exception)
