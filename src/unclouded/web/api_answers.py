"""What every API of ours answers with, whatever it is about: refusals, headers, limits of bodies, errors."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from unclouded.web.access.hosts import RequestOrigin
from unclouded.web.request import ApiError, problem
from unclouded.web.schemas import Problem
from unclouded.web.words import say

JSON_KIND = "application/json"
BYTES_KIND = "application/octet-stream"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
PROXY_HEADERS = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")  # sent by a proxy
MAX_BODY_BYTES = 64 * 1024
HeaderPair = tuple[bytes, bytes]
API_HEADERS: tuple[HeaderPair, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


def refusal(status: int, id: str, headers: MutableMapping[str, str] | None = None, **parts: Any) -> Response:
    """An error response. Any: the parts of its text."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=say(id, **parts), id=id)
    extra = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(msgspec.json.encode(body), status, extra, "application/problem+json")


def missing_headers(given: Iterable[HeaderPair]) -> list[HeaderPair]:
    """Headers of every API response that are not there yet."""
    names = {name.lower() for name, _ in given}
    return [(name, value) for name, value in API_HEADERS if name not in names]


def body_refusal(
    method: str, headers: Headers, origin: RequestOrigin, most: int = MAX_BODY_BYTES, kind: str = JSON_KIND
) -> Response | None:
    """Why a body is not accepted. JSON, or bytes that are named so, are required because a form of another site cannot
    send them without a preflight; lengths are limited to bound memory.

    Forms can only POST: a PUT or DELETE of another site's page fails at its preflight.
    """
    if "transfer-encoding" in headers:
        return refusal(411, "api.no_length")
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > most:
        return refusal(413, "api.too_long", most=most)
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method == "POST" and given != kind and (int(length) or origin != "own"):
        return refusal(415, "api.not_json" if kind == JSON_KIND else "api.not_bytes")
    return None


# --- errors of handlers, for Starlette ----------------------------------------------------------------


async def api_error(request: Request, error: Exception) -> Response:
    """Answers an ApiError with its status and its problem as JSON."""
    assert isinstance(error, ApiError)
    return problem(error.status, str(error), error.id)


async def http_error(request: Request, error: Exception) -> Response:
    """Answers an error of the router as a problem in JSON: no such route, another method, or the error's own text."""
    assert isinstance(error, HTTPException)
    path = request.url.path[:80]
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        detail = say("api.no_method", path=path, method=request.method, allowed=allowed)
        return problem(405, detail, "api.no_method", error.headers)
    if error.status_code == 404:
        return problem(404, say("api.no_route", path=path), "api.no_route")
    return problem(error.status_code, error.detail, headers=error.headers)


async def internal_error(request: Request, error: Exception) -> Response:
    """The server logs the exception."""
    return problem(500, say("api.internal_error"), "api.internal_error")


ERROR_ANSWERS: Mapping[Any, Any] = {  # Any: as Starlette types them
    ApiError: api_error,
    HTTPException: http_error,
    Exception: internal_error,
}
