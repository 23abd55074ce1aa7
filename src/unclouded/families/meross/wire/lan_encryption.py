"""Encryption of HTTP bodies, and of the Wi-Fi password that a plug is given.

    plaintext   the envelope, and zero bytes up to the next block: at least 1, 16 where it is aligned
    body        base64( AES-256-CBC( plaintext ) ), IV 16 x "0"
    AES key     the 32 ASCII characters of md5_hex( … ):
                a bound plug     uuid[3:22] + key[1:9] + MAC with colons + key[10:28]
                set-up mode      the x coordinate of the ECDH result, 32 bytes, P-256
                WifiX password   type + uuid + MAC with colons

Neither the key nor a body is authenticated by it: the signature in the envelope shows who wrote it. Source:
docs/protocols/meross.md §1.5, §1.7.5; vectors in §3.3 to §3.5.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import cache
from hashlib import md5
from typing import TYPE_CHECKING

from unclouded.core.errors import WireError
from unclouded.families.meross.wire.envelope import PADDING
from unclouded.families.meross.wire.identity import mac_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 16
IV = b"0" * BLOCK
POINT = 65  # bytes of an uncompressed P-256 point: 04, x, y
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
PRIVATE_BYTES = 40  # random bytes of a private key: more than 32, so that no key is likelier than another


class LanCipher:
    """Encrypts and decrypts with one AES key of 32 bytes; make it with one of the functions below."""

    def __init__(self, key: bytes) -> None:
        self._cipher = _aes(key)

    def encrypt(self, plaintext: bytes) -> bytes:
        """The body: base64, one line."""
        encryptor = self._cipher.encryptor()
        padded = plaintext + bytes(BLOCK - len(plaintext) % BLOCK)
        return b64encode(encryptor.update(padded) + encryptor.finalize())

    def decrypt(self, body: bytes) -> bytes:
        """The plaintext without its zero bytes; with another key it is random bytes. Raises WireError."""
        try:
            blocks = b64decode(body.strip(PADDING), validate=True)
        except ValueError:
            raise WireError("the encrypted body is not base64") from None
        if not blocks or len(blocks) % BLOCK:
            raise WireError("the encrypted body has no whole blocks")
        decryptor = self._cipher.decryptor()
        return (decryptor.update(blocks) + decryptor.finalize()).rstrip(b"\0")


def is_clear(body: bytes) -> bool:
    """Whether a body is JSON in clear text: base64 has no brace."""
    return body.lstrip(PADDING).startswith(b"{")


def bound_cipher(uuid: str, key: str, mac: str = "") -> LanCipher:
    """That of a bound plug. ``key``: what it was bound with; ``mac``: "" = the one in its UUID."""
    text = uuid[3:22] + key[1:9] + (mac.lower() or mac_of(uuid)) + key[10:28]
    return LanCipher(_digits(text.encode()))


def plaintext_reader(uuid: str, key: str) -> Callable[[bytes], bytes]:
    """What turns a body of a bound plug into its message, for people; what it cannot decrypt stays as it is."""
    cipher = cache(lambda: bound_cipher(uuid, key))

    def read(body: bytes) -> bytes:
        if not body or not uuid or is_clear(body):
            return body
        try:
            message = cipher().decrypt(body)
        except WireError:
            return body
        return message if is_clear(message) else body

    return read


def session_cipher(shared: bytes) -> LanCipher:
    """That of a set-up session. ``shared``: what KeyExchange.shared_secret returned."""
    return LanCipher(_digits(shared))


def wifi_password(password: bytes, type: str, uuid: str, mac: str) -> str:
    """The ``password`` of WifiX; type, UUID and MAC as in System.Hardware."""
    return _wifi_cipher(type, uuid, mac).encrypt(password).decode()


def wifi_password_in(text: str, type: str, uuid: str, mac: str) -> bytes:
    """The password that WifiX carries, as a plug reads it. Raises WireError."""
    return _wifi_cipher(type, uuid, mac).decrypt(text.encode("utf-8", "replace"))


class KeyExchange:
    """One end of the key exchange of set-up mode. ``random``: PRIVATE_BYTES random bytes."""

    def __init__(self, random: bytes) -> None:
        if len(random) < PRIVATE_BYTES:
            raise ValueError(f"a private key needs {PRIVATE_BYTES} random bytes")
        self._key = _private_key(int.from_bytes(random, "big") % (ORDER - 1) + 1)

    @property
    def pubkey(self) -> str:
        """The ``pubkey`` of Encrypt.ECDHE: base64 of the point."""
        numbers = self._key.public_key().public_numbers()
        return b64encode(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")).decode()

    def shared_secret(self, pubkey: str) -> bytes:
        """The secret shared with the owner of this ``pubkey``: 32 bytes. Raises WireError."""
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            point = b64decode(pubkey, validate=True)
            other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError:
            raise WireError("the pubkey is not a point of P-256") from None
        if len(point) != POINT:
            raise WireError("the pubkey is not an uncompressed point")
        return self._key.exchange(ec.ECDH(), other)


def _digits(data: bytes) -> bytes:
    return md5(data, usedforsecurity=False).hexdigest().encode()


def _wifi_cipher(type: str, uuid: str, mac: str) -> LanCipher:
    return LanCipher(_digits(f"{type}{uuid}{mac}".encode()))


# The library takes 20 ms and 9 MB: it is imported where a plug encrypts, not where none does.


def _aes(key: bytes) -> "Cipher[CBC]":
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    return Cipher(AES(key), CBC(IV))


def _private_key(number: int) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(number, ec.SECP256R1())
