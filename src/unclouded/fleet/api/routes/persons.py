"""People and their roles in an organisation. A person may have roles in several; their login is one for the fleet.

An owner adds people with a first password, but never sets that of a person who has a role elsewhere, too.
"""

from starlette.responses import Response

from unclouded.core.times import iso
from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.passwords import stored_password
from unclouded.fleet.api.routes.organisations import NO_ORGANISATION, PLACE
from unclouded.fleet.api.views import DoneView, NewPersonBody, NewPersonView, PersonView, RoleBody
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, NotInScope
from unclouded.fleet.base.views import PersonRow, Role, Scope
from unclouded.web.access.password import random_password
from unclouded.web.request import ApiError, as_json
from unclouded.web.words import say

PERSON = f"{PLACE}/persons/{{person}}"
NO_PERSON = {404: "There is no such organisation or person, or none that this person may see."}
LAST_OWNER = {409: "An organisation keeps an owner."}


async def persons(context: FleetContext, request: FleetRequest) -> Response:
    found = await context.base.people.persons(Scope((request.organisation,)))
    return as_json([_view(one, request.organisation) for one in found])


async def add_person(context: FleetContext, request: FleetRequest) -> Response:
    body, id = await request.body(NewPersonBody), request.organisation
    password = random_password()
    hashed = await context.passwords.hashing(lambda: stored_password(password, context.cost))
    people = context.base.people
    async with context.base.together():
        try:
            person = await people.add_person(body.login.strip(), body.name.strip(), hashed, context.wall())
        except BaseUnavailable:
            raise
        except BaseRefused:
            raise ApiError(409, "api.fleet.login_taken", login=body.login) from None
        await people.set_role(person.number, id, body.role)
        await context.note(request, "person.add", person.number, id, login=person.login, role=body.role)
    return as_json(NewPersonView(person=_view(await _person(context, request, person.number), id), password=password))


async def change_role(context: FleetContext, request: FleetRequest) -> Response:
    body, number = await request.body(RoleBody), request.number("person", "api.fleet.no_person")
    person = await _person(context, request, number)
    async with context.base.together():
        await _set_role(context, request, person, body.role)
        await context.note(request, "person.role", number, request.organisation, login=person.login, role=body.role)
    return as_json(_view(await _person(context, request, number), request.organisation))


async def new_password(context: FleetContext, request: FleetRequest) -> Response:
    number = request.number("person", "api.fleet.no_person")
    person = await _person(context, request, number)
    everywhere = await context.base.people.person(number)
    if everywhere is None or any(request.person.role_in(one.organisation) != "owner" for one in everywhere.roles):
        raise ApiError(409, "api.fleet.not_only_here", login=person.login)
    password = random_password()
    hashed = await context.passwords.hashing(lambda: stored_password(password, context.cost))
    async with context.base.together():
        await context.base.people.change_person(number, password=hashed)
        await context.note(request, "person.password", number, request.organisation, login=person.login)
    return as_json(NewPersonView(person=_view(person, request.organisation), password=password))


async def remove_person(context: FleetContext, request: FleetRequest) -> Response:
    """The role goes; the person too, where it was the last one."""
    number = request.number("person", "api.fleet.no_person")
    person = await _person(context, request, number)
    async with context.base.together():
        await _set_role(context, request, person, None)
        left = await context.base.people.person(number)
        if left is not None and not left.roles:
            await context.base.people.remove_person(number)
        await context.note(request, "person.remove", number, request.organisation, login=person.login)
    return as_json(DoneView(text=say("api.fleet.done.person", login=person.login)))


# --- inside -------------------------------------------------------------------------------------------


async def _person(context: FleetContext, request: FleetRequest, number: int) -> PersonRow:
    """A person of the organisation in the path. Raises ApiError."""
    for one in await context.base.people.persons(Scope((request.organisation,))):
        if one.number == number:
            return one
    raise ApiError(404, "api.fleet.no_person", person=number)


async def _set_role(context: FleetContext, request: FleetRequest, person: PersonRow, role: Role | None) -> None:
    """Raises ApiError where no owner would be left."""
    try:
        await context.base.people.set_role(person.number, request.organisation, role)
    except NotInScope:
        raise
    except BaseRefused:
        raise ApiError(409, "api.fleet.last_owner") from None


def _view(person: PersonRow, organisation: int) -> PersonView:
    role = person.role_in(organisation)
    assert role is not None, "the base gives people of the scope only"
    return PersonView(
        id=person.number,
        login=person.login,
        name=person.name,
        role=role,
        seen=None if person.seen is None else iso(person.seen),
    )


ROWS = (
    FleetRoute(
        method="GET",
        path=f"{PLACE}/persons",
        summary="People with a role in the organisation.",
        handler=persons,
        returns=(list[PersonView],),
        errors=NO_ORGANISATION,
        least="owner",
    ),
    FleetRoute(
        method="POST",
        path=f"{PLACE}/persons",
        summary="A new person, with a first password that is shown this once.",
        handler=add_person,
        returns=(NewPersonView,),
        body=NewPersonBody,
        errors={**NO_ORGANISATION, 409: "There is a person with this login."},
        least="owner",
    ),
    FleetRoute(
        method="PUT",
        path=PERSON,
        summary="Another role in the organisation.",
        handler=change_role,
        returns=(PersonView,),
        body=RoleBody,
        errors={**NO_PERSON, **LAST_OWNER},
        least="owner",
    ),
    FleetRoute(
        method="DELETE",
        path=PERSON,
        summary="Remove a person's role in the organisation.",
        handler=remove_person,
        returns=(DoneView,),
        errors={**NO_PERSON, **LAST_OWNER},
        least="owner",
    ),
    FleetRoute(
        method="POST",
        path=f"{PERSON}/password",
        summary="A new password of a person, shown this once; all their sessions end.",
        handler=new_password,
        returns=(NewPersonView,),
        errors={**NO_PERSON, 409: "The person has a role in an organisation that the caller does not own."},
        least="owner",
    ),
)
