"""The web listener over real sockets: the first password, TLS that a phone can trust, ports in use."""

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from unclouded.app.access.web_listener import WebListener, web_listener_of
from unclouded.app.configuration.config import Config, parse_config
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.web.access.auth import SESSION_ENDED
from unclouded.web.access.hosts import own_names
from unclouded.web.access.password import Cost, CredentialStore, hashed
from unclouded.web.api.session import login, logout, session

CHEAP = Cost(n=2, r=1, p=1)
LONG = bytes(range(256)) * 20_000


def hub(folder: Path, web: str) -> Config:
    return parse_config(f"[web]\n{web}\n", str(folder / "unclouded.toml"), data=str(folder / "data"), env={})


def api() -> Starlette:
    """An API that answers with the role of the session, and a live view that counts."""

    async def who(request: Request) -> Response:
        return JSONResponse([request.scope["unclouded.role"]])

    async def long(request: Request) -> Response:
        return Response(LONG)

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    routes = [
        Route("/api/session", session),
        Route("/api/login", login, methods=["POST"]),
        Route("/api/logout", logout, methods=["POST"]),
        Route("/api/who", who),
        Route("/api/long", long),
        WebSocketRoute("/api/live", live),
    ]
    return Starlette(routes=routes)


@contextlib.asynccontextmanager
async def open_to_people(reception: WebListener) -> AsyncIterator[str]:
    """Its address, while it serves."""
    task = asyncio.create_task(reception.run(api()), name="web")
    try:
        scheme = reception.urls[0].partition(":")[0]
        yield f"{scheme}://127.0.0.1:{reception.address[1]}"
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        reception.close()


async def test_on_this_computer_the_page_opens_without_a_password(tmp_path: Path) -> None:
    reception = WebListener(hub(tmp_path, 'listen = "127.0.0.1:0"'))
    assert reception.urls == (f"http://127.0.0.1:{reception.address[1]}/",) and not reception.notes
    async with open_to_people(reception) as url, aiohttp.ClientSession() as browser:
        async with browser.get(url + "/api/who") as answer:
            assert await answer.json() == ["control"]
        async with browser.get(url + "/") as answer:
            assert answer.status in (200, 503) and "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not (tmp_path / "data" / "state").exists()


async def test_the_first_start_on_the_network_prints_a_password_once_and_stores_it_hashed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = hub(tmp_path, 'listen = "0.0.0.0:0"')
    first = WebListener(config, cost=CHEAP)
    found = re.search(r"First start on 0\.0\.0\.0:\d+: the password for control is (\S+) ", first.notes[0])
    assert found is not None
    async with open_to_people(first) as url, aiohttp.ClientSession(headers={"Origin": url}) as browser:
        async with browser.get(url + "/api/who") as answer:
            assert answer.status == 401
        async with browser.post(url + "/api/login", json={"password": found[1]}) as answer:
            assert await answer.json() == {"role": "control", "login": True}
            [crumb] = answer.cookies.values()
        async with browser.get(url + "/api/who", headers={"Cookie": f"{crumb.key}={crumb.value}"}) as answer:
            assert await answer.json() == ["control"]
    assert found[1] not in caplog.text and found[1] not in (tmp_path / "data" / "state" / "web.json").read_text()
    again = WebListener(config, cost=CHEAP)
    again.close()
    assert not again.notes


@pytest.mark.parametrize(
    ("web", "status"),
    [
        ('listen = "0.0.0.0:0"', 401),
        ('listen = "0.0.0.0:0"\nmdns = false', 421),
        ('listen = "127.0.0.1:0"', 421),
    ],
)
async def test_the_announced_name_is_one_of_the_page_where_it_is_announced(
    tmp_path: Path, web: str, status: int
) -> None:
    config = hub(tmp_path, web)
    CredentialStore(config.state).change(lambda known: known.with_password("read", hashed("only looking", CHEAP)))
    listener = WebListener(config, cost=CHEAP)
    assert (listener.name is not None) == (status == 401)
    async with open_to_people(listener) as url, aiohttp.ClientSession() as browser:
        for host in ("unclouded.local", "unclouded-2.local"):
            async with browser.get(url + "/api/who", headers={"Host": host}) as answer:
                assert answer.status == status, host


async def test_an_existing_password_is_kept_at_the_first_start_on_the_network(tmp_path: Path) -> None:
    config = hub(tmp_path, 'listen = "0.0.0.0:0"')
    CredentialStore(config.state).change(lambda known: known.with_password("read", hashed("only looking", CHEAP)))
    reception = WebListener(config)
    reception.close()
    assert not reception.notes and "control" not in CredentialStore(config.state).now().passwords


def test_a_default_port_in_use_is_replaced_by_the_next_and_a_configured_one_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()
        with contextlib.closing(WebListener(hub(tmp_path, ""), usual=taken)) as reception:
            moved = reception.address[1]
            assert moved > taken[1]
            assert reception.notes == [
                f"Port {taken[1]} is in use by another program; the page moved to {moved}.",
            ]
        with pytest.raises(LinkRefused, match="another program uses this port"):
            WebListener(hub(tmp_path, f'listen = "127.0.0.1:{taken[1]}"'))


def test_off_means_no_socket_at_all(tmp_path: Path) -> None:
    with web_listener_of(hub(tmp_path, 'listen = "off"')) as reception:
        assert reception is None


def test_a_damaged_file_of_passwords_opens_nothing(tmp_path: Path) -> None:
    config = hub(tmp_path, 'listen = "127.0.0.1:0"')
    config.state.mkdir(parents=True)
    (config.state / "web.json").write_text("{}x")
    with pytest.raises(ConfigError, match=r"web\.json cannot be read"):
        WebListener(config)


async def test_a_phone_that_trusts_the_hub_s_authority_opens_it_by_every_name(tmp_path: Path) -> None:
    reception = WebListener(hub(tmp_path, 'listen = "127.0.0.1:0"\nhost = "home.example"\ntls = true'))
    port = reception.address[1]
    async with open_to_people(reception) as url:
        unknown = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=unknown)
        async with aiohttp.ClientSession() as browser, browser.get(url + "/ca.pem", ssl=False) as answer:
            authority = (await answer.read()).decode()
        trusting = ssl.create_default_context(cadata=authority)
        for name in ("127.0.0.1", "localhost", "home.example", own_names()[-1]):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
            wire = writer.get_extra_info("ssl_object")
            assert wire.version() == "TLSv1.3"
            writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="evil.example")
    assert reception.urls[0].startswith("https://")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("old", ["version", "cipher"])
async def test_browsers_may_not_use_the_old_tls_of_plugs(tmp_path: Path, old: str) -> None:
    reception = WebListener(hub(tmp_path, 'listen = "127.0.0.1:0"\ntls = true'))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("AES128-SHA:@SECLEVEL=0" if old == "cipher" else "ALL:@SECLEVEL=0")
    if old == "version":
        client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_1
    async with open_to_people(reception):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", reception.address[1], ssl=client)


def test_the_certificate_of_the_page_is_as_short_as_phones_require(tmp_path: Path) -> None:
    from cryptography import x509

    WebListener(hub(tmp_path, 'listen = "127.0.0.1:0"\ntls = true')).close()
    made = x509.load_pem_x509_certificate((tmp_path / "data" / "ca" / "web.pem").read_bytes())
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days <= 825
    assert (tmp_path / "data" / "ca" / "web.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("tls", [True, False])
async def test_with_tls_browsers_use_nothing_else(tmp_path: Path, tls: bool) -> None:
    reception = WebListener(hub(tmp_path, f'listen = "127.0.0.1:0"\ntls = {"true" if tls else "false"}'))
    foreign = {"Host": "evil.example"}
    async with open_to_people(reception) as url, aiohttp.ClientSession() as browser:
        for path, headers in (("/", {}), ("/api/who", {}), ("/nothing", {}), ("/", foreign)):
            async with browser.get(url + path, headers=headers, ssl=False) as answer:
                assert answer.headers.get("Strict-Transport-Security") == ("max-age=2592000" if tls else None)


async def test_over_tls_messages_and_long_answers_arrive_as_a_whole(tmp_path: Path) -> None:
    reception = WebListener(hub(tmp_path, 'listen = "127.0.0.1:0"\ntls = true'))
    async with open_to_people(reception) as url, aiohttp.ClientSession() as browser:
        live = await browser.ws_connect(url + "/api/live", headers={"Origin": url}, ssl=False)
        for text in ("short", "x" * 50_000, "y" * 60_000, "short again"):
            await live.send_str(text)
            assert await live.receive_str(timeout=30) == text
        await live.close()
        async with browser.get(url + "/api/long", ssl=False) as answer:
            assert await answer.read() == LONG


async def test_over_a_real_connection_the_live_view_closes_with_its_session(tmp_path: Path) -> None:
    config = hub(tmp_path, 'listen = "127.0.0.1:0"')
    reception = WebListener(config)
    async with open_to_people(reception) as url, aiohttp.ClientSession() as browser:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect(url + "/api/live", headers={"Origin": "http://evil.example"})
        assert refused.value.status == 403
        live = await browser.ws_connect(url + "/api/live", headers={"Origin": url})
        await live.send_str("still there?")
        assert await live.receive_str(timeout=30) == "still there?"
        CredentialStore(config.state).change(
            lambda known: known.with_password("control", hashed("kettle and tea", CHEAP))
        )
        await live.send_str("still there?")
        last = await live.receive(timeout=30)
        assert last.type == aiohttp.WSMsgType.CLOSE and last.data == SESSION_ENDED
        await live.close()


async def test_a_hub_that_stops_closes_the_connections_of_open_pages(tmp_path: Path) -> None:
    reception = WebListener(hub(tmp_path, 'listen = "127.0.0.1:0"'))
    async with aiohttp.ClientSession() as browser:
        async with open_to_people(reception) as url:
            live = await browser.ws_connect(url + "/api/live")
            await live.send_str("here")
            await live.receive_str(timeout=30)
        last = await live.receive(timeout=30)
        assert last.type == aiohttp.WSMsgType.CLOSE and last.data == 1012  # "service restart"
        with pytest.raises(aiohttp.ClientConnectorError):
            await browser.get(url)


async def test_a_server_that_crashed_can_be_started_again_in_the_same_place(tmp_path: Path) -> None:
    reception = WebListener(hub(tmp_path, 'listen = "127.0.0.1:0"'))
    url = f"{reception.urls[0]}api/who"
    async with aiohttp.ClientSession() as browser:
        first = asyncio.create_task(reception.run(api()), name="web")
        async with browser.get(url) as answer:
            assert answer.status == 200
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
        async with open_to_people(reception), browser.get(url) as answer:
            assert answer.status == 200
