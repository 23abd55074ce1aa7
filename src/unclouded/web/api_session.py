"""Who asks, and how they come and go.

    GET  /api/session                   {"role": "control", "login": true}; role null: nobody yet
    POST /api/login    {"password"}     the same, with a cookie; 401 wrong, 429 too many tries
    POST /api/logout                    the session ends, also for copies of its cookie

Without a guard before it (on the Unix socket) everybody has control and nobody logs in.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unclouded.web.auth import AuthenticatedRequest, refusal
from unclouded.web.schemas import LoginBody, Role, SessionView


async def session(request: Request) -> Response:
    """Who asks."""
    visit = _visit(request)
    return _view("control", False) if visit is None else _view(visit.role, visit.login)


async def login(request: Request) -> Response:
    """A password becomes a session."""
    visit = _visit(request)
    try:
        body = msgspec.json.decode(await request.body(), type=LoginBody)
    except msgspec.MsgspecError:
        return refusal(400, "api.login_body")
    if visit is None or not visit.login:
        return _view("control", False)
    came = await visit.guard.login(visit, body.password)
    return came if isinstance(came, Response) else _view(came[0], True, came[1])


async def logout(request: Request) -> Response:
    """The session ends."""
    visit = _visit(request)
    if visit is None or not visit.login:
        return _view("control", False)
    went = await visit.guard.logout(visit)
    return went if isinstance(went, Response) else _view(None, True, went)


def _visit(request: Request) -> AuthenticatedRequest | None:
    found = request.scope.get("unclouded.visit")
    return found if isinstance(found, AuthenticatedRequest) else None


def _view(role: Role | None, login: bool, cookie: str = "") -> Response:
    view = SessionView(role=role, login=login)
    headers = {"Set-Cookie": cookie} if cookie else {}
    return Response(msgspec.json.encode(view), headers=headers, media_type="application/json")
