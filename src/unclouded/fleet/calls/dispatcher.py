"""Brings commands to hubs: tries each until its hub has reported what became of it.

    due in the database ─► tried (committed) ─► down.HUB.command ─► report ─► committed
                                                  ├ no responders: provably not delivered, again later
                                                  └ no answer: perhaps delivered; again, the hub's journal answers

Any number of servers do this at once, and any of them goes on where another ended: what is open is in the database,
and a hub carries out an id only once. Source: docs/protocols/fleet.md §8
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from unclouded.core.errors import LinkError
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import DueCommand
from unclouded.fleet.calls.hub_link import HubAway, HubRequests
from unclouded.uplink.messages import CommandReport, FleetCommand, MessageError, decode_message, encode_message

log = logging.getLogger("unclouded.fleet.calls")

LOOK_S = 1.0  # for commands that other servers were given
TIMEOUT_S = 10.0
AGAIN_S = 20.0  # s between tries
MOST = 256  # requests at once
MOST_TAKEN = 64  # commands, each time
DATABASE_PAUSE_S = 3.0


class CommandStore(Protocol):
    """What it needs of the database: CommandDispatch has it."""

    async def due(self, now: float, again_s: float = ..., most: int = ...) -> list[DueCommand]: ...
    async def due_of(self, hub: str, now: float) -> list[DueCommand]: ...
    async def absent(self, id: str, now: float) -> None: ...
    async def sent(self, id: str, now: float) -> None: ...
    async def reported(self, report: CommandReport, hub: str, now: float) -> None: ...
    async def end_undelivered(self, now: float) -> list[str]: ...


class DispatchCounters(msgspec.Struct):
    """Since the start. ``away``: tries that provably reached no one; ``silent``: tries without an answer."""

    tries: int = 0
    reports: int = 0
    away: int = 0
    silent: int = 0
    undelivered: int = 0

    def as_mapping(self) -> dict[str, float]:
        """By name, for metrics."""
        return {name: float(getattr(self, name)) for name in self.__struct_fields__}


class CommandDispatcher:
    """``wall``: Unix s."""

    def __init__(
        self, commands: CommandStore, link: HubRequests, wall: Callable[[], float], timeout_s: float = TIMEOUT_S
    ) -> None:
        self.counters = DispatchCounters()
        self._commands = commands
        self._link = link
        self._wall = wall
        self._timeout_s = timeout_s
        self._wanted = asyncio.Event()
        self._connected: set[str] = set()  # hubs that have said hello since
        self._open: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Commands were given: look now."""
        self._wanted.set()

    def connected(self, hub: str) -> None:
        """This hub has just said hello: its commands are tried at once."""
        self._connected.add(hub)
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled. While the database is away, commands wait in it."""
        was_away = False
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    while await self._begin_due(group):
                        pass
                    was_away = False
                except BaseUnavailable as error:
                    if not was_away:
                        log.warning("Commands are delivered later, as the database cannot be used: %s", error)
                    was_away = True
                    await asyncio.sleep(DATABASE_PAUSE_S)
                await self._pause()

    # --- inside --------------------------------------------------------------------------------

    async def _begin_due(self, group: asyncio.TaskGroup) -> bool:
        """Begin to try what is due now: a hub that is silent holds up no others. Whether there may be more.

        Raises BaseUnavailable.
        """
        self._wanted.clear()
        now, some = self._wall(), min(MOST_TAKEN, MOST - len(self._open))
        self.counters.undelivered += len(await self._commands.end_undelivered(now))
        found = [command for hub in self._take_connected() for command in await self._commands.due_of(hub, now)]
        due = await self._commands.due(now, AGAIN_S, some) if some > 0 else []
        known = {one.id for one in found}
        for command in [*found, *(one for one in due if one.id not in known)]:
            task = group.create_task(self._try(command), name=f"command {command.id}")
            self._open.add(task)
            task.add_done_callback(self._ended)
        return len(due) == MOST_TAKEN

    def _ended(self, task: asyncio.Task[None]) -> None:
        if len(self._open) >= MOST:
            self.wake()
        self._open.discard(task)

    def _take_connected(self) -> list[str]:
        taken, self._connected = sorted(self._connected), set()
        return taken

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._wanted.wait()
        except TimeoutError:
            pass

    async def _try(self, command: DueCommand) -> None:
        """One request, and what it says about the command. What the database does not take now is tried again."""
        self.counters.tries += 1
        try:
            await self._note(command, await self._request(command))
        except BaseUnavailable as error:
            log.warning("The command %s will be tried again: %s", command.id, error)

    async def _note(self, command: DueCommand, report: CommandReport | bool) -> None:
        if isinstance(report, CommandReport):
            self.counters.reports += 1
            await self._commands.reported(report, command.hub, self._wall())
        elif report:
            self.counters.silent += 1
            await self._commands.sent(command.id, self._wall())
        else:
            self.counters.away += 1
            await self._commands.absent(command.id, self._wall())

    async def _request(self, command: DueCommand) -> CommandReport | bool:
        """What the hub reports; else whether the hub may have the command."""
        message = FleetCommand(
            command.id, command.device, command.point, command.value, int(command.until * 1000), command.who
        )
        try:
            data = await self._link.request(f"down.{command.hub}.command", encode_message(message), self._timeout_s)
        except MessageError as error:
            return CommandReport(command.id, "refused", f"This command cannot be sent: {error}.", self._wall())
        except HubAway:
            return False
        except LinkError:
            return True
        return _report(command, data)


def _report(command: DueCommand, data: bytes) -> CommandReport | bool:
    try:
        report = decode_message(data)
    except MessageError as error:
        log.warning("The answer of the hub %s to the command %s cannot be read: %s", command.hub, command.id, error)
        return True
    return report if isinstance(report, CommandReport) and report.id == command.id else True
