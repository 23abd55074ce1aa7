"""Programs for serial ports whose lines need a grammar of their own, and the names of others.

    1795953600,55AA03…041795953610,55AA…          RealTerm: a time before each record, and no line end between them
    "2026-11-29 12:00:00",24016601070D"2026-…
    000000.130 RX   0010  6F 75 64 65  oude       spy:// of pySerial: rows with their offset

The lines of the others are read as general ones (lines/general.py).
"""

import re
from collections.abc import Callable
from functools import partial

from unclouded.formats.line_collector import LineCollector, column_of, share_of_lines
from unclouded.formats.lines import general
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.labels import Label
from unclouded.formats.text.shaped_lines import LineHead, head_text

RECORD = re.compile(
    r"""(?:"(?P<date>\d{4}-\d\d-\d\d[ ]\d\d:\d\d:\d\d)"|(?P<unix>1\d{9})(?:\.\d{1,6})?),
    (?P<hex>(?:(?!1\d{9},)[0-9A-Fa-f\s])*)""",
    re.VERBOSE,
)
REALTERM_BEGIN = re.compile(r'\s{0,8}(?:"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"|1\d{9}),[0-9A-Fa-f]{2}')
SPY_LINE = re.compile(
    r"""^(?P<time>\d{6}\.\d{3})[ ](?:
    (?P<lane>[TR]X)[ ]{1,4}[0-9A-Fa-f]{4}[ ]{2}(?P<hex>(?:[0-9A-Fa-f]{2}[ ]{1,2}){1,16})[^\n]*
    | (?:Q-)?[A-Z][A-Za-z]{1,12}(?:[ ][^\n]*)?)$""",
    re.VERBOSE | re.MULTILINE,
)
SPY_COLUMNS = (*range(0, 24, 3), *range(25, 49, 3))  # of the bytes of a row
ENOUGH = 0.5


def realterm(source: InputSource) -> FormatReading:
    """Records one after the other."""
    text = source.text or ""
    collector = LineCollector(source)
    end = number = last = 0
    number = 1
    for found in RECORD.finditer(text):
        number += text.count("\n", last, found.start())
        last, end = found.start(), found.end()
        t = collector.time(found["date"] or found["unix"])
        digits = "".join(found["hex"].split())
        is_odd = len(digits) % 2 == 1
        data = bytes.fromhex(digits[: len(digits) // 2 * 2])
        collector.add(number, data, t, column=column_of(found, "hex"), mark="cut" if is_odd else "")
    collector.explained = source.filled if not text[end:].strip() else 0
    return collector.reading()


def spy(source: InputSource) -> FormatReading:
    """Rows of pySerial's spy."""
    collector = LineCollector(source)
    for number, found in collector.matches(SPY_LINE):
        if found["hex"] is not None:
            t = collector.at(float(found["time"]), "run")
            data, column = bytes.fromhex(found["hex"]), column_of(found, "hex")
            collector.add(number, data, t, found["lane"], column=column)
            if len(data) > len(SPY_COLUMNS) // 2 and found[0].startswith(
                data[8:9].hex().upper(), column - 1 + SPY_COLUMNS[8]
            ):
                text = head_text(found[0], column - 1, column - 1)
                collector.learn(found, LineHead(text, "cells", columns=SPY_COLUMNS, label=Label(found["lane"])), "time")
    return collector.reading()


def _begins(pattern: re.Pattern[str], source: InputSource) -> float:
    return 1.0 if pattern.match(source.text or "") else 0.0


def _format(
    name: str, title: str, recognise: Callable[[InputSource], float], read: Callable[[InputSource], FormatReading]
) -> InputFormat:
    return InputFormat(
        name=name, group="log", title=title, specificity=Specificity.PROGRAM, recognise=recognise, read=read
    )


NAMES: tuple[tuple[str, str, re.Pattern[str], float], ...] = (  # name, title, a line, the share of such lines
    ("sscom", "a log of SSCOM", re.compile(r"^\[[\d:.]{8,12}\](?:收←◆|发→◇)", re.MULTILINE), 0.3),
    (
        "netassist",
        "a log of NetAssist or UartAssist",
        re.compile(r"^\[[\d :.-]{19,26}\]# (?:SEND|RECV) (?:HEX|ASCII)", re.MULTILINE),
        0.2,
    ),
    (
        "eltima",
        "a log of Serial Port Monitor",
        re.compile(r"^\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d\] (?:Written|Read) data", re.MULTILINE),
        0.1,
    ),
    (
        "socat",
        "a log of socat",
        re.compile(r"^[<>] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6,9}  length=\d", re.MULTILINE),
        0.05,
    ),
    (
        "jpnevulator",
        "a log of jpnevulator",
        re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}: ?\S{0,64}$", re.MULTILINE),
        0.05,
    ),
    ("rslogger", "a log of RSLogger", re.compile(r"^[AP]\d\d:\d\d:\d\d\.\d{3}[AB] [0-9A-F]{2}", re.MULTILINE), 0.5),
    (
        "docklight",
        "a log of Docklight",
        re.compile(r"^\d\d?[./]\d\d?[./]\d{4} \d\d:\d\d:\d\d\.\d{2,3} \[(?:TX|RX)\] - ", re.MULTILINE),
        0.3,
    ),
    (
        "tuyamcuanalyzer_source",
        "the source pane of TuyaMCUAnalyzer",
        re.compile(r"^//[RS] (?:[^\n]{8,30} WiFi (?:received|sent):|by File \.\.\.)", re.MULTILINE),
        0.2,
    ),
)
FORMATS = (
    _format("realterm", "a capture of RealTerm", partial(_begins, REALTERM_BEGIN), realterm),
    _format("pyserial_spy", "a log of pySerial's spy", lambda source: share_of_lines(source, SPY_LINE, ENOUGH), spy),
    *(
        _format(name, title, partial(share_of_lines, pattern=pattern, enough=enough), general.read)
        for name, title, pattern, enough in NAMES
    ),
)
