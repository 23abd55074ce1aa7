"""A request to join becomes an id and a token, or a refusal. Source: docs/protocols/fleet.md §10"""

import math
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, HubRevoked
from unclouded.fleet.base.views import HubEntry
from unclouded.fleet.enrolment.codes import code_digest, new_hub_id
from unclouded.fleet.keys.issuer import HUB_LIFE_S, TokenIssuer
from unclouded.uplink.joining import (
    LONGEST_NAME,
    REVOKED_ID,
    EnrolAnswer,
    EnrolRequest,
    InvitationError,
    LeaveRequest,
    RenewAnswer,
    RenewRequest,
    has_wrong_clock,
    is_proven,
    may_leave,
    may_renew,
)
from unclouded.web.access.login_throttle import LoginThrottle, ThrottleRule

T = TypeVar("T")

EACH = ThrottleRule(free=10, first=10.0, most=900.0)  # wrong codes of an address
ALL = ThrottleRule(free=200, first=1.0, most=30.0)
LARGEST_REQUEST = 4096  # bytes
UNREADABLE = "The request cannot be read as one to join: its code, its key or the proof of its key is invalid."
WRONG_CODE = (
    "This code is not valid: it is mistyped, expired or used up. Ask the operator of the fleet for another one."
)
NOT_ITS_KEY = (
    "This is not the key of that hub, it was revoked, or the clocks of hub and fleet differ by more than 10 minutes."
)
WRONG_CLOCK = "The clocks of hub and fleet differ by {minutes} minutes: 10 are allowed. Set the clock of the hub."
REVOKED = "The fleet has revoked this hub, or deleted its home."
AWAY = "The fleet cannot answer just now. Try again in a minute."


class EnrolRegister(Protocol):
    """What it needs of the database: HubRegister has it, and notes in the audit who joined and left."""

    async def enrol(
        self, digest: bytes, hub: str, public_key: str, name: str, now: float, place: str = ""
    ) -> HubEntry: ...

    async def hub(self, id: str) -> HubEntry | None: ...

    async def renew(self, id: str, public_key: str, now: float) -> HubEntry: ...

    async def leave(self, id: str, now: float) -> HubEntry: ...


class FleetPlace(msgspec.Struct, frozen=True):
    """Where hubs reach the fleet. ``servers``: of NATS. ``authority``, ``web_authority``: who signed the certificates
    of NATS and of the page, as PEM; "" = one that the system knows.
    """

    servers: tuple[str, ...]
    authority: str = ""
    web_authority: str = ""


class EnrolRefused(Exception):
    """``status``: of HTTP; ``text``: a sentence for the person at home; ``wait_s``: before another attempt.

    ``id``: of the problem.
    """

    def __init__(self, status: int, text: str, wait_s: float = 0.0, id: str = "fleet.enrol") -> None:
        super().__init__(text)
        self.id = id
        self.status = status
        self.text = text
        self.wait_s = math.ceil(wait_s)


class Enroller:
    """Takes requests to join and to leave."""

    def __init__(
        self,
        register: EnrolRegister,
        issuer: TokenIssuer,
        place: FleetPlace,
        wall: Callable[[], float],
        now: Callable[[], float],
        revoked: Callable[[], None] = lambda: None,
    ) -> None:
        """``wall``: Unix s; ``now``: monotonic s. ``revoked``: called when a key was revoked."""
        self._register = register
        self._revoked = revoked
        self._issuer = issuer
        self._wall = wall
        self._now = now
        self._throttle = LoginThrottle(EACH, ALL)
        self.place = place
        self.enrolled = 0
        self.refused = 0

    async def enrol(self, body: bytes, address: str) -> EnrolAnswer:
        """``address``: of the client. Raises EnrolRefused."""
        try:
            return await self._enrol(body, address)
        except EnrolRefused:
            self.refused += 1
            raise

    async def leave(self, body: bytes, address: str) -> None:
        """Revoke the key of a hub that asks for it. ``address``: of the client. Raises EnrolRefused."""
        now = self._wall()
        self._begin(address)
        request = _read(body, LeaveRequest)
        if not may_leave(request, now):
            raise EnrolRefused(403, NOT_ITS_KEY)
        try:
            entry = await self._register.hub(request.hub)
            if entry is None or entry.public_key != request.public_key:
                raise EnrolRefused(403, NOT_ITS_KEY)
            if entry.revoked is None:
                await self._register.leave(entry.id, now)
        except BaseUnavailable:
            raise self._away(address) from None
        self._throttle.succeeded(address)
        self._revoked()

    async def renew(self, body: bytes, address: str) -> RenewAnswer:
        """Another token for a hub whose own has ended, or is of a key that was replaced. Raises EnrolRefused."""
        now = self._wall()
        self._begin(address)
        request = _read(body, RenewRequest)
        if has_wrong_clock(request, now):
            minutes = f"{abs(request.at - now) / 60:.0f}"
            raise EnrolRefused(403, WRONG_CLOCK.format(minutes=minutes), id="fleet.clock")
        if not may_renew(request, now):
            raise EnrolRefused(403, NOT_ITS_KEY)
        try:
            entry = await self._register.renew(request.hub, request.public_key, now)
        except BaseUnavailable:
            raise self._away(address) from None
        except HubRevoked:
            raise EnrolRefused(403, REVOKED, id=REVOKED_ID) from None
        except BaseRefused:
            raise EnrolRefused(403, NOT_ITS_KEY) from None
        self._throttle.succeeded(address)
        token = self._issuer.hub_token(entry.id, entry.public_key, int(now))
        return RenewAnswer(token=token, expires=float(int(now) + HUB_LIFE_S))

    def _begin(self, address: str) -> None:
        wait = self._throttle.begin(address, self._now())
        if wait:
            raise EnrolRefused(429, f"Too many attempts. Try again in {math.ceil(wait)} s.", wait)

    def _away(self, address: str) -> EnrolRefused:
        """A database is away, which is not the client's fault: its attempt does not count."""
        self._throttle.take_back(address)
        return EnrolRefused(503, AWAY, 60.0)

    async def _enrol(self, body: bytes, address: str) -> EnrolAnswer:
        self._begin(address)
        request, digest = read_request(body)
        entry = await self._entry(request, digest, address)
        self._throttle.succeeded(address)
        self.enrolled += 1
        now = int(self._wall())
        return EnrolAnswer(
            hub=entry.id,
            token=self._issuer.hub_token(entry.id, entry.public_key, now),
            expires=float(now + HUB_LIFE_S),
            shard=entry.shard,
            servers=self.place.servers,
            authority=self.place.authority,
            organisation=entry.organisation_name,
        )

    async def _entry(self, request: EnrolRequest, digest: bytes, address: str) -> HubEntry:
        name, place = request.name[:LONGEST_NAME], request.place[:LONGEST_NAME]
        try:
            return await self._register.enrol(digest, new_hub_id(), request.public_key, name, self._wall(), place)
        except BaseUnavailable:
            raise self._away(address) from None
        except BaseRefused:
            raise EnrolRefused(403, WRONG_CODE) from None


def read_request(body: bytes) -> tuple[EnrolRequest, bytes]:
    """The request, whose key is proven, and the digest of its code. Raises EnrolRefused."""
    request = _read(body, EnrolRequest)
    try:
        digest = code_digest(request.code)
    except InvitationError:
        raise EnrolRefused(400, UNREADABLE) from None
    if not is_proven(request):
        raise EnrolRefused(400, UNREADABLE)
    return request, digest


def _read(body: bytes, form: type[T]) -> T:
    """Raises EnrolRefused."""
    if len(body) > LARGEST_REQUEST:
        raise EnrolRefused(400, UNREADABLE)
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise EnrolRefused(400, UNREADABLE) from None
