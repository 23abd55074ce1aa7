"""The values of feeds: what is received later counts; nothing overlaps; nothing is rounded."""

import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.feeds import FeedInterval, FeedValues, gaps
from unclouded.store.feeds import StoredFeeds, put_feed_values
from unclouded.store.file.schema import MIGRATIONS, open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter

DAY = 86_400
MIDNIGHT = 1_796_000_400  # of any day
HOURS = 24


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def writer(db: sqlite3.Connection) -> StoreWriter:
    return StoreWriter(db, lambda: float(MIDNIGHT), lambda: 0.0)


def stored(db: sqlite3.Connection, feed: str, begin: int, end: int) -> Sequence[FeedInterval]:
    with StoreReader(Path(db.execute("PRAGMA database_list").fetchone()[2])) as reader:
        return reader.feeds().intervals(feed, begin, end)


def hour(number: int, value: str, hours: int = 1) -> FeedInterval:
    return FeedInterval(MIDNIGHT + 3600 * number, MIDNIGHT + 3600 * (number + hours), Decimal(value))


def test_the_prices_of_a_day_are_exact_and_found_by_any_part_of_the_day(db: sqlite3.Connection) -> None:
    prices = tuple(hour(number, f"0.1{number}3000001") for number in range(HOURS))
    writer(db).write([FeedValues("spot", prices)])
    assert stored(db, "spot", MIDNIGHT, MIDNIGHT + DAY) == list(prices)
    assert stored(db, "spot", MIDNIGHT + 5400, MIDNIGHT + 5401) == [prices[1]]
    assert stored(db, "spot", MIDNIGHT - DAY, MIDNIGHT) == []
    assert stored(db, "spot", MIDNIGHT + DAY, MIDNIGHT + 2 * DAY) == []
    assert stored(db, "carbon", MIDNIGHT, MIDNIGHT + DAY) == []


def test_a_corrected_price_replaces_only_its_own_time(db: sqlite3.Connection) -> None:
    writing = writer(db)
    writing.write([FeedValues("spot", (hour(0, "0.10", hours=4),))])
    writing.write([FeedValues("spot", (hour(1, "0.30"), hour(2, "0.20")))])
    expected = [hour(0, "0.10"), hour(1, "0.30"), hour(2, "0.20"), hour(3, "0.10")]
    assert stored(db, "spot", MIDNIGHT, MIDNIGHT + DAY) == expected


def test_prices_that_are_fetched_again_are_not_written_again(db: sqlite3.Connection) -> None:
    prices = FeedValues("spot", tuple(hour(number, "0.1") for number in range(HOURS)))
    writing = writer(db)
    writing.write([prices])
    before = db.total_changes
    writing.write([prices])
    assert db.total_changes == before


def test_gaps_are_what_no_interval_covers() -> None:
    known = [hour(1, "1"), hour(2, "1"), hour(5, "1")]
    begin, end = MIDNIGHT, MIDNIGHT + 8 * 3600
    found = [((one - begin) // 3600, (until - begin) // 3600) for one, until in gaps(known, begin, end)]
    assert found == [(0, 1), (3, 5), (6, 8)]
    assert list(gaps(known, begin + 3600, begin + 3 * 3600)) == []
    assert list(gaps([], begin, end)) == [(begin, end)]


INTERVALS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(-3, 3)).map(
        lambda one: FeedInterval(one[0], one[0] + one[1], Decimal(one[2]))
    ),
    max_size=6,
)


@given(st.lists(INTERVALS, max_size=8), st.integers(0, 60), st.integers(1, 60))
@settings(max_examples=150, deadline=None)
def test_the_newest_value_of_each_second_counts(messages: list[list[FeedInterval]], begin: int, size: int) -> None:
    with sqlite3.connect(":memory:") as db:
        _make(db)
        seconds: dict[int, Decimal] = {}
        for message in messages:
            _put(db, message)
            seconds |= _of_message(message)
        found = _read(db, begin, begin + size)
        assert all(one.end <= other.start for one, other in pairwise(found))
        got = {at: one.value for one in found for at in range(one.start, one.end) if begin <= at < begin + size}
        assert got == {at: value for at, value in seconds.items() if begin <= at < begin + size}


# --- inside -------------------------------------------------------------------------------------------


def _of_message(message: list[FeedInterval]) -> dict[int, Decimal]:
    """Second by second: within a message the interval that begins last counts, of two that begin at once the last."""
    starts = {one.start: one for one in message}
    return {at: starts[start].value for start in sorted(starts) for at in range(start, _until(starts, start))}


def _until(starts: dict[int, FeedInterval], start: int) -> int:
    following = min((one for one in starts if one > start), default=starts[start].end)
    return min(starts[start].end, following)


def _make(db: sqlite3.Connection) -> None:
    for script in MIGRATIONS:
        db.executescript(script)


def _put(db: sqlite3.Connection, message: list[FeedInterval]) -> None:
    put_feed_values(db, FeedValues("spot", tuple(message)))


def _read(db: sqlite3.Connection, begin: int, end: int) -> Sequence[FeedInterval]:
    return StoredFeeds(lambda query, *values: db.execute(query, values).fetchall()).intervals("spot", begin, end)
