"""Routes for the configuration: it is shown without secrets, edited on top of a revision, and applied at once.

Only the role *control* may use them. What names a file of the hub's computer can be set over the Unix socket only.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace
from starlette.responses import Response

from unclouded.core.views.configuration import ConfigBackupView, ConfigurationView, EditOrigin, HubEdit, ReloadView
from unclouded.web.api.devices import origin_of
from unclouded.web.request import ApiRequest, as_json
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.said import translated
from unclouded.web.schemas import (
    AddDeviceBody,
    ChangeDeviceBody,
    ChangeHubBody,
    Origin,
    ReloadBody,
    RenameRoomBody,
    RestoreBody,
    Revision,
)
from unclouded.web.setting_texts import with_texts

NOT_VALID = {422: "The configuration would be invalid; `detail` names the line and the key. Nothing was changed."}
NO_FILE = {503: "The file cannot be read or written; `detail` says what to do. Nothing was changed."}
CONFLICT = {409: "The file was changed since that revision. `changed` lists the keys; `revision` is that of the file."}
CHANGES = {**NOT_VALID, **NO_FILE, **CONFLICT}


class RemoveDeviceQuery(msgspec.Struct, frozen=True):
    revision: Revision
    history: Annotated[Literal["keep", "delete"], Meta(description="Whether its stored history is deleted, too.")]
    origin: Origin = "api"


class RemoveTableQuery(msgspec.Struct, frozen=True):
    revision: Revision
    origin: Origin = "api"


async def configuration(context: ApiContext, request: ApiRequest) -> Response:
    view = with_texts(await context.require_configuration().view())
    return as_json(replace(view, problem=translated(view.problem), unwritable=translated(view.unwritable)))


async def add_device(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(AddDeviceBody)
    who = _who(request, body.origin)
    return applied(await context.require_configuration().add(body.revision, body.keys, who))


async def change_device(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(ChangeDeviceBody)
    who = _who(request, body.origin)
    device = str(request.http.path_params["device"])
    return applied(await context.require_configuration().change(body.revision, device, body.keys, who))


async def remove_device(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(RemoveDeviceQuery)
    device, who = str(request.http.path_params["device"]), _who(request, query.origin)
    return applied(await context.require_configuration().remove(query.revision, device, query.history, who))


async def change_table(context: ApiContext, request: ApiRequest) -> Response:
    return await _change_hub(context, request, None)


async def add_item(context: ApiContext, request: ApiRequest) -> Response:
    return await _change_hub(context, request, "")


async def change_item(context: ApiContext, request: ApiRequest) -> Response:
    return await _change_hub(context, request, str(request.http.path_params["item"]))


async def remove_table(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(RemoveTableQuery)
    path = request.http.path_params
    edit = HubEdit(table=str(path["table"]), item=path.get("item"))
    return applied(await context.require_configuration().change_hub(query.revision, edit, _who(request, query.origin)))


async def remove_item(context: ApiContext, request: ApiRequest) -> Response:
    return await remove_table(context, request)


async def rename_room(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(RenameRoomBody)
    who = _who(request, body.origin)
    return applied(await context.require_configuration().rename_room(body.revision, body.room, body.name, who))


async def _change_hub(context: ApiContext, request: ApiRequest, item: str | None) -> Response:
    body = await request.body(ChangeHubBody)
    who = _who(request, body.origin)
    edit = HubEdit(table=str(request.http.path_params["table"]), item=item, keys=body.keys)
    return applied(await context.require_configuration().change_hub(body.revision, edit, who))


async def reload(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(ReloadBody)
    return applied(await context.require_configuration().reload(_who(request, body.origin), body.dry_run))


async def backups(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_configuration().backups())


async def restore(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(RestoreBody)
    who = _who(request, body.origin)
    return applied(await context.require_configuration().restore(body.revision, body.backup, who))


def applied(view: ReloadView) -> Response:
    """What became of a change, with its warnings in the language of the request."""
    return as_json(replace(view, warnings=tuple(map(translated, view.warnings))))


def _who(request: ApiRequest, origin: str) -> EditOrigin:
    return EditOrigin(origin_of(request, origin), request.is_local)


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/configuration",
        summary="The devices of the configuration without secrets, and the revision that a change is based on.",
        handler=configuration,
        returns=(ConfigurationView,),
        errors={**NO_FILE, 422: "The file cannot be read."},
        control=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/configuration/devices",
        summary="Add a device. Its id follows from its name, unless one is given.",
        handler=add_device,
        returns=(ReloadView,),
        body=AddDeviceBody,
        errors=CHANGES,
    ),
    ApiRoute(
        method="PATCH",
        path="/api/configuration/devices/{device}",
        summary="Change keys of a device; null removes one, and tables are merged (RFC 7396). `id` renames it.",
        handler=change_device,
        returns=(ReloadView,),
        body=ChangeDeviceBody,
        errors=CHANGES,
    ),
    ApiRoute(
        method="DELETE",
        path="/api/configuration/devices/{device}",
        summary="Remove a device, with or without its history.",
        handler=remove_device,
        returns=(ReloadView,),
        query=RemoveDeviceQuery,
        errors=CHANGES,
    ),
    ApiRoute(
        method="PATCH",
        path="/api/configuration/hub/{table}",
        summary="Change keys of a table of the hub; null removes one. A table that is not there is added.",
        handler=change_table,
        returns=(ReloadView,),
        body=ChangeHubBody,
        errors=CHANGES,
    ),
    ApiRoute(
        method="DELETE",
        path="/api/configuration/hub/{table}",
        summary="Remove a table of the hub, or all items of a list: what it is about is off.",
        handler=remove_table,
        returns=(ReloadView,),
        query=RemoveTableQuery,
        errors=CHANGES,
    ),
    ApiRoute(
        method="POST",
        path="/api/configuration/hub/{table}",
        summary="Add an item to a list of the hub.",
        handler=add_item,
        returns=(ReloadView,),
        body=ChangeHubBody,
        errors=CHANGES,
    ),
    ApiRoute(
        method="PATCH",
        path="/api/configuration/hub/{table}/{item}",
        summary="Change keys of an item of a list; it is named by its id, its name, or its place from 1 on.",
        handler=change_item,
        returns=(ReloadView,),
        body=ChangeHubBody,
        errors=CHANGES,
    ),
    ApiRoute(
        method="DELETE",
        path="/api/configuration/hub/{table}/{item}",
        summary="Remove an item of a list.",
        handler=remove_item,
        returns=(ReloadView,),
        query=RemoveTableQuery,
        errors=CHANGES,
    ),
    ApiRoute(
        method="POST",
        path="/api/configuration/rooms",
        summary="Rename a room: all devices in it change at once.",
        handler=rename_room,
        returns=(ReloadView,),
        body=RenameRoomBody,
        errors=CHANGES,
    ),
    ApiRoute(
        method="POST",
        path="/api/configuration/reload",
        summary="Apply the file as it is now. Only devices that it changes restart; an invalid file changes nothing.",
        handler=reload,
        returns=(ReloadView,),
        body=ReloadBody,
        errors={**NOT_VALID, **NO_FILE},
    ),
    ApiRoute(
        method="GET",
        path="/api/configuration/backups",
        summary="The versions of the file before changes, newest first.",
        handler=backups,
        returns=(list[ConfigBackupView],),
        errors=NO_FILE,
        control=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/configuration/restore",
        summary="Put a backup in the place of the file, and apply it.",
        handler=restore,
        returns=(ReloadView,),
        body=RestoreBody,
        errors=CHANGES,
    ),
)
