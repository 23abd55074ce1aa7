"""Bytes as they are: whatever is not text, and text that is itself what crossed the wire.

A header that a terminal program wrote before them is cut off.
"""

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

HEADER_SIGNS = b"=~=~=~=~", b"PuTTY log"
LONGEST_HEADER = 200


def read(source: InputSource) -> FormatReading:
    data = without_header(source.data)
    notes = ["the header of the terminal program is left out"] if len(data) < len(source.data) else []
    return FormatReading(chunks=[InputChunk(None, None, data)] if data else [], notes=notes)


def without_header(data: bytes) -> bytes:
    """The bytes behind the line that PuTTY writes when it opens its log."""
    begin, name = HEADER_SIGNS
    line, end, _ = data[:LONGEST_HEADER].partition(b"\n")
    is_header = line.startswith(begin) and name in line and end
    return data[len(line) + 1 :] if is_header else data


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
