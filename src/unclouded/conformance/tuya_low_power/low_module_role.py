"""Playing the MCU of a battery device against a module. Source: docs/protocols/tuya_low_power.md §2."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole
from unclouded.conformance.line import CheckLine, Script
from unclouded.conformance.tuya.frames import TuyaReader, is_any_frame
from unclouded.conformance.tuya_low_power.emulated_low_mcu import PERSON, EmulatedLowMcu
from unclouded.conformance.tuya_low_power.low_module_action_checks import LOW_MODULE_ACTION_CHECKS
from unclouded.conformance.tuya_low_power.low_module_checks import (
    LOW_MODULE_CHECKS,
    PREPARATIONS,
    LowModuleLine,
    is_alive,
)
from unclouded.core.sessions.session import Ambient
from unclouded.families.tuya.low_power.commands import LOW_POWER

SILENCE_S = 60.0  # for a person to switch the module on
ADVICE = (
    "Look for: TX to RX and RX to TX; ground; the module's supply, which the MCU switches; 9600 baud; the real MCU, "
    "which must be off; a module for devices on the mains, which is tuya_wifi."
)


def low_module_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> LowModuleLine:
    """The line of a battery device's module that is checked, where we play the MCU."""
    return CheckLine(
        "controller", TuyaReader(LOW_POWER.shapes), EmulatedLowMcu, ambient, firmware=firmware, advise=advise
    )


def reach(line: LowModuleLine, seconds: float) -> Script[str]:
    """Wait for the module's first frame."""
    line.advise(PERSON)
    line.end.sleep()
    mark = line.log.mark()
    entry = yield from line.wait_for(is_any_frame, seconds)
    line.end.reset()
    if entry is not None:
        return ""
    if line.received(mark):
        return f"Bytes were received within {seconds:g} s, and none of them is a frame of this line."
    return f"Nothing was received within {seconds:g} s."


LOW_MODULE_ROLE = PlayedRole(
    plays="MCU",
    tests="module",
    line=low_module_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(*LOW_MODULE_CHECKS, *LOW_MODULE_ACTION_CHECKS),
    preparations=PREPARATIONS,
)
