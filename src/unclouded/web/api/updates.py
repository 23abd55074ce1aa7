"""Routes for update files. Disk access runs in threads because it may be slow.

PUT /api/updates/pump.bin?beside=true  ──►  {"name": "1f0c77ab-pump.bin", "size": 98304, "md5": "1f0c77ab…", …}
"""

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.json_lines import update_json
from unclouded.core.model import LARGEST_UPDATE
from unclouded.core.views import UpdateView
from unclouded.web.request import ApiError, ApiRequest, as_json
from unclouded.web.routes import BYTES, ApiContext, ApiRoute
from unclouded.web.words import say

NO_UPDATE_FILES = {503: "This hub keeps no update files, or the disk cannot be written."}


class UpdateQuery(msgspec.Struct, frozen=True):
    beside: Annotated[
        bool, Meta(description="Keep an existing file of this name; the answer contains the name that was assigned.")
    ] = False


async def updates(context: ApiContext, request: ApiRequest) -> Response:
    files = await asyncio.to_thread(context.require_update_files().files)
    return as_json([update_json(file) for file in files])


async def put_update(context: ApiContext, request: ApiRequest) -> Response:
    update_files = context.require_update_files()
    beside = request.query(UpdateQuery).beside
    upload = update_files.begin(_name(request))
    try:
        async for piece in request.pieces(LARGEST_UPDATE):
            await asyncio.to_thread(upload.write, piece)
        return as_json(update_json(await asyncio.to_thread(upload.keep, beside=beside)))
    finally:
        upload.discard()


async def remove_update(context: ApiContext, request: ApiRequest) -> Response:
    update_files, name = context.require_update_files(), _name(request)
    file = await asyncio.to_thread(update_files.remove, name)
    if file is None:
        known = ", ".join(one.name for one in await asyncio.to_thread(update_files.files))
        raise ApiError(404, "api.no_update", name=name[:100], known=known or say("api.none"))
    return as_json(update_json(file))


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/updates",
        summary="The stored update files, newest first.",
        handler=updates,
        returns=(list[UpdateView],),
        errors=NO_UPDATE_FILES,
    ),
    ApiRoute(
        method="PUT",
        path="/api/updates/{name}",
        summary="Store an update file; an existing file of that name is replaced.",
        handler=put_update,
        returns=(UpdateView,),
        query=UpdateQuery,
        accepts=BYTES,
        errors={422: "The name is invalid, the file is empty, or it is being sent to a device.", **NO_UPDATE_FILES},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/updates/{name}",
        summary="Delete an update file.",
        handler=remove_update,
        returns=(UpdateView,),
        errors={404: "Unknown file.", 422: "It is being sent to a device.", **NO_UPDATE_FILES},
    ),
)


def _name(request: ApiRequest) -> str:
    return str(request.http.path_params["name"])
