"""Annotations of sigrok as a trace of Chromium: an event for the begin and for the end of each byte.

{"traceEvents": [
{"ph": "B", "ts": 209.000000, "pid": "uart-1", "tid": "TX", "name": "55"},        ts: microseconds
"""

import re
from collections.abc import Iterator

import msgspec

from unclouded.formats.analysers.annotations import NO_DATA
from unclouded.formats.analysers.cell_values import radix_of, value_of
from unclouded.formats.analysers.decoded_rows import ByteRow, chunks_by_time, with_sides
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

SIGN = re.compile(r'"traceEvents"|"ph"\s{0,4}:\s{0,4}"B"')
HEAD = 2_000  # characters in which it stands
MICROSECOND = 1e-6
LONGEST_NAME = 5  # of a value; longer names are of whole packets
FAR = 1e15


class TraceEvent(msgspec.Struct, gc=False):
    """One event. ``ph``: "B" where it begins."""

    ph: str = ""
    ts: float = 0.0
    pid: str = ""
    tid: str = ""
    name: str = ""
    line: int = 0


class TraceDocument(msgspec.Struct):
    """The whole document."""

    traceEvents: list[TraceEvent] = []  # as it is written


EVENT = msgspec.json.Decoder(TraceEvent)


def events_of(text: str) -> Iterator[TraceEvent]:
    """The events that begin, from a line each; else from the document."""
    found = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.startswith('{"ph"'):
            continue
        try:
            event = EVENT.decode(line.rstrip(", ]}") + "}")
        except msgspec.DecodeError:
            continue
        found = True
        event.line = number
        if event.ph == "B":
            yield event
    if not found:
        yield from _document(text)


def _document(text: str) -> Iterator[TraceEvent]:
    try:
        trace = msgspec.json.decode(text, type=TraceDocument)
    except (msgspec.DecodeError, RecursionError):
        return
    yield from (event for event in trace.traceEvents if event.ph == "B")


def read(source: InputSource) -> FormatReading:
    events = [one for one in events_of(source.text or "") if _is_byte(one)]
    radix = radix_of({one.name for one in events}, is_padded=True)
    zero = events[0].ts * MICROSECOND if events else 0.0
    rows = [
        ByteRow(value, f"{one.pid}: {one.tid}", one.ts * MICROSECOND, one.line)
        for one in events
        if (value := value_of(one.name, radix)) is not None
    ]
    lines = source.filled
    return FormatReading(
        chunks=with_sides(chunks_by_time(rows, zero)),
        lines=lines,
        explained=lines if rows else 0,
        data_lines=len(rows),
        stamps=len(rows),
    )


def _is_byte(event: TraceEvent) -> bool:
    return len(event.name) <= LONGEST_NAME and NO_DATA.search(event.tid) is None and -FAR < event.ts < FAR


TRACE = InputFormat(
    name="jsontrace",
    group="analyser",
    title="a trace of sigrok's decoder",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: float(SIGN.search((source.text or "")[:HEAD]) is not None),
    read=read,
)
FORMATS = (TRACE,)
