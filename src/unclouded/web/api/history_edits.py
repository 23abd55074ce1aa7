"""Routes for edits of the history: ranges that are marked as wrong or corrected, and undoing that."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.store.reading.reader import FOREVER
from unclouded.web.api.devices import origin_of
from unclouded.web.api.history import STORE, Moment
from unclouded.web.history.editing.proposal import EditRequest
from unclouded.web.request import ApiRequest, as_json, time_of
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.schemas import CheckView, EditBody, EditPreview, HistoryEditView, Origin

PATH = "/api/history/{device}/edits"
MONTH_S = 31 * 86_400.0
INVALID = {422: "The store has no such device or point, or this cannot be done; `detail` says why."}


class EditsQuery(msgspec.Struct, frozen=True, kw_only=True):
    point: Annotated[str, Meta(description="Only edits of this point.", max_length=200)] = ""
    start: Moment = ""
    end: Moment = ""


class UndoQuery(msgspec.Struct, frozen=True, kw_only=True):
    number: Annotated[int, Meta(description="The number of the edit.", ge=1)]
    origin: Origin = "api"


class ChecksQuery(msgspec.Struct, frozen=True, kw_only=True):
    device: Annotated[str, Meta(description="Only this device.", max_length=200)] = ""
    start: Moment = ""
    end: Moment = ""
    fuse: Annotated[float, Meta(description="Of the home, in A per phase.", gt=0, le=10_000)] = 63.0


async def edits(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(EditsQuery)
    start = time_of(query.start, "start", context.zone) if query.start else 0.0
    end = time_of(query.end, "end", context.zone) if query.end else FOREVER
    return as_json(await context.require_history().edits(_device(request), query.point, start, end))


async def edit(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(EditBody)
    asked = EditRequest(
        device=_device(request),
        start=time_of(body.start, "start", context.zone),
        end=time_of(body.end, "end", context.zone),
        body=body,
    )
    return as_json(await context.require_history().edit(asked, context.wall(), origin_of(request, body.origin)))


async def undo_edit(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(UndoQuery)
    who = origin_of(request, query.origin)
    return as_json(await context.require_history().undo_edit(_device(request), query.number, who))


async def history_checks(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(ChecksQuery)
    end = time_of(query.end, "end", context.zone) if query.end else context.wall()
    start = time_of(query.start, "start", context.zone) if query.start else max(end - MONTH_S, 0.0)
    return as_json(await context.require_history().checks(query.device, start, end, query.fuse))


def _device(request: ApiRequest) -> str:
    return str(request.http.path_params["device"])


ROWS = (
    ApiRoute(
        method="GET",
        path=PATH,
        summary="The edits of a device's history, newest first, also those that are undone.",
        handler=edits,
        returns=(list[HistoryEditView],),
        query=EditsQuery,
        errors={**INVALID, **STORE},
    ),
    ApiRoute(
        method="POST",
        path=PATH,
        summary="Mark a range of a point as wrong, or correct it. What was measured is kept.",
        handler=edit,
        returns=(EditPreview,),
        body=EditBody,
        errors={**INVALID, **STORE},
    ),
    ApiRoute(
        method="DELETE",
        path=PATH,
        summary="Undo an edit. It stays in the list.",
        handler=undo_edit,
        returns=(HistoryEditView,),
        query=UndoQuery,
        errors={**INVALID, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/history/checks",
        summary="What is suspicious in the history, each with a command that repairs it. Default: the last 31 days.",
        handler=history_checks,
        returns=(list[CheckView],),
        query=ChecksQuery,
        errors={**INVALID, **STORE},
    ),
)
