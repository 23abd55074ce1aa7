"""An authority of the fleet's own, and certificates that it signs: for NATS, its routes and the page.

ECDSA on P-256: a handshake costs the server a tenth of that with RSA, which counts when all hubs come back at once.
"""

import datetime
import ipaddress
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from unclouded.core.errors import CommandError
from unclouded.core.security.certificate_builder import begin_certificate, common_name
from unclouded.core.security.certificate_facts import certificate_facts

AUTHORITY_LIFE = datetime.timedelta(days=10 * 365)
SERVER_LIFE = datetime.timedelta(days=800)  # browsers accept 825 days of an authority that a person has added


class FleetAuthority:
    """A certificate authority: ``certificate`` (PEM) and its key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @staticmethod
    def make(now: datetime.datetime) -> "FleetAuthority":
        """A new certificate authority with a key of its own (P-256). ``now``: when it begins to be valid."""
        key = ec.generate_private_key(ec.SECP256R1())
        number = x509.random_serial_number()
        name = common_name(f"Unclouded fleet {number & 0xFFFFFFFF:08x}")
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            begin_certificate(name, name, number, now, AUTHORITY_LIFE)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return FleetAuthority(made, key)

    @staticmethod
    def read(certificate: bytes, key: bytes) -> "FleetAuthority":
        """From its PEM files. Raises CommandError."""
        try:
            found = x509.load_pem_x509_certificate(certificate)
            private = serialization.load_pem_private_key(key, None)
        except (ValueError, TypeError):
            raise CommandError("The files of the authority are damaged, or locked with a password.") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or found.public_key() != private.public_key():
            raise CommandError("The key of the authority does not belong to its certificate.")
        return FleetAuthority(found, private)

    @property
    def pem(self) -> str:
        """The certificate of the authority, PEM, for those who are to trust it."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @property
    def der(self) -> bytes:
        """The same, as fingerprints are made of it."""
        return self._certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        """The secret key of the authority, PEM."""
        return _key_pem(self._key)

    @staticmethod
    def names_in(certificate: bytes) -> list[str]:
        """The names and addresses that a certificate (PEM) is for. Raises CommandError."""
        try:
            names = certificate_facts(certificate).names
        except ValueError:
            names = ()
        if not names:
            raise CommandError("A certificate in the folder tls is damaged: it says no names.")
        return list(names)

    def issue(self, hosts: Sequence[str], now: datetime.datetime) -> tuple[str, str]:
        """PEM of the chain (with the authority) and of the key, of a server for these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        both_ends = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])  # routes
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            begin_certificate(
                common_name(hosts[0][:64]), self._certificate.subject, x509.random_serial_number(), now, SERVER_LIFE
            )
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(both_ends, critical=False)
            .add_extension(issuer, critical=False)
            .add_extension(x509.SubjectAlternativeName([_host(one) for one in hosts]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode("ascii") + self.pem, _key_pem(key)


# --- inside -----------------------------------------------------------------------------------------


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return x509.DNSName(text)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form, lock = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, lock).decode("ascii")
