"""Infrared codes in packets: a frame carries 1024 bytes of a code, longer codes go in several, each acknowledged.

    30 | 1 of 1 | offset    0 | 512 units      offset 0 begins a code
    30 | 1 of 1 | offset  512 | 512 units      whether the offset counts units or bytes, the second packet shows
    30 | 1 of 1 | offset 1024 | 176 units

Source: docs/protocols/tuya_gateway.md §2.10.
"""

from collections.abc import Sequence

from unclouded.core.errors import CommandError
from unclouded.families.tuya.gateway.infrared.infrared_code import InfraredCode
from unclouded.families.tuya.gateway.wire.infrared_messages import CODE_BYTES, InfraredLearned, InfraredSend

UNIT = 2  # bytes
UNITS = CODE_BYTES // UNIT  # in a packet
MOST_CODES = 15  # of one send: four bits
MOST_REPEATS = 255


def send_packets(
    codes: Sequence[InfraredCode], repeat: int = 0, *, offset_in_bytes: bool = False
) -> list[list[InfraredSend]]:
    """The packets of each code of one send, in order. Raises CommandError where the line cannot carry them.

    A code with a repetition of its own carries it; others are sent again by the MCU.
    """
    if not 1 <= len(codes) <= MOST_CODES:
        raise CommandError(f"One send carries 1 to {MOST_CODES} infrared codes, not {len(codes)}.")
    if not 0 <= repeat <= MOST_REPEATS:
        raise CommandError(f"An infrared code is repeated 0 to {MOST_REPEATS} times, not {repeat}.")
    scale = UNIT if offset_in_bytes else 1
    return [_packets(code, len(codes), index, repeat, scale) for index, code in enumerate(codes)]


def learned_packets(code: InfraredCode) -> list[InfraredLearned]:
    """What an MCU that learnt this code sends."""
    units = code.units()
    starts = range(0, len(units), UNITS)
    return [InfraredLearned(code.carrier_Hz, len(units), at, units[at : at + UNITS]) for at in starts]


class CodeAssembler:
    """Puts the packets of codes together, one code after the other."""

    def __init__(self) -> None:
        self._units: list[int] = []
        self._head: tuple[int, int] | None = None  # carrier and length of the code under way

    def add(self, packet: InfraredSend | InfraredLearned) -> InfraredCode | None:
        """The code, where this was its last packet. A packet again is ignored; one that is missing spoils the code."""
        head = packet.freq, packet.len
        if packet.offset == 0:
            self._units, self._head = [], head
        have = len(self._units)
        if head != self._head or packet.offset not in (have, have * UNIT):
            return None
        self._units += packet.code
        if len(self._units) < packet.len:
            return None
        self._head = None
        return InfraredCode(tuple(self._units[: packet.len]), packet.freq)


def _packets(code: InfraredCode, total: int, index: int, repeat: int, scale: int) -> list[InfraredSend]:
    own, again = (repeat, 0) if code.has_own_repeat else (0, repeat)
    units = code.units(own)
    return [
        InfraredSend(total, index, again, code.carrier_Hz, len(units), at * scale, units[at : at + UNITS])
        for at in range(0, len(units), UNITS)
    ]
