"""Encryption with a passphrase: the age format, version 1 (age-encryption.org/v1; C2SP specification "age").

    age-encryption.org/v1
    -> scrypt SALT LOG_N                 the passphrase, by scrypt (N = 2 ** LOG_N, r = 8, p = 1) …
    WRAPPED                              … opens the file key (ChaCha20-Poly1305)
    --- MAC                              of this header, with a key from the file key (HKDF-SHA-256, HMAC-SHA-256)
    NONCE (16 bytes) | chunks of 64 KiB, each with its tag; counted, and the last one marked

So `age --decrypt` of anyone opens such a file, also without Unclouded. ChaCha20 is fast where a processor has no
instructions for AES, as a Raspberry Pi 4.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import Protocol

from unclouded.core.errors import CommandError

MAGIC = b"age-encryption.org/v1\n"
LOG_N = 16  # 64 MB of memory and 0.2 s for each guess
MOST_LOG_N = 20  # that is read; 1 GB
CHUNK, TAG = 64 * 1024, 16  # bytes
LONGEST_HEADER = 1000  # bytes
SCRYPT_SALT = b"age-encryption.org/v1/scrypt"
HEADER = re.compile(
    rb"age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n([A-Za-z0-9+/]{43})\n---"
    rb" ([A-Za-z0-9+/]{43})\n"
)
NOT_OURS = "It is encrypted, but not with a passphrase by age: this cannot be opened here."
DAMAGED = "The file is damaged, or was changed: it cannot be decrypted to its end."


class EncryptedSource(Protocol):
    """A stream of bytes: up to so many, none at its end."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; none at the end."""


def encrypted(pieces: Iterable[bytes], passphrase: str, log_n: int = 0) -> Iterator[bytes]:
    """The bytes of an age file. ``log_n``: of scrypt, 0 = LOG_N."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    log_n = log_n or LOG_N
    file_key, salt, nonce = secrets.token_bytes(16), secrets.token_bytes(16), secrets.token_bytes(16)
    wrapped = ChaCha20Poly1305(_wrap_key(passphrase, salt, log_n)).encrypt(bytes(12), file_key, None)
    head = MAGIC + b"-> scrypt %s %d\n%s\n---" % (_text(salt), log_n, _text(wrapped))
    yield head + b" " + _text(_mac(file_key, head)) + b"\n" + nonce
    cipher = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))
    number, held = 0, bytearray()
    for piece in pieces:
        held += piece
        while len(held) > CHUNK:  # the last one, which is marked, is never empty but in an empty file
            yield cipher.encrypt(_chunk_nonce(number, False), bytes(held[:CHUNK]), None)
            del held[:CHUNK]
            number += 1
    yield cipher.encrypt(_chunk_nonce(number, True), bytes(held), None)


def decrypted(source: EncryptedSource, passphrase: str) -> Iterator[bytes]:
    """What is in an age file, each chunk once it is proven. Raises CommandError, also after the first chunks."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt, log_n, wrapped, mac, head = _header(source)
    try:
        key = _wrap_key(passphrase, salt, log_n)
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), wrapped, None)
    except InvalidTag:
        raise CommandError("The passphrase is wrong.") from None
    if not hmac.compare_digest(_mac(file_key, head), mac):
        raise CommandError(DAMAGED)
    cipher = ChaCha20Poly1305(_hkdf(file_key, _exactly(source, 16), b"payload"))
    number, chunk = 0, _up_to(source, CHUNK + TAG)
    try:
        while following := _up_to(source, CHUNK + TAG):
            yield cipher.decrypt(_chunk_nonce(number, False), chunk, None)
            number, chunk = number + 1, following
        yield cipher.decrypt(_chunk_nonce(number, True), chunk, None)
    except (InvalidTag, ValueError):
        raise CommandError(DAMAGED) from None


# --- inside -------------------------------------------------------------------------------------------


def _header(source: EncryptedSource) -> tuple[bytes, int, bytes, bytes, bytes]:
    """Salt, logarithm of scrypt's N, wrapped file key, MAC, and the text that the MAC is of. Raises CommandError."""
    text = b""
    while not (found := HEADER.fullmatch(text)):
        byte = source.read(1)
        text += byte
        if not byte or len(text) > LONGEST_HEADER:
            raise CommandError(NOT_OURS)
    log_n = int(found[2])
    if log_n > MOST_LOG_N:
        raise CommandError(f"Opening it would take {2 ** (log_n - 10):,} MB of memory, which is refused.")
    salt, wrapped, mac = (b64decode(one + b"=" * (-len(one) % 4)) for one in (found[1], found[3], found[4]))
    return salt, log_n, wrapped, mac, text[: text.rindex(b"---") + 3]


def _wrap_key(passphrase: str, salt: bytes, log_n: int) -> bytes:
    memory = 1024 * 2**log_n + (1 << 20)
    return hashlib.scrypt(passphrase.encode(), salt=SCRYPT_SALT + salt, n=2**log_n, r=8, p=1, maxmem=memory, dklen=32)


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_hkdf(file_key, b"", b"header"), head, "sha256")


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 (RFC 5869), 32 bytes."""
    extracted = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def _chunk_nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _text(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")


def _exactly(source: EncryptedSource, size: int) -> bytes:
    data = _up_to(source, size)
    if len(data) < size:
        raise CommandError(DAMAGED)
    return data


def _up_to(source: EncryptedSource, size: int) -> bytes:
    parts, left = list[bytes](), size
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
