"""Routes of the HomeKit bridge: the code that pairs it, and the end of all pairings. For the role control only."""

from starlette.responses import Response

from unclouded.core.views.homekit import HomekitView
from unclouded.web import qr_code
from unclouded.web.request import ApiError, ApiRequest, as_json
from unclouded.web.route_row import SVG
from unclouded.web.routes import ApiContext, ApiRoute

NO_HOMEKIT = {503: "This hub is not a HomeKit bridge, or it does not run; the text says why."}


async def homekit(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(_view(context))


async def homekit_code(context: ApiContext, request: ApiRequest) -> Response:
    return Response(qr_code.svg(_view(context).uri), media_type=SVG)


async def unpair_homekit(context: ApiContext, request: ApiRequest) -> Response:
    _view(context)
    if context.homekit is not None:
        await context.homekit.unpair()
    return as_json(_view(context))


def _view(context: ApiContext) -> HomekitView:
    """Raises ApiError, with the reason, where no bridge runs."""
    source = context.homekit
    view = source.view() if source is not None else None
    if view is not None:
        return view
    reason = source.why_none() if source is not None else ""
    raise ApiError(503, "api.homekit_off", reason=reason) if reason else ApiError(503, "api.no_homekit")


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/homekit",
        summary="The HomeKit bridge and the code that pairs it.",
        handler=homekit,
        returns=(HomekitView,),
        errors=NO_HOMEKIT,
        control=True,
    ),
    ApiRoute(
        method="GET",
        path="/api/homekit/code.svg",
        summary="The QR code that pairs it, as a picture.",
        handler=homekit_code,
        returns=(bytes,),
        media=SVG,
        errors=NO_HOMEKIT,
        control=True,
    ),
    ApiRoute(
        method="DELETE",
        path="/api/homekit/pairings",
        summary="End all pairings; every home must add the bridge again.",
        handler=unpair_homekit,
        returns=(HomekitView,),
        errors=NO_HOMEKIT,
    ),
)
