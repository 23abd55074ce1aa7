"""Logs of Tasmota: frames of its Tuya driver, what it publishes of them, and bytes of its serial bridge.

    12:00:00 TYA: Send "55aa00000000ff"                                         12:00:00 TYA: RX Packet: "55aa03…"
    12:00:00.012 MQT: tele/plug/RESULT = {"TuyaReceived":{"Data":"55AA0300…","Cmnd":0,"CmndData":"01"}}
    12:00:00.012-027/14 {"TuyaReceived":…           12:00:00 RSL: RESULT = {"SerialReceived":"55AA…"}
    12:00:01 CMD: SerialSend5 55AA0006…

The same message on MQT and on RSL counts once. A line that is too long ends with ``... 2011 truncated``.
"""

import re

from unclouded.core.family import Sender
from unclouded.formats.chunk import Mark
from unclouded.formats.doubles import DoubleFilter
from unclouded.formats.line_collector import LineCollector, column_of, share_of_lines
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.labels import IN, OUT

LINE = re.compile(
    r"""^(?P<time>\d\d:\d\d:\d\d(?:\.\d{3})?)?(?:-\d{3}(?:/\d{1,3})?)?[ ]?
    (?:(?P<view>[A-Z][A-Z0-9]{2}):[ ](?P<text>[^\n]*)|(?P<bare>(?:\w{1,32}[ ]=[ ])?\{"[^\n]*))$""",
    re.VERBOSE | re.MULTILINE,
)
SIGN = re.compile(
    r'TYA: (?:Send|[TR]X Packet:) "|"TuyaReceived":|"S?SerialReceived":|(?<!\w)S?SerialSend5? [0-9A-Fa-f]{4}',
    re.MULTILINE,
)
DATA = re.compile(
    r"""(?:(?P<sent>Send|TX[ ]Packet:)|(?P<received>RX[ ]Packet:))[ ]"(?P<packet>[0-9A-Fa-f]*+)(?P<end>"?)
    | "TuyaReceived":[ ]?\{"Data":[ ]?"(?P<data>[0-9A-Fa-f]*+)(?P<data_end>"?)
    | "S?SerialReceived":[ ]?(?:"(?P<serial>[^"\n]*+)(?P<serial_end>"?)|(?P<other>[^"\n]))
    | (?<!\w)S?SerialSend5[ ](?P<command>[0-9A-Fa-f]++)(?P<command_end>)""",
    re.VERBOSE,
)
HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
TEXT = (
    "{} pieces of serial data came as text and end at their first zero byte: "
    "set SerialDelimiter 254, and send by SerialSend5"
)


def recognise(source: InputSource) -> float:
    """The share of lines of Tasmota, where one of them has bytes."""
    text = source.text or ""
    if ("TYA" not in text and "Received" not in text and "SerialSend" not in text) or not SIGN.search(text):
        return 0.0
    return max(share_of_lines(source, LINE), 0.01)


class TasmotaReader:
    """Reads one log."""

    def __init__(self, source: InputSource) -> None:
        self._collector = LineCollector(source)
        self._doubles = DoubleFilter()
        self._texts = self._cut = 0

    def read(self) -> FormatReading:
        collector = self._collector
        for number, line in collector.matches(LINE):
            t = collector.time(line["time"])
            group = "text" if line["text"] is not None else "bare"
            found = DATA.search(line[group])
            if found is not None:
                self._data(number, t, line["view"] or "", found, column_of(line, group))
        if self._texts:
            collector.notes.append(TEXT.format(self._texts))
        if self._cut:
            collector.notes.append(f"{self._cut} line{'s are' if self._cut > 1 else ' is'} truncated")
        return collector.reading()

    # --- inside --------------------------------------------------------------------------------

    def _data(self, number: int, t: float | None, view: str, found: re.Match[str], column: int) -> None:
        kind = next(name for name in ("packet", "data", "serial", "command", "other") if found[name] is not None)
        digits = found[kind]
        if kind == "other" or (kind == "serial" and not HEX.fullmatch(digits)):
            self._texts += 1
            return
        is_cut = kind != "command" and not found[{"packet": "end"}.get(kind, f"{kind}_end")]
        data = bytes.fromhex(digits[: len(digits) // 2 * 2])
        lane, sender = _direction(kind, found)
        if self._doubles.is_double(view, t, lane, data):
            return
        self._cut += is_cut
        mark: Mark = "cut" if is_cut else ""
        self._collector.add(
            number, data, t, lane, sender=sender, column=column + found.start(kind), mark=mark, gap=sender is not None
        )


def _direction(kind: str, found: re.Match[str]) -> tuple[str, Sender | None]:
    """The lane and the side: of the Tuya driver both are known, of the serial bridge the frames show the side."""
    if kind == "serial":
        return IN, None
    if kind == "command":
        return OUT, None
    return (OUT, "controller") if found["sent"] else (IN, "device")


def read(source: InputSource) -> FormatReading:
    return TasmotaReader(source).read()


TASMOTA = InputFormat(
    name="tasmota",
    group="log",
    title="a log of Tasmota",
    specificity=Specificity.PROGRAM,
    recognise=recognise,
    read=read,
)
FORMATS = (TASMOTA,)
