"""espurna, and both panes of TuyaMCUAnalyzer.

[343970] [TUYA] =>: 55aa00000000ff          [343982] [TYUA] IN: 55aa0300…            milliseconds since the start
Received by WiFi module:
55 AA⇥03⇥07⇥⇥00 05⇥01 01 00 01 01 ⇥⇥12     the decoded pane: bytes with tabs between them
HEADER⇥VER=03⇥State⇥…                       and what they are
"""

import re

from unclouded.formats.line_collector import LineCollector, column_of, share_of_lines
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.labels import IN, OUT, Label, label_of
from unclouded.formats.text.shaped_lines import LineHead, head_text

ESPURNA_LINE = re.compile(
    r"^(?P<head>\[(?P<ms>\d{1,10})\]) \[(?:T(?:UYA|YUA)\] (?:(?P<out>=>|OUT)|<=|IN):\s?(?P<hex>[0-9A-Fa-f]++)"
    r"|[A-Z]{1,16}\][^\n]*)$",
    re.MULTILINE,
)
DECODED = re.compile(
    r"""^(?:(?P<heading>(?:Received|Sent)[ ]by[ ][A-Za-z ]{1,16}):[ \t]{0,4}
    | (?P<bytes>55[ ]AA\t[0-9A-Fa-f \t]*+)
    | (?:HEADER|dpId=)[^\n]*)$""",
    re.VERBOSE | re.MULTILINE,
)
ENOUGH = 0.5


def espurna(source: InputSource) -> FormatReading:
    """Lines of espurna's Tuya module."""
    collector = LineCollector(source)
    for number, found in collector.matches(ESPURNA_LINE):
        if found["hex"] is not None:
            t = collector.at(int(found["ms"]) / 1000, "run")
            digits = found["hex"]
            lane, column = OUT if found["out"] else IN, column_of(found, "hex")
            data = bytes.fromhex(digits[: len(digits) // 2 * 2])
            collector.add(number, data, t, lane, column=column, gap=collector.is_restarted)
            text = head_text(found[0], column - 1, column - 1)
            collector.learn(found, LineHead(text, "packed", label=Label(lane)), "head")
    return collector.reading()


def decoded(source: InputSource) -> FormatReading:
    """The decoded pane: a heading names the side of the frames below it."""
    collector = LineCollector(source)
    label = label_of("")
    for number, found in collector.matches(DECODED):
        if found["heading"] is not None:
            label = label_of(found["heading"])
        elif found["bytes"] is not None:
            digits = "".join(found["bytes"].split())
            data = bytes.fromhex(digits[: len(digits) // 2 * 2])
            collector.add(number, data, None, label.lane, sender=label.sender, gap=True)
    return collector.reading()


ESPURNA = InputFormat(
    name="espurna",
    group="log",
    title="a log of espurna",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: share_of_lines(source, ESPURNA_LINE) if "[T" in (source.text or "") else 0.0,
    read=espurna,
)
ANALYZER = InputFormat(
    name="tuyamcuanalyzer",
    group="log",
    title="the decoded pane of TuyaMCUAnalyzer",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: share_of_lines(source, DECODED, ENOUGH) if "HEADER\t" in (source.text or "") else 0.0,
    read=decoded,
)
FORMATS = (ESPURNA, ANALYZER)
