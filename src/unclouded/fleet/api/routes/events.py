"""Events of all homes, and the audit: both newest first."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.routes.queries import Cursor, Kind, Limit, Organisation
from unclouded.fleet.api.shapes import audit_view, event_views
from unclouded.fleet.api.views import AuditView, FleetEventsView
from unclouded.web.request import as_json

NO_ORGANISATION = {404: "There is no such organisation, or none that this person has a role in."}


class FleetEventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    org: Organisation | None = None
    kind: Kind = ""
    after: Cursor = ""
    limit: Limit = 100


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    org: Organisation | None = None
    who: Annotated[str, Meta(max_length=100, description="Only what this login did.")] = ""
    what: Annotated[str, Meta(max_length=60, description="Only this, as home.revoke.")] = ""
    after: Cursor = ""
    limit: Limit = 100


async def fleet_events(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(FleetEventsQuery)
    scope = request.scope(query.org)
    rows, more = await context.base.history.events(scope, None, query.kind, query.after, query.limit)
    return as_json(FleetEventsView(events=event_views(rows), next=more or None))


async def audit(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(AuditQuery)
    scope = request.scope(query.org, "owner")
    rows, more = await context.base.audit.entries(scope, query.after, query.limit, query.what, query.who)
    return as_json(AuditView(rows=[audit_view(one) for one in rows], next=more or None))


ROWS = (
    FleetRoute(
        method="GET",
        path="/api/fleet/events",
        summary="Events of all homes, newest first.",
        handler=fleet_events,
        returns=(FleetEventsView,),
        query=FleetEventsQuery,
        errors=NO_ORGANISATION,
    ),
    FleetRoute(
        method="GET",
        path="/api/fleet/audit",
        summary="Who changed what, when, and from where, newest first.",
        handler=audit,
        returns=(AuditView,),
        query=AuditQuery,
        errors=NO_ORGANISATION,
        least="owner",
    ),
)
