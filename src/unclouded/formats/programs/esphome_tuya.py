"""Lines of ESPHome's tuya component -> frames that are put together again, or values.

    Received Tuya: CMD=0x07 VERSION=3 DATA=[01.01.00.01.01 (5)] INIT_STATE=5       Sending Tuya: CMD=0x00 …
    Datapoint 19 update to 423

The count stands behind long data, of 2020 always; newer versions print no count and 16 bytes at most, without a sign.
"""

import re
from collections.abc import Sequence

import msgspec

from unclouded.core.family import Sender
from unclouded.formats.chunk import InputChunk
from unclouded.formats.line_collector import LineCollector

MESSAGE = re.compile(
    r"(?:(Received)|Sending) Tuya: CMD=0x([0-9A-Fa-f]{1,2}) VERSION=(\d{1,3}) "
    r"DATA=\[([0-9A-Fa-f.]*+)[ ]?(?:\((\d{1,5})\))?(\])?"
)
VALUE = re.compile(r"Datapoint (\d{1,3}) (?:update|set|updated) to (.{1,256})")
NUMBER = re.compile(r"-?\d{1,12}")
MOST_PRINTED = 16  # bytes that newer versions print
COMPARED = 32  # frames that are looked for among the bytes of the debugger
LIST_END = b"}"
LONG = 4  # the bytes of an id, a type and a length


class PrintedFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame as the component prints it. ``is_cut``: its data go on."""

    number: int
    t: float | None
    column: int
    sender: Sender
    command: int
    version: int
    data: bytes
    is_cut: bool


class TuyaLines:
    """Reads the lines of the component; ``finish`` hands the frames over."""

    def __init__(self, collector: LineCollector) -> None:
        self._collector = collector
        self._frames: list[PrintedFrame] = []
        self._values: list[tuple[int, float | None, dict[str, object]]] = []

    def line(self, number: int, t: float | None, text: str, column: int) -> None:
        """Takes a line of the component. ``number``: from 1; ``t``: seconds; ``column``: where ``text`` begins."""
        found = MESSAGE.match(text)
        if found is not None:
            self._frames.append(_printed(number, t, column, found))
        elif (value := VALUE.match(text)) is not None:
            self._values.append((number, t, {value[1]: _value(value[2])}))

    @property
    def is_used(self) -> bool:
        """Whether there was a line of the component."""
        return bool(self._frames or self._values)

    def finish(self, streams: Sequence[bytes]) -> None:
        """Hand over the frames, unless ``streams``, the bytes of the debugger, hold them already."""
        whole = [rebuilt(one) for one in self._frames[:COMPARED] if not one.is_cut]
        if any(frame in stream for frame in whole for stream in streams):
            return
        for one in self._frames:
            self._add(one)
        lost = sum(one.is_cut for one in self._frames)
        if lost:
            self._collector.notes.append(
                f"the data of {lost} frame{'s' if lost > 1 else ''} are cut off at {MOST_PRINTED} bytes"
            )
        if not self._frames:
            for number, t, fields in self._values:
                self._collector.values(number, t, fields)

    def _add(self, one: PrintedFrame) -> None:
        data = bytes([0x55, 0xAA, one.version, one.command]) if one.is_cut else rebuilt(one)
        self._collector.data_lines += 1
        self._collector.chunks.append(
            InputChunk(
                one.t,
                one.sender,
                data,
                "tuya",
                one.number,
                one.column,
                gap=True,
                mark="cut" if one.is_cut else "rebuilt",
            )
        )


def rebuilt(frame: PrintedFrame) -> bytes:
    """The frame with its header, its length and the sum."""
    body = bytes([0x55, 0xAA, frame.version, frame.command]) + len(frame.data).to_bytes(2) + frame.data
    return body + bytes([sum(body) & 0xFF])


def _printed(number: int, t: float | None, column: int, found: re.Match[str]) -> PrintedFrame:
    digits = found[4].replace(".", "")
    data = bytes.fromhex(digits[: len(digits) // 2 * 2])
    is_cut = len(digits) % 2 == 1 or not found[6]
    if found[5]:
        is_cut |= int(found[5]) != len(data)
    elif len(data) == MOST_PRINTED:
        is_cut |= not is_complete(data)
    return PrintedFrame(
        number,
        t,
        column + found.start(),
        "device" if found[1] else "controller",
        int(found[2], 16),
        min(int(found[3]), 0xFF),
        data,
        is_cut,
    )


def is_complete(data: bytes) -> bool:
    """Whether these data are whole: data points that fill them exactly, or the end of a JSON text."""
    if data[:1] == b"{":
        return data.endswith(LIST_END)
    at = 0
    while at + LONG <= len(data):
        at += LONG + int.from_bytes(data[at + 2 : at + LONG])
    return at == len(data)


def _value(text: str) -> object:
    """The value of a data point as it is printed."""
    text = text.strip()
    if text in ("ON", "OFF", "TRUE", "FALSE"):
        return text in ("ON", "TRUE")
    return int(text) if NUMBER.fullmatch(text) else text
