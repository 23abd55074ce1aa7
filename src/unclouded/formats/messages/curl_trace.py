"""Traces of curl: ``--trace`` and ``--trace-ascii``, with and without ``--trace-time``.

    12:00:00.500000 => Send data, 294 bytes (0x126)            <= Recv data, 292 bytes (0x124)
    0000: 7b 22 68 65 … {"he                                   0000: {"header":{"messageId":…

curl is the client, so what it sends goes to the plug. Headers and what it says of the connection are left out.
"""

import re

from unclouded.core.family import Sender
from unclouded.formats.line_collector import LineCollector, share_of_lines
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

LINE = re.compile(
    r"""^(?:(?P<time>\d\d:\d\d:\d\d\.\d{6})[ ])?(?:
      ==[ ]Info:[^\n]*
    | (?P<way>=>|<=)[ ](?P<block>(?:Send|Recv)[ ](?:SSL[ ])?(?:header|data)),[ ](?P<size>\d{1,9})[ ]bytes
      [ ]\(0x[0-9a-f]{1,8}\)
    | (?P<offset>[0-9a-f]{4,8}):[ ](?P<row>[^\n]*))$""",
    re.VERBOSE | re.MULTILINE,
)
HEX = re.compile(r"(?:[0-9a-f]{2} ){1,16}")
SIGN = re.compile(r"(?:=>|<=) (?:Send|Recv) (?:header|data), \d{1,9} bytes")
ENOUGH = 0.5
HEX_COLUMNS = 48  # of 16 bytes


class TraceBlock:
    """A block of data that is being read."""

    def __init__(self, number: int, t: float | None, sender: Sender, size: int) -> None:
        self.number, self.t, self.sender, self.size = number, t, sender, size
        self.rows: list[str] = []

    def data(self) -> bytes:
        """Its bytes: rows of hex, or of text where they are longer than their hex would be."""
        first = self.rows[0] if self.rows else ""
        found = HEX.match(first)
        if found is not None and len(found[0]) // 3 == min(16, self.size):
            return b"".join(bytes.fromhex(row[:HEX_COLUMNS]) if _is_hex(row) else _short(row) for row in self.rows)
        return "\r\n".join(self.rows).encode() if self._is_wrapped() else "".join(self.rows).encode("utf-8", "replace")

    def _is_wrapped(self) -> bool:
        """Whether line ends were left out."""
        return sum(map(len, self.rows)) + 2 * (len(self.rows) - 1) == self.size and len(self.rows) > 1


def _is_hex(row: str) -> bool:
    found = HEX.match(row)
    return found is not None and found.end() == HEX_COLUMNS


def _short(row: str) -> bytes:
    """The last row, padded with blanks."""
    found = HEX.match(row[:HEX_COLUMNS])
    return bytes.fromhex(found[0]) if found is not None else b""


def read(source: InputSource) -> FormatReading:
    collector = LineCollector(source)
    block: TraceBlock | None = None
    blocks: list[TraceBlock] = []
    for number, found in collector.matches(LINE):
        if found["offset"] is not None:
            if block is not None:
                block.rows.append(found["row"])
            continue
        block = None
        t = collector.time(found["time"])
        if found["way"] is not None and found["block"].endswith("data"):
            sender: Sender = "controller" if found["way"] == "=>" else "device"
            block = TraceBlock(number, t, sender, int(found["size"]))
            blocks.append(block)
    for one in blocks:
        collector.add(one.number + 1, one.data(), one.t, sender=one.sender)
    return collector.reading()


CURL_TRACE = InputFormat(
    name="curl_trace",
    group="log",
    title="a trace of curl",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: share_of_lines(source, LINE, ENOUGH) if SIGN.search(source.text or "") else 0.0,
    read=read,
)
FORMATS = (CURL_TRACE,)
