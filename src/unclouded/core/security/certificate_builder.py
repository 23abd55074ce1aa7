"""The beginning of a certificate that this program issues: for the plugs' broker, and for a fleet."""

import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

BACKDATED = datetime.timedelta(days=1)  # clocks of plugs and homes may be behind


def begin_certificate(
    name: x509.Name, issuer: x509.Name, number: int, now: datetime.datetime, life: datetime.timedelta
) -> x509.CertificateBuilder:
    """Subject, issuer, serial number and validity; from a day before ``now`` until ``life`` after it."""
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).serial_number(number)
    return builder.not_valid_before(now - BACKDATED).not_valid_after(now + life)


def common_name(text: str) -> x509.Name:
    """An X.509 name that consists of a common name only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
