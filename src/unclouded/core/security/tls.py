"""Which TLS versions and cipher suites every end of this program uses.

                        versions      suites of TLS 1.2 and older                            security level
    page, clients       1.2, 1.3      MODERN: ephemeral keys, AEAD                           2
    broker              1.2, 1.3      MODERN + CBC_SHA2                                      2
      old_tls           1.0 to 1.3    and EPHEMERAL_SHA1                                     0
      old_ciphers       1.2, 1.3      and EPHEMERAL_SHA1 + PLAIN_RSA                         1

Everything is set explicitly: the defaults differ between builds of Python (Debian's offers 60 suites, python.org's 17),
between versions of OpenSSL, and with /etc/ssl/openssl.cnf. The suites of TLS 1.3 cannot be set in Python 3.11; all
three are AEAD with ephemeral keys. Sources: RFC 9325; docs/protocols/meross.md §1.6.4 for what plugs support.
"""

import ssl
import warnings
from pathlib import Path

MODERN = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
CBC_SHA2 = ("ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA384")  # for plugs of 2020
EPHEMERAL_SHA1 = ("ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA")  # the only ones with ephemeral keys before TLS 1.2
PLAIN_RSA = (  # whoever obtains the key later can decrypt recorded traffic
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA256",
    "AES256-SHA256",
    "AES128-SHA",
    "AES256-SHA",
)


def server_context(chain: Path, key: Path) -> ssl.SSLContext:
    """For a server that browsers and other current clients connect to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context, MODERN, level=2)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(chain, key)
    return context


def plug_server_context(chain: Path, key: Path, *, old_tls: bool = False, old_ciphers: bool = False) -> ssl.SSLContext:
    """For the server of plugs. ``old_tls``: also TLS 1.0 and 1.1; ``old_ciphers``: also plain RSA."""
    context = server_context(chain, key)
    suites: tuple[str, ...] = MODERN + CBC_SHA2
    if old_tls or old_ciphers:
        suites += EPHEMERAL_SHA1
    if old_ciphers:
        suites += PLAIN_RSA
    level = 0 if old_tls else 1 if old_ciphers else 2
    _restrict(context, suites, level, ssl.TLSVersion.TLSv1 if old_tls else ssl.TLSVersion.TLSv1_2)
    context.num_tickets = 0  # no plug resumes a session, and tickets cost time when all plugs connect at once
    return context


def client_context(authority: Path | None = None) -> ssl.SSLContext:
    """For a client that verifies the server: by ``authority``, or by the authorities of the system. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context, MODERN, level=2)
    if authority is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(authority)
    return context


def plug_client_context(rsa_only: bool = False) -> ssl.SSLContext:
    """For a simulated plug, which verifies nothing, as real plugs do.

    ``rsa_only``: it accepts only servers with an RSA key, and TLS 1.2 at most, as real plugs do.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    suites = [suite for suite in MODERN + CBC_SHA2 if not rsa_only or "ECDSA" not in suite]
    _restrict(context, tuple(suites), level=2)
    if rsa_only:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def old_plug_client_context(*, old_tls: bool) -> ssl.SSLContext:
    """For finding out whether a broker accepts old plugs: one that has only TLS 1.0 and 1.1 (``old_tls``), else one
    that has TLS 1.2 and plain RSA only. It verifies nothing.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    suites = EPHEMERAL_SHA1 + PLAIN_RSA if old_tls else PLAIN_RSA
    _restrict(context, suites, 0, ssl.TLSVersion.TLSv1 if old_tls else ssl.TLSVersion.TLSv1_2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1, which is asked for here
        context.maximum_version = ssl.TLSVersion.TLSv1_1 if old_tls else ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _restrict(
    context: ssl.SSLContext,
    suites: tuple[str, ...],
    level: int,
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
) -> None:
    context.set_ciphers(f"{':'.join(suites)}:@SECLEVEL={level}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.0, which the configuration asks for
        context.minimum_version = oldest
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.options |= ssl.OP_NO_COMPRESSION
