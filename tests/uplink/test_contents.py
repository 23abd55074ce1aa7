"""Contents of windows: read back exactly, and of anyone's bytes only what is sound, within limits."""

import random
import zlib
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unclouded.store.encoding import chunk
from unclouded.store.encoding.chunk import DeviceSecond
from unclouded.store.encoding.columns import put_number
from unclouded.store.encoding.part import SeriesPart
from unclouded.uplink.contents import packing
from unclouded.uplink.contents.arrays import raw_arrays
from unclouded.uplink.contents.catalogue import (
    SentCatalogue,
    SentControl,
    SentDevice,
    SentFlag,
    SentSeries,
    decode_catalogue,
    encode_catalogue,
)
from unclouded.uplink.contents.energy import DayEnergy, EnergyWindow, HourEnergy, decode_energy, encode_energy
from unclouded.uplink.contents.events import WindowEvent, decode_events, encode_events
from unclouded.uplink.contents.packing import MOST_ITEMS, ContentError, pack, unpack
from unclouded.uplink.contents.raw import decode_raw, encode_raw
from unclouded.uplink.contents.rows import RolledRow, decode_rows, encode_rows

START = 1_800_000_000
WHOLE = st.one_of(st.integers(-300, 300), st.integers(-(2**70), 2**70))
ENTRY = st.tuples(st.integers(0, 999), st.integers(1, 5), WHOLE, st.integers(0, 9))
SECONDS = st.dictionaries(
    st.integers(0, 299),
    st.lists(ENTRY, min_size=1, max_size=4).map(lambda found: sorted(found, key=lambda one: one[0])),
).map(lambda found: [(START + second, entries) for second, entries in sorted(found.items())])
RAW = st.dictionaries(st.integers(1, 4), SECONDS, max_size=3)


def row_of(level: str) -> st.SearchStrategy[RolledRow]:
    step, steps = (900, 1) if level == "quarter" else (60, 5)

    def make(
        series: int, place: int, ms: int, size: int, values: tuple[int, int, int], kind: bool, marks: int
    ) -> RolledRow:
        start = START + place * step
        low, last, high = sorted(values)
        total, least, most = (sum(values), low, high) if kind else (None, None, None)
        return RolledRow(series, start, SeriesPart(size, total, least, most, last, start * 1000 + ms, marks))

    return st.builds(
        make,
        *(st.integers(1, 60), st.integers(0, steps - 1), st.integers(0, step * 1000 - 1), st.integers(1, 9000)),
        *(st.tuples(WHOLE, WHOLE, WHOLE), st.booleans(), st.integers(0, 2**63 - 1)),
    )


@given(st.data(), st.sampled_from(("quarter", "minute")))
@settings(max_examples=30)
def test_rolled_up_rows_are_read_back_exactly(data: st.DataObject, level: str) -> None:
    found = data.draw(st.lists(row_of(level), max_size=20, unique_by=lambda row: row[:2]))
    assert decode_rows(level, START, encode_rows(level, START, found)) == sorted(found, key=lambda row: row[:2])


@given(RAW)
@settings(max_examples=25)
def test_readings_are_read_back_exactly_also_as_arrays(devices: dict[int, list[DeviceSecond]]) -> None:
    devices = {device: seconds for device, seconds in devices.items() if seconds}
    data = encode_raw(START, devices)
    assert decode_raw(START, data) == devices
    for seconds in devices.values():
        of_device = raw_arrays(START, encode_raw(START, {1: seconds}))
        by_series: dict[int, list[tuple[int, int, int]]] = {}
        for second, entries in seconds:
            for ms, series, value, marks in entries:
                by_series.setdefault(series, []).append((second * 1000 + ms, value, marks))
        assert of_device.keys() == by_series.keys()
        for series, found in by_series.items():
            at, counts, all_marks = of_device[series]
            assert (at.tolist(), all_marks.tolist()) == ([one[0] for one in found], [one[2] for one in found])
            assert counts.tolist() == [one[1] if counts.dtype == np.int64 else float(one[1]) for one in found]


def test_a_noisy_device_is_read_back_also_as_arrays() -> None:
    """Each series has a level of its own, noise, and some values that are far from it."""
    seeded, levels = random.Random(1), (2300, 2**61, -(2**63), 0, 40_000)
    seconds = list[DeviceSecond]()
    for second in range(200):
        ms, far = seeded.randrange(480, 520), 10**5 * (second % 40 == 7)
        entries = [(ms, series, level + seeded.randrange(-20, 20) + far, 0) for series, level in enumerate(levels)]
        seconds.append((START + second, entries))
    data = encode_raw(START, {1: seconds})
    assert decode_raw(START, data) == {1: seconds}
    for series, (at, values, _) in raw_arrays(START, data).items():
        known = [(second * 1000 + entries[series][0], entries[series][2]) for second, entries in seconds]
        wanted = [value if values.dtype == np.int64 else float(value) for _, value in known]
        assert (at.tolist(), values.tolist()) == ([ms for ms, _ in known], wanted)
        assert (values.dtype == np.int64) == (series != 2)


def test_the_other_contents_are_read_back() -> None:
    catalogue = SentCatalogue(
        (
            SentDevice(1, "plug", "Lamp", "Hall", 2, "tuya", "x", "", "on", True, (SentControl("on", "switch", "rw"),)),
            SentDevice(2, "older", "Gate"),
        ),
        (SentSeries(3, 1, "power_W", -1, "number", "Power"),),
        (SentFlag(0, "gap"),),
        "Europe/Berlin",
        "1.0",
    )
    assert decode_catalogue(encode_catalogue(catalogue)) == catalogue
    window = EnergyWindow((HourEnergy(3, 4), HourEnergy(4, None, 2)), (DayEnergy("2026-11-30", "UTC", 1, None, 2, 4),))
    assert decode_energy(encode_energy(window)) == window
    events = (WindowEvent(START * 1000, 1, "state", "", '{"state":"offline"}'),)
    assert decode_events(encode_events(events)) == events


def test_a_catalogue_of_an_older_hub_says_nothing_of_what_can_be_set_and_one_of_a_newer_hub_is_read() -> None:
    older = [[[1, "plug", "Lamp", "Hall", 0, "tuya", "x", "uuid"]], [], []]
    (device,) = decode_catalogue(msgspec.msgpack.encode(older)).devices
    assert (device.main, device.produces, device.controls) == ("", False, None)
    newer = [
        [[1, "roof", "", "", 0, "", "", "", "on", True, [["on", "switch", "rw", 0, "", [], None, None, "new"]], 7]]
    ]
    (device,) = decode_catalogue(msgspec.msgpack.encode(newer)).devices
    assert device.produces and device.controls == (SentControl("on", "switch", "rw"),)


def test_a_catalogue_with_more_controls_than_any_home_has_is_refused() -> None:
    controls = (SentControl("mode", "enum", "rw", options=("a",) * MOST_ITEMS),)
    with pytest.raises(ContentError, match="entries"):
        decode_catalogue(encode_catalogue(SentCatalogue((SentDevice(1, "plug", controls=controls),))))


DECODERS: dict[str, Callable[[bytes], object]] = {
    "catalogue": decode_catalogue,
    "energy": decode_energy,
    "events": decode_events,
    "raw": lambda data: decode_raw(START, data),
    "arrays": lambda data: raw_arrays(START, data),
    "quarter": lambda data: decode_rows("quarter", START, data),
    "minute": lambda data: decode_rows("minute", START, data),
}
PART = SeriesPart(9, 90, 1, 30, 12, START * 1000, 0)
SAMPLES = {
    "catalogue": encode_catalogue(SentCatalogue((SentDevice(1, "plug"),))),
    "energy": encode_energy(EnergyWindow((HourEnergy(1, 2),))),
    "events": encode_events([WindowEvent(1, 0, "x")]),
    "raw": encode_raw(START, {1: [(START, [(0, 1, 5, 0), (0, 2, 7, 4)])], 2: [(START + 4, [(3, 9, 1, 0)])]}),
    "quarter": encode_rows("quarter", START, [RolledRow(1, START, PART), RolledRow(2, START, PART)]),
}
SAMPLES |= {"arrays": SAMPLES["raw"], "minute": SAMPLES["quarter"]}


@pytest.mark.parametrize("level", DECODERS)
def test_damaged_and_truncated_bytes_raise_nothing_else(level: str) -> None:
    whole = SAMPLES[level]
    broken = [whole[:length] for length in range(len(whole))]
    broken += [whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :] for at in range(len(whole)) for bit in (1, 0x80)]
    for data in (*broken, whole + b"\0"):
        try:
            DECODERS[level](data)
        except ContentError as error:
            assert str(error)


@given(st.binary(max_size=40), st.sampled_from(sorted(DECODERS)))
@example(bytes([1, 0, 0xFF, 0xFF, 0x03]), "raw")
@settings(max_examples=150)
def test_columns_of_any_bytes_raise_nothing_else(columns: bytes, level: str) -> None:
    packed = pack(columns)
    for data in (columns, packed, msgspec.msgpack.encode([(1, bytes([chunk.VERSION]) + packed)])):
        try:
            DECODERS[level](data)
        except ContentError as error:
            assert str(error)


def chunk_of(*numbers: int, rest: bytes = b"") -> bytes:
    data = bytearray()
    for number in numbers:
        put_number(data, number)
    return msgspec.msgpack.encode([(1, bytes([chunk.VERSION]) + pack(bytes(data) + rest))])


HOSTILE = {
    "a bomb of zlib": ("events", zlib.compress(bytes(packing.MOST_UNPACKED + 1))),
    "a bomb in a chunk": (
        "raw",
        msgspec.msgpack.encode([(1, b"\1" + zlib.compress(bytes(packing.MOST_UNPACKED + 1)))]),
    ),
    "bombs in many chunks": (
        "raw",
        msgspec.msgpack.encode([(device, b"\1" + zlib.compress(b"\0" * 5_000_000)) for device in range(9)]),
    ),
    "a count of values that are not there": ("raw", chunk_of(5, 2**40, 1, 1, 1, 1, 0, rest=bytes(9))),
    "a shape that is used for ever": ("arrays", chunk_of(300_000, 2**19, 1, 1, 1, 9, *[0] * 9, rest=bytes(9))),
    "more moments than milliseconds": ("raw", chunk_of(300_001, 1, 1, 1, 1, 1, 0, rest=bytes(9))),
    "an endless number": ("quarter", pack(b"\xff" * 100_000)),
    "rows that are not there": ("minute", pack(bytes([0xFF, 0xFF, 0xFF, 0x7F]) + bytes(20))),
    "two chunks of a device": ("raw", msgspec.msgpack.encode([(1, b""), (1, b"")])),
    "many items": ("events", pack(msgspec.msgpack.encode([(1, 0, "")] * (packing.MOST_ITEMS + 1)))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sizes_are_refused(name: str) -> None:
    level, data = HOSTILE[name]
    for one in {level, "arrays" if level == "raw" else level}:
        with pytest.raises(ContentError):
            DECODERS[one](data)


def test_what_follows_a_zlib_stream_is_refused() -> None:
    with pytest.raises(ContentError, match="tail"):
        unpack(pack(b"abc") + b"x")


def test_a_quarter_of_ten_devices_fits_its_message() -> None:
    """Ten devices of four points with noise, as bench/uplink_bytes.py has them: 415 bytes with its message."""
    rows = []
    for device in range(10):
        for point, (mean, noise) in enumerate(((6730, 40), (2301, 12), (2925, 20), (344_844_133, 0))):
            seed = device * 7 + point * 3
            last = mean + seed * noise // 40
            at = START * 1000 + 899_480 + seed % 30
            part = SeriesPart(900, 900 * mean + seed * 11, mean - noise, mean + noise, last, at, 0)
            if not noise:
                part = SeriesPart(900, None, None, None, last + device * 977_123, at, 0)
            rows.append(RolledRow(device * 4 + point + 1, START, part))
    assert len(encode_rows("quarter", START, rows)) <= 375
