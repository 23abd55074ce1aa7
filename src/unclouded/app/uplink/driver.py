"""Executes what the session of uplink/session.py outputs: on the network, in the store, in the files of the hub.

    link, store, hub ──► session ──► outputs, in order ──► this
Source: docs/protocols/fleet.md §5, §6
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

import msgspec

from unclouded.app.uplink.link import FleetLink
from unclouded.app.uplink.window_thread import WindowThread
from unclouded.core.errors import StoreError
from unclouded.links.nats.client import NatsReply
from unclouded.store.outbox import DayDigest, StoreOutbox
from unclouded.uplink.messages import CommandReport, DaySum, Windows, decode_message
from unclouded.uplink.outputs import (
    Acknowledge,
    Again,
    AskDirty,
    AskSums,
    Output,
    RaiseNumbers,
    ReadWindow,
    Refuse,
    RenewalRefused,
    ReportsCommitted,
    Send,
    TokenRenewed,
    TryRefused,
    UplinkNote,
    Welcomed,
)
from unclouded.uplink.session import UplinkSession

log = logging.getLogger("unclouded.uplink")

ANSWER_S = 300.0  # s after which no answer is expected any more; the session asks again long before
STORE_PAUSE_S = 5.0  # s until the store is asked again
GREETINGS = ("hello", "renew")

Answer = TypeVar("Answer")


class OutboxStore(Protocol):
    """The store, as store/sink.py has it."""

    async def outbox(self, work: Callable[[StoreOutbox], Answer]) -> Answer:
        """Raises StoreError."""


class UplinkHandlers(msgspec.Struct, frozen=True):
    """What the session outputs for others. ``refused``: of a window, and why."""

    reported: Callable[[tuple[CommandReport, ...]], Awaitable[None]]
    renewed: Callable[[TokenRenewed], Awaitable[None]]
    welcomed: Callable[[Welcomed], Awaitable[None]]
    again_done: Callable[[int], Awaitable[None]]
    renewal_refused: Callable[[RenewalRefused], None]
    refused: Callable[[Refuse], None]


class SentCounts(msgspec.Struct):
    """Since the start. ``last``: the newest message with windows: its level, windows, bytes and time (Unix s)."""

    windows: int = 0
    refused: int = 0
    behind: int = 0
    last_level: str = ""
    last_windows: int = 0
    last_bytes: int = 0
    last_at: float = 0.0


class UplinkDriver:
    """``session`` is this object's alone to be ticked; others may pass things to it, and call ``wake``."""

    def __init__(
        self,
        session: UplinkSession,
        link: FleetLink,
        store: OutboxStore,
        windows: WindowThread,
        handlers: UplinkHandlers,
        wall: Callable[[], float],
    ) -> None:
        self.session = session
        self.counts = SentCounts()
        self._link = link
        self._store = store
        self._windows = windows
        self._handlers = handlers
        self._wall = wall
        self._woken = asyncio.Event()
        self._was_up = False
        self._requests: dict[int, set[asyncio.Task[None]]] = {}

    def wake(self) -> None:
        """The session has something to output, or the connection has changed."""
        self._woken.set()

    async def run(self) -> None:
        """Execute, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._woken.clear()
                self._note_connection(loop.time())
                deadline = self.session.deadline
                if deadline is not None and deadline <= loop.time():
                    self.session.tick(loop.time())
                while outputs := self.session.outputs():
                    for one in _together(outputs):
                        await self._execute(one)
                await self._wait(self.session.deadline)
        finally:
            for tasks in self._requests.values():
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*(task for tasks in self._requests.values() for task in tasks), return_exceptions=True)
            self._requests.clear()
            self._was_up = False

    # --- inside --------------------------------------------------------------------------------

    def _note_connection(self, now: float) -> None:
        is_up = self._link.is_up
        if is_up == self._was_up:
            return
        self._was_up = is_up
        if is_up:
            self.session.connected(now)
        else:
            self.session.disconnected(now)

    async def _wait(self, deadline: float | None) -> None:
        """Until something happens, or the deadline of the session."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _execute(self, output: "Output | _Acknowledged") -> None:
        match output:
            case Send():
                self._send(output)
            case ReadWindow():
                await self._read(output)
            case ReportsCommitted(reports=reports):
                await self._handlers.reported(reports)
            case TokenRenewed():
                await self._handlers.renewed(output)
            case RenewalRefused():
                self._handlers.renewal_refused(output)
            case Welcomed():
                await self._handlers.welcomed(output)
            case UplinkNote(text=text):
                log.info("Fleet: %s", text)
            case _:
                await self._in_store(output)

    async def _in_store(self, output: "_InStore") -> None:
        """Until it is done: what comes after relies on it."""
        while True:
            try:
                return await self._stored(output)
            except StoreError as error:
                log.warning("Fleet: %s", error)
                await asyncio.sleep(STORE_PAUSE_S)

    async def _stored(self, output: "_InStore") -> None:
        match output:
            case AskDirty(most=most):
                found, self.counts.behind = await self._store.outbox(lambda one: (one.closed(most), one.behind()))
                await self._windows.forget()
                self.session.dirty(found, self._now())
            case AskSums(days=days):
                sums, self.counts.behind = await self._store.outbox(lambda one: (one.sums(days), one.behind()))
                by_level = {level: _day_sums(found) for level, found in sums.items()}
                self.session.sums(by_level, self.counts.behind, self._now())
            case _Acknowledged(windows=windows):
                await self._store.outbox(lambda one: one.acknowledge_all(windows))
                self.counts.windows += len(windows)
                self.counts.behind = max(self.counts.behind - len(windows), 0)
            case Refuse(level=level, start=start, number=number):
                await self._store.outbox(lambda one: one.refuse(level, start, number))
                self.counts.refused += 1
                self._handlers.refused(output)
            case TryRefused():
                await self._store.outbox(lambda one: one.try_refused())
            case RaiseNumbers(above=above):
                await self._store.outbox(lambda one: one.raise_numbers(above))
            case Again(since=since, until=until, levels=levels, number=request):
                await self._store.outbox(lambda one: one.again(since, until, levels))
                if request:
                    await self._handlers.again_done(request)

    async def _read(self, output: ReadWindow) -> None:
        data = await self._windows.read(output.window, output.as_of)
        self.session.content(output.window, data, self._now())

    def _send(self, output: Send) -> None:
        subject = self._subject(output)
        if output.kind == "windows":
            self._note_windows(output)
        if not output.serial:
            self._link.publish(subject, output.data)
            return
        for serial in [one for one in self._requests if one != output.serial]:
            for task in self._requests.pop(serial):
                task.cancel()
        task = asyncio.create_task(self._request(output.serial, subject, output.data), name="uplink.request")
        tasks = self._requests.setdefault(output.serial, set())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def _subject(self, output: Send) -> str:
        hub = self._link.hub
        return f"hello.{hub}" if output.kind in GREETINGS else f"up.{output.shard}.{hub}"

    async def _request(self, serial: int, subject: str, data: bytes) -> None:
        reply: NatsReply = await self._link.request(subject, data, ANSWER_S)
        if not reply.failure:
            self.session.answered(serial, reply.data, self._now())
        elif reply.failure != "timeout":
            self.session.not_delivered(serial, self._now())
        self.wake()

    def _note_windows(self, output: Send) -> None:
        message = decode_message(output.data)
        if isinstance(message, Windows):
            counts = self.counts
            counts.last_at, counts.last_bytes = self._wall(), len(output.data)
            counts.last_level, counts.last_windows = message.level, len(message.windows)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class _Acknowledged(msgspec.Struct, frozen=True):
    """Acknowledgements that follow each other: level, start, number."""

    windows: tuple[tuple[str, int, int], ...]


_InStore = AskDirty | AskSums | _Acknowledged | Acknowledge | Refuse | TryRefused | Again | RaiseNumbers


def _together(outputs: Sequence[Output]) -> Iterator[Output | _Acknowledged]:
    """In their order; acknowledgements that follow each other as one, so that the disk is written once."""
    for is_acknowledged, group in groupby(outputs, lambda one: isinstance(one, Acknowledge)):
        if is_acknowledged:
            yield _Acknowledged(tuple((o.level, o.start, o.number) for o in group if isinstance(o, Acknowledge)))
        else:
            yield from group


def _day_sums(days: Sequence[tuple[int, DayDigest]]) -> tuple[DaySum, ...]:
    return tuple(DaySum(day, one.count, one.numbers) for day, one in days)
