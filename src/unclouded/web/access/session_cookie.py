"""The session cookie of a browser, signed by the hub.

    v1.control.9f2c…e1.1763700000.1766292000.3.MAC
       role    session issued     expires    epoch of the role's password; MAC = HMAC-SHA256, URL-safe base 64

The hub stores no sessions, only the ids of those that were logged out before they expired. A new password starts a new
epoch, which ends all sessions of the previous one. The name of the cookie contains a hash of the signing key, because
browsers do not separate cookies by port, and two hubs on one computer must not overwrite each other's cookies.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import cast

import msgspec

from unclouded.web.access.password import CredentialFile
from unclouded.web.schemas import Role

LIFETIME_S = 30 * 24 * 3600  # of a session without requests
RENEW_AFTER_S = 24 * 3600  # age at which the next request renews it
CLOCK_TOLERANCE_S = 300  # by which the clock may have been set back since the cookie was issued

SHAPE = re.compile(r"v1\.(read|control)\.([0-9a-f]{32})\.([0-9]{1,12})\.([0-9]{1,12})\.([0-9]{1,9})\.[A-Za-z0-9_-]{43}")
PURPOSE = b"unclouded session\0"


class SessionCookie(msgspec.Struct, frozen=True):
    """Role and validity of a session. Times are Unix seconds."""

    role: Role
    session: str
    issued: int
    expires: int
    epoch: int

    def is_valid(self, credentials: CredentialFile, now: int) -> bool:
        """Whether it has begun, has not ended, and belongs to the password that its role has now."""
        return (
            self.issued - CLOCK_TOLERANCE_S <= now < self.expires
            and self.role in credentials.passwords
            and self.epoch == credentials.epochs.get(self.role, 0)
            and self.session not in credentials.ended
        )


def issue(role: Role, credentials: CredentialFile, now: int, session: str = "") -> SessionCookie:
    """A new session, or the renewal of an existing one."""
    epoch = credentials.epochs.get(role, 0)
    return SessionCookie(role, session or secrets.token_hex(16), now, now + LIFETIME_S, epoch)


def encoded(session: SessionCookie, key: bytes) -> str:
    """The cookie's value."""
    body = f"v1.{session.role}.{session.session}.{session.issued}.{session.expires}.{session.epoch}"
    return f"{body}.{_mac(body, key)}"


def read(text: str, credentials: CredentialFile, now: int) -> SessionCookie | None:
    """The session, if the cookie was signed by this hub and is valid."""
    found = SHAPE.fullmatch(text)
    if found is None or not credentials.key:
        return None
    body, _, mac = text.rpartition(".")
    if not hmac.compare_digest(_mac(body, credentials.key), mac):
        return None
    role = cast(Role, found[1])  # by SHAPE
    session = SessionCookie(role, found[2], int(found[3]), int(found[4]), int(found[5]))
    return session if session.is_valid(credentials, now) else None


def cookie_name(credentials: CredentialFile, secure: bool) -> str:
    """One name per hub; over TLS, browsers restrict it to this host and to TLS."""
    mark = hashlib.sha256(b"unclouded cookie\0" + credentials.key).hexdigest()[:8]
    return f"{'__Host-' if secure else ''}unclouded-{mark}"


def set_cookie(session: SessionCookie | None, credentials: CredentialFile, now: int, secure: bool) -> str:
    """The value of a Set-Cookie header; without a session, the browser deletes its cookie."""
    value = encoded(session, credentials.key) if session is not None else ""
    age = session.expires - now if session is not None else 0
    safe = "; Secure" if secure else ""
    return f"{cookie_name(credentials, secure)}={value}; Max-Age={age}; Path=/; HttpOnly; SameSite=Strict{safe}"


def _mac(body: str, key: bytes) -> str:
    digest = hmac.digest(key, PURPOSE + body.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
