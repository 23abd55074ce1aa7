"""Logs of OpenBeken: what its TuyaMCU driver receives, and commands with bytes in them.

    Info:TuyaMCU:Received: 55 AA 03 00 00 01 01 04           Info:TuyaMCU:TUYAMCU received: 55 AA …
    uartSendHex 55AA0008000007                               uartFakeHex 55 AA 03 …

It logs 85 bytes of a frame at most, without a sign, and never what it sent. The same log shows the Wi-Fi password.
"""

import re

from unclouded.formats.chunk import Mark
from unclouded.formats.line_collector import LineCollector, column_of, share_of_lines
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.labels import IN, OUT, Label
from unclouded.formats.text.shaped_lines import LineHead, head_text

LINE = re.compile(
    r"""^(?:[^\n:\[]{0,24}[ ])?(?:
    (?:Info|Warn|Error|Debug|ExtraDebug):(?P<feature>[A-Za-z0-9_ ]{1,24}):(?P<text>[^\n]*)
    | (?:(?P<sent>uartSendHex)|uartFakeHex)[ ]{1,4}(?P<command>[0-9A-Fa-f][0-9A-Fa-f ]*+))$""",
    re.VERBOSE | re.MULTILINE,
)
RECEIVED = re.compile(r"(?:TUYAMCU received|Received): (?P<hex>(?:[0-9A-Fa-f]{2}[ ]?)+)")
COMMAND = re.compile(r"(?<![0-9A-Za-z_])(?:(?P<sent>uartSendHex)|uartFakeHex) {1,4}(?P<hex>(?:[0-9A-Fa-f]{2}[ ]?)+)")
LONGEST = 85  # bytes of a line
SENT, RECEIVED_BY_MODULE = Label(OUT, "controller"), Label(IN, "device")
SIGNS = (":TuyaMCU:", "uartSendHex", "uartFakeHex")
ENOUGH = 0.05


def recognise(source: InputSource) -> float:
    """The share of lines of OpenBeken, where the driver of the MCU is among them."""
    return share_of_lines(source, LINE, ENOUGH) if any(sign in (source.text or "") for sign in SIGNS) else 0.0


def read(source: InputSource) -> FormatReading:
    collector = LineCollector(source)
    cut = 0
    for number, line in collector.matches(LINE):
        if line["command"] is not None:
            digits = line["command"].replace(" ", "")
            data = bytes.fromhex(digits[: len(digits) // 2 * 2])
            sender = "controller" if line["sent"] else "device"
            collector.add(number, data, None, sender, sender=sender, column=column_of(line, "command"), gap=True)  # type: ignore[arg-type]  # one of both
            continue
        found = RECEIVED.match(line["text"]) or COMMAND.search(line["text"])
        if found is None:
            continue
        data = bytes.fromhex(found["hex"])
        label = SENT if found.re is COMMAND and found["sent"] is not None else RECEIVED_BY_MODULE
        is_cut = len(data) >= LONGEST
        cut += is_cut and _is_short(data)
        column = column_of(line, "text") + found.start("hex")
        mark: Mark = "cut" if is_cut else ""
        collector.add(number, data, None, label.lane, sender=label.sender, column=column, mark=mark)
        if found.re is RECEIVED:
            text = head_text(line[0], column - 1, column - 1)
            collector.learn(line, LineHead(text, "pairs", " ", label=label, most=LONGEST - 1))
    if cut:
        collector.notes.append(
            f"{cut} frame{'s are' if cut > 1 else ' is'} cut off at {LONGEST} bytes, the longest that OpenBeken logs"
        )
    return collector.reading()


def _is_short(data: bytes) -> bool:
    """Whether the length in the header is more than what is there."""
    return int.from_bytes(data[4:6]) + 7 > len(data)


OPENBEKEN = InputFormat(
    name="openbeken",
    group="log",
    title="a log of OpenBeken",
    specificity=Specificity.PROGRAM,
    recognise=recognise,
    read=read,
)
FORMATS = (OPENBEKEN,)
