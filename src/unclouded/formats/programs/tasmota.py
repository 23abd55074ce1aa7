"""Logs of Tasmota: frames of its Tuya driver, what it publishes of them, and bytes of its serial bridge.

    12:00:00 TYA: Send "55aa00000000ff"                                         12:00:00 TYA: RX Packet: "55aa03…"
    12:00:00.012 MQT: tele/plug/RESULT = {"TuyaReceived":{"Data":"55AA0300…","Cmnd":0,"CmndData":"01"}}
    12:00:00.012-027/14 {"TuyaReceived":…           12:00:00 RSL: RESULT = {"SerialReceived":"55AA…"}
    12:00:01 CMD: SerialSend5 55AA0006…

The same message on MQT and on RSL counts once. A line that is too long ends with ``... 2011 truncated``.
"""

import re

from unclouded.formats.chunk import Mark
from unclouded.formats.doubles import DoubleFilter
from unclouded.formats.line_collector import LineCollector, column_of, share_of_lines
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.labels import IN, OUT, Label
from unclouded.formats.text.shaped_lines import LineHead, head_text

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
        self._collector.accepts = lambda head, t, data: not self._doubles.is_double(head.view, t, head.label.lane, data)

    def read(self) -> FormatReading:
        """Bytes of the lines that have any; notes count the lines that were cut and those without bytes."""
        collector = self._collector
        for number, line in collector.matches(LINE):
            t = collector.time(line["time"])
            group = "text" if line["text"] is not None else "bare"
            found = DATA.search(line[group])
            if found is not None:
                self._data(number, t, line, found, column_of(line, group))
        if self._texts:
            collector.notes.append(TEXT.format(self._texts))
        if self._cut:
            collector.notes.append(f"{self._cut} line{'s are' if self._cut > 1 else ' is'} truncated")
        return collector.reading()

    # --- inside --------------------------------------------------------------------------------

    def _data(self, number: int, t: float | None, line: re.Match[str], found: re.Match[str], column: int) -> None:
        kind = next(name for name in ("packet", "data", "serial", "command", "other") if found[name] is not None)
        digits = found[kind]
        if kind == "other" or (kind == "serial" and not HEX.fullmatch(digits)):
            self._texts += 1
            return
        is_cut = kind != "command" and not found[{"packet": "end"}.get(kind, f"{kind}_end")]
        data = bytes.fromhex(digits[: len(digits) // 2 * 2])
        view, label, column = line["view"] or "", _direction(kind, found), column + found.start(kind)
        is_apart = label.sender is not None
        if not is_cut and kind != "command":
            text = head_text(line[0], column - 1, column - 1)
            self._collector.learn(
                line, LineHead(text, "packed", end='"', label=label, is_apart=is_apart, view=view), "time"
            )
        if self._doubles.is_double(view, t, label.lane, data):
            return
        self._cut += is_cut
        mark: Mark = "cut" if is_cut else ""
        self._collector.add(number, data, t, label.lane, sender=label.sender, column=column, mark=mark, gap=is_apart)


def _direction(kind: str, found: re.Match[str]) -> Label:
    """The lane and the side: of the Tuya driver both are known, of the serial bridge the frames show the side."""
    if kind == "serial":
        return Label(IN)
    if kind == "command":
        return Label(OUT)
    return Label(OUT, "controller") if found["sent"] else Label(IN, "device")


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
