"""A console whose link a hub holds: commands and lines go over the hub's API.

run(action) ──► POST /api/devices/ID/do          in a thread of its own each
GET /api/watch?device=ID&log=true ──► listener   in one thread, which connects again where the hub restarts
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from unclouded.app.access.hub_client import HubClient, device_path
from unclouded.app.console.connection import ConsoleListener, ConsoleStatus
from unclouded.app.console.target import check_console
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.model import Device, Notice, Outcome, Reading, Status
from unclouded.core.sessions.session import Logged, WireAction
from unclouded.core.views.json_lines import fact_of, log_of
from unclouded.families.meross.console.controller.actions import LIST
from unclouded.families.meross.console.controller.command_lists import OfferedCommand

T = TypeVar("T")

SHOWN_NOTICES = ("restarted", "family")  # kinds; others report what this client did itself
RETRY_S = 2.0  # s between two attempts to reach a hub that has ended
NO_HUB = "The hub does not answer; it is tried again."


def run_action(hub: HubClient, device: str, action: WireAction) -> Mapping[str, Any]:  # Any: the API's JSON
    """Run an action on a device of a hub; the last line of its answer. Raises CommandError and LinkError."""
    body = {"action": action.name, "args": dict(action.args), "confirmed": True, "origin": "cli"}
    end = next((line for line in hub.lines(device_path(device, "do"), body) if "outcome" in line), None)
    if end is None:
        raise LinkError("The hub ended before the command was done. Start the hub and try again.")
    return dict(end)


class HubConsole:
    """Use ``start`` first. Raises CommandError where the device is not known, or has no console."""

    def __init__(self, hub: HubClient, device: str, listener: ConsoleListener | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._hub = hub
        self._listener = listener or ConsoleListener()
        self._offered: Sequence[OfferedCommand] = ()
        self._asks: asyncio.Task[None] | None = None
        self.status = ConsoleStatus(name=device)

    def start(self) -> None:
        """Read the current state, and follow what changes from now on."""
        name = self.status.name
        check_console(self._hub, name)
        self.status.info = self._hub.get(device_path(name))["info"]
        threading.Thread(target=self._follow, name="console.watch", daemon=True).start()

    def offered(self) -> Sequence[OfferedCommand]:
        return self._offered

    async def ended(self) -> None:
        """Never: a hub that ends may start again."""
        await self._loop.create_future()

    async def run(self, action: WireAction) -> Outcome:
        end = await self._in_thread(lambda: run_action(self._hub, self.status.name, action))
        return Outcome(end["outcome"], end["reason"], end["ms"], end["answer"])

    # --- inside --------------------------------------------------------------------------------

    def _in_thread(self, call: Callable[[], T]) -> asyncio.Future[T]:
        """The result of a call that blocks. The thread ends with the program, even if the hub never answers."""
        result: asyncio.Future[T] = self._loop.create_future()

        def work() -> None:
            try:
                value = call()
            except (CommandError, LinkError) as error:
                self._post(_fail, result, error)
            else:
                self._post(_succeed, result, value)

        threading.Thread(target=work, name="console.command", daemon=True).start()
        return result

    def _post(self, call: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program ends
            self._loop.call_soon_threadsafe(call, *args)

    def _follow(self) -> None:
        pause = threading.Event()
        while not self._loop.is_closed():
            with contextlib.suppress(CommandError, LinkError):
                for line in self._hub.lines("/api/watch", device=[self.status.name], log="true"):
                    self._post(self._take, line)
            self._post(self._lost)
            pause.wait(RETRY_S)

    def _lost(self) -> None:
        self.status.enter("no hub", NO_HUB, self._listener)

    def _take(self, line: Mapping[str, Any]) -> None:  # Any: decoded JSON
        if printed := log_of(line):
            self._listener.logged(Logged(printed.text, printed.level, printed.source))
            return
        match fact_of(line):
            case Status(state=state, reason=reason):
                self.status.enter(state, reason, self._listener)
                if state == "online":
                    self._ask_commands()
            case Device(info=info):
                self.status.describe(info, self._listener)
            case Reading(point=point, value=value, at=at):
                self.status.read(point, value, at)
            case Notice(kind=kind, words=text) if kind in SHOWN_NOTICES:
                self._listener.noticed(text)

    def _ask_commands(self) -> None:
        """Read the list of commands, unless that is under way."""
        if self._asks is None or self._asks.done():
            self._asks = asyncio.create_task(self._read_commands(), name="console.commands")

    async def _read_commands(self) -> None:
        with contextlib.suppress(CommandError, LinkError):
            outcome = await self.run(WireAction(LIST))
            self._offered = msgspec.convert(outcome.answer.get("commands", []), list[OfferedCommand])


def _succeed(result: asyncio.Future[T], value: T) -> None:
    if not result.done():
        result.set_result(value)


def _fail(result: asyncio.Future[T], error: Exception) -> None:
    if not result.done():
        result.set_exception(error)
