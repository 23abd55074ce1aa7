"""/metrics over HTTP: who may read it, in which format, and what a hub without it answers."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from starlette.types import ASGIApp

from api_story import FakeHub, about
from asgi import Answer, ask
from unclouded.publish.metrics.publisher import MetricsPublisher
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import CredentialStore, new_token
from unclouded.web.api.api import Api


class Source:
    """Metrics that a test switches on and off."""

    def __init__(self, *, is_on: bool = True, is_open: bool = False) -> None:
        self.publisher = MetricsPublisher(FakeHub(), "1.2", dict)
        self.is_on, self._is_open = is_on, is_open

    def is_open(self) -> bool:
        return self.is_on and self._is_open

    def answer(self, accept: str) -> tuple[bytes, str] | None:
        return self.publisher.answer(accept) if self.is_on else None


@pytest.fixture
def credentials(tmp_path: object) -> CredentialStore:
    return CredentialStore(tmp_path)  # type: ignore[arg-type]  # a Path


def hub_of(source: Source, credentials: CredentialStore) -> ASGIApp:
    """A hub that listens on the network."""
    api = Api(FakeHub(), about, metrics=source).app()
    hosts = Hosts(frozenset({"localhost"}))
    return Auth(api, credentials, hosts, False, lambda: 0.0, lambda: 0.0, open_metrics=source.is_open)


async def scraped(app: ASGIApp, token: str = "", accept: str = "", method: str = "GET", **more: str) -> Answer:
    given = {"Authorization": f"Bearer {token}"} if token else {}
    return await ask(app, method, "/metrics", {"Accept": accept, **given, **more})


async def test_metrics_need_a_token_unless_the_owner_opens_them(credentials: CredentialStore) -> None:
    text, token = new_token("prometheus", "read", 0)
    credentials.change(lambda known: known.with_token(token))
    closed, is_open = hub_of(Source(), credentials), hub_of(Source(is_open=True), credentials)
    assert (await scraped(closed)).status == 401
    assert (await scraped(closed, token="wrong")).status == 401
    assert (await scraped(closed, token=text)).status == 200
    assert (await scraped(is_open)).status == 200
    for path in ("/api/devices", "/metrics/", "/metrics/x", "//metrics"):  # nothing else is open
        assert (await ask(is_open, "GET", path)).status in (401, 404)


async def test_open_metrics_can_only_be_read_and_not_by_a_page_of_another_site(credentials: CredentialStore) -> None:
    app = hub_of(Source(is_open=True), credentials)
    assert (await scraped(app, method="PUT")).status == 405
    assert (await scraped(app, Origin="https://evil.example")).status == 403
    assert (await scraped(app, method="HEAD")).status == 200
    assert (await ask(app, "GET", "/metrics", {"host": "evil.example"})).status == 421


async def test_the_format_follows_the_accept_header(credentials: CredentialStore) -> None:
    app = hub_of(Source(is_open=True), credentials)
    plain = await scraped(app)
    assert plain["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    strict = await scraped(app, accept="application/openmetrics-text;version=1.0.0,*/*;q=0.1")
    assert strict["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    names = [one.name for one in read_openmetrics(strict.body.decode())]  # type: ignore[no-untyped-call]
    assert "unclouded_build" in names and "unclouded_device_up" in names


async def test_a_hub_without_metrics_says_what_to_add(credentials: CredentialStore) -> None:
    api = Api(FakeHub(), about, metrics=Source(is_on=False)).app()
    answer = await ask(api, "GET", "/metrics")
    assert (answer.status, answer.json["id"]) == (404, "api.no_metrics")
    assert "[metrics]" in answer.json["detail"]
    assert (await scraped(hub_of(Source(is_on=False, is_open=True), credentials))).status == 401
