"""What people paste is decoded by the API: by any role, within limits, and not for pages of other sites."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message

from api_story import FakeDecoder, FakeHub, about
from asgi import Answer, ask
from unclouded.core.views.decoded import LARGEST_INPUT, DecodeOptions
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import Cost, CredentialStore, hashed
from unclouded.web.api.api import Api
from virtual_loop import virtual_run
from web.test_api import as_reader, refused

FRAME = b"55 aa 00 00 00 00 ff"
BYTES = {"content-type": "application/octet-stream"}
PAGE = {"origin": "http://localhost:8099", **BYTES}


def app_of(decoder: FakeDecoder | None) -> ASGIApp:
    return Api(FakeHub(), about, decoder=decoder).app()


def guarded(decoder: FakeDecoder, folder: Path) -> Auth:
    """The API of a hub with a password for viewing."""
    credential_store = CredentialStore(folder)
    credential_store.change(lambda known: known.with_password("read", hashed("look at it", Cost(n=2, r=1, p=1))))
    return Auth(app_of(decoder), credential_store, Hosts(("localhost",)), True, lambda: 0.0, lambda: 0.0)


async def test_an_input_is_passed_on_as_it_is_with_what_is_wanted_of_it() -> None:
    decoder = FakeDecoder()
    path = "/api/decode?family=toy&input=hex&sender=device&profile=toy/plug&start=500&limit=20"
    answer = await ask(app_of(decoder), "POST", path, BYTES, b"\xff\x00\x0a")
    assert answer.status == 200 and answer.json["format"]["hint"] == "The input is empty."
    wanted = DecodeOptions(
        work="frames", family="toy", input="hex", sender="device", profile="toy/plug", start=500, limit=20
    )
    assert decoder.asked == [(wanted, b"\xff\x00\x0a")]


async def test_it_becomes_a_capture_or_a_test_case() -> None:
    decoder = FakeDecoder()
    for path in ("/api/decode/capture", "/api/decode/case?name=heater"):
        assert (await ask(app_of(decoder), "POST", path, BYTES, FRAME)).json == {"capture": "{}\n", "entry": ""}
    assert [(one.work, one.name) for one, _ in decoder.asked] == [("capture", ""), ("case", "heater")]


async def test_recent_frames_have_their_parts_where_that_is_asked_for() -> None:
    app = as_reader(app_of(None))
    assert [line["parts"] for line in (await ask(app, "GET", "/api/devices/lamp/frames")).json] == [[]]
    [line] = (await ask(app, "GET", "/api/devices/lamp/frames?parts=true")).json
    assert line["parts"] == [{"start": 0, "end": 3, "label": "text"}]


async def test_a_reader_decodes_too_because_nothing_is_changed() -> None:
    app = as_reader(app_of(FakeDecoder()))
    assert (await ask(app, "POST", "/api/decode", BYTES, FRAME)).status == 200
    assert (await ask(app, "GET", "/api/decode")).json["most_bytes"] == LARGEST_INPUT
    assert (await ask(app, "POST", "/api/decode/nothing", BYTES, FRAME)).status == 404


async def test_viewing_needs_its_password_and_the_own_page(tmp_path: Path) -> None:
    app = guarded(FakeDecoder(), tmp_path)
    assert (await ask(app, "POST", "/api/decode", PAGE, FRAME)).status == 401
    login = await ask(app, "POST", "/api/login", {"origin": PAGE["origin"]}, {"password": "look at it"})
    cookie = {"cookie": login["set-cookie"].partition(";")[0]}

    async def decode(**more: str) -> Answer:
        return await ask(app, "POST", "/api/decode", {**PAGE, **cookie, **more}, FRAME)

    assert (await decode()).status == 200
    assert (await decode(origin="http://evil.example")).status == 403
    assert refused(await decode(**{"content-type": "text/plain"})) == (
        415,
        "Send the input as it is, with Content-Type: application/octet-stream.",
    )
    assert (await decode(**{"content-length": str(LARGEST_INPUT)})).status == 200
    assert (await decode(**{"content-length": str(LARGEST_INPUT + 1)})).status == 413
    no_origin = {name: text for name, text in PAGE.items() if name != "origin"}
    assert (await ask(app, "POST", "/api/decode", {**no_origin, **cookie}, FRAME)).status == 403
    switch = {"origin": PAGE["origin"], **cookie}
    assert (await ask(app, "POST", "/api/devices/lamp/set", switch, {"value": True})).status == 403


async def test_what_is_longer_than_it_says_is_refused() -> None:
    answer = await ask(app_of(FakeDecoder()), "POST", "/api/decode", BYTES, bytes(LARGEST_INPUT + 1))
    assert answer.status == 413


async def test_problems_are_sentences() -> None:
    app = app_of(FakeDecoder())
    answer = await ask(app, "POST", "/api/decode?family=zigbee", BYTES, FRAME)
    assert refused(answer) == (422, "There is no family 'zigbee'.")
    assert (await ask(app, "POST", "/api/decode?sender=me", BYTES, FRAME)).status == 400
    busy = await ask(app_of(FakeDecoder(places=0)), "POST", "/api/decode", BYTES, FRAME)
    assert refused(busy) == (503, "This hub is decoding already. Try again in a few seconds.")
    assert (await ask(app_of(None), "POST", "/api/decode", BYTES, FRAME)).status == 503


@pytest.mark.parametrize("path", ["/api/decode", "/api/decode/capture"])
def test_the_work_ends_where_the_client_goes_away(path: str) -> None:
    decoder = FakeDecoder()

    async def leave() -> None:
        decoder.until = asyncio.Event()
        messages = [{"type": "http.request", "body": FRAME, "more_body": False}]
        gone = asyncio.Event()
        sent: list[Message] = []

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b"", "root_path": ""}
        task = asyncio.ensure_future(app_of(decoder)(scope, receive, send))
        await asyncio.sleep(1)
        assert decoder.asked and not sent
        gone.set()
        async with asyncio.timeout(5):
            await task
        assert decoder.ended == 1

    virtual_run(leave())
