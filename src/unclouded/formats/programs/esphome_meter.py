"""Lines of ESPHome's component for the Emporia Vue Utility Connect -> frames that are put together again.

    Sending request for meter reading                           the request
    Meter Response Bytes   4 to   7: 00 00 25 87                four bytes of the answer; four zeros are left out
    MGM: T00000000:RX len 37, ep 01, … FC 18 seq B0 cmd 01 payload[00 00 00 25 …]        the answer whole

The last bytes of an answer are never printed: of a message of n bytes only those before 4·⌊n/4⌋ - 4. What else it
logs, with the install code among it, is not read.
"""

import re
from collections.abc import Sequence

import msgspec

from unclouded.core.family import Sender
from unclouded.formats.chunk import InputChunk
from unclouded.formats.line_collector import LineCollector

REQUEST = b"$r\r"
ANSWER = b"$\x01r"
AROUND = 5  # bytes of the message around the payload
GROUP = re.compile(r"\s{0,4}Meter Response Bytes\s{1,4}(\d{1,3}) to\s{1,4}(\d{1,3}): ((?:[0-9A-Fa-f]{2} ?){1,4})")
WHOLE = re.compile(
    r"MGM:.{0,64}RX len (\d{1,3}),.{0,160}FC ([0-9A-Fa-f]{2}) seq ([0-9A-Fa-f]{2}) cmd ([0-9A-Fa-f]{2}) "
    r"payload\[((?:[0-9A-Fa-f]{2} ?)*)\]"
)
TAGS = ("emporia_vue_utility", "emporia")
SIGN = "Meter Response Bytes"
LONGEST = 255
HEADER = 3  # bytes before the attributes: control, sequence number, command
SIZES = {0x08: 1, 0x10: 1, 0x18: 1, 0x19: 2, 0x1A: 3, 0x1B: 4, 0x20: 1, 0x21: 2, 0x22: 3, 0x23: 4, 0x24: 5, 0x25: 6}
SIZES |= {0x26: 7, 0x27: 8, 0x28: 1, 0x29: 2, 0x2A: 3, 0x2B: 4, 0x2C: 5, 0x2D: 6, 0x2E: 7, 0x2F: 8, 0x30: 1, 0x31: 2}
SIZES |= {0x39: 4, 0x3A: 8, 0xE2: 4}


class PrintedAnswer(msgspec.Struct):
    """An answer whose groups are being read."""

    number: int
    t: float | None
    column: int
    data: bytearray
    length: int = 0  # of the payload, where it is printed


class MeterLines:
    """Reads the lines of the component."""

    def __init__(self, collector: LineCollector) -> None:
        self._collector = collector
        self._chunks: list[InputChunk] = []
        self._whole: bytes = b""  # the last answer that was printed whole
        self._length = 0
        self._open: PrintedAnswer | None = None
        self._lost = 0

    @staticmethod
    def is_of(tag: str, text: str) -> bool:
        """Whether the component wrote this line, by its tag or its text."""
        return tag.startswith(TAGS) or SIGN in text

    def line(self, number: int, t: float | None, text: str, column: int) -> None:
        """Takes a line of the component. ``number``: from 1; ``t``: seconds; ``column``: where ``text`` begins."""
        group = GROUP.fullmatch(text.rstrip())
        if group is not None:
            self._group(number, t, column, int(group[1]), bytes.fromhex(group[3]))
            return
        self._end()
        whole = WHOLE.search(text)
        if whole is not None:
            self._whole = bytes.fromhex(whole[2] + whole[3] + whole[4] + whole[5])
            self._length = int(whole[1])
            if len(self._whole) == self._length:
                self._answer(number, t, column, self._whole)
        elif text.startswith("Sending request for meter reading"):
            self._put(number, t, column, "controller", REQUEST)

    @property
    def is_used(self) -> bool:
        """Whether there was a message of the component."""
        return bool(self._chunks or self._open)

    def finish(self, streams: Sequence[bytes]) -> None:
        """Hand over the frames, unless ``streams``, the bytes of the debugger, hold them already."""
        self._end()
        frames = [chunk.data for chunk in self._chunks[:LONGEST] if chunk.data != REQUEST]
        if any(frame in stream for frame in frames for stream in streams):
            return
        self._collector.chunks += self._chunks
        self._collector.data_lines += len(self._chunks)
        if self._lost:
            self._collector.notes.append(
                f"{self._lost} answers of the meter lack their last bytes, which are not printed"
            )

    # --- inside --------------------------------------------------------------------------------

    def _group(self, number: int, t: float | None, column: int, at: int, data: bytes) -> None:
        if at == 0 or self._open is None or at < len(self._open.data):
            self._end()
            self._open = PrintedAnswer(number, t, column, bytearray())
        if at <= LONGEST:
            self._open.data += bytes(at - len(self._open.data)) + data

    def _end(self) -> None:
        one, self._open = self._open, None
        if one is None:
            return
        data = bytes(one.data)
        if self._whole and self._whole.startswith(data):
            return  # it was printed whole before
        length = payload_length(data)
        if length and length <= printed(length):
            self._answer(one.number, one.t, one.column, data.ljust(length, b"\0")[:length])
        else:
            self._lost += 1
            cut = ANSWER + bytes([min(length, 0xFF)]) + data if length else ANSWER
            self._chunks.append(InputChunk(one.t, "device", cut, "meter", one.number, one.column, gap=True, mark="cut"))

    def _answer(self, number: int, t: float | None, column: int, data: bytes) -> None:
        self._put(number, t, column, "device", ANSWER + bytes([len(data)]) + data + b"\r")

    def _put(self, number: int, t: float | None, column: int, sender: Sender, data: bytes) -> None:
        self._chunks.append(InputChunk(t, sender, data, "meter", number, column, gap=True, mark="rebuilt"))


def printed(length: int) -> int:
    """How many bytes of a payload of this length are printed, or left out as zeros."""
    return (length + AROUND) // 4 * 4 - 4


def payload_length(data: bytes) -> int:
    """The length of a payload by its attributes, the last of which may go on behind ``data``; 0 = not known."""
    at = HEADER
    while at < len(data):
        status = data[at + 2 : at + 3]
        if status and status[0]:
            at += HEADER
            continue
        type = data[at + 3 : at + 4]
        size = SIZES.get(type[0]) if type else None
        if size is None:
            return 0
        at += HEADER + 1 + size
    return at if HEADER < at <= LONGEST else 0
