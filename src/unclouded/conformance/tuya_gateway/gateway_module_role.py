"""Playing the MCU against a gateway's module: how it is found, what checks need first, and all checks of it.

Source: docs/protocols/tuya_gateway.md §1.7.
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
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import EmulatedGatewayMcu
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import (
    GATEWAY_MODULE_JOIN_CHECKS,
    JOINED,
    joined,
)
from unclouded.conformance.tuya_gateway.gateway_module_list_checks import GATEWAY_MODULE_LIST_CHECKS, LIMIT_CHECKS
from unclouded.conformance.tuya_gateway.gateway_module_person_checks import (
    GATEWAY_MODULE_PERSON_CHECKS,
    PERSON_PREPARATIONS,
)
from unclouded.conformance.tuya_gateway.gateway_module_report_checks import (
    BEATS,
    GATEWAY_MODULE_HEARTBEAT_CHECKS,
    GATEWAY_MODULE_REPORT_CHECKS,
    LONG_S,
    beats,
)
from unclouded.conformance.tuya_gateway.gateway_module_security_checks import GATEWAY_MODULE_SECURITY_CHECKS
from unclouded.conformance.tuya_gateway.gateway_module_service_checks import GATEWAY_MODULE_SERVICE_CHECKS
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import (
    GATEWAY_MODULE_RESTART_CHECKS,
    GATEWAY_MODULE_START_CHECKS,
    ONLINE,
    RESTART_S,
    SEARCH,
    START,
    GatewayModuleLine,
    observe_start,
    online,
    search,
)
from unclouded.conformance.tuya_gateway.gateway_module_update_checks import (
    GATEWAY_MODULE_UPDATE_CHECKS,
    UPDATE_PREPARATIONS,
)
from unclouded.conformance.tuya_gateway.gateway_module_weather_checks import (
    GATEWAY_MODULE_RESET_CHECKS,
    GATEWAY_MODULE_WEATHER_CHECKS,
)
from unclouded.core.sessions.session import Ambient
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY

SILENCE_S = 100.0  # one that was in a conversation asks 01 again after a minute: ours
ALIVE_S = 35.0
HEARTBEAT = 0x00  # of the ordinary line; docs/protocols/tuya_gateway.md §1.8
ADVICE = (
    "Look for: TX to RX and RX to TX; ground; the module's supply and its enable pin; 115200 baud (?baud= of the "
    "link); the real MCU, which must be off or held in reset; a module of devices without sub-devices, which is "
    "tuya_wifi."
)
QUESTIONS = (
    TuyaQuestion(codes.NETWORK_QUERY),
    TuyaQuestion(codes.LOCAL_TIME),
    TuyaQuestion(codes.MAC),
    TuyaQuestion(codes.GMT),
)


def gateway_module_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> GatewayModuleLine:
    """The line of a gateway's module that is checked, where we play the MCU."""
    return CheckLine(
        "controller", TuyaReader(GATEWAY.shapes), EmulatedGatewayMcu, ambient, firmware=firmware, advise=advise
    )


def reach(line: GatewayModuleLine, seconds: float) -> Script[str]:
    """Wait for the module's first frame, without an answer."""
    mark = line.log.mark()
    line.end.is_silent = True
    entry = yield from line.wait_for(is_any_frame, seconds)
    line.end.is_silent = False
    if entry is not None:
        is_other = entry.frame.command == HEARTBEAT
        return (
            "It sends heartbeats (00), so it is not the module of a gateway, but one of tuya_wifi." if is_other else ""
        )
    if line.received(mark):
        return f"Bytes were received within {seconds:g} s, and none of them is a frame of this line."
    return f"Nothing was received within {seconds:g} s."


def is_alive(line: GatewayModuleLine) -> Script[bool]:
    """Does it answer a question, or, where none is known, does it send anything?"""
    if not line.facts.get(ANSWERS) or not line.end.is_started:
        return (yield from line.wait_for(is_any_frame, SILENCE_S)) is not None
    return (yield from answers_within(line, ALIVE_S))


GATEWAY_MODULE_ROLE = PlayedRole(
    plays="MCU",
    tests="module",
    line=gateway_module_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(
        *GATEWAY_MODULE_START_CHECKS,
        *GATEWAY_MODULE_JOIN_CHECKS,
        *GATEWAY_MODULE_LIST_CHECKS,
        *GATEWAY_MODULE_REPORT_CHECKS,
        *GATEWAY_MODULE_SERVICE_CHECKS,
        *GATEWAY_MODULE_WEATHER_CHECKS,
        *GATEWAY_MODULE_SECURITY_CHECKS,
        *line_checks("module", needs=(ONLINE, QUESTION)),
        *version_checks("module", (1, 2, 3), "must", "§1.1.1"),
        *GATEWAY_MODULE_PERSON_CHECKS,
        *GATEWAY_MODULE_UPDATE_CHECKS,
        *GATEWAY_MODULE_HEARTBEAT_CHECKS,
        *LIMIT_CHECKS,
        *GATEWAY_MODULE_RESTART_CHECKS,
        *GATEWAY_MODULE_RESET_CHECKS,
    ),
    preparations={
        SEARCH: Preparation(text="the module searches for an MCU", script=search, once=True, timeout_s=RESTART_S),
        START: Preparation(text="the start of the conversation is over", script=observe_start, once=True),
        ONLINE: Preparation(text="the start of the conversation is over", script=online, timeout_s=RESTART_S),
        JOINED: Preparation(text="two sub-devices have joined", script=joined),
        BEATS: Preparation(text="two cycles of heartbeats have passed", script=beats, once=True, timeout_s=LONG_S),
        **PERSON_PREPARATIONS,
        **UPDATE_PREPARATIONS,
        QUESTION: Preparation(text="it answers a question", script=find_question(*QUESTIONS), once=True),
    },
)
