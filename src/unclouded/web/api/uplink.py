"""Routes of the hub in a fleet: whether it has joined, and what leaves it; to join, and to leave.

What leaves is changed as the table ``fleet`` of the configuration, and as ``fleet`` of a device.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.views.uplink import UplinkView
from unclouded.web.request import ApiRequest, as_json
from unclouded.web.routes import ApiContext, ApiRoute

NO_UPLINK = {503: "This hub can join no fleet."}


class JoinBody(msgspec.Struct, forbid_unknown_fields=True):
    """``code``: an invitation, or a code with ``url``. ``name``: of the home, as the fleet calls it."""

    code: Annotated[str, Meta(max_length=400)]
    url: Annotated[str, Meta(max_length=300)] = ""
    name: Annotated[str, Meta(max_length=100)] = ""


async def uplink(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_uplink().view())


async def join_fleet(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(JoinBody)
    return as_json(await context.require_uplink().join(body.code, body.url, body.name))


async def leave_fleet(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_uplink().leave())


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/uplink",
        summary="Whether this hub is in a fleet, and what it sends.",
        handler=uplink,
        returns=(UplinkView,),
        errors=NO_UPLINK,
    ),
    ApiRoute(
        method="POST",
        path="/api/uplink",
        summary="Join a fleet with a code of its operator.",
        handler=join_fleet,
        returns=(UplinkView,),
        body=JoinBody,
        errors={**NO_UPLINK, 422: "The code is not taken, or the fleet cannot be reached; `detail` says why."},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/uplink",
        summary="Leave the fleet: nothing more is sent, and the key is revoked and deleted.",
        handler=leave_fleet,
        returns=(UplinkView,),
        errors={**NO_UPLINK, 422: "This hub has not joined a fleet."},
    ),
)
