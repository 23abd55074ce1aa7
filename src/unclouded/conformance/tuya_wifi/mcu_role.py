"""Playing the module against an MCU: how it is found, what checks need first, and all checks of it.

Source: docs/protocols/tuya_wifi.md §2.3.
"""

from collections.abc import Callable

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
from unclouded.conformance.tuya_wifi.emulated_module import SEARCH_S, EmulatedModule
from unclouded.conformance.tuya_wifi.mcu_idle_checks import IDLE, IDLE_CHECKS, WHOLE, idle
from unclouded.conformance.tuya_wifi.mcu_notice_checks import LONG_NOTICE_CHECKS, NOTICE_CHECKS
from unclouded.conformance.tuya_wifi.mcu_product_checks import PRODUCT_CHECKS
from unclouded.conformance.tuya_wifi.mcu_set_checks import SET_CHECKS
from unclouded.conformance.tuya_wifi.mcu_start_checks import START_CHECKS, McuLine
from unclouded.core.sessions.session import Ambient
from unclouded.families.tuya.messages import read_product
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI

QUESTIONS = (TuyaQuestion(codes.HEARTBEAT, seconds=3.0), TuyaQuestion(codes.PRODUCT), TuyaQuestion(codes.MODE))
# Simple UARTs of MCUs: the vendor's SDK searches for a header only where a frame may begin, and has a small buffer.
LENIENT = ("two-at-once", "burst", "long", "longest", "huge-length", "cut-frame", "stray-55")
SILENCE_S = 10.0  # ours
ADVICE = (
    "Look for: TX to RX and RX to TX; ground; the MCU's supply; 9600 or 115200 baud (?baud= of the link); the real "
    "module, which must be off or held in reset; a battery device, which is tuya_low_power."
)


def mcu_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> McuLine:
    """The line of an MCU that is checked, where we play the module."""
    return CheckLine("device", TuyaReader(WIFI.shapes), EmulatedModule, ambient, firmware=firmware, advise=advise)


def reach(line: McuLine, seconds: float) -> Script[str]:
    """00 each second, and 01 after every third. "" or why no MCU is found."""
    mark, until, count = line.log.mark(), line.now + seconds, 0
    while line.now < until:
        count += 1
        line.end.send(codes.HEARTBEAT if count % 4 else codes.PRODUCT)
        entry = yield from line.wait_for(is_any_frame, SEARCH_S)
        if entry is not None and not _is_echo(entry):
            line.observed["reach"] = tuple(line.log.since(mark))
            line.end.begin_beats()
            return ""
    if frames(line.received(mark)):
        return "What is sent comes back: TX and RX are joined, and no MCU answers."
    return line.why_not_reached(mark, seconds)


def _is_echo(entry: LineEntry) -> bool:
    return (
        entry.frame.version == 0 and entry.frame.command in (codes.HEARTBEAT, codes.PRODUCT) and not entry.frame.payload
    )


def is_alive(line: McuLine) -> Script[bool]:
    """Whether the MCU answers anything."""
    return (yield from line.end.answers_anything())


def start(line: McuLine) -> Script[None]:
    """The start, once, and again where the MCU has restarted. The first one is recorded."""
    if line.end.is_started:
        return
    mark = line.log.mark()
    if "early query" not in line.observed:
        for command in (codes.PRODUCT, codes.MODE):
            yield from exchange(line, command)
            yield from line.pause(0.1)
        early = line.log.mark()
        line.end.send(codes.QUERY)
        yield from line.pause(1.0)
        line.observed["early query"] = tuple(line.received(early))
        mark = line.log.mark()
    yield from line.end.start()
    line.observed.setdefault("start", tuple(line.log.since(mark)))
    for entry in frames(line.received(), codes.PRODUCT)[:1]:
        read = read_product(entry.frame)
        line.facts |= {"product": read.product, "version": read.version} if read is not None else {}


MCU_ROLE = PlayedRole(
    plays="module",
    tests="MCU",
    line=mcu_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(
        *START_CHECKS,
        *PRODUCT_CHECKS,
        *IDLE_CHECKS,
        *NOTICE_CHECKS,
        *SET_CHECKS,
        *line_checks("mcu", LENIENT, SHORT_FRAMES),
        *version_checks("mcu", (1, 2, 3), "deviation"),
        *LONG_NOTICE_CHECKS,
        *line_checks("mcu", LENIENT, LONG_FRAMES),
        *update_checks("mcu", "§2.4.12", WHOLE),
    ),
    preparations={
        "start": Preparation(text="the start of the conversation is over", script=start),
        IDLE: Preparation(text="a minute has passed", script=idle, once=True),
        QUESTION: Preparation(text="it answers", script=find_question(*QUESTIONS), once=True),
        UPDATE: update_preparation(UpdateCommands(codes.UPDATE_START, codes.UPDATE_BLOCK, codes.PRODUCT)),
    },
)
