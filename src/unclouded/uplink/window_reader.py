"""From the store to the content of a window, in steps of a few milliseconds, for the devices that are let out.

    work = WindowReader(reader, rules, energy).read(window, as_of)
    for data in work: time.sleep(YIELD_S) where data is None, else it is the content      (in a thread)

An hour that is sealed is one chunk a device: it is read once, for all its windows. They are kept while the next ones
are of the same hour and have changed no later than it was read.

Source: docs/protocols/fleet.md §4, §11
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import groupby

import msgspec

from unclouded.core.model import Device
from unclouded.store.encoding.chunk import SPAN_S as HOUR_S
from unclouded.store.encoding.chunk import ChunkEncoder, DeviceSecond
from unclouded.store.outbox import EVENTS, LEVELS, Window
from unclouded.store.reading.reader import StoreReader
from unclouded.store.reading.window_source import SourceDevice, SourceEvent
from unclouded.uplink.contents.catalogue import (
    SentCatalogue,
    SentControl,
    SentDevice,
    SentFlag,
    SentSeries,
    encode_catalogue,
)
from unclouded.uplink.contents.energy import EnergyWindow, encode_energy
from unclouded.uplink.contents.events import WindowEvent, encode_events
from unclouded.uplink.contents.raw import SPAN_S, join_chunks
from unclouded.uplink.contents.rows import STEPS, RolledRow, encode_rows
from unclouded.uplink.let_out import DeviceLevel, HomeNames, LetOutFilter, LetOutRules

EnergyOf = Callable[[int, LetOutFilter], EnergyWindow]  # of the hour from a Unix second on; only of what is let out
Steps = Generator[None, None, bytes]
ROWS_LEVELS: Mapping[str, DeviceLevel] = {"quarter": "quarter", "minute": "minute"}


class _KeptHour(msgspec.Struct):
    """The raw windows of an hour, by start. ``devices``: those in them; ``as_of``: later changes are not in them."""

    hour: int
    as_of: int
    devices: tuple[int, ...]
    contents: dict[int, bytes]


class WindowReader:
    """``energy``: made by the hub's own rules; ``zone``, ``version``: of the catalogue. In one thread at a time."""

    def __init__(
        self, reader: StoreReader, rules: LetOutRules, energy: EnergyOf, zone: str = "UTC", version: str = ""
    ) -> None:
        self._source = reader.windows()
        self._rules = rules
        self._energy = energy
        self._zone = zone
        self._version = version
        self._kept: _KeptHour | None = None

    def filter(self) -> LetOutFilter:
        """The rules for the devices that the store has now."""
        return self._filter(self._source.devices())

    def read(self, window: Window, as_of: int) -> Iterator[bytes | None]:
        """None after each step; the content as the last one. Raises StoreError; KeyError for an unknown level."""
        devices = self._source.devices()
        yield (yield from self._steps(window, as_of, devices, self._filter(devices)))

    # --- inside --------------------------------------------------------------------------------

    def _filter(self, devices: list[SourceDevice]) -> LetOutFilter:
        names = [
            HomeNames(number=one.number, ids=one.ids, name=one.device.name, room=one.device.room) for one in devices
        ]
        return LetOutFilter(self._rules, names)

    def _steps(self, window: Window, as_of: int, devices: list[SourceDevice], chosen: LetOutFilter) -> Steps:
        yield
        match window.level:
            case "catalogue":
                return encode_catalogue(chosen.catalogue(self._catalogue(devices)))
            case "energy":
                return encode_energy(self._energy(window.start, chosen))
            case "events":
                found = self._source.events(window.start, window.start + LEVELS[EVENTS])
                return encode_events(chosen.events([_event(one) for one in found]))
            case "raw":
                numbers = tuple(one.number for one in devices if chosen.lets_out(one.number, "raw"))
                return (yield from self._raw(window, as_of, numbers))
        level = ROWS_LEVELS[window.level]
        return (yield from self._rows(window, [one.number for one in devices if chosen.lets_out(one.number, level)]))

    def _catalogue(self, devices: list[SourceDevice]) -> SentCatalogue:
        numbers = {name: one.number for one in reversed(devices) for name in reversed(one.ids)}
        labels = {(one.number, point.key): point.label for one in devices for point in one.device.points}
        return SentCatalogue(
            tuple(_device(one, numbers) for one in devices),
            tuple(
                SentSeries(number, device, point, exponent, kind, labels.get((device, point), ""))
                for number, device, point, exponent, kind in self._source.series()
            ),
            tuple(SentFlag(*one) for one in self._source.flags()),
            self._zone,
            self._version,
        )

    def _rows(self, window: Window, devices: list[int]) -> Steps:
        rows = list[RolledRow]()
        for device in devices:
            step = STEPS[window.level]
            found = yield from self._source.rolled(device, step, window.start, window.start + LEVELS[window.level])
            rows += [RolledRow(*one) for one in found]
            yield
        return encode_rows(window.level, window.start, rows)

    def _raw(self, window: Window, as_of: int, devices: tuple[int, ...]) -> Steps:
        hour, kept = window.start // HOUR_S * HOUR_S, self._kept
        if kept is not None and (kept.hour, kept.devices) == (hour, devices) and window.number <= kept.as_of:
            return kept.contents[window.start]
        if not self._source.is_sealed(hour):
            contents = yield from self._windows(devices, window.start, window.start + SPAN_S)
            return contents[window.start]
        self._kept = None  # while another is made
        contents = yield from self._windows(devices, hour, hour + HOUR_S)
        self._kept = _KeptHour(hour, as_of, devices, contents)
        return contents[window.start]

    def _windows(self, devices: tuple[int, ...], begin: int, end: int) -> Generator[None, None, dict[int, bytes]]:
        """The contents of the windows of a range within an hour."""
        chunks: dict[int, list[tuple[int, bytes]]] = {start: [] for start in range(begin, end, SPAN_S)}
        for device in devices:
            encoders: dict[int, ChunkEncoder] = {}
            for piece in self._source.readings(device, begin, end):
                for start, seconds in groupby(piece, _window_of):
                    if start not in encoders:
                        encoders[start] = ChunkEncoder(start)
                    encoders[start].add(seconds)
                yield
            for start, encoder in encoders.items():
                data = bytearray()
                for column in encoder.pieces():
                    data += column
                    yield
                chunks[start].append((device, bytes(data)))
        return {start: join_chunks(found) for start, found in chunks.items()}


def _window_of(second: DeviceSecond) -> int:
    return second[0] // SPAN_S * SPAN_S


def _device(one: SourceDevice, numbers: Mapping[str, int]) -> SentDevice:
    device: Device = one.device
    product = device.info.get("product", "") or device.info.get("model", "") or device.profile
    parent = numbers.get(device.parent, 0)
    names = (device.name, device.room, parent, device.family, product, device.identity)
    return SentDevice(one.number, one.ids[0], *names, device.main, device.produces, _controls(device))


def _controls(device: Device) -> tuple[SentControl, ...]:
    """What the fleet can set: nothing of a critical device, which is switched at home only."""
    return tuple(
        SentControl(
            point.key,
            point.kind,
            point.access,
            point.exponent,
            point.label,
            point.options,
            point.minimum,
            point.maximum,
        )
        for point in device.points
        if point.access != "r" and not device.critical
    )


def _event(one: SourceEvent) -> WindowEvent:
    """Notices have a text and data; other events only data."""
    entry = json.loads(one.text, parse_constant=lambda name: None)  # NaN is not JSON
    text = entry.pop("words", "") if "words" in entry else ""
    data = entry.get("data", {}) if set(entry) == {"data"} else entry
    return WindowEvent(int(one.at * 1000), one.device, one.kind, text, json.dumps(data, separators=(",", ":")))
