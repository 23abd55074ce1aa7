"""The stream of a page: only what is on it, only what is different, only what the person may see."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Message

from fleet.api.conftest import FleetStory
from fleet.filled_base import state
from unclouded.fleet.api import changes
from unclouded.fleet.api.passwords import session_digest
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import HomeLine

DEADLINE_S = 60.0


class PageSocket:
    """The page's end of the WebSocket."""

    def __init__(self) -> None:
        self.to_server: asyncio.Queue[Message] = asyncio.Queue()
        self.from_server: asyncio.Queue[Message] = asyncio.Queue()

    def watch(self, **what: Any) -> None:
        self.to_server.put_nowait({"type": "websocket.receive", "text": json.dumps(what)})

    async def next(self) -> Any:  # Any: JSON, or the code of a close
        """The next message that is not empty."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message = await self.from_server.get()
                if message["type"] == "websocket.close":
                    return message["code"]
                if message["type"] == "websocket.send" and len(found := json.loads(message["text"])) > 1:
                    return found

    async def raw(self) -> list[str]:
        """The keys of the next message."""
        async with asyncio.timeout(DEADLINE_S):
            return list(json.loads((await self.from_server.get())["text"]))

    async def until(self, key: str) -> Any:  # Any: JSON
        while True:
            found = await self.next()
            if key in found:
                return found[key]


@asynccontextmanager
async def page(fleet: FleetStory, who: str, query: str = "", **headers: str) -> AsyncIterator[PageSocket]:
    given = {"host": "fleet.example", "authorization": f"Bearer token {who}", **headers}
    socket = PageSocket()
    socket.to_server.put_nowait({"type": "websocket.connect"})
    scope = {
        **{"type": "websocket", "asgi": {"version": "3.0"}, "scheme": "ws", "path": "/api/fleet/changes"},
        **{"raw_path": b"/api/fleet/changes", "query_string": query.encode(), "root_path": "", "subprotocols": []},
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        **{"client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8099), "extensions": {"websocket.http.response": {}}},
    }
    serving = asyncio.ensure_future(fleet.app(scope, socket.to_server.get, socket.from_server.put))
    try:
        yield socket
    finally:
        socket.to_server.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(DEADLINE_S):
            await serving


async def test_a_page_gets_the_changes_of_its_rows_only(fleet: FleetStory, monkeypatch: Any) -> None:
    monkeypatch.setattr(changes, "POLL_S", 0.02)
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(changes, "TOO_OFTEN_S", 0.0)
    north, south = fleet.homes["north"], fleet.homes["south"]
    async with page(fleet, "operator-north") as socket:
        assert (await socket.until("summary"))["homes"] == 1
        socket.to_server.put_nowait({"type": "websocket.receive", "text": "{nonsense"})
        socket.watch(homes=[north, south, "no id"])
        first = await socket.next()
        assert [one["id"] for one in first["homes"]] == [north] and first["gone"] == [south]
        assert await socket.raw() == ["at"]  # nothing is different, and nothing is sent twice
        await fleet.base.windows.store_states(
            {one: state(at=fleet.now + 1, power_W=5.0) for one in (north, south)}, fleet.now
        )
        assert [(one["id"], one["power_W"]) for one in await socket.until("homes")] == [(north, 5.0)]
        body = {"homes": [north], "device": "plug-1", "value": True}
        batch = (await fleet.json("operator-north", "POST", "/api/fleet/commands", body))["batch"]
        socket.watch(homes=[north], commands=batch)
        assert [one["state"] for one in await socket.until("commands")] == ["waiting"]
        await fleet.base.dispatch.end_undelivered(fleet.now + 700)
        assert [one["state"] for one in await socket.until("commands")] == ["undelivered"]
        await fleet.base.register.forget(north, fleet.now, "test")
        assert await socket.until("gone") == [north]


async def test_rows_stay_current_while_another_database_is_away(read_fleet: FleetStory, monkeypatch: Any) -> None:
    async def away(*_: object) -> None:
        raise BaseUnavailable("away")

    async def one_part(*about: Any) -> tuple[list[HomeLine], BaseUnavailable]:
        return (await reached_rows(*about))[0], BaseUnavailable("away")

    homes = read_fleet.context.base.homes
    reached_rows = homes.reached_rows
    monkeypatch.setattr(homes, "sums", away)
    monkeypatch.setattr(homes, "reached_rows", one_part)
    north, south = read_fleet.homes["north"], read_fleet.homes["south"]
    async with page(read_fleet, "viewer-north") as socket:
        socket.watch(homes=[north, south])
        found = await socket.next()
        assert [one["id"] for one in found["homes"]] == [north] and "gone" not in found


async def test_a_home_that_is_looked_at_speaks_for_itself(read_fleet: FleetStory, monkeypatch: Any) -> None:
    monkeypatch.setattr(changes, "TOO_OFTEN_S", 0.0)
    async with page(read_fleet, "viewer-north", "language=de", **{"accept-language": "es"}) as socket:
        socket.watch(look=read_fleet.homes["south"])
        assert "kein Haus" in await socket.until("look_problem")
        socket.watch(look=read_fleet.homes["north"])
        async with asyncio.timeout(DEADLINE_S):
            while read_fleet.homes["north"] not in read_fleet.link.streams:
                await asyncio.sleep(0)
        publish = read_fleet.link.streams[read_fleet.homes["north"]]
        publish(b"\xff no JSON")
        publish(b'{"changes": {"at": 1.0}}')
        assert await socket.until("live") == {"changes": {"at": 1.0}}
        lost = {"device": "a", "state": "offline", "since": "", "reason": "the connection is gone"}
        publish(json.dumps({"changes": {"at": 2.0, "statuses": [lost]}}).encode())
        (said,) = (await socket.until("live"))["changes"]["statuses"]
        assert said == lost | {"reason": "die Verbindung ist weg"}
        socket.watch(look="")
        async with asyncio.timeout(DEADLINE_S):
            while read_fleet.link.streams:
                await asyncio.sleep(0)
    assert read_fleet.homes["south"] not in [hub for hub, _ in read_fleet.link.asked]


async def test_who_lost_the_role_in_an_organisation_sees_its_homes_no_more(fleet: FleetStory, monkeypatch: Any) -> None:
    monkeypatch.setattr(changes, "POLL_S", 0.02)
    monkeypatch.setattr(changes, "CHECK_S", 0.0)
    north, person = fleet.homes["north"], fleet.persons["viewer-north"]
    async with page(fleet, "viewer-north") as socket:
        socket.watch(look=north)
        async with asyncio.timeout(DEADLINE_S):
            while north not in fleet.link.streams:
                await asyncio.sleep(0.01)
        await fleet.base.people.set_role(person, fleet.organisations["north"], None)
        assert "no home" in await socket.until("look_problem")
        assert not fleet.link.streams


async def test_the_stream_ends_with_the_session(fleet: FleetStory, monkeypatch: Any) -> None:
    monkeypatch.setattr(changes, "POLL_S", 0.02)
    monkeypatch.setattr(changes, "CHECK_S", 0.0)
    async with page(fleet, "viewer-north") as socket:
        await socket.until("summary")
        await fleet.base.people.close_session(session_digest("token viewer-north"))
        while (found := await socket.next()) != changes.SESSION_ENDED:
            assert isinstance(found, dict)


async def test_strangers_and_other_sites_get_no_stream(read_fleet: FleetStory) -> None:
    for who, headers in (("no one", {}), ("viewer-north", {"origin": "https://elsewhere.example"})):
        async with page(read_fleet, who, **headers) as socket:
            message = await socket.from_server.get()
            assert message["type"] == "websocket.http.response.start" and message["status"] in (401, 403)
