import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from unclouded.core.errors import ConfigError
from unclouded.links.broker.ca import RENEW_BEFORE, prepare
from unclouded.links.broker.certificate_kinds import SERVER_LIFE

NOW = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
HOSTS = ["192.168.1.2", "hub.home"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "ca"
    prepare(folder, HOSTS, NOW)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder with the files of the first start, shared because making keys takes a while."""
    mine = tmp_path / "ca"
    mine.mkdir()
    for path in made.iterdir():
        (mine / path.name).write_bytes(path.read_bytes())
    return mine


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def common_name(name: x509.Name) -> object:
    return name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_server_is_called_what_plugs_are_bound_to(made: Path) -> None:
    served, authority = certificate(made / "server.pem"), certificate(made / "ca.pem")
    assert common_name(served.subject) == "192.168.1.2"
    assert common_name(authority.subject) != common_name(served.subject)
    names = served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["192.168.1.2"]
    assert names.get_values_for_type(x509.DNSName) == ["hub.home"]
    served.verify_directly_issued_by(authority)
    for each in (served, authority):
        key = each.public_key()
        assert isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048


def test_the_chain_is_served_whole(made: Path) -> None:
    chain = x509.load_pem_x509_certificates((made / "server.pem").read_bytes())
    assert chain[1] == certificate(made / "ca.pem")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made / "server.pem", made / "server.key")


def test_keys_are_for_their_owner_only(made: Path) -> None:
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}
    assert sorted(contents(made)) == ["ca.key", "ca.pem", "server.key", "server.pem"]


def test_what_was_made_is_kept(folder: Path) -> None:
    before = contents(folder)
    prepare(folder, HOSTS, NOW + SERVER_LIFE / 2)
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("hosts", "now"),
    [
        (["192.168.1.3", "hub.home"], NOW),
        (["192.168.1.2"], NOW),
        (HOSTS, NOW + SERVER_LIFE - RENEW_BEFORE),
        (HOSTS, NOW - datetime.timedelta(days=3)),
    ],
)
def test_another_host_or_another_time_gives_another_certificate_of_the_same_authority(
    folder: Path, hosts: list[str], now: datetime.datetime
) -> None:
    before = contents(folder)
    prepare(folder, hosts, now)
    after = contents(folder)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"server.pem"}
    served = certificate(folder / "server.pem")
    assert common_name(served.subject) == hosts[0]
    assert served.not_valid_before_utc < now < served.not_valid_after_utc - RENEW_BEFORE


def test_an_authority_that_is_lost_or_has_ended_is_made_again(folder: Path) -> None:
    (folder / "ca.key").unlink()
    prepare(folder, HOSTS, NOW)
    certificate(folder / "server.pem").verify_directly_issued_by(certificate(folder / "ca.pem"))
    late = NOW + datetime.timedelta(days=31 * 365)
    prepare(folder, HOSTS, late)
    assert certificate(folder / "ca.pem").not_valid_after_utc > late
    certificate(folder / "server.pem").verify_directly_issued_by(certificate(folder / "ca.pem"))


@pytest.mark.parametrize("name", ["ca.key", "ca.pem", "server.key", "server.pem"])
def test_a_damaged_file_is_named_with_what_to_do(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"-----BEGIN PRIVATE KEY-----\nno\n")
    with pytest.raises(ConfigError, match=rf"{name} is damaged .*Move the folder away"):
        prepare(folder, HOSTS, NOW)


def test_a_key_that_plugs_cannot_use_is_refused(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(pem)
    with pytest.raises(ConfigError, match=r"not RSA"):
        prepare(folder, HOSTS, NOW)


@pytest.mark.parametrize("hosts", [[], [""], ["x" * 65], ["http://hub"], ["hüb"]])
def test_a_host_that_is_none_is_refused(folder: Path, hosts: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"\[broker\] host"):
        prepare(folder, hosts, NOW)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("a file")
    with pytest.raises(ConfigError, match=r"cannot be stored"):
        prepare(tmp_path / "ca" / "here", HOSTS, NOW)
