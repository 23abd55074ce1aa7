"""Who may open the page: the passwords of the roles, and the browsers that are signed in. For the role control only.

A password is changed with the current one of control, which is throttled as a login is. Over the Unix socket there is
no session: the command line changes passwords in their file.
"""

from collections.abc import Callable, Iterable
from typing import cast, get_args

from msgspec import json
from starlette.responses import Response

from unclouded.core.errors import ConfigError
from unclouded.core.times import iso
from unclouded.web.access.auth import AuthenticatedRequest
from unclouded.web.access.password import CredentialFile, Password, hashed
from unclouded.web.access.session_list import SeenSession
from unclouded.web.api_answers import refusal
from unclouded.web.request import ApiError, ApiRequest
from unclouded.web.route_row import JSON
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.schemas import BrowserView, PasswordBody, PeopleView, Role, RoleView, SignOutBody

ROLES: tuple[Role, ...] = ("control", "read")
HERE = "It was asked for on the Unix socket, which knows no sessions."
NOT_SAVED = {503: "The hub could not save this."}


async def people(context: ApiContext, request: ApiRequest) -> Response:
    return _view(_authenticated(request))


async def set_password(context: ApiContext, request: ApiRequest) -> Response:
    role, body, who = _role(request), await request.body(PasswordBody), _authenticated(request)
    known = who.auth.credential_store.now()
    _check_roles(known, role, body.password, who)
    refused = await _refused_current(who, known, body.current)
    if refused is not None:
        return refused
    text = body.password
    new = None if text is None else await who.auth.hashing(lambda: _hashed(known, role, text))
    _change(who, lambda now: now.with_password(role, new, who.auth.now()))
    return _view(who, _own_cookie(who, role, new))


async def sign_out(context: ApiContext, request: ApiRequest) -> Response:
    body, who = await request.body(SignOutBody), _authenticated(request)
    if not body.browser:
        _change(who, lambda known: known.without_sessions(ROLES))
        return _view(who, None if who.cookie is None else who.auth.cookie_for(who, who.cookie.role))
    found = next((one for one in who.auth.signed_in() if one.id == body.browser), None)
    if found is None:
        raise ApiError(404, "api.no_browser")
    until, now, session = found.cookie.expires, who.auth.now(), found.cookie.session
    _change(who, lambda known: known.with_ended(session, until, now))
    return _view(who)


# --- inside -------------------------------------------------------------------------------------------


def _authenticated(request: ApiRequest) -> AuthenticatedRequest:
    found = request.http.scope.get("unclouded.request")
    if not isinstance(found, AuthenticatedRequest):
        raise ApiError(422, "api.people_here")
    return found


def _role(request: ApiRequest) -> Role:
    name = str(request.http.path_params["role"])
    if name not in get_args(Role):
        raise ApiError(404, "api.no_role", role=name[:80], known=", ".join(ROLES))
    return cast(Role, name)


def _check_roles(known: CredentialFile, role: Role, password: str | None, who: AuthenticatedRequest) -> None:
    """There is never a password without one for control, which alone may change it. Raises ApiError."""
    if role == "read" and password is not None and "control" not in known.passwords:
        raise ApiError(422, "api.control_first")
    if role == "control" and password is None and ("read" in known.passwords or who.auth.is_beyond(who)):
        raise ApiError(422, "api.control_needed")


async def _refused_current(who: AuthenticatedRequest, known: CredentialFile, current: str) -> Response | None:
    """The error response, where the current password of control is not the one that was sent."""
    if "control" not in known.passwords:
        return None
    role = await who.auth.role_of_password(who, current)
    if isinstance(role, Response):
        return role
    return None if role == "control" else refusal(403, "api.wrong_current")


def _hashed(known: CredentialFile, role: Role, text: str) -> Password:
    """Raises CommandError for an unsuitable password, ApiError for one that the other role has."""
    if known.role_of_password(text) not in (None, role):
        raise ApiError(422, "api.same_password")
    return hashed(text)


def _change(who: AuthenticatedRequest, how: Callable[[CredentialFile], CredentialFile]) -> None:
    try:
        who.auth.credential_store.change(how)
    except ConfigError as error:
        raise ApiError(503, "api.not_saved", why=error) from None


def _own_cookie(who: AuthenticatedRequest, role: Role, new: Password | None) -> str | None:
    """The cookie that keeps the browser of the request signed in, where it needs another one."""
    if who.role != role or (who.cookie is None and who.login):
        return None
    return who.auth.cookie_for(who, role if new is not None else None)


def _view(who: AuthenticatedRequest, cookie: str | None = None) -> Response:
    known, own = who.auth.credential_store.now(), who.cookie.session if who.cookie else ""
    view = PeopleView(
        login=bool(known.passwords) or who.auth.is_beyond(who),
        beyond=who.auth.is_beyond(who),
        roles=[RoleView(role=one, has_password=one in known.passwords, set_at=_time(known, one)) for one in ROLES],
        browsers=_browsers(who.auth.signed_in(), own),
    )
    return Response(json.encode(view), headers={"Set-Cookie": cookie} if cookie else {}, media_type=JSON)


def _time(known: CredentialFile, role: Role) -> str | None:
    at = known.set_at.get(role)
    return None if at is None else iso(at)


def _browsers(sessions: Iterable[SeenSession], own: str) -> list[BrowserView]:
    return [
        BrowserView(
            id=one.id,
            role=one.cookie.role,
            browser=one.browser,
            system=one.system,
            address=one.address,
            since=iso(one.since),
            seen=iso(one.seen),
            own=one.cookie.session == own,
        )
        for one in sessions
    ]


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/people",
        summary="Who may open the page: which roles have a password, and which browsers are logged in.",
        handler=people,
        returns=(PeopleView,),
        errors={422: HERE},
        control=True,
    ),
    ApiRoute(
        method="PUT",
        path="/api/people/{role}",
        summary="Set, change or remove the password of a role; its sessions end, but for the one of the request.",
        handler=set_password,
        returns=(PeopleView,),
        body=PasswordBody,
        errors={
            **NOT_SAVED,
            403: "The current password is wrong.",
            404: "There is no such role.",
            422: f"The password is unsuitable. {HERE}",
            429: "Too many wrong passwords; Retry-After has the wait.",
        },
    ),
    ApiRoute(
        method="POST",
        path="/api/people/sign-out",
        summary="Log out a browser, or all but the one of the request.",
        handler=sign_out,
        returns=(PeopleView,),
        body=SignOutBody,
        errors={**NOT_SAVED, 404: "No such browser is logged in.", 422: HERE},
    ),
)
