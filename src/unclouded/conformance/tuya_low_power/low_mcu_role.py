"""Playing the module against the MCU of a battery device. Source: docs/protocols/tuya_low_power.md §2."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.tuya.frames import TuyaReader, frames, is_any_frame
from unclouded.conformance.tuya_low_power.emulated_low_module import PROBE_S, PRODUCT, STATUS, WAKE, EmulatedLowModule
from unclouded.conformance.tuya_low_power.low_mcu_checks import LOW_MCU_CHECKS, PREPARATIONS, LowMcuLine
from unclouded.core.sessions.session import Ambient
from unclouded.families.tuya.low_power.commands import LOW_POWER

SILENCE_S = 120.0  # for a person to wake it
ADVICE = (
    "Look for: TX to RX and RX to TX; ground; is it awake? (press its button); 9600 baud; the real module, which must "
    "be off; a device on the mains, which is tuya_wifi."
)


def low_mcu_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> LowMcuLine:
    """The line of a battery device's MCU that is checked, where we play the module."""
    return CheckLine(
        "device", TuyaReader(LOW_POWER.shapes), EmulatedLowModule, ambient, firmware=firmware, advise=advise
    )


def reach(line: LowMcuLine, seconds: float) -> Script[str]:
    """01 and 02 in turn until the MCU sends anything but that."""
    line.advise(WAKE)
    mark, until = line.log.mark(), line.now + seconds
    while line.now < until:
        for question in (PRODUCT, STATUS):
            line.end.send(question.command, question.payload)
            entry = yield from line.wait_for(is_any_frame, PROBE_S / 2)
            if entry is not None and not _is_echo(entry):
                return ""
    received = line.received(mark)
    if frames(received):
        return "What is sent comes back: TX and RX are joined, and no MCU answers."
    if received:
        return f"Bytes were received within {seconds:g} s, and none of them is a frame of this line."
    return f"Nothing was received within {seconds:g} s."


def _is_echo(entry: LineEntry) -> bool:
    frame = entry.frame
    return (frame.command, frame.payload) in ((PRODUCT.command, PRODUCT.payload), (STATUS.command, STATUS.payload))


def is_alive(line: LowMcuLine) -> Script[bool]:
    """A device that sleeps is well: the next check wakes it."""
    return (yield from line.end.is_awake()) or True


LOW_MCU_ROLE = PlayedRole(
    plays="module",
    tests="MCU",
    line=low_mcu_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=LOW_MCU_CHECKS,
    preparations=PREPARATIONS,
)
