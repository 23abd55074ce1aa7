"""`web`: passwords and tokens from the command line, and the address of the page, by the running hub."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from unclouded.app.access.web_access import WebAccess, WebStatus
from unclouded.cli import cli
from unclouded.core.errors import CommandError
from unclouded.web.access.password import CredentialStore

UNCLOUDED = Path(sys.executable).with_name("unclouded")


class Owner:
    """A user with a configuration who types commands."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "unclouded.toml"
        self.config.write_text(f'[hub]\ndata = "{folder / "data"}"\n[web]\nlisten = "127.0.0.1:0"\n')
        self.credentials = CredentialStore(folder / "data" / "state")

    def types(self, *words: str, given: str = "") -> Result:
        return CliRunner().invoke(cli, ["web", *words, "--config", str(self.config)], input=given)

    def run(self, *words: str, given: str = "") -> Any:  # Any: JSON
        done = self.types(*words, "--json", given=given)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def hub(self, *words: str) -> Iterator[tuple[Any, subprocess.Popen[str]]]:
        """A hub that runs, and its ready line."""
        env = {**os.environ, "NO_COLOR": "1"}
        process = subprocess.Popen(
            [UNCLOUDED, "run", "--json", "--config", self.config, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline() or "{}"), process
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def test_a_password_is_set_changed_and_removed(owner: Owner) -> None:
    assert owner.run("password", "--stdin", given="kettle and tea\n") == {"password": {"role": "control", "set": True}}
    assert owner.credentials.now().role_of_password("kettle and tea") == "control"
    done = owner.types("password", "--role", "read", "--stdin", given="only looking\r\n")
    assert "The password for read (view only) is set" in done.output
    assert owner.run() == {
        "web": {
            "running": False,
            "listen": "127.0.0.1:0",
            "addresses": [],
            "passwords": ["control", "read"],
            "tokens": [],
            "authority_sha256": None,
        }
    }
    assert "is removed" in owner.types("password", "--remove").output
    assert "nothing has changed" in owner.types("password", "--remove").output
    assert list(owner.credentials.now().passwords) == ["read"]
    assert "No one can log in to control devices" in owner.types().output


def test_a_password_that_is_too_short_changes_nothing(owner: Owner) -> None:
    done = owner.types("password", "--stdin", given="tea\n")
    assert isinstance(done.exception, CommandError) and "8 to 256" in str(done.exception)
    assert not owner.credentials.now().passwords


def test_without_a_terminal_there_is_no_prompt_for_a_password(owner: Owner) -> None:
    assert "--stdin" in str(owner.types("password").exception)


def test_a_token_is_shown_once_and_can_be_revoked(owner: Owner) -> None:
    shown = owner.types("token", "script", "--role", "read")
    text = shown.stdout.strip()
    found = owner.credentials.now().token(text)
    assert found is not None and found.role == "read"
    status = owner.types()
    assert text not in status.output and "Token script: read, made 20" in status.output
    assert text not in owner.credentials.file.read_text()
    assert "already" in str(owner.types("token", "script").exception)
    assert owner.run("token", "script", "--remove") == {"token": {"name": "script", "removed": True}}
    assert owner.credentials.now().token(text) is None


def test_the_configuration_may_precede_the_subcommand(owner: Owner) -> None:
    done = CliRunner().invoke(
        cli, ["web", "--config", str(owner.config), "--json", "password", "--stdin"], "long enough"
    )
    assert json.loads(done.stdout)["password"]["set"]


def test_the_hub_prints_the_address_of_the_page_and_notices_a_password(owner: Owner) -> None:
    with owner.hub() as (line, process):
        url = line["ready"]["web"]
        assert process.stderr is not None and process.stderr.readline() == f"The page: {url}\n"
        assert owner.run()["web"]["addresses"] == [url]
        assert fetch(f"{url}api/hub") == 200
        owner.types("password", "--stdin", given="kettle and tea\n")
        assert fetch(f"{url}api/hub") == 401
        token = owner.types("token", "script").stdout.strip()
        assert fetch(f"{url}api/hub", token) == 200


def test_off_on_the_command_line_overrides_the_configuration(owner: Owner) -> None:
    with owner.hub("--web", "off") as (line, _):
        assert line["ready"]["web"] == ""
        assert owner.types().output.startswith("The hub runs without the page.")


def test_a_configured_port_in_use_ends_the_start(owner: Owner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with owner.hub("--web", f"127.0.0.1:{port}") as (line, process):
            assert line["error"]["exit"] == 1 and "another program uses this port" in line["error"]["message"]
            assert process.wait(20) == 1


def fetch(url: str, token: str = "") -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_qr_code_needs_a_page_in_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Owner(tmp_path)
    refused = owner.types("--qr")
    assert isinstance(refused.exception, CommandError) and "unclouded run" in str(refused.exception)
    found = WebStatus(running=True, listen="", addresses=(), passwords=(), tokens=(), authority_sha256=None)
    for addresses, expected in ((("http://127.0.0.1:8099/",), "0.0.0.0:8099"), (("http://10.0.0.7:8099/",), "▄▄▄")):
        status = msgspec.structs.replace(found, addresses=addresses)
        monkeypatch.setattr(WebAccess, "status", lambda self, status=status: status)
        done = owner.types("--qr")
        assert expected in (str(done.exception) if done.exit_code else done.output)
    assert owner.run("--qr")["web"]["addresses"] == ["http://10.0.0.7:8099/"]
