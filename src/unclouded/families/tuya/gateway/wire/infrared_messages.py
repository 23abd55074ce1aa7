"""The messages of infrared codes; how codes are cut into packets is in infrared/packets.py.

    30   00 | total, index | repeat | Hz 4 | length 2 | offset 2 | code …      InfraredSend
    31   00 | seconds                                                        InfraredLearn
    31   00 | Hz 4 | length 2 | offset 2 | code …                             InfraredLearned

A code is durations in microseconds, mark and space in turn, two bytes each; ``len`` counts them for the whole code.
Source: docs/protocols/tuya_gateway.md §2.10.
"""

from typing import ClassVar

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import GatewayResult, must
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Bare

CODE_BYTES = 1024  # of code in one packet
LEARN_SECONDS = 30  # the only time that is supported


class InfraredSend(msgspec.Struct, frozen=True):
    """A packet of code ``index`` of ``total`` codes. ``repeat``: how often the code is sent again."""

    command: ClassVar[int] = codes.INFRARED_SEND
    sub: ClassVar[int] = codes.INFRARED_CODE
    total: int
    index: int
    repeat: int
    freq: int
    len: int
    offset: int
    code: tuple[int, ...]

    def payload(self) -> bytes:
        head = bytes((self.sub, self.total << 4 | self.index, self.repeat))
        return head + _code_bytes(self.freq, self.len, self.offset, self.code)


class InfraredLearned(msgspec.Struct, frozen=True):
    """A packet of the code that was learnt."""

    command: ClassVar[int] = codes.INFRARED_LEARN
    sub: ClassVar[int] = codes.INFRARED_CODE
    freq: int
    len: int
    offset: int
    code: tuple[int, ...]

    def payload(self) -> bytes:
        return bytes((self.sub,)) + _code_bytes(self.freq, self.len, self.offset, self.code)


class InfraredLearn(msgspec.Struct, frozen=True):
    """Learn a code for so many seconds."""

    command: ClassVar[int] = codes.INFRARED_LEARN
    sub: ClassVar[int] = codes.INFRARED_CODE
    seconds: int = LEARN_SECONDS

    def payload(self) -> bytes:
        return bytes((self.sub, self.seconds))


def packet_problem(packet: InfraredSend | InfraredLearned) -> str:
    """What is wrong with a packet, "" = nothing. Its offset counts units, or bytes."""
    size = len(packet.code)
    if not packet.len and isinstance(packet, InfraredSend):  # the session reports a learnt one
        return "the code has no durations"
    if size * 2 > CODE_BYTES:
        return f"a packet has at most {CODE_BYTES} bytes of code, not {size * 2}"
    units = packet.offset + size <= packet.len
    in_bytes = packet.offset % 2 == 0 and packet.offset // 2 + size <= packet.len
    return "" if units or in_bytes else f"the packet ends behind the {packet.len} units of its code"


# --- reading ----------------------------------------------------------------------------------------


def read_infrared_send(frame: Frame) -> InfraredSend:
    data = frame.payload
    return InfraredSend(data[1] >> 4 or 1, data[1] & 15, data[2], *_read_code(data[3:]))


def read_infrared_learned(frame: Frame) -> InfraredLearned:
    return InfraredLearned(*_read_code(frame.payload[1:]))


def read_infrared_learn(frame: Frame) -> InfraredLearn:
    must(len(frame.payload) == 2)
    return InfraredLearn(frame.payload[1])


def read_infrared_stop(frame: Frame) -> Bare:
    """No sub-command stands here, unlike in 30 and 31; a 00 is tolerated."""
    must(frame.payload in (b"", b"\0"))
    return Bare(frame.command)


def read_infrared_stopped(frame: Frame) -> GatewayResult:
    data = frame.payload
    must(len(data) == 1 or (len(data) == 2 and data[0] == 0))
    return GatewayResult(frame.command, data[-1])


# --- inside -----------------------------------------------------------------------------------------


def _code_bytes(freq: int, length: int, offset: int, code: tuple[int, ...]) -> bytes:
    head = freq.to_bytes(4) + length.to_bytes(2) + offset.to_bytes(2)
    return head + b"".join([unit.to_bytes(2) for unit in code])


def _read_code(data: bytes) -> tuple[int, int, int, tuple[int, ...]]:
    must(len(data) >= 8 and len(data) % 2 == 0)
    code = tuple([data[at] << 8 | data[at + 1] for at in range(8, len(data), 2)])
    return int.from_bytes(data[:4]), int.from_bytes(data[4:6]), int.from_bytes(data[6:8]), code
