"""Commands of the fleet: each is in the journal before it is carried out, once, and its outcome after it.

    down.HUB.command ─► known? its report ─► allowed? in time? ─► journal ─► hub.command ─► journal ─► report

Source: docs/protocols/fleet.md §8
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from unclouded.app.uplink.journal import CommandJournal, JournalEntry
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import Command, Outcome
from unclouded.core.text.printable import printable
from unclouded.uplink.messages import CommandReport, CommandState, FleetCommand

log = logging.getLogger("unclouded.uplink")

ANSWER_S = 3.0  # s that an answer waits for the outcome before it says "accepted"
AGAIN_S = 10.0  # s until the journal is written again
CLOCK_S = 1.0  # s between two looks at whether the clock can be trusted
MOST_OPEN = 200  # commands at once; the fleet asks again for the others
LONGEST_ID, LONGEST_WHO, LONGEST_TEXT = 64, 100, 300  # characters

T = TypeVar("T")
InThread = Callable[[Callable[[], Any]], Coroutine[Any, Any, Any]]  # Any: asyncio's
Act = Callable[[Command], Awaitable[Outcome]]


class CommandRules(msgspec.Struct, frozen=True):
    """What the home allows. ``device``: the id at home of what the fleet names, None = none is let out.

    ``main``: the point of a device that is meant where a command names none, "" = none. ``why_not``: why a point of a
    device may not be set from elsewhere, "" = it may. ``shown``: what of a reason may leave the home.
    """

    allowed: bool
    device: Callable[[str], str | None]
    main: Callable[[str], str]
    why_not: Callable[[str, str], str]
    shown: Callable[[str], str] = str


class FleetCommands:
    """``wall``: Unix s, None while the clock cannot be trusted. ``report`` gets outcomes, which the fleet may not have.

    The journal is open.
    """

    def __init__(
        self,
        journal: CommandJournal,
        act: Act,
        rules: CommandRules,
        wall: Callable[[], float | None],
        report: Callable[[CommandReport], None],
        in_thread: InThread = asyncio.to_thread,
    ) -> None:
        self._journal = journal
        self._act = act
        self._rules = rules
        self._wall = wall
        self._report = report
        self._in_thread = in_thread
        self._open: dict[str, asyncio.Task[CommandReport | None]] = {}
        self._devices: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._writing = asyncio.Lock()
        self._written: set[asyncio.Future[Any]] = set()  # writes that go on
        self.count = 0

    async def take(self, command: FleetCommand) -> CommandReport | None:
        """The report as far as it is known within ANSWER_S; None where there is nothing to say yet."""
        known = self._journal.find(command.id)
        if known is not None and command.id not in self._open:
            return known.report
        task = self._open.get(command.id)
        if task is None:
            if len(self._open) >= MOST_OPEN or not 0 < len(command.id) <= LONGEST_ID:
                return None
            task = asyncio.create_task(self._carry_out(command), name=f"uplink.command {command.id}")
            self._open[command.id] = task
            task.add_done_callback(lambda done: self._ended(command.id, done))
        await asyncio.wait({task}, timeout=ANSWER_S)
        if task.done() and not task.cancelled():
            return task.result()
        accepted = self._journal.find(command.id)
        return accepted.report if accepted is not None else None

    async def close(self) -> None:
        """The hub ends: what is not finished has the outcome "timeout" after its restart."""
        for task in self._open.values():
            task.cancel()
        await asyncio.gather(*self._open.values(), return_exceptions=True)
        await asyncio.gather(*self._written, return_exceptions=True)  # none may come after the journal is opened again

    async def reported(self, reports: tuple[CommandReport, ...]) -> None:
        """The fleet has these reports: they are not sent again after a restart."""
        try:
            await self._write(lambda: self._journal.reported(reports))
        except StoreError as error:
            log.warning("%s", error)  # the fleet gets them again after a restart

    # --- inside --------------------------------------------------------------------------------

    async def _carry_out(self, command: FleetCommand) -> CommandReport | None:
        device = self._rules.device(command.device)
        if device is not None and not command.point:
            command = msgspec.structs.replace(command, point=self._rules.main(device))
        try:
            async with self._devices[device or ""]:
                entry = await self._carried_out(command, device, await self._trusted())
        except StoreError as error:
            log.warning("A command of the fleet is not carried out: %s", error)
            return None  # the fleet asks again
        self._report(entry.report)
        return entry.report

    async def _carried_out(self, command: FleetCommand, device: str | None, now: float) -> JournalEntry:
        who = printable(command.who[:LONGEST_WHO]) or "unknown"
        text = printable(f"{command.device[:LONGEST_WHO]} {command.point} = {command.value!r} by {who}"[:LONGEST_TEXT])
        state, reason = self._judged(command, device, now)
        if device is None or state is not None:
            return await self._write(lambda: self._journal.refuse(command.id, text, state or "refused", reason))
        await self._write(lambda: self._journal.accept(command.id, text))
        self.count += 1
        outcome = await self._outcome(Command(device, command.point, command.value, f"fleet:{who}"))
        return await self._end(command.id, outcome)

    def _judged(self, command: FleetCommand, device: str | None, now: float) -> tuple[CommandState | None, str]:
        """Why it is not carried out; None = it is."""
        if not self._rules.allowed:
            return "not_allowed", "This home does not allow the fleet to switch devices."
        if command.until <= now * 1000:
            return "expired", "It arrived after it had expired."
        if device is None:
            return "refused", f"The fleet gets no device {printable(command.device[:100])!r} of this home."
        if why := self._rules.why_not(device, command.point):
            return "not_allowed", why
        return None, ""

    async def _trusted(self) -> float:
        """The time, once the clock can be trusted: before, no one can say whether it is too late."""
        while True:
            if (now := self._wall()) is not None:
                return now
            await asyncio.sleep(CLOCK_S)

    async def _outcome(self, command: Command) -> Outcome:
        try:
            return await self._act(command)
        except CommandError as error:
            return Outcome("refused", str(error))

    async def _end(self, id: str, outcome: Outcome) -> JournalEntry:
        """Note the outcome, however long that takes: what was not noted is not reported."""
        while True:
            try:
                return await self._write(
                    lambda: self._journal.end(id, outcome.result, self._rules.shown(outcome.reason))
                )
            except StoreError as error:
                log.warning("%s It is tried again.", error)
                await asyncio.sleep(AGAIN_S)

    async def _write(self, work: Callable[[], T]) -> T:
        async with self._writing:
            writing = asyncio.ensure_future(self._in_thread(work))
            self._written.add(writing)
            writing.add_done_callback(self._written.discard)
            return await asyncio.shield(writing)

    def _ended(self, id: str, task: "asyncio.Task[CommandReport | None]") -> None:
        self._open.pop(id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "A command of the fleet crashed; its outcome is reported after a restart of the hub.", exc_info=error
            )
