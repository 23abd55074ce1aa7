"""Publishers beside a hub: which run, what a change of the configuration restarts, and what people see of them."""

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from api_story import FakeHub
from asgi import ask
from unclouded.app.configuration.config import Config, parse_config
from unclouded.app.publishing.live_homekit import LiveHomekit
from unclouded.app.publishing.registry import PublisherContext, PublisherRow, changed_tables
from unclouded.app.publishing.service import Publishing
from unclouded.core.errors import ConfigError
from unclouded.core.publisher import PublisherStatus
from unclouded.web.api.api import Api
from virtual_loop import story


class Recorder:
    """A publisher that notes its life."""

    made: ClassVar[list["Recorder"]] = []
    crashes = 0

    def __init__(self, context: PublisherContext) -> None:
        if "wrong" in context.config.tables.weather.topic:  # type: ignore[union-attr]  # the tests set it
            raise ConfigError("The topic is wrong. Write another.")
        if "broken" in context.config.tables.weather.topic:  # type: ignore[union-attr]
            raise ImportError("cannot import name 'x'")
        self.events: list[str] = []
        Recorder.made.append(self)

    async def run(self) -> None:
        self.events.append("run")
        if Recorder.crashes:
            Recorder.crashes -= 1
            raise ValueError("broken")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.events.append("ended")

    def status(self) -> PublisherStatus:
        return PublisherStatus(state="running", text="It runs.", counts={"sent": 3})


ROW = PublisherRow("recorder", "weather", "tests:Recorder", also=("web",))


@pytest.fixture(autouse=True)
def recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        pass

    Module.Recorder = Recorder  # type: ignore[attr-defined]
    monkeypatch.setattr(importlib, "import_module", lambda name: Module)
    Recorder.made, Recorder.crashes = [], 0


def config(text: str) -> Config:
    return parse_config(text, "unclouded.toml", data="/nowhere", env={})


def on(topic: str, more: str = "") -> Config:
    return config(f'[weather]\nsource = "mqtt"\nurl = "mqtt://h"\ntopic = "{topic}"\n{more}')


OFF = config("")


async def published(start: Config, play: Callable[[Publishing], Any]) -> None:
    one = Publishing(start, None, lambda: 0.0, lambda text: None, [ROW])  # type: ignore[arg-type]  # no hub is needed
    task = asyncio.create_task(one.run())
    await asyncio.sleep(0.01)
    await play(one)
    task.cancel()
    await asyncio.wait({task})
    assert all(made.events[-1] == "ended" for made in Recorder.made)


@story
async def test_what_is_not_configured_is_neither_imported_nor_shown() -> None:
    async def play(one: Publishing) -> None:
        assert Recorder.made == [] and one.views() == []

    await published(OFF, play)


@story
async def test_a_change_of_its_tables_restarts_it_and_no_other_change_does() -> None:
    async def play(one: Publishing) -> None:
        assert one.views() == [{"name": "recorder", "state": "running", "text": "It runs.", "counts": {"sent": 3}}]
        for new, made, alive in (
            (on("a", '[hub]\ntimezone = "Europe/Madrid"'), 1, 1),
            (on("b"), 2, 1),
            (on("b", '[web]\nlisten = "off"'), 3, 1),
            (OFF, 3, 0),
            (on("a"), 4, 1),
        ):
            one.use(new)
            await asyncio.sleep(0.01)
            assert (len(Recorder.made), sum(made.events[-1] == "run" for made in Recorder.made)) == (made, alive)
            assert len(one.views()) == alive

    await published(on("a"), play)


@story
async def test_one_that_cannot_be_made_says_why_and_a_change_repairs_it() -> None:
    async def play(one: Publishing) -> None:
        text = "The topic is wrong. Write another."
        assert one.views() == [{"name": "recorder", "state": "failed", "text": text, "counts": {}}]
        one.use(on("right"))
        await asyncio.sleep(0.01)
        assert [view["state"] for view in one.views()] == ["running"]

    await published(on("wrong"), play)


@story
async def test_a_bridge_that_does_not_run_says_why() -> None:
    for state, topic, reason in (("failed", "wrong", "The topic is wrong. Write another."), ("off", "", "")):
        one = Publishing(
            on(topic) if topic else OFF,
            None,  # type: ignore[arg-type]  # no hub is needed
            lambda: 0.0,
            lambda text: None,
            [PublisherRow("homekit", "weather", "tests:Recorder")],
        )
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.01)
        bridge = LiveHomekit(one)
        assert bridge.view() is None and bridge.why_none() == reason, state
        app = Api(FakeHub(), dict, None, homekit=bridge).app()
        answer = await ask(app, "GET", "/api/homekit")
        assert answer.status == 503 and (reason or "is not a HomeKit bridge") in answer.json["detail"]
        task.cancel()
        await asyncio.wait({task})


@story
async def test_a_library_that_is_broken_ends_no_other_publisher() -> None:
    async def play(one: Publishing) -> None:
        assert [(view["state"], view["text"]) for view in one.views()] == [
            ("failed", "Its library cannot be loaded: cannot import name 'x'.")
        ]
        one.use(on("right"))
        await asyncio.sleep(0.01)
        assert [view["state"] for view in one.views()] == ["running"]

    await published(on("broken"), play)


@story
async def test_one_that_crashes_is_started_again_and_shows_it_meanwhile() -> None:
    Recorder.crashes = 1

    async def play(one: Publishing) -> None:
        assert [(view["state"], "ValueError" in str(view["text"])) for view in one.views()] == [("waiting", True)]
        await asyncio.sleep(2.0)
        assert [view["state"] for view in one.views()] == ["running"]

    await published(on("a"), play)


@story
async def test_a_hub_of_some_devices_publishes_nothing() -> None:
    async def play(one: Publishing) -> None:
        assert Recorder.made == []

    await published(msgspec.structs.replace(on("a"), runs_broker=False), play)


def test_the_tables_of_publishers_count_at_once(tmp_path: Path) -> None:
    assert changed_tables(OFF, on("a"), [ROW]) == ("weather",)
    assert changed_tables(on("a"), on("a"), [ROW]) == ()
