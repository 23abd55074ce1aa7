"""Routes about the files that devices are updated from. The disk may be slow, so threads do the work.

PUT /api/updates/pump.bin?beside=true  ──►  {"name": "1f0c77ab-pump.bin", "size": 98304, "md5": "1f0c77ab…", …}
"""

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.json_lines import update_json
from unclouded.core.model import LARGEST_UPDATE
from unclouded.web.request import ApiError, ApiRequest, as_json
from unclouded.web.routes import BYTES, ApiContext, ApiRoute
from unclouded.web.schemas import UpdateView
from unclouded.web.words import say

NO_SHELF = {503: "This hub keeps no files, or its disk says no."}


class UpdateQuery(msgspec.Struct, frozen=True):
    beside: Annotated[
        bool, Meta(description="Where another file has this name, both stay: the answer says under which name.")
    ] = False


async def updates(rooms: ApiContext, asked: ApiRequest) -> Response:
    files = await asyncio.to_thread(rooms.shelf().files)
    return as_json([update_json(file) for file in files])


async def put_update(rooms: ApiContext, asked: ApiRequest) -> Response:
    shelf = rooms.shelf()
    beside = asked.query(UpdateQuery).beside
    data = await asked.raw(LARGEST_UPDATE)
    return as_json(update_json(await asyncio.to_thread(shelf.put, _name(asked), data, beside=beside)))


async def remove_update(rooms: ApiContext, asked: ApiRequest) -> Response:
    shelf, name = rooms.shelf(), _name(asked)
    file = await asyncio.to_thread(shelf.remove, name)
    if file is None:
        known = ", ".join(one.name for one in await asyncio.to_thread(shelf.files))
        raise ApiError(404, "api.no_update", name=name[:100], known=known or say("api.none"))
    return as_json(update_json(file))


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/updates",
        words="The files that the hub keeps for updates, the newest first.",
        handler=updates,
        says=(list[UpdateView],),
        errors=NO_SHELF,
    ),
    ApiRoute(
        method="PUT",
        path="/api/updates/{name}",
        words="Keep a file for updates, as it is, in place of the one of that name.",
        handler=put_update,
        says=(UpdateView,),
        query=UpdateQuery,
        takes=BYTES,
        errors={422: "The name will not do, the file is empty, or it is being sent to a device.", **NO_SHELF},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/updates/{name}",
        words="Forget a file for updates.",
        handler=remove_update,
        says=(UpdateView,),
        errors={404: "There is no such file.", 422: "It is being sent to a device.", **NO_SHELF},
    ),
)


def _name(asked: ApiRequest) -> str:
    return str(asked.request.path_params["name"])
