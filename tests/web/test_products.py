"""Products by the API: searched in a thread, by any role, forgotten after a while; facts with what was odd."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import cast
from urllib.parse import quote

from starlette.types import ASGIApp

from api_story import NOON, FakeHub, FakeProducts, about
from app.test_unknown_products import SameThread
from asgi import ask
from unclouded.app.products.service import KEPT_S, ProductService
from unclouded.app.protocols import profile_library
from unclouded.core.errors import StoreError
from unclouded.core.views.facts import EventView
from unclouded.profiles import ProfileLibrary
from unclouded.web.api.api import Api
from unclouded.web.routes import HistorySource
from virtual_loop import story
from web.test_api import FakeHistory, as_reader, refused


class History(FakeHistory):
    """With these events."""

    def __init__(self, *events: EventView) -> None:
        super().__init__()
        self._events = events

    async def events(self, device: str | None, start: float, end: float, limit: int) -> list[EventView]:
        await super().events(device, start, end, limit)
        return list(self._events)


def event(kind: str, words: str) -> EventView:
    return EventView(at="2026-11-20T12:00:00Z", device="kettle", kind=kind, words=words)


def app_of(products: ProductService | FakeProducts | None, history: FakeHistory | None = None) -> ASGIApp:
    return Api(FakeHub(), about, cast("HistorySource | None", history), wall=lambda: NOON, products=products).app()


async def test_a_reader_searches_the_products_of_the_catalogue() -> None:
    app = as_reader(app_of(ProductService(FakeHub(), profile_library)))
    found = (await ask(app, "GET", "/api/products?q=aubess+20A&limit=1")).json
    assert found["total"] == 1
    [product] = found["products"]
    assert (product["product"], product["kind"], product["title"]) == ("2iepauebcvo74ujc", "plug", "Aubess 20A")
    assert "power_W" in product["points"] and product["confidence"] == "single"
    assert {kind["name"]: kind["count"] for kind in found["kinds"]}["plug"] == 1


async def test_the_search_runs_in_a_thread_and_one_at_a_time() -> None:
    threads: list[int] = []

    def new_library() -> ProfileLibrary:
        threads.append(threading.get_ident())
        return profile_library()

    service = ProductService(FakeHub(), new_library)
    first, second = await asyncio.gather(service.find("aubess", "", 5), service.find("aubess", "", 5))
    assert first == second and len(threads) == 1 and threads[0] != threading.get_ident()


@story
async def test_the_profiles_are_forgotten_some_time_after_the_last_search() -> None:
    executor: ThreadPoolExecutor = SameThread()
    asyncio.get_running_loop().set_default_executor(executor)
    made: list[ProfileLibrary] = []

    def new_library() -> ProfileLibrary:
        made.append(profile_library())
        return made[-1]

    service = ProductService(FakeHub(), new_library)
    for pause, libraries in ((0.0, 1), (KEPT_S - 1, 1), (KEPT_S - 1, 1), (KEPT_S + 1, 2)):
        await asyncio.sleep(pause)
        await service.find("aubess", "", 5)
        assert len(made) == libraries


async def test_what_is_asked_for_wrongly_is_named() -> None:
    app = app_of(FakeProducts())
    for query in ("limit=0", "limit=201", "limit=x", "kinds=plug", f"q={quote('x' * 201)}"):
        status, words = refused(await ask(app, "GET", f"/api/products?{query}"))
        assert status == 400 and query.partition("=")[0] in words
    assert refused(await ask(app, "GET", "/api/devices/toaster/product"))[0] == 404
    assert refused(await ask(app_of(None), "GET", "/api/products"))[0] == 503


async def test_the_facts_of_a_product_have_what_the_hub_found_odd_once_each() -> None:
    products = FakeProducts()
    history = History(
        event("scale", "power is too high"),
        event("command", "on = true"),
        event("scale", "power is too high"),
        event("unreadable", "6 cannot be read"),
    )
    answer = await ask(app_of(products, history), "GET", "/api/devices/kettle/product")
    assert answer.status == 200 and products.problems == ["power is too high", "6 cannot be read"]
    assert history.requests[0][1] == "kettle"


async def test_the_facts_need_no_store() -> None:
    class Broken(History):
        async def events(self, device: str | None, start: float, end: float, limit: int) -> list[EventView]:
            raise StoreError("The store is damaged.")

    for history in (None, Broken()):
        products = FakeProducts()
        answer = await ask(app_of(products, history), "GET", "/api/devices/kettle/product")
        assert answer.status == 200 and products.problems == []
