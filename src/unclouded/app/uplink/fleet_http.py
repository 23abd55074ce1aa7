"""Requests to a fleet over HTTPS: joining and leaving. Bounded in size and time; no redirects; the server is verified.

Source: docs/protocols/fleet.md §10
"""

import errno
import hmac
import http.client
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec

from unclouded import VERSION
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.security.tls import client_context
from unclouded.core.text.printable import printable
from unclouded.uplink.joining import (
    LEAVE_PATH,
    PATH,
    RENEW_PATH,
    REVOKED_ID,
    EnrolAnswer,
    EnrolRequest,
    LeaveRequest,
    RenewAnswer,
    RenewRequest,
    fingerprint_of,
)

TIMEOUT_S = 15.0
LONGEST_ANSWER = 256 * 1024  # bytes
CLOCK_S = 3600.0  # s by which the clock of this computer may differ from that of the fleet
NO_FLEET = (301, 302, 303, 307, 308, 404, 405, 501)  # of a web server that has no such path
ADDRESS = "Compare the address behind @ with the invitation."
AWAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
CLOCK_CODES = (9, 10)  # of X.509: not yet valid, expired
REFUSED = (
    "The fleet does not accept this code: it is unknown, has expired (codes are valid for 15 minutes) or was used. Ask "
    "its operator for another one. A hub that the fleet has revoked leaves first: unclouded leave"
)


REVOKED = (
    "The fleet has revoked this hub, or deleted its home: nothing is sent any more, and all else works as before. Ask"
    " its operator for a code, then: unclouded leave; unclouded join CODE"
)


class FleetRevoked(CommandError):
    """For good: this key is not accepted again."""


class FleetHttp:
    """``authority``: PEM, "" = those of the system. Waits in the calling thread."""

    def __init__(self, url: str, authority: str = "") -> None:
        self._url = urlsplit(url)
        self._authority = authority

    def authority_of(self, fingerprint: str) -> str:
        """The fleet's own authority (PEM), fetched without trust, compared with its fingerprint. Raises LinkError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = (
            False,
            ssl.CERT_NONE,
        )  # nothing is sent, and what comes is compared
        status, body = self._exchange("GET", PATH, b"", context)
        try:
            pem = body.decode("ascii")
            found = fingerprint_of(ssl.PEM_cert_to_DER_cert(pem)) if status == 200 else ""
        except ValueError:
            found = ""
        if not hmac.compare_digest(found, fingerprint):
            raise LinkError(
                f"{self._url.netloc} is not the fleet of this invitation: its certificate has another fingerprint. "
                "Compare the text behind # with what the operator sees."
            )
        return pem

    def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Raises LinkError and CommandError."""
        status, body = self._exchange("POST", PATH, msgspec.json.encode(request), self._context())
        if status == 403:
            raise CommandError(REFUSED)
        if status in NO_FLEET:
            raise LinkError(f"{self._url.netloc} answers ({status}), but not as a fleet of Unclouded. {ADDRESS}")
        if status != 200:
            raise LinkError(_failure(status, body))
        try:
            return msgspec.json.decode(body, type=EnrolAnswer)
        except (msgspec.MsgspecError, UnicodeError):
            raise LinkError(f"{self._url.netloc} answers, but not as a fleet of Unclouded. {ADDRESS}") from None

    def leave(self, request: LeaveRequest) -> None:
        """Raises LinkError."""
        status, body = self._exchange("POST", LEAVE_PATH, msgspec.json.encode(request), self._context())
        if status != 204:
            raise LinkError(_failure(status, body))

    def renew(self, request: RenewRequest) -> RenewAnswer:
        """Raises FleetRevoked, LinkError, and CommandError where the clock of this computer is wrong."""
        status, body = self._exchange("POST", RENEW_PATH, msgspec.json.encode(request), self._context())
        if status == 403 and _error_of(body).id == REVOKED_ID:
            raise FleetRevoked(REVOKED)
        if status != 200:
            raise LinkError(_failure(status, body))
        try:
            return msgspec.json.decode(body, type=RenewAnswer)
        except (msgspec.MsgspecError, UnicodeError):
            raise LinkError(f"{self._url.netloc} answers, but not as a fleet of Unclouded.") from None

    # --- inside --------------------------------------------------------------------------------

    def _context(self) -> ssl.SSLContext:
        if not self._authority:
            return client_context()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cadata=self._authority)
        except (ssl.SSLError, ValueError) as error:
            raise CommandError(f"The certificate of the authority cannot be used: {error}.") from None
        return context

    def _exchange(self, method: str, path: str, body: bytes, context: ssl.SSLContext) -> tuple[int, bytes]:
        place = self._url.netloc
        connection = self._connection(context)
        headers = {"Content-Type": "application/json", "User-Agent": f"unclouded/{VERSION}", "Connection": "close"}
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            data = answer.read(LONGEST_ANSWER)
        except ssl.SSLCertVerificationError as error:
            raise LinkError(_untrusted(place, error)) from None
        except TimeoutError:
            raise LinkError(f"The fleet at {place} does not answer within {TIMEOUT_S:g} s.") from None
        except (OSError, http.client.HTTPException) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise LinkError(f"The fleet at {place} cannot be reached: {why}. {_hint(error)}") from None
        finally:
            connection.close()
        _check_clock(answer.getheader("Date"))
        return answer.status, data

    def _connection(self, context: ssl.SSLContext) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, self._url.port or 443, timeout=TIMEOUT_S, context=context)
        return http.client.HTTPConnection(host, self._url.port or 80, timeout=TIMEOUT_S)


class _ErrorText(msgspec.Struct, frozen=True):
    message: str = ""


class _ErrorBody(msgspec.Struct):
    """As the fleet answers errors. ``detail``: as this program's API does."""

    error: _ErrorText = _ErrorText()
    detail: str = ""
    id: str = ""


def _error_of(body: bytes) -> _ErrorBody:
    """Without any text where it cannot be read."""
    try:
        return msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _ErrorBody()


def _failure(status: int, body: bytes) -> str:
    found = _error_of(body)
    reason = found.error.message or found.detail
    hint = " Try again later." if status in (429, 503) else ""
    return f"The fleet refuses it ({status}): {printable(reason[:300]) or 'it gives no reason.'}{hint}"


def _hint(error: Exception) -> str:
    """What to look at."""
    if isinstance(error, socket.gaierror) or getattr(error, "errno", None) in AWAY:
        return "Is this computer connected to the network, and the address right?"
    return "Are address and port right, and does the fleet run?"


def _untrusted(place: str, error: ssl.SSLCertVerificationError) -> str:
    text = f"The certificate of the fleet at {place} is not trusted: {error.verify_message}."
    if error.verify_code in CLOCK_CODES:
        now = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
        return f"{text} It is {now} (UTC) by the clock of this computer; set it where that is wrong."
    return (
        f"{text} Where the fleet has an authority of its own, copy the whole invitation, with # and what follows, or "
        "name the file of its certificate with --ca."
    )


def _check_clock(date: str | None) -> None:
    """Raises CommandError where the clock of this computer is wrong: windows would be of another time."""
    try:
        theirs = parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError):
        return
    off = time.time() - theirs
    if abs(off) > CLOCK_S:
        direction = "ahead of" if off > 0 else "behind"
        raise CommandError(
            f"The clock of this computer is {abs(off) / 3600:.1f} hours {direction} that of the fleet. Set it, and run "
            "the same command again: the code is still valid."
        )
