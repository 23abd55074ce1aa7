"""Routes for update files. Disk access runs in threads because it may be slow.

PUT /api/updates/pump.bin?beside=true  ──►  {"name": "1f0c77ab-pump.bin", "size": 98304, "md5": "1f0c77ab…", …}
"""

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.model import LARGEST_UPDATE, Device, UpdateFile
from unclouded.core.views.facts import UpdateView
from unclouded.core.views.json_lines import update_json
from unclouded.web.request import ApiError, ApiRequest, as_json, device_of_id
from unclouded.web.route_row import BYTES
from unclouded.web.routes import ApiContext, ApiRoute, UpdateFileSource
from unclouded.web.words import say

NO_UPDATE_FILES = {503: "This hub keeps no update files, or the disk cannot be written."}


ForDevice = Annotated[str, Meta(description="A device; the answer contains why it would not be sent the file.")]


class UpdatesQuery(msgspec.Struct, frozen=True):
    device: ForDevice = ""


class UpdateQuery(msgspec.Struct, frozen=True):
    device: ForDevice = ""
    beside: Annotated[
        bool, Meta(description="Keep an existing file of this name; the answer contains the name that was assigned.")
    ] = False


async def updates(context: ApiContext, request: ApiRequest) -> Response:
    update_files = context.require_update_files()
    device = _device(context, request.query(UpdatesQuery).device)
    return as_json([_view(update_files, file, device) for file in await asyncio.to_thread(update_files.files)])


async def put_update(context: ApiContext, request: ApiRequest) -> Response:
    update_files = context.require_update_files()
    query = request.query(UpdateQuery)
    device = _device(context, query.device)
    upload = update_files.begin(_name(request))
    try:
        async for piece in request.pieces(LARGEST_UPDATE):
            await asyncio.to_thread(upload.write, piece)
        file = await asyncio.to_thread(upload.keep, beside=query.beside)
        return as_json(_view(update_files, file, device))
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
        query=UpdatesQuery,
        errors={404: "Unknown device.", **NO_UPDATE_FILES},
    ),
    ApiRoute(
        method="PUT",
        path="/api/updates/{name}",
        summary="Store an update file; an existing file of that name is replaced.",
        handler=put_update,
        returns=(UpdateView,),
        query=UpdateQuery,
        accepts=BYTES,
        errors={
            404: "Unknown device.",
            422: "The name is invalid, the file is empty, or it is being sent to a device.",
            **NO_UPDATE_FILES,
        },
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


def _device(context: ApiContext, id: str) -> Device | None:
    """The device of a query; None if it names none. Raises ApiError for one that there is not."""
    return device_of_id(context.hub, id) if id else None


def _view(update_files: UpdateFileSource, file: UpdateFile, device: Device | None) -> UpdateView:
    return update_json(file, update_files.why_refused(file, device) if device is not None else "")


def _name(request: ApiRequest) -> str:
    return str(request.http.path_params["name"])
