"""Stored data as a file: GET /api/export.

The file is sent while it is made, so a client sees how it ends: one that breaks off without its last piece is none.
"""

import datetime
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from unclouded.core.views.export import ExportContent, ExportFormat, ExportRequest
from unclouded.web.api.history import SpanQuery
from unclouded.web.request import ApiRequest, time_of
from unclouded.web.route_row import BYTES
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.schemas import By

Name = Annotated[str, Meta(max_length=200)]


class ExportQuery(SpanQuery, msgspec.Struct, frozen=True, kw_only=True):
    format: Annotated[ExportFormat, Meta(description="SQLite takes several contents, as tables.")]
    content: Annotated[list[ExportContent], Meta(description="May be given several times; else the readings.")] = []
    device: Annotated[list[Name], Meta(description="Only these devices; may be given several times.")] = []
    point: Annotated[list[Name], Meta(description="Only these points; may be given several times.")] = []
    step: Annotated[float, Meta(ge=0, le=1e9, description="Seconds; 0 = each reading.")] = 0
    by: Annotated[By, Meta(description="Periods of energy, in the hub's time zone.")] = "day"


async def export(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(ExportQuery)
    asked = ExportRequest(
        format=query.format,
        content=tuple(dict.fromkeys(query.content)) or ("readings",),
        devices=tuple(query.device),
        points=tuple(query.point),
        start=time_of(query.start, "start", context.zone) if query.start else None,
        end=time_of(query.end, "end", context.zone) if query.end else None,
        step=query.step or None,
        by=query.by,
    )
    pieces = context.require_exports().pieces(asked)
    try:
        first = await anext(pieces)  # raises before the head of the answer is sent
    except StopAsyncIteration:
        first = b""
    day = datetime.datetime.fromtimestamp(context.wall(), context.zone).date()
    name = f"unclouded-{'-'.join(asked.content)}-{day}.{query.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(streamed(first, pieces), media_type=BYTES, headers=headers)


async def streamed(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The first piece, which has been taken already, and the rest."""
    yield first
    async for piece in pieces:
        yield piece


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/export",
        summary="Readings, energy or events as a file: CSV, JSON lines, Parquet or SQLite. Default: all readings.",
        handler=export,
        returns=(),
        media=BYTES,
        query=ExportQuery,
        errors={
            422: "The store has no such device or point, or the format is not available; `detail` says why.",
            503: "The store cannot be read now, or other exports are being made.",
        },
    ),
)
