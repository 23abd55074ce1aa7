"""Update files over the API: upload, list, delete; bodies that are too long are refused while reading."""

import asyncio
import gc
import hashlib
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_story import NOON, FakeHub, about
from asgi import Answer, ask
from families.meross.firmware.firmware_examples import fota
from unclouded.app.files.update_files import UpdateFiles
from unclouded.core.model import LARGEST_UPDATE, Action, OnProgress, Outcome, Progress
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import Cost, CredentialStore, hashed
from unclouded.web.api.api import Api
from unclouded.web.server import serve, tcp_socket

BIN = {"Content-Type": "application/octet-stream"}
PAGE = {"Origin": "http://localhost:8099"}
PATH = "/api/updates/pump.bin"


@pytest.fixture
def update_files(tmp_path: Path) -> UpdateFiles:
    return UpdateFiles(tmp_path / "updates")


@pytest.fixture
def app(update_files: UpdateFiles) -> ASGIApp:
    return Api(FakeHub(), about, None, lambda: NOON, update_files).app()


@pytest.fixture
def with_auth(app: ASGIApp, tmp_path: Path) -> Auth:
    return Auth(app, CredentialStore(tmp_path / "state"), Hosts(("localhost",)), True, lambda: NOON, lambda: 0.0)


async def put(app: ASGIApp, data: bytes, path: str = PATH) -> Answer:
    return await ask(app, "PUT", path, BIN, data)


async def test_a_file_is_uploaded_listed_and_deleted(app: ASGIApp, update_files: UpdateFiles) -> None:
    assert (await ask(app, "GET", "/api/updates")).json == []
    kept = (await put(app, b"firmware")).json
    assert (kept["name"], kept["size"], kept["md5"]) == ("pump.bin", 8, hashlib.md5(b"firmware").hexdigest())
    assert kept["at"].endswith("Z")
    assert (await ask(app, "GET", "/api/updates")).json == [kept]
    with update_files.holding(["pump.bin"]):
        assert update_files.block("pump.bin", 0, 100) == b"firmware"
    assert (await ask(app, "DELETE", PATH)).json == kept
    gone = await ask(app, "DELETE", PATH)
    assert gone.status == 404 and gone.json["detail"] == "There is no update file pump.bin. Stored files: none."


async def test_what_a_file_is_and_whether_it_is_whole_is_shown_before_an_update(app: ASGIApp) -> None:
    name = "mss310-us-v2-rc0107.bin"
    kept = (await put(app, fota(b"program"), f"/api/updates/{name}")).json["firmware"]
    assert kept["text"] == "MediaTek FOTA package for a Meross plug of hardware 2: all checksums are right."
    assert (kept["model"], kept["region"], kept["named_hardware"], kept["build"]) == ("mss310", "us", 2, "rc0107")
    assert (kept["target"], kept["faults"], kept["fields"]["images"]) == ("a Meross plug of hardware 2", [], 1)
    await put(app, fota(b"program")[:-1], "/api/updates/cut.bin")
    await put(app, b"firmware", PATH)
    listed = {file["name"]: file["firmware"] for file in (await ask(app, "GET", "/api/updates")).json}
    assert listed[name] == kept
    assert listed["cut.bin"]["faults"] == ["image 1 is cut off: it ends at 183 of 182 bytes"]
    assert listed["pump.bin"]["kind"] == "unknown" and not listed["pump.bin"]["target"]


async def test_a_file_of_the_same_name_replaces_the_first_or_gets_another_name(app: ASGIApp) -> None:
    await put(app, b"one")
    beside = (await put(app, b"two", f"{PATH}?beside=true")).json["name"]
    assert beside == f"{hashlib.md5(b'two').hexdigest()[:8]}-pump.bin"
    assert (await put(app, b"three")).json["name"] == "pump.bin"
    files = (await ask(app, "GET", "/api/updates")).json
    assert {file["name"]: file["size"] for file in files} == {"pump.bin": 5, beside: 3}


async def test_a_file_that_is_being_sent_cannot_be_deleted(app: ASGIApp, update_files: UpdateFiles) -> None:
    await put(app, b"one")
    with update_files.holding(["pump.bin"]):
        for answer in (await put(app, b"two"), await ask(app, "DELETE", PATH)):
            assert answer.status == 422 and "being sent to a device now" in answer.json["detail"]


async def test_invalid_file_names_are_refused(app: ASGIApp, tmp_path: Path) -> None:
    for name in ("..", ".hidden", "a b", "x" * 101):
        answer = await put(app, b"x", f"/api/updates/{name}")
        assert answer.status == 422 and "is not a valid file name" in answer.json["detail"]
    assert (await put(app, b"x", "/api/updates/../../etc")).status == 404
    assert not (tmp_path / "updates").exists()


async def test_a_body_that_is_too_long_is_refused_before_its_end(app: ASGIApp, update_files: UpdateFiles) -> None:
    pieces = asked_for = 1024
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal asked_for
        asked_for -= 1
        return {"type": "http.request", "body": bytes(64 * 1024), "more_body": asked_for > 0}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope(), receive, send)
    assert sent[0]["status"] == 413 and pieces - asked_for == LARGEST_UPDATE // (64 * 1024) + 1
    assert update_files.files() == []


async def test_an_incomplete_upload_is_not_stored(app: ASGIApp, update_files: UpdateFiles) -> None:
    waiting: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"half", "more_body": True}]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope(), receive, send)
    assert sent[0]["status"] == 400 and update_files.files() == []


def scope() -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost:8099")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8099),
    }


async def test_auth_accepts_a_long_file_up_to_the_limit(with_auth: Auth) -> None:
    assert (await ask(with_auth, "PUT", PATH, {**BIN, **PAGE}, bytes(100_000))).status == 200
    long = {**BIN, "Content-Length": str(LARGEST_UPDATE + 1)}
    assert (await ask(with_auth, "PUT", PATH, long, b"x")).status == 413
    assert (await ask(with_auth, "PUT", "/api/devices/kettle/set", BIN, bytes(100_000))).status == 413
    assert (await ask(with_auth, "PUT", PATH, {**BIN, "Transfer-Encoding": "chunked"}, b"x")).status == 411
    assert (await ask(with_auth, "DELETE", PATH)).status == 200


async def test_only_control_may_upload_files(with_auth: Auth, app: ASGIApp) -> None:
    foreign = {"Origin": "http://evil.example", **BIN}
    assert (await ask(with_auth, "PUT", PATH, foreign, b"x")).status == 403

    async def as_reader(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "unclouded.role": "read"}, receive, send)

    assert (await put(as_reader, b"x")).status == 403
    assert (await ask(as_reader, "DELETE", PATH)).status == 403
    assert (await ask(as_reader, "GET", "/api/updates")).json == []
    with_auth.credential_store.change(
        lambda known: known.with_password("control", hashed("secret word", Cost(n=2, r=1, p=1)))
    )
    assert (await put(with_auth, b"x")).status == 401
    assert (await ask(with_auth, "GET", "/api/updates")).status == 401


async def test_a_hub_without_update_files_answers_503() -> None:
    app = Api(FakeHub(), about).app()
    assert (await put(app, b"x")).status == (await ask(app, "GET", "/api/updates")).status == 503
    allowed = await ask(app, "POST", PATH)
    assert allowed.status == 405 and "PUT" in allowed.json["detail"] and "DELETE" in allowed.json["detail"]


async def test_a_disk_error_is_reported(tmp_path: Path) -> None:
    (tmp_path / "updates").write_text("no folder")
    app = Api(FakeHub(), about, None, lambda: NOON, UpdateFiles(tmp_path / "updates")).app()
    answer = await asyncio.wait_for(put(app, b"x"), 30)
    assert answer.status == 503 and "cannot be stored" in answer.json["detail"]


class Slow(FakeHub):
    """A hub whose actions take as long as the test needs."""

    def __init__(self) -> None:
        super().__init__()
        self.more = asyncio.Event()
        self.done = asyncio.Event()

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        assert progress is not None
        progress(Progress(1, 2, "half of it"))
        await self.more.wait()
        progress(Progress(2, 2, "all of it"))
        self.done.set()
        return Outcome("confirmed")


async def test_an_action_continues_after_the_client_has_disconnected() -> None:
    hub = Slow()
    sock = tcp_socket(("127.0.0.1", 0))
    server = asyncio.create_task(serve(Api(hub, about).app(), sock), name="server")
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    body = b'{"action": "blink"}'
    head = b"POST /api/devices/kettle/do HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await reader.readuntil(b"half of it")
    writer.close()
    await writer.wait_closed()
    gc.collect()
    await asyncio.sleep(0)
    hub.more.set()
    await asyncio.wait_for(hub.done.wait(), 30)
    server.cancel()
    await asyncio.wait({server})
    sock.close()


async def test_a_file_that_a_device_would_refuse_is_marked_for_that_device_only(app: ASGIApp) -> None:
    kept = (await put(app, fota(b"program"), "/api/updates/plug.bin?device=lamp")).json
    assert kept["refused"] == "The file is for a Meross plug of hardware 2. Write force=yes to send it all the same."
    listed = await ask(app, "GET", "/api/updates?device=lamp")
    assert [one["refused"] for one in listed.json] == [kept["refused"]]
    assert [one["refused"] for one in (await ask(app, "GET", "/api/updates")).json] == [""]
    assert (await ask(app, "GET", "/api/updates?device=lapm")).status == 404
    unknown = await put(app, b"firmware", "/api/updates/lamp.bin?device=lapm")
    assert unknown.status == 404, "refused before anything is stored"
    assert len((await ask(app, "GET", "/api/updates")).json) == 1
