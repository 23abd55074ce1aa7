"""The radio that we play against a controller, and the forms that its readings can have.

Source: docs/protocols/emporia.md §1.2, §1.4, §1.5.
"""

from collections.abc import Callable, Sequence

from unclouded.conformance.emporia.frames import Line
from unclouded.conformance.line import EmulatedEnd, LineEntry
from unclouded.families.emporia import zcl
from unclouded.families.emporia.commands import FIRMWARE, INSTALL_CODE, JOIN, MAC, READING
from unclouded.families.emporia.frame import EmporiaFrame, response
from unclouded.families.emporia.reading import Registers, encode_zcl

DELAY_S = 0.09  # docs/protocols/emporia.md §1.3
MAC_BYTES = bytes.fromhex("0100000000d5b370")  # as on the wire; of no real radio
CODE = bytes.fromhex("1122334455665a60")  # docs/protocols/emporia.md §2.3
IMPORT, EXPORT, POWER = 152_468_871, 9_901_082, 1200  # Wh, Wh, W

Payload = Callable[[Registers], bytes]
Parts = Callable[[bytes], Sequence[tuple[float, bytes]]]


def in_one_piece(data: bytes) -> Sequence[tuple[float, bytes]]:
    """A frame in one part, at once."""
    return ((0.0, data),)


class EmulatedRadio(EmulatedEnd):
    """It answers each request, as a radio must.

    ``mute``: letters that it does not answer now. ``delay_s``: how long it takes for an answer. ``payload``: of a
    reading, from its counts. ``parts``: how the frame of a reading goes out: after how many more seconds which bytes.
    ``sequence``: of the newest reading. ``is_stuck``: the newest payload is sent again and again.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.sequence = 0
        self._newest = b""
        self.reset()

    def reset(self) -> None:
        self.mute: set[str] = set()
        self.is_silent = False
        self.delay_s = DELAY_S
        self.payload: Payload = encode_zcl
        self.parts: Parts = in_one_piece
        self.is_stuck = False

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is None or self.is_silent or frame.type in self.mute:
            return
        if frame.type == READING:
            self._read()
        elif (payload := ANSWERS.get(frame.type)) is not None:
            self.send(frame.type, payload, after=self.delay_s)

    def send(self, letter: str, payload: bytes, *, after: float = 0.0) -> None:
        """Sends a response, and logs it as ours. ``after``: seconds from now."""
        self.line.send(response(letter, payload), EmporiaFrame("device", letter, payload), after=after)

    def tick(self, now: float) -> None:
        """Nothing is due by itself."""

    def deadline(self) -> float | None:
        return None

    def _read(self) -> None:
        self.sequence = (self.sequence + 1) % 256
        self._newest = self._newest if self.is_stuck else self.payload(self.registers())
        for after, data in self.parts(response(READING, self._newest)):
            self.line.send(data, after=self.delay_s + after)

    def registers(self) -> Registers:
        """What the meter has counted until now."""
        used = round(self.line.now * POWER / 3600)
        return Registers(
            delivered=IMPORT + used,
            received=EXPORT,
            multiplier=1,
            divisor=1000,
            demand=POWER,
            sequence=self.sequence,
            uptime_ms=round(self.line.now * 1000),
        )


ANSWERS = {FIRMWARE: b"\x07", JOIN: b"\x01", MAC: MAC_BYTES, INSTALL_CODE: CODE}


def records(registers: Registers) -> zcl.Attributes:
    """The usual reading, to be changed."""
    message = zcl.parse(encode_zcl(registers))
    if not isinstance(message, zcl.Attributes):
        raise AssertionError("a reading is a list of records")
    return message
