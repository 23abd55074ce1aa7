"""One feed that runs: its source, what is known of it around now, and its state for people."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from unclouded.app.broker_topic import BrokerTopic, account_of, read_topic
from unclouded.app.configuration.checks.named_files import secret_of
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.feeds import FeedTable
from unclouded.app.http_get import StatusError, http_get
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.feeds import FeedInterval, FeedValues, gaps, with_newer
from unclouded.core.system.retry_delays import RetryDelays
from unclouded.core.text.printable import printable
from unclouded.core.times import iso
from unclouded.core.views.feeds import FeedState, FeedView
from unclouded.feeds.address import addresses, is_for_any_time
from unclouded.feeds.answer import FeedForm, intervals_of
from unclouded.links.url import redacted

log = logging.getLogger("unclouded.feeds")

LARGEST = 8_000_000  # bytes of an answer
FIRST_DELAY_S = 60.0  # s after a failure; then twice as long each time, up to the feed's interval
KEPT_S = 8 * 86_400  # s before now of which the values are kept in memory
LOOKED_BACK_DAYS = 3  # whose gaps are fetched again
AHEAD_DAYS = 2  # that are fetched: today and tomorrow
NEXT_REQUEST_S = 1.0  # s between two requests for the past
LONGEST_PAST_DAYS = 3 * 366
NOT_FOUND = 404


class FeedContext(msgspec.Struct, frozen=True):
    """What all feeds use. ``store``: takes values for good; ``stored``: reads them; ``wall``: Unix seconds, None = not
    known; ``note``: takes sentences for the events of the hub; ``changed``: is called when what is known has changed.
    """

    store: Callable[[FeedValues], None]
    stored: Callable[[str, int, int], Sequence[FeedInterval]]
    wall: Callable[[], float | None]
    note: Callable[[str], None]
    changed: Callable[[], None]


class RunningFeed:
    """Raises ConfigError where the address of a broker is wrong, or a file cannot be read."""

    def __init__(self, table: FeedTable, config: Config, context: FeedContext) -> None:
        self.table = table
        self.zone = feed_zone(table, config)
        self.form = form_of(table, self.zone)
        self._account = account_of(table.url, config.base, "[[feed]] url") if table.source == "mqtt" else None
        self._headers = headers_of(table, config)
        self._context = context
        self._known: Sequence[FeedInterval] = ()
        self._is_loaded = False
        self._problem = ""
        self._received: float | None = None
        self._past: asyncio.Task[None] | None = None
        self._progress = ""
        self._fetched = ""  # how the last fetch of the past ended
        self._ended: FeedInterval | None = None  # the last value, whose end was noted

    async def run(self) -> None:
        """Keep the values new until cancelled."""
        now = await self._clock()
        stored = await asyncio.to_thread(
            self._context.stored, self.table.name, int(now) - KEPT_S, int(now) + 400 * 86_400
        )
        self._known = with_newer(stored, self._known)  # what was received meanwhile
        self._is_loaded = True
        self._context.changed()
        try:
            if self.table.source == "http":
                await self._fetch_repeatedly()
            elif self._account is not None:
                topic = BrokerTopic(self.table.topic, self._take_message, self._no_connection)
                await read_topic(self._account, topic)
            await asyncio.get_running_loop().create_future()
        finally:
            if self._past is not None:
                self._past.cancel()

    def take(self, intervals: Sequence[FeedInterval]) -> None:
        """Values that were received: they are stored, and count from now on."""
        now = self._context.wall()
        if not intervals or now is None:
            return
        self._received = now
        if self._problem:
            log.info("%s: values are received again.", self.table.name)
            self._problem = ""
        self._context.store(FeedValues(self.table.name, tuple(intervals)))
        recent = [one for one in intervals if one.end > now - KEPT_S]
        kept = [one for one in self._known if one.end > now - KEPT_S]
        self._known = with_newer(kept, recent)
        self._context.changed()

    def fetch(self, start: date, end: date) -> None:
        """Begin to fetch the days of the past from one to another. Raises CommandError where that cannot be done."""
        table = self.table
        if table.source != "http":
            raise CommandError(f"{table.name} gets its values otherwise; only a feed with `source = http` is fetched.")
        if not is_for_any_time(table.url):
            raise CommandError(f"The address of {table.name} has no {{from}} or {{date}}, so it is the present only.")
        days = (end - start).days + 1
        if not 0 < days <= LONGEST_PAST_DAYS:
            raise CommandError(f"Fetch 1 to {LONGEST_PAST_DAYS} days at a time, the first one first.")
        if self._past is not None and not self._past.done():
            raise CommandError(f"{table.name} is being fetched already: {self._progress} requests are done.")
        requests = list(addresses(table.url, start, days, self.zone))
        self._progress = f"0 of {len(requests)}"
        self._past = asyncio.create_task(self._fetch_past(requests), name=f"feed {table.name}")

    @property
    def is_loaded(self) -> bool:
        """Whether what is stored is known."""
        return self._is_loaded

    def present(self, now: float) -> FeedInterval | None:
        """The interval that counts at a time; None where nothing is known of it."""
        return next((one for one in self._known if one.start <= now < one.end), None)

    def next_change(self, now: float) -> float | None:
        """The next time at which another value counts, or none; None where nothing is known from now on."""
        return min((at for one in self._known for at in (one.start, one.end) if at > now), default=None)

    def just_ended(self, now: float) -> FeedInterval | None:
        """The value that counted last, once, where it has ended and nothing follows."""
        if not self._is_loaded or not self._known or self.present(now) is not None:
            return None
        last = max((one for one in self._known if one.end <= now), default=None, key=lambda one: one.end)
        if last is None or last == self._ended:
            return None
        self._ended = last
        return last

    def view(self, now: float, span: tuple[int, int] | None) -> FeedView:
        """``span``: of what is stored."""
        table, present = self.table, self.present(now)
        if self._known:  # what came just now may not be stored yet
            first, newest = min(one.start for one in self._known), max(one.end for one in self._known)
            span = (min(span[0], first), max(span[1], newest)) if span else (first, newest)
        since = max(int(now) - 7 * 86_400, span[0]) if span else int(now)
        missing = sum(end - begin for begin, end in gaps(self._known, since, int(now))) if span else 0
        is_fetching = self._past is not None and not self._past.done()
        return FeedView(
            name=table.name,
            unit=table.unit,
            source=table.source,
            state=self._state(),
            text=self._problem,
            value="" if present is None else f"{present.value:f}",
            until="" if present is None else iso(self._until(present)),
            known_from=iso(span[0]) if span else "",
            known_until=iso(span[1]) if span else "",
            missing_s=missing,
            received="" if self._received is None else iso(self._received),
            fetching=self._progress if is_fetching else "",
            fetched=self._fetched,
        )

    # --- inside --------------------------------------------------------------------------------

    def _state(self) -> FeedState:
        if self._problem:
            return "failed"
        return "waiting" if self._received is None else "running"

    def _until(self, present: FeedInterval) -> int:
        """The end of the value, over intervals that have the same one."""
        end = present.end
        for one in self._known:
            if one.start == end and one.value == present.value:
                end = one.end
        return end

    async def _clock(self) -> float:
        while (now := self._context.wall()) is None:  # noqa: ASYNC110  (nothing says when it is set)
            await asyncio.sleep(1.0)
        return now

    def _report(self, problem: str) -> None:
        """Report a problem once, until it is over."""
        text = printable(problem)
        if text != self._problem:
            self._problem = text
            log.warning("%s: %s", self.table.name, text)
            self._context.note(f"{self.table.name}: {text}")

    def _no_connection(self, reason: str) -> None:
        self._report(f"No connection to its broker: {reason}")

    def _take_message(self, data: bytes) -> None:
        now = self._context.wall()
        if now is None:
            return
        try:
            self.take(intervals_of(data, self.form, now))
        except CommandError as error:
            self._report(f"A message on {self.table.topic} cannot be used: {error}.")

    async def _fetch_repeatedly(self) -> None:
        loop, interval_s = asyncio.get_running_loop(), self.table.interval_s
        delays = RetryDelays(FIRST_DELAY_S, interval_s, stable_after_s=0.0)
        while True:
            now = await self._clock()
            try:
                count = await self._fetch_present(now)
            except LinkError as error:
                self._report(str(error))
                await asyncio.sleep(delays.next(loop.time()))
                continue
            delays.started(loop.time())
            if not count:
                self._report(f"{_server(self.table.url)} has no values yet.")
            await asyncio.sleep(interval_s)

    async def _fetch_present(self, now: float) -> int:
        """Today and tomorrow, then what is missing of the last days; how many intervals came. Raises LinkError.

        What is missing may be missing at the server too: that is no reason to be without today's values.
        """
        today = datetime.fromtimestamp(now, self.zone).date()
        count = 0
        for address, day in addresses(self.table.url, today, AHEAD_DAYS, self.zone):
            try:
                found = await fetched(self.table, address, self.form, self._headers, now)
            except StatusError as error:
                if error.status == NOT_FOUND and day > today:
                    continue  # tomorrow is not published yet
                raise LinkError(f"{_server(address)} {error}.") from None
            self.take(found)
            count += len(found)
        await self._fetch_missing(today, now)
        return count

    async def _fetch_missing(self, today: date, now: float) -> None:
        start = self._first_missing(today)
        if start == today or not is_for_any_time(self.table.url):
            return
        for address, day in addresses(self.table.url, start, (today - start).days, self.zone):
            try:
                self.take(await fetched(self.table, address, self.form, self._headers, now))
            except LinkError as error:
                log.info("%s: what is missing of %s was not received: %s", self.table.name, day, error)

    def _first_missing(self, today: date) -> date:
        """The first of the last days of which something is missing, else today. A new feed begins today."""
        if not self._known:
            return today
        first = today - timedelta(days=LOOKED_BACK_DAYS)
        begin = int(datetime(first.year, first.month, first.day, tzinfo=self.zone).timestamp())
        begin = max(begin, min(one.start for one in self._known))
        end = int(datetime(today.year, today.month, today.day, tzinfo=self.zone).timestamp())
        missing = next(gaps(self._known, begin, end), None) if begin < end else None
        return today if missing is None else datetime.fromtimestamp(missing[0], self.zone).date()

    async def _fetch_past(self, requests: Sequence[tuple[str, date]]) -> None:
        """Fetch one address after the other; what fails is left out and named."""
        failed = list[str]()
        for done, (address, day) in enumerate(requests, 1):
            now = await self._clock()
            try:
                self.take(await fetched(self.table, address, self.form, self._headers, now))
            except LinkError as error:
                failed.append(f"{day}: {error}")
            self._progress = f"{done} of {len(requests)}"
            await asyncio.sleep(NEXT_REQUEST_S)
        text = f"{self.table.name}: {len(requests) - len(failed)} of {len(requests)} requests for the past succeeded."
        self._fetched = f"{text} The first that failed: {printable(failed[0])}" if failed else text
        self._context.note(self._fetched)


async def fetched(
    table: FeedTable, address: str, form: FeedForm, headers: Mapping[str, str], now: float
) -> tuple[FeedInterval, ...]:
    """The intervals in the answer at an address. Raises LinkError, as a sentence, and StatusError."""
    server = _server(address)
    try:
        data = await http_get(address, LARGEST, headers=headers)
    except StatusError:
        raise
    except LinkError as error:
        raise LinkError(f"{server} {error}.") from None
    if len(data) >= LARGEST:
        raise LinkError(f"The answer of {server} is longer than {LARGEST // 1_000_000} MB.")
    try:
        return await asyncio.to_thread(intervals_of, data, form, now)
    except CommandError as error:
        raise LinkError(f"The answer of {server} cannot be used: {error}.") from None


def form_of(table: FeedTable, zone: ZoneInfo) -> FeedForm:
    """Where the values are in what is received."""
    return FeedForm(
        zone=zone,
        values=table.values,
        times=table.times,
        ends=table.ends,
        factor=Decimal(table.factor),
        length_s=table.length_s,
        valid_s=table.valid_s,
    )


def feed_zone(table: FeedTable, config: Config) -> ZoneInfo:
    """The zone of times without an offset, and of the days that are fetched."""
    return ZoneInfo(table.timezone) if table.timezone else config.zone


def headers_of(table: FeedTable, config: Config) -> Mapping[str, str]:
    """Raises ConfigError where the file of the token cannot be read."""
    token = secret_of(config, "feed", "token_file", table.token_file)
    return {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}


def _server(address: str) -> str:
    """The host, without what else an address holds: that may be a secret."""
    return redacted(address).partition("?")[0].split("/")[2]
