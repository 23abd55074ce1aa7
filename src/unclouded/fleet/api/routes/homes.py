"""The list of homes, one home, and what is done to it."""

from datetime import UTC

from starlette.responses import Response

from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.routes.queries import Cursor, HomesQuery, Limit
from unclouded.fleet.api.shapes import base_filter, home_row, home_view, summary
from unclouded.fleet.api.views import AgainBody, DoneView, FleetHomeView, ForgetBody, HomeBody, HomesView
from unclouded.web.request import ApiError, as_json, time_of
from unclouded.web.words import say

HOME = "/api/fleet/homes/{home}"
NO_HOME = {404: "There is no such home, or none that this person may see."}


class HomesPageQuery(HomesQuery, frozen=True, kw_only=True):
    after: Cursor = ""
    limit: Limit = 100


async def homes(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(HomesPageQuery)
    scope, filter, now = request.scope(query.org), base_filter(query.filter), context.wall()
    page = await context.base.homes.homes(scope, filter, now, query.after, query.limit)
    sums = None if query.after else await context.base.homes.sums(scope, filter, now)
    return as_json(
        HomesView(
            homes=[home_row(one) for one in page.homes],
            next=page.after or None,
            summary=None if sums is None else summary(sums),
        )
    )


async def home(context: FleetContext, request: FleetRequest) -> Response:
    return await _home(context, request)


async def change_home(context: FleetContext, request: FleetRequest) -> Response:
    body, hub = await request.body(HomeBody), request.home.hub
    changes = {key: value.strip() for key, value in (("name", body.name), ("place", body.place)) if value is not None}
    if changes:
        async with context.base.together(request.organisation):
            await context.base.homes.rename(request.scope(), hub, **changes)
            await context.note(request, "home.change", hub, request.organisation, **changes)
    return await _home(context, request)


async def want_again(context: FleetContext, request: FleetRequest) -> Response:
    body, hub = await request.body(AgainBody), request.home.hub
    since = time_of(body.since, "since", UTC)
    async with context.base.together(request.organisation):
        await context.base.register.again(since, context.wall(), hub)
        await context.note(request, "home.again", hub, request.organisation, since=since)
    return _done("api.fleet.done.again")


async def revoke(context: FleetContext, request: FleetRequest) -> Response:
    hub = request.home.hub
    async with context.base.together(request.organisation):
        await context.base.register.revoke(hub, context.wall())
        await context.note(request, "home.revoke", hub, request.organisation, name=request.home.name)
    await context.push_revocations()
    return _done("api.fleet.done.revoked")


async def forget(context: FleetContext, request: FleetRequest) -> Response:
    body, home = await request.body(ForgetBody), request.home
    if body.confirmed != home.hub:
        raise ApiError(422, "api.fleet.confirm")
    about = {"address": request.address}
    await context.base.register.forget(home.hub, context.wall(), request.person.login, about)
    await context.push_revocations()
    return _done("api.fleet.done.forgotten")


async def _home(context: FleetContext, request: FleetRequest) -> Response:
    detail = await context.base.homes.home(request.scope(), request.home.hub, context.wall())
    return as_json(home_view(detail, request.role_in(request.organisation)))


def _done(id: str) -> Response:
    return as_json(DoneView(text=say(id)))


ROWS = (
    FleetRoute(
        method="GET",
        path="/api/fleet/homes",
        summary="Homes, the worst first; how many are in each state, in the first page.",
        handler=homes,
        returns=(HomesView,),
        query=HomesPageQuery,
        errors={404: "There is no such organisation.", 422: "``after`` is of no page."},
    ),
    FleetRoute(
        method="GET",
        path=HOME,
        summary="One home, its devices, and what it lets out.",
        handler=home,
        returns=(FleetHomeView,),
        errors=NO_HOME,
    ),
    FleetRoute(
        method="PATCH",
        path=HOME,
        summary="Rename a home, or set its place.",
        handler=change_home,
        returns=(FleetHomeView,),
        body=HomeBody,
        errors=NO_HOME,
        least="operator",
    ),
    FleetRoute(
        method="POST",
        path=f"{HOME}/again",
        summary="Have everything since a time sent again.",
        handler=want_again,
        returns=(DoneView,),
        body=AgainBody,
        errors=NO_HOME,
        least="operator",
    ),
    FleetRoute(
        method="POST",
        path=f"{HOME}/revoke",
        summary="Revoke a home: its token is no longer accepted.",
        handler=revoke,
        returns=(DoneView,),
        errors={**NO_HOME, 503: "It is revoked in the database, and NATS could not be reached; it is tried again."},
        least="owner",
    ),
    FleetRoute(
        method="POST",
        path=f"{HOME}/forget",
        summary="Revoke a home, and delete everything that the fleet has of it.",
        handler=forget,
        returns=(DoneView,),
        body=ForgetBody,
        errors={**NO_HOME, 503: "It is forgotten, and NATS could not be reached; it is tried again."},
        least="owner",
    ),
)
