"""Commands on the console of a plug: on a link of this process, or on the device of a running hub that holds it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.console.direct_console import DirectConsole
from unclouded.app.console.one_command import run_on_hub
from unclouded.app.console.target import check_console, device_on, is_link, link_of
from unclouded.app.console.typed_command import checked
from unclouded.core.errors import CommandError, LinkError

READY_S = 30.0  # s that a console may take to answer, also after a restart
AGAIN_S = 0.5
UNKNOWN_DEVICE = "{0} is neither a link nor a device of a running hub. Write the port of the adapter: /dev/ttyUSB0."

ConsoleFields = Mapping[str, Any]  # Any: the answer of a command as JSON values


class ConsoleCommands(Protocol):
    """Where the commands are run. ``where``: for texts; ``device``: of the hub that holds it, "" = none."""

    where: str
    device: str

    async def run(self, command: str, *, show_secrets: bool = False) -> ConsoleFields:
        """The answer of a command, which counts as confirmed. Raises LinkError; it shows no argument."""


class LinkCommands:
    """A console on a link of this process."""

    device = ""

    def __init__(self, console: DirectConsole, where: str) -> None:
        self._console = console
        self.where = where

    async def run(self, command: str, *, show_secrets: bool = False) -> ConsoleFields:
        found = checked(command, confirmed=True, show_secrets=show_secrets)
        outcome = await self._console.run(found.action)
        if outcome.result != "confirmed":
            raise LinkError(outcome.reason or f"The console did not confirm {_name(command)}.")
        return outcome.answer or {}


class HubCommands:
    """A console that a running hub holds."""

    def __init__(self, hub: HubClient, device: str) -> None:
        self._hub = hub
        self.device = device
        self.where = f"the console of {device}"

    async def run(self, command: str, *, show_secrets: bool = False) -> ConsoleFields:
        found = checked(command, confirmed=True, show_secrets=show_secrets)
        end = await asyncio.to_thread(run_on_hub, self._hub, self.device, found)
        if end["outcome"] != "confirmed":
            raise LinkError(end.get("reason") or f"The console did not confirm {_name(command)}.")
        return end.get("answer") or {}


@contextlib.asynccontextmanager
async def open_console(target: str, config: Config | None, ready_s: float = READY_S) -> AsyncIterator[ConsoleCommands]:
    """The console at ``target``: a link, a port, or a device of the hub.

    Raises ConfigError, LinkError and CommandError.
    """
    device = "" if config is None else (device_on(link_of(target), config) if is_link(target) else target)
    if device and config is not None and is_running(config):
        hub = HubClient(config.control)
        await asyncio.to_thread(check_console, hub, device)
        yield HubCommands(hub, device)
        return
    if not is_link(target):
        raise CommandError(UNKNOWN_DEVICE.format(target))
    async with DirectConsole(link_of(target), base=config.base if config is not None else None) as console:
        await console.wait_until_ready(ready_s)
        yield LinkCommands(console, link_of(target))


async def run_once_ready(console: ConsoleCommands, command: str, ready_s: float = READY_S) -> ConsoleFields:
    """Run it as soon as the console answers, for example after a restart. Raises LinkError where it does not."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + ready_s
    while True:
        try:
            return await console.run(command)
        except LinkError:
            if loop.time() >= give_up:
                raise
            await asyncio.sleep(AGAIN_S)


def _name(command: str) -> str:
    """A command without its arguments, which may be secret."""
    return " ".join(command.split()[:2])
