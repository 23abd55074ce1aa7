"""Tokens of NATS: JWTs whose header says ``ed25519-nkey``, signed by an NKey. Source: docs/protocols/fleet.md §10"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from unclouded.core.security.nkeys import SIGNATURE_LENGTH, KeyKind, KeyTextError, NKey, is_signed, read_public

TokenKind = Literal["operator", "account", "user"]

HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
FORM = 2  # version of the claims
LARGEST = 4 << 20  # characters of a token: an account with 20,000 revocations has a tenth of it

T = TypeVar("T")


class TokenError(ValueError):
    """A text that is not a valid token. ``reason`` says why, and never repeats the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Claims(msgspec.Struct, frozen=True):
    """What a token claims. ``issued``, ``expires``: Unix s, 0 = never; ``nats``: the part of its kind.

    ``subject``, ``issuer``: public keys.
    """

    kind: TokenKind
    subject: str
    name: str
    issuer: str
    issued: int
    expires: int
    nats: dict[str, Any]


class _Header(msgspec.Struct):
    typ: str
    alg: str


class _Body(msgspec.Struct):
    sub: str
    iss: str
    iat: int
    nats: dict[str, Any]
    name: str = ""
    exp: int = 0


def sign_claims(
    kind: TokenKind, subject: str, name: str, nats: Mapping[str, object], key: NKey, now: int, expires: int = 0
) -> str:
    """The token that says this, signed with ``key``. ``now``, ``expires``: Unix s, 0 = never."""
    read_public(subject, kind)
    body: dict[str, object] = {"iat": now, "iss": key.public, "name": name, "sub": subject}
    if expires:
        body["exp"] = expires
    body["nats"] = {**nats, "type": kind, "version": FORM}
    body["jti"] = base64.b32encode(hashlib.sha256(msgspec.json.encode(body)).digest()).decode("ascii").rstrip("=")
    text = f"{_part(msgspec.json.encode(HEADER))}.{_part(msgspec.json.encode(body))}"
    return f"{text}.{_part(key.sign(text.encode('ascii')))}"


def read_token(text: str, kind: TokenKind) -> Claims:
    """The claims of a token whose signature is its issuer's; whether the issuer is trusted is the caller's to see.

    Raises TokenError.
    """
    if len(text) > LARGEST:
        raise TokenError("it is too long")
    parts = text.split(".")
    if len(parts) != 3:
        raise TokenError("it has not three parts")
    header, body = _read(parts[0], _Header), _read(parts[1], _Body)
    if (header.typ, header.alg) != ("JWT", "ed25519-nkey"):
        raise TokenError("it is not signed with an NKey")
    if body.nats.get("type") != kind or body.nats.get("version") != FORM:
        raise TokenError(f"it is not a token of the kind {kind}")
    try:
        read_public(body.sub, kind)
        issuer: KeyKind = "account" if kind == "user" else "operator"  # which signs accounts and itself
        signed = f"{parts[0]}.{parts[1]}".encode("ascii")
        holds = is_signed(signed, _data(parts[2], SIGNATURE_LENGTH), body.iss, issuer)
    except KeyTextError as error:
        raise TokenError(f"it names an invalid key: {error.reason}") from None
    if not holds:
        raise TokenError("its signature is wrong")
    return Claims(kind, body.sub, body.name, body.iss, body.iat, body.exp, body.nats)


# --- inside -----------------------------------------------------------------------------------------


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _data(part: str, length: int = 0) -> bytes:
    """Only the one text that encodes the bytes is read."""
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise TokenError("a part of it is not base64") from None
    if _part(data) != part or (length and len(data) != length):
        raise TokenError("a part of it is damaged")
    return data


def _read(part: str, form: type[T]) -> T:
    try:
        return msgspec.json.decode(_data(part), type=form)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise TokenError("a part of it is not the JSON of a token") from None
