"""The stream of a page: what it shows is sent to the server, and what changes of that comes back.

    page ── WatchBody: rows, filter, batch of commands, home that is looked at ──► FleetStream
         ◄── FleetChanges: rows that are different, summary, outcomes, live changes of that home ──

The database is read again every POLL_S for what is on the page, never for all homes. A slow page gets what is newest
once it can receive; live changes that it misses are dropped by the queue of LiveLooks. A session that has ended closes
the stream within CHECK_S (close code 4401), and another role counts from then on. Its sentences are in the language
that the page asks for (``?language=de``), else in that of its browser.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from unclouded.fleet.api.context import HUB_ID, FleetContext
from unclouded.fleet.api.shapes import base_filter, command_view, home_row, summary
from unclouded.fleet.api.views import (
    MOST_ON_PAGE,
    FleetChanges,
    FleetCommandView,
    HomeRowView,
    HomesSummary,
    WatchBody,
)
from unclouded.fleet.base.errors import BaseError, NotInScope
from unclouded.fleet.base.views import LoginSession, Scope
from unclouded.fleet.calls.limits import TooManyQuestions
from unclouded.web.said_views import said_live
from unclouded.web.words import ENGLISH, answering_in, asked_language, language, say

log = logging.getLogger("unclouded.fleet.api")

POLL_S = 2.0  # between two looks at the database
SUMMARY_S = 10.0  # between two summaries
CHECK_S = 10.0  # between two checks of the session
HEARTBEAT_S = 5.0  # an empty message after a time without one
SESSION_ENDED = 4401  # close code
TOO_OFTEN_S = 0.2  # between two changes of what is watched


class FleetStream:
    """Serves the stream to each page."""

    def __init__(self, context: FleetContext) -> None:
        self._context = context

    async def serve(self, socket: WebSocket) -> None:
        """Until the page disconnects, or its session ends."""
        await socket.accept()
        page = _WatchedPage(self._context, socket.scope["unclouded.session"], socket)
        with answering_in(asked_language(socket.query_params)):
            tasks = [
                asyncio.create_task(page.receive(), name="changes.receive"),
                asyncio.create_task(page.send(), name="changes.send"),
                asyncio.create_task(page.look(), name="changes.look"),
            ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if not task.cancelled():
                task.result()  # raises an internal error for the server to log


class _WatchedPage:
    """One page, and what it was sent."""

    def __init__(self, context: FleetContext, session: LoginSession, socket: WebSocket) -> None:
        self._context = context
        self._session = session
        self._socket = socket
        self._watch = WatchBody()
        self._changed = asyncio.Event()  # what is watched, or what is live
        self._looked = asyncio.Event()  # another home is looked at
        self._live: asyncio.Queue[FleetChanges] = asyncio.Queue(20)
        self._rows: dict[str, HomeRowView | None] = {}
        self._commands: dict[str, FleetCommandView] = {}
        self._summary: HomesSummary | None = None
        self._summary_due = self._check_due = 0.0

    async def receive(self) -> None:
        """What the page wants to watch."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                text = await self._socket.receive_text()
                try:
                    watch = msgspec.json.decode(text, type=WatchBody)
                except (msgspec.MsgspecError, UnicodeError, RecursionError):
                    continue
                self._take(watch)
                await asyncio.sleep(TOO_OFTEN_S)

    async def send(self) -> None:
        """What is different, as long as the session lasts."""
        clock = asyncio.get_running_loop().time
        sent_at = clock()
        with contextlib.suppress(WebSocketDisconnect):
            while await self._is_signed_in(clock()):
                changes = await self._changes(clock())
                if changes is not None or clock() >= sent_at + HEARTBEAT_S:
                    await self._put(changes or FleetChanges(at=self._context.wall()))
                    sent_at = clock()
                await self._wait_live(clock() + POLL_S)
            await self._socket.close(SESSION_ENDED, say("api.session_ended"))

    async def look(self) -> None:
        """Live changes of the home that is looked at."""
        while True:
            self._looked.clear()
            looking = asyncio.create_task(self._look_at(self._watch.look), name="changes.home")
            try:
                await self._looked.wait()
            finally:
                looking.cancel()
                (result,) = await asyncio.gather(looking, return_exceptions=True)
                if isinstance(result, Exception):
                    log.error("Live changes of %s ended: %r", self._watch.look, result)

    # --- inside --------------------------------------------------------------------------------

    @property
    def _scope(self) -> Scope:
        return self._session.person.scope

    def _take(self, watch: WatchBody) -> None:
        before, self._watch = self._watch, watch
        kept = set(watch.homes[:MOST_ON_PAGE])
        self._rows = {id: row for id, row in self._rows.items() if id in kept}
        if watch.commands != before.commands:
            self._commands = {}
        if watch.filter != before.filter or self._summary is None:
            self._summary, self._summary_due = None, 0.0
        if watch.look != before.look:
            self._looked.set()
        self._changed.set()

    async def _is_signed_in(self, now: float) -> bool:
        if now >= self._check_due:
            self._check_due = now + CHECK_S
            try:
                found = await self._context.base.people.session(self._session.digest, self._context.wall())
            except BaseError:
                return True
            if found is None:
                return False
            before, self._session = self._session, found
            if found.person.roles != before.person.roles:
                self._looked.set()  # whether the home may still be looked at is decided again
        return True

    async def _changes(self, now: float) -> FleetChanges | None:
        """None: nothing is different. Of what is in a database that is away, the page keeps what it has."""
        rows, gone, commands, sums = list[HomeRowView](), list[str](), list[FleetCommandView](), None
        with contextlib.suppress(BaseError):
            rows, gone = await self._new_rows()
        with contextlib.suppress(BaseError):
            commands = await self._new_commands()
        with contextlib.suppress(BaseError):
            sums = await self._new_summary(now)
        if not rows and not gone and not commands and sums is None:
            return None
        return FleetChanges(at=self._context.wall(), homes=rows, gone=gone, commands=commands, summary=sums)

    async def _new_rows(self) -> tuple[list[HomeRowView], list[str]]:
        ids = [one for one in self._watch.homes[:MOST_ON_PAGE] if HUB_ID.fullmatch(one)]
        if not ids:
            return [], []
        lines, away = await self._context.base.homes.reached_rows(self._scope, ids, self._context.wall())
        found = {line.hub: home_row(line) for line in lines}
        changed = [row for id, row in found.items() if self._rows.get(id) != row]
        if away is not None:
            self._rows |= found
            return changed, []
        gone = [id for id in dict.fromkeys(ids) if id not in found and self._rows.get(id, ...) is not None]
        self._rows = {id: found.get(id) for id in ids}
        return changed, gone

    async def _new_commands(self) -> list[FleetCommandView]:
        if not self._watch.commands:
            return []
        rows = await _batch(self._context, self._scope, self._watch.commands)
        changed = [one for one in map(command_view, rows) if self._commands.get(one.id) != one]
        self._commands |= {one.id: one for one in changed}
        return changed

    async def _new_summary(self, now: float) -> HomesSummary | None:
        if now < self._summary_due:
            return None
        self._summary_due = now + SUMMARY_S
        scope, filter = self._scope, self._watch.filter
        if filter.org is not None:
            if self._session.person.role_in(filter.org) is None:
                return None
            scope = Scope((filter.org,))
        found = summary(await self._context.base.homes.sums(scope, base_filter(filter), self._context.wall()))
        if found == self._summary:
            return None
        self._summary = found
        return found

    async def _wait_live(self, until: float) -> None:
        """Until it is time to look again; what is live is passed on meanwhile."""
        clock = asyncio.get_running_loop().time
        while (left := until - clock()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
            if not self._changed.is_set():
                return
            self._changed.clear()
            if self._live.empty():
                return  # something else is watched
            while not self._live.empty():
                await self._put(self._live.get_nowait())

    async def _put(self, changes: FleetChanges) -> None:
        await self._socket.send_text(msgspec.json.encode(changes).decode())

    async def _look_at(self, hub: str) -> None:
        if not hub:
            return
        problem = await self._why_not(hub)
        if problem:
            self._offer(FleetChanges(at=self._context.wall(), look=hub, look_problem=problem))
            return
        try:
            with self._context.limits.look(self._session.person.number, hub):
                async for live in self._live_changes(hub):
                    live = await asyncio.to_thread(said_live, live) if language() != ENGLISH else live
                    self._offer(FleetChanges(at=self._context.wall(), look=hub, live=live))
        except TooManyQuestions as error:
            problem = say("api.fleet.asked_too_often", seconds=error.wait_s)
            self._offer(FleetChanges(at=self._context.wall(), look=hub, look_problem=problem))

    async def _why_not(self, hub: str) -> str:
        """Why a home cannot be looked at; "" = it can."""
        if self._context.looks is None:
            return say("api.fleet.no_calls")
        try:
            detail = await self._context.base.homes.home(self._scope, hub, self._context.wall())
        except NotInScope:
            return say("api.fleet.no_home", home=hub[:80])
        except BaseError:
            return say("api.fleet.unavailable")
        name = detail.home.name or hub
        return "" if "questions" in detail.let_out else say("api.fleet.no_questions", home=name)

    async def _live_changes(self, hub: str) -> AsyncIterator[msgspec.Raw]:
        """Messages of the home, as JSON."""
        assert self._context.looks is not None
        async with self._context.looks.look(hub) as queue:
            while True:
                yield await queue.get()

    def _offer(self, changes: FleetChanges) -> None:
        if self._live.full():
            self._live.get_nowait()
        self._live.put_nowait(changes)
        self._changed.set()


async def _batch(context: FleetContext, scope: Scope, batch: str) -> Iterable[Any]:
    """All commands of a batch."""
    found, after = await context.base.commands.commands(scope, batch=batch, limit=MOST_ON_PAGE)
    while after:
        page, after = await context.base.commands.commands(scope, batch=batch, after=after, limit=MOST_ON_PAGE)
        found = [*found, *page]
    return found
