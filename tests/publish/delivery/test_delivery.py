"""Delivery under a virtual clock: order, retries, what is refused, what is dropped; and HTTP against a real server."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from api_story import NOON, FakeHub
from unclouded.core.model import Alert, Fact, Notice, Reading, Status
from unclouded.core.system.retry_delays import JITTER, MAX_DELAY_S
from unclouded.publish.delivery.delivery import MOST_TRIES, Delivery, RequestParts
from unclouded.publish.delivery.http_post import HttpPost, PostResult
from unclouded.publish.delivery.outbox import Outbox
from unclouded.publish.delivery.publisher import DeliveryPublisher
from unclouded.publish.influx.target import authorization, influx_target
from unclouded.publish.webhook.body import signature
from unclouded.publish.webhook.target import webhook_target
from virtual_loop import story, virtual_run

OK = PostResult(True)
BUSY = PostResult(False, "busy", 0.0)
GONE = PostResult(False, "no answer", 0.0, answered=False)
BAD = PostResult(False, "bad request")


class OtherEnd:
    """Answers as a test says, then OK; keeps what it accepted and when it was asked."""

    def __init__(self, *answers: PostResult) -> None:
        self.answers = list(answers)
        self.accepted: list[int] = []
        self.asked_at: list[float] = []

    async def __call__(self, body: bytes, headers: Mapping[str, str]) -> PostResult:
        self.asked_at.append(asyncio.get_running_loop().time())
        result = self.answers.pop(0) if self.answers else OK
        if result.delivered:
            self.accepted += json.loads(body)
        return result


def as_json(items: Sequence[int]) -> RequestParts:
    return RequestParts(json.dumps(items).encode(), {}, len(items))


async def delivered(other: OtherEnd, items: Sequence[int], most: int = 100, for_s: float = 1_500) -> Delivery[int]:
    delivery = Delivery("test", Outbox[int](most), as_json, 1.0, 3)
    delivery.put(items)
    task = asyncio.create_task(delivery.run(other))
    await asyncio.sleep(for_s)
    task.cancel()
    await asyncio.wait({task})
    return delivery


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([OK, BUSY, GONE, BAD]), max_size=10), st.integers(0, 30), st.integers(1, 20))
def test_every_item_is_sent_once_in_order_or_counted(answers: list[PostResult], count: int, most: int) -> None:
    other = OtherEnd(*answers)
    counts = virtual_run(delivered(other, range(count), most, for_s=600)).status().counts
    assert other.accepted == sorted(set(other.accepted))
    assert counts["sent"] == len(other.accepted)
    assert counts["sent"] + counts["refused"] + counts["dropped"] + counts["waiting"] == count
    assert counts["waiting"] == 0 and counts["dropped"] == max(0, count - most)
    assert counts["failures"] + (counts["requests"] - counts["failures"]) == len(other.asked_at)


@story
async def test_a_failed_request_is_repeated_unchanged_after_growing_pauses() -> None:
    other = OtherEnd(*[BUSY] * 9)
    delivery = await delivered(other, [1, 2])
    pauses = [b - a for a, b in zip(other.asked_at, other.asked_at[1:], strict=False)]
    assert [round(pause / 2**number) for number, pause in enumerate(pauses[:6])] == [1] * 6
    assert max(pauses) <= MAX_DELAY_S * (1 + JITTER) and other.accepted == [1, 2]
    assert delivery.status().state == "running" and delivery.status().text == ""


@story
async def test_an_other_end_that_always_fails_gives_up_one_request_but_waits_for_an_other_end_that_is_gone() -> None:
    failing = await delivered(OtherEnd(*[BUSY] * MOST_TRIES), [1, 2, 3, 4])
    assert (failing.status().counts["refused"], failing.status().counts["sent"]) == (3, 1)
    gone = await delivered(OtherEnd(*[GONE] * 50), [1, 2, 3, 4], for_s=600)
    assert gone.status().counts["refused"] == 0 and gone.status().state == "waiting"
    assert gone.status().text == "no answer"


@story
async def test_the_other_end_may_ask_for_a_longer_pause() -> None:
    other = OtherEnd(PostResult(False, "later", 200.0))
    await delivered(other, [1])
    assert 180 <= other.asked_at[1] - other.asked_at[0] <= 220


# --- HTTP -----------------------------------------------------------------------------------------------


class Server:
    """A real server that answers with ``status`` and keeps the requests."""

    def __init__(self) -> None:
        self.status, self.headers, self.text = 204, dict[str, str](), ""
        self.requests: list[tuple[Mapping[str, str], bytes]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        repeated = f"POST {request.raw_path} {request.path_qs} {request.headers.get('Authorization')}"
        text = self.text.replace("REQUEST", repeated)
        return web.Response(status=self.status, headers=self.headers, text=text or None)


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[Server]:
    one = Server()
    app = web.Application()
    app.router.add_post("/{path:.*}", one.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/write"
    try:
        yield one
    finally:
        await runner.cleanup()


async def test_each_answer_has_its_outcome() -> None:
    async with server() as other, HttpPost(other.url, {"A": "1"}, secret="geheim") as post:
        rows: list[tuple[int, dict[str, str], PostResult]] = [
            (204, {}, PostResult(True)),
            (503, {"Retry-After": "7"}, PostResult(False, "127.0.0.1 answers 503: no …", 7.0)),
            (429, {"Retry-After": "99999"}, PostResult(False, "127.0.0.1 answers 429: no …", 300.0)),
            (401, {}, PostResult(False, "127.0.0.1 answers 401: no …", 60.0)),
            (400, {}, PostResult(False, "127.0.0.1 answers 400: no …", None)),
        ]
        for other.status, other.headers, expected in rows:
            other.text = "" if other.status == 204 else "no\r\ngeheim"
            assert await post(b"x", {"B": "2"}) == expected
        assert {"A": "1", "B": "2"}.items() <= other.requests[0][0].items()


@pytest.mark.parametrize("user", ["", "bob"])
async def test_no_secret_is_shown_though_the_other_end_repeats_the_whole_request(user: str) -> None:
    async with server() as other:
        url = other.url.replace("/write", "/hook/T0KEN%2Fabc?org=home&p=geh%20eim9&k=sch\u00fcssel")
        other.status, other.text = 404, "REQUEST"
        async with HttpPost(url, authorization("passw\u00f6rd", user), secret="passw\u00f6rd") as post:
            text = (await post(b"x", {})).reason
        assert text.startswith("127.0.0.1 answers 404: POST /hook/…?org=home&p=…"), text
        sent_as = other.requests[0][0]["Authorization"].rpartition(" ")[2]
        assert not any(secret in text for secret in ("T0KEN", "eim9", "ssel", "passw", sent_as))


async def test_a_redirect_is_not_followed_not_even_with_a_secret() -> None:
    async with server() as other, server() as evil, HttpPost(other.url, {"Authorization": "Token t"}) as post:
        for other.status in (301, 302, 307, 308):
            other.headers = {"Location": evil.url}
            result = await post(b"x", {})
            assert not result.delivered and result.again_s == 60.0 and "redirect" in result.reason
        assert evil.requests == []


async def test_a_redirect_to_what_is_no_address_is_an_answer_like_others() -> None:
    async with server() as other, HttpPost(other.url, {}) as post:
        other.status, other.headers = 302, {"Location": "http://[bad"}
        assert (await post(b"x", {})).again_s == 60.0


async def test_an_other_end_without_tls_is_recognised() -> None:
    async with (
        server() as other,
        HttpPost(other.url.replace("http:", "https:"), {}, ssl.create_default_context()) as post,
    ):
        assert "write http://" in (await post(b"x", {})).reason


async def test_an_other_end_that_is_not_there_is_tried_again() -> None:
    async with server() as other:
        url = other.url
    async with HttpPost(url, {}) as post:
        result = await post(b"x", {})
    assert (result.delivered, result.again_s, result.answered) == (False, 0.0, False)
    assert result.reason == "127.0.0.1 cannot be reached: Connection refused."


async def until(server: Server, count: int) -> None:
    while len(server.requests) < count:
        await asyncio.sleep(0.01)


async def sent(
    publisher: DeliveryPublisher, hub: FakeHub, server: Server, *facts: Fact
) -> tuple[Mapping[str, str], bytes]:
    """The first request with these facts."""
    task = asyncio.create_task(publisher.run())
    while not hub.listeners:
        await asyncio.sleep(0)
    hub.publish(*facts)
    await asyncio.wait_for(until(server, 1), 60)
    task.cancel()
    await asyncio.wait({task})
    assert hub.listeners == []
    return server.requests[0]


async def test_readings_reach_a_database_with_its_token() -> None:
    hub = FakeHub()
    async with server() as other:
        target = influx_target(other.url, "secret", "", None, "home power", ["kettle"], 0.01)
        facts = [
            Reading("kettle", "power_W", 67.3, NOON),
            Reading("kettle", "on", True, NOON),
            Reading("lamp", "on", True, NOON),
        ]
        facts.append(Reading("kettle", "voltage_V", 1e9, NOON, "suspect"))
        headers, body = await sent(DeliveryPublisher(hub, [target]), hub, other, *facts)
    assert body == b"home\\ power,device=kettle power_W=67.3,on=true 1795262400000000000\n"
    assert headers["Authorization"] == "Token secret"


async def test_a_webhook_has_what_was_chosen_signed() -> None:
    hub = FakeHub()
    async with server() as other:
        content = ["readings", "alerts"]
        target = webhook_target(other.url, "s3", "tok", None, content, [], 0.01, "Home", lambda: NOON, lambda: "id1")
        facts: list[Fact] = [
            Reading("kettle", "power_W", 67.3, NOON),
            Status("kettle", "offline", NOON),
            Notice("kettle", NOON, "command", "on = true"),
            Alert(device="kettle", kind="offline", since=NOON, text="kettle is offline."),
        ]
        headers, body = await sent(DeliveryPublisher(hub, [target]), hub, other, *facts)
    found = json.loads(body)
    assert found["hub"] == "Home" and found["delivery"] == headers["X-Unclouded-Delivery"] == "id1"
    assert [one["value"] for one in found["readings"]] == [67.3]
    assert [(one["kind"], one["active"]) for one in found["alerts"]] == [("offline", True)]
    assert "states" not in found and "events" not in found
    assert headers["X-Unclouded-Signature"] == signature(b"s3", body)
    assert headers["Authorization"] == "Bearer tok"


@pytest.mark.parametrize(("user", "header"), [("", "Token p"), ("me", "Basic bWU6cA==")])
def test_a_user_makes_the_token_a_password(user: str, header: str) -> None:
    assert authorization("p", user) == {"Authorization": header}
    assert authorization("", user) == {}


async def test_a_connection_that_the_other_end_has_closed_is_opened_again() -> None:
    bodies: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request, does not say that it closes, and closes."""
        head = await reader.readuntil(b"\r\n\r\n")
        bodies.append(await reader.readexactly(1))
        if b"/mute" not in head:
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
        place = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with HttpPost(f"{place}/x?y=1", {}) as post:
            for body in (b"1", b"2", b"3"):
                assert await post(body, {}) == OK
                await asyncio.sleep(0.01)
        async with HttpPost(f"{place}/mute", {}) as post:
            assert (await post(b"4", {})).reason == "127.0.0.1 cannot be reached: Connection reset by peer."
    assert bodies == [b"1", b"2", b"3", b"4"]
