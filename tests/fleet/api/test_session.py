"""Signing in: cookies, the throttle, requests of other sites, one's own password."""

from typing import Any

from asgi import ask
from fleet.api.conftest import PASSWORD, FleetStory
from unclouded.fleet.api.access import LIFETIME_S
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.web.access.login_throttle import PER_ADDRESS

OWN = {"origin": "https://fleet.example"}


async def sign_in(fleet: FleetStory, login: str = "viewer-north", password: str = PASSWORD, **headers: str) -> str:
    """The cookie of a new session."""
    answer = await fleet.ask("", "POST", "/api/fleet/login", {"login": login, "password": password}, **headers)
    assert answer.status == 200, answer.body
    assert answer.json["login"] == login
    return answer["set-cookie"].partition(";")[0]


async def test_a_session_lasts_until_it_is_signed_out(fleet: FleetStory) -> None:
    answer = await fleet.ask(
        "", "POST", "/api/fleet/login", {"login": "Viewer-North", "password": PASSWORD}, **{"user-agent": "Firefox"}
    )
    cookie = answer["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    own = {"cookie": cookie.partition(";")[0], **OWN}
    me = (await fleet.ask("", "GET", "/api/fleet/session", **own)).json
    assert me["login"] == "viewer-north" and [one["role"] for one in me["organisations"]] == ["viewer"]
    assert (await fleet.ask("", "POST", "/api/fleet/logout", **own)).json["person"] is None
    assert (await fleet.ask("", "GET", "/api/fleet/homes", **own)).status == 401
    (row, *_) = (await fleet.json("owner-north", "GET", "/api/fleet/audit?what=session.open"))["rows"]
    assert (row["who"], row["address"], row["detail"]) == ("viewer-north", "127.0.0.1", {"client": "Firefox"})


async def test_a_session_ends_after_its_time(fleet: FleetStory) -> None:
    cookie = await sign_in(fleet)
    fleet.now += LIFETIME_S + 1
    assert (await fleet.ask("", "GET", "/api/fleet/homes", cookie=cookie)).status == 401


async def test_over_tls_the_cookie_is_for_tls_only(fleet: FleetStory) -> None:
    body = {"login": "viewer-north", "password": PASSWORD}
    answer = await ask(fleet.app, "POST", "/api/fleet/login", {"host": "fleet.example"}, body, scheme="https")
    assert answer["set-cookie"].startswith("__Host-unclouded-fleet=") and "Secure" in answer["set-cookie"]


async def test_wrong_passwords_and_unknown_logins_are_answered_alike(read_fleet: FleetStory) -> None:
    for login, password in (("viewer-north", "wrong"), ("no one", PASSWORD), ("\0", "\0")):
        answer = await read_fleet.ask("", "POST", "/api/fleet/login", {"login": login, "password": password})
        assert answer.status == 401 and answer.json["id"] == "api.fleet.wrong_login"


async def test_while_the_database_is_away_attempts_do_not_count(fleet: FleetStory, monkeypatch: Any) -> None:
    async def away(*_: object) -> None:
        raise BaseUnavailable("away")

    body = {"login": "viewer-north", "password": PASSWORD}
    with monkeypatch.context() as patch:
        patch.setattr(fleet.base.people, "credential", away)
        for _ in range(PER_ADDRESS.free + 1):
            assert (await fleet.ask("", "POST", "/api/fleet/login", body)).status == 503
    assert (await fleet.ask("", "POST", "/api/fleet/login", body)).status == 200


async def test_guessing_is_throttled(fleet: FleetStory) -> None:
    body = {"login": "viewer-north", "password": "wrong"}
    for _ in range(PER_ADDRESS.free):
        assert (await fleet.ask("", "POST", "/api/fleet/login", body)).status == 401
    answer = await fleet.ask("", "POST", "/api/fleet/login", {**body, "password": PASSWORD})
    assert answer.status == 429 and int(answer["retry-after"]) >= 1
    own = {"current": "guess", "password": "another one"}
    assert (await fleet.ask("viewer-north", "PUT", "/api/fleet/password", own)).status == 429
    fleet.clock += 3600
    await sign_in(fleet)


async def test_changes_come_from_the_own_page_only(fleet: FleetStory) -> None:
    cookie = await sign_in(fleet, "operator-north")
    body = {"homes": [fleet.homes["north"]], "device": "plug-1", "value": True}
    for headers, status in (
        ({"origin": "https://elsewhere.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({}, 403),  # a cookie without an origin
        ({**OWN, "content-type": "text/plain"}, 415),
        ({**OWN, "content-length": "70000"}, 413),
        ({**OWN, "transfer-encoding": "chunked"}, 411),
        ({**OWN, "host": "evil.example"}, 421),
    ):
        answer = await fleet.ask("", "POST", "/api/fleet/commands", body, cookie=cookie, **headers)
        assert answer.status == status, headers
    assert (await fleet.json("owner-north", "GET", "/api/fleet/commands"))["commands"] == []
    assert (await fleet.ask("", "POST", "/api/fleet/commands", body, cookie=cookie, **OWN)).status == 200


async def test_ones_own_password_ends_all_other_sessions(fleet: FleetStory) -> None:
    first, second = await sign_in(fleet), await sign_in(fleet)
    given = {"cookie": first, **OWN}
    for wrong, reason in (
        ({"current": "wrong", "password": "a new password"}, "current"),
        ({"current": PASSWORD, "password": "short"}, "characters"),
    ):
        answer = await fleet.ask("", "PUT", "/api/fleet/password", wrong, **given)
        assert answer.status == 422 and reason in answer.json["detail"]
    answer = await fleet.ask(
        "", "PUT", "/api/fleet/password", {"current": PASSWORD, "password": "a new password"}, **given
    )
    assert answer.status == 200
    for cookie, status in ((first, 401), (second, 401), (answer["set-cookie"].partition(";")[0], 200)):
        assert (await fleet.ask("", "GET", "/api/fleet/homes", cookie=cookie)).status == status
    await sign_in(fleet, password="a new password")


async def test_the_page_and_its_headers(read_fleet: FleetStory) -> None:
    page = await read_fleet.ask("", "GET", "/homes/abc/history")
    assert page.status in (200, 503) and "default-src 'self'" in page["content-security-policy"]
    assert (await read_fleet.ask("", "GET", "/wp-login.php")).status == 404
    api = await read_fleet.ask("viewer-north", "GET", "/api/fleet/homes")
    assert api["cache-control"] == "no-store" and "default-src 'none'" in api["content-security-policy"]
