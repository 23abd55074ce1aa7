"""Organisations, and codes with which homes join them."""

from starlette.responses import Response

from unclouded.core.times import iso
from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.views import (
    CodeView,
    DoneView,
    NewCodeBody,
    OpenCodeView,
    OrganisationBody,
    OrganisationView,
)
from unclouded.fleet.enrolment.codes import code_digest, new_code
from unclouded.uplink.joining import Invitation, shown_code
from unclouded.web import qr_code
from unclouded.web.request import ApiError, as_json
from unclouded.web.words import say

PLACE = "/api/fleet/organisations/{organisation}"
NO_ORGANISATION = {404: "There is no such organisation, or none that this person has a role in."}


async def organisations(context: FleetContext, request: FleetRequest) -> Response:
    return as_json(await organisation_views(context, request))


async def change_organisation(context: FleetContext, request: FleetRequest) -> Response:
    body, id = await request.body(OrganisationBody), request.organisation
    async with context.base.together():
        await context.base.register.rename_organisation(id, body.name.strip())
        await context.note(request, "organisation.change", id, id, name=body.name.strip())
    return as_json(next(one for one in await organisation_views(context, request) if one.id == id))


async def codes(context: FleetContext, request: FleetRequest) -> Response:
    found = await context.base.register.codes(request.organisation, context.wall())
    return as_json([
        OpenCodeView(id=one.number, homes=one.homes, used=one.used, expires=iso(one.expires), who=one.who)
        for one in found
    ])  # fmt: skip


async def make_code(context: FleetContext, request: FleetRequest) -> Response:
    body, id, now = await request.body(NewCodeBody), request.organisation, context.wall()
    code, expires = new_code(), now + body.minutes * 60.0
    digest, who = code_digest(code), request.person.login
    async with context.base.together(id):
        row = await context.base.register.add_code(digest, id, body.homes, expires, who, now)
        await context.note(request, "code.make", row.number, id, homes=body.homes, minutes=body.minutes)
    invitation = Invitation(code, context.url, context.fingerprint).text
    return as_json(
        CodeView(
            code=shown_code(code),
            organisation=id,
            homes=body.homes,
            expires=iso(expires),
            command=f"unclouded join '{invitation}'",
            qr=qr_code.svg(invitation).decode(),
        )
    )


async def withdraw_code(context: FleetContext, request: FleetRequest) -> Response:
    number = request.number("code", "api.fleet.no_code")
    found = await context.base.register.codes(request.organisation, context.wall())
    if not any(one.number == number for one in found):
        raise ApiError(404, "api.fleet.no_code", code=number)
    async with context.base.together(request.organisation):
        await context.base.register.withdraw_code(request.organisation, number)
        await context.note(request, "code.withdraw", number, request.organisation)
    return as_json(DoneView(text=say("api.fleet.done.code")))


async def organisation_views(context: FleetContext, request: FleetRequest) -> list[OrganisationView]:
    """Those in which the person has a role."""
    known = {one.number: one for one in await context.base.register.organisations()}
    return [
        OrganisationView(
            id=one.organisation,
            name=known[one.organisation].name,
            role=one.role,
            homes=known[one.organisation].homes or 0,
        )
        for one in request.person.roles
        if one.organisation in known
    ]


ROWS = (
    FleetRoute(
        method="GET",
        path="/api/fleet/organisations",
        summary="The organisations in which the person has a role.",
        handler=organisations,
        returns=(list[OrganisationView],),
    ),
    FleetRoute(
        method="PATCH",
        path=PLACE,
        summary="Rename an organisation.",
        handler=change_organisation,
        returns=(OrganisationView,),
        body=OrganisationBody,
        errors=NO_ORGANISATION,
        least="owner",
    ),
    FleetRoute(
        method="GET",
        path=f"{PLACE}/codes",
        summary="Codes of enrolment that are still valid.",
        handler=codes,
        returns=(list[OpenCodeView],),
        errors=NO_ORGANISATION,
        least="operator",
    ),
    FleetRoute(
        method="POST",
        path=f"{PLACE}/codes",
        summary="A new code with which homes join; it is shown this once.",
        handler=make_code,
        returns=(CodeView,),
        body=NewCodeBody,
        errors=NO_ORGANISATION,
        least="operator",
    ),
    FleetRoute(
        method="DELETE",
        path=f"{PLACE}/codes/{{code}}",
        summary="Withdraw a code.",
        handler=withdraw_code,
        returns=(DoneView,),
        errors=NO_ORGANISATION,
        least="operator",
    ),
)
