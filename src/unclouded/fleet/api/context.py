"""What the routes of the fleet's API use, and what a request is: a person with roles, a home or an organisation."""

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from starlette.requests import Request

from unclouded.core.errors import LinkError
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import NotInScope
from unclouded.fleet.base.views import HomeLine, LoginSession, PersonRow, Role, Scope
from unclouded.fleet.calls.limits import AskingLimits
from unclouded.fleet.calls.looking import LiveLooks
from unclouded.fleet.calls.questions import HubQuestions
from unclouded.web.access.password import Cost
from unclouded.web.access.password_checks import PasswordChecks
from unclouded.web.request import ApiError, ApiRequest
from unclouded.web.route_row import RouteRow
from unclouded.web.words import say

RANK: Sequence[Role] = ("viewer", "operator", "owner")  # each may do what those before it may
HUB_ID = re.compile(r"[a-z2-7]{20}")
MOST_NUMBER = 2**31 - 1  # of organisations and people


class Revocations(Protocol):
    """Brings the list of revoked keys to NATS: AccountUpdate has it, with what its request needs."""

    async def push(self, now: float) -> int:
        """Raises LinkError."""


class FleetContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the handlers use. ``wall``: Unix s. ``wake``: commands were given. ``url``: of the page, in invitations.

    ``questions``, ``looks`` None: this server asks no hubs; ``limits``: how often a person may. ``revocations`` None:
    another program sends them to NATS. ``fingerprint``: of the authority of ``url``; "" = every computer knows it.
    """

    base: FleetBases
    url: str
    passwords: PasswordChecks
    questions: HubQuestions | None = None
    looks: LiveLooks | None = None
    limits: AskingLimits = msgspec.field(default_factory=AskingLimits)
    revocations: Revocations | None = None
    fingerprint: str = ""
    wake: Callable[[], None] = lambda: None
    wall: Callable[[], float] = time.time
    cost: Cost = msgspec.field(default_factory=Cost)

    async def note(
        self, request: "FleetRequest", action: str, subject: object, organisation: int | None, **detail: Any
    ) -> None:
        """A row of the audit. Any: JSON."""
        about = {**detail, "address": request.address}
        await self.base.audit.note(request.person.login, action, str(subject), self.wall(), organisation, about)

    async def push_revocations(self) -> None:
        """Raises ApiError: the database has it, and the next push brings it to NATS."""
        if self.revocations is not None:
            try:
                await self.revocations.push(self.wall())
            except LinkError as error:
                raise ApiError(503, "api.fleet.not_revoked", why=error) from None


class FleetRequest(ApiRequest):
    """One request. ``home``, ``organisation``: those in its path, which the person may see."""

    def __init__(self, http: Request, session: LoginSession | None) -> None:
        super().__init__(http)
        self.session = session
        self._home: HomeLine | None = None
        self._organisation: int | None = None

    @property
    def person(self) -> PersonRow:
        """Who asks. Raises ApiError."""
        if self.session is None:
            raise ApiError(401, "api.fleet.login")
        return self.session.person

    @property
    def home(self) -> HomeLine:
        """The home in the path."""
        assert self._home is not None, "the route has no home"
        return self._home

    @property
    def organisation(self) -> int:
        """That in the path, or of the home in it."""
        assert self._organisation is not None, "the route has no organisation"
        return self._organisation

    @property
    def address(self) -> str:
        """The IP address of the client; "" = it is not known."""
        return self.http.client.host if self.http.client else ""

    def role_in(self, organisation: int, least: Role = "viewer") -> Role:
        """The person's role in it. Raises ApiError: 404 without one, as if it were not there; 403 if it is too low."""
        role = self.person.role_in(organisation)
        if role is None:
            raise ApiError(404, "api.fleet.no_organisation", organisation=organisation)
        if RANK.index(role) < RANK.index(least):
            raise ApiError(403, "api.fleet.role", role=say(f"api.fleet.{role}"), least=say(f"api.fleet.{least}"))
        return role

    def scope(self, organisation: int | None = None, least: Role = "viewer") -> Scope:
        """The organisations where the person has this role or a higher one; or only one. Raises ApiError."""
        if organisation is not None:
            self.role_in(organisation, least)
            return Scope((organisation,))
        found = [one.organisation for one in self.person.roles if RANK.index(one.role) >= RANK.index(least)]
        if not found and least != "viewer":
            raise ApiError(403, "api.fleet.role_nowhere", least=say(f"api.fleet.{least}"))
        return Scope(tuple(sorted(found)))

    def number(self, name: str, missing: str) -> int:
        """A number in the path. Raises ApiError: there is none of it."""
        text = str(self.http.path_params[name])
        if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > MOST_NUMBER:
            raise ApiError(404, missing, **{name: text[:80]})
        return int(text)

    async def find_subject(self, context: FleetContext, least: Role) -> None:
        """The home or organisation in the path. Raises ApiError: this person has none of it, or too low a role."""
        if "home" in self.http.path_params:
            self._home = await find_home(context, self.scope(), str(self.http.path_params["home"]))
            self._organisation = self._home.organisation
        elif "organisation" in self.http.path_params:
            self._organisation = self.number("organisation", "api.fleet.no_organisation")
        else:
            self.scope(least=least)
            return
        self.role_in(self.organisation, least)


class FleetRoute(RouteRow[FleetContext, FleetRequest], frozen=True, kw_only=True):
    """A route of the fleet. ``least``: the role that it takes, in the organisation that it is about.

    ``any_query``: its query and body are not ours to check.
    """

    least: Role = "viewer"
    any_query: bool = False


async def find_home(context: FleetContext, scope: Scope, id: str) -> HomeLine:
    """A home. Raises ApiError."""
    if HUB_ID.fullmatch(id):
        with contextlib.suppress(NotInScope):
            return await context.base.homes.row(scope, id, context.wall())
    raise ApiError(404, "api.fleet.no_home", home=id[:80])
