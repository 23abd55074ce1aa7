"""Signing in and out, who one is, and one's own password.

A session is a random secret in a cookie, of which the database keeps the digest, so that all servers of a fleet know
it, and its end counts at once. A program sends the secret of a token (`unclouded fleet person token`) as a bearer.
"""

import logging
import secrets

from starlette.responses import Response

from unclouded import VERSION
from unclouded.core.errors import CommandError
from unclouded.core.text.printable import printable
from unclouded.fleet.api.access import LIFETIME_S, set_cookie
from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.passwords import password_check, session_digest, stored_password
from unclouded.fleet.api.routes.organisations import organisation_views
from unclouded.fleet.api.views import FleetLoginBody, FleetSessionView, OwnPasswordBody
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.web.access.session_list import BROWSERS, SYSTEMS, found_name
from unclouded.web.api_answers import refusal
from unclouded.web.request import ApiError, as_json

log = logging.getLogger("unclouded.fleet.api")

SECRET_BYTES = 32
TOO_MANY = {429: "Too many wrong passwords; Retry-After contains the seconds to wait."}


async def session(context: FleetContext, request: FleetRequest) -> Response:
    return as_json(await _view(context, request))


async def login(context: FleetContext, request: FleetRequest) -> Response:
    body = await request.body(FleetLoginBody)
    refused = context.passwords.begin(request.address)
    if refused is not None:
        return refused
    try:
        found = await context.base.people.credential(body.login.strip())
    except BaseUnavailable:
        context.passwords.take_back(request.address)
        raise
    check = password_check(found.password if found else None, body.password, context.cost)
    if not await context.passwords.hashing(check) or found is None:
        log.warning("Fleet: wrong password of %s from %s.", printable(body.login), request.address)
        return refusal(401, "api.fleet.wrong_login", {"WWW-Authenticate": "Bearer"})
    context.passwords.succeeded(request.address)
    if request.session is not None:
        await context.base.people.close_session(request.session.digest)
    secret, now = secrets.token_urlsafe(SECRET_BYTES), context.wall()
    digest = session_digest(secret)
    client = _client(request)
    async with context.base.together():
        await context.base.people.open_session(digest, found.person.number, now + LIFETIME_S, client, now)
        request.session = await context.base.people.session(digest, now)
        for role in found.person.roles:
            await context.note(request, "session.open", found.person.number, role.organisation, client=client)
    return _with_cookie(await _view(context, request), secret, request)


async def logout(context: FleetContext, request: FleetRequest) -> Response:
    if request.session is not None:
        await context.base.people.close_session(request.session.digest)
    request.session = None
    return _with_cookie(await _view(context, request), "", request)


async def change_password(context: FleetContext, request: FleetRequest) -> Response:
    body, person = await request.body(OwnPasswordBody), request.person
    refused = context.passwords.begin(request.address)
    if refused is not None:
        return refused
    found = await context.base.people.credential(person.login)
    check = password_check(found.password if found else None, body.current, context.cost)
    if not await context.passwords.hashing(check):
        raise ApiError(422, "api.fleet.wrong_current")
    context.passwords.succeeded(request.address)
    try:
        hashed = await context.passwords.hashing(lambda: stored_password(body.password, context.cost))
    except CommandError as error:
        raise ApiError(422, "api.fleet.bad_password", why=error) from None
    secret, now = secrets.token_urlsafe(SECRET_BYTES), context.wall()
    digest = session_digest(secret)
    async with context.base.together():
        await context.base.people.change_person(person.number, password=hashed)
        await context.base.people.open_session(digest, person.number, now + LIFETIME_S, _client(request), now)
        request.session = await context.base.people.session(digest, now)
        for role in person.roles:
            about = {"login": person.login}
            await context.note(request, "person.own_password", person.number, role.organisation, **about)
    return _with_cookie(await _view(context, request), secret, request)


# --- inside -------------------------------------------------------------------------------------------


async def _view(context: FleetContext, request: FleetRequest) -> FleetSessionView:
    if request.session is None:
        return FleetSessionView(person=None, login="", name="", organisations=[], version=VERSION)
    person = request.person
    return FleetSessionView(
        person=person.number,
        login=person.login,
        name=person.name,
        organisations=await organisation_views(context, request),
        version=VERSION,
    )


def _client(request: FleetRequest) -> str:
    """What a session is shown as: a browser and a system, as far as they are known."""
    agent = request.http.headers.get("user-agent", "")
    return ", ".join(filter(None, (found_name(agent, BROWSERS), found_name(agent, SYSTEMS)))) or "program"


def _with_cookie(view: FleetSessionView, secret: str, request: FleetRequest) -> Response:
    response = as_json(view)
    response.headers["Set-Cookie"] = set_cookie(secret, bool(request.http.scope.get("unclouded.secure")))
    return response


ROWS = (
    FleetRoute(
        method="GET",
        path="/api/fleet/session",
        summary="Who is logged in, and their roles.",
        handler=session,
        returns=(FleetSessionView,),
        public=True,
    ),
    FleetRoute(
        method="POST",
        path="/api/fleet/login",
        summary="Log in; the answer sets a session cookie.",
        handler=login,
        returns=(FleetSessionView,),
        body=FleetLoginBody,
        errors={401: "The login or the password is wrong.", **TOO_MANY},
        public=True,
    ),
    FleetRoute(
        method="POST",
        path="/api/fleet/logout",
        summary="End the session, also for copies of its cookie.",
        handler=logout,
        returns=(FleetSessionView,),
        public=True,
    ),
    FleetRoute(
        method="PUT",
        path="/api/fleet/password",
        summary="One's own new password; all other sessions end.",
        handler=change_password,
        returns=(FleetSessionView,),
        body=OwnPasswordBody,
        errors={422: "The current password is wrong, or the new one is too short.", **TOO_MANY},
    ),
)
