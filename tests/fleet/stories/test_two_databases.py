"""A server with two databases, one of which is away at first and later again: the homes of the other do not notice."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from asgi import Answer, ask
from fleet.protocol_hub import ProtocolHub
from fleet.test_whole_way import a_fleet
from unclouded.app.uplink.fleet_http import FleetHttp
from unclouded.core.errors import LinkError
from unclouded.core.security.nkeys import NKey
from unclouded.fleet.api.passwords import session_digest
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import Scope
from unclouded.fleet.configuration import load_fleet
from unclouded.fleet.enrolment import service
from unclouded.fleet.enrolment.codes import code_digest, invitation_of, new_code
from unclouded.fleet.enrolment.nats_request import identity_of, nats_request, system_client
from unclouded.fleet.enrolment.revoking import AccountUpdate, revocations_of
from unclouded.fleet.keys.issuer import Credentials
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.serve import RunningFleet, serving
from unclouded.fleet.web_app import fleet_web_app
from unclouded.links.nats.client import NatsClient
from unclouded.uplink.joining import read_invitation, signed_request

ALL = Scope.everything()
STUCK_S = 120.0  # never reached in a test that passes


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(STUCK_S):
        while not await is_so():
            await asyncio.sleep(0.05)


class Story:
    """``first``, ``second``: the databases."""

    def __init__(self, fleet: RunningFleet, nats: PrivateNats, server: PrivatePostgres, second: str) -> None:
        self.fleet = fleet
        self.bases = fleet.base
        self._app = fleet_web_app(fleet)
        self._nats = nats
        self._server = server
        self._second = second

    async def organisation(self, name: str, shard: int) -> int:
        async with self.bases.together():
            return (await self.bases.register.add_organisation(name, shard)).number

    async def owner(self, *organisations: int) -> None:
        person = await self.bases.people.add_person("anna", "Anna", "", time.time())
        for one in organisations:
            await self.bases.people.set_role(person.number, one, "owner")
        await self.bases.people.open_session(session_digest("token anna"), person.number, 9e10, "token", time.time())

    async def ask(self, path: str) -> Answer:
        return await ask(self._app, "GET", path, {"host": "127.0.0.1", "authorization": "Bearer token anna"})

    async def joined(self, organisation: int, key: int) -> ProtocolHub:
        """A hub that joins over HTTP."""
        code, now, own = new_code(), time.time(), NKey("user", bytes([key]) * 32)
        await self.bases.register.add_code(code_digest(code), organisation, 1, now + 900, "test", now)
        url = self.fleet.configuration.tables.web.url
        request = signed_request(read_invitation(invitation_of(url, code, "").text), own, f"Home {key}", "", "1.0")
        answer = await asyncio.to_thread(FleetHttp(url).enrol, request)
        hub = ProtocolHub(answer.hub, answer.servers[0], self._nats.trust, answer.shard, seed=key)
        about = identity_of(Credentials(answer.token, own), answer.hub)
        hub.client = NatsClient(answer.servers, about, f"_INBOX.{answer.hub}", ping_s=0.5)
        return hub

    async def stored(self, shard: int, hub: ProtocolHub) -> bool:
        """Whether the database with this number has all of a hub, as it stands."""
        try:
            found = await self._part(shard).history.windows(ALL, hub.hub, "raw", 0.0, 2.0**40)
        except BaseUnavailable:
            return False
        return {one.start: one.data for one in found} == {one.start: one.data for one in hub.windows.values()}

    async def lose_nats(self) -> None:
        """nats-server is restarted, and has lost its folder."""
        (node,) = self._nats._nodes
        await asyncio.to_thread(self._nats.kill)
        for token in node.settings.accounts.iterdir():
            token.unlink()
        await asyncio.to_thread(self._nats.restart)

    async def is_refused(self, hub: ProtocolHub) -> bool:
        """Whether the key of a hub is in the list of NATS."""
        entry = await self.bases.register.hub(hub.hub)
        assert entry is not None
        with contextlib.suppress(LinkError):
            async with system_client(self._nats.urls, self._nats.trust.revoker()) as client:
                update = AccountUpdate(self.bases.register, self._nats.trust.signer, nats_request(client))
                return entry.public_key in revocations_of(await update.current())
        return False

    async def leave(self) -> None:
        """The second database cannot be reached any more."""
        await leave(self._server, self._second)

    async def come_back(self) -> None:
        await come_back(self._server, self._second)

    async def is_back(self) -> bool:
        with contextlib.suppress(BaseUnavailable):
            await self._part(1).register.organisations()
            return True
        return False

    def _part(self, shard: int) -> FleetBase:
        return self.bases._places.all[shard]


async def leave(server: PrivatePostgres, name: str) -> None:
    await _execute(server, sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
    end = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    await _execute(server, end.format(sql.Literal(name)))


async def come_back(server: PrivatePostgres, name: str) -> None:
    await _execute(server, sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))


async def _execute(server: PrivatePostgres, statement: sql.Composed) -> None:
    async with await psycopg.AsyncConnection.connect(server.dsn(), autocommit=True) as connection:
        await connection.execute(statement)


@contextlib.asynccontextmanager
async def sending(hub: ProtocolHub) -> AsyncIterator[None]:
    task = asyncio.create_task(hub.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def story(
    postgres_server: PrivatePostgres,
    base_dsn: str,
    own_nats: Callable[..., PrivateNats],
    tmp_path: Path,
    short_waits: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Story]:
    """The second database is away, and has no tables yet."""
    monkeypatch.setattr(FleetBase.__init__, "__defaults__", (8, 1.0))
    monkeypatch.setattr(service, "AGAIN_S", 1e6)
    name, nats = "fleet_two_second", own_nats()
    second = postgres_server.create_database(name)
    await leave(postgres_server, name)
    folder = a_fleet(tmp_path / "fleet", nats, base_dsn)
    with (folder / "fleet.toml").open("a") as file:
        file.write(f'\n[[base]]\nshard = 1\ndsn = "{second}"\n')
    async with serving(load_fleet(folder), fleet_web_app) as fleet:
        yield Story(fleet, nats, postgres_server, name)
    await come_back(postgres_server, name)
    postgres_server.drop_database(name)


async def test_a_database_that_is_away_at_the_start_and_later_stops_its_own_homes_only(story: Story) -> None:
    old = await story.organisation("Old town", 0)
    with pytest.raises(BaseUnavailable):
        await story.organisation("New town", 1)
    here, gone = await story.joined(old, 1), await story.joined(old, 2)
    async with sending(here), sending(gone):
        here.change(20)
        await until(lambda: story.stored(0, here))

        await story.come_back()
        await until(story.is_back)
        new = await story.organisation("New town", 1)
        await story.owner(old, new)
        there = await story.joined(new, 3)
        async with sending(there):
            there.change(20)
            await until(lambda: story.stored(1, there))
            assert len((await story.ask("/api/fleet/homes")).json["homes"]) == 3

            await story.leave()
            for hub in (here, there):
                hub.change(20)
            await until(lambda: story.stored(0, here))
            for path in ("homes", "events", "commands"):
                assert (await story.ask(f"/api/fleet/{path}?org={old}")).status == 200, path
            for path in (f"homes/{here.hub}", f"commands?home={here.hub}"):
                assert (await story.ask(f"/api/fleet/{path}")).status == 200, path
            away = await story.ask(f"/api/fleet/homes?org={new}")
            assert (away.status, away["retry-after"]) == (503, "5")
            assert "database" in away.json["detail"]
            await story.bases.register.revoke(gone.hub, time.time())
            story.fleet.revocations.changed()

            async def is_out() -> bool:
                return "database 1" in story.fleet.revocations.problem and gone.client.state.state == "refused"

            await until(is_out)  # also while not all revoked keys are known
            await story.lose_nats()
            await until(lambda: story.is_refused(gone))  # at once

            await story.come_back()
            await until(lambda: story.stored(1, there))
            assert (await story.ask(f"/api/fleet/homes?org={new}")).status == 200
            assert not there.dirty and not here.dirty
