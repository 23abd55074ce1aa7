"""What a home sends to a fleet, in bytes and CPU, beside JSON lines; what the outbox costs the writer.

    python bench/uplink_bytes.py [--hours 24]

The home of bench/sealing.py: ten devices that report four values a second, with the noise of real meters. All figures
are for a day, from so many hours. JSON lines are those of `unclouded export`, in zlib by windows of five minutes.
"""

import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from _common import arguments, report, spin
from sealing import START, batches
from unclouded.core.model import Fact, Reading, unit_of
from unclouded.core.times import iso
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.file.schema import open_to_write
from unclouded.store.outbox import LEVELS, Window
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.uplink.contents.arrays import raw_arrays
from unclouded.uplink.contents.energy import DayEnergy, EnergyWindow, HourEnergy
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.let_out import LetOutFilter, LetOutRules
from unclouded.uplink.messages import SentWindow, Windows, encode_message
from unclouded.uplink.window_reader import WindowReader

DAY = 86_400
SENT = ("energy", "quarter", "minute", "raw")
ROUNDS = 6  # of writing, with and without a subscriber in turn
WRITTEN_S = 300  # s of data that each writes


def main() -> None:
    options = arguments(__doc__, hours=24)
    hours, before = options.hours, spin()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        fill(path, hours)
        scale = 24 / hours
        lines, packed = json_lines(hours)
        contents = {level: read_all(path, level, hours, figures) for level in SENT}
        for level, found in contents.items():
            figures[f"{level}: bytes a day"] = round(sum(len(message(level, *one)) for one in found) * scale)
        raw = sum(len(message("raw", *one)) for one in contents["raw"])
        figures["JSON lines: bytes a day"], figures["JSON lines, zipped"] = round(lines * scale), round(packed * scale)
        figures["raw beside JSON lines: 1/"] = lines / raw
        figures["raw beside JSON lines, zipped: 1/"] = packed / raw
        figures |= decoding(contents["raw"][:24])
        figures["writer with the outbox, x without"] = outbox_cost(Path(folder))
    report("uplink", figures, before, options.json)


def fill(path: Path, hours: int) -> None:
    """A store whose hours are rolled up and sealed, as that of a hub that was away."""
    db = open_to_write(path)
    db.execute("PRAGMA synchronous = OFF")
    writer = StoreWriter(db, lambda: START + hours * SPAN_S + 1e6)
    for batch in batches(hours):
        writer.write(batch)
    writer.write([Reading("d0", "power_W", 1.0, START + hours * SPAN_S + 7200.0)])
    while not writer._rollup.catch_up(10**6):
        pass
    while writer.sealer.step():
        pass
    db.close()


def read_all(path: Path, level: str, hours: int, figures: dict[str, object]) -> list[tuple[int, bytes]]:
    """The contents of all windows, the newest first, as a hub that was away sends them."""
    span, found, longest = LEVELS[level], list[tuple[int, bytes]](), 0.0
    with StoreReader(path) as reader:
        windows = WindowReader(reader, LetOutRules(level="raw"), energy)
        begun = time.process_time()
        for start in reversed(range(START, START + hours * SPAN_S, span)):
            step = time.thread_time()
            for data in windows.read(Window(level, start, 1), 1):
                longest, step = max(longest, time.thread_time() - step), time.thread_time()
                if data is not None:
                    found.append((start, data))
        figures[f"{level}: s of CPU to read and encode a day"] = (time.process_time() - begun) * 24 / hours
    figures[f"{level}: longest step, ms of CPU"] = longest * 1000
    return found


def energy(start: int, chosen: LetOutFilter) -> EnergyWindow:
    """As large as that of a home: an hour of ten counters, and the day."""
    hours = tuple(HourEnergy(4 * device + 4, 97_123 * device + start % 991) for device in range(10))
    return EnergyWindow(hours, (DayEnergy("2026-11-30", "Europe/Berlin", 12_345_678, 1_234_567, 7_654_321),))


def message(level: str, start: int, data: bytes) -> bytes:
    """Each window in a message of its own, as while the hub is connected."""
    return encode_message(Windows(level, (SentWindow(start, 1_764_504_000_123, data),)))


def json_lines(hours: int) -> tuple[int, int]:
    """Bytes of all readings as JSON lines, plain and zipped by windows."""
    plain = packed = 0
    for window in by_window(hours):
        text = b"".join(map(json_line, window))
        plain += len(text)
        packed += len(zlib.compress(text, 6))
    return plain, packed


def json_line(one: Reading) -> bytes:
    """As `unclouded export --format jsonl` writes it."""
    value = round(float(one.value), 3 if one.point in ("current_A", "energy_import_Wh") else 1)
    row = {"time": iso(one.at), "device": one.device, "point": one.point, "value": value}
    return msgspec.json.encode({**row, "unit": unit_of(one.point), "quality": "good", "flags": ""}) + b"\n"


def by_window(hours: int) -> Iterator[list[Reading]]:
    held, end = list[Reading](), START + 300
    for batch in batches(hours):
        for one in batch:
            if isinstance(one, Reading):
                if one.at >= end:
                    yield held
                    held, end = [], end + 300
                held.append(one)
    yield held


def decoding(windows: Sequence[tuple[int, bytes]]) -> dict[str, object]:
    begun = time.process_time()
    readings = sum(len(entries) for one in windows for found in decode_raw(*one).values() for _, entries in found)
    pure = time.process_time() - begun
    for one in windows:
        raw_arrays(*one)
    begun = time.process_time()
    for one in windows:
        raw_arrays(*one)
    arrays = time.process_time() - begun
    return {"decoding, million readings a CPU s with numpy": readings / arrays / 1e6, "… x pure": pure / arrays}


def outbox_cost(folder: Path) -> float:
    """CPU of writing one batch a second with a subscriber of all levels, beside the same without: medians of pairs."""
    seconds = list(by_second())
    ratios = []
    for place in range(ROUNDS):
        spent = {}
        for subscribed in (place % 2 == 0, place % 2 == 1):
            path = folder / f"{place}{subscribed}.sqlite"
            db = open_to_write(path)
            db.execute("PRAGMA synchronous = OFF")
            writer = StoreWriter(db, lambda: START + 600.0)
            if subscribed:
                writer.outbox.subscribe(LEVELS)
            begun = time.process_time()
            for batch in seconds:
                writer.write(batch)
            spent[subscribed] = time.process_time() - begun
            db.close()
            path.unlink()
        ratios.append(spent[True] / spent[False])
    return sorted(ratios)[ROUNDS // 2]


def by_second() -> Iterator[list[Fact]]:
    found: dict[int, list[Fact]] = {}
    for batch in batches(1):
        for one in batch:
            second = int(one.at) - START if isinstance(one, Reading) else 0
            if second < WRITTEN_S:
                found.setdefault(second, []).append(one)
    return iter(found.values())


if __name__ == "__main__":
    main()
