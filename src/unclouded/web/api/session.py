"""Login state, login and logout.

    GET  /api/session                   {"role": "control", "login": true}; role null: not logged in
    POST /api/login    {"password"}     the same, with a cookie; 401 wrong password, 429 too many attempts
    POST /api/logout                    the session ends, also for copies of its cookie

Without authentication in front of it (on the Unix socket) every client has control and no login is needed.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unclouded.web.access.auth import AuthenticatedRequest
from unclouded.web.api_answers import refusal
from unclouded.web.request import ApiError, ApiRequest
from unclouded.web.schemas import LONGEST_PASSWORD, LoginBody, Role, SessionView


async def session(request: Request) -> Response:
    """The role of the client."""
    authenticated = _authenticated(request)
    return _view("control", False) if authenticated is None else _view(authenticated.role, authenticated.login)


async def login(request: Request) -> Response:
    """Log in with a password."""
    authenticated = _authenticated(request)
    try:
        body = await ApiRequest(request).body(LoginBody)
    except ApiError as error:
        return refusal(error.status, "api.login_body", most=LONGEST_PASSWORD)
    if authenticated is None or not authenticated.login:
        return _view("control", False)
    result = await authenticated.auth.login(authenticated, body.password)
    return result if isinstance(result, Response) else _view(result[0], True, result[1])


async def logout(request: Request) -> Response:
    """End the session."""
    authenticated = _authenticated(request)
    if authenticated is None or not authenticated.login:
        return _view("control", False)
    result = await authenticated.auth.logout(authenticated)
    return result if isinstance(result, Response) else _view(None, True, result)


def _authenticated(request: Request) -> AuthenticatedRequest | None:
    found = request.scope.get("unclouded.request")
    return found if isinstance(found, AuthenticatedRequest) else None


def _view(role: Role | None, login: bool, cookie: str = "") -> Response:
    view = SessionView(role=role, login=login)
    headers = {"Set-Cookie": cookie} if cookie else {}
    return Response(msgspec.json.encode(view), headers=headers, media_type="application/json")
