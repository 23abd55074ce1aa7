"""Passwords and signed-in browsers over the API: only with the current password, and no one locks the owner out."""

from pathlib import Path
from typing import Any

import pytest

from api_story import FakeHub, about
from asgi import Answer, ask
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.login_throttle import PER_ADDRESS
from unclouded.web.access.password import Cost, CredentialStore, hashed, new_token
from unclouded.web.api import people
from unclouded.web.api.api import Api

CHEAP = Cost(n=2, r=1, p=1)
PASSWORD, LOOKING = "kettle and tea", "only looking"
PAGE = {"Origin": "http://localhost:8099"}
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "hashed", lambda text: hashed(text, CHEAP))


class Hub:
    """The API behind authentication; ``local_only``: it listens on this computer only."""

    def __init__(self, folder: Path, local_only: bool = False, password: str = PASSWORD) -> None:
        self.now = 1_763_700_000.0
        self.store = CredentialStore(folder / "state")
        if password:
            self.store.change(lambda known: known.with_password("control", hashed(password, CHEAP)))
        app = Api(FakeHub(), about).app()
        self.app = Auth(app, self.store, Hosts(["attic.local"]), local_only, lambda: self.now, lambda: self.now)

    async def ask(self, method: str, path: str, cookie: str = "", body: object = None, agent: str = "") -> Answer:
        headers = {**PAGE, **({"Cookie": cookie} if cookie else {}), **({"User-Agent": agent} if agent else {})}
        return await ask(self.app, method, path, headers, body)

    async def cookie(self, password: str = PASSWORD) -> str:
        answer = await self.ask("POST", "/api/login", body={"password": password})
        assert answer.status == 200, answer.body
        return cookie_of(answer)

    async def put(self, role: str, cookie: str, password: str | None, current: str = PASSWORD) -> Answer:
        return await self.ask("PUT", f"/api/people/{role}", cookie, {"password": password, "current": current})

    async def status(self, cookie: str) -> int:
        return (await self.ask("GET", "/api/people", cookie)).status


def cookie_of(answer: Answer) -> str:
    return answer["set-cookie"].partition(";")[0]


async def test_a_password_is_changed_with_the_current_one_and_other_browsers_are_signed_out(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    mine, other = await hub.cookie(), await hub.cookie()
    wrong = await hub.put("control", mine, "a new one, longer", "not it")
    assert wrong.status == 403 and wrong.json["id"] == "api.wrong_current" and await hub.status(other) == 200
    done = await hub.put("control", mine, "a new one, longer")
    assert done.status == 200 and done.json["roles"][0] == {
        "role": "control",
        "has_password": True,
        "set_at": "2025-11-21T04:40:00.000Z",
    }
    assert (await hub.status(other), await hub.status(mine), await hub.status(cookie_of(done))) == (401, 401, 200)
    assert b"hash" not in done.body and b"a new one" not in done.body


async def test_guessing_the_current_password_is_throttled_as_a_login_is(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    cookie = await hub.cookie()
    for _ in range(PER_ADDRESS.free):
        assert (await hub.put("read", cookie, LOOKING, "guess")).status == 403
    waits = await hub.put("read", cookie, LOOKING)
    assert waits.status == 429 and waits["retry-after"] == "1"


@pytest.mark.parametrize(
    ("role", "password", "id"),
    [
        ("read", "short", ""),
        ("read", PASSWORD, "api.same_password"),
        ("control", None, "api.control_needed"),
        ("owner", "a new one, longer", "api.no_role"),
    ],
)
async def test_an_unsuitable_password_changes_nothing(tmp_path: Path, role: str, password: str | None, id: str) -> None:
    hub = Hub(tmp_path)
    cookie = await hub.cookie()
    refused = await hub.put(role, cookie, password)
    assert refused.status in (404, 422) and refused.json["id"] == id
    assert await hub.status(cookie) == 200 and list(hub.store.now().passwords) == ["control"]


async def test_a_hub_on_this_computer_gets_its_first_password_and_loses_it_again(tmp_path: Path) -> None:
    hub = Hub(tmp_path, local_only=True, password="")
    first = await hub.put("read", "", LOOKING, "")
    assert first.status == 422 and first.json["id"] == "api.control_first"
    done = await hub.put("control", "", PASSWORD, "")
    assert done.status == 200 and await hub.status("") == 401, "from now on a password is needed"
    mine = cookie_of(done)
    assert (await hub.put("read", mine, LOOKING)).status == 200
    assert (await hub.put("control", mine, None)).json["id"] == "api.control_needed", (
        "the one for reading would be left"
    )
    assert (await hub.put("read", mine, None)).status == 200
    open_again = await hub.put("control", mine, None)
    assert open_again.status == 200 and not open_again.json["login"] and "Max-Age=0" in open_again["set-cookie"]
    assert await hub.status("") == 200


async def test_browsers_are_listed_and_signed_out(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    mine, phone, third = await hub.cookie(), await hub.cookie(), await hub.cookie()
    await hub.ask("GET", "/api/people", third)
    await hub.ask("GET", "/api/people", phone, agent=PHONE)
    browsers = (await hub.ask("GET", "/api/people", mine)).json["browsers"]
    assert [one["own"] for one in browsers] == [True, False, False], "the last one that was here first"
    assert (browsers[1]["browser"], browsers[1]["system"]) == ("Chrome", "Android")
    sessions = hub.store.now()
    assert not any(one["id"] in phone for one in browsers) and not sessions.ended
    gone = await hub.ask("POST", "/api/people/sign-out", mine, {"browser": browsers[1]["id"]})
    assert gone.status == 200 and len(gone.json["browsers"]) == 2
    assert (await hub.status(phone), await hub.status(third)) == (401, 200)
    again = await hub.ask("POST", "/api/people/sign-out", mine, {"browser": browsers[1]["id"]})
    assert again.status == 404
    everywhere = await hub.ask("POST", "/api/people/sign-out", mine, {})
    assert (await hub.status(third), await hub.status(mine), await hub.status(cookie_of(everywhere))) == (401, 401, 200)


async def test_who_may_only_look_sees_no_people(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    hub.store.change(lambda known: known.with_password("read", hashed(LOOKING, CHEAP)))
    reader = await hub.cookie(LOOKING)
    assert await hub.status(reader) == 403
    assert (await hub.put("control", reader, "mine, all mine", LOOKING)).status == 403
    text, token = new_token("script", "control", 0)
    hub.store.change(lambda known: known.with_token(token))
    by_token: Any = await ask(hub.app, "GET", "/api/people", {"Authorization": f"Bearer {text}"})
    assert by_token.status == 200 and "set-cookie" not in dict(by_token.headers)
