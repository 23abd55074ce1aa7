"""Feeds of a hub: over real HTTP and a real broker, handed over, stored, compared by rules."""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import aiomqtt
import pytest
from aiohttp import web

from app.http_provider import provider
from links.mqtt.mosquitto import PASSWORDS, Mosquitto, needs_mosquitto
from unclouded.app.configuration.config import Config, parse_config
from unclouded.app.feeds import running_feed
from unclouded.app.feeds.service import FeedsService
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.feeds import FeedInterval
from unclouded.core.model import Fact
from unclouded.core.views.feeds import FeedView
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter

NOON = int(datetime(2026, 11, 30, 12, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())
PUSH = '[[feed]]\nname = "spot"\nunit = "EUR/kWh"\n'
TOKEN = "open-sesame-4711"


class FeedStory:
    """A service with a store, a clock that is set by hand, and what rules and people get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now: float | None = float(NOON)
        self.notes = list[str]()
        self.handed = list[tuple[str, float, float]]()
        self.db = open_to_write(folder / "store.sqlite")
        self.writer = StoreWriter(self.db, lambda: float(NOON), lambda: 0.0)
        self.service: FeedsService

    def config(self, text: str) -> Config:
        hub = f'[hub]\ndata = "{self.folder}"\ntimezone = "Europe/Berlin"\n'
        return parse_config(hub + text, f"{self.folder}/unclouded.toml")

    def deliver(self, facts: Sequence[Fact]) -> None:
        self.writer.write(facts)

    def hand(self, name: str, value: float, seconds: float) -> None:
        self.handed.append((name, value, seconds))

    async def view(self) -> FeedView:
        (found,) = (await self.service.view()).feeds
        return found

    async def values(self, hours: int = 48) -> list[tuple[int, int, str]]:
        """Begin and end in hours after noon, and the value."""
        found = await self.service.values("spot", NOON, NOON + hours * 3600)
        columns = zip(found.start, found.end, found.value, strict=True)
        return [((start - NOON) // 3600, (end - NOON) // 3600, value) for start, end, value in columns]

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not true():
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def feeds(folder: Path, text: str) -> AsyncIterator[FeedStory]:
    one = FeedStory(folder)
    note = one.notes.append
    one.service = FeedsService(one.config(text), one.deliver, one.hand, lambda: one.now, note)
    task = asyncio.create_task(one.service.run())
    await asyncio.sleep(0)
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.wait({task})
        one.db.close()


def rows(first: int, count: int, value: str = "0.1") -> list[tuple[object, object, object]]:
    """Hours after noon."""
    return [(NOON + 3600 * one, None, value) for one in range(first, first + count)]


def http(url: str, more: str = "") -> str:
    paths = 'values = "[].price"\ntimes = "[].from"\n'
    return f'[[feed]]\nname = "spot"\nunit = "EUR/kWh"\nsource = "http"\nurl = "{url}"\n{paths}{more}'


# --- handed over ---------------------------------------------------------------------------------------


async def test_prices_that_are_handed_over_count_hour_by_hour_and_rules_get_each_of_them(tmp_path: Path) -> None:
    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.service._running)
        await one.service.put("spot", [(NOON + 3600 * hour, None, f"0.{hour + 1}") for hour in range(3)])
        await one.until(lambda: one.handed)
        one.now = NOON + 3700.0
        one.service.use(one.config(PUSH))
        await one.until(lambda: len(one.handed) == 2)
        assert one.handed == [("spot", 0.1, 3600.0), ("spot", 0.2, 3500.0)]
        assert await one.values() == [(0, 1, "0.1"), (1, 2, "0.2"), (2, 3, "0.3")]
        view = await one.view()
        assert (view.value, view.until, view.state) == ("0.2", "2026-11-30T13:00:00.000Z", "running")


async def test_a_feed_that_ends_is_noted_once_with_the_local_time(tmp_path: Path) -> None:
    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.service._running)
        await one.service.put("spot", rows(0, 2))
        one.now = NOON + 7300.0
        for _ in range(3):
            one.service.use(one.config(PUSH))
            await asyncio.sleep(0.02)
        assert one.notes == ["spot: nothing is known from 2026-11-30 14:00 on."]
        view = await one.view()
        assert (view.value, view.missing_s) == ("", 100)


async def test_a_restart_goes_on_with_what_is_stored(tmp_path: Path) -> None:
    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.service._running)
        await one.service.put("spot", rows(0, 3))
    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.handed)
        assert one.handed == [("spot", 0.1, 3600.0)]
        assert (await one.view()).state == "waiting"


async def test_what_comes_while_the_stored_values_are_read_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, may_go_on = FeedsService._stored, threading.Event()

    def slowly(self: FeedsService, feed: str, begin: int, end: int) -> Sequence[FeedInterval]:
        found = stored(self, feed, begin, end)
        may_go_on.wait(20)
        return found

    monkeypatch.setattr(FeedsService, "_stored", slowly)
    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.service._running)
        running = one.service._running["spot"]
        running.take([FeedInterval(NOON, NOON + 3600, Decimal("0.1"))])
        may_go_on.set()
        await one.until(lambda: running.is_loaded)
        assert running.present(NOON) is not None


async def test_rules_have_a_value_exactly_as_long_as_it_counts_whatever_is_done_to_the_clock(tmp_path: Path) -> None:
    async with feeds(tmp_path, PUSH) as one:

        async def at(seconds: int, config: str = PUSH) -> list[tuple[float, int]]:
            """What rules get after the clock was set: values, and for how many seconds."""
            one.handed.clear()
            one.now = float(NOON + seconds)
            one.service.use(one.config(config))
            for _ in range(3):
                await asyncio.sleep(0.001)
            return [(value, round(valid)) for _, value, valid in one.handed]

        await one.until(lambda: one.service._running)
        await one.service.put("spot", rows(0, 1))
        await one.until(lambda: one.handed)
        assert await at(0) == []
        assert await at(1800) == [(0.1, 1800)]  # set forward
        assert await at(600) == [(0.1, 3000)]  # set back
        assert await at(90_000) == [(0.1, 0)]  # it has ended at once
        assert await at(90_001) == []
        assert await at(700) == [(0.1, 2900)]
        assert await at(700, "") == [(0.1, 0)]  # the feed is removed
        assert await at(701, PUSH.replace("spot", "price")) == []


async def test_nothing_is_taken_before_the_time_is_known(tmp_path: Path) -> None:
    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.service._running)
        one.now = None
        with pytest.raises(CommandError, match="does not know the time"):
            await one.service.put("spot", rows(0, 1))
        with pytest.raises(CommandError, match=r"There is no feed 'spit' in the configuration\. There are: spot\."):
            await one.service.put("spit", rows(0, 1))


async def test_values_that_cannot_be_are_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.service._running)
        await one.service.put("spot", rows(0, 1))
        for bad in ([(NOON, None, "much")], [("soon", None, 1)], [(NOON, NOON - 1, 1)], [(NOON, None, float("nan"))]):
            with pytest.raises(CommandError, match="These values of spot cannot be taken"):
                await one.service.put("spot", bad)
        assert await one.values() == [(0, 1, "0.1")]


# --- fetched -------------------------------------------------------------------------------------------


async def test_today_is_fetched_and_tomorrow_where_it_is_published(tmp_path: Path) -> None:
    asked = list[str]()

    def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path.endswith("12-01.json"):
            return web.Response(status=404)
        return web.json_response([{"from": f"2026-11-30T{hour:02}:00", "price": hour / 100} for hour in range(24)])

    async with provider(answer) as url, feeds(tmp_path, http(url + "/{year}/{month}-{day}.json")) as one:
        await one.until(lambda: len(asked) == 2)
        await one.until(lambda: one.handed)
        assert asked == ["/2026/11-30.json", "/2026/12-01.json"]
        assert one.handed == [("spot", 0.12, 3600.0)]
        assert len(await one.values()) == 12 and not one.notes
        assert (await one.view()).state == "running"


async def test_a_day_that_a_provider_no_longer_has_does_not_keep_today_away(tmp_path: Path) -> None:
    """Two days ago is missing, and stays so; today comes all the same, and no failure is reported."""
    asked = list[str]()

    def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        day = request.path.strip("/")
        if day < "2026-11-29":
            return web.Response(status=410)
        return web.json_response([{"from": f"{day}T{hour:02}:00", "price": 0.2} for hour in range(24)])

    async with feeds(tmp_path, PUSH) as one:
        await one.until(lambda: one.service._running)
        await one.service.put("spot", rows(-72, 1))
    async with provider(answer) as url, feeds(tmp_path, http(url + "/{date}")) as one:
        await one.until(lambda: len(asked) == 5)
        await one.until(lambda: one.handed)
        assert asked == [f"/2026-{day}" for day in ("11-30", "12-01", "11-27", "11-28", "11-29")]
        assert not any("answered" in note for note in one.notes)
        view = await one.view()
        assert (view.state, view.value) == ("running", "0.2")
        assert view.missing_s > 0


async def test_a_provider_that_fails_is_named_without_its_address(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    seen = list[str]()

    def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(status=401)

    text = "?key=4711-secret&from={from}"
    async with provider(answer) as url, feeds(tmp_path, http(url + text, 'token_file = "token"\n')) as one:
        await one.until(lambda: one.notes)
        assert seen == [f"Bearer {TOKEN}"]
        port = url.rpartition(":")[2]
        assert one.notes == [f"spot: 127.0.0.1:{port} answered 401."]
        view = await one.view()
        assert (view.state, view.text) == ("failed", f"127.0.0.1:{port} answered 401.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: web.Response(text="<html>"), "cannot be used: it is not JSON."),
        (lambda: web.json_response({"error": "soon"}), "cannot be used: there is no list at []."),
        (lambda: web.json_response([]), "has no values yet."),
    ],
)
async def test_an_answer_that_cannot_be_used_is_noted(
    tmp_path: Path, answer: Callable[[], web.Response], words: str
) -> None:
    async with provider(lambda request: answer()) as url, feeds(tmp_path, http(url)) as one:
        await one.until(lambda: one.notes)
        assert words in one.notes[0]


async def test_an_answer_that_is_too_long_is_named_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_feed, "LARGEST", 2_000_000)
    async with provider(lambda request: web.Response(text=" " * 2_000_001)) as url, feeds(tmp_path, http(url)) as one:
        await one.until(lambda: one.notes)
        assert "is longer than 2 MB." in one.notes[0]


async def test_days_of_the_past_are_fetched_and_what_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_feed, "NEXT_REQUEST_S", 0.0)

    def answer(request: web.Request) -> web.Response:
        day = request.path.strip("/")
        if day == "2026-11-02":
            return web.Response(status=500)
        return web.json_response([{"from": f"{day}T{hour:02}:00", "price": 0.2} for hour in range(24)])

    async with provider(answer) as url, feeds(tmp_path, http(url + "/{date}")) as one:
        await one.until(lambda: one.handed)
        await one.service.fetch("spot", date(2026, 11, 1), date(2026, 11, 3))
        await one.until(lambda: one.notes)
        expected = "spot: 2 of 3 requests for the past succeeded. The first that failed: 2026-11-02: answered 500"
        assert one.notes == [expected]
        begin = datetime(2026, 11, 1, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
        found = await one.service.values("spot", begin, begin + 3 * 86_400)
        assert len(found.value) == 48 and found.gaps == ([int(begin) + 86_400, int(begin) + 2 * 86_400],)
        with pytest.raises(CommandError, match="1 to 1098 days at a time"):
            await one.service.fetch("spot", date(2026, 11, 3), date(2026, 11, 1))


async def test_a_changed_feed_is_fetched_anew_and_another_goes_on(tmp_path: Path) -> None:
    count = 0

    def answer(request: web.Request) -> web.Response:
        nonlocal count
        count += 1
        return web.json_response([{"from": NOON, "price": count}])

    async with provider(answer) as url, feeds(tmp_path, http(url)) as one:
        await one.until(lambda: one.handed)
        one.service.use(one.config(http(url) + '[[feed]]\nname = "carbon"\n'))
        await one.until(lambda: len(one.service._running) == 2)
        assert count == 1
        one.service.use(one.config(http(url, "factor = 2\n")))
        await one.until(lambda: len(one.handed) == 2)
        assert count == 2 and one.handed[1][:2] == ("spot", 4.0)
        one.service.use(one.config(""))
        await one.until(lambda: not one.service._running)
        assert (await one.service.view()).feeds == ()


# --- a broker ------------------------------------------------------------------------------------------


@needs_mosquitto
async def test_a_retained_price_list_on_a_broker_is_read(tmp_path: Path) -> None:
    message = json.dumps({"list": [{"from": NOON + 3600 * hour, "price": 0.2} for hour in range(2)]})
    async with Mosquitto(tmp_path) as broker:
        text = f"""[[feed]]
name = "spot"
source = "mqtt"
url = "mqtts://127.0.0.1:{broker.port}?user=hub&password_file=hub.password&cafile=cert.pem"
topic = "/appliance/prices"
values = "list[].price"
times = "list[].from"
"""
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        publisher = aiomqtt.Client(
            "127.0.0.1", broker.port, username="hub", password=PASSWORDS["hub"], tls_context=context
        )
        async with publisher:
            await publisher.publish("/appliance/prices", message, retain=True)
            async with feeds(tmp_path, text) as one:
                await one.until(lambda: one.handed)
                assert await one.values() == [(0, 1, "0.2"), (1, 2, "0.2")]
                assert (await one.view()).until == "2026-11-30T13:00:00.000Z"
                await publisher.publish("/appliance/prices", "no price")
                await one.until(lambda: one.notes)
                expected = "spot: A message on /appliance/prices cannot be used: it is not JSON."
                assert one.notes == [expected]


# --- the configuration ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[feed]]\nname = "Spot price"\n', "may have only a to z"),
        (PUSH + PUSH, "there is another feed spot"),
        ('[[feed]]\nname = "a"\nsource = "http"\n', "it is missing; http needs it"),
        ('[[feed]]\nname = "a"\nurl = "http://h/"\n', "write http or mqtt"),
        ('[[feed]]\nname = "a"\nsource = "http"\nurl = "ftp://h/"\n', "write the whole address"),
        ('[[feed]]\nname = "a"\nsource = "http"\nurl = "http://me:pw@h/"\n', "token_file"),
        ('[[feed]]\nname = "a"\nsource = "http"\nurl = "http://h/{when}"\n', "there is no {when}"),
        ('[[feed]]\nname = "a"\nvalues = "a..b"\n', "is not a path"),
        ('[[feed]]\nname = "a"\nends = "b[]"\n', "`ends` needs it"),
        ('[[feed]]\nname = "a"\nfactor = 0\n', "other than 0"),
        ('[[feed]]\nname = "a"\ntimezone = "Europe/Nowhere"\n', "no time zone"),
        ('[[feed]]\nname = "a"\nurll = "x"\n', "urll"),
    ],
)
def test_a_feed_that_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, f"{tmp_path}/unclouded.toml")
    assert words in str(caught.value) and "line" in str(caught.value)
