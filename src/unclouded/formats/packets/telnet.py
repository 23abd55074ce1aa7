"""Telnet undone: what RFC 2217 and other terminal servers add to the bytes of a serial line.

ff ff                       one byte ff
ff fb|fc|fd|fe option       will, won't, do, don't
ff fa option … ff f0        parameters (a baud rate)
ff f0..f9                   other commands
"""

import re

IAC, SE, SB, WILL, DONT, FIRST = 0xFF, 0xF0, 0xFA, 0xFB, 0xFE, 0xF0
OPTIONS = rb"[\x00\x01\x03\x05\x06\x18\x1f-\x24\x27\x2c]"  # those that serial servers negotiate
NEGOTIATION = re.compile(rb"\xff[\xfb-\xfe]" + OPTIONS + rb"|\xff\xfa\x2c")
COMMAND = re.compile(rb"\xff[\xf0-\xff]")
ENOUGH = 2  # negotiations of a connection; one may be bytes of a line
LONGEST = 256  # bytes of parameters


def negotiations(data: bytes) -> int:
    """How many options are negotiated in these bytes."""
    return len(NEGOTIATION.findall(data))


def is_escaped(data: bytes) -> bool:
    """Whether each ff in these bytes begins a command of telnet; at their end it may be cut off."""
    return b"\xff" not in COMMAND.sub(b"", data)[:-1]


class TelnetFilter:
    """Takes the commands out of one direction."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The bytes of the line in the next piece; a command that is not whole is held."""
        data, self._held = self._held + data, b""
        parts, at = [], 0
        while (begin := data.find(IAC, at)) >= 0:
            parts.append(data[at:begin])
            size = _command_size(data, begin)
            if not size:
                self._held = data[begin:]
                return b"".join(parts)
            if size == 2 and data[begin + 1] == IAC:
                parts.append(b"\xff")
            at = begin + size
        return b"".join([*parts, data[at:]])


def _command_size(data: bytes, at: int) -> int:
    """The bytes of the command that begins here; 0 = it is not whole yet."""
    if at + 1 >= len(data):
        return 0
    code = data[at + 1]
    if code == SB:
        end = _parameters_end(data, at + 2)
        return end - at if end else (2 if len(data) - at > LONGEST else 0)
    if WILL <= code <= DONT:
        return 3 if at + 2 < len(data) else 0
    return 2 if code >= FIRST else 1


def _parameters_end(data: bytes, at: int) -> int:
    last = min(at + LONGEST, len(data) - 1)
    while (at := data.find(IAC, at, last)) >= 0:
        if data[at + 1] == SE:
            return at + 2
        at += 2
    return 0
