"""The feeds of a running hub (web's FeedsSource).

servers, brokers, the API ──► RunningFeed ──► store            for ever
                                   │ at each change of value
                                   └─► rules: ``price < 0.10``, costs read the store
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.feeds import FeedTable
from unclouded.app.feeds.running_feed import FeedContext, RunningFeed, feed_zone, form_of
from unclouded.core.errors import CommandError, UncloudedError
from unclouded.core.feeds import FeedInterval, gaps
from unclouded.core.model import Fact
from unclouded.core.system.supervise import supervise
from unclouded.core.views.feeds import FeedsView, FeedValuesView, FeedView
from unclouded.feeds.answer import given_intervals, present_value
from unclouded.store.reading.reader import StoreReader

log = logging.getLogger("unclouded.feeds")

CLOCK_SET_S = 2.0  # s by which the end of a value moves when the clock was set
LOOK_S = 30.0  # s between two looks at the clock, which may have been set
LONGEST_RANGE_S = 800 * 86_400
Hand = Callable[[str, float, float], None]


class _Handed(NamedTuple):
    """What rules have of a feed: a value, and until when (seconds of the loop's clock)."""

    interval: FeedInterval
    until: float


class FeedsService:
    """``deliver``: the store; ``hand``: takes the name of a feed, its value and for how many seconds it counts.

    ``wall``: Unix seconds, None while the clock cannot be trusted. ``note``: takes sentences for the hub's events.
    """

    def __init__(
        self,
        config: Config,
        deliver: Callable[[Sequence[Fact]], None],
        hand: Hand,
        wall: Callable[[], float | None],
        note: Callable[[str], None],
    ) -> None:
        self._config = config
        self._hand = hand
        self._wall = wall
        self._note = note
        self._context = FeedContext(lambda values: deliver([values]), self._stored, wall, note, self._wake)
        self._running: dict[str, RunningFeed] = {}
        self._problems: dict[str, str] = {}  # of feeds that could not be made
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()  # the configuration, or what is known
        self._handed: dict[str, _Handed] = {}

    def use(self, config: Config) -> None:
        """Another configuration; feeds that it does not change go on."""
        self._config = config
        self._changed.set()

    async def run(self) -> None:
        """Run the feeds until cancelled."""
        async with asyncio.TaskGroup() as group:
            try:
                while True:
                    self._changed.clear()
                    await self._settle(group)
                    await self._wait(self._hand_all())
            finally:
                self._running.clear()
                self._tasks.clear()

    # --- FeedsSource ---------------------------------------------------------------------------

    async def view(self) -> FeedsView:
        """All feeds. Raises StoreError."""
        names = [one.name for one in self._config.tables.feed]
        spans = await asyncio.to_thread(self._spans, names)
        return FeedsView(feeds=tuple(self._view(name, spans.get(name)) for name in names))

    async def values(self, feed: str, start: float, end: float) -> FeedValuesView:
        """What is known of a feed within a range. Raises CommandError, StoreError."""
        table = self._table(feed)
        if not 0 < end - start <= LONGEST_RANGE_S:
            raise CommandError(f"The range must be longer than 0 s and at most {LONGEST_RANGE_S // 86_400} days.")
        known = await asyncio.to_thread(self._stored, feed, int(start), int(end))
        return values_view(table.name, table.unit, known, int(start), int(end))

    async def put(self, feed: str, rows: Sequence[tuple[object, object, object]]) -> FeedView:
        """Take rows of start, end (None = with the next one) and value. Raises CommandError."""
        running, now = self._one(feed), self._now()
        form = form_of(running.table, feed_zone(running.table, self._config))
        starts, ends, values = zip(*rows, strict=True) if rows else ((), (), ())
        try:
            running.take(await asyncio.to_thread(given_intervals, starts, ends, values, form, now))
        except CommandError as error:
            raise CommandError(f"These values of {feed} cannot be taken: {error}.") from None
        return await self._only(feed)

    async def put_present(self, feed: str, value: object, valid_s: int) -> FeedView:
        """Take a value that counts from now on; 0 s = as long as the feed says. Raises CommandError."""
        running, now = self._one(feed), self._now()
        form = form_of(running.table, running.zone)
        try:
            found = present_value(value, form, now)
        except CommandError as error:
            raise CommandError(f"This value of {feed} cannot be taken: {error}.") from None
        end = int(now) + valid_s if valid_s else found.end
        running.take([FeedInterval(found.start, end, found.value)])
        return await self._only(feed)

    async def fetch(self, feed: str, start: date, end: date) -> FeedView:
        """Begin to fetch days of the past. Raises CommandError."""
        self._one(feed).fetch(start, end)
        return await self._only(feed)

    # --- inside --------------------------------------------------------------------------------

    async def _settle(self, group: asyncio.TaskGroup) -> None:
        """Stop and start what the configuration changed."""
        wanted = {one.name: one for one in self._config.tables.feed}
        for name, running in list(self._running.items()):
            table = wanted.get(name)
            if table != running.table or running.zone != feed_zone(running.table, self._config):
                await self._stop(name)
        for name in wanted:
            if name not in self._running:
                self._start(group, name)
        self._problems = {name: text for name, text in self._problems.items() if name in wanted}

    def _start(self, group: asyncio.TaskGroup, name: str) -> None:
        table = self._table(name)
        try:
            running = RunningFeed(table, self._config, self._context)
        except UncloudedError as error:
            if self._problems.get(name) != str(error):
                self._problems[name] = str(error)
                log.error("%s gets no values: %s", name, error)
            return
        self._problems.pop(name, None)
        self._running[name] = running
        self._tasks[name] = group.create_task(supervise(f"feed {name}", running.run), name=f"feed {name}")

    async def _stop(self, name: str) -> None:
        del self._running[name]
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.wait({task})

    def _hand_all(self) -> float:
        """Hand the present values over where they have changed; seconds until the next change."""
        now = self._wall()
        if now is None:
            return 1.0
        pause = LOOK_S
        for name, running in self._running.items():
            self._hand_present(name, running, now)
            if (ended := running.just_ended(now)) is not None:
                self._note(f"{name}: nothing is known from {_local(ended.end, self._config)} on.")
            following = running.next_change(now)
            pause = pause if following is None else min(pause, following - now)
        for name in self._handed.keys() - {one.name for one in self._config.tables.feed}:
            self._end(name)
        return max(pause, 0.0)

    def _hand_present(self, name: str, running: RunningFeed, now: float) -> None:
        """Hand the present value over where it is another one, or ends at another time since a clock was set."""
        present, handed = running.present(now), self._handed.get(name)
        if present is None:
            if running.is_loaded:
                self._end(name)
            return
        until = asyncio.get_running_loop().time() + present.end - now
        if handed is not None and handed.interval == present and abs(handed.until - until) < CLOCK_SET_S:
            return
        if self._handed_over(name, float(present.value), present.end - now):
            self._handed[name] = _Handed(present, until)

    def _end(self, name: str) -> None:
        """Nothing is known any more of a feed whose last value would count on."""
        handed = self._handed.get(name)
        if handed is None:
            return
        is_over = asyncio.get_running_loop().time() >= handed.until
        if is_over or self._handed_over(name, float(handed.interval.value), 0.0):
            del self._handed[name]

    def _handed_over(self, name: str, value: float, seconds: float) -> bool:
        try:
            self._hand(name, value, max(seconds, 0.001))
        except CommandError:  # the rules have not begun
            return False
        return True

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _wake(self) -> None:
        self._changed.set()

    def _view(self, name: str, span: tuple[int, int] | None) -> FeedView:
        running, table = self._running.get(name), self._table(name)
        if running is None:
            text = self._problems.get(name, "")
            return FeedView(
                name=name, unit=table.unit, source=table.source, state="failed" if text else "waiting", text=text
            )
        return running.view(self._wall() or 0.0, span)

    async def _only(self, name: str) -> FeedView:
        spans = await asyncio.to_thread(self._spans, [name])
        return self._view(name, spans.get(name))

    def _table(self, name: str) -> FeedTable:
        return feed_table(self._config, name)

    def _one(self, name: str) -> RunningFeed:
        self._table(name)
        if name not in self._running:
            raise CommandError(f"{name} gets no values: {self._problems.get(name) or 'it is being started.'}")
        return self._running[name]

    def _now(self) -> float:
        now = self._wall()
        if now is None:
            raise CommandError("This computer does not know the time yet, so nothing can be taken.")
        return now

    def _stored(self, feed: str, begin: int, end: int) -> Sequence[FeedInterval]:
        with StoreReader(self._config.store) as reader:
            return reader.feeds().intervals(feed, begin, end)

    def _spans(self, names: Sequence[str]) -> dict[str, tuple[int, int]]:
        with StoreReader(self._config.store) as reader:
            feeds = reader.feeds()
            return {name: span for name in names if (span := feeds.span(name)) is not None}


def feed_table(config: Config, name: str) -> FeedTable:
    """The table of a feed. Raises CommandError where there is none of that name."""
    for one in config.tables.feed:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in config.tables.feed)
    raise CommandError(f"There is no feed {name[:80]!r} in the configuration. There are: {known or 'none'}.")


def values_view(feed: str, unit: str, known: Sequence[FeedInterval], start: int, end: int) -> FeedValuesView:
    """``known``: what is stored of the range, by time."""
    return FeedValuesView(
        feed=feed,
        unit=unit,
        start=tuple(one.start for one in known),
        end=tuple(one.end for one in known),
        value=tuple(f"{one.value:f}" for one in known),
        gaps=tuple([*one] for one in gaps(known, start, end)),
    )


def _local(at: int, config: Config) -> str:
    return f"{datetime.fromtimestamp(at, config.zone):%Y-%m-%d %H:%M}"
