"""The suite of the metering chip: one role, which listens."""

from collections.abc import Callable

from unclouded.conformance.check import CheckSuite, PersonTask, PlayedRole
from unclouded.conformance.hlw8032.chip_checks import (
    CHIP_CHECKS,
    PREPARATIONS,
    ChipListener,
    ChipReader,
    Line,
    is_frame,
)
from unclouded.conformance.line import CheckLine, Script
from unclouded.core.sessions.session import Ambient

SILENCE_S = 10.0  # ours
SETTLE_S = 1.0  # of a chip that was just switched on; ours
ADVICE = (
    "Look for: TX to RX, through a coupler that isolates mains; mains at the plug; 4800 baud, 8E1 (even parity), which "
    "the link has by itself."
)


def chip_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> Line:
    """The line of a chip that is checked; it sends unasked, and we only listen."""
    return CheckLine("device", ChipReader(), ChipListener, ambient, firmware=firmware, advise=advise)


def reach(line: Line, seconds: float) -> Script[str]:
    """Waits for a first frame; the reason where none comes within so many seconds, else ""."""
    mark = line.log.mark()
    if (yield from line.wait_for(is_frame, seconds)) is not None:
        yield from line.pause(SETTLE_S)
        return ""
    return line.why_not_reached(mark, seconds)


def is_alive(line: Line) -> Script[bool]:
    """Whether the chip sends a frame within SILENCE_S."""
    return (yield from line.wait_for(is_frame, SILENCE_S)) is not None


CHIP_ROLE = PlayedRole(
    plays="reader",
    tests="chip",
    line=chip_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=CHIP_CHECKS,
    preparations=PREPARATIONS,
)
HLW8032 = CheckSuite(
    name="hlw8032",
    title="HLW8032 and CSE7766: the metering chip of a plug, which only sends",
    page="hlw8032",
    family="hlw8032",
    roles={"controller": CHIP_ROLE},
)
