"""A store becomes windows, and the windows a store: what the home let out is as it was."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from unclouded.core.model import Device, Ledger, Point, Reading
from unclouded.fleet.restoring.store_file import LEVELS, StoreFile
from unclouded.store.encoding.codec import ledger_from_json
from unclouded.store.file.salvage import salvage
from unclouded.store.file.schema import open_to_write
from unclouded.store.outbox import LEVELS as SPANS
from unclouded.store.outbox import Window
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.uplink.contents.catalogue import decode_catalogue
from unclouded.uplink.contents.energy import EnergyWindow
from unclouded.uplink.let_out import LetOutRules
from unclouded.uplink.messages import SentWindow
from unclouded.uplink.window_reader import WindowReader

START, HOURS = 1_800_000_000, 4
END = START + HOURS * 3600
POWER, ENERGY, MODE = "power_W", "energy_import_Wh", "on"
POINTS = (
    Point(key=POWER, exponent=-1),
    Point(key=ENERGY, exponent=-3, kind="counter"),
    Point(key=MODE, kind="switch"),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four hours of a kettle, a reading each 20 s."""
    file = tmp_path / "store.sqlite"
    with closing(open_to_write(file)) as db:
        writer = StoreWriter(db, lambda: END + 60.0)
        kettle = Device(
            id="kettle", identity="meross:k1", family="meross", link="", profile="", name="Kettle", points=POINTS
        )
        writer.write([kettle])
        for at in range(START, END, 20):
            number = (at - START) // 20
            writer.write(
                [
                    Reading("kettle", POWER, number % 97 / 10, float(at)),
                    Reading("kettle", ENERGY, number * 11 / 1000, at + 0.25),
                    Reading("kettle", MODE, bool(number % 3), at + 0.5),
                ]
            )
        writer.write([Ledger(identity="meross:k1", point=ENERGY, total=(HOURS * 180 - 1) * 11)])
    return file


def sent(file: Path, level: str, names: bool = True) -> tuple[Iterator[SentWindow], bytes]:
    """The windows of a level, and the catalogue."""
    reader = StoreReader(file)
    windows = WindowReader(
        reader, LetOutRules(level="raw", names=names), lambda start, chosen: EnergyWindow(), "UTC", "1"
    )

    def content(one: Window) -> bytes:
        return [piece for piece in windows.read(one, 1) if piece is not None][-1]

    starts = range(START // SPANS[level] * SPANS[level], END, SPANS[level])
    found = [SentWindow(start, 1, content(Window(level, start, 1))) for start in starts]
    catalogue = content(Window("catalogue", 0, 1))
    reader.close()
    return iter(found), catalogue


def restored(home: Path, levels: tuple[str, ...], names: bool = True) -> Path:
    file = home.with_name("restored.sqlite")
    contents = {level: sent(home, level, names) for level in levels}
    made = StoreFile(file, decode_catalogue(next(iter(contents.values()))[1]), lambda: END + 60.0)
    for level in LEVELS:
        if level in contents:
            made.add(level, contents[level][0])
    made.finish()
    return file


def rows(file: Path, step: float | None, device: str = "kettle") -> list[object]:
    with StoreReader(file) as reader:
        return list(reader.history(device, None, START, END, step))


def ledger(file: Path) -> Ledger:
    with closing(open_to_write(file)) as db:
        return ledger_from_json(db.execute("SELECT json FROM ledger").fetchone()[0])


def test_readings_are_exactly_as_they_were(home: Path) -> None:
    file = restored(home, ("raw", "quarter"))
    assert rows(file, None) == rows(home, None)
    assert rows(file, 900) == rows(home, 900)
    assert ledger(file).total == ledger(home).total


@pytest.mark.parametrize(("level", "step"), [("minute", 60), ("minute", 3600), ("quarter", 900), ("quarter", 3600)])
def test_where_readings_are_not_let_out_their_rows_are_as_they_were(home: Path, level: str, step: int) -> None:
    file = restored(home, (level,))
    assert rows(file, step) == rows(home, step)
    assert ledger(file).total == ledger(home).total


def test_a_new_store_takes_it_over(home: Path) -> None:
    """As at home: `unclouded store salvage FILE` adds it to a store that has begun again."""
    for levels, step in ((("raw", "quarter"), None), (("quarter",), 900)):
        file = restored(home, levels)
        fresh = home.with_name(f"fresh-{len(levels)}.sqlite")
        with closing(open_to_write(fresh)) as db:
            salvage(file, db, lambda: END + 60.0, "test")
        assert rows(fresh, step) == rows(home, step)
        assert ledger(fresh).total == ledger(home).total
        file.unlink()


def test_without_names_the_device_is_its_number(home: Path) -> None:
    file = restored(home, ("raw",), names=False)
    assert len(rows(file, None, "1")) == len(rows(home, None))
