"""Joining over HTTP: POST and GET /api/enrol; leaving and
another token: POST /api/enrol/leave, /api/enrol/renew. Needs no login: code and key count.

Source: docs/protocols/fleet.md §10
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from unclouded.fleet.enrolment.enroller import LARGEST_REQUEST, Enroller, EnrolRefused
from unclouded.uplink.joining import LEAVE_PATH, PATH, RENEW_PATH
from unclouded.web.request import problem

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
NO_AUTHORITY = "This fleet has no authority of its own: its certificate is one that the system knows."


def enrol_routes(enroller: Enroller) -> list[BaseRoute]:
    """The routes, to be mounted at the root of a web application."""

    async def enrol(request: Request) -> Response:
        address = request.client.host if request.client else ""
        try:
            answer = await enroller.enrol(await _body(request), address)
        except EnrolRefused as refused:
            return _refusal(refused)
        return Response(msgspec.json.encode(answer), headers=NO_STORE, media_type="application/json")

    async def leave(request: Request) -> Response:
        address = request.client.host if request.client else ""
        try:
            await enroller.leave(await _body(request), address)
        except EnrolRefused as refused:
            return _refusal(refused)
        return Response(status_code=204, headers=NO_STORE)

    async def renew(request: Request) -> Response:
        address = request.client.host if request.client else ""
        try:
            answer = await enroller.renew(await _body(request), address)
        except EnrolRefused as refused:
            return _refusal(refused)
        return Response(msgspec.json.encode(answer), headers=NO_STORE, media_type="application/json")

    async def authority(_: Request) -> Response:
        if not enroller.place.web_authority:
            return problem(404, NO_AUTHORITY, "fleet.no_authority", NO_STORE)
        return Response(enroller.place.web_authority, headers=NO_STORE, media_type="application/x-pem-file")

    return [
        Route(PATH, enrol, methods=["POST"]),
        Route(PATH, authority, methods=["GET"]),
        Route(LEAVE_PATH, leave, methods=["POST"]),
        Route(RENEW_PATH, renew, methods=["POST"]),
    ]


def _refusal(refused: EnrolRefused) -> Response:
    wait = {"Retry-After": str(refused.wait_s)} if refused.wait_s else {}
    return problem(refused.status, refused.text, refused.id, {**NO_STORE, **wait})


async def _body(request: Request) -> bytes:
    """At most one byte more than is allowed, which the enroller then refuses."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_REQUEST:
            break
    return body[: LARGEST_REQUEST + 1]
