"""Commands to homes, one or many, and what became of them."""

import secrets
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.model import Value
from unclouded.fleet.api.context import HUB_ID, FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.routes.queries import Cursor, Limit, Organisation, homes_of
from unclouded.fleet.api.shapes import command_view
from unclouded.fleet.api.views import (
    MOST_HOMES,
    CommandTargetView,
    FleetCommandBody,
    FleetCommandsView,
    SentCommandsView,
)
from unclouded.fleet.base.views import CommandFate, GivenCommand, HomeLine, NewCommand, Scope
from unclouded.fleet.base.windows.catalogues import Settable
from unclouded.uplink.contents.catalogue import SentControl
from unclouded.web.request import ApiError, as_json
from unclouded.web.words import say

BATCH_BYTES = 12  # random ones of the id of a batch


class CommandsQuery(msgspec.Struct, frozen=True, kw_only=True):
    org: Organisation | None = None
    home: Annotated[str, Meta(max_length=40, description="Only to this home.")] = ""
    batch: Annotated[str, Meta(max_length=60, description="Only those of one request.")] = ""
    state: Annotated[CommandFate | None, Meta(description="Only in this state.")] = None
    after: Cursor = ""
    limit: Limit = 100


async def commands(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(CommandsQuery)
    scope, home = request.scope(query.org), query.home or None
    if home is not None and not HUB_ID.fullmatch(home):
        raise ApiError(404, "api.fleet.no_home", home=home)
    book = context.base.commands
    rows, more = await book.commands(scope, home, query.batch, query.state, query.after, query.limit)
    fates = {} if query.after else dict(await book.fates(scope, home, query.batch))
    states = {str(fate): count for fate, count in fates.items()}
    return as_json(FleetCommandsView(commands=[command_view(one) for one in rows], states=states, next=more or None))


async def give_commands(context: FleetContext, request: FleetRequest) -> Response:
    body = await request.body(FleetCommandBody)
    lines = await _targets(context, request, body)
    known = await context.base.homes.settable(request.scope(), [one.hub for one in lines], body.device)
    targets = [_target(one, known.get(one.hub), body) for one in lines]
    if body.dry_run:
        return as_json(SentCommandsView(batch="", commands=[], targets=targets))
    given = [one for one in lines if one.state != "revoked"]
    if not given:
        raise ApiError(422, "api.fleet.no_homes")
    batch = secrets.token_hex(BATCH_BYTES)
    rows: list[GivenCommand] = []
    for scope in await context.base.spread(sorted({one.organisation for one in given})):
        rows += await _give(context, request, body, (scope, given, batch), len(rows))
    context.wake()
    return as_json(SentCommandsView(batch=batch, commands=[command_view(one) for one in rows], targets=targets))


# --- inside -------------------------------------------------------------------------------------------


async def _give(
    context: FleetContext,
    request: FleetRequest,
    body: FleetCommandBody,
    what: tuple[Scope, Sequence[HomeLine], str],
    before: int,
) -> list[GivenCommand]:
    """To the homes of a scope that is in one database, and a row of the audit for each organisation."""
    (scope, lines, batch), now = what, context.wall()
    organisations = scope.organisations or ()
    targets = [
        NewCommand(hub=one.hub, device=body.device, point=body.point, value=body.value)
        for one in lines
        if one.organisation in organisations
    ]
    who, book = request.person.login, context.base.commands
    async with context.base.together(organisations[0]):
        rows = await book.give(scope, targets, who, now + body.until_s, now, batch, before)
        for organisation in organisations:
            homes = sum(one.organisation == organisation for one in rows)
            detail = {"homes": homes, "device": body.device, "point": body.point, "value": body.value}
            await context.note(request, "command.give", batch, organisation, **detail)
    return rows


async def _targets(context: FleetContext, request: FleetRequest, body: FleetCommandBody) -> Sequence[HomeLine]:
    """The homes that are meant, all in organisations where the person may give commands. Raises ApiError."""
    if (body.homes is None) == (body.filter is None):
        raise ApiError(422, "api.fleet.either")
    if body.filter is not None:
        request.scope(body.filter.org, "operator")
        ids = await homes_of(context, request, body.filter, MOST_HOMES)
    else:
        ids = list(dict.fromkeys(body.homes or ()))
    lines = {one.hub: one for one in await context.base.homes.rows(request.scope(), ids, context.wall())}
    for id in ids:
        if id not in lines:
            raise ApiError(404, "api.fleet.no_home", home=id)
    for organisation in {one.organisation for one in lines.values()}:
        request.role_in(organisation, "operator")
    if not lines:
        raise ApiError(422, "api.fleet.no_homes")
    return [lines[id] for id in ids]


def _target(line: HomeLine, known: Settable | None, body: FleetCommandBody) -> CommandTargetView:
    problem = say("api.fleet.is_revoked") if line.state == "revoked" else _why_not(known, body)
    away = say("api.fleet.is_offline") if line.state in ("offline", "new") else ""
    return CommandTargetView(home=line.hub, name=line.name, problem=problem or away, can=not problem)


def _why_not(known: Settable | None, body: FleetCommandBody) -> str:
    """Why a home that has sent this would not carry it out; "" = nothing is known against it."""
    if known is None or known.let_out is None:
        return ""
    if "control" not in known.let_out:
        return say("api.fleet.no_control")
    if not known.has_catalogue:
        return ""
    if known.device is None:
        return say("api.fleet.no_device", device=body.device)
    if known.device.controls is None:  # an older hub
        return ""
    point = body.point or known.device.main
    if not point:
        return say("api.fleet.no_main", device=body.device)
    control = next((one for one in known.device.controls if one.point == point), None)
    if control is None:
        return say("api.fleet.no_point", device=body.device, point=point)
    return _why_not_value(control, body.value)


def _why_not_value(control: SentControl, value: Value) -> str:
    if isinstance(value, str):
        is_listed = not control.options or control.kind != "enum" or value in control.options
        return "" if is_listed else say("api.fleet.no_option", value=value, options=", ".join(control.options))
    if isinstance(value, bool) or control.kind != "number":
        return ""
    least, most = control.minimum, control.maximum
    is_within = (least is None or value >= least) and (most is None or value <= most)
    limits = {"least": "…" if least is None else f"{least:g}", "most": "…" if most is None else f"{most:g}"}
    return "" if is_within else say("api.fleet.out_of_range", value=value, **limits)


ROWS = (
    FleetRoute(
        method="GET",
        path="/api/fleet/commands",
        summary="Commands, newest first, with their outcomes.",
        handler=commands,
        returns=(FleetCommandsView,),
        query=CommandsQuery,
        errors={404: "There is no such home or organisation."},
    ),
    FleetRoute(
        method="POST",
        path="/api/fleet/commands",
        summary="Set a point of a device, in one home or in many at once; the outcome is of each home.",
        handler=give_commands,
        returns=(SentCommandsView,),
        body=FleetCommandBody,
        errors={404: "There is no such home or organisation.", 422: "The body is wrong, or the homes are too many."},
        least="operator",
    ),
)
