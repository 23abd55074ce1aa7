"""The hub's certificate authority (CA) and the certificates it signs: RSA, made on the first start and kept.

    DATA/ca/ca.key      ca.pem        the CA: valid for 30 years, never replaced
            server.key  server.pem    for plugs, with the CA's certificate appended: 5 years, renewed before its end
            web.key     web.pem       for browsers, likewise: 2 years, the longest they accept

Plugs do not verify the CA, but old firmware requires the server's common name to be the host or address it was bound
to, a different common name for the CA, and RSA keys: with ECDSA the handshake ends in "no shared cipher".
Source: docs/protocols/meross.md §1.6.4. Key files are readable by their owner only (0600); keys are never logged.
"""

import contextlib
import datetime
import ipaddress
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from unclouded.core.errors import ConfigError
from unclouded.core.security.certificate_builder import begin_certificate, common_name
from unclouded.links.broker.certificate_kinds import BROKER, Certificates, Purpose

KEY_BITS = 2048  # plugs of 2018 verify such a key within a second
CA_LIFE = datetime.timedelta(days=30 * 365)
RENEW_BEFORE = datetime.timedelta(days=90)  # the end of validity
NAME_LIMIT = 64  # characters of a common name

T = TypeVar("T")


def prepare(folder: Path, hosts: Sequence[str], now: datetime.datetime, purpose: Purpose = BROKER) -> Certificates:
    """The certificates for these hosts, made or renewed where needed. Takes half a second the first time.

    ``hosts``: names and addresses that clients connect to; the first is the common name. Raises ConfigError.
    """
    if not hosts or not all(0 < len(host) <= NAME_LIMIT for host in hosts):
        raise ConfigError(f"{purpose.setting} must list what clients connect to: host names or IP addresses.")
    names = _names(hosts, purpose)
    files = Certificates(folder / f"{purpose.name}.pem", folder / f"{purpose.name}.key", folder / "ca.pem")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ca_key, ca_new = _key(folder / "ca.key")
        authority = None if ca_new else _certificate(files.authority, ca_key)
        if authority is None or authority.not_valid_after_utc <= now:
            authority = _make_authority(ca_key, now)
            _write(files.authority, _pem(authority))
        key, key_new = _key(files.key)
        served = None if key_new else _certificate(files.chain, key)
        if served is None or not _serves(served, authority, hosts[0], names, now):
            made = _make_server(key, ca_key, authority, hosts[0], names, now, purpose.life)
            _write(files.chain, _pem(made) + _pem(authority))
    except OSError as error:
        raise ConfigError(f"The certificates in {folder} cannot be stored: {error.strerror}.") from error
    return files


def _serves(
    served: x509.Certificate,
    authority: x509.Certificate,
    first: str,
    names: x509.SubjectAlternativeName,
    now: datetime.datetime,
) -> bool:
    """Whether the certificate is of this CA, for these hosts, and valid for a while."""
    return (
        served.issuer == authority.subject
        and served.subject == common_name(first)
        and served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value == names
        and served.not_valid_before_utc <= now < served.not_valid_after_utc - RENEW_BEFORE
    )


def _make_authority(key: rsa.RSAPrivateKey, now: datetime.datetime) -> x509.Certificate:
    number = x509.random_serial_number()
    name = common_name(f"Unclouded broker {number & 0xFFFFFFFF:08x}")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return (
        begin_certificate(name, name, number, now, CA_LIFE)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _make_server(
    key: rsa.RSAPrivateKey,
    ca_key: rsa.RSAPrivateKey,
    authority: x509.Certificate,
    first: str,
    names: x509.SubjectAlternativeName,
    now: datetime.datetime,
    life: datetime.timedelta,
) -> x509.Certificate:
    number = x509.random_serial_number()
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        begin_certificate(common_name(first), authority.subject, number, now, life)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _names(hosts: Sequence[str], purpose: Purpose) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(_dns_name(host, purpose))
    return x509.SubjectAlternativeName(names)


def _dns_name(host: str, purpose: Purpose) -> x509.DNSName:
    if not host.isascii() or not host.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise ConfigError(f"{purpose.setting} is {host!r}, which is neither a host name nor an IP address.")
    return x509.DNSName(host)


# --- files -----------------------------------------------------------------------------------------


def _key(path: Path) -> tuple[rsa.RSAPrivateKey, bool]:
    """The key in a file, and whether it was made just now."""
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
        form = serialization.PrivateFormat.PKCS8
        _write(path, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return key, True
    found = _readable(path, lambda: serialization.load_pem_private_key(path.read_bytes(), None))
    if not isinstance(found, rsa.RSAPrivateKey):
        raise ConfigError(f"{path} contains a key that is not RSA, the only kind plugs can use. {_REMEDY}")
    return found, False


def _certificate(path: Path, key: rsa.RSAPrivateKey) -> x509.Certificate | None:
    """The first certificate in a file; None where the file has none for this key."""
    if not path.exists():
        return None
    found = _readable(path, lambda: x509.load_pem_x509_certificate(path.read_bytes()))
    return found if found.public_key() == key.public_key() else None


_REMEDY = "Move the folder away and start again: a new one is made, and plugs accept it."


def _readable(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path} is damaged or locked with a password. {_REMEDY}") from error


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, data: bytes) -> None:
    """Write a file atomically, readable by its owner only."""
    fresh = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
