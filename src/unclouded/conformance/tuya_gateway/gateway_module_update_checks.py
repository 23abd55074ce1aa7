"""Checks of a gateway's module that a person has update the gateway, and then a sub-device.

Source: docs/protocols/tuya_gateway.md §1.7.3, §2.8.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check, Grade, PersonTask, Preparation
from unclouded.conformance.line import Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import is_command
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import FIRST_SUB, MISSED_BLOCK, UpdateSeen
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import JOINED
from unclouded.conformance.tuya_gateway.gateway_module_person_checks import REPEAT_S, Judge, action, sent
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ONLINE, GatewayModuleLine
from unclouded.families.tuya.gateway.wire import codes

UPDATE, SUB_UPDATE = "gateway update", "sub-device update"
UPDATE_NOW = PersonTask("update", "Start an update of the gateway.")
SUB_UPDATE_NOW = PersonTask("update_sub_device", f"Start an update of {FIRST_SUB}.")
UPDATE_S = 300.0
VERSION_S = 60.0  # docs/protocols/tuya_gateway.md §1.7.3


def update_of(id: str, task: PersonTask, start: int, block: int, version: int) -> Callable[..., Script[None]]:
    """One whole update of a sub-device, "" = of the gateway; until its version is asked for."""

    def script(line: GatewayModuleLine) -> Script[None]:
        yield from action(line, task, start)
        until = line.now + UPDATE_S
        while line.now < until and not line.end.update_of[id].is_over:
            if (yield from line.wait_for(is_command(block), REPEAT_S)) is None:
                return
        yield from line.wait_for(is_command(version), VERSION_S)
        yield from line.pause(2.0)

    return script


def _update(line: GatewayModuleLine, id: str) -> UpdateSeen:
    return line.end.update_of.get(id) or line.skip("There was no update.")


def update_size(id: str) -> Judge:
    """A judge: the start of the update names its size, and no block exceeds the agreed 256 bytes."""

    def judge(line: GatewayModuleLine) -> None:
        update = _update(line, id)
        sizes = [len(data) for _, data in update.blocks]
        line.require(max(sizes, default=0) <= 256, f"A block has {max(sizes, default=0)} bytes; 256 were agreed on.")
        line.require(update.size, "The start names no size.")

    return judge


def update_order(id: str) -> Judge:
    """A judge: each block begins where the one before ended or repeats an earlier one, and all bytes came."""

    def judge(line: GatewayModuleLine) -> None:
        update, due = _update(line, id), 0
        for offset, data in update.blocks:
            line.require(offset <= due, f"A block at {offset} came when {due} was due.")
            due += len(data) if offset == due else 0
        line.require(due == update.size, f"{due} of {update.size} bytes came.")

    return judge


def update_again(id: str) -> Judge:
    """A judge: a block that was not acknowledged is sent again."""

    def judge(line: GatewayModuleLine) -> None:
        offsets = [offset for offset, data in _update(line, id).blocks if data]
        line.require(offsets.count(MISSED_BLOCK) > 1, "A block that was not acknowledged is not sent again.")

    return judge


def update_end(id: str) -> Judge:
    """A judge: a block without data, at the size, ends the update."""

    def judge(line: GatewayModuleLine) -> None:
        update = _update(line, id)
        ends = [offset for offset, data in update.blocks if not data]
        line.require(ends and ends[-1] >= update.size, "No block without data at the size ends the update.")

    return judge


def update_version(id: str, name: str, command: int) -> Judge:
    """A judge: after the last block the module asks for the version by this command."""

    def judge(line: GatewayModuleLine) -> None:
        if not _update(line, id).is_over:
            line.skip("The update did not come to its end.")
        blocks = sent(line, name, codes.UPDATE_BLOCK, codes.SUB_UPDATE_BLOCK)
        asked = [one for one in sent(line, name, command) if one.at > blocks[-1].at]
        line.require(asked, f"{VERSION_S:g} s after the update the version is not asked for by {command:02x}.")

    return judge


def _update_rows(id: str, name: str, version: int) -> tuple[tuple[str, str, Judge, Grade], ...]:
    return (
        ("size", "A start names the size, blocks are as long as agreed", update_size(id), "must"),
        ("order", "Blocks come in order, without gaps, to the end", update_order(id), "must"),
        ("again", "A block that is not acknowledged comes again", update_again(id), "must"),
        ("end", "A block without data at the size ends the update", update_end(id), "must"),
        ("version", f"Afterwards {version:02x} is sent", update_version(id, name, version), "must"),
    )


UPDATE_PREPARATIONS = {
    UPDATE: Preparation(
        text="an update of the gateway",
        script=update_of("", UPDATE_NOW, codes.UPDATE_START, codes.UPDATE_BLOCK, codes.PRODUCT),
        once=True,
        timeout_s=UPDATE_S + VERSION_S,
    ),
    SUB_UPDATE: Preparation(
        text="an update of a sub-device",
        script=update_of(FIRST_SUB, SUB_UPDATE_NOW, codes.SUB_UPDATE_START, codes.SUB_UPDATE_BLOCK, codes.SUB_VERSION),
        once=True,
        timeout_s=UPDATE_S + VERSION_S,
    ),
}
_OF_UPDATES = (
    ("update", "§2.8", UPDATE, UPDATE_NOW, _update_rows("", UPDATE, codes.PRODUCT)),
    ("sub-update", "§2.8.4", SUB_UPDATE, SUB_UPDATE_NOW, _update_rows(FIRST_SUB, SUB_UPDATE, codes.SUB_VERSION)),
)
GATEWAY_MODULE_UPDATE_CHECKS: tuple[Check, ...] = tuple(
    row(f"module.{subject}.{name}", title, clause, judged(judge), grade, needs=(ONLINE, JOINED, need), person=text)
    for subject, clause, need, text, table in _OF_UPDATES
    for name, title, judge, grade in table
)
