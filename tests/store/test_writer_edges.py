"""What the writer stores at the limits: of times, of texts that stay, of silences; and which names lead where."""

import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from unclouded.core.model import Device, Fact, Memory, Notice, Point, Reading, Status, Value
from unclouded.store.encoding.blob import encode
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter, merge_or_replace

NOON = 1_800_000_000.0
LAST = 2.0**40
KINDS: dict[str, Value] = {"switch": True, "number": 5, "counter": 6, "bitmap": 7, "enum": 8, "text": 9, "raw": 10}


def device(id: str = "plug", identity: str = "uuid-1", replaces: str = "", info: str = "") -> Device:
    points = (Point(key="power_W", exponent=-1), Point(key="mode", kind="enum", options=("eco",)))
    return Device(
        id=id,
        identity=identity,
        family="toy",
        link="memory:",
        profile="p",
        points=points,
        replaces=replaces,
        info={"version": info},
    )


def watts(value: float, at: float, id: str = "plug", flags: tuple[str, ...] = ()) -> Reading:
    return Reading(id, "power_W", value, at, "good", flags)


class Books:
    """A store that is written, and what can be read in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wall = NOON
        self.db = open_to_write(path)
        self.writer = StoreWriter(self.db, wall=lambda: self.wall)

    def write(self, *facts: Fact) -> None:
        self.writer.write(facts)

    def restart(self) -> None:
        self.writer = StoreWriter(self.db, wall=lambda: self.wall)

    def history(self, id: str = "plug", point: str = "power_W") -> list[tuple[float, Value | None]]:
        with StoreReader(self.path) as reader:
            return [(row.at, row.value) for row in reader.history(id, [point])]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.db.execute(query).fetchall()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    books = Books(tmp_path / "store.sqlite")
    yield books
    books.db.close()


def test_readings_have_a_time_from_1970_to_2_to_the_40_seconds(books: Books) -> None:
    books.write(device(), *(watts(at, at) for at in (-0.001, 0.0, 5.0, LAST, math.inf, math.nan)))
    assert [at for at, _ in books.history()] == [0.0, 5.0]
    assert (books.writer.unstorable, books.writer.too_old) == (4, 0)


def test_a_time_is_stored_to_the_nearest_millisecond(books: Books) -> None:
    books.write(device(), watts(1, NOON + 0.0004), watts(2, NOON + 0.0006), watts(3, NOON + 0.9996))
    assert books.history() == [(NOON, 1), (NOON + 0.001, 2), (NOON + 1, 3)]


def test_readings_that_retention_deleted_are_not_stored_again(books: Books) -> None:
    books.write(device(), watts(1, NOON))
    books.db.execute("INSERT INTO expired VALUES (1, 0, ?)", (int(NOON) + 5,))
    books.writer.reload()
    books.write(watts(2, NOON + 4), watts(3, NOON + 5))
    assert books.history() == [(NOON, 1), (NOON + 5, 3)] and books.writer.too_old == 1


def test_numbers_are_samples_and_words_are_events(books: Books) -> None:
    points = tuple(Point(key=f"{kind}_x", kind=kind) for kind in KINDS)  # type: ignore[arg-type]
    books.write(Device(id="a", identity="a", family="", link="", profile="", points=points))
    books.write(*(Reading("a", f"{kind}_x", value, NOON) for kind, value in KINDS.items()))
    books.write(Reading("a", "number_x", "text", NOON + 1), Reading("a", "number_x", math.nan, NOON + 2))
    assert books.rows("SELECT point FROM series ORDER BY point") == [
        ("bitmap_x",), ("counter_x",), ("number_x",), ("switch_x",)
    ]  # fmt: skip
    words = [json.loads(str(text))["point"] for (text,) in books.rows("SELECT json FROM event WHERE kind = 'value'")]
    assert words == ["enum_x", "text_x", "raw_x", "number_x"]
    assert books.writer.unstorable == 1


@pytest.mark.parametrize(
    ("later", "count"),
    [
        (Reading("plug", "mode", "eco", NOON + 3599.9), 1),
        (Reading("plug", "mode", "eco", NOON + 3600), 2),
        (Reading("plug", "mode", "eco", NOON), 1),
        (Reading("plug", "mode", "eco", NOON - 0.1), 2),
        (Reading("plug", "mode", "warm", NOON + 1), 2),
        (Reading("plug", "mode", "eco", NOON + 1, "held"), 2),
        (Reading("plug", "mode", "eco", NOON + 1, "good", ("odd",)), 2),
        (Reading("plug", "level", "eco", NOON + 1), 2),
        (Reading("other", "mode", "eco", NOON + 1), 2),
    ],
)
def test_a_word_that_stays_is_stored_once_an_hour(books: Books, later: Reading, count: int) -> None:
    books.write(device(), Reading("plug", "mode", "eco", NOON), later)
    assert books.rows("SELECT count(*) FROM event") == [(count,)]
    assert books.rows("SELECT kind, json FROM event ORDER BY rowid")[0] == (
        "value",
        '{"point":"mode","value":"eco","quality":"good","flags":[]}',
    )


def test_events_have_their_device_and_a_time_that_is_none_is_now(books: Books) -> None:
    books.write(
        device(),
        Status("plug", "offline", NOON - 5, "no answer"),
        Notice("", math.inf, "left", "all", {"a": 1}),
        Notice("plug", NOON + 1, "said", "x"),
    )
    assert books.rows("SELECT at, device, kind, json FROM event ORDER BY rowid") == [
        (NOON - 5, 1, "state", '{"state":"offline","reason":"no answer"}'),
        (NOON, None, "left", '{"words":"all","data":{"a":1}}'),
        (NOON + 1, 1, "said", '{"words":"x","data":{}}'),
    ]


def test_memory_is_put_replaced_and_deleted_by_its_key(books: Books) -> None:
    books.write(Memory("a", "x", b"1"), Memory("a", "y", b"2"), Memory("b", "x", b"3"))
    books.write(Memory("a", "x", b"4"), Memory("a", "y", b""))
    assert books.rows("SELECT * FROM memory ORDER BY 1, 2") == [("a", "x", b"4"), ("b", "x", b"3")]


def test_when_a_device_was_seen_first_and_last(books: Books) -> None:
    seen = "SELECT first_seen, last_seen FROM device"
    books.write(device())
    for wall, last in ((NOON - 100, NOON), (NOON + 100, NOON + 100)):
        books.wall = wall
        books.write(device())
        assert books.rows(seen) == [(NOON, last)]
    books.write(watts(1, NOON + 150), watts(2, NOON + 120), watts(3, NOON + 90))
    assert books.rows(seen) == [(NOON, NOON + 150)]


def test_the_newest_second_of_each_device_in_a_batch_is_when_it_was_seen(books: Books) -> None:
    books.write(device(), device("lamp", "uuid-2"))
    books.write(watts(1, NOON + 7, "lamp"), watts(1, NOON + 9), watts(1, NOON + 3, "lamp"), watts(1, NOON + 4))
    assert books.rows("SELECT id, last_seen FROM device ORDER BY id") == [("lamp", NOON + 7), ("plug", NOON + 9)]


def test_an_id_leads_to_the_device_that_has_it_now_and_an_old_one_to_its_first(books: Books) -> None:
    books.write(device("plug", "uuid-1"), watts(1, NOON))
    books.write(device("kettle", "uuid-1"), watts(2, NOON + 1, "kettle"))
    books.write(device("plug", "uuid-2"), watts(3, NOON + 2))
    assert books.rows("SELECT identity, id FROM device ORDER BY number") == [("uuid-1", "kettle"), ("uuid-2", "plug")]
    assert books.rows("SELECT id, device FROM alias ORDER BY device, id") == [("kettle", 1), ("plug", 1), ("plug", 2)]
    books.restart()
    books.write(watts(4, NOON + 3), watts(5, NOON + 3, "kettle"))
    assert [value for _, value in books.history("plug")] == [3, 4]
    assert [value for _, value in books.history("kettle")] == [1, 2, 5]


def test_a_device_takes_over_the_history_of_one_that_is_gone(books: Books) -> None:
    books.write(device("old", "uuid-1"), watts(1, NOON, "old"))
    books.restart()
    books.write(device("new", "uuid-2", replaces="old"), watts(2, NOON + 1, "new"))
    assert [value for _, value in books.history("new")] == [1, 2]
    books.write(device("new", "uuid-2", replaces="old"), device("third", "uuid-3", replaces="new"))
    assert books.rows("SELECT id FROM device ORDER BY id") == [("new",), ("third",)], "new is there"
    books.write(Notice("", NOON, "removed", "", {"identities": ["uuid-2"]}))
    books.write(device("third", "uuid-3", replaces="uuid-2"))
    assert books.rows("SELECT id FROM device") == [("third",)]
    assert [value for _, value in books.history("third")] == [1, 2]


def test_an_identity_counts_before_an_id_where_both_are_known(books: Books) -> None:
    books.write(device("b", "a"), watts(1, NOON, "b"), device("a", "z"), watts(2, NOON, "a"))
    books.restart()
    books.write(device("new", "uuid-2", replaces="a"))
    assert [value for _, value in books.history("new")] == [1]


def test_after_a_restart_numbers_keep_the_scale_that_their_device_described(books: Books) -> None:
    books.write(device(), watts(7.5, NOON))
    books.restart()
    books.write(watts(8.0, NOON + 1))
    assert books.rows("SELECT point, exponent FROM series") == [("power_W", -1)]


def test_flags_get_a_bit_each_and_are_read_back_after_a_restart(books: Books) -> None:
    books.write(device(), watts(1, NOON, flags=("gap", "late")))
    books.restart()
    books.write(watts(2, NOON + 1, flags=("late",)), watts(3, NOON + 2, flags=("odd", "gap")))
    assert books.rows("SELECT bit, name FROM flag ORDER BY bit") == [(0, "gap"), (1, "late"), (2, "odd")]
    with StoreReader(books.path) as reader:
        assert [set(row.flags) for row in reader.history("plug")] == [{"gap", "late"}, {"late"}, {"gap", "odd"}]


def test_the_catalogue_is_sent_again_where_something_of_it_changed(books: Books) -> None:
    outbox = books.writer.outbox
    outbox.subscribe(["catalogue"])

    def is_marked(*facts: Fact) -> bool:
        books.wall += 600
        found = [one for one in outbox.closed() if not outbox.acknowledge(one.level, one.start, one.number)]
        assert found == []
        books.write(*facts)
        return bool(outbox.closed())

    for facts, expected in (
        ([device()], True),
        ([device()], False),
        ([device(info="2")], True),
        ([device("kettle", info="2")], True),
        ([watts(1, NOON, "kettle")], True),
        ([watts(2, NOON + 1, "kettle")], False),
        ([watts(3, NOON + 2, "kettle", ("odd",))], True),
        ([watts(4, NOON + 3, "kettle", ("odd",))], False),
        ([watts(5, NOON + 3, "stray")], True),
        ([Notice("", NOON, "said", "x")], False),
    ):
        assert is_marked(*facts) == expected, facts


def energy_marks(books: Books) -> list[float]:
    rows = books.rows("SELECT start FROM outbox WHERE level = 'energy' ORDER BY start")
    return [float(str(start)) - NOON for (start,) in rows]


@pytest.mark.parametrize(
    ("after", "flags", "marks"),
    [
        (1799, (), [10_800.0]),
        (1800, (), [7200.0, 10_800.0]),
        (1700, ("gap",), [7200.0, 10_800.0]),
        (1700, ("late",), [10_800.0]),
        (-3000, ("gap",), [7200.0]),
    ],
)
def test_after_half_an_hour_of_silence_or_a_gap_the_hours_before_are_sent_again(
    books: Books, after: int, flags: tuple[str, ...], marks: list[float]
) -> None:
    """The newest reading is of 100 s before the fourth hour."""
    books.wall = NOON + 100_000
    books.write(device(), watts(1, NOON + 10_700))
    books.writer.outbox.subscribe(["energy"])
    books.write(watts(2, NOON + 10_700 + after, flags=flags))
    assert energy_marks(books) == marks


@pytest.mark.parametrize(
    ("newest", "after"),
    [
        (946_684_800, 7200.0),
        (946_684_801, 7200.0),
        (5, NOON - 5),
        (NOON - 2 * 366 * 86_400, 2 * 366 * 86_400.0),
        (NOON - 2 * 366 * 86_400, 2 * 366 * 86_400.0 + 7200),
    ],
)
def test_a_silence_of_years_is_that_of_a_clock_that_was_wrong(books: Books, newest: float, after: float) -> None:
    """It is at most two years long, and begins after 1999."""
    books.wall = NOON + 100_000
    books.write(device(), watts(1, newest))
    books.writer.outbox.subscribe(["energy"])
    books.write(watts(2, newest + after))
    until = newest + after
    marks = [mark + NOON for mark in energy_marks(books)]
    if newest <= 946_684_800:
        assert marks == [until // 3600 * 3600]
    else:
        begin = max(newest, until - 2 * 366 * 86_400)
        assert (marks[0], marks[-1]) == (begin // 3600 * 3600, until // 3600 * 3600)


def test_events_are_sent_with_the_window_of_their_time_and_words_are_none(books: Books) -> None:
    books.write(device())
    books.writer.outbox.subscribe(["events"])
    books.write(Notice("", NOON + 301, "said", "x"), Reading("plug", "mode", "eco", NOON + 901))
    assert books.rows("SELECT start FROM outbox WHERE level = 'events'") == [(int(NOON) + 300,)]
    books.write(Notice("", NOON + 2, "said", "x"))
    assert len(books.rows("SELECT start FROM outbox WHERE level = 'events'")) == 2


def test_a_blob_that_is_damaged_is_replaced_and_a_whole_one_merged() -> None:
    early, late = encode([(1, 1, 5, 0)]), encode([(2, 1, 6, 0)])
    assert merge_or_replace(early, late) == encode([(1, 1, 5, 0), (2, 1, 6, 0)])
    assert merge_or_replace(b"\xff\xff", late) == late


def test_a_batch_that_fails_is_forgotten_with_the_names_that_it_gave(books: Books) -> None:
    books.write(device())
    books.db.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON sample BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(sqlite3.Error, match="disk full"):
        books.write(device("new", "uuid-2"), watts(1, NOON, "new", ("odd",)))
    books.db.execute("DROP TRIGGER full")
    books.write(device("late", "uuid-3"), watts(2, NOON, "late", ("late",)))
    assert books.rows("SELECT number, id FROM device ORDER BY number") == [(1, "plug"), (2, "late")]
    assert books.rows("SELECT name FROM flag") == [("late",)] and books.history("late") == [(NOON, 2)]


def test_a_batch_that_fails_at_its_end_leaves_the_silence_before_it_as_it_was(books: Books) -> None:
    books.wall = NOON + 100_000
    books.write(device(), watts(1, NOON))
    books.writer.outbox.subscribe(["energy", "raw"])
    when = "BEFORE INSERT ON outbox WHEN new.level = 'raw'"
    books.db.execute(f"CREATE TEMP TRIGGER full {when} BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(sqlite3.Error, match="disk full"):
        books.write(watts(2, NOON + 10_800))
    assert energy_marks(books) == []
    books.db.execute("DROP TRIGGER full")
    books.write(watts(3, NOON + 10_900))
    assert energy_marks(books) == [0.0, 3600.0, 7200.0, 10_800.0]


def test_energy_of_a_gap_is_spread_from_before_its_batch(books: Books) -> None:
    books.wall = NOON + 100_000
    books.write(device(), watts(1, NOON + 3500))
    books.writer.outbox.subscribe(["energy"])
    books.write(watts(2, NOON + 4500), watts(3, NOON + 5500, flags=("gap",)))
    assert energy_marks(books) == [0.0, 3600.0]
