"""Bytes as they are: whatever is no text, and text that is itself what crossed the wire.

A header that a terminal program wrote before them is cut off.
"""

import re

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

HEADER = re.compile(rb"=~(?:=~){3,20}=? PuTTY log [0-9.]{1,12} [0-9:]{1,10} =~(?:=~){3,20}=?[\r\n]{1,2}")


def read(source: InputSource) -> FormatReading:
    data = source.data
    header = HEADER.match(data)
    notes = [] if header is None else ["the header of the terminal program is left out"]
    data = data[header.end() :] if header is not None else data
    return FormatReading(chunks=[InputChunk(None, None, data)] if data else [], notes=notes)


RAW = InputFormat(
    name="raw",
    group="raw",
    title="raw bytes",
    specificity=Specificity.RAW,
    recognise=lambda source: 0.01,
    read=read,
    of_bytes=True,
)
FORMATS = (RAW,)
