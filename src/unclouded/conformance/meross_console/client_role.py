"""Playing the console against a client. Source: docs/protocols/meross_console.md §1."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole
from unclouded.conformance.line import CheckLine, Script
from unclouded.conformance.meross_console.client_checks import CLIENT_CHECKS, LONGEST_WAIT_S, PREPARATIONS
from unclouded.conformance.meross_console.emulated_console import (
    ClientLine,
    EmulatedConsole,
    TypedReader,
    is_typed,
)
from unclouded.core.sessions.session import Ambient

SILENCE_S = 30.0  # ours
ADVICE = "Look for: TX to RX and RX to TX; ground; 115200 baud, 8N1; does the client run, and has it opened the line?"


def client_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> ClientLine:
    """The line of a client that is checked, where we play the console."""
    return CheckLine("controller", TypedReader(), EmulatedConsole, ambient, firmware=firmware, advise=advise)


def reach(line: ClientLine, seconds: float) -> Script[str]:
    """Wait for a line that it types."""
    mark = line.log.mark()
    if (yield from line.wait_for(is_typed(), seconds)) is not None:
        yield from line.pause(1.0)
        return ""
    return line.why_not_reached(mark, seconds)


def is_alive(line: ClientLine) -> Script[bool]:
    """Whether the client types something within the longest time between its commands."""
    return (yield from line.wait_for(is_typed(), LONGEST_WAIT_S)) is not None


CLIENT_ROLE = PlayedRole(
    plays="console",
    tests="client",
    line=client_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=CLIENT_CHECKS,
    preparations=PREPARATIONS,
)
