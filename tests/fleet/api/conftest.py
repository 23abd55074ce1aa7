"""Two organisations, north and south, with homes and persons, and the web application over their base."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, NamedTuple

import pytest
from starlette.types import ASGIApp

from asgi import Answer, ask
from fleet.filled_base import NOW, add_home, add_organisation, store_everything
from unclouded.fleet.api.application import fleet_app
from unclouded.fleet.api.context import FleetContext
from unclouded.fleet.api.metrics import FleetMetrics
from unclouded.fleet.api.passwords import session_digest, stored_password
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import Role
from unclouded.fleet.calls.hub_link import HubAway
from unclouded.fleet.calls.limits import AskingLimits
from unclouded.fleet.calls.looking import LiveLooks
from unclouded.fleet.calls.questions import HubQuestions
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.uplink.messages import Hello, LetOut, Question, Reply, decode_message, encode_message
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import Cost
from unclouded.web.access.password_checks import PasswordChecks

FILLED = "fleet_api_filled"
_numbers = count(1)
CHEAP = Cost(2, 1, 1)
PASSWORD = "correct horse"
ROLES: tuple[Role, ...] = ("viewer", "operator", "owner")


class FakeHubLink:
    """The fleet's connection: hubs answer what ``replies`` has for them, the others are away."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[tuple[str, Question]] = []
        self.streams: dict[str, Callable[[bytes], None]] = {}

    async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        hub = subject.split(".")[1]
        message = decode_message(data)
        assert isinstance(message, Question)
        self.asked.append((hub, message))
        if hub not in self.replies:
            raise HubAway(f"{hub} is away")
        return encode_message(self.replies[hub])

    def subscribe(self, subject: str, received: Callable[[bytes], None]) -> Callable[[], None]:
        hub = subject.split(".")[1]
        self.streams[hub] = received
        return lambda: self.streams.pop(hub, None) and None


class FleetNames(NamedTuple):
    """Ids by name."""

    organisations: dict[str, int]
    homes: dict[str, str]
    persons: dict[str, int]
    codes: dict[str, int]


class FleetStory:
    """``north``, ``south``: organisations. Persons are called ROLE-north, ROLE-south; ``both`` is a viewer of both."""

    def __init__(self, base: FleetBase, link: FakeHubLink, names: FleetNames) -> None:
        self.base = base
        self.link = link
        self.now = NOW
        self.woken = 0
        self.clock = 0.0
        self.names = FleetNames(dict(names.organisations), dict(names.homes), dict(names.persons), dict(names.codes))
        self.organisations, self.homes, self.persons, self.codes = self.names
        bases = FleetBases({0: base})
        self.context = FleetContext(
            base=bases,
            url="https://fleet.example",
            passwords=PasswordChecks(lambda: self.clock),
            questions=HubQuestions(link, lambda: self.now),
            looks=LiveLooks(link),
            limits=AskingLimits(lambda: self.clock),
            wake=self._wake,
            wall=lambda: self.now,
            cost=CHEAP,
        )
        self.metrics = FleetMetrics(bases, lambda: {"ingest_windows": 7.0, "connected": 1.0}, wall=lambda: self.now)
        self.app: ASGIApp = fleet_app(self.context, Hosts(["fleet.example"]), (), self.metrics, "scrape")

    def _wake(self) -> None:
        self.woken += 1

    async def fill(self) -> None:
        for name in ("north", "south"):
            id = self.organisations[name] = await add_organisation(self.base, name)
            home = self.homes[name] = await add_home(self.base, id, f"Home {name}", "Street 1")
            await store_everything(self.base, home, int(NOW) - 86_400)
            let_out = LetOut(("energy", "raw"), names=True, events=True, questions=True, control=True)
            await self.base.windows.greet(home, Hello((1,), "0.9.2", let_out, 0, {}), NOW)
            for role in ROLES:
                await self.person(f"{role}-{name}", {id: role})
            code = await self.base.register.add_code(f"code-{name}".encode(), id, 3, NOW + 900, "test", NOW)
            self.codes[name] = code.number
        await self.person("both", dict.fromkeys(self.organisations.values(), "viewer"))

    async def person(self, login: str, roles: dict[int, Role]) -> None:
        stored = stored_password(PASSWORD, CHEAP)
        person = await self.base.people.add_person(login, login.title(), stored, NOW)
        self.persons[login] = person.number
        for organisation, role in roles.items():
            await self.base.people.set_role(person.number, organisation, role)
        await self.base.people.open_session(session_digest(f"token {login}"), person.number, NOW + 9e6, "token", NOW)

    async def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """A request of a program with a token; ``who`` "": of a stranger."""
        given = {"host": "fleet.example", **({"authorization": f"Bearer token {who}"} if who else {}), **headers}
        if body is None and method in ("POST", "PUT", "PATCH"):
            body = {}
        return await ask(self.app, method, path, given, body)

    async def json(self, who: str, method: str, path: str, body: object = None) -> Any:  # Any: JSON
        answer = await self.ask(who, method, path, body)
        assert answer.status == 200, (path, answer.status, answer.body[:500])
        return answer.json


@pytest.fixture(scope="session")
def filled_fleet(postgres_server: PrivatePostgres, migrated_database: str) -> FleetNames:
    """A database with both organisations, which each test copies."""
    dsn = postgres_server.create_database(FILLED, migrated_database)

    async def fill() -> FleetNames:
        async with FleetBase(dsn, 2) as base:
            story = FleetStory(base, FakeHubLink(), FleetNames({}, {}, {}, {}))
            await story.fill()
            return story.names

    with ThreadPoolExecutor(1) as elsewhere:  # the loop of the tests is left alone
        return elsewhere.submit(asyncio.run, fill()).result()


@pytest.fixture
def fleet_dsn(postgres_server: PrivatePostgres, filled_fleet: FleetNames) -> Iterator[str]:
    name = f"fleet_api_{next(_numbers)}"
    yield postgres_server.create_database(name, FILLED)
    postgres_server.drop_database(name)


@pytest.fixture
async def read_fleet(postgres_server: PrivatePostgres, filled_fleet: FleetNames) -> AsyncIterator[FleetStory]:
    """For tests that change nothing in the database: without a copy."""
    async with FleetBase(postgres_server.dsn(FILLED), 2) as base:
        yield FleetStory(base, FakeHubLink(), filled_fleet)


@pytest.fixture
async def fleet(fleet_dsn: str, filled_fleet: FleetNames) -> AsyncIterator[FleetStory]:
    async with FleetBase(fleet_dsn, 2) as base:
        yield FleetStory(base, FakeHubLink(), filled_fleet)
