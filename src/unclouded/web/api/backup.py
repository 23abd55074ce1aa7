"""The stored data as a whole: how much there is, and backups of the hub as files."""

import re
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from unclouded.core.views.backup import BackupsView, BackupView, VerifiedView
from unclouded.core.views.retention import RetentionView
from unclouded.web.api.export import streamed
from unclouded.web.request import ApiRequest, as_json
from unclouded.web.route_row import BYTES
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.schemas import DataView

OTHERS = r"[^A-Za-z0-9._-]"  # characters that no name of a backup has
BUSY = {503: "It cannot be done now; `detail` says why: another backup is being made, the folder or the disk."}
NO_SUCH = {422: "There is no such backup, or it is not sound; `detail` says why."}


async def data(context: ApiContext, request: ApiRequest) -> Response:
    size = context.about().store.bytes
    return as_json(DataView(bytes=size, since=await context.require_history().since()))


async def retention(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_history().retention(context.wall()))


async def new_backup(context: ApiContext, request: ApiRequest) -> Response:
    source = context.require_backup()
    return await _file(source.name(), source.pieces())


async def hub_backups(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_backup().view())


async def make_backup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_backup().make())


async def stored_backup(context: ApiContext, request: ApiRequest) -> Response:
    return await _file(_name(request), context.require_backup().stored(_name(request)))


async def verify_backup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_backup().verify(_name(request)))


async def stage_backup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_backup().stage(_name(request)))


async def unstage_backup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_backup().unstage())


def _name(request: ApiRequest) -> str:
    return str(request.http.path_params["backup"])


async def _file(name: str, pieces: AsyncIterator[bytes]) -> Response:
    first = await anext(pieces)  # raises before the head of the answer is sent
    headers = {"Content-Disposition": f'attachment; filename="{re.sub(OTHERS, "_", name)}"'}
    return StreamingResponse(streamed(first, pieces), media_type=BYTES, headers=headers)


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
        path="/api/retention",
        summary="The rules of retention: what each keeps, what is stored of it, and what it deletes, when.",
        handler=retention,
        returns=(RetentionView,),
        errors={503: "The store cannot be read."},
    ),
    ApiRoute(
        method="GET",
        path="/api/backup",
        summary="A new backup of the hub as one file: configuration, store and state, with the secrets of devices.",
        handler=new_backup,
        returns=(),
        media=BYTES,
        errors={422: "The passphrase file cannot be used.", **BUSY},
        control=True,
    ),
    ApiRoute(
        method="GET",
        path="/api/backups",
        summary="The backups in the folder of [backup], when the next one is made, and what is restored at the start.",
        handler=hub_backups,
        returns=(BackupsView,),
        control=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/backups",
        summary="Make a backup in the folder now; the answer comes when it is complete and was read again.",
        handler=make_backup,
        returns=(BackupView,),
        errors={422: "There is no folder for backups, or its passphrase file cannot be used.", **BUSY},
    ),
    ApiRoute(
        method="GET",
        path="/api/backups/{backup}",
        summary="A backup of the folder.",
        handler=stored_backup,
        returns=(),
        media=BYTES,
        errors=NO_SUCH,
        control=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/backups/{backup}/verify",
        summary="Read a backup of the folder and check all of it, the store as a whole as well.",
        handler=verify_backup,
        returns=(VerifiedView,),
        errors={**NO_SUCH, **BUSY},
    ),
    ApiRoute(
        method="POST",
        path="/api/backups/{backup}/restore",
        summary="Check a backup of the folder; at the next start it takes the place of the stored data, not of the "
        "configuration. What is there now is kept aside.",
        handler=stage_backup,
        returns=(BackupsView,),
        errors={**NO_SUCH, **BUSY},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/backups",
        summary="Restore nothing at the next start.",
        handler=unstage_backup,
        returns=(BackupsView,),
        errors={422: "It is being put in place already.", **BUSY},
    ),
)
