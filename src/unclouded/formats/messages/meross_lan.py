"""What meross_lan of Home Assistant writes: traces, diagnostics, and its lines in the log. Messages without headers.

    2026/11/29 - 12:00:00⇥TX⇥http⇥SET⇥Appliance.Control.ToggleX⇥{"togglex":{…}}     a trace: 5 columns, later 6
    {"home_assistant":…,"data":{"version":2,"trace":[["time","rxtx",…],[…]]}}       diagnostics
    2026-11-29 12:00:00.000 DEBUG (MainThread) [custom_components.meross_lan.…] TX(http) SET Appliance.… (messageId:…)

Identifiers and signatures are lost, so no frame can be put together. Values that hold ``#`` are hidden by meross_lan.
"""

import re
from collections.abc import Sequence
from typing import Any

from unclouded.core.family import Sender
from unclouded.formats.chunk import InputContent
from unclouded.formats.line_collector import LineCollector, share_of_lines
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.objects import value_of

ROW = re.compile(
    r"^(?P<time>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d)\t(?:(?P<way>TX|RX|)\t)?(?P<protocol>\w{1,16})\t"
    r"(?P<method>\w{1,16})\t(?P<namespace>[\w.]{0,64})\t(?P<data>[^\n]*)$",
    re.MULTILINE,
)
HEADER = re.compile(r"^time\trxtx\tprotocol\tmethod\tnamespace\tdata$", re.MULTILINE)
LOG = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \w{1,8} \(\w{1,32}\) "
    r"\[custom_components\.meross_lan[^\]\n]{0,128}\] (?P<way>TX|RX)\((?P<protocol>\w{1,8})\) "
    r"(?P<method>\w{1,16}) (?P<namespace>Appliance[\w.]{0,64}) \(messageId:[^)\n]{1,64}\)[^\n]*$",
    re.MULTILINE,
)
NOT_SENT = "auto"  # protocol of rows that are not traffic
REQUESTS = ("GET", "SET", "DELETE")
NOTE = "messages without their headers: no frame can be put together from them"
SAMPLE = 16_384
COLUMNS = ("time", "rxtx", "protocol", "method", "namespace", "data")
OLD_COLUMNS = ("time", "protocol", "method", "namespace", "data")


def _side(way: str, method: str) -> Sender | None:
    if way:
        return "controller" if way == "TX" else "device"
    if method in REQUESTS:
        return "controller"
    return "device" if method.endswith("ACK") or method == "PUSH" else None


class MessageRows:
    """Collects rows with a method and a namespace."""

    def __init__(self, source: InputSource) -> None:
        self.collector = LineCollector(source)

    def add(self, number: int, fields: dict[str, Any]) -> None:  # Any: JSON types
        """A row by the names of its columns."""
        t = self.collector.time(str(fields.get("time") or "").replace(" - ", " "))
        method, protocol = str(fields.get("method") or ""), str(fields.get("protocol") or "")
        if protocol == NOT_SENT or not method or not str(fields.get("namespace") or "").startswith("Appliance"):
            return
        data = fields.get("data")
        payload = value_of(data) if isinstance(data, str) else data
        shown = {"method": method, "namespace": fields["namespace"], "payload": payload, "protocol": protocol}
        sender = _side(str(fields.get("rxtx") or ""), method)
        self.collector.data_lines += 1
        self.collector.contents.append(InputContent(kind="message", fields=shown, t=t, sender=sender, line=number))

    def reading(self) -> FormatReading:
        """What was collected, with the note that messages of this integration are not as they were on the wire."""
        reading = self.collector.reading()
        if reading.contents:
            reading.notes = [*reading.notes, NOTE]
        return reading


def _fields(found: re.Match[str]) -> dict[str, Any]:
    return {
        "time": found["time"],
        "rxtx": found["way"],
        "protocol": found["protocol"],
        "method": found["method"],
        "namespace": found["namespace"],
    }


def read_trace(source: InputSource) -> FormatReading:
    rows = MessageRows(source)
    for number, found in rows.collector.matches(ROW):
        rows.add(number, {**_fields(found), "data": found["data"]})
    return rows.reading()


def read_log(source: InputSource) -> FormatReading:
    rows = MessageRows(source)
    for number, found in rows.collector.matches(LOG):
        rows.add(number, _fields(found))
    return rows.reading()


def read_diagnostics(source: InputSource) -> FormatReading:
    rows = MessageRows(source)
    document = value_of(source.text or "")
    data = document.get("data") if isinstance(document, dict) else None
    trace = data.get("trace") if isinstance(data, dict) else None
    for columns, row in _rows(trace if isinstance(trace, list) else []):
        rows.add(1, dict(zip(columns, row, strict=False)))
    rows.collector.explained = source.filled if rows.collector.contents else 0
    return rows.reading()


def _rows(trace: Sequence[Any]) -> list[tuple[Sequence[str], Sequence[Any]]]:
    """The rows with the names of their columns: those of the first row, or the older ones."""
    lists = [row for row in trace if isinstance(row, list)]
    if lists and lists[0][:1] == ["time"]:
        return [(list(map(str, lists[0])), row) for row in lists[1:]]
    return [(COLUMNS if len(row) == len(COLUMNS) else OLD_COLUMNS, row) for row in lists]


def _is_diagnostics(source: InputSource) -> float:
    text = source.text or ""
    begin = text[:SAMPLE]
    return 1.0 if begin.lstrip().startswith("{") and '"home_assistant"' in begin and '"trace"' in text else 0.0


def _format(name: str, title: str, recognise: Any, read: Any, *, is_whole: bool = False) -> InputFormat:
    return InputFormat(
        name=name,
        group="json",
        title=title,
        specificity=Specificity.PROGRAM,
        recognise=recognise,
        read=read,
        is_whole=is_whole,
    )


FORMATS = (
    _format("meross_lan_trace", "a trace of meross_lan", lambda source: share_of_lines(source, ROW, 0.5), read_trace),
    _format("meross_lan_log", "a log of Home Assistant", lambda source: share_of_lines(source, LOG), read_log),
    _format(
        "meross_lan_diagnostics",
        "diagnostics of Home Assistant",
        _is_diagnostics,
        read_diagnostics,
        is_whole=True,
    ),
)
