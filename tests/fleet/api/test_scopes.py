"""Who may do what: every route is asked for with the ids of another organisation, and by each role."""

from typing import Any

import psycopg
import pytest

from fleet.api.conftest import FleetStory
from fleet.filled_base import NOW
from unclouded.fleet.api.application import ROWS
from unclouded.fleet.api.context import FleetRoute

# What a route takes, besides ids: {home}, {organisation}, {person}, {code} are put in
BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/homes/{home}"): {"name": "Mine now"},
    ("POST", "/homes/{home}/again"): {"since": "2026-11-01"},
    ("POST", "/homes/{home}/forget"): {"confirmed": "{home}"},
    ("PATCH", "/organisations/{organisation}"): {"name": "Mine now"},
    ("POST", "/organisations/{organisation}/persons"): {"login": "intruder", "role": "owner"},
    ("PUT", "/organisations/{organisation}/persons/{person}"): {"role": "viewer"},
}
QUERIES = {
    ("GET", "/homes/{home}/history"): "series=plug-1.power_W&source=fleet",
    ("GET", "/homes/{home}/energy"): "by=day&source=fleet",
    ("GET", "/export"): "content=homes",
}
# Routes that have no id in their path, and how a foreign one is named all the same
FOREIGN: dict[tuple[str, str], Any] = {
    ("GET", "/homes"): ["org={organisation}"],
    ("GET", "/energy"): ["org={organisation}", "home={home}"],
    ("GET", "/events"): ["org={organisation}"],
    ("GET", "/audit"): ["org={organisation}"],
    ("GET", "/commands"): ["org={organisation}", "home={home}"],
    ("GET", "/export"): ["content=audit&org={organisation}", "content=homes&org={organisation}"],
    ("POST", "/commands"): [
        {"homes": ["{home}"], "device": "plug-1", "value": True},
        {"homes": ["{home}"], "device": "plug-1", "value": True, "dry_run": True},
        {"filter": {"org": "{number}"}, "device": "plug-1", "value": True},
    ],
}
NO_IDS = {  # about oneself, or about nothing
    *(("GET", "/organisations"), ("GET", "/session"), ("POST", "/login"), ("POST", "/logout")),
    *(("PUT", "/password"), ("GET", "/openapi.json")),
}


def key(row: FleetRoute) -> tuple[str, str]:
    return row.method, row.path.removeprefix("/api/fleet")


def filled(value: Any, fleet: FleetStory, name: str) -> Any:
    """A path, a query or a body with the ids of this organisation."""
    match value:
        case "{number}":
            return fleet.organisations[name]
        case str():
            for id, found in (
                ("home", fleet.homes[name]),
                ("organisation", fleet.organisations[name]),
                ("person", fleet.persons[f"viewer-{name}"]),
                ("code", fleet.codes[name]),
                ("path", "devices"),
            ):
                value = value.replace(f"{{{id}}}", str(found))
            return value
        case dict():
            return {one: filled(inner, fleet, name) for one, inner in value.items()}
        case list():
            return [filled(one, fleet, name) for one in value]
    return value


def request_for(row: FleetRoute, fleet: FleetStory, name: str) -> tuple[str, Any]:
    query = QUERIES.get(key(row), "")
    path = filled(row.path, fleet, name)
    return (f"{path}?{query}" if query else path), filled(BODIES.get(key(row)), fleet, name)


def test_every_route_is_in_a_table_of_this_test() -> None:
    with_ids = {key(row) for row in ROWS if "{" in row.path}
    assert with_ids | FOREIGN.keys() | NO_IDS == {key(row) for row in ROWS}
    assert BODIES.keys() <= with_ids and QUERIES.keys() <= with_ids | FOREIGN.keys()


async def test_ids_of_another_organisation_are_not_there(read_fleet: FleetStory) -> None:
    before = await _everything(read_fleet, "south")
    for row in ROWS:
        if "{" in row.path:
            path, body = request_for(row, read_fleet, "south")
            answer = await read_fleet.ask("owner-north", row.method, path, body)
            assert answer.status == 404, (key(row), answer.status, answer.body)
            assert b"south" not in answer.body
            if "{home}" in row.path:  # the same as of a home that no one has
                assert answer.json["id"] == "api.fleet.no_home"
        for foreign in FOREIGN.get(key(row), ()):
            given = filled(foreign, read_fleet, "south")
            path = f"{row.path}?{given}" if isinstance(given, str) else row.path
            answer = await read_fleet.ask("owner-north", row.method, path, None if isinstance(given, str) else given)
            assert answer.status == 404, (key(row), foreign, answer.status, answer.body)
    assert await _everything(read_fleet, "south") == before


async def test_a_person_of_one_organisation_is_not_found_through_another(read_fleet: FleetStory) -> None:
    """The path of the own organisation, with persons, codes and homes of the other one."""
    own, other = read_fleet.organisations["north"], read_fleet.persons["viewer-south"]
    for method, path, body in (
        ("PUT", f"/api/fleet/organisations/{own}/persons/{other}", {"role": "viewer"}),
        ("DELETE", f"/api/fleet/organisations/{own}/persons/{other}", None),
        ("POST", f"/api/fleet/organisations/{own}/persons/{other}/password", None),
        ("DELETE", f"/api/fleet/organisations/{own}/codes/{read_fleet.codes['south']}", None),
    ):
        assert (await read_fleet.ask("owner-north", method, path, body)).status == 404, path
    found = await read_fleet.base.people.person(other)
    assert found and [one.role for one in found.roles] == ["viewer"]


async def test_lists_have_only_what_the_person_may_see(read_fleet: FleetStory) -> None:
    for who, names in (("viewer-north", {"north"}), ("both", {"north", "south"})):
        homes = await read_fleet.json(who, "GET", "/api/fleet/homes")
        assert {one["id"] for one in homes["homes"]} == {read_fleet.homes[name] for name in names}
        assert homes["summary"]["homes"] == len(names)
        energy = await read_fleet.json(who, "GET", "/api/fleet/energy?start=2026-11-29&end=2026-11-29")
        assert [one["homes"] for one in energy["total"]] == [len(names)] and len(energy["homes"]) == len(names)
        events = await read_fleet.json(who, "GET", "/api/fleet/events")
        assert {one["home"] for one in events["events"]} == {read_fleet.homes[name] for name in names}
        export = await read_fleet.ask(who, "GET", "/api/fleet/export?content=energy&start=2026-11-29&end=2026-11-29")
        assert export.body.count(b"\n") == 1 + len(names)
        organisations = await read_fleet.json(who, "GET", "/api/fleet/organisations")
        assert {one["name"] for one in organisations} == names


@pytest.mark.parametrize("who", ["viewer", "operator"])
async def test_a_role_that_is_too_low_is_refused(read_fleet: FleetStory, who: str) -> None:
    ranks = {"viewer": 0, "operator": 1, "owner": 2}
    before = await _everything(read_fleet, "north")
    refused = 0
    for row in ROWS:
        if ranks[row.least] <= ranks[who]:
            continue
        path, body = request_for(row, read_fleet, "north")
        for given in FOREIGN.get(key(row), ()):
            body = body or (filled(given, read_fleet, "north") if isinstance(given, dict) else None)
        answer = await read_fleet.ask(f"{who}-north", row.method, path, body)
        assert answer.status == 403, (key(row), answer.status, answer.body)
        assert "role" in answer.json["detail"]
        refused += 1
    assert refused >= 9
    assert await _everything(read_fleet, "north") == before


NO_AUDIT = """CREATE FUNCTION no_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit is full' USING ERRCODE = 'check_violation'; END $$;
    CREATE TRIGGER no_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION no_audit()"""
NOT_ASKED = ("/homes/{home}/api/{path}", "/password")  # no row of the database; it needs the right password


async def test_a_change_that_cannot_be_in_the_audit_is_not_made(fleet: FleetStory, fleet_dsn: str) -> None:
    with psycopg.connect(fleet_dsn) as connection:
        connection.execute(NO_AUDIT)
    before, changes = await _everything(fleet, "north"), 0
    for row in ROWS:
        if row.method == "GET" or row.public or key(row)[1] in NOT_ASKED:
            continue
        path, body = request_for(row, fleet, "north")
        for given in FOREIGN.get(key(row), ()):
            body = body or filled(given, fleet, "north")
        answer = await fleet.ask("owner-north", row.method, path, body)
        assert answer.status == 422 and "audit is full" in answer.json["detail"], (key(row), answer.body)
        changes += 1
    assert changes >= 12 and await _everything(fleet, "north") == before


async def test_a_viewer_of_a_home_cannot_command_it_with_a_role_elsewhere(fleet: FleetStory) -> None:
    """An operator of one organisation who is a viewer of another."""
    north, south = fleet.organisations.values()
    await fleet.person("mixed", {north: "operator", south: "viewer"})
    body = {"homes": [fleet.homes["north"], fleet.homes["south"]], "device": "plug-1", "value": True}
    assert (await fleet.ask("mixed", "POST", "/api/fleet/commands", body)).status == 403
    everywhere = {"filter": {}, "device": "plug-1", "value": True}
    assert (await fleet.ask("mixed", "POST", "/api/fleet/commands", everywhere)).status == 403
    assert (await fleet.json("owner-south", "GET", "/api/fleet/commands"))["commands"] == []
    body["homes"] = [fleet.homes["north"]]
    assert (await fleet.ask("mixed", "POST", "/api/fleet/commands", body)).status == 200


async def test_without_a_session_nothing_is_answered(read_fleet: FleetStory) -> None:
    for row in ROWS:
        path, body = request_for(row, read_fleet, "north")
        for who in ("", "nobody"):
            answer = await read_fleet.ask(who, row.method, path, body)
            expected = {True: {200, 401, 422}, False: {401}}[row.public]
            assert answer.status in expected, (key(row), answer.status)
            assert answer.status != 200 or answer.json["person"] is None
    assert (await read_fleet.ask("", "GET", "/api/fleet/nothing")).status == 401
    assert (await read_fleet.ask("owner-north", "GET", "/api/fleet/nothing")).status == 404


async def _everything(fleet: FleetStory, name: str) -> Any:
    """What a change would be seen in."""
    who, id = f"owner-{name}", fleet.organisations[name]
    paths = (f"homes/{fleet.homes[name]}", f"organisations/{id}/codes", "commands", "audit", "organisations")
    found = [await fleet.json(who, "GET", f"/api/fleet/{path}") for path in paths]
    persons = await fleet.json(who, "GET", f"/api/fleet/organisations/{id}/persons")
    for person in persons:
        person.pop("seen")
    return [*found, persons, await fleet.base.register.revoked_keys(), fleet.link.asked.copy(), NOW]
