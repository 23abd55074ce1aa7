"""One run of the uplink, from its beginning to its end: the parts, and what goes between them."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from unclouded import VERSION
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.fleet import FleetTable
from unclouded.app.publishing.registry import HubParts
from unclouded.app.uplink.commands import CommandRules, FleetCommands
from unclouded.app.uplink.driver import UplinkDriver, UplinkHandlers
from unclouded.app.uplink.fleet_http import REVOKED, FleetHttp, FleetRevoked
from unclouded.app.uplink.home_state import HomeNow, hub_state
from unclouded.app.uplink.journal import CommandJournal, JournalFile
from unclouded.app.uplink.link import FleetLink
from unclouded.app.uplink.looking import LookPublisher
from unclouded.app.uplink.membership import MembershipFiles
from unclouded.app.uplink.owned_levels import RememberedLevels, let_out_rules
from unclouded.app.uplink.questions import FleetQuestions
from unclouded.app.uplink.renewal import RefusedRenewal, renewal_delays
from unclouded.app.uplink.sent_log import SentLog, sent_folder
from unclouded.app.uplink.window_thread import KnownDevices, WindowThread
from unclouded.core.errors import CommandError, ConfigError, LinkError, StoreError
from unclouded.core.model import PublicHub, Status
from unclouded.links.nats.wire import NatsMessage
from unclouded.uplink.joining import signed_renewal
from unclouded.uplink.messages import (
    AnyMessage,
    CommandReport,
    FleetCommand,
    MessageError,
    Question,
    Reply,
    decode_message,
    encode_message,
)
from unclouded.uplink.outputs import Refuse, RenewalRefused, TokenRenewed, Welcomed
from unclouded.uplink.session import UplinkSession

log = logging.getLogger("unclouded.uplink")

STATE_S = 60.0  # s between two looks at the state of the home
START_S, START_LOOK_S = 30.0, 2.0  # s for which devices may connect, and between two looks meanwhile
RENEW_S = 3600.0  # s between two attempts to renew the token
MOST_WAITING = 100  # messages of the fleet that are worked on at once
COMMANDS = "commands.jsonl"
PUT_OFF = (
    "The fleet answers, but takes nothing of this hub: it may not know it any more. Nothing is lost; it is asked again"
    " within the hour, and its operator can see why."
)
LOOK = "LOOK"
THINGS = {
    "raw": "readings",
    "minute": "minutes",
    "quarter": "quarter hours",
    "energy": "energy",
    "events": "events",
    "catalogue": "the list",
}


class UplinkContext(msgspec.Struct, frozen=True):
    """What a run is made of. ``wall``: Unix s. ``refused``: takes windows that the fleet cannot read."""

    config: Config
    table: FleetTable
    hub: PublicHub
    parts: HubParts
    files: MembershipFiles
    wall: Callable[[], float]
    refused: Callable[[Refuse], None]

    @property
    def folder(self) -> Path:
        """What the uplink keeps beside key and token."""
        return sent_folder(self.config.data)


class UplinkRun:
    """Make it inside a running loop. Raises ConfigError where key or token cannot be read, LinkError for servers."""

    def __init__(self, context: UplinkContext) -> None:
        self._context = context
        self._table, self._hub, self._parts = context.table, context.hub, context.parts
        self._membership, self._key = context.files.load(), context.files.key()
        self.link = FleetLink(
            lambda: self._membership,
            self._key,
            SentLog(context.folder),
            context.wall,
            self._table.ping_s,
            self._wake,
        )
        config = context.config
        self._levels = RememberedLevels(config.state)
        rules = let_out_rules(config, self._table, self._levels.levels)
        self._windows = WindowThread(config.store, rules, config.zone, config.tables.costs, self._hub.devices)
        self._journal = CommandJournal(JournalFile(context.folder / COMMANDS), time.time)
        self._commands = FleetCommands(
            self._journal,
            self._hub.command,
            CommandRules(self._table.control, self._id_of, self._main_of, self._why_not, self._shown),
            self._parts.trusted,
            self._report,
        )
        self._questions = FleetQuestions(self._parts.app(), self._table.questions, self._table.control)
        self._looks = LookPublisher(self._parts.pages(), lambda data: self.link.publish(f"live.{self.link.hub}", data))
        self._known: KnownDevices | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._renew_from = float("-inf")
        self._refused_renewal = RefusedRenewal(random.random)
        self._renewal_delays = renewal_delays()
        self._problem = ""  # why there is no other token
        self._ended = asyncio.Event()  # the fleet has revoked this hub
        self._unreadable = 0
        self._began = asyncio.get_running_loop().time()
        self.driver: UplinkDriver | None = None

    async def run(self) -> None:
        """Until cancelled. Raises StoreError, and FleetRevoked."""
        try:
            self.driver = await self._begin()
            async with asyncio.TaskGroup() as group:
                group.create_task(self.link.client.run(), name="uplink.link")
                group.create_task(self.driver.run(), name="uplink.driver")
                group.create_task(self.link.run_notes(), name="uplink.notes")
                group.create_task(self._look_regularly(), name="uplink.state")
                group.create_task(self._end_when_revoked(), name="uplink.revoked")
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            await self._looks.close()
            await self._commands.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._windows.close()

    # --- for people ----------------------------------------------------------------------------

    def counts(self) -> Mapping[str, int]:
        """Since the start; ``behind``: windows that wait."""
        sent = self.driver.counts if self.driver is not None else None
        return {
            "messages": self.link.messages,
            "bytes": self.link.bytes,
            "windows": sent.windows if sent else 0,
            "behind": sent.behind if sent else 0,
            "refused": sent.refused if sent else 0,
            "commands": self._commands.count,
            "questions": self._questions.count,
            "unreadable": self._unreadable,
        }

    def text(self) -> str:
        """The state of the connection, what was sent last, and what waits."""
        state, sent = self.link.client.state, self.driver.counts if self.driver is not None else None
        parts = [state.text]
        if self.link.is_up and self.driver is not None and self.driver.session.is_put_off:
            parts.append(PUT_OFF)
        elif self.link.is_up and self.driver is not None and not self.driver.session.is_welcome:
            parts.append("The fleet has not answered this hub's hello yet.")
        if sent is not None and sent.last_at:
            at = datetime.fromtimestamp(sent.last_at, self._context.config.zone)
            parts.append(f"Last sent {at:%H:%M}: {sent.last_bytes} bytes, {self._what(sent.last_level)}.")
        if sent is not None and sent.behind:
            parts.append(f"{sent.behind} windows wait.")
        if self._problem:
            parts.append(self._problem)
        if self.link.client.warning:
            parts.append(f"NATS says: {self.link.client.warning}.")
        return " ".join(parts)

    def _what(self, level: str) -> str:
        devices = len(self._out(level)) if level in ("raw", "minute", "quarter", "energy") else 0
        number = f" of {devices} device{'' if devices == 1 else 's'}" if devices else ""
        return f"{THINGS.get(level, level)}{number}"

    # --- begin ---------------------------------------------------------------------------------

    async def _begin(self) -> UplinkDriver:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._journal.open)
        self._known = known = await self._windows.known()
        await self._remember_levels()
        await self._subscribe(known.chosen.levels())
        session = UplinkSession(VERSION, known.chosen.message(), random.random, self._membership.again_done)
        session.report(self._journal.unknown(), loop.time())
        handlers = UplinkHandlers(
            self._commands.reported,
            self._renewed,
            self._welcomed,
            self._again_done,
            self._renewal_refused,
            self._context.refused,
        )
        self.link.listen("command", self._command)
        self.link.listen("question", self._question)
        return UplinkDriver(session, self.link, self._parts.store, self._windows, handlers, self._context.wall)

    async def _subscribe(self, levels: tuple[str, ...]) -> None:
        """Exactly these levels of the outbox."""
        before = await self._parts.store.outbox(lambda one: one.levels)
        added, gone = [one for one in levels if one not in before], [one for one in before if one not in levels]
        if added:
            await self._parts.store.outbox(lambda one: one.subscribe(added))
        if gone:
            await self._parts.store.outbox(lambda one: one.unsubscribe(gone))

    async def _remember_levels(self) -> None:
        levels = {} if self._known is None else self._known.chosen.levels_by_identity()
        try:
            await asyncio.to_thread(self._levels.note, levels)
        except (ConfigError, StoreError) as error:
            log.warning("Fleet: %s", error)

    # --- regularly -----------------------------------------------------------------------------

    async def _look_regularly(self) -> None:
        while True:
            try:
                await self._look()
            except StoreError as error:
                log.warning("Fleet: %s", error)
            await asyncio.sleep(START_LOOK_S if self._is_starting() else STATE_S)

    def _is_starting(self) -> bool:
        """Whether the hub has just started and still connects its devices: they would seem to be away."""
        if asyncio.get_running_loop().time() > self._began + START_S:
            return False
        return any(type(one) is Status and one.state == "connecting" for one in self._hub.snapshot())

    async def _look(self) -> None:
        """What may have changed: devices, the state of the home, the age of the token."""
        now, driver = asyncio.get_running_loop().time(), self.driver
        assert driver is not None
        before, self._known = self._known, await self._windows.known()
        await self._remember_levels()
        if before is None or before.chosen.message() != self._known.chosen.message():
            await self._subscribe(self._known.chosen.levels())
            driver.session.changed(self._known.chosen.message(), now)
        wall = self._parts.trusted()
        if wall is not None and not self._is_starting():
            today = await self._parts.history.today(wall)
            state = hub_state(
                HomeNow(
                    at=wall,
                    facts=self._hub.snapshot(),
                    alerts=self._hub.alerts(),
                    today=today,
                    costs=self._context.config.tables.costs,
                    out=self._out(""),
                    energy=self._out("energy"),
                    behind=driver.counts.behind,
                )
            )
            driver.session.state(state, now)
            self._renew(wall, now)
        driver.wake()

    def _renew(self, wall: float, now: float) -> None:
        if wall >= self._membership.half and now >= self._renew_from and self.driver is not None:
            self._renew_from = now + RENEW_S
            self.driver.session.renew(self._key.public, now)
        if self._refused_renewal.is_due(self.link.client.state.state == "refused", now):
            task = asyncio.create_task(self._renew_by_https(int(wall)), name="uplink.renewal")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _renew_by_https(self, wall: int) -> None:
        """Another token where NATS does not take ours: it has ended, or the key that signed it was replaced."""
        known = self._membership
        request = signed_renewal(known.hub, self._key, wall)
        try:
            answer = await asyncio.to_thread(FleetHttp(known.url, known.authority).renew, request)
        except FleetRevoked:
            self._ended.set()
            return
        except (LinkError, CommandError) as error:
            self._problem = f"No other token for this hub yet: {error}"
            log.warning("Fleet: the token was not renewed: %s", error)
            return
        self._problem = ""
        log.info("Fleet: this hub has received a new token.")
        await self._keep(token=answer.token, issued=float(wall), expires=answer.expires)

    def _out(self, level: str) -> frozenset[str]:
        """The ids of devices of which a level is let out; "": anything."""
        known = self._known
        if known is None:
            return frozenset()
        return frozenset(
            id
            for number, id in known.ids.items()
            if id and (known.chosen.lets_out(number, level) if level else known.chosen.level_of(number) != "nothing")  # type: ignore[arg-type]
        )

    # --- from the session ----------------------------------------------------------------------

    async def _renewed(self, renewed: TokenRenewed) -> None:
        self._renewal_delays = renewal_delays()
        log.info("Fleet: the token of this hub was renewed.")
        await self._keep(token=renewed.token, issued=self._context.wall(), expires=renewed.expires)

    def _renewal_refused(self, refused: RenewalRefused) -> None:
        if refused.revoked:
            self._ended.set()
            return
        now = asyncio.get_running_loop().time()
        self._renew_from = now + self._renewal_delays.next(now)

    async def _end_when_revoked(self) -> None:
        await self._ended.wait()
        raise FleetRevoked(REVOKED)

    async def _welcomed(self, welcomed: Welcomed) -> None:
        servers = welcomed.servers or self._membership.servers
        try:
            self.link.client.use(servers)
        except LinkError as error:
            log.warning("Fleet: %s", error)
            servers = self._membership.servers
        if (servers, welcomed.shard) != (self._membership.servers, self._membership.shard):
            await self._keep(servers=servers, shard=welcomed.shard)

    async def _again_done(self, number: int) -> None:
        await self._keep(again_done=number)

    async def _keep(self, **changes: Any) -> None:  # Any: fields of Membership
        self._membership = msgspec.structs.replace(self._membership, **changes)
        try:
            await asyncio.to_thread(self._context.files.save, self._membership)
        except (ConfigError, StoreError) as error:
            log.warning("Fleet: %s", error)

    # --- from the fleet ------------------------------------------------------------------------

    def _command(self, message: NatsMessage) -> None:
        asked = self._decoded(message)
        if isinstance(asked, FleetCommand):
            self._spawn(self._take(asked, message.reply))

    def _question(self, message: NatsMessage) -> None:
        asked = self._decoded(message)
        if isinstance(asked, Question):
            self._spawn(self._answer(asked, message.reply))

    def _decoded(self, message: NatsMessage) -> AnyMessage | None:
        try:
            return decode_message(message.data)
        except MessageError as error:
            self._unreadable += 1
            log.warning("Fleet: a message of the server cannot be read and is ignored: %s.", error)
            return None

    async def _take(self, command: FleetCommand, reply: str) -> None:
        report = await self._commands.take(command)
        if report is not None:
            self._respond(reply, report)

    async def _answer(self, question: Question, reply: str) -> None:
        if question.method == LOOK and self._table.questions:
            self._looks.look()
            self._respond(reply, Reply(200, "", b""))
        else:
            self._respond(reply, await self._questions.answer(question))

    def _respond(self, reply: str, message: AnyMessage) -> None:
        if reply:
            self.link.publish(reply, encode_message(message))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:  # Any: asyncio's
        if len(self._tasks) >= MOST_WAITING:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name="uplink.message")
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A message of the fleet crashed.", exc_info=error)

    # --- what the home allows ------------------------------------------------------------------

    def _id_of(self, name: str) -> str | None:
        return None if self._known is None else self._known.id_of(name)

    def _main_of(self, device: str) -> str:
        return next((one.main for one in self._hub.devices() if one.id == device), "")

    def _why_not(self, device: str, point: str) -> str:
        found = next((one for one in self._hub.devices() if one.id == device), None)
        if found is None or not found.critical:
            return ""
        kind = next((one.kind for one in found.points if one.key == point), "")
        return "It is marked as critical: it is switched at home only." if kind == "switch" else ""

    def _shown(self, text: str) -> str:
        return "" if self._known is None else self._known.chosen.text(text)

    def _report(self, report: CommandReport) -> None:
        if self.driver is not None:
            self.driver.session.report([report], asyncio.get_running_loop().time())
            self._wake()

    def _wake(self) -> None:
        if self.driver is not None:
            self.driver.wake()
