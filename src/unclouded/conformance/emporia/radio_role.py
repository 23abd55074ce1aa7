"""Playing the controller against a radio. Source: docs/protocols/emporia.md §1.3."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole, Preparation
from unclouded.conformance.emporia.frames import EmporiaReader, Line, ask
from unclouded.conformance.emporia.radio_answer_checks import ANSWER_CHECKS, ANSWERS, IDLE, ask_all, frame_checks, idle
from unclouded.conformance.emporia.radio_line_checks import LINE_CHECKS, RESET_CHECKS, WAS_RESET, answers, reset
from unclouded.conformance.emporia.radio_reading_checks import READING_CHECKS, READINGS, ask_readings
from unclouded.conformance.line import CheckLine, PassiveEnd, Script
from unclouded.core.sessions.session import Ambient
from unclouded.families.emporia.commands import FIRMWARE
from unclouded.families.emporia.frame import request

SILENCE_S = 15.0  # ours
ADVICE = (
    "Look for: TX to RX and RX to TX (header P5, pin 1 and 2); ground; 3.3 V; 115200 baud; the real ESP32, which must "
    "be held in reset."
)


def radio_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> Line:
    """The line of a radio that is checked, where scripts play the hub."""
    return CheckLine("device", EmporiaReader("device"), PassiveEnd, ambient, firmware=firmware, advise=advise)


def reach(line: Line, seconds: float) -> Script[str]:
    """f until it is answered. "" or why no radio is found."""
    mark, until = line.log.mark(), line.now + seconds
    while line.now < until:
        if (yield from ask(line, FIRMWARE)) is not None:
            yield from line.pause(1.0)
            return ""
    received = b"".join(entry.data for entry in line.received(mark))
    if request(FIRMWARE) in received:
        return "What is sent comes back: TX and RX are joined, and no radio answers."
    return line.why_not_reached(mark, seconds)


RADIO_ROLE = PlayedRole(
    plays="controller",
    tests="radio",
    line=radio_line,
    reach=reach,
    alive=answers,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(
        *ANSWER_CHECKS,
        *READING_CHECKS,
        *frame_checks((ANSWERS, IDLE, READINGS)),
        *LINE_CHECKS,
        *RESET_CHECKS,
    ),
    preparations={
        ANSWERS: Preparation(text="it was asked f, j, m and i", script=ask_all, once=True),
        IDLE: Preparation(text="it was left alone", script=idle, once=True),
        READINGS: Preparation(text="it was asked for readings", script=ask_readings, once=True),
        WAS_RESET: Preparation(text="it was reset", script=reset, once=True),
    },
)
