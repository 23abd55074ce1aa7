"""NKeys: Ed25519 keys of NATS as text. A hub has one of the kind ``user``; a fleet has operators, accounts and users.

    public key  base32 of  kind (1 byte), key (32 bytes), CRC-16/XMODEM of both (2 bytes, little-endian): "UAB…"
    seed        base32 of  18 << 3 | kind >> 5, (kind & 31) << 3, seed (32 bytes), CRC-16: "SUA…"

without padding, so that the kind is the first letter (the second of a seed). Source: docs/protocols/fleet.md §10
"""

import base64
import binascii
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KeyKind = Literal["operator", "account", "user"]

KINDS: dict[KeyKind, int] = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
SEED = 18 << 3
PUBLIC_LENGTH = 56  # characters
SEED_LENGTH = 58
SIGNATURE_LENGTH = 64  # bytes


class KeyTextError(ValueError):
    """A text that is not a key of the kind that is needed. ``reason`` says why, and never repeats the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NKey:
    """A key pair. Its ``repr`` shows the public key only."""

    def __init__(self, kind: KeyKind, seed: bytes) -> None:
        """``seed``: 32 random bytes."""
        if len(seed) != 32:
            raise KeyTextError(f"a seed has 32 bytes, not {len(seed)}")
        self.kind = kind
        self._seed = seed
        self._private = _private_key(seed)
        self.public = _public_text(KINDS[kind], self._private.public_key().public_bytes_raw())

    @property
    def seed(self) -> str:
        """The secret text ("SU…"): for its file only."""
        kind = KINDS[self.kind]
        return _text(bytes([SEED | kind >> 5, (kind & 31) << 3]) + self._seed)

    def sign(self, data: bytes) -> bytes:
        """The signature: 64 bytes."""
        return self._private.sign(data)

    def __repr__(self) -> str:
        return f"NKey({self.public})"


def read_seed(text: str, kind: KeyKind) -> NKey:
    """The key pair of a seed. Raises KeyTextError."""
    data = _bytes(text, SEED_LENGTH)
    if data[0] & 0xF8 != SEED or data[1] & 7:
        raise KeyTextError("it is not a seed")
    _check_kind((data[0] & 7) << 5 | data[1] >> 3, kind)
    return NKey(kind, data[2:])


def read_public(text: str, kind: KeyKind) -> bytes:
    """The 32 bytes of a public key. Raises KeyTextError."""
    data = _bytes(text, PUBLIC_LENGTH)
    _check_kind(data[0], kind)
    return data[1:]


def is_signed(data: bytes, signature: bytes, public: str, kind: KeyKind) -> bool:
    """Whether the owner of this public key made the signature. Raises KeyTextError for a text that is no such key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = read_public(public, kind)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- inside -----------------------------------------------------------------------------------------


def _private_key(seed: bytes) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # 9 MB: only where a key is used

    return Ed25519PrivateKey.from_private_bytes(seed)


def _public_text(kind: int, key: bytes) -> str:
    return _text(bytes([kind]) + key)


def _text(data: bytes) -> str:
    return base64.b32encode(data + binascii.crc_hqx(data, 0).to_bytes(2, "little")).decode("ascii").rstrip("=")


def _bytes(text: str, length: int) -> bytes:
    """What stands before the check sum. Only the one text that encodes it is read."""
    if len(text) != length:
        raise KeyTextError(f"it has {len(text)} characters instead of {length}")
    try:
        data = base64.b32decode(text + "=" * (-length % 8))
    except ValueError:
        raise KeyTextError("it has characters other than A-Z and 2-7") from None
    if _text(data[:-2]) != text:
        raise KeyTextError("its check sum is wrong: it was not copied whole")
    return data[:-2]


def _check_kind(found: int, wanted: KeyKind) -> None:
    if found != KINDS[wanted]:
        known = next((name for name, kind in KINDS.items() if kind == found), "another kind")
        raise KeyTextError(f"it is a key of {known}, not of {wanted}")
