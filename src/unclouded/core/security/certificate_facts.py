"""What a certificate says, for people: whose it is, until when, for which names, by which authority."""

import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


class CertificateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``names``: host names and addresses. ``key_bits``: of an RSA key; 0 = it has another kind."""

    common_name: str
    names: tuple[str, ...]
    begins: datetime.datetime
    ends: datetime.datetime
    key_bits: int
    is_signed_by: bool = False


def certificate_facts(data: bytes, authority: bytes | None = None) -> CertificateFacts:
    """``data``: PEM or DER. ``authority``: that of the certificate's authority. Raises ValueError."""
    found = _loaded(data)
    key = found.public_key()
    return CertificateFacts(
        common_name=_common_name(found),
        names=_names(found),
        begins=found.not_valid_before_utc,
        ends=found.not_valid_after_utc,
        key_bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        is_signed_by=authority is not None and _is_signed_by(found, _loaded(authority)),
    )


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two certificates, PEM or DER, are the same. Raises ValueError."""
    return _loaded(one) == _loaded(other)


def _loaded(data: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(data) if b"-----BEGIN" in data else x509.load_der_x509_certificate(data)


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(one) for one in listed.get_values_for_type(x509.IPAddress)]
    return (*listed.get_values_for_type(x509.DNSName), *addresses)


def _is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
