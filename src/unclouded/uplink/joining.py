"""Joining: the invitation that a person types at home, and what hub and fleet send each other over HTTPS, as JSON.

    K7QX-9MPT-4W2H@fleet.example              a fleet whose certificate any browser accepts
    K7QX-9MPT-4W2H@10.0.0.5:8443#AB3K…        one with an authority of its own: 26 characters of its SHA-256
    K7QX-9MPT-4W2H@http://127.0.0.1:8300      on this computer, without TLS

Source: docs/protocols/fleet.md §10
"""

import base64
import hashlib
import ipaddress
import re
from typing import Annotated

import msgspec

from unclouded.core.security.nkeys import KeyTextError, NKey, is_signed

PATH = "/api/enrol"  # POST: EnrolRequest; GET: the fleet's authority as PEM
LEAVE_PATH = "/api/enrol/leave"  # POST: LeaveRequest
REVOKED_ID = "fleet.revoked"  # of the problem in an answer of 403
RENEW_PATH = "/api/enrol/renew"  # POST: RenewRequest
LEAVE_VALID_S = 600  # s by which the clocks of hub and fleet may differ
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: what is read as one of the first three is 1 or 0
CODE_LENGTH = 12  # characters, of 5 bits
GROUP = 4
FINGERPRINT_LENGTH = 26  # characters of base32: 130 bits
HTTPS = 443
LONGEST_INVITATION = 400
LONGEST_NAME = 100
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
MISREAD = str.maketrans("IiLlOo", "111100", "- \t")


class InvitationError(ValueError):
    """A text that is neither an invitation nor a code; the text says why, and never repeats it."""


class Invitation(msgspec.Struct, frozen=True):
    """``code``: as normal_code makes it. ``url``: of the fleet, without a path. ``fingerprint``: "" = any authority."""

    code: str
    url: str
    fingerprint: str = ""

    @property
    def text(self) -> str:
        """What a person types."""
        place = self.url.removeprefix("https://")
        return f"{shown_code(self.code)}@{place}{f'#{self.fingerprint}' if self.fingerprint else ''}"


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True):
    """From the hub. ``proof``: signature by its key over proof_bytes, base64. ``name``, ``place``: "" = not let out."""

    code: str
    public_key: str
    proof: str
    name: str = ""
    place: str = ""
    version: str = ""


class EnrolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """From the fleet. ``expires``: Unix s. ``servers``: of NATS. ``authority``: PEM, "" = those of the system.

    ``organisation``: its name.
    """

    hub: str
    token: str
    expires: float
    shard: int
    servers: tuple[str, ...]
    authority: str = ""
    organisation: str = ""


Moment = Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # Unix s


class LeaveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """From the hub: revoke its key. ``at``: Unix s of the hub; ``proof``: signature over id, key and time, base64."""

    hub: str
    public_key: str
    at: Moment
    proof: str


class RenewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """From a hub whose token NATS takes no more: another one. ``at``: Unix s of the hub; ``proof``: as of leaving."""

    hub: str
    public_key: str
    at: Moment
    proof: str


class RenewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """From the fleet. ``expires``: Unix s."""

    token: str
    expires: float


def read_invitation(text: str, url: str = "") -> Invitation:
    """The invitation in a text; ``url``: of the fleet where the text is a code only. Raises InvitationError."""
    text = text.strip()
    if len(text) > LONGEST_INVITATION:
        raise InvitationError("it is too long")
    code, at, rest = text.partition("@")
    place, _, fingerprint = (rest if at else url).partition("#")
    if not place:
        raise InvitationError("it does not say where the fleet is. Copy the whole of it, as in CODE@HOST, or add --url")
    fingerprint = fingerprint.upper()
    if fingerprint and not re.fullmatch(rf"[A-Z2-7]{{{FINGERPRINT_LENGTH}}}", fingerprint):
        raise InvitationError(f"behind # stand {FINGERPRINT_LENGTH} characters A-Z and 2-7")
    return Invitation(normal_code(code), _normal_url(place), fingerprint)


def normal_code(text: str) -> str:
    """A code as it was made: capital letters without dashes. Raises InvitationError."""
    code = text.translate(MISREAD).upper()
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        raise InvitationError(f"its code has not {CODE_LENGTH} letters and digits, as K7QX-9MPT-4W2H has")
    return code


def shown_code(code: str) -> str:
    """A code with dashes, as people read it."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def fingerprint_of(authority: bytes) -> str:
    """The fingerprint of the fleet's authority: of its DER bytes."""
    return base64.b32encode(hashlib.sha256(authority).digest()).decode("ascii")[:FINGERPRINT_LENGTH]


def signed_request(
    invitation: Invitation, key: NKey, name: str = "", place: str = "", version: str = ""
) -> EnrolRequest:
    """What a hub sends to join."""
    proof = base64.b64encode(key.sign(proof_bytes(invitation.code, key.public))).decode("ascii")
    return EnrolRequest(
        code=invitation.code, public_key=key.public, proof=proof, name=name, place=place, version=version
    )


def is_proven(request: EnrolRequest) -> bool:
    """Whether the sender has the private key of this public key."""
    try:
        proof = base64.b64decode(request.proof, validate=True)
        data = proof_bytes(normal_code(request.code), request.public_key)
        return is_signed(data, proof, request.public_key, "user")
    except (KeyTextError, InvitationError, ValueError):
        return False


def signed_leave(hub: str, key: NKey, at: int) -> LeaveRequest:
    """What a hub sends to leave."""
    return LeaveRequest(hub=hub, public_key=key.public, at=at, proof=_proof("leave", hub, key, at))


def signed_renewal(hub: str, key: NKey, at: int) -> RenewRequest:
    """What a hub sends for another token."""
    return RenewRequest(hub=hub, public_key=key.public, at=at, proof=_proof("renew", hub, key, at))


def may_leave(request: LeaveRequest, now: float) -> bool:
    """Whether the sender has the private key of this public key, and signed it just now."""
    return _is_signed_now("leave", request, now)


def may_renew(request: RenewRequest, now: float) -> bool:
    """The same for another token."""
    return _is_signed_now("renew", request, now)


def has_wrong_clock(request: RenewRequest, now: float) -> bool:
    """Whether it is signed, but by another clock than this one."""
    return abs(request.at - now) > LEAVE_VALID_S and _is_signed_now("renew", request, request.at)


def proof_bytes(code: str, public_key: str) -> bytes:
    """What the hub signs."""
    return f"unclouded enrol 1\n{code}\n{public_key}".encode()


# --- inside -----------------------------------------------------------------------------------------


def _proof(what: str, hub: str, key: NKey, at: int) -> str:
    return base64.b64encode(key.sign(_signed_bytes(what, hub, key.public, at))).decode("ascii")


def _is_signed_now(what: str, request: LeaveRequest | RenewRequest, now: float) -> bool:
    try:
        proof = base64.b64decode(request.proof, validate=True)
        data = _signed_bytes(what, request.hub, request.public_key, request.at)
        return abs(request.at - now) <= LEAVE_VALID_S and is_signed(data, proof, request.public_key, "user")
    except (KeyTextError, ValueError):
        return False


def _signed_bytes(what: str, hub: str, public_key: str, at: int) -> bytes:
    return f"unclouded {what} 1\n{hub}\n{public_key}\n{at}".encode()


def _normal_url(place: str) -> str:
    """``https://HOST[:PORT]``; http only for this computer."""
    scheme, found, rest = place.rstrip("/").rpartition("://")
    scheme = scheme.lower() if found else "https"
    host, port = _host_and_port(rest)
    if scheme not in ("https", "http") or (scheme == "http" and not _is_loopback(host)):
        raise InvitationError("a fleet elsewhere is reached by https only. Leave out http://")
    return f"{scheme}://{host}{'' if port in (0, HTTPS) else f':{port}'}"


def _host_and_port(text: str) -> tuple[str, int]:
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?", text)
    plain = bracketed or re.fullmatch(r"([^:/?#@\s]+)(?::([0-9]{1,5}))?", text)
    if plain is None or not (bracketed or HOST.fullmatch(plain[1])):
        raise InvitationError("behind @ stands no host name or address")
    port = int(plain[2] or 0)
    if port > 65_535:
        raise InvitationError("its port is above 65535")
    return (f"[{plain[1]}]" if bracketed else plain[1].lower()), port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
