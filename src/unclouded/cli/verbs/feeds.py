"""`feeds`: prices, carbon intensities and other values that change with time."""

import time
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click
import msgspec

from unclouded.app.feeds.access import all_feeds, file_intervals, hub_of_feeds, load, tried, values_of
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.times import duration_text, from_iso
from unclouded.core.views.feeds import FeedView

POLL_S = 1.0
MOST_LINES = 60  # of `try`


@click.group("feeds")
def command() -> None:
    """Prices, carbon intensities and other values that change with time. docs/feeds.md shows how they are set up."""


@command.command("list")
@config_options
@json_option
def list_feeds(config: str | None, data: str | None, as_json: bool) -> None:
    """List the feeds: their present values, until when values are known, and what is wrong."""
    loaded = configuration(config, data)
    view, is_live = all_feeds(loaded)
    for one in view.feeds:
        if as_json:
            print_json(one)
        else:
            print_text(_line(one, loaded.zone, is_live))
    if not view.feeds:
        print_text("There are no feeds. docs/feeds.md shows how one is set up.", err=True)
    elif not is_live:
        print_text("No hub runs with this configuration: nothing is fetched.", err=True)


@command.command("show")
@click.argument("feed")
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20 or 2026-11-20T08:00. [default: today]")
@click.option("--to", "end", metavar="TIME", help="End. [default: the end of tomorrow]")
@config_options
@json_option
def show(feed: str, start: str | None, end: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Print the values of FEED, and where nothing is known."""
    loaded = configuration(config, data)
    view = values_of(loaded, feed, start or "", end or "")
    if as_json:
        print_json(view)
        return
    columns = zip(view.start, view.end, view.value, strict=True)
    rows = [(begin, until, f"{value} {view.unit}") for begin, until, value in columns]
    rows += [(begin, until, "nothing is known") for begin, until in view.gaps]
    for begin, until, text in sorted(rows):
        print_text(f"{_range(begin, until, loaded.zone)}  {text}")


@command.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("feed")
@click.argument("value")
@click.option("--valid", "valid_s", type=Span(), metavar="SPAN", help="How long it counts: 1h. [default: its valid_s]")
@config_options
@json_option
def set_value(
    feed: str, value: str, valid_s: float | None, config: str | None, data: str | None, as_json: bool
) -> None:
    """Set the value of FEED from now on, as in: spot 0.21"""
    loaded = configuration(config, data)
    hub, path = hub_of_feeds(loaded, feed)
    view = hub.put(path, msgspec.json.encode({"value": value, "valid_s": int(valid_s or 0)}))
    _print(view, loaded.zone, as_json)


@command.command("load")
@click.argument("feed")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only print what is in the file.")
@config_options
@json_option
def load_file(feed: str, file: Path, dry_run: bool, config: str | None, data: str | None, as_json: bool) -> None:
    """Give FEED the values in FILE: CSV with the columns start, value and end, or JSON as the feed receives it."""
    loaded = configuration(config, data)
    if dry_run:
        _print_intervals(file_intervals(loaded, feed, file), loaded.zone, as_json)
        return
    done = load(loaded, feed, file)
    if as_json:
        print_json({"feed": feed, "values": done})
    else:
        print_text(f"{feed}: {done} values taken from {file}.")


@command.command("fetch")
@click.argument("feed")
@click.option("--from", "start", required=True, metavar="DATE", help="The first day: 2026-01-01.")
@click.option("--to", "end", metavar="DATE", help="The last day. [default: today]")
@config_options
@json_option
def fetch(feed: str, start: str, end: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Fetch past days of FEED, as for a comparison of tariffs. The hub does it; Ctrl-C stops only the waiting."""
    loaded = configuration(config, data)
    today = datetime.fromtimestamp(time.time(), loaded.zone).date()
    hub, path = hub_of_feeds(loaded, feed)
    view = hub.post(f"{path}/fetch", {"start": start, "end": end or f"{today}"})
    while view["fetching"]:
        if not as_json:
            click.echo(f"\r{feed}: {view['fetching']} requests", nl=False, err=True)
        time.sleep(POLL_S)
        view = next(one for one in hub.get("/api/feeds")["feeds"] if one["name"] == feed)
    if as_json:
        print_json(view)
    else:
        click.echo(err=True)
        print_text(view["fetched"])


@command.command("try")
@click.argument("feed")
@config_options
@json_option
def try_feed(feed: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Fetch FEED once, or wait for one message of its broker, and print the values. Nothing is stored."""
    loaded = configuration(config, data)
    _print_intervals(tried(loaded, feed), loaded.zone, as_json)


# --- inside -------------------------------------------------------------------------------------------


def _print_intervals(found: Any, zone: tzinfo, as_json: bool) -> None:  # Any: FeedInterval
    if not found:
        raise CommandError(
            "No values were found. A file has the columns start and value; an answer, what [[feed]] names."
        )
    for one in found if as_json else found[:MOST_LINES]:
        if as_json:
            print_json({"start": one.start, "end": one.end, "value": f"{one.value:f}"})
        else:
            print_text(f"{_range(one.start, one.end, zone)}  {one.value:f}")
    if not as_json and len(found) > MOST_LINES:
        print_text(f"… and {len(found) - MOST_LINES} more", err=True)


def _print(view: dict[str, Any], zone: tzinfo, as_json: bool) -> None:  # Any: the API's JSON
    if as_json:
        print_json(view)
    else:
        print_text(_line(msgspec.convert(view, FeedView), zone, True))


def _line(view: FeedView, zone: tzinfo, is_live: bool) -> str:
    value = f"{view.value} {view.unit} until {_moment(view.until, zone)}" if view.value else "no value now"
    known = f"known until {_moment(view.known_until, zone)}" if view.known_until else "nothing is stored"
    missing = f"{duration_text(view.missing_s)} of the last week missing" if view.missing_s else ""
    state = f"{view.state}{': ' if view.text else ''}{view.text}" if is_live else ""
    return f"{view.name:<16} {'; '.join(filter(None, (value, known, missing, state)))}"


def _moment(text: str, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(from_iso(text), UTC).astimezone(zone):%Y-%m-%d %H:%M}"


def _range(begin: int, end: int, zone: tzinfo) -> str:
    first, last = (datetime.fromtimestamp(at, UTC).astimezone(zone) for at in (begin, end))
    until = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} to {until} {last:%Z}"
