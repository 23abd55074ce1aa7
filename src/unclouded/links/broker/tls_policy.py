"""TLS of the broker: its context (core/security/tls.py), and readable reasons why a client's handshake failed.

    16 | 03 vv | LL LL | 01 | LL LL LL | VV VV | 32 random | sid | ciphers | compressions | extensions
    record, its length  | ClientHello   legacy version                       e.g. 002b = versions, 0000 = host name

OpenSSL reports only "no shared cipher"; what a client offered is read from its first message, which is not encrypted.
Sources: RFC 8446 §4.1.2, RFC 5246 §7.4.1.2; docs/protocols/meross.md §1.6.4 for what plugs of which year support.
"""

import logging
import ssl
from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.security.tls import EPHEMERAL_SHA1, PLAIN_RSA, plug_server_context
from unclouded.links.broker.certificate_kinds import Certificates

log = logging.getLogger("unclouded.broker")

HELLO_LIMIT = 4_096  # bytes of the first message that are kept for the explanation
_CIPHERS: Mapping[int, str] = {
    0x0004: "RC4-MD5",
    0x0005: "RC4-SHA",
    0x000A: "DES-CBC3-SHA",
    0x002F: "AES128-SHA",
    0x0033: "DHE-RSA-AES128-SHA",
    0x0035: "AES256-SHA",
    0x0039: "DHE-RSA-AES256-SHA",
    0x003C: "AES128-SHA256",
    0x003D: "AES256-SHA256",
    0x009C: "AES128-GCM-SHA256",
    0x009D: "AES256-GCM-SHA384",
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0xC009: "ECDHE-ECDSA-AES128-SHA",
    0xC00A: "ECDHE-ECDSA-AES256-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0xC014: "ECDHE-RSA-AES256-SHA",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
}
_SIGNALLING_VALUES = frozenset({0x00FF, 0x5600})  # signalling values in the cipher list (RFC 5746, RFC 7507)
_VERSIONS: Mapping[int, str] = {
    0x0300: "SSL 3",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
}
_TLS12 = 0x0303

ALLOW_OLD_TLS = "allow old versions with old_tls = true in [broker]"
ALLOW_OLD_CIPHERS = "allow old ciphers with old_ciphers = true in [broker]"


def server_context(files: Certificates, *, old_tls: bool = False, old_ciphers: bool = False) -> ssl.SSLContext:
    """The broker's context; each of the settings for old plugs is warned of in the log."""
    if old_ciphers:
        log.warning(
            "The broker accepts old ciphers (plain RSA, SHA-1): whoever obtains the key later can decrypt recorded "
            "traffic. Set old_ciphers back to false when no plug needs it any more."
        )
    if old_tls:
        log.warning(
            "The broker accepts TLS 1.0 and 1.1, which are insecure and disabled everywhere else. "
            "Set old_tls back to false when no plug needs it any more."
        )
    return plug_server_context(files.chain, files.key, old_tls=old_tls, old_ciphers=old_ciphers)


# --- why a handshake failed ------------------------------------------------------------------------


class ClientHello(msgspec.Struct, frozen=True):
    """What a client offers. ``version``: the highest."""

    version: int
    ciphers: tuple[int, ...]

    @property
    def version_name(self) -> str:
        return _VERSIONS.get(self.version, f"version {self.version:#06x}")

    @property
    def cipher_names(self) -> str:
        """The cipher suites that it offers, eight at most by name."""
        names = [_CIPHERS.get(cipher, f"{cipher:#06x}") for cipher in self.ciphers]
        return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def read_hello(data: bytes) -> ClientHello | None:
    """The offer in the first message; None where it is not a ClientHello or incomplete."""
    try:
        return _read_hello(_handshake(data))
    except IndexError:
        return None


def _handshake(data: bytes) -> bytes:
    """The contents of the first records."""
    body = b""
    while len(data) >= 5 and data[0] == 0x16:
        size = int.from_bytes(data[3:5], "big")
        body += data[5 : 5 + size]
        data = data[5 + size :]
    return body


def _read_hello(body: bytes) -> ClientHello | None:
    if body[0] != 1:
        return None
    version, at = _number(body, 4), 38
    at += 1 + body[at]
    size = _number(body, at)
    listed = [_number(body, place) for place in range(at + 2, at + 2 + size, 2)]
    at += 2 + size
    at += 1 + body[at]
    ciphers = tuple(cipher for cipher in listed if cipher not in _SIGNALLING_VALUES and not _grease(cipher))
    return ClientHello(max([version, *_offered_versions(body, at)]), ciphers)


def _offered_versions(body: bytes, at: int) -> Sequence[int]:
    """The versions in the extension that lists them; older clients do not send it."""
    end = at + 2 + _number(body, at) if at + 1 < len(body) else at
    at += 2
    while at + 4 <= end:
        kind, size = _number(body, at), _number(body, at + 2)
        if kind == 0x002B:
            listed = [_number(body, place) for place in range(at + 5, at + 5 + body[at + 4] // 2 * 2, 2)]
            return [version for version in listed if not _grease(version)]
        at += 4 + size
    return []


def _number(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _grease(value: int) -> bool:
    """Whether it is a reserved value that browsers add on purpose (RFC 8701)."""
    return value & 0x0F0F == 0x0A0A


_ALERTS: Mapping[str, str] = {
    "UNKNOWN_CA": "It does not trust the broker's CA: install ca/ca.pem there, or disable its check.",
    "BAD_CERTIFICATE": "It rejects the broker's certificate. Is it bound to a name in [broker] host?",
    "CERTIFICATE_UNKNOWN": "It rejects the broker's certificate. Is it bound to a name in [broker] host?",
    "CERTIFICATE_EXPIRED": "It considers the broker's certificate expired. Is its clock right?",
    "PROTOCOL_VERSION": "It requires another version of TLS.",
    "HANDSHAKE_FAILURE": "It found no common parameters.",
}


def explain(error: ssl.SSLError, first: bytes) -> str:
    """Why a handshake failed and what to do; ``first``: the first bytes from the client."""
    reason = error.reason or "unknown reason"
    if (words := _not_tls(first)) is not None:
        return words
    for alert, words in _ALERTS.items():
        if reason.endswith(f"ALERT_{alert}"):
            return f"The client aborted the TLS handshake. {words}"
    hello = read_hello(first)
    if hello is None:
        return f"The TLS handshake failed ({reason.lower().replace('_', ' ')})."
    return _mismatch(reason, hello)


def _not_tls(first: bytes) -> str | None:
    if first[:1] == b"\x16":
        return None
    if first[:1] == b"\x10":
        return "The client uses MQTT without TLS. The broker accepts TLS only."
    if first[:4] in (b"GET ", b"POST", b"HEAD", b"PUT "):
        return "The client uses HTTP. This port is the MQTT broker for plugs, which needs TLS."
    return "The client does not use TLS."


def _mismatch(reason: str, hello: ClientHello) -> str:
    if hello.version < _TLS12 and reason in ("UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION"):
        return f"The client offers only {hello.version_name}: {ALLOW_OLD_TLS}."
    if "SIGNATURE_ALGORITHM" in reason:
        return f"The client accepts only signatures with SHA-1: {ALLOW_OLD_TLS}."
    if reason == "NO_SHARED_CIPHER":
        return f"The client offers only {hello.cipher_names}: {_cipher_advice(hello)}."
    words = reason.lower().replace("_", " ")
    return f"The TLS handshake failed ({words}); the client offers {hello.version_name} with {hello.cipher_names}."


def _cipher_advice(hello: ClientHello) -> str:
    names = {_CIPHERS.get(cipher, "") for cipher in hello.ciphers}
    if names & {*EPHEMERAL_SHA1, *PLAIN_RSA}:
        return ALLOW_OLD_CIPHERS
    if any("ECDSA" in name for name in names):
        return "it requires an ECDSA certificate, which no plug supports, so the broker has none"
    return "the broker supports none of them, and no setting enables them"
