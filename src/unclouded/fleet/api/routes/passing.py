"""The API of a home, asked through the fleet: /api/fleet/homes/ID/api/PATH is /api/PATH there."""

from collections.abc import Awaitable, Callable
from typing import Literal

from starlette.responses import Response

from unclouded.fleet.api.asking import ask_home, passed_on, question
from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.web.request import ApiError
from unclouded.web.route_row import BYTES

Handler = Callable[[FleetContext, FleetRequest], Awaitable[Response]]

PLACE = "/api/fleet/homes/{home}"
ERRORS = {
    404: "There is no such home, or it has no such route.",
    409: "The home does not allow the fleet to ask it.",
    413: "The body is too long.",
    429: "This person asks the home too often; Retry-After contains the seconds to wait.",
    414: "The path is too long.",
    502: "The home's answer cannot be passed on.",
    503: "This server sends no requests to hubs.",
    504: "The home is not connected, or does not answer.",
}


async def home_get(context: FleetContext, request: FleetRequest) -> Response:
    """Asks the hub of a home by GET, and passes on its answer."""
    return await _pass(context, request)


async def home_post(context: FleetContext, request: FleetRequest) -> Response:
    """Asks the hub of a home by POST, passes on its answer, and notes it in the audit log."""
    return await _pass(context, request)


async def home_put(context: FleetContext, request: FleetRequest) -> Response:
    """Asks the hub of a home by PUT, passes on its answer, and notes it in the audit log."""
    return await _pass(context, request)


async def home_patch(context: FleetContext, request: FleetRequest) -> Response:
    """Asks the hub of a home by PATCH, passes on its answer, and notes it in the audit log."""
    return await _pass(context, request)


async def home_delete(context: FleetContext, request: FleetRequest) -> Response:
    """Asks the hub of a home by DELETE, passes on its answer, and notes it in the audit log."""
    return await _pass(context, request)


async def _pass(context: FleetContext, request: FleetRequest) -> Response:
    """What was asked, in the name of the person's role; every path and query is the home's own business."""
    http = request.http
    encoded = http.scope.get("raw_path") or http.url.path.encode()
    _, _, place = encoded.decode("ascii", "replace").partition("?")[0].partition("/api/fleet/homes/")
    path = f"/api/{place.partition('/api/')[2]}"
    query = http.scope.get("query_string", b"").decode("ascii", "replace")
    body = await http.body()
    kind = http.headers.get("content-type", "")[:200]
    method = "GET" if http.method == "HEAD" else http.method
    asked = question(request, method, f"{path}?{query}" if query else path, body, kind if body else "")
    try:
        answer = passed_on(await ask_home(context, request, asked))
    except ApiError as error:  # without an answer the home may have done it all the same
        await _note(context, request, method, path, error.status)
        raise
    await _note(context, request, method, path, answer.status_code)
    return answer


async def _note(context: FleetContext, request: FleetRequest, method: str, path: str, status: int) -> None:
    """A row of the audit, where it was more than a question."""
    if method != "GET":
        about = {"method": method, "path": path[:200], "status": status}
        await context.note(request, "home.request", request.home.hub, request.organisation, **about)


def _row(method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"], handler: Handler) -> FleetRoute:
    return FleetRoute(
        method=method,
        path=f"{PLACE}/api/{{path}}",
        summary=f"{method} of the home's own API, at /api/PATH there; X-Answered-By is the home's id.",
        handler=handler,
        returns=(),
        media=BYTES,
        errors=ERRORS,
        least="viewer" if method == "GET" else "operator",
        any_query=True,
    )


ROWS = (
    _row("GET", home_get),
    _row("POST", home_post),
    _row("PUT", home_put),
    _row("PATCH", home_patch),
    _row("DELETE", home_delete),
)
