"""What the tables of feeds must be beyond their types: names, addresses, paths."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from unclouded.app.configuration.tables.feeds import FeedTable
from unclouded.core.errors import ConfigError
from unclouded.core.text.printable import printable
from unclouded.feeds.address import unknown_placeholder
from unclouded.feeds.json_path import is_path

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_UNIT = 20  # characters
MOST_FEEDS = 50
HTTP, MQTT = ("http", "https"), ("mqtt", "mqtts")
KEYS_OF = {"push": (), "http": ("url",), "mqtt": ("url", "topic")}


def check_feeds(feeds: Sequence[FeedTable], where: str) -> None:
    """Raises ConfigError."""
    for number, one in enumerate(feeds):
        for key, error in _errors(one, [other.name for other in feeds[:number]]):
            raise ConfigError(f"{where}: `$.feed[{number}].{key}`: {error}")
    if len(feeds) > MOST_FEEDS:
        raise ConfigError(f"{where}: `$.feed`: there may be {MOST_FEEDS} feeds at most.")


# --- inside -------------------------------------------------------------------------------------------


def _errors(feed: FeedTable, others: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not NAME.fullmatch(feed.name):
        yield "name", f"{feed.name[:50]!r} may have only a to z, 0 to 9 and _, and begins with a letter."
    if feed.name in others:
        yield "name", f"there is another feed {feed.name}."
    if not feed.unit.isprintable() or len(feed.unit) > LONGEST_UNIT:
        yield "unit", f"it has at most {LONGEST_UNIT} printable characters, as in EUR/kWh."
    for key in KEYS_OF[feed.source]:
        if not getattr(feed, key):
            yield key, f"it is missing; {feed.source} needs it."
    if feed.source == "push" and (feed.url or feed.topic):
        yield "source", "it is missing: write http or mqtt for a feed with an address."
    if feed.source != "push":
        yield from _of_address(feed)
    for key in ("values", "times", "ends"):
        if not is_path(getattr(feed, key)):
            yield key, f"{getattr(feed, key)[:50]!r} is not a path; write names and [], as in data[].price."
    if feed.ends and not feed.times:
        yield "times", "it is missing; `ends` needs it."
    if feed.factor == 0 or not Decimal(feed.factor).is_finite():
        yield "factor", "it must be a number other than 0."
    if feed.timezone and not _is_zone(feed.timezone):
        yield "timezone", f"there is no time zone {printable(feed.timezone[:50])}; write Europe/Madrid."


def _of_address(feed: FeedTable) -> Iterator[tuple[str, str]]:
    wanted = HTTP if feed.source == "http" else MQTT
    try:
        parts = urlsplit(feed.url)
        is_whole = parts.scheme in wanted and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        yield "url", f"write the whole address, as in {wanted[0]}://192.168.1.5{'/prices' if wanted is HTTP else ''}."
        return
    if feed.source == "http" and (parts.username or parts.password):
        yield "url", "it contains a name or a password, which belongs into the file of `token_file`."
    if feed.source == "http" and (name := unknown_placeholder(feed.url)):
        yield "url", f"there is no {{{printable(name[:30])}}}; there are {{from}}, {{to}}, {{date}} and others."
    if not set(feed.topic).isdisjoint("+#\0"):
        yield "topic", "it must be one topic, without + and #."


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
