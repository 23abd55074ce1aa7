"""A console whose link a hub holds: what its streams bring, and a hub that ends and comes back."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from unclouded.app.access.hub_client import HubClient
from unclouded.app.console import hub_console
from unclouded.app.console.connection import ConsoleListener, ConsoleStatus
from unclouded.app.console.hub_console import HubConsole
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.sessions.session import Logged, WireAction

NOON = "2026-11-21T12:00:00.000Z"
DEVICE = {"family": "meross_console", "actions": [{"name": "console"}], "info": {"product": "mss310"}}
COMMANDS = [{"name": "meross new", "form": "meross new", "help": "a new thing"}]
LINES: list[dict[str, Any]] = [
    {"status": {"device": "bench", "state": "online", "since": NOON, "reason": ""}},
    {"at": NOON, "device": "bench", "point": "power_W", "value": 67.3, "quality": "good", "flags": []},
    {"log": {"at": NOON, "device": "bench", "level": "warning", "source": "mrs_event", "text": "event not init"}},
    {"notice": {"at": NOON, "device": "bench", "kind": "restarted", "words": "The board has started.", "data": {}}},
    {"notice": {"at": NOON, "device": "bench", "kind": "action", "words": "console confirmed", "data": {}}},
]


class ScriptedHub:
    """Its stream ends after some lines. ``watched``: how often it was opened."""

    def __init__(self) -> None:
        self.watched = 0
        self.ends = threading.Event()

    def get(self, path: str) -> Mapping[str, Any]:
        return DEVICE

    def lines(self, path: str, body: Mapping[str, Any] | None = None, **query: object) -> Iterator[Any]:
        if body is None:
            self.watched += 1
            yield from LINES
            self.ends.wait(10.0)
        elif body["action"] == "console_commands":
            yield {"outcome": "confirmed", "reason": "", "ms": 1.0, "answer": {"commands": COMMANDS}}
        elif body["args"] == {"command": "meross mem"}:
            yield {"outcome": "confirmed", "reason": "", "ms": 1.0, "answer": {"free": 1}}
        elif body["action"] == "console":
            raise CommandError("It is not known.")


class KeptEvents(ConsoleListener):
    def __init__(self) -> None:
        self.log: list[Logged] = []
        self.texts: list[str] = []
        self.states: list[str] = []

    def logged(self, line: Logged) -> None:
        self.log.append(line)

    def noticed(self, text: str) -> None:
        self.texts.append(text)

    def state_changed(self, status: ConsoleStatus) -> None:
        self.states.append(status.state)


async def test_a_console_of_a_hub_has_its_state_values_log_and_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_console, "RETRY_S", 0.0)
    hub, kept = ScriptedHub(), KeptEvents()
    console = HubConsole(cast(HubClient, hub), "bench", kept)
    console.start()
    while not (console.offered() and kept.texts):
        await asyncio.sleep(0)
    assert [one.name for one in console.offered()] == ["meross new"]
    assert console.status.values["power_W"] == 67.3 and console.status.info == {"product": "mss310"}
    assert kept.log == [Logged("event not init", "warning", "mrs_event")]
    assert kept.texts == ["The board has started."]
    assert (await console.run(WireAction("console", {"command": "meross mem"}))).answer == {"free": 1}
    with pytest.raises(CommandError, match="not known"):
        await console.run(WireAction("console", {"command": "meross foo"}))
    with pytest.raises(LinkError, match="The hub ended"):
        await console.run(WireAction("console_crash", {}))
    hub.ends.set()
    while kept.states[:3] != ["online", "no hub", "online"]:
        await asyncio.sleep(0)
