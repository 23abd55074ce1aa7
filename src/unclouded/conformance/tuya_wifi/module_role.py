"""Playing the MCU against a module: how it is found, what checks need first, and all checks of it.

Source: docs/protocols/tuya_wifi.md §2.3.
"""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole, Preparation
from unclouded.conformance.line import CheckLine, Script
from unclouded.conformance.tuya.frames import TuyaReader, is_any_frame
from unclouded.conformance.tuya.line_checks import (
    ANSWERS,
    QUESTION,
    TuyaQuestion,
    answers_within,
    find_question,
    line_checks,
    version_checks,
)
from unclouded.conformance.tuya_wifi.emulated_mcu import EmulatedMcu
from unclouded.conformance.tuya_wifi.module_notice_checks import MODULE_NOTICE_CHECKS
from unclouded.conformance.tuya_wifi.module_report_checks import REPORT_CHECKS, SYNC, takes_22
from unclouded.conformance.tuya_wifi.module_reset_checks import (
    PERSON_CHECKS,
    PERSON_PREPARATIONS,
    RESET_CHECKS,
    STOP_CHECKS,
)
from unclouded.conformance.tuya_wifi.module_service_checks import SERVICE_CHECKS
from unclouded.conformance.tuya_wifi.module_start_checks import (
    IDLE,
    ONLINE,
    SEARCH,
    START,
    START_CHECKS,
    ModuleLine,
    idle,
    observe_start,
    online,
    search,
)
from unclouded.conformance.tuya_wifi.module_tolerance_checks import TOLERANCE_CHECKS
from unclouded.core.sessions.session import Ambient
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI

SILENCE_S = 30.0  # two heartbeats; docs/protocols/tuya_wifi.md §2.3.2
ALIVE_S = 35.0
ADVICE = (
    "Look for: TX to RX and RX to TX; ground; the module's supply and its enable pin; 9600 or 115200 baud (?baud= of "
    "the link); the real MCU, which must be off or held in reset; a battery device's module, which is tuya_low_power."
)
QUESTIONS = (
    TuyaQuestion(codes.NETWORK_QUERY),
    TuyaQuestion(codes.LOCAL_TIME),
    TuyaQuestion(codes.SIGNAL),
    TuyaQuestion(codes.MAC),
    TuyaQuestion(codes.GMT),
)


def module_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> ModuleLine:
    """The line of a module that is checked, where we play the MCU."""
    return CheckLine("controller", TuyaReader(WIFI.shapes), EmulatedMcu, ambient, firmware=firmware, advise=advise)


def reach(line: ModuleLine, seconds: float) -> Script[str]:
    """Wait for the module's first frame, without an answer."""
    mark = line.log.mark()
    line.end.is_silent = True
    entry = yield from line.wait_for(is_any_frame, seconds)
    line.end.is_silent = False
    if entry is not None:
        return ""
    return line.why_not_reached(mark, seconds)


def is_alive(line: ModuleLine) -> Script[bool]:
    """Does it answer a question, or, where none is known, does it send anything?"""
    if not line.facts.get(ANSWERS):
        return (yield from line.wait_for(is_any_frame, ALIVE_S)) is not None
    return (yield from answers_within(line, ALIVE_S))


MODULE_ROLE = PlayedRole(
    plays="MCU",
    tests="module",
    line=module_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(
        *START_CHECKS,
        *TOLERANCE_CHECKS,
        *REPORT_CHECKS,
        *SERVICE_CHECKS,
        *MODULE_NOTICE_CHECKS,
        *line_checks("module", ("frame-inside",)),
        *version_checks("module", (0, 1, 2, 3), "must"),
        *PERSON_CHECKS,
        *STOP_CHECKS,
        *RESET_CHECKS,
    ),
    preparations={
        SEARCH: Preparation(text="the module searches for an MCU", script=search, once=True),
        START: Preparation(text="the start of the conversation is over", script=observe_start, once=True),
        ONLINE: Preparation(text="the start of the conversation is over", script=online),
        IDLE: Preparation(text="a while has passed", script=idle, once=True),
        QUESTION: Preparation(text="it answers a question", script=find_question(*QUESTIONS), once=True),
        SYNC: Preparation(text="it answers a 22", script=takes_22, once=True),
        **PERSON_PREPARATIONS,
    },
)
