"""Checks of a module for battery devices that are dangerous or need a person: commands, updates and resets.

Source: docs/protocols/tuya_low_power.md §3.4, §3.9, §3.11.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check
from unclouded.conformance.line import Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import exchange, is_command, units_of
from unclouded.conformance.tuya_low_power.emulated_low_mcu import MISSED_BLOCK
from unclouded.conformance.tuya_low_power.low_module_checks import (
    COMMAND,
    LOW_UPDATE,
    ON,
    SWITCH_NOW,
    UPDATE_NOW,
    LowModuleLine,
    sent,
)
from unclouded.families.tuya.low_power import codes

RESET_DANGER = "The module forgets its network and goes into pairing."


def command_types(line: LowModuleLine) -> None:
    for one in sent(line, COMMAND, codes.SET):
        for id, type, _ in units_of(one.frame.payload):
            line.require(
                line.end.types.get(id, type) == type, f"Data point {id} is set with another type than reported."
            )


def command_once(line: LowModuleLine) -> None:
    payloads = [one.frame.payload for one in sent(line, COMMAND, codes.SET)]
    line.require(len(set(payloads)) == len(payloads), "A 09 that was acknowledged is sent again.")


def update_size(line: LowModuleLine) -> int:
    """The size in bytes that the module's 0d names; the check fails where it names none."""
    sizes = [one.frame.payload for one in sent(line, LOW_UPDATE, codes.UPDATE_SIZE)]
    line.require(len(sizes[-1]) == 4 and any(sizes[-1]), "0d holds no size.")
    return int.from_bytes(sizes[-1])


def update_order(line: LowModuleLine) -> None:
    due, size = 0, update_size(line)
    for offset, data in line.end.blocks:
        line.require(offset <= due, f"A block at {offset} came when {due} was due.")
        due += len(data) if offset == due else 0
    line.require(due == size, f"{due} of {size} bytes came.")


def update_again(line: LowModuleLine) -> None:
    offsets = [offset for offset, data in line.end.blocks if data]
    line.require(offsets.count(MISSED_BLOCK) > 1, "A block that was not acknowledged is not sent again.")


def update_end(line: LowModuleLine) -> None:
    ends = [offset for offset, data in line.end.blocks if not data]
    line.require(ends and ends[-1] == update_size(line), "No block without data at the size ends the update.")


def reset(code: int, payload: bytes, states: tuple[int, ...]) -> Callable[[LowModuleLine], Script[None]]:
    """A script: the module acknowledges this reset with an empty payload, and reports one of these states in 40 s."""

    def script(line: LowModuleLine) -> Script[None]:
        line.end.is_online = False
        entry = yield from exchange(line, code, payload)
        if entry is None:
            line.fail(f"{code:02x} is not acknowledged.")
        line.require(not entry.frame.payload, f"The acknowledgement of {code:02x} is not empty.")
        until = line.now + 40.0
        while line.now < until:
            one = yield from line.wait_for(is_command(codes.STATUS), 40.0)
            if one is not None and one.frame.payload[:1] in {bytes((state,)) for state in states}:
                yield from line.pause(3.0)
                return
        line.fail("After the reset no status of pairing was reported.")

    return script


LOW_MODULE_ACTION_CHECKS: tuple[Check, ...] = (
    *(
        row(f"module.set.{name}", title, "§3.9", judged(judge), needs=(*ON, COMMAND), person=SWITCH_NOW)
        for name, title, judge in (
            ("type", "It sets a data point with the type that was reported", command_types),
            ("once", "A 09 that was acknowledged is not sent again", command_once),
        )
    ),
    *(
        row(f"module.update.{name}", title, "§3.11", judged(judge), needs=(*ON, LOW_UPDATE), person=UPDATE_NOW)
        for name, title, judge in (
            ("order", "Blocks come in order, without gaps, to the end", update_order),
            ("again", "A block that was not acknowledged comes again", update_again),
            ("end", "A block without data at the size ends the update", update_end),
        )
    ),
    row(
        "module.reset.acknowledged",
        "03 is acknowledged, and a status of pairing follows",
        "§3.4",
        reset(codes.RESET, b"", (0, 1, 6)),
        needs=ON,
        danger=RESET_DANGER,
        timeout_s=120.0,
    ),
    row(
        "module.reset.ez",
        "After 04 00 it reports a status of pairing",
        "§3.4",
        reset(codes.RESET_MODE, b"\0", (0, 6)),
        needs=ON,
        danger=RESET_DANGER,
        timeout_s=120.0,
    ),
    row(
        "module.reset.ap",
        "04 01 starts pairing by the access point",
        "§3.4",
        reset(codes.RESET_MODE, b"\1", (1, 6)),
        needs=ON,
        danger=RESET_DANGER,
        timeout_s=120.0,
    ),
)
