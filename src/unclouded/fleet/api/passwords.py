"""Passwords of people, hashed as those of a hub's page are (web/access/password.py), as text for the database."""

import hashlib
from collections.abc import Callable

import msgspec

from unclouded.web.access.password import Cost, Password, hashed
from unclouded.web.schemas import LONGEST_PASSWORD

UNKNOWN_PERSON = hashed("no one has this password", Cost(2, 1, 1))  # for the time that a check takes


def stored_password(text: str, cost: Cost = Cost()) -> str:  # noqa: B008  (frozen)
    """What the database keeps. Raises CommandError where it is too short or too long."""
    return msgspec.json.encode(hashed(text, cost)).decode()


def password_check(stored: str | None, text: str, cost: Cost) -> Callable[[], bool]:
    """Whether the text is the password; without one the check takes as long, and fails."""
    if stored is None:
        unknown = msgspec.structs.replace(UNKNOWN_PERSON, n=cost.n, r=cost.r, p=cost.p)
        return lambda: unknown.fits(text[:LONGEST_PASSWORD]) and False
    password = msgspec.json.decode(stored, type=Password)
    return lambda: len(text) <= LONGEST_PASSWORD and password.fits(text)


def session_digest(secret: str) -> bytes:
    """What the database keeps of a session's or a token's secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
