"""Logs of ESPHome: the bytes of its UART debugger, and the messages of its components.

    [12:00:00.012][D][uart_debug:158]: <<< 55:AA:03:00:00:01:01:04
    [12:00:01][V][tuya:120]: Received Tuya: CMD=0x07 VERSION=3 DATA=[01.01.00.01.01 (5)] INIT_STATE=5
    12:00:00⇥[D]⇥[uart_debug:114]⇥⏎>>> 55:AA:00:00:00:00:FF        copied from the page of its web server

What several components log of the same frame counts once.
"""

import re
from operator import attrgetter

from unclouded.formats.line_collector import LineCollector, column_of, share_of_lines
from unclouded.formats.programs.esphome_meter import MeterLines
from unclouded.formats.programs.esphome_tuya import TuyaLines
from unclouded.formats.programs.esphome_uart import UartLines
from unclouded.formats.reading import FormatReading, InputFormat, Specificity, refusal
from unclouded.formats.source import InputSource

LINE = re.compile(
    r"""^(?:data:[ ])?[ ]?(?:\[?(?P<time>\d\d:\d\d:\d\d(?:[.,]\d{3})?)\]?[ \t]{0,4})?
    \[(?P<level>VV|[EWICDV])\][ \t]?\[(?P<tag>[^\]\n:]{1,64})(?::\d{1,5})?\](?:\[[^\]\n]{0,64}\])?
    (?::[ ]?|\t\n|\t|\n)(?P<text>[^\n]*)$""",
    re.VERBOSE | re.MULTILINE,
)
COPIED = re.compile(r"^(?:event: .*|id: .*|retry: .*)$", re.MULTILINE)
ENOUGH = 0.05  # share of the lines
MOST = 0.5  # share of the lines from which on a log without bytes is one all the same
UART, TUYA = "uart_debug", "tuya"
VERY_VERBOSE = ("uart_esp", "uart.", "uart_", "uart")
ADVICE = (
    "This log of ESPHome has no bytes of the line in it. Add `debug:` to the `uart:` of its configuration, or set the "
    "level of the logger to VERBOSE, and paste the lines of uart_debug or tuya."
)


def recognise(source: InputSource) -> float:
    """The share of lines of ESPHome."""
    return share_of_lines(source, LINE, ENOUGH) if source.text and "][" in source.text.replace("]\t[", "][") else 0.0


def read(source: InputSource) -> FormatReading:
    """Bytes of the UART debugger; where there are none, frames and readings of the components."""
    collector = LineCollector(source)
    uart, tuya, meter = UartLines(collector), TuyaLines(collector), MeterLines(collector)
    for number, found in collector.matches(LINE):
        tag, text, t = found["tag"], found["text"], collector.time(found["time"])
        if tag == UART:
            uart.debug(number, t, text, found)
        elif tag == TUYA:
            tuya.line(number, t, text, column_of(found, "text"))
        elif tag.startswith(VERY_VERBOSE):
            uart.byte(number, t, text)
        elif meter.is_of(tag, text):
            meter.line(number, t, text, column_of(found, "text"))
    uart.finish()
    if tuya.is_used or meter.is_used:
        lanes = {chunk.lane for chunk in collector.chunks}
        streams = [b"".join(chunk.data for chunk in collector.chunks if chunk.lane == lane) for lane in lanes]
        tuya.finish(streams)
        meter.finish(streams)
    collector.chunks.sort(key=attrgetter("line"))
    reading = collector.reading()
    if not reading.chunks and not reading.contents and reading.explained >= MOST * reading.lines > 0:
        return refusal("esphome", ADVICE)
    return reading


ESPHOME = InputFormat(
    name="esphome",
    group="log",
    title="a log of ESPHome",
    specificity=Specificity.PROGRAM,
    recognise=recognise,
    read=read,
)
FORMATS = (ESPHOME,)
