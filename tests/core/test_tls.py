"""The TLS policy of every end as a table: which suites and versions complete a handshake.

The table holds on every build of Python and OpenSSL: each case runs with this build's defaults and with the weakest
ones that the library has, and tries every suite that the library knows.
"""

import datetime
import ssl
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from unclouded.core.security import tls
from unclouded.links.broker.ca import prepare

EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
V10, V11, V12, V13 = (getattr(ssl.TLSVersion, name) for name in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"))

GCM = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}
CBC = {"ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA384"}
SHA1 = {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA"}
RSA = {"AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA256", "AES256-SHA256", "AES128-SHA", "AES256-SHA"}
RSA_SHA1 = {"AES128-SHA", "AES256-SHA"}
NEW = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}

Make = Callable[[Path], ssl.SSLContext]
Accepted = dict[ssl.TLSVersion, set[str]]


def page(folder: Path) -> ssl.SSLContext:
    return tls.server_context(folder / "server.pem", folder / "server.key")


def broker(old_tls: bool = False, old_ciphers: bool = False) -> Make:
    return lambda folder: tls.plug_server_context(
        folder / "server.pem", folder / "server.key", old_tls=old_tls, old_ciphers=old_ciphers
    )


def verifying(folder: Path) -> ssl.SSLContext:
    return tls.client_context(folder / "ca.pem")


def plug(folder: Path) -> ssl.SSLContext:
    return tls.plug_client_context()


SERVERS: dict[str, tuple[Make, Accepted]] = {
    "page": (page, {V12: GCM, V13: NEW}),
    "broker": (broker(), {V12: GCM | CBC, V13: NEW}),
    "broker, old_ciphers": (broker(old_ciphers=True), {V12: GCM | CBC | SHA1 | RSA, V13: NEW}),
    "broker, old_tls": (broker(old_tls=True), {V10: SHA1, V11: SHA1, V12: GCM | CBC | SHA1, V13: NEW}),
    "broker, both": (
        broker(old_tls=True, old_ciphers=True),
        {V10: SHA1 | RSA_SHA1, V11: SHA1 | RSA_SHA1, V12: GCM | CBC | SHA1 | RSA, V13: NEW},
    ),
}
CLIENTS: dict[str, tuple[Make, Accepted]] = {
    "client of brokers and of the weather": (verifying, {V12: GCM, V13: NEW}),
    "simulated plug": (plug, {V12: GCM | CBC, V13: NEW}),
}


def weakest_context(protocol: int) -> ssl.SSLContext:
    """As a build of Python makes it that has the weakest defaults that its OpenSSL allows."""
    context = ssl.SSLContext(protocol)
    context.set_ciphers(EVERYTHING)
    restrict(context, V10, V12)
    context.options &= ~(ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE)
    return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    prepare(folder, ["hub.home"], datetime.datetime.now(datetime.UTC))
    return folder


@pytest.fixture(params=["the defaults of this build", "the weakest defaults"])
def defaults(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "the weakest defaults":
        weak = SimpleNamespace(**{**vars(ssl), "SSLContext": weakest_context})
        monkeypatch.setattr(tls, "ssl", weak)


def restrict(context: ssl.SSLContext, oldest: ssl.TLSVersion, newest: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = oldest
        context.maximum_version = newest


def offers() -> Iterator[tuple[ssl.TLSVersion, str]]:
    """Each version with each suite of this OpenSSL that it can have; for TLS 1.3, "": its suites cannot be chosen."""
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.set_ciphers(EVERYTHING)
    names = sorted({one["name"] for one in anything.get_ciphers()} - NEW | GCM | CBC | SHA1 | RSA)
    for version in (V10, V11, V12):
        for name in names:
            yield version, name
    yield V13, ""


def limited(context: ssl.SSLContext, version: ssl.TLSVersion, suite: str) -> ssl.SSLContext | None:
    """The context with one version and one suite; None where this OpenSSL does not have the suite."""
    restrict(context, version, version)
    try:
        context.set_ciphers(f"{suite or 'ALL'}:@SECLEVEL=0")
    except ssl.SSLError:
        return None
    return context


def any_client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def any_server(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def agreed(client: ssl.SSLContext, server: ssl.SSLContext) -> tuple[str, str] | None:
    """Version and suite of a handshake between the two; None where it fails."""
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(downward, upward, server_hostname="hub.home")]
    ends.append(server.wrap_bio(upward, downward, server_side=True))
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return None
    suite = ends[0].cipher()
    return (ends[0].version() or "", suite[0]) if suite is not None else None


def compare(found: Iterable[tuple[ssl.TLSVersion, str]], expected: Accepted) -> None:
    accepted: Accepted = {}
    for version, suite in found:
        accepted.setdefault(version, set()).add(suite)
    assert accepted.pop(V13) <= NEW
    assert accepted == {version: suites for version, suites in expected.items() if version is not V13}


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize("name", SERVERS)
def test_a_server_accepts_exactly_the_suites_of_the_table(certificates: Path, name: str) -> None:
    make, expected = SERVERS[name]
    server = make(certificates)
    found = []
    for version, suite in offers():
        client = limited(any_client(), version, suite)
        agreement = agreed(client, server) if client is not None else None
        if agreement is not None:
            found.append((version, agreement[1]))
    compare(found, expected)


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_accepts_exactly_the_suites_of_the_table(certificates: Path, name: str) -> None:
    make, expected = CLIENTS[name]
    found = []
    for version, suite in offers():
        server = limited(any_server(certificates), version, suite)
        agreement = agreed(make(certificates), server) if server is not None else None
        if agreement is not None:
            found.append((version, agreement[1]))
    compare(found, expected)


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize("name", [*SERVERS, *CLIENTS])
def test_no_context_offers_a_suite_or_version_outside_the_table(certificates: Path, name: str) -> None:
    """Also those that this test's certificate rules out: ECDSA, PSK, anonymous."""
    make, expected = (SERVERS | CLIENTS)[name]
    context = make(certificates)
    allowed = set().union(*expected.values()) | {suite.replace("RSA", "ECDSA") for suite in GCM}
    assert {suite["name"] for suite in context.get_ciphers()} <= allowed
    assert (context.minimum_version, context.maximum_version) == (min(expected), V13)


@pytest.mark.usefixtures("defaults")
def test_keys_and_signatures_are_as_strong_as_the_table_says(certificates: Path) -> None:
    """Level 2: RSA of 2,048 bits and SHA-2 signatures; 1: 1,024 bits; 0: anything."""
    levels = {"broker, old_ciphers": 1, "broker, old_tls": 0, "broker, both": 0}
    found = {name: make(certificates).security_level for name, (make, _) in (SERVERS | CLIENTS).items()}
    assert found == {name: levels.get(name, 2) for name in found}


def test_clients_verify_the_server_and_its_name(certificates: Path, tmp_path: Path) -> None:
    assert agreed(verifying(certificates), page(certificates)) is not None
    prepare(tmp_path, ["hub.home"], datetime.datetime.now(datetime.UTC))
    assert agreed(verifying(tmp_path), page(certificates)) is None, "another authority"
    prepare(tmp_path / "other", ["other.home"], datetime.datetime.now(datetime.UTC))
    assert agreed(verifying(tmp_path / "other"), page(tmp_path / "other")) is None, "another name"
    by_system = tls.client_context()
    assert by_system.verify_mode is ssl.CERT_REQUIRED and by_system.check_hostname


SYSTEM_SETTINGS = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = weak
[weak]
MinProtocol = TLSv1
CipherString = ALL:COMPLEMENTOFALL:@SECLEVEL=0
"""


def test_the_settings_of_the_system_change_nothing(certificates: Path, tmp_path: Path) -> None:
    """/etc/ssl/openssl.cnf sets defaults for every program."""
    file = tmp_path / "openssl.cnf"
    file.write_text(SYSTEM_SETTINGS)
    program = (
        "import ssl, sys; from pathlib import Path; from unclouded.core.security import tls\n"
        "folder = Path(sys.argv[1])\n"
        "plain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
        "context = tls.plug_server_context(folder / 'server.pem', folder / 'server.key')\n"
        "print(len(plain.get_ciphers()), context.minimum_version.name, *(one['name'] for one in context.get_ciphers()))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(certificates)],
        env={"OPENSSL_CONF": str(file), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    _, oldest, *suites = made.stdout.split()
    assert oldest == "TLSv1_2"
    assert set(suites) == {*tls.MODERN, *tls.CBC_SHA2, *NEW}
