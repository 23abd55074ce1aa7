"""A fleet as `fleet init` makes it: nats-server takes it, doctor finds it well, homes join, a revoked one is out."""

import asyncio
import contextlib
import datetime
import json
import re
import shutil
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleet.raw_nats import RawNats
from unclouded.cli import cli
from unclouded.core.errors import CommandError, ConfigError, LinkError
from unclouded.core.security.nkeys import NKey
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.configuration import FleetWebTable, load_fleet
from unclouded.fleet.doctor.nats_checks import judged_server, judged_version
from unclouded.fleet.doctor.nats_probe import NatsFacts, probe
from unclouded.fleet.doctor.running import examine_fleet
from unclouded.fleet.enrolment.codes import code_digest
from unclouded.fleet.folder.key_files import KeyFiles
from unclouded.fleet.folder.making import FleetPlan, make_fleet
from unclouded.fleet.keys.issuer import Credentials
from unclouded.fleet.local_servers.nats import free_ports
from unclouded.fleet.local_servers.processes import ServerProcess
from unclouded.fleet.local_servers.programs import nats_program
from unclouded.fleet.nats_server.versions import holes_of, read_version
from unclouded.uplink.joining import read_invitation

NOW = datetime.datetime.now(datetime.UTC)
PLAN = FleetPlan(hosts=("localhost",), web=FleetWebTable(url="https://localhost:8443", listen="127.0.0.1:8443"))
HUB = "a" * 20
KEY = NKey("user", bytes(32))
VERSIONS = (
    """2.9.10=2 2.9.22=2 2.9.23=1 2.10.1=2 2.10.2=1 2.11.15=1 2.11.16=0 2.12.0-beta.1=1 2.12.6=1 2.12.7=0 2.15.1=0"""
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init") / "fleet"
    make_fleet(folder, PLAN, NOW)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "fleet"))


@contextlib.contextmanager
def running(made: Path, folder: Path, dsn: str) -> Iterator[int]:
    """nats-server with the configuration of this folder, on a free port; that port."""
    port = next(free_ports())
    conf, toml = folder / "nats-server.conf", folder / "fleet.toml"
    text = re.sub(r'listen: ".*"', f'listen: "127.0.0.1:{port}"', conf.read_text().replace(str(made), str(folder)))
    conf.write_text(text)
    text = re.sub(r"tls://localhost:\d+", f"tls://localhost:{port}", toml.read_text())
    toml.write_text(re.sub(r"dsn = .*", f"dsn = {json.dumps(dsn)}", text))
    process = ServerProcess([nats_program(), "-c", conf], folder / "nats.log")
    process.start()
    try:
        assert process.wait_until(lambda: "Server is ready" in process.log_tail()), process.log_tail()
        yield port
    finally:
        process.stop()


def found(folder: Path, level: str) -> list[str]:
    return [f"{one.check}: {one.text}" for one in examine_fleet(load_fleet(folder)) if one.level == level]


def test_a_new_fleet_is_well_and_tls_is_required(made: Path, folder: Path, base_dsn: str, nats_server: object) -> None:
    with running(made, folder, base_dsn) as port:
        assert ["fsync" in text for text in found(folder, "problem")] == [True]  # which the database of tests has not
        assert [text.split(":")[0] for text in found(folder, "warning")] == ["offline-keys"]
        token = KeyFiles(folder / "keys").issuer().hub_token(HUB, KEY.public, int(time.time()))
        context = ssl.create_default_context(cafile=str(folder / "tls/authority.pem"))
        with RawNats(("127.0.0.1", port), Credentials(token, KEY), context) as home:
            assert home.answers() == ["PONG"]
        with RawNats(("127.0.0.1", port), Credentials(token, KEY)) as plain:
            assert plain.info["tls_required"] and "PONG" not in plain.closed()
        assert "certificate" in probe(f"tls://localhost:{port}", "").tls_error  # not one that the system knows


def test_enrol_and_revoke_from_the_command_line(made: Path, folder: Path, base_dsn: str, nats_server: object) -> None:
    run = CliRunner().invoke
    with running(made, folder, base_dsn) as port:
        reply = run(cli, ["fleet", "enrol", "--fleet", str(folder), "--org", "Lake", "--homes", "2", "--json"])
        assert reply.exit_code == 0, reply.output
        invitation = read_invitation(json.loads(reply.stdout)["invitation"])
        assert (invitation.url, len(invitation.fingerprint)) == ("https://localhost:8443", 26)
        hub = asyncio.run(_enrol(base_dsn, invitation.code))
        token = KeyFiles(folder / "keys").issuer().hub_token(hub, KEY.public, int(time.time()))
        context = ssl.create_default_context(cafile=str(folder / "tls/authority.pem"))
        with RawNats(("127.0.0.1", port), Credentials(token, KEY), context) as home:
            assert home.answers() == ["PONG"]
            reply = run(cli, ["fleet", "revoke", "Lake House", "--fleet", str(folder), "--json"])
            assert (reply.exit_code, json.loads(reply.stdout)["disconnected"]) == (0, True), reply.output
            assert any("Revoked" in line for line in home.closed())
        with RawNats(("127.0.0.1", port), Credentials(token, KEY), context) as home:
            assert "PONG" not in home.closed()
        assert any("1 are in the list" in text for text in found(folder, "ok"))
        text = run(cli, ["fleet", "enrol", "--fleet", str(folder)]).output
        assert "unclouded join " in text and "█" in text
        (folder / "keys/revoke.nk").unlink()
        reply = run(cli, ["fleet", "revoke", hub, "--fleet", str(folder)])
        assert reply.exit_code == 1 and "revoke.nk" in reply.output


async def _enrol(dsn: str, code: str) -> str:
    async with FleetBase(dsn, 1) as base:
        return (await base.register.enrol(code_digest(code), HUB, KEY.public, "Lake House", time.time())).id


def test_a_key_is_replaced_with_and_without_the_tokens_of_before(
    made: Path, folder: Path, base_dsn: str, nats_server: object
) -> None:
    def replace(*words: str) -> None:
        reply = CliRunner().invoke(cli, ["fleet", "replace", *words, "--fleet", str(folder), "--json"])
        assert (reply.exit_code, json.loads(reply.stdout)["problem"]) == (0, ""), reply.output

    def is_in(token: str) -> bool:
        context = ssl.create_default_context(cafile=str(folder / "tls/authority.pem"))
        with RawNats(("127.0.0.1", port), Credentials(token, KEY), context) as home:
            return home.answers() == ["PONG"]

    def token() -> str:
        return KeyFiles(folder / "keys").issuer().hub_token(HUB, KEY.public, int(time.time()))

    with running(made, folder, base_dsn) as port:
        first = token()
        replace("hub")
        second = token()
        assert first.split(".")[1] != second.split(".")[1] and is_in(first) and is_in(second)
        replace("former")
        assert not is_in(first) and is_in(second)
        replace("hub", "--now")
        assert not is_in(second) and is_in(token())
    replace("revoke", "--offline", str(folder / "offline"))
    before = (folder / "tls/nats.pem").read_text()
    replace("certificates", "--offline", str(folder / "offline"))
    assert (folder / "tls/nats.pem").read_text() != before
    with running(made, folder, base_dsn) as port:
        assert is_in(token()) and not is_in(second)
        assert not [text for text in found(folder, "problem") if "fsync" not in text]
    reply = CliRunner().invoke(cli, ["fleet", "replace", "revoke", "--fleet", str(folder)])
    assert reply.exit_code != 0


def test_what_is_wrong_with_files_is_found(folder: Path) -> None:
    (folder / "keys/hub.nk").write_text((folder / "keys/fleet.nk").read_text())
    (folder / "keys/revoke.nk").write_text((folder / "offline/operator.nk").read_text())
    (folder / "keys").chmod(0o755)
    folder.chmod(0o755)
    (folder / "keys/fleet.nk").chmod(0o644)
    (folder / "tls/web.pem").write_text((folder / "tls/nats.pem").read_text()[:300])
    problems = [one for one in examine_fleet(load_fleet(folder)) if one.level == "problem"]
    texts = "\n".join(f"{one.check} {one.subject} {one.text}" for one in problems)
    for part in (
        "hub.nk is not the key",
        "revoke.nk: it is not the signing key",
        "fleet.nk other users",
        "is not a certificate",
    ):
        assert part in texts, texts
    assert "nats-login" not in {one.check for one in problems}  # not checked, as the keys are wrong
    assert all(one.advice for one in problems)


def test_an_expiring_foreign_or_misnamed_certificate_is_found(folder: Path, made: Path) -> None:
    def texts(**web: str) -> str:
        toml = (made / "fleet.toml").read_text()
        for key, value in web.items():
            line = next(one for one in toml.split("[web]")[1].splitlines() if one.startswith(key))
            toml = toml.replace(line, f"{key} = {json.dumps(value)}")
        (folder / "fleet.toml").write_text(toml)
        return "\n".join(
            f"{one.level} {one.text}" for one in examine_fleet(load_fleet(folder)) if one.check == "certificates"
        )

    assert "problem" in texts(url="https://elsewhere.example") and "not for elsewhere.example" in texts(
        url="https://elsewhere.example"
    )
    other = make_fleet(folder.parent / "other", PLAN, NOW)[0].parent
    assert "is not signed by" in texts(authority_file=str(folder.parent / "other/tls/authority.pem")), other
    make_fleet(folder.parent / "old", PLAN, NOW - datetime.timedelta(days=780))
    old = folder.parent / "old/tls"
    assert "warning" in texts(certificate_file=str(old / "web.pem"), authority_file=str(old / "authority.pem"))


def test_init_replaces_nothing_and_leaves_nothing_half(folder: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(CommandError, match="not empty"):
        make_fleet(folder, PLAN, NOW)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    with pytest.raises((CommandError, ConfigError)):
        make_fleet(tmp_path / "half", FleetPlan(hosts=("bad host",), web=PLAN.web), NOW)
    assert not (tmp_path / "half").exists() and not list(tmp_path.glob(".half*"))


def test_secrets_are_for_their_owner_only(made: Path) -> None:
    secrets = [*made.glob("keys/*"), *made.glob("offline/*"), *made.glob("tls/*.key"), made / "fleet.toml"]
    assert len(secrets) >= 12
    for path in (*secrets, made, made / "keys", made / "offline"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    seeds = {path.read_text().strip() for path in made.rglob("*.nk")}
    others = [path for path in made.rglob("*") if path.is_file() and path.suffix not in (".nk", ".key")]
    assert not any(seed in path.read_text() for path in others for seed in seeds)


def test_three_nodes_have_routes_with_certificates_of_their_own(tmp_path: Path) -> None:
    plan = FleetPlan(
        hosts=("n1.example", "n2.example", "n3.example"), routes=("10.0.0.1", "10.0.0.2", "10.0.0.3"), web=PLAN.web
    )
    make_fleet(tmp_path / "three", plan, NOW)
    text = (tmp_path / "three/nats-server-2.conf").read_text()
    for part in (
        'listen: "10.0.0.2:6222"',
        "no_advertise: true",
        "verify: true",
        "nats-route://10.0.0.1:6222",
        "route-2.pem",
    ):
        assert part in text
    assert "nats-route://10.0.0.2" not in text and "jetstream" not in text and "http:" not in text
    assert load_fleet(tmp_path / "three").servers[2] == "tls://n3.example:4222"


@pytest.mark.parametrize("row", VERSIONS.split())
def test_versions_with_known_holes(row: str) -> None:
    version, holes = row.split("=", maxsplit=1)[0], int(row.split("=")[1])
    known = read_version(f"nats-server: v{version}")
    assert known is not None and len(holes_of(known)) == holes
    public, local = (list(judged_version("tls://x", version, is_public)) for is_public in (True, False))
    assert {one.level for one in public} == ({"problem"} if holes else {"ok"})
    assert {one.level for one in local} == ({"warning"} if holes else {"ok"})


def test_a_server_that_lets_anyone_in_or_does_not_encrypt_is_a_problem() -> None:
    facts = NatsFacts("2.15.1", auth_required=False, tls_required=False, jetstream=True, max_payload=8 << 20)
    levels = [(one.level, one.text) for one in judged_server("tls://x", facts, NOW, is_public=True)]
    assert [level for level, _ in levels] == ["ok", "problem", "problem", "warning", "warning"]
    assert read_version("nonsense") is None


def test_what_is_no_nats_server_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(60)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220 mail\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(LinkError, match="no nats-server"):
            probe(f"nats://127.0.0.1:{port}", "")
        thread.join()
