"""Playing the module against the MCU of a gateway: how it is found, what checks need first, and all checks of it.

Source: docs/protocols/tuya_gateway.md §1.7.
"""

from collections.abc import Callable

import msgspec

from unclouded.conformance.check import PersonTask, PlayedRole, Preparation
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.tuya.frames import TuyaReader, exchange, frames, is_any_frame
from unclouded.conformance.tuya.line_checks import (
    LONG_FRAMES,
    QUESTION,
    SHORT_FRAMES,
    TuyaQuestion,
    find_question,
    line_checks,
    version_checks,
)
from unclouded.conformance.tuya.update_checks import UPDATE, UpdateCommands, update_checks, update_preparation
from unclouded.conformance.tuya_gateway.emulated_gateway_module import EmulatedGatewayModule
from unclouded.conformance.tuya_gateway.gateway_frames import BIT_UPDATE
from unclouded.conformance.tuya_gateway.gateway_mcu_join_checks import (
    GATEWAY_MCU_JOIN_CHECKS,
    GATEWAY_MCU_REMOVAL_CHECKS,
    JOINING,
    joining,
)
from unclouded.conformance.tuya_gateway.gateway_mcu_notice_checks import GATEWAY_MCU_NOTICE_CHECKS
from unclouded.conformance.tuya_gateway.gateway_mcu_report_checks import GATEWAY_MCU_REPORT_CHECKS, IDLE, idle
from unclouded.conformance.tuya_gateway.gateway_mcu_set_checks import GATEWAY_MCU_SET_CHECKS
from unclouded.conformance.tuya_gateway.gateway_mcu_start_checks import (
    GATEWAY_MCU_START_CHECKS,
    START,
    GatewayMcuLine,
    needs_capability,
    product_of,
    start,
)
from unclouded.core.sessions.session import Ambient
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY

QUESTIONS = (TuyaQuestion(codes.PRODUCT), TuyaQuestion(codes.MODE), TuyaQuestion(codes.NETWORK, b"\x04"))
# Simple UARTs of MCUs: the vendor's SDK searches for a header only where a frame may begin.
LENIENT = ("two-at-once", "burst", "long", "longest", "huge-length", "cut-frame", "stray-55")
SILENCE_S = 10.0  # ours
HEARTBEAT = 0x00  # of the ordinary line; docs/protocols/tuya_gateway.md §1.8
ADVICE = (
    "Look for: TX to RX and RX to TX; ground; the MCU's supply; 115200 baud (?baud= of the link); the real module, "
    "which must be off or held in reset; a device without sub-devices, which is tuya_wifi."
)


def gateway_mcu_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> GatewayMcuLine:
    """The line of a gateway's MCU that is checked, where we play the module."""
    return CheckLine(
        "device", TuyaReader(GATEWAY.shapes), EmulatedGatewayModule, ambient, firmware=firmware, advise=advise
    )


def reach(line: GatewayMcuLine, seconds: float) -> Script[str]:
    """01 each second. "" or why no MCU is found."""
    mark, until = line.log.mark(), line.now + seconds
    while line.now < until:
        line.end.send(codes.PRODUCT)
        entry = yield from line.wait_for(is_any_frame, 1.0)
        if entry is not None and not _is_echo(entry):
            return (yield from _other_line(line))
    received = line.received(mark)
    if frames(received):
        return "What is sent comes back: TX and RX are joined, and no MCU answers."
    if received:
        return f"Bytes were received within {seconds:g} s, and none of them is a frame of this line."
    return f"Nothing was received within {seconds:g} s."


def _other_line(line: GatewayMcuLine) -> Script[str]:
    """An MCU of the ordinary line has no cap, and answers heartbeats, which a gateway does not know."""
    product = product_of(line)
    if "cap" in product or not product:
        return ""
    entry = yield from exchange(line, HEARTBEAT)
    return (
        ""
        if entry is None
        else "It reports no cap and answers heartbeats (00), so it is not a gateway, but an MCU of tuya_wifi."
    )


def _is_echo(entry: LineEntry) -> bool:
    return entry.frame.command == codes.PRODUCT and not entry.frame.payload


def is_alive(line: GatewayMcuLine) -> Script[bool]:
    """Whether the MCU answers anything."""
    return (yield from line.end.answers_anything())


_whole_update = update_preparation(UpdateCommands(codes.UPDATE_START, codes.UPDATE_BLOCK, codes.PRODUCT))


def update(line: GatewayMcuLine) -> Script[None]:
    """The update of the MCU; it does not apply where the MCU reports itself without it."""
    needs_capability(line, BIT_UPDATE)
    yield from _whole_update.script(line)


GATEWAY_MCU_ROLE = PlayedRole(
    plays="module",
    tests="MCU",
    line=gateway_mcu_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(
        *GATEWAY_MCU_START_CHECKS,
        *GATEWAY_MCU_JOIN_CHECKS,
        *GATEWAY_MCU_REPORT_CHECKS,
        *GATEWAY_MCU_NOTICE_CHECKS,
        *GATEWAY_MCU_SET_CHECKS,
        *line_checks("mcu", LENIENT, SHORT_FRAMES),
        *version_checks("mcu", (2, 3), "should", "§1.1.1"),
        *line_checks("mcu", LENIENT, LONG_FRAMES),
        *update_checks("mcu", "§2.8", (START,), without=("end",)),  # its acknowledgement may be left out; §2.8
        *GATEWAY_MCU_REMOVAL_CHECKS,
    ),
    preparations={
        START: Preparation(text="the start of the conversation is over", script=start),
        JOINING: Preparation(text="sub-devices have joined", script=joining, once=True, timeout_s=240.0),
        IDLE: Preparation(text="a minute has passed", script=idle, once=True),
        UPDATE: msgspec.structs.replace(_whole_update, script=update),
        QUESTION: Preparation(text="it answers", script=find_question(*QUESTIONS), once=True),
    },
)
