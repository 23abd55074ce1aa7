"""What is read for a window is what the store has: sealed or not, rolled up or not, edited or not, in small steps."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.test_rollup import NOON, Keeper, plug, watts
from unclouded.store.editing.edit import NewEdit
from unclouded.store.outbox import Window
from unclouded.store.reading.reader import StoreReader
from unclouded.uplink.contents.energy import EnergyWindow
from unclouded.uplink.contents.events import decode_events
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.contents.rows import RolledRow, decode_rows
from unclouded.uplink.let_out import LetOutRules
from unclouded.uplink.window_reader import WindowReader


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path / "store.sqlite")
    keeper.wall = NOON + 100_000.0
    keeper.writer.write([plug()])
    yield keeper
    keeper.close()


@pytest.fixture
def windows(keeper: Keeper) -> Iterator[WindowReader]:
    with StoreReader(keeper.path) as reader:
        yield WindowReader(reader, LetOutRules(level="raw"), lambda start, chosen: EnergyWindow())


def read(windows: WindowReader, level: str, start: int, number: int = 1, as_of: int = 1) -> bytes:
    *steps, data = windows.read(Window(level, start, number), as_of)
    assert data is not None and set(steps) == {None}
    return data


def rows(windows: WindowReader, level: str, start: int) -> list[RolledRow]:
    return decode_rows(level, start, read(windows, level, start))


def seal(keeper: Keeper) -> None:
    keeper.writer.write([watts(1, 4 * 3600)])  # the hours before are rolled up then
    keeper.writer.sealer._now = lambda: keeper.wall + 1e6
    for _ in range(200):
        keeper.writer.sealer.step()


def test_a_sealed_hour_is_read_once_for_its_windows_and_again_once_it_changed(
    keeper: Keeper, windows: WindowReader
) -> None:
    keeper.writer.write([watts(second % 50, second) for second in range(0, 3600, 5)])
    single = {start: read(windows, "raw", start) for start in range(NOON, NOON + 3600, 300)}
    seal(keeper)
    assert keeper.db.execute("SELECT count(*) FROM chunk").fetchone() == (1,)
    before = [decode_raw(start, read(windows, "raw", start, 5, 9)) for start in single]
    assert before == [decode_raw(start, data) for start, data in single.items()]
    keeper.writer.write([watts(77, 301)])
    assert NOON + 301 not in dict(decode_raw(NOON + 300, read(windows, "raw", NOON + 300, 9, 20))[1])  # it is kept
    assert NOON + 301 in dict(decode_raw(NOON + 300, read(windows, "raw", NOON + 300, 10, 20))[1])


@pytest.mark.parametrize("level", ["minute", "quarter"])
def test_rows_that_are_not_rolled_up_yet_are_the_same_as_later(
    keeper: Keeper, windows: WindowReader, level: str
) -> None:
    """A device that has said nothing since: its rows come when it speaks again, which marks no window."""
    keeper.writer.write([watts(second, second) for second in range(0, 170, 10)])
    assert keeper.upto() <= 0
    early = rows(windows, level, NOON)
    assert sum(row.part.size for row in early) == 17
    keeper.writer.write([watts(5, 4000)])
    assert keeper.upto() >= 900
    assert rows(windows, level, NOON) == early


def test_rows_over_an_edit_are_right_before_they_are_computed_again(
    keeper: Keeper, windows: WindowReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.writer.write([watts(second % 7, second) for second in range(0, 5000, 10)])
    before = rows(windows, "quarter", NOON)
    start = NOON * 1000
    with monkeypatch.context() as patch:
        patch.setattr(keeper.writer.unrolled._rollup, "redo", lambda device, series, begin, end: begin)  # not at once
        keeper.writer.edits.make(
            NewEdit(device=1, point="power_W", start=start, until=start + 60_000, action="void"), "tests"
        )
        edited = rows(windows, "quarter", NOON)
    assert edited[0].part.size == before[0].part.size - 6
    while keeper.writer.unrolled.step():
        pass
    assert rows(windows, "quarter", NOON) == edited


def test_numbers_of_more_than_64_bits_are_read_as_they_are_stored(keeper: Keeper, windows: WindowReader) -> None:
    keeper.writer.write([watts(float(2**90), 0), watts(-1.5, 30)])
    early = rows(windows, "minute", NOON)
    keeper.writer.write([watts(5, 4000)])
    assert rows(windows, "minute", NOON) == early
    (total,) = keeper.db.execute("SELECT total FROM rollup WHERE span = 60 AND start = ?", (NOON,)).fetchone()
    assert early[0].part.total == int(total)


def test_a_damaged_chunk_is_left_out(keeper: Keeper, windows: WindowReader) -> None:
    keeper.writer.write([watts(1, second) for second in range(0, 3600, 5)])
    seal(keeper)
    keeper.db.execute("UPDATE chunk SET data = substr(data, 1, length(data) - 9)")
    keeper.writer.write([watts(2, 7)])
    assert decode_raw(NOON, read(windows, "raw", NOON)) == {1: [(NOON + 7, [(0, 1, 20, 0)])]}


def test_a_level_that_is_not_known_raises(windows: WindowReader) -> None:
    with pytest.raises(KeyError):
        list(windows.read(Window("daily", 0, 1), 1))


def test_not_a_number_in_an_event_of_an_earlier_version_is_null(keeper: Keeper) -> None:
    text = '{"words":"done","data":{"outcome":"confirmed","value":NaN}}'
    keeper.db.execute("INSERT INTO event (at, device, kind, json) VALUES (?, 1, 'command', ?)", (NOON + 1.0, text))
    keeper.db.commit()
    with StoreReader(keeper.path) as reader:
        rules = LetOutRules(level="raw", events=True, names=True)
        windows = WindowReader(reader, rules, lambda start, chosen: EnergyWindow())
        (sent,) = decode_events(read(windows, "events", NOON))
        assert json.loads(sent.data, parse_constant=pytest.fail) == {"outcome": "confirmed", "value": None}
        (stored,) = reader.events("plug")
        assert stored.data["data"]["value"] is None
