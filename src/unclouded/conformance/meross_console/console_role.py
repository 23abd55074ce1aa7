"""Playing the client of a console. Source: docs/protocols/meross_console.md §1."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole, Preparation
from unclouded.conformance.line import CheckLine, PassiveEnd, Script
from unclouded.conformance.meross_console.action_checks import ACTION_CHECKS, RESTART, restart
from unclouded.conformance.meross_console.answer_checks import ANSWER_CHECKS
from unclouded.conformance.meross_console.console_lines import (
    CR,
    ConsoleReader,
    ConsoleReply,
    Line,
    is_any_line,
    is_prompt,
    quiet,
    wake,
)
from unclouded.conformance.meross_console.shell_checks import LOG_CHECKS, RECORDED, SHELL_CHECKS, record
from unclouded.core.sessions.session import Ambient
from unclouded.families.meross.console.wire.answer_form import ConsoleAnswer
from unclouded.families.meross.console.wire.strangers import WRONG_BAUD, recognised

SILENCE_S = 15.0  # ours; a start takes less
WAKE_S = 2.0
ADVICE = (
    "Look for: TX to RX and RX to TX; ground; 3.3 V for the board, and never mains; 115200 baud, 8N1; hardware "
    "version 2, which other plugs do not have."
)


class ConsoleClient(PassiveEnd):
    """``replies``: of the recorded commands. ``unknown``: lines of answers that are not known.

    ``before``: the answer to meross hw before a restart.
    """

    def __init__(self, line: Line) -> None:
        self.replies: list[ConsoleReply] = []
        self.unknown: list[str] = []
        self.before: ConsoleAnswer | None = None


def console_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> Line:
    """The line of a console that is checked, where we play the client."""
    return CheckLine("device", ConsoleReader(), ConsoleClient, ambient, firmware=firmware, advise=advise)


def reach(line: Line, seconds: float) -> Script[str]:
    """Return until a prompt comes. Nothing is typed once another shell is recognised."""
    mark, until = line.log.mark(), line.now + seconds
    while line.now < until:
        line.send(CR)
        if (yield from line.wait_for(is_prompt, WAKE_S)) is not None:
            yield from quiet(line, 1.0)
            return ""
        foreign = recognised(_received(line, mark))
        if foreign:
            return foreign
    return _why_silent(line, mark, seconds)


def _received(line: Line, mark: int) -> bytes:
    return b"".join(entry.data for entry in line.received(mark))


def _why_silent(line: Line, mark: int, seconds: float) -> str:
    data = _received(line, mark)
    if not data:
        return f"Nothing was received within {seconds:g} s."
    found = f"{len(data)} bytes were received within {seconds:g} s, and"
    if not any(map(is_any_line, line.received(mark))):
        return f"{found} none of them is a frame of this line, which are lines of text. {WRONG_BAUD}"
    return f"{found} no prompt among them: the board does not receive what is typed, or it is another device."


CONSOLE_ROLE = PlayedRole(
    plays="client",
    tests="console",
    line=console_line,
    reach=reach,
    alive=wake,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(*SHELL_CHECKS, *ANSWER_CHECKS, *ACTION_CHECKS, *LOG_CHECKS),
    preparations={
        RECORDED: Preparation(text="some commands were typed", script=record, once=True, timeout_s=180.0),
        RESTART: Preparation(text="it was started again", script=restart, once=True),
    },
)
