"""Feeds for the command line: of the hub that runs, else as the configuration and the store have them."""

import asyncio
import csv
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.broker_topic import BrokerTopic, account_of, read_topic
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.feeds import FeedTable
from unclouded.app.feeds.running_feed import AHEAD_DAYS, feed_zone, fetched, form_of, headers_of
from unclouded.app.feeds.service import feed_table, values_view
from unclouded.core.errors import CommandError, LinkError, StoreError
from unclouded.core.feeds import FeedInterval, gaps
from unclouded.core.times import iso, parse_time
from unclouded.core.views.feeds import FeedsView, FeedValuesView, FeedView
from unclouded.feeds.address import addresses
from unclouded.feeds.answer import given_intervals, intervals_of
from unclouded.store.reading.reader import StoreReader

PATH = "/api/feeds"
ROWS_AT_ONCE = 5_000  # that are handed to the hub in one request
LARGEST_FILE = 100_000_000  # bytes
MESSAGE_S = 30.0  # s to wait for a message of a broker
WEEK_S = 7 * 86_400


def all_feeds(config: Config) -> tuple[FeedsView, bool]:
    """All feeds, and whether they are those of a running hub; else their states are not known."""
    if is_running(config):
        return msgspec.convert(HubClient(config.control).get(PATH), FeedsView), True
    now = int(time.time())
    try:
        with StoreReader(config.store) as reader:
            feeds = reader.feeds()
            spans = {one.name: feeds.span(one.name) for one in config.tables.feed}
            known = {one.name: feeds.intervals(one.name, now - WEEK_S, now + 1) for one in config.tables.feed}
    except StoreError:  # no hub has run yet
        spans, known = {}, {}
    views = (_stored_view(one, spans.get(one.name), known.get(one.name, ()), now) for one in config.tables.feed)
    return FeedsView(feeds=tuple(views)), False


def values_of(config: Config, name: str, start: str, end: str) -> FeedValuesView:
    """What is known of a feed from ``start`` to ``end``; as texts, "" = today and tomorrow."""
    if is_running(config):
        query = {key: text for key, text in (("start", start), ("end", end)) if text}
        found = HubClient(config.control).get(f"{PATH}/{feed_table(config, name).name}", **query)
        return msgspec.convert(found, FeedValuesView)
    table = feed_table(config, name)
    midnight = datetime.fromtimestamp(time.time(), config.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = int(_time(start, config) if start else midnight.timestamp())
    until = int(_time(end, config) if end else begin + 2 * 86_400)
    if until <= begin:
        raise CommandError("The end is not after the start.")
    with StoreReader(config.store) as reader:
        known = reader.feeds().intervals(name, begin, until)
    return values_view(name, table.unit, known, begin, until)


def hub_of_feeds(config: Config, name: str) -> tuple[HubClient, str]:
    """The hub that runs, and the path of the feed there. Raises LinkError where none does."""
    path = f"{PATH}/{feed_table(config, name).name}"
    if not is_running(config):
        raise LinkError("Values are taken by a running hub. Start it first: unclouded run.")
    return HubClient(config.control), path


def load(config: Config, name: str, file: Path) -> int:
    """Hand the values of a file to the hub, and say how many they were.

    CSV with the columns start, value and, if wanted, end; or JSON as the feed receives it. Raises CommandError.
    """
    found = file_intervals(config, name, file)
    hub, path = hub_of_feeds(config, name)
    for place in range(0, len(found), ROWS_AT_ONCE):
        piece = found[place : place + ROWS_AT_ONCE]
        rows = [{"start": one.start, "end": one.end, "value": f"{one.value:f}"} for one in piece]
        hub.put(path, msgspec.json.encode({"intervals": rows}))
    return len(found)


def file_intervals(config: Config, name: str, file: Path) -> Sequence[FeedInterval]:
    """The values in a file. Raises CommandError."""
    table = feed_table(config, name)
    form = form_of(table, feed_zone(table, config))
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise CommandError(f"{file} is longer than {LARGEST_FILE // 1_000_000} MB.")
        data = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    try:
        if data.lstrip()[:1] in (b"{", b"["):
            return intervals_of(data, form, time.time())
        columns = _columns(data)
        return given_intervals(*columns, form, time.time())
    except CommandError as error:
        raise CommandError(f"{file} cannot be used: {error}.") from None


def tried(config: Config, name: str) -> Sequence[FeedInterval]:
    """What the feed would get now; nothing is stored. Raises CommandError, LinkError."""
    table = feed_table(config, name)
    if table.source == "push":
        raise CommandError(f"{name} gets its values from others: unclouded feeds set {name} VALUE.")
    return asyncio.run(_fetched_now(table, config) if table.source == "http" else _one_message(table, config))


# --- inside -------------------------------------------------------------------------------------------


async def _fetched_now(table: FeedTable, config: Config) -> Sequence[FeedInterval]:
    now, zone = time.time(), feed_zone(table, config)
    today = datetime.fromtimestamp(now, zone).date()
    address, _ = next(addresses(table.url, today, AHEAD_DAYS, zone))
    return await fetched(table, address, form_of(table, zone), headers_of(table, config), now)


async def _one_message(table: FeedTable, config: Config) -> Sequence[FeedInterval]:
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    reasons = list[str]()

    def take(data: bytes) -> None:
        if not received.done():
            received.set_result(data)

    account = account_of(table.url, config.base, "[[feed]] url")
    task = asyncio.create_task(
        read_topic(account, BrokerTopic(table.topic, take, reasons.append)), name=f"feed {table.name}"
    )
    try:
        async with asyncio.timeout(MESSAGE_S):
            data = await received
    except TimeoutError:
        why = reasons[-1] if reasons else f"no message came on {table.topic}"
        raise LinkError(f"Within {MESSAGE_S:g} s {why.rstrip('.')}.") from None
    finally:
        task.cancel()
        await asyncio.wait({task})
    try:
        return intervals_of(data, form_of(table, feed_zone(table, config)), time.time())
    except CommandError as error:
        raise CommandError(f"The message on {table.topic} cannot be used: {error}.") from None


def _columns(data: bytes) -> tuple[list[Any], list[Any], list[Any]]:  # Any: texts and None
    """Starts, ends and values of a CSV file. Raises CommandError."""
    try:
        text = data.decode("utf-8-sig")
        rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ",")
        names = [str(one).strip().lower() for one in rows.fieldnames or ()]
        rows.fieldnames = names
        if "start" not in names or "value" not in names:
            raise CommandError("its first line must name the columns start and value, and may name end")
        starts, ends, values = list[Any](), list[Any](), list[Any]()
        for row in rows:
            starts.append(row["start"] or None)
            ends.append(row.get("end") or None)
            values.append(row["value"] or None)
    except UnicodeDecodeError:
        raise CommandError("it is not UTF-8 text") from None
    except csv.Error as error:
        raise CommandError(f"it is not CSV: {error}") from None
    return starts, ends, values


def _stored_view(table: FeedTable, span: tuple[int, int] | None, known: Sequence[FeedInterval], now: int) -> FeedView:
    present = next((one for one in known if one.start <= now < one.end), None)
    since = max(now - WEEK_S, span[0]) if span else now
    return FeedView(
        name=table.name,
        unit=table.unit,
        source=table.source,
        state="waiting",
        value="" if present is None else f"{present.value:f}",
        until="" if present is None else iso(present.end),
        known_from=iso(span[0]) if span else "",
        known_until=iso(span[1]) if span else "",
        missing_s=sum(end - begin for begin, end in gaps(known, since, now)),
    )


def _time(text: str, config: Config) -> float:
    try:
        return parse_time(text, config.zone)
    except (ValueError, OverflowError):
        raise CommandError(f"{text[:40]!r} is not a time; write 2026-11-20 or 2026-11-20T08:00.") from None
