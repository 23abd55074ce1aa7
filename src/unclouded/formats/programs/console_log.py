"""What a plug's serial console prints: its log, its prompt with commands, and their answers.

    [T: 128 M: common C: info F: system_init L: 353]: platform:MT7682-E3.
    $ meross hw

Each line is handed on as it is; there may be text of people between them.
"""

import re

from unclouded.formats.line_collector import LineCollector
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

SIGN = re.compile(r"^(?:\$ )?\[T: \d{1,12} M: \w{1,32} C: \w{1,16} F: \w{1,64} L: \d{1,6}\]: ", re.MULTILINE)
PROMPT = re.compile(r"^\$ ?meross(?: \w{1,16})?$", re.MULTILINE)
ENOUGH = 2  # prompts
SAMPLE = 16_384


def recognise(source: InputSource) -> float:
    """1 where there is a line of the log, or several prompts with its commands."""
    text = (source.text or "")[:SAMPLE]
    return 1.0 if SIGN.search(text) or len(PROMPT.findall(text)) >= ENOUGH else 0.0


def read(source: InputSource) -> FormatReading:
    collector = LineCollector(source)
    for number, line in enumerate(source.lines, 1):
        collector.add(number, f"{line}\r\n".encode("utf-8", "replace"), None)
        collector.explained += 1
    return collector.reading()


CONSOLE_LOG = InputFormat(
    name="console_log",
    group="log",
    title="text of a plug's serial console",
    specificity=Specificity.PROGRAM,
    recognise=recognise,
    read=read,
)
FORMATS = (CONSOLE_LOG,)
