"""Feeds as the API and the command line show them. Values are decimal numbers as text, so that they stay exact.

Times in columns are Unix seconds; single times are ISO 8601 in UTC, "" = none.
"""

from typing import Literal

import msgspec

FeedState = Literal["waiting", "running", "failed"]


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """A feed in its present state.

    ``state``: ``waiting``: no value has come since the hub started; ``failed``: it is tried again by itself, and
    ``text`` says why. ``value``: the present one, "" = none is known, until ``until``. ``known_from``, ``known_until``:
    what is stored; ``missing_s``: of the last seven days up to now. ``received``: when something came last.
    ``fetching``: how far the past is fetched, as "40 of 365", "" = none is; ``fetched``: how that ended.
    """

    name: str
    unit: str
    source: str
    state: FeedState
    text: str = ""
    value: str = ""
    until: str = ""
    known_from: str = ""
    known_until: str = ""
    missing_s: int = 0
    received: str = ""
    fetching: str = ""
    fetched: str = ""


class FeedsView(msgspec.Struct, frozen=True, kw_only=True):
    """All feeds of the configuration."""

    feeds: tuple[FeedView, ...]


class FeedValuesView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a feed within a range, as columns by time; ``gaps``: begin and end of what is not known."""

    feed: str
    unit: str
    start: tuple[int, ...]
    end: tuple[int, ...]
    value: tuple[str, ...]
    gaps: tuple[list[int], ...]
