"""Frames as people paste them: hex with separators, and logs of other firmware.

hex    55aa0303…   55 AA 03 03 …   55:AA:03:03:…   0x55 0xAA 0x03, 0x03 …
log    13:08:43.017 TYA: Send "55aa0008000007"                        to the device     Tasmota
       13:08:43.064 {"TuyaReceived":{"Data":"55AA0307…","Cmnd":7}}    by the device
       [13:08:43][D][uart_debug:114]: >>> 55:AA:00:08:00:00:07        to the device     ESPHome
       [13:08:43][D][uart_debug:114]: <<< 55:AA:03:07:…               by the device

A log tells times of day: they become seconds since the first one, and midnight does not make them go back.
"""

import re
from collections.abc import Iterable, Iterator
from math import ceil

from unclouded.app.decoding.input_chunk import InputChunk
from unclouded.core.errors import CommandError

HEX = re.compile(rb"(?:[\s:;,.-]|0[xX](?=[0-9a-fA-F])|[0-9a-fA-F])*")
NOT_A_DIGIT = re.compile(rb"0[xX]|[\s:;,.-]")
BYTE = r"(?:0[xX])?[0-9a-fA-F]{2}"
BYTES = re.compile(rf"{BYTE}(?:[ :,.-]{{0,2}}{BYTE}){{4,}}")  # no frame is shorter
MARK = re.compile(r"TuyaReceived|TYA: Send|>>>|<<<")
SENDS = {"TYA: Send", ">>>"}
TIME = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d{1,6})?)")
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")
DAY_S = 86_400.0
CLOCK_SET_S = 60.0  # that a clock may be set back within a log; more is another day
LONGEST_LINE = 65_536  # bytes of a line that are read


def is_hex(head: bytes) -> bool:
    """Whether the input is bytes in hex."""
    return HEX.fullmatch(head) is not None


def is_log(head: bytes) -> bool:
    """Whether the input is text in which at least one line names a direction and has bytes in hex behind it."""
    return CONTROLS.search(head) is None and any(_entry(line) for line in head.splitlines())


def unhex(text: bytes) -> bytes:
    """The bytes of a text in hex, with any separators. Raises CommandError."""
    try:
        return bytes.fromhex(NOT_A_DIGIT.sub(b"", text).decode("ascii"))
    except ValueError:
        raise CommandError("The input is not whole bytes in hex; use --input raw to read it as raw bytes.") from None


def log_chunks(lines: Iterable[bytes]) -> Iterator[InputChunk]:
    """The chunks in a log; lines without bytes are left out."""
    first: float | None = None
    last = 0.0
    for line in lines:
        chunk = _entry(line)
        if chunk is None:
            continue
        if chunk.t is None:
            yield chunk
            continue
        first = chunk.t if first is None else first
        t = chunk.t - first
        if last - t > CLOCK_SET_S:
            t += DAY_S * ceil((last - t) / DAY_S)
        last = max(last, round(t, 6))
        yield InputChunk(last, chunk.sender, chunk.data)


def _entry(line: bytes) -> InputChunk | None:
    """The bytes in a line of a log; ``t``: seconds since midnight."""
    text = line[:LONGEST_LINE].decode("utf-8", "replace")
    mark = MARK.search(text)
    found = BYTES.search(text, mark.end()) if mark is not None else None
    if mark is None or found is None:
        return None
    time = TIME.search(text, 0, mark.start())
    t = None if time is None else int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3])
    return InputChunk(t, "controller" if mark[0] in SENDS else "device", unhex(found[0].encode()))
