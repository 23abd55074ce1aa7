"""The API as scripts and the page use it, without sockets if possible."""

import asyncio
import contextlib
import csv
import io
import json
from collections.abc import Collection, Sequence
from datetime import UTC
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Scope, Send

from api_story import NOON, FakeHub, about, watts
from asgi import Answer, ask
from unclouded.core.errors import StoreError
from unclouded.core.model import Action, Command, LogEntry, Notice, Status
from unclouded.core.times import iso
from unclouded.core.views.facts import EventView
from unclouded.core.views.json_lines import fact_of, log_of
from unclouded.store.reading.reader import UnknownDevice
from unclouded.web.api.api import Api
from unclouded.web.api.history import as_csv
from unclouded.web.history.series import SeriesRequest
from unclouded.web.request import LATEST_TIME, ApiError, time_of
from unclouded.web.routes import HistorySource
from unclouded.web.schemas import By, Energy, History, Mark, Series, Today
from unclouded.web.server import serve, tcp_socket
from virtual_loop import virtual_run

MADRID = ZoneInfo("Europe/Madrid")


class FakeHistory:
    """A history with minimal answers that records the requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[object, ...]] = []
        self.broken = False

    async def history(self, wanted: SeriesRequest) -> History:
        self._ask("history", *wanted[:4], [one.id for one in wanted.hub])
        return History(start=wanted.start, end=wanted.end, step=60.0, series=[SERIES])

    async def energy(
        self, by: By, start: float, end: float, devices: Sequence[str], hub: Collection[str] = ()
    ) -> Energy:
        self._ask("energy", by, start, end, list(devices), sorted(hub))
        return Energy(by=by, timezone="Europe/Madrid", at=[start, end], rows=[])

    async def today(self, now: float) -> Today:
        self._ask("today", now)
        return Today(since=now, until=now, levels=[])

    async def events(self, device: str | None, start: float, end: float, limit: int) -> list[EventView]:
        self._ask("events", device, start, end, limit)
        if device in ("lamp", "attic"):
            raise UnknownDevice(f"There is no device {device!r} in the store.")
        return []

    def _ask(self, *words: object) -> None:
        if self.broken:
            raise StoreError("The store /data/store.sqlite is damaged.")
        self.requests.append(words)


SERIES = Series(
    device="kettle",
    point="mode",
    unit="",
    kind="enum",
    exponent=0,
    at=[NOON, NOON + 60, NOON + 120],
    value=["=cmd()", None, True],
    marks=[Mark(0, "suspect", ("odd", "late"))],
)


def app_of(hub: FakeHub, history: FakeHistory | None = None) -> ASGIApp:
    return Api(hub, about, cast("HistorySource | None", history), wall=lambda: NOON + 7200).app()


def as_reader(app: ASGIApp) -> ASGIApp:
    """The same application with the read-only role."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "unclouded.role": "read"}, receive, send)

    return guarded


def refused(answer: Answer) -> tuple[int, str]:
    """Status and text of an answer that must be a problem."""
    assert answer["content-type"] == "application/problem+json"
    assert answer.json["status"] == answer.status and answer.json["title"]
    return answer.status, answer.json["detail"]


async def test_a_device_has_the_documented_keys() -> None:
    hub = FakeHub()
    hub.publish(Status("kettle", "offline", NOON, "no answer"))
    (kettle, lamp) = (await ask(app_of(hub), "GET", "/api/devices")).json
    assert list(kettle) == [
        *("id", "identity", "family", "state", "since", "reason", "link", "profile", "points", "actions"),
        *("name", "parent", "main", "produces", "info", "schedule", "room", "critical", "favourite", "colour"),
    ]
    assert (kettle["state"], kettle["reason"], kettle["since"]) == ("offline", "no answer", iso(NOON))
    assert lamp["state"] == "online"
    assert {"key", "kind", "unit", "access", "exponent", "label", "options"} <= set(kettle["points"][1])
    assert (await ask(app_of(hub), "GET", "/api/devices?device=lamp")).json == [lamp]
    assert (await ask(app_of(hub), "GET", "/api/devices/lamp")).json == lamp


async def test_an_unknown_device_is_reported_with_the_known_ones() -> None:
    app = app_of(FakeHub())
    for path in ("", "/wire", "/frames"):
        status, words = refused(await ask(app, "GET", f"/api/devices/toaster{path}"))
        assert status == 404 and "toaster" in words and "kettle, lamp" in words
    assert (await ask(app, "POST", "/api/devices/toaster/set", body={"value": True})).status == 404


async def test_readings_and_link_statistics_of_a_device() -> None:
    hub = FakeHub()
    hub.publish(watts(40.5), watts(7.0, id="lamp"))
    app = app_of(hub)
    assert (await ask(app, "GET", "/api/readings?device=kettle")).json == [
        {"at": iso(NOON), "device": "kettle", "point": "power_W", "value": 40.5, "quality": "good", "flags": []}
    ]
    assert (await ask(app, "GET", "/api/devices/kettle/wire")).json == {"": {"frames_in": 12.0, "noise_bytes": 0.0}}
    (line,) = (await ask(app, "GET", "/api/devices/kettle/frames?limit=5")).json
    assert (line["at"], line["name"], line["words"], line["hex"]) == (iso(NOON), "report", "on=true", "6f6e31")


async def test_a_script_sets_the_main_point_with_its_origin() -> None:
    hub = FakeHub()
    answer = await ask(app_of(hub), "POST", "/api/devices/kettle/set", body={"value": True, "origin": "cron"})
    assert answer.json == {"device": "kettle", "point": "on", "outcome": "confirmed", "reason": "", "ms": 12.5}
    assert hub.commands == [Command("kettle", "on", True, "cron")]


async def test_commands_of_the_page_always_have_the_origin_web() -> None:
    hub = FakeHub()
    page = {"Origin": "http://localhost:8099"}
    await ask(app_of(hub), "POST", "/api/devices/kettle/set", page, {"value": False, "origin": "schedule"})
    await ask(app_of(hub), "POST", "/api/devices/kettle/do", page, {"action": "blink"})
    assert [command.origin for command in hub.commands] == ["web", "web"]


async def test_a_read_only_role_cannot_switch() -> None:
    hub = FakeHub()
    reader = as_reader(app_of(hub))
    for path, body in (("set", {"value": True}), ("do", {"action": "blink"})):
        status, words = refused(await ask(reader, "POST", f"/api/devices/kettle/{path}", body=body))
        assert status == 403 and "read-only" in words
    assert refused(await ask(reader, "POST", "/api/admit", body={"uuid": "1", "id": "x"}))[0] == 403
    assert not hub.commands
    assert (await ask(reader, "GET", "/api/devices")).status == 200


async def test_a_device_is_connected_when_a_client_that_may_switch_asks_for_it() -> None:
    answer = await ask(app_of(FakeHub()), "POST", "/api/devices/kettle/reconnect")
    assert answer.json == {"device": "kettle", "outcome": "unreachable", "reason": "It sleeps.", "ms": 0.0}
    assert refused(await ask(app_of(FakeHub()), "POST", "/api/devices/attic/reconnect"))[0] == 404
    assert refused(await ask(as_reader(app_of(FakeHub())), "POST", "/api/devices/kettle/reconnect"))[0] == 403


async def test_an_action_streams_its_progress_and_then_its_outcome() -> None:
    hub = FakeHub()
    answer = await ask(app_of(hub), "POST", "/api/devices/kettle/do", body={"action": "blink", "args": {"times": "2"}})
    assert answer["content-type"] == "application/jsonl"
    assert [json.loads(line) for line in answer.body.splitlines()] == [
        {"progress": 1, "of": 2, "text": "blinked once"},
        {"device": "kettle", "action": "blink", "outcome": "confirmed", "reason": "", "ms": 100.0, "answer": {}},
    ]
    assert hub.commands == [Action("kettle", "blink", {"times": "2"}, "api")]


@pytest.mark.parametrize(
    ("path", "body", "status", "names"),
    [
        ("devices/kettle/set", b"{no json", 422, "JSON"),
        ("devices/kettle/set", b'{"value": "\xff"}', 422, "JSON"),
        ("devices/kettle/set", {"valeu": True}, 422, "valeu"),
        ("devices/kettle/set", {"value": [1]}, 422, "$.value"),
        ("devices/kettle/set", {"value": 3.5, "point": "power_W"}, 422, "power_W"),
        ("devices/kettle/do", {"action": "dance"}, 422, "dance"),
        ("devices/kettle/do", {"action": "reset"}, 422, "lost"),
        ("admit", {"uuid": "1901", "id": "plug"}, 422, "1901"),
    ],
)
async def test_an_invalid_command_is_answered_with_the_reason(path: str, body: object, status: int, names: str) -> None:
    said, words = refused(await ask(app_of(FakeHub()), "POST", f"/api/{path}", body=body))
    assert said == status and names in words


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("devices?devices=kettle", "devices"),
        ("hub?verbose=1", "verbose"),
        ("devices/kettle/frames?limit=many", "limit"),
        ("devices/kettle/frames?limit=0", "limit"),
        ("devices/kettle/frames?limit=1&limit=2", "limit"),
        ("history", "series"),
        ("history?series=power_W", "series"),
        ("history?series=kettle.power_W&start=yesterday", "start"),
        ("history?series=kettle.power_W&end=nan", "end"),
        ("history?series=kettle.power_W&end=1e30", "end"),
        ("history?series=kettle.power_W&start=200&end=100", "start"),
        ("energy?by=year", "by"),
        ("energy", "by"),
        ("events?limit=x", "limit"),
    ],
)
async def test_an_invalid_parameter_is_named_in_the_answer(path: str, names: str) -> None:
    history = FakeHistory()
    status, words = refused(await ask(app_of(FakeHub(), history), "GET", f"/api/{path}"))
    assert status == 400 and names in words
    assert not history.requests


async def test_history_requests_have_sensible_defaults() -> None:
    history = FakeHistory()
    app = app_of(FakeHub(), history)
    now = NOON + 7200
    await ask(app, "GET", "/api/history?series=kettle.power_W&series=lamp.on&points=50")
    await ask(app, "GET", f"/api/history?series=kettle.power_W&start={NOON}&end={iso(NOON + 60)}")
    await ask(app, "GET", "/api/energy?by=day&device=kettle")
    await ask(app, "GET", "/api/today")
    await ask(app, "GET", "/api/events?device=kettle&limit=5")
    assert history.requests == [
        ("history", [("kettle", "power_W"), ("lamp", "on")], now - 3600, now, 50, ["kettle", "lamp"]),
        ("history", [("kettle", "power_W")], NOON, NOON + 60, 600, ["kettle", "lamp"]),
        ("energy", "day", now - 31 * 86_400, now, ["kettle"], ["kettle", "lamp"]),
        ("today", now),
        ("events", "kettle", 0.0, now, 5),
    ]


async def test_a_device_that_joined_a_moment_ago_has_no_events_yet() -> None:
    app = app_of(FakeHub(), FakeHistory())
    assert (await ask(app, "GET", "/api/events?device=lamp")).json == []
    assert refused(await ask(app, "GET", "/api/events?device=attic"))[0] == 422


async def test_an_unreadable_store_is_reported() -> None:
    history = FakeHistory()
    history.broken = True
    status, words = refused(await ask(app_of(FakeHub(), history), "GET", "/api/today"))
    assert status == 503 and "damaged" in words
    assert refused(await ask(app_of(FakeHub()), "GET", "/api/today"))[0] == 503


async def test_unknown_routes_and_wrong_methods_are_reported() -> None:
    app = app_of(FakeHub())
    assert refused(await ask(app, "GET", "/api/toast"))[0] == 404
    assert refused(await ask(app, "GET", "/api/devices/"))[0] == 404
    answer = await ask(app, "DELETE", "/api/devices")
    status, words = refused(answer)
    assert status == 405 and "GET" in words and "GET" in answer["allow"]


async def test_an_internal_error_is_reported_without_details(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = FakeHub()
    monkeypatch.setattr(hub, "wire", lambda device: 1 / 0)  # a mistake
    app = app_of(hub)

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ZeroDivisionError):  # the server logs it
            await app(scope, receive, send)

    status, words = refused(await ask(logged, "GET", "/api/devices/kettle/wire"))
    assert status == 500 and "log" in words and "zero" not in words


async def test_a_csv_table_contains_no_formulas() -> None:
    answer = await ask(app_of(FakeHub(), FakeHistory()), "GET", "/api/history.csv?series=kettle.mode")
    assert answer["content-type"].startswith("text/csv") and "history.csv" in answer["content-disposition"]
    assert answer.body.decode().splitlines() == [
        "at,device,point,unit,value,min,mean,max,quality,flags",
        f"{iso(NOON)},kettle,mode,,'=cmd(),,,,suspect,odd late",
        f"{iso(NOON + 60)},kettle,mode,,,,,,,",
        f"{iso(NOON + 120)},kettle,mode,,1,,,,good,",
    ]


def test_a_condensed_series_has_minimum_mean_and_maximum() -> None:
    series = Series(
        device="kettle", point="power_W", unit="W", kind="number", exponent=-1,
        at=[NOON], value=[-2.5], min=[-3.0], mean=[0.5], max=[9.0],
    )  # fmt: skip
    text = as_csv(History(start=NOON, end=NOON + 60, step=60.0, series=[series]))
    assert text.splitlines()[1] == f"{iso(NOON)},kettle,power_W,W,-2.5,-3.0,0.5,9.0,good,"


def test_no_cell_of_a_csv_has_control_characters_or_a_formula() -> None:
    series = Series(
        device="=kettle", point="mode\x07", unit="@W", kind="text", exponent=0,
        at=[NOON], value=["\x1b]0;t\x07\r\n-1"], marks=[Mark(0, "suspect", ("+late", "odd\n"))],
    )  # fmt: skip
    text = as_csv(History(start=NOON, end=NOON + 60, step=0.0, series=[series]))
    _, row = csv.reader(io.StringIO(text))
    assert row[1:5] == ["'=kettle", "mode\\x07", "'@W", "\\x1b]0;t\\x07\\x0d\\x0a-1"]
    assert row[-1] == "'+late odd\\x0a"


async def test_the_origin_of_a_command_is_printable_and_short() -> None:
    hub = FakeHub()
    app = app_of(hub)
    body = {"value": True, "origin": "me\x1b[31m\n"}
    assert (await ask(app, "POST", "/api/devices/kettle/set", body=body)).status == 200
    assert hub.commands[-1].origin == "me\\x1b[31m\\x0a"
    assert (await ask(app, "POST", "/api/devices/kettle/set", body={**body, "origin": "x" * 101})).status == 422


@given(st.floats(0, LATEST_TIME))
def test_a_time_in_seconds_is_unchanged(at: float) -> None:
    assert time_of(repr(at), "start", UTC) == at


@given(st.floats(0, 4e9))
def test_a_time_as_text_is_exact_to_the_millisecond(at: float) -> None:
    assert time_of(iso(at), "start", MADRID) == pytest.approx(at, abs=0.0006)


def test_a_time_without_an_offset_is_local_and_an_unescaped_plus_is_accepted() -> None:
    assert time_of("2026-11-21", "start", MADRID) == time_of("2026-11-20T23:00:00Z", "start", MADRID)
    assert time_of("2026-11-21T01:00:00 01:00", "end", UTC) == time_of("2026-11-21T00:00Z", "end", UTC)
    for odd in ("", "soon", "-1", "inf", "0001-01-01T00:00", "9999-12-31T23:59:59-14:00", "1e400", "2026-13-01"):
        with pytest.raises(ApiError, match="start must be"):
            time_of(odd, "start", MADRID)


def test_watch_streams_the_log_of_a_device_too_where_it_is_requested() -> None:
    async def story() -> None:
        hub = FakeHub("kettle")
        sock = tcp_socket(("127.0.0.1", 0))
        server = asyncio.create_task(serve(Api(hub, about).app(), sock), name="server")
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"GET /api/watch?device=kettle&log=true HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b'"status"')
        printed = LogEntry("kettle", NOON, "event not init", "warning", "mrs_event")
        (deliver,) = hub.log_followers
        deliver(LogEntry("lamp", NOON, "of another device"))
        hub.publish(watts(41.0))
        deliver(printed)
        chunk = await reader.readuntil(b'"value":41.0,"quality":"good","flags":[]}\n')
        lines = [json.loads(line) for line in chunk.split(b"\n") if line.startswith(b'{"log"')]
        assert [log_of(line) for line in lines] == [printed]
        writer.close()
        while hub.log_followers:
            deliver(printed)
            await asyncio.sleep(0.01)
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
        sock.close()

    virtual_run(story())


def test_watch_streams_the_current_state_and_then_each_change() -> None:
    async def story() -> None:
        hub = FakeHub("kettle")
        hub.publish(watts(40.0))
        sock = tcp_socket(("127.0.0.1", 0))
        server = asyncio.create_task(serve(Api(hub, about).app(), sock), name="server")
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"GET /api/watch?device=kettle HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b'"device_info"' in await reader.readuntil(b'"power_W","value":40.0,"quality":"good","flags":[]}\n')
        hub.publish(watts(9.0, id="lamp"), watts(41.0))
        assert b"lamp" not in await reader.readuntil(b'"value":41.0,"quality":"good","flags":[]}\n')
        warning = Notice("kettle", NOON, "scale", "power looks 10× too high", {"ms": 1})
        hub.publish(Notice("lamp", NOON, "left", "It left for good."), warning)
        chunk = await reader.readuntil(b"}}\n")
        assert b"lamp" not in chunk and fact_of(json.loads(chunk[chunk.index(b"{") :])) == warning
        later, asking = await asyncio.open_connection(*sock.getsockname())
        asking.write(b"GET /api/watch?device=gateway_1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in await later.readuntil(b"\r\n\r\n"), "a sub-device that has not joined yet"
        hub.publish(watts(42.0), watts(5.0, id="gateway_1"))
        assert b"kettle" not in await later.readuntil(b'"value":5.0,"quality":"good","flags":[]}\n')
        asking.close()
        writer.close()
        while hub.listeners:
            hub.publish(watts(42.0))
            await asyncio.sleep(0.01)
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
        sock.close()

    virtual_run(story())
