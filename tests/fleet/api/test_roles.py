"""What a role allows, and how what a person must not know of is answered: without a database."""

from typing import cast

import msgspec
import pytest
from starlette.requests import Request

from unclouded.core.errors import LinkError
from unclouded.fleet.api.context import FleetContext, FleetRequest, find_home
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import NotInScope
from unclouded.fleet.base.views import HomeLine, LoginSession, PersonRole, PersonRow, Role, Scope
from unclouded.web.access.password_checks import PasswordChecks
from unclouded.web.request import ApiError

HOME = HomeLine(hub="a" * 20, organisation=2, organisation_name="Two", name="", place="", state="well")


NOTED: list[tuple[object, ...]] = []


class Homes:
    """One home, which only those of its organisation see, and an audit."""

    @property
    def homes(self) -> "Homes":
        return self

    @property
    def audit(self) -> "Homes":
        return self

    async def note(self, *row: object) -> None:
        NOTED.append(row)

    async def row(self, scope: Scope, id: str, now: float) -> HomeLine:
        if id != HOME.hub or HOME.organisation not in (scope.organisations or ()):
            raise NotInScope("There is no such home.")
        return HOME


BASE = cast(FleetBases, Homes())  # what is asked of it is homes.row and audit.note
CONTEXT = FleetContext(base=BASE, url="https://fleet.example", passwords=PasswordChecks(lambda: 0.0), wall=lambda: 5.0)


def request(*roles: Role | None, **path: object) -> FleetRequest:
    """By a person with these roles in the organisations 1, 2, 3 …"""
    given = tuple(
        PersonRole(organisation=number, organisation_name="", role=role) for number, role in enumerate(roles, 1) if role
    )
    anna = PersonRow(number=1, login="anna", name="", created=0.0, disabled=False, seen=None, roles=given[::-1])
    session = LoginSession(digest=b"", person=anna, created=0.0, seen=0.0, expires=9e9, client="")
    http = Request({"type": "http", "path_params": path, "client": ("192.0.2.1", 5), "headers": []})
    return FleetRequest(http, session)


def refusal(error: pytest.ExceptionInfo[ApiError]) -> tuple[int, str]:
    return error.value.status, error.value.id


@pytest.mark.parametrize(
    ("role", "least", "is_allowed"),
    [
        ("viewer", "viewer", True),
        ("viewer", "operator", False),
        ("viewer", "owner", False),
        ("operator", "viewer", True),
        ("operator", "operator", True),
        ("operator", "owner", False),
        ("owner", "viewer", True),
        ("owner", "operator", True),
        ("owner", "owner", True),
    ],
)
async def test_each_role_may_do_what_those_below_it_may(role: Role, least: Role, is_allowed: bool) -> None:
    one = request(role, organisation="1")
    if is_allowed:
        assert one.role_in(1, least) == role and one.scope(1, least) == one.scope(None, least) == Scope((1,))
        await one.find_subject(CONTEXT, least)
        await request(role).find_subject(CONTEXT, least)
        assert one.organisation == 1
        return
    for organisation in (1, None):
        with pytest.raises(ApiError) as error:
            one.scope(organisation, least)
        assert refusal(error) == (403, "api.fleet.role" if organisation else "api.fleet.role_nowhere")
    for other in (one, request(role)):
        with pytest.raises(ApiError) as error:
            await other.find_subject(CONTEXT, least)
        assert error.value.status == 403


def test_an_organisation_without_a_role_is_as_if_it_were_not_there() -> None:
    one = request("owner", None, "viewer")
    for ask in (one.role_in, one.scope):
        with pytest.raises(ApiError) as error:
            ask(2)
        assert refusal(error) == (404, "api.fleet.no_organisation")
    assert one.role_in(3) == "viewer" and one.scope() == Scope((1, 3)) and one.scope(least="operator") == Scope((1,))
    assert request().scope() == Scope(()), "none at all, which is not all"


@pytest.mark.parametrize(
    ("roles", "home", "status"),
    [
        ((None, "operator"), HOME.hub, 0),
        ((None, "viewer"), HOME.hub, 403),
        (("owner",), HOME.hub, 404),
        ((None, "owner"), "b" * 20, 404),
        ((None, "owner"), "a" * 21, 404),
        ((None, "owner"), "../etc", 404),
        ((), HOME.hub, 404),
    ],
)
async def test_a_home_is_found_by_those_of_its_organisation(
    roles: tuple[Role | None, ...], home: str, status: int
) -> None:
    one = request(*roles, home=home)
    if not status:
        await one.find_subject(CONTEXT, "operator")
        assert (one.home, one.organisation) == (HOME, 2)
        return
    with pytest.raises(ApiError) as error:
        await one.find_subject(CONTEXT, "operator")
    assert error.value.status == status
    assert error.value.id == ("api.fleet.no_home" if status == 404 else "api.fleet.role")


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("2147483647", 2**31 - 1), ("2147483648", None), ("-1", None), ("1.0", None), ("٣", None), ("", None)],
)
def test_the_number_in_a_path_is_one_that_a_database_has(text: str, number: int | None) -> None:
    one = request(person=text)
    if number is not None:
        assert one.number("person", "api.fleet.no_person") == number
        return
    with pytest.raises(ApiError) as error:
        one.number("person", "api.fleet.no_person")
    assert refusal(error) == (404, "api.fleet.no_person")


async def test_a_place_that_is_none_is_named_by_its_first_80_characters() -> None:
    for path, id in (("organisation", "api.fleet.no_organisation"), ("home", "api.fleet.no_home")):
        with pytest.raises(ApiError) as error:
            await request("owner", **{path: "x" * 99}).find_subject(CONTEXT, "viewer")
        assert refusal(error) == (404, id)
        assert "x" * 80 in str(error.value) and "x" * 81 not in str(error.value)


async def test_what_a_person_does_is_noted_with_where_it_came_from() -> None:
    await CONTEXT.note(request("owner"), "home.revoke", 7, 1, why="lost")
    assert NOTED == [("anna", "home.revoke", "7", 5.0, 1, {"why": "lost", "address": "192.0.2.1"})]


async def test_revoked_keys_are_pushed_at_once_and_a_failure_is_said() -> None:
    class Push:
        """``away``: NATS is."""

        def __init__(self, away: bool = False) -> None:
            self.away = away
            self.times: list[float] = []

        async def push(self, now: float) -> int:
            self.times.append(now)
            if self.away:
                raise LinkError("NATS is away")
            return 1

    await CONTEXT.push_revocations()
    push = Push()
    await msgspec.structs.replace(CONTEXT, revocations=push).push_revocations()
    assert push.times == [5.0]
    with pytest.raises(ApiError, match="NATS is away") as error:
        await msgspec.structs.replace(CONTEXT, revocations=Push(away=True)).push_revocations()
    assert refusal(error) == (503, "api.fleet.not_revoked")


async def test_without_a_session_no_one_asks() -> None:
    one = FleetRequest(Request({"type": "http", "path_params": {}, "headers": []}), None)
    with pytest.raises(ApiError) as error:
        await one.find_subject(CONTEXT, "viewer")
    assert refusal(error) == (401, "api.fleet.login") and one.address == ""
    assert request("viewer").address == "192.0.2.1"
    with pytest.raises(ApiError):
        await find_home(CONTEXT, Scope((2,)), f"{HOME.hub}\n")
