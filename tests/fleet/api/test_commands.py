"""Commands in bulk, persons, codes, and the API of a home through the fleet."""

import msgspec

from fleet.api.conftest import PASSWORD, FleetStory
from fleet.filled_base import store
from unclouded.fleet.api.asking import ANSWERED_BY
from unclouded.fleet.enrolment.codes import code_digest
from unclouded.uplink.contents.catalogue import SentCatalogue, SentControl, SentDevice, encode_catalogue
from unclouded.uplink.messages import CommandReport, Hello, LetOut, Reply, SentWindow

JSON = "application/json"


async def test_a_command_goes_to_many_homes_and_each_has_its_outcome(fleet: FleetStory) -> None:
    north, south = fleet.organisations.values()
    await fleet.person("agent", {north: "operator", south: "operator"})
    body = {"filter": {"q": "home"}, "device": "plug-1", "point": "on", "value": False, "until_s": 60}
    dry = await fleet.json("agent", "POST", "/api/fleet/commands", {**body, "dry_run": True})
    assert len(dry["targets"]) == 2 and dry["batch"] == "" and fleet.woken == 0
    sent = await fleet.json("agent", "POST", "/api/fleet/commands", body)
    assert {one["home"] for one in sent["commands"]} == set(fleet.homes.values()) and fleet.woken == 1
    assert {(one["state"], one["who"], one["value"]) for one in sent["commands"]} == {("waiting", "agent", False)}
    mine = next(one for one in sent["commands"] if one["home"] == fleet.homes["north"])
    await fleet.base.dispatch.reported(CommandReport(mine["id"], "confirmed"), mine["home"], fleet.now)
    found = await fleet.json("agent", "GET", f"/api/fleet/commands?batch={sent['batch']}")
    assert found["states"] == {"confirmed": 1, "waiting": 1}
    page = await fleet.json("agent", "GET", "/api/fleet/commands?limit=1")
    rest = await fleet.json("agent", "GET", f"/api/fleet/commands?limit=1&after={page['next']}")
    assert {one["home"] for one in (*page["commands"], *rest["commands"])} == set(fleet.homes.values())
    seen = await fleet.json("viewer-north", "GET", f"/api/fleet/commands?batch={sent['batch']}")
    assert [one["home"] for one in seen["commands"]] == [fleet.homes["north"]] and seen["states"] == {"confirmed": 1}
    for name in ("north", "south"):
        (row,) = (await fleet.json(f"owner-{name}", "GET", "/api/fleet/audit?what=command.give"))["rows"]
        assert row["detail"] == {"homes": 1, "device": "plug-1", "point": "on", "value": False}


async def test_commands_that_are_no_commands(fleet: FleetStory) -> None:
    home = fleet.homes["north"]
    for body, status in (
        ({"device": "a", "value": 1}, 422),
        ({"homes": [home], "filter": {}, "device": "a", "value": 1}, 422),
        ({"homes": [], "device": "a", "value": 1}, 422),
        ({"homes": [home], "device": "a", "value": 1 << 60}, 422),
        ({"homes": [home], "device": "a", "value": {"a": 1}}, 422),
        ({"homes": [home], "device": "a", "value": 1, "until_s": 0}, 422),
        ({"homes": [home], "device": "", "value": 1}, 422),
        ({"homes": ["z" * 20], "device": "a", "value": 1}, 404),
    ):
        answer = await fleet.ask("operator-north", "POST", "/api/fleet/commands", body)
        assert answer.status == status, (body, answer.body)
    await fleet.json("owner-north", "POST", f"/api/fleet/homes/{home}/revoke")
    body = {"homes": [home], "device": "a", "value": 1}
    assert (await fleet.ask("operator-north", "POST", "/api/fleet/commands", body)).status == 422


async def test_a_check_says_what_a_home_has_sent_that_is_against_a_command(fleet: FleetStory) -> None:
    home = fleet.homes["north"]
    controls = (
        SentControl("on", "switch", "rw"),
        SentControl("setpoint_C", "number", "rw", -1, minimum=5.0, maximum=30.0),
        SentControl("mode", "enum", "w", options=("eco", "heat")),
    )
    devices = (
        SentDevice(1, "plug", main="on", controls=controls),
        SentDevice(2, "sensor", controls=()),
        SentDevice(3, "old"),
    )
    await store(fleet.base, home, "catalogue", SentWindow(0, 9, encode_catalogue(SentCatalogue(devices))))

    async def check(device: str, value: object = True, point: str = "") -> tuple[str, bool]:
        body = {"homes": [home], "device": device, "point": point, "value": value, "dry_run": True}
        (target,) = (await fleet.json("operator-north", "POST", "/api/fleet/commands", body))["targets"]
        return target["problem"], target["can"]

    assert await check("plug", True) == ("", True)
    assert await check("plug", 30, "setpoint_C") == ("", True)
    assert await check("plug", "eco", "mode") == ("", True)
    assert await check("old", 1, "anything") == ("", True)
    wrong: tuple[tuple[str, object, str, str], ...] = (
        ("pump", True, "", "no device pump"),
        ("sensor", True, "", "name the point"),
        ("plug", 1, "power_W", "no point power_W"),
        ("plug", 30.5, "setpoint_C", "5 to 30"),
        ("plug", "cool", "mode", "only to: eco, heat"),
    )
    for device, value, point, why in wrong:
        problem, can = await check(device, value, point)
        assert why in problem and not can
    fleet.now += 3600  # the home was not connected since
    problem, can = await check("plug")
    assert "if it connects in time" in problem and can
    assert not (await check("pump"))[1]
    hello = Hello((1,), "0.9.2", LetOut(("energy",), control=False), 0, {})
    await fleet.base.windows.greet(home, hello, fleet.now)
    assert await check("plug") == ("It does not allow the fleet to switch devices.", False)


async def test_an_owner_makes_persons_and_the_last_owner_stays(fleet: FleetStory) -> None:
    place = f"/api/fleet/organisations/{fleet.organisations['north']}/persons"
    made = await fleet.json("owner-north", "POST", place, {"login": "Anna", "role": "operator", "name": "Anna B."})
    assert (made["person"]["login"], made["person"]["role"]) == ("anna", "operator")
    body = {"login": "anna", "password": made["password"]}
    assert (await fleet.ask("", "POST", "/api/fleet/login", body)).status == 200
    again = await fleet.ask("owner-north", "POST", place, {"login": "owner-south", "role": "viewer"})
    assert again.status == 409
    anna = f"{place}/{made['person']['id']}"
    assert (await fleet.json("owner-north", "PUT", anna, {"role": "viewer"}))["role"] == "viewer"
    fresh = await fleet.json("owner-north", "POST", f"{anna}/password")
    assert (await fleet.ask("", "POST", "/api/fleet/login", body)).status == 401
    assert (await fleet.ask("", "POST", "/api/fleet/login", {**body, "password": fresh["password"]})).status == 200
    await fleet.json("owner-north", "DELETE", anna)
    assert await fleet.base.people.person(made["person"]["id"]) is None
    me = f"{place}/{fleet.persons['owner-north']}"
    for method, role in (("DELETE", None), ("PUT", {"role": "viewer"})):
        assert (await fleet.ask("owner-north", method, me, role)).status == 409
    both = f"{place}/{fleet.persons['both']}"
    assert (await fleet.ask("owner-north", "POST", f"{both}/password")).status == 409
    assert (await fleet.ask("", "POST", "/api/fleet/login", {"login": "both", "password": PASSWORD})).status == 200
    await fleet.json("owner-north", "DELETE", both)
    assert [one["name"] for one in (await fleet.json("both", "GET", "/api/fleet/organisations"))] == ["south"]
    audit = await fleet.ask("owner-north", "GET", "/api/fleet/audit")
    assert made["password"].encode() not in audit.body and fresh["password"].encode() not in audit.body


async def test_a_code_is_shown_once_and_withdrawn(fleet: FleetStory) -> None:
    place = f"/api/fleet/organisations/{fleet.organisations['north']}/codes"
    code = await fleet.json("operator-north", "POST", place, {"homes": 2})
    assert code["command"] == f"unclouded join '{code['code']}@fleet.example'" and code["qr"].startswith("<svg")
    hub = "a" * 20
    entry = await fleet.base.register.enrol(code_digest(code["code"]), hub, "KEY", "New", fleet.now)
    assert entry.organisation == fleet.organisations["north"]
    found = await fleet.json("operator-north", "GET", place)
    (mine,) = [one for one in found if one["who"] == "operator-north"]
    assert (mine["homes"], mine["used"]) == (2, 1) and code["code"] not in str(found)
    await fleet.json("operator-north", "DELETE", f"{place}/{mine['id']}")
    assert mine["id"] not in [one["id"] for one in await fleet.json("operator-north", "GET", place)]
    await fleet.json("owner-north", "PATCH", f"/api/fleet/organisations/{fleet.organisations['north']}", {"name": "N"})
    assert (await fleet.json("viewer-north", "GET", "/api/fleet/organisations"))[0]["name"] == "N"


async def test_a_home_answers_through_the_fleet_marked_with_its_id(fleet: FleetStory) -> None:
    home = fleet.homes["north"]
    place = f"/api/fleet/homes/{home}/api"
    fleet.link.replies[home] = Reply(200, JSON, b'[{"id": "plug-1"}]')
    answer = await fleet.ask("viewer-north", "GET", f"{place}/devices?device=plug%201")
    assert (answer.status, answer.json, answer[ANSWERED_BY]) == (200, [{"id": "plug-1"}], home)
    hub, question = fleet.link.asked[-1]
    assert (hub, question.method, question.path, question.role) == (
        home,
        "GET",
        "/api/devices?device=plug%201",
        "viewer",
    )
    refused = await fleet.ask("viewer-north", "POST", f"{place}/devices/plug-1/set", {"value": True})
    assert refused.status == 403 and len(fleet.link.asked) == 1
    await fleet.ask("operator-north", "POST", f"{place}/devices/plug-1/set", {"value": True})
    assert fleet.link.asked[-1][1].body == b'{"value":true}' and fleet.link.asked[-1][1].role == "operator"
    (row, *_) = (await fleet.json("owner-north", "GET", "/api/fleet/audit"))["rows"]
    assert (row["what"], row["detail"]["path"]) == ("home.request", "/api/devices/plug-1/set")
    del fleet.link.replies[home]  # it may have done it without an answer: that is in the audit, too
    assert (await fleet.ask("operator-north", "POST", f"{place}/devices/plug-1/set", {"value": True})).status == 504
    (row, *_) = (await fleet.json("owner-north", "GET", "/api/fleet/audit"))["rows"]
    assert (row["what"], row["detail"]["status"]) == ("home.request", 504)
    fleet.link.replies[home] = Reply(200, JSON, b"[]")
    for path in ("../../metrics", "a/../b", "devices/%00"):
        asked = len(fleet.link.asked)
        status = (await fleet.ask("viewer-north", "GET", f"{place}/{path}")).status
        assert status == 404 or len(fleet.link.asked) == asked + 1, path


async def test_what_a_home_answers_is_never_a_page_of_the_fleet(read_fleet: FleetStory) -> None:
    """A home may be anyone's: its answers must not run in the fleet's origin, nor end a session."""
    home = read_fleet.homes["north"]
    for reply, status, kind in (
        (Reply(200, "text/html", b"<script>"), 200, "application/octet-stream"),
        (Reply(200, "image/svg+xml", b"<svg onload=alert()>"), 200, "application/octet-stream"),
        (Reply(302, "text/plain", b""), 502, "text/plain"),
        (Reply(401, JSON, b"{}"), 502, JSON),
        (Reply(99, JSON, b"{}"), 502, JSON),
        (Reply(404, "application/problem+json", b"{}"), 404, "application/problem+json"),
    ):
        read_fleet.link.replies[home] = reply
        answer = await read_fleet.ask("viewer-north", "GET", f"/api/fleet/homes/{home}/api/devices")
        assert (answer.status, answer["content-type"].partition(";")[0]) == (status, kind)
        assert "sandbox" in answer["content-security-policy"] and answer["x-content-type-options"] == "nosniff"
        assert not answer["set-cookie"] and not answer["location"]


async def test_finer_history_is_asked_of_the_home(read_fleet: FleetStory) -> None:
    home = read_fleet.homes["north"]
    place = f"/api/fleet/homes/{home}/history?series=plug-1.power_W"
    away = await read_fleet.ask("viewer-north", "GET", f"{place}&source=hub")
    assert away.status == 504 and "Home north" in away.json["detail"]
    known = await read_fleet.json("viewer-north", "GET", place)  # the fleet says what it has, which is nothing
    assert known["source"] == "fleet"
    mine = {**known, "series": [{**_series(), "at": [1.0], "value": [2.0]}]}
    mine.pop("source"), mine.pop("answered_by")
    read_fleet.link.replies[home] = Reply(200, JSON, msgspec.json.encode(mine))
    found = await read_fleet.json("viewer-north", "GET", place)
    assert (found["source"], found["answered_by"], found["series"][0]["value"]) == ("hub", home, [2.0])
    for bad in (Reply(200, JSON, b"{"), Reply(200, JSON, b"{}"), Reply(500, JSON, b'{"detail": "broken"}')):
        read_fleet.link.replies[home] = bad
        assert (await read_fleet.ask("viewer-north", "GET", f"{place}&source=hub")).status == 502
        assert (await read_fleet.json("viewer-north", "GET", place))["source"] == "fleet"


def _series() -> dict[str, object]:
    return {"device": "plug-1", "point": "power_W", "unit": "W", "kind": "number", "exponent": -1}
