"""Packets as tshark prints their fields: columns (-T fields) and JSON (-T json, -T ek).

1795953600.012000000	192.0.2.7	55aa030000010104             time, addresses, data: in any order
"tcp.payload": "55:aa:03:00:00:01:01:04"                     counts once, whatever else repeats it
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from unclouded.formats.packets.captures import reading_of
from unclouded.formats.packets.connections import End
from unclouded.formats.packets.packet import DataSegment, PacketProblems
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.stamps import Stamp, StampClock, stamp_of

MOST_COLUMNS = 64
FITS = 0.9
SAMPLE = 100  # lines
HEAD = 16_000  # characters
ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}")
PAYLOAD = re.compile(r"(?:[0-9A-Fa-f]{2}){3,}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+")
SHORT_PAYLOAD = re.compile(r"[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){0,2}")
UNIX = re.compile(r"1\d{9}\.\d{1,9}")
SEPARATORS = "\t,;|"
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{1,20}(?:\.[a-z0-9_]{1,30}){1,3}")
TIMES = ("frame.time_epoch", "frame.time_relative", "frame.time", "timestamp")
PAYLOADS = ("tcp.payload", "udp.payload", "tcp.segment_data", "data.data", "data", "usb.capdata")
SOURCES, TARGETS = ("ip.src", "ipv6.src"), ("ip.dst", "ipv6.dst")
SEQUENCE = ("tcp.seq",)
PORTS = (("tcp.srcport", "udp.srcport"), ("tcp.dstport", "udp.dstport"))
NAMES = (*TIMES, *PAYLOADS, *SOURCES, *TARGETS, *PORTS[0], *PORTS[1], *SEQUENCE)
JSON_SIGN = re.compile(r'"_source"\s{0,8}:|"layers"\s{0,8}:')
DEEPEST = 16
Key = TypeVar("Key")


class FieldRows(Generic[Key]):
    """Rows of fields -> segments. ``keys``: by which each named field is asked for."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._clock = StampClock()
        self._number = 0
        self._payloads, self._times = _known(PAYLOADS, keys), _known(TIMES, keys)
        self._sequence = _known(SEQUENCE, keys)
        ends = (SOURCES, PORTS[0]), (TARGETS, PORTS[1])
        self._ends = [(_known(hosts, keys), _known(ports, keys)) for hosts, ports in ends]

    @property
    def started(self) -> float | None:
        return self._clock.started

    def segment(self, field: Callable[[Key], str], line: int) -> DataSegment | None:
        """The data of a packet; None where it has none."""
        self._number += 1
        data = self._data(field)
        if not data:
            return None
        source, target = [_end(_first(field, hosts), _first(field, ports)) for hosts, ports in self._ends]
        sequence = _number(_first(field, self._sequence)) if self._sequence else None
        return DataSegment(self._number, self._time(field), source, target, data, sequence, "", line)

    def _data(self, field: Callable[[Key], str]) -> bytes:
        for key in self._payloads:
            data = _bytes(field(key))
            if data:
                return data
        return b""

    def _time(self, field: Callable[[Key], str]) -> float | None:
        for key in self._times:
            text = field(key)
            if UNIX.fullmatch(text):
                return self._clock.time(float(text), "date")
            stamp = _stamp(text)
            if stamp is not None:
                return self._clock.seconds(stamp)
        return None


def _known(names: Sequence[str], keys: Mapping[str, Key]) -> list[Key]:
    return [keys[name] for name in names if name in keys]


def _first(field: Callable[[Key], str], keys: Sequence[Key]) -> str:
    for key in keys:
        text = field(key)
        if text:
            return text.partition(",")[0]
    return ""


@lru_cache(4_096)
def _end(host: str, port: str) -> End:
    return host, int(port) if port.isdecimal() and len(port) <= 5 else 0


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else None


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text if text.isalnum() else text.partition(",")[0].replace(":", ""))
    except ValueError:
        return b""


def _stamp(text: str) -> Stamp | None:
    return stamp_of(f"{text} ")


# --- columns ------------------------------------------------------------------------------------------


class FieldColumnsLayout(msgspec.Struct, frozen=True):
    """``names``: of the columns, found by their contents where no header names them."""

    separator: str
    names: Sequence[str]
    has_header: bool


def layout_of(lines: Sequence[str]) -> FieldColumnsLayout | None:
    """The columns of these lines; None where they are none."""
    for separator in SEPARATORS:
        rows = [[cell.strip('"') for cell in line.split(separator)] for line in lines]
        if not rows or not 2 <= len(rows[0]) <= MOST_COLUMNS:
            continue
        if all(FIELD_NAME.fullmatch(name) or name == "data" for name in rows[0]):
            return FieldColumnsLayout(separator, rows[0], True) if any(name in PAYLOADS for name in rows[0]) else None
        fitting = [row for row in rows if len(row) == len(rows[0])]
        names = _names(fitting)
        if len(fitting) >= FITS * len(rows) and "data" in names and "ip.src" in names:
            return FieldColumnsLayout(separator, names, False)
    return None


def _names(rows: Sequence[Sequence[str]]) -> list[str]:
    """The columns by what is in them: a time first, addresses, the longest bytes last."""
    columns = list(zip(*rows, strict=True))
    names = [""] * len(columns)
    for at, column in enumerate(columns):
        filled = [cell for cell in column if cell]
        if filled and all(ADDRESS.fullmatch(cell) and cell.count(":") != 1 for cell in filled):
            names[at] = "ip.src" if "ip.src" not in names else "ip.dst" if "ip.dst" not in names else ""
        elif filled and "timestamp" not in names and all(_stamp(cell) is not None for cell in filled):
            names[at] = "timestamp"
    payloads = [at for at, column in enumerate(columns) if not names[at] and _is_payload(column)]
    if payloads:
        names[max(payloads, key=lambda at: sum(len(cell) for cell in columns[at]))] = "data"
    return names


def _is_payload(column: Sequence[str]) -> bool:
    filled = [cell for cell in column if cell]
    is_hex = all(PAYLOAD.fullmatch(cell) or SHORT_PAYLOAD.fullmatch(cell) for cell in filled)
    return is_hex and any(PAYLOAD.fullmatch(cell) for cell in filled)


def _layout(source: InputSource) -> FieldColumnsLayout | None:
    return layout_of([line for line in source.lines[:SAMPLE] if line and not line.isspace()])


def read_columns(source: InputSource) -> FormatReading:
    layout = _layout(source)
    if layout is None:
        return FormatReading()
    rows = FieldRows({name: at for at, name in enumerate(layout.names) if name})
    segments: list[DataSegment] = []
    unread: list[int] = []
    lines = explained = 0
    is_header = layout.has_header
    for number, line in enumerate(source.lines, 1):
        if not line or line.isspace():
            continue
        lines += 1
        cells = (line.replace('"', "") if '"' in line else line).split(layout.separator)
        if len(cells) != len(layout.names):
            if len(unread) < MOST_UNREAD:
                unread.append(number)
            continue
        explained += 1
        segment = None if is_header else rows.segment(cells.__getitem__, number)
        is_header = False
        if segment is not None:
            segments.append(segment)
    return _reading(segments, rows, lines, explained, unread)


def _reading(
    segments: Sequence[DataSegment], rows: FieldRows[Any], lines: int, explained: int, unread: Sequence[int]
) -> FormatReading:
    return reading_of(segments, PacketProblems(), lines=lines, explained=explained, unread=unread, started=rows.started)


# --- JSON ---------------------------------------------------------------------------------------------


def packets_in(text: str) -> Iterator[tuple[Any, int]]:  # Any: JSON
    """The packets of the document, or of each line, with the line."""
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        yield from _packets_by_line(text)
        return
    yield from ((packet, 0) for packet in (whole if isinstance(whole, list) else [whole]))


def _packets_by_line(text: str) -> Iterator[tuple[Any, int]]:  # Any: JSON
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] != "{":
            continue
        try:
            yield msgspec.json.decode(line), number
        except (msgspec.DecodeError, RecursionError):
            continue


def flattened(value: Any) -> Mapping[str, str]:  # Any: JSON
    """The fields of a packet by name, in whatever layers they stand; the first one of each name, "" = there is none."""
    found: defaultdict[str, str] = defaultdict(str)
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        name, one, depth = waiting.pop()
        if isinstance(one, dict) and depth < DEEPEST:
            waiting += [(key, inner, depth + 1) for key, inner in reversed(one.items())]
        elif isinstance(one, list) and one:
            waiting.append((name, one[0], depth + 1))
        elif isinstance(one, str):
            found.setdefault(_plain(name), one)
    return found


def _plain(name: str) -> str:
    """tcp_tcp_payload, as -T ek writes it, is tcp.payload."""
    layer, _, rest = name.partition("_")
    if "." in name or not rest.startswith(f"{layer}_"):
        return name
    return rest.replace("_", ".", 1)


def read_json(source: InputSource) -> FormatReading:
    rows = FieldRows({name: name for name in NAMES})
    found = (rows.segment(flattened(packet).__getitem__, line) for packet, line in packets_in(source.text or ""))
    segments = [segment for segment in found if segment is not None]
    lines = source.filled
    return _reading(segments, rows, lines, lines if segments else 0, ())


COLUMNS = InputFormat(
    name="tshark_fields",
    group="packets",
    title="fields of packets by tshark",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: float(_layout(source) is not None),
    read=read_columns,
)
JSON_PACKETS = InputFormat(
    name="tshark_json",
    group="packets",
    title="packets of tshark as JSON",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: float(JSON_SIGN.search((source.text or "")[:HEAD]) is not None),
    read=read_json,
    is_whole=True,
)
FORMATS = (COLUMNS, JSON_PACKETS)
