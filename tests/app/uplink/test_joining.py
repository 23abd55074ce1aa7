"""Joining a fleet and leaving it, with a fleet that is a few lines of HTTP."""

import asyncio
import errno
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.access import access_to
from unclouded.app.configuration.config import Config, load_config
from unclouded.app.hub_process import RunningHub, running
from unclouded.app.uplink.joining import Change, join, leave
from unclouded.app.uplink.membership import MembershipFiles
from unclouded.cli import cli
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.security.tls import server_context
from unclouded.links.broker.ca import prepare
from unclouded.uplink.joining import (
    LEAVE_PATH,
    PATH,
    EnrolAnswer,
    EnrolRequest,
    LeaveRequest,
    fingerprint_of,
    is_proven,
    may_leave,
)

CODE = "K7QX-9MPT-4W2H"
HUB = "abcdefghij2345672345"


class FakeFleet:
    """What it answers, and what it was asked."""

    def __init__(self) -> None:
        self.enrolled: list[EnrolRequest] = []
        self.left: list[LeaveRequest] = []
        self.status = 200
        self.now = time.time
        self.authority = b""
        self.answer = EnrolAnswer(
            hub=HUB, token="a.secret.token", expires=time.time() + 1000, shard=3, servers=("tls://10.0.0.5:4222",)
        )

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        if self.status != 200:
            return self.status, b'{"error":{"message":"Not now.\\u001b[2J"}}'
        if path == LEAVE_PATH:
            self.left.append(msgspec.json.decode(body, type=LeaveRequest))
            return 204 if may_leave(self.left[-1], time.time()) else 403, b""
        self.enrolled.append(msgspec.json.decode(body, type=EnrolRequest))
        return (200, msgspec.json.encode(self.answer)) if is_proven(self.enrolled[-1]) else (400, b"")


def handler(fleet: FakeFleet) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200 if self.path == PATH else 404, fleet.authority)

        def do_POST(self) -> None:
            self._send(*fleet.post(self.path, self.rfile.read(int(self.headers["Content-Length"]))))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(fleet.now(), usegmt=True)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


Served = Callable[..., str]


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
def served(fleet: FakeFleet) -> Iterator[Served]:
    """Starts the fleet; its HOST:PORT."""
    servers: list[HTTPServer] = []

    def serve(context: ssl.SSLContext | None = None) -> str:
        server = HTTPServer(("127.0.0.1", 0), handler(fleet))
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        return f"127.0.0.1:{server.server_port}"

    yield serve
    for one in servers:
        one.shutdown()
        one.server_close()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "unclouded.toml"
    file.write_text(f'# Ours.\n[hub]\ntimezone = "UTC"\ndata = "{tmp_path / "data"}"\n')
    return load_config(file)


def again(config: Config) -> Config:
    return load_config(Path(config.where))


def change(config: Config) -> Change:
    return access_to(Path(config.where), None).change_hub


def test_a_home_joins_and_leaves(config: Config, fleet: FakeFleet, served: Served) -> None:
    place = served()
    done = join(
        config, change(config), f"{CODE}@http://{place}", name="Flat 7", keys={"level": "minute", "names": True}
    )
    assert (done.hub, done.table.level, done.running) == (HUB, "minute", False)
    assert fleet.enrolled[0].name == "Flat 7"
    table = again(config).tables.fleet
    assert table is not None
    assert (table.url, table.level, table.names, table.control) == (f"http://{place}", "minute", True, False)
    assert Path(config.where).read_text().startswith("# Ours.\n")
    files = MembershipFiles(config.state)
    assert {stat.S_IMODE(file.stat().st_mode) for file in (files.file, files.key_file)} == {0o600}
    assert files.load().token == "a.secret.token"
    assert "secret" not in repr(files.load()) + repr(files.key())
    public = files.key().public
    with pytest.raises(CommandError, match=r"joined a fleet at http.* already"):
        join(again(config), change(config), f"{CODE}@http://{place}")
    left = leave(again(config), change(config))
    assert left.problem == ""
    assert (fleet.left[0].hub, fleet.left[0].public_key) == (HUB, public)
    assert again(config).tables.fleet is None
    assert not files.is_there
    assert not files.key_file.exists()
    with pytest.raises(CommandError, match="has not joined a fleet"):
        leave(again(config), change(config))


def test_who_asks_again_because_the_answer_was_lost_has_the_same_key(
    config: Config, fleet: FakeFleet, served: Served
) -> None:
    place = served()
    fleet.status = 503
    with pytest.raises(LinkError, match=r"Not now\.\\x1b\[2J Try again later"):
        join(config, change(config), CODE, url=f"http://{place}")
    fleet.status = 200
    public = MembershipFiles(config.state).key().public
    join(config, change(config), CODE, url=f"http://{place}")
    assert fleet.enrolled[0].public_key == public


def test_a_fleet_that_is_away_is_left_all_the_same(config: Config, fleet: FakeFleet, served: Served) -> None:
    join(config, change(config), f"{CODE}@http://{served()}")
    fleet.status = 503
    left = leave(again(config), change(config))
    assert "refuses it (503)" in left.problem
    assert again(config).tables.fleet is None
    assert not MembershipFiles(config.state).key_file.exists()


def test_a_code_that_is_not_taken_says_what_to_do(config: Config, fleet: FakeFleet, served: Served) -> None:
    place = served()
    fleet.status = 403
    with pytest.raises(CommandError, match=r"unknown, has expired .* Ask its operator"):
        join(config, change(config), f"{CODE}@http://{place}")
    with pytest.raises(CommandError, match="This is not an invitation"):
        join(config, change(config), f"K7QX@http://{place}")
    with pytest.raises(CommandError, match="by https only"):
        join(config, change(config), f"{CODE}@http://fleet.example.org")
    assert again(config).tables.fleet is None


def test_a_fleet_that_is_not_there_is_named(config: Config) -> None:
    with pytest.raises(LinkError, match=r"127\.0\.0\.1:1 cannot be reached: Connection refused"):
        join(config, change(config), f"{CODE}@http://127.0.0.1:1")


def test_a_wrong_clock_is_found_before_windows_of_another_time_are_sent(
    config: Config, fleet: FakeFleet, served: Served
) -> None:
    place = served()
    fleet.now = lambda: time.time() + 7 * 3600
    with pytest.raises(CommandError, match=r"7\.0 hours behind that of the fleet"):
        join(config, change(config), f"{CODE}@http://{place}")


@pytest.mark.parametrize("hub", ["", "a.b", "x" * 20 + "!", "up.1.>"])
def test_an_id_that_would_be_another_subject_is_refused(
    config: Config, fleet: FakeFleet, served: Served, hub: str
) -> None:
    fleet.answer = msgspec.structs.replace(fleet.answer, hub=hub)
    with pytest.raises(LinkError, match="cannot be used"):
        join(config, change(config), f"{CODE}@http://{served()}")


def test_a_fleet_with_an_authority_of_its_own(config: Config, fleet: FakeFleet, served: Served, tmp_path: Path) -> None:
    files = prepare(tmp_path / "tls", ["127.0.0.1"], datetime.now(UTC))
    place = served(server_context(files.chain, files.key))
    fleet.authority = files.authority.read_bytes()
    fingerprint = fingerprint_of(ssl.PEM_cert_to_DER_cert(fleet.authority.decode()))
    with pytest.raises(LinkError, match=r"is not trusted.*copy the whole invitation"):
        join(config, change(config), f"{CODE}@{place}")
    with pytest.raises(LinkError, match="another fingerprint"):
        join(config, change(config), f"{CODE}@{place}#{'A' * 26}")
    assert not fleet.enrolled  # the code was not sent
    join(config, change(config), f"{CODE}@{place}#{fingerprint}")
    assert MembershipFiles(config.state).load().authority == fleet.authority.decode()
    leave(again(config), change(config))
    assert len(fleet.left) == 1
    join(again(config), change(config), f"{CODE}@{place}", ca=files.authority)


def test_the_command_line_says_what_leaves_the_home(config: Config, fleet: FakeFleet, served: Served) -> None:
    place, runner = served(), CliRunner()
    chosen = ["--config", config.where]
    found = runner.invoke(cli, ["join", f"{CODE}@http://{place}", "--control", *chosen])
    assert found.exit_code == 0, found.output
    assert "What leaves the home:" in found.output
    assert "level      quarter: Energy, and of each quarter of an hour" in found.output
    assert "names      no: devices are numbers" in found.output
    assert "control    yes: it may switch devices that are not critical" in found.output
    assert "unclouded leave" in found.output
    nothing = runner.invoke(cli, ["fleet", "sent", *chosen])
    assert nothing.exit_code == 0
    assert "Nothing was sent from this home yet." in nothing.output
    fleet.status = 500
    left = runner.invoke(cli, ["leave", "--json", *chosen])
    assert left.exit_code == 1
    assert msgspec.json.decode(left.output)["hub"] == HUB


async def test_a_running_hub_is_joined_and_left_over_its_socket_and_goes_on(
    config: Config, fleet: FakeFleet, served: Served
) -> None:
    """As typed in another terminal while the hub runs: it applies both at once."""
    place, chosen = served(), ["--config", config.where]
    quiet = Path(config.where)
    quiet.write_text(quiet.read_text() + '[web]\nlisten = "off"\n')
    async with running(load_config(quiet)) as hub:

        async def command(*arguments: str) -> dict[str, object]:
            found = await asyncio.to_thread(CliRunner().invoke, cli, [*arguments, "--json", *chosen])
            assert found.exit_code == 0, found.output
            return msgspec.json.decode(found.output, type=dict[str, object])

        joined = await command("join", f"{CODE}@http://{place}", "--level", "energy")
        assert (joined["hub"], joined["running"]) == (HUB, True)
        assert await publishers(hub) == ["fleet"]
        second = await asyncio.to_thread(CliRunner().invoke, cli, ["join", CODE, *chosen])
        assert "Leave it first: unclouded leave" in str(second.exception)
        left = await command("leave")
        assert (left["hub"], left["problem"]) == (HUB, "")
        assert await publishers(hub) == []
    assert len(fleet.left) == 1
    assert "[fleet]" not in quiet.read_text()


async def publishers(hub: RunningHub) -> list[str]:
    """What the running hub publishes to."""
    about = await asyncio.to_thread(HubClient(hub.socket).get, "/api/hub")
    return [str(one["name"]) for one in about["publish"]]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (404, r"answers \(404\), but not as a fleet of Unclouded\. Compare the address"),
        (302, r"answers \(302\), but not as a fleet of Unclouded\. Compare the address"),
        (429, r"refuses it \(429\): Not now.* Try again later"),
        (400, r"refuses it \(400\): Not now"),
    ],
)
def test_each_answer_that_is_none_says_what_to_do(
    config: Config, fleet: FakeFleet, served: Served, status: int, sentence: str
) -> None:
    place = served()
    fleet.status = status
    with pytest.raises(LinkError, match=sentence):
        join(config, change(config), f"{CODE}@http://{place}")
    assert again(config).tables.fleet is None
    assert not MembershipFiles(config.state).is_there


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "connected to the network"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "connected to the network"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "does the fleet run"),
        (TimeoutError(), "does not answer within 15 s"),
    ],
    ids=["no name", "no network", "refused", "silent"],
)
def test_without_a_network_it_says_where_to_look(
    config: Config, monkeypatch: pytest.MonkeyPatch, error: OSError, sentence: str
) -> None:
    def refuse(*arguments: object, **more: object) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(LinkError, match=sentence):
        join(config, change(config), f"{CODE}@fleet.example.org")
    assert again(config).tables.fleet is None
