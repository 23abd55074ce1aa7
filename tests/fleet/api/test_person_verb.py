"""`fleet person`: the first person of a fleet is made on the command line, and signs in on the page."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleet.api.conftest import CHEAP
from unclouded.cli.fleet import person
from unclouded.cli.fleet.person import command
from unclouded.fleet.api.passwords import password_check, session_digest, stored_password
from unclouded.fleet.base.base import FleetBase


def test_persons_are_made_listed_and_removed(fleet_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "stored_password", lambda text: stored_password(text, CHEAP))
    (tmp_path / "fleet.toml").write_text(
        f'[nats]\nservers = ["nats://127.0.0.1"]\n[[base]]\ndsn = "{fleet_dsn}"\n[web]\nurl = "https://fleet.example"\n'
    )

    def run(*words: str, typed: str = "", code: int = 0) -> str:
        done = CliRunner().invoke(command, [*words, "--fleet", str(tmp_path)], input=typed)
        assert (done.exit_code != 0) == bool(code), (words, done.output, done.exception)
        return str(done.exception) if code else done.output

    made = json.loads(run("add", "Zoe", "--org", "north", "--role", "operator", "--json"))
    assert made["new"] and len(made["password"]) == 19
    again = json.loads(run("add", "zoe", "--org", "south", "--json"))
    assert not again["new"] and again["password"] is None
    listed = {one["login"]: one for one in json.loads(run("list", "--json"))}
    assert [(one["name"], one["role"]) for one in listed["zoe"]["roles"]] == [
        ("north", "operator"),
        ("south", "viewer"),
    ]
    run("password", "zoe", "--stdin", typed="another password\n")
    token = json.loads(run("token", "zoe", "--days", "2", "--json"))["token"]
    assert asyncio.run(_state(fleet_dsn, "another password", token)) == (True, True)
    assert "ended: 1" in run("sign-out", "zoe")
    assert asyncio.run(_state(fleet_dsn, made["password"], token)) == (False, False)
    run("remove", "zoe", "--org", "south")
    assert "operator of north" in run("list")
    run("remove", "zoe")
    assert "no person 'zoe'" in run("remove", "zoe", code=1)
    assert "last owner" in run("remove", "owner-north", code=1)


async def _state(dsn: str, password: str, token: str) -> tuple[bool, bool]:
    """Whether this is the password, and whether the token counts."""
    async with FleetBase(dsn, 1) as base:
        found = await base.people.credential("zoe")
        assert found is not None
        is_password = password_check(found.password, password, CHEAP)()
        return is_password, await base.people.session(session_digest(token), 1_700_000_000.0) is not None
