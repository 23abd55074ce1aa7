"""Playing the radio against a controller. Source: docs/protocols/emporia.md §1.3."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole
from unclouded.conformance.emporia.controller_checks import (
    CONTROLLER_CHECKS,
    RESET_CHECKS,
    SENT_CHECKS,
)
from unclouded.conformance.emporia.controller_reading_checks import CONTROLLER_READING_CHECKS
from unclouded.conformance.emporia.controller_recordings import LONGEST_POLL_S, PREPARATIONS
from unclouded.conformance.emporia.emulated_radio import EmulatedRadio
from unclouded.conformance.emporia.frames import EmporiaReader, Line, is_any_frame
from unclouded.conformance.line import CheckLine, Script
from unclouded.core.sessions.session import Ambient

ADVICE = (
    "Look for: TX to RX and RX to TX (header P5, pin 1 and 2); ground; 3.3 V; 115200 baud; is the controller running?; "
    "the real radio, which must be held in reset."
)


def controller_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> Line:
    """The line of a hub that is checked, where we play the radio."""
    return CheckLine(
        "controller", EmporiaReader("controller"), EmulatedRadio, ambient, firmware=firmware, advise=advise
    )


def reach(line: Line, seconds: float) -> Script[str]:
    """Wait for its first request."""
    mark = line.log.mark()
    if (yield from line.wait_for(is_any_frame, seconds)) is not None:
        yield from line.pause(5.0)
        return ""
    return line.why_not_reached(mark, seconds)


def is_alive(line: Line) -> Script[bool]:
    """Whether the hub sends a frame within the longest period of its questions."""
    return (yield from line.wait_for(is_any_frame, LONGEST_POLL_S)) is not None


CONTROLLER_ROLE = PlayedRole(
    plays="radio",
    tests="controller",
    line=controller_line,
    reach=reach,
    alive=is_alive,
    silence_s=LONGEST_POLL_S,
    advice=ADVICE,
    checks=(*CONTROLLER_CHECKS, *CONTROLLER_READING_CHECKS, *SENT_CHECKS, *RESET_CHECKS),
    preparations=PREPARATIONS,
)
