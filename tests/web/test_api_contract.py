"""Any request to the API is answered as documented, and never with an internal error."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from starlette.applications import Starlette
from starlette.types import ASGIApp

from api_story import (
    NOON,
    FakeBackup,
    FakeConfiguration,
    FakeDecoder,
    FakeExports,
    FakeFeeds,
    FakeHomekit,
    FakeHub,
    FakeOnboarding,
    FakePlugs,
    FakeProducts,
    FakeRules,
    FakeUplink,
    about,
    device,
    watts,
)
from unclouded.app.configuration.config import parse_config
from unclouded.app.costs.service import CostsService
from unclouded.app.files.update_files import UpdateFiles
from unclouded.core.model import Fact, Ledger, Notice, Reading, Status
from unclouded.store.editing.edit import HistoryEdit, NewEdit
from unclouded.store.file.schema import open_to_write
from unclouded.store.sink import Store
from unclouded.store.writer import StoreWriter
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import CredentialStore
from unclouded.web.api.api import ROWS, Api, document
from unclouded.web.history.history import HistoryReader

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
ENDLESS = "/api/watch"
EDITS = 30  # of the history of the kettle, which are undone

TARIFF = """
[hub]
timezone = "Europe/Madrid"

[[tariff]]
name = "flat"
currency = "EUR"

[[tariff.part]]
name = "Energy"
price = 0.21

[costs]
tariff = "flat"
"""

# Never answered with 200 here: no plug is waiting for admission, the page is not on a network, and no one is logged in.
NEVER_DONE = {"/api/admit", "/api/hub/qr.svg", "/api/people", "/api/people/{role}", "/api/people/sign-out"}
FREE = {row.path for row in ROWS if row.public}

schema = schemathesis.openapi.from_dict(dict(document())).exclude(path=ENDLESS)
OPERATIONS = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
Operation = APIOperation[Any, Any, Any, Any]  # as schemathesis has it for OpenAPI


@schema.hook
def map_path_parameters(context: object, path_parameters: dict[str, str] | None) -> dict[str, str] | None:
    """Use existing devices and files in many of the requests."""
    if path_parameters and len(path_parameters.get("device", "")) % 2:
        return {**path_parameters, "device": "kettle"}
    if path_parameters and "name" in path_parameters:
        return {**path_parameters, "name": f"fw{len(path_parameters['name'])}.bin"}
    return path_parameters


@schema.hook
def map_query(context: object, query: dict[str, object] | None) -> dict[str, object] | None:
    """Use series of existing devices in many of the requests."""
    series = (query or {}).get("series")
    if query and isinstance(series, list) and all(isinstance(one, str) and "." in one for one in series):
        known = [f"kettle.{point}" for point in ("power_W", "mode", "energy_import_Wh", "nothing")]
        return {**query, "series": [known[len(one) % 4] for one in series] if len(series) % 2 else series}
    number = (query or {}).get("number")
    if query and isinstance(number, int) and number % 2:
        return {**query, "number": number % EDITS}
    return query


@schema.hook
def map_body(context: object, body: object) -> object:
    """Use existing actions, devices and times in many of the requests."""
    if isinstance(body, dict) and isinstance(body.get("reason"), str) and len(body["reason"]) % 2 == 0:
        times = {"start": str(NOON), "end": str(NOON + 60)}
        return {"point": "power_W", "action": "void", "reason": "wrong", "dry_run": True, **times}
    if isinstance(body, dict) and isinstance(body.get("intervals"), list) and len(body["intervals"]) % 2 == 0:
        return {"value": "0.21"}
    if isinstance(body, dict) and isinstance(body.get("device"), str) and len(body["device"]) % 2 == 0:
        return {**body, "device": "kettle"}
    if isinstance(body, dict) and isinstance(body.get("action"), str) and len(body["action"]) % 2 == 0:
        return {**body, "action": "blink"}
    return body


Answer = TypeVar("Answer")


class FakeChanges:
    """Changes the store at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def change_history(self, work: Callable[[StoreWriter], Answer]) -> Answer:
        with closing(open_to_write(self._path)) as db:
            return work(StoreWriter(db, lambda: NOON))

    def report(self, *event: object) -> None:
        pass


def made(edit: NewEdit, writer: StoreWriter) -> HistoryEdit:
    return writer.edits.make(edit, "tests")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    path = tmp_path_factory.mktemp("store") / "store.sqlite"
    hub = FakeHub()
    facts = history()
    asyncio.run(keep(path, [device("kettle"), device("lamp"), *facts]))
    hub.publish(*facts)
    changes = FakeChanges(path)
    for _ in range(EDITS):
        edit = NewEdit(device=1, point="power_W", start=round(NOON * 1000), until=round(NOON * 1000) + 1, action="void")
        asyncio.run(changes.change_history(partial(made, edit)))
    past = HistoryReader(path, ZoneInfo("Europe/Madrid"), changes)
    shelf = UpdateFiles(path.with_name("updates"))
    for number in range(20):
        shelf.put(f"fw{number}.bin", b"firmware")
    yield Api(
        hub,
        about,
        past,
        wall=lambda: NOON + 3600.0,
        updates=shelf,
        plugs=FakePlugs(),
        products=FakeProducts(),
        decoder=FakeDecoder(),
        configuration=FakeConfiguration(),
        onboarding=FakeOnboarding(),
        backup=FakeBackup(),
        exports=FakeExports(),
        rules=FakeRules(),
        homekit=FakeHomekit(),
        feeds=FakeFeeds(),
        uplink=FakeUplink(),
        costs=CostsService(parse_config(TARIFF, "unclouded.toml", str(path.parent)), hub, past, lambda: NOON + 3600.0),
    ).app()
    asyncio.run(past.close())


def history() -> list[Fact]:
    """A quarter of an hour of a kettle, with one gap."""
    facts: list[Fact] = []
    for minute in range(15):
        after = minute * 60.0
        facts += [watts(2000.0 + minute, after), Reading("kettle", "energy_import_Wh", minute * 33.0, NOON + after)]
        facts.append(Reading("kettle", "mode", "eco" if minute % 2 else "=boost", NOON + after, "suspect", ("odd",)))
    facts.append(Ledger(identity="toy:kettle", point="energy_import_Wh", total=462_000))
    facts += [Status("kettle", "offline", NOON + 900, "no answer"), Status("kettle", "online", NOON + 960)]
    return [*facts, Notice("kettle", NOON + 970, "command", "on = True", {"origin": "web", "outcome": "confirmed"})]


async def keep(path: Path, facts: list[Fact]) -> None:
    store = Store(path, wall=lambda: NOON)
    store.open()
    store.deliver(facts)
    await store.close()


@pytest.fixture(scope="module")
def locked(app: Starlette, tmp_path_factory: pytest.TempPathFactory) -> Auth:
    """The same application with authentication and without credentials."""
    credential_store = CredentialStore(tmp_path_factory.mktemp("state"))
    return Auth(app, credential_store, Hosts(("testserver",)), False, lambda: NOON, lambda: 0.0)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_every_answer_matches_the_document(operation: Operation, app: Starlette) -> None:
    met = answers(operation, app, 12)
    if not is_covered(operation, met):
        met = answers(operation, app, 60)
    assert is_covered(operation, met), met


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_a_request_without_login_gets_401_only(operation: Operation, locked: Auth) -> None:
    met = answers(operation, locked, 3)
    assert met == {401} or operation.path in FREE


def answers(operation: Operation, app: ASGIApp, most: int) -> set[int]:
    """The statuses of the answers; each answer must be as documented."""
    met: set[int] = set()
    modes = list(GenerationMode) if has_input(operation) else [GenerationMode.POSITIVE]

    @given(st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    @settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def ask(case: schemathesis.Case[Any]) -> None:
        met.add(case.call_and_validate(app=app, checks=CHECKS).status_code)

    ask()
    return met


def is_covered(operation: Operation, met: set[int]) -> bool:
    """Whether a request was done and one refused, where both can be."""
    is_done = 200 in met or operation.path in NEVER_DONE
    return is_done and (bool(met & {400, 404, 422}) or not has_input(operation))


def has_input(operation: Operation) -> bool:
    """Whether the request has parts that may be invalid."""
    return bool({"parameters", "requestBody"} & set(operation.definition.raw))
