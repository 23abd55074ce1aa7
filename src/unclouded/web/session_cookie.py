"""The session of a browser: a signed cookie.

    v1.control.9f2c…e1.1763700000.1766292000.3.MAC
       role    session issued     expires    epoch of the role's password; MAC = HMAC-SHA256, URL-safe base 64

Nothing of a session is kept here but those that were logged out of before their time. A new password is a new
epoch, and with it every session of the one before ends. The cookie's name carries a mark of the signing key:
browsers do not tell ports apart, and two hubs on one computer must not take each other's sessions.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import cast

import msgspec

from unclouded.web.password import CredentialFile
from unclouded.web.schemas import Role

LIFE = 30 * 24 * 3600  # s that a session lives without a visit
RENEW_AFTER = 24 * 3600  # s after which a visit prolongs it
FUTURE = 300  # s that the clock may have been put back since it was issued

SHAPE = re.compile(r"v1\.(read|control)\.([0-9a-f]{32})\.([0-9]{1,12})\.([0-9]{1,12})\.([0-9]{1,9})\.[A-Za-z0-9_-]{43}")
PURPOSE = b"unclouded session\0"


class SessionCookie(msgspec.Struct, frozen=True):
    """Who may what, until when. Times are Unix seconds."""

    role: Role
    session: str
    issued: int
    expires: int
    epoch: int


def issue(role: Role, credentials: CredentialFile, now: int, session: str = "") -> SessionCookie:
    """A new ticket, or the same session's next one."""
    epoch = credentials.epochs.get(role, 0)
    return SessionCookie(role, session or secrets.token_hex(16), now, now + LIFE, epoch)


def written(ticket: SessionCookie, key: bytes) -> str:
    """The cookie's value."""
    body = f"v1.{ticket.role}.{ticket.session}.{ticket.issued}.{ticket.expires}.{ticket.epoch}"
    return f"{body}.{_mac(body, key)}"


def read(text: str, credentials: CredentialFile, now: int) -> SessionCookie | None:
    """The ticket, if it is ours, unchanged, and still good."""
    found = SHAPE.fullmatch(text)
    if found is None or not credentials.key:
        return None
    body, _, mac = text.rpartition(".")
    if not hmac.compare_digest(_mac(body, credentials.key), mac):
        return None
    role = cast(Role, found[1])  # SHAPE says so
    ticket = SessionCookie(role, found[2], int(found[3]), int(found[4]), int(found[5]))
    good = (
        ticket.issued - FUTURE <= now < ticket.expires
        and role in credentials.passwords
        and ticket.epoch == credentials.epochs.get(role, 0)
        and ticket.session not in credentials.ended
    )
    return ticket if good else None


def cookie_name(credentials: CredentialFile, secure: bool) -> str:
    """One name for each hub; over TLS browsers hold it to this host and to TLS."""
    mark = hashlib.sha256(b"unclouded cookie\0" + credentials.key).hexdigest()[:8]
    return f"{'__Host-' if secure else ''}unclouded-{mark}"


def cookie(ticket: SessionCookie | None, credentials: CredentialFile, now: int, secure: bool) -> str:
    """A Set-Cookie header; without a ticket the browser forgets the one it has."""
    value = written(ticket, credentials.key) if ticket is not None else ""
    age = ticket.expires - now if ticket is not None else 0
    safe = "; Secure" if secure else ""
    return f"{cookie_name(credentials, secure)}={value}; Max-Age={age}; Path=/; HttpOnly; SameSite=Strict{safe}"


def _mac(body: str, key: bytes) -> str:
    digest = hmac.digest(key, PURPOSE + body.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
