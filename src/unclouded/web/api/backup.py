"""The stored data as a whole: how much there is, and a backup of the hub as one file."""

import datetime
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from unclouded.web.request import ApiRequest, as_json
from unclouded.web.routes import GZIP, ApiContext, ApiRoute
from unclouded.web.schemas import DataView


async def data(context: ApiContext, request: ApiRequest) -> Response:
    size = context.about().store.bytes
    return as_json(DataView(bytes=size, since=await context.require_history().since()))


async def backup(context: ApiContext, request: ApiRequest) -> Response:
    pieces = context.require_backup().pieces()
    first = await anext(pieces)  # raises before the head of the answer is sent
    day = datetime.datetime.fromtimestamp(context.wall(), context.zone).date()
    headers = {"Content-Disposition": f'attachment; filename="unclouded-{day}.tar.gz"'}
    return StreamingResponse(_from(first, pieces), media_type=GZIP, headers=headers)


async def _from(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/data",
        summary="How much is stored, and since when.",
        handler=data,
        returns=(DataView,),
        errors={503: "The store cannot be read."},
    ),
    ApiRoute(
        method="GET",
        path="/api/backup",
        summary="A backup of the hub as one file: configuration, store and state, with the secrets of devices.",
        handler=backup,
        returns=(),
        media=GZIP,
        errors={503: "The store cannot be copied, there is no room for it, or another backup is being made."},
        control=True,
    ),
)
