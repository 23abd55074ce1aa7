"""Checks of how an MCU takes an update: one whole update with the file of the person, and then what came of it.

    start size ─► blocks in order, one of them twice ─► a block that is out of order ─► the end ─► a new version

Nothing is sent without such a file (--firmware), and only where dangerous checks are allowed: a device that gets the
wrong file may be lost. Source: docs/protocols/tuya_wifi.md §2.4.12; docs/protocols/tuya_low_power.md §3.11.
"""

from collections.abc import Callable, Collection

import msgspec

from unclouded.conformance.check import Check, Grade, Preparation
from unclouded.conformance.line import CheckEndedError, LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import Line, exchange, is_command
from unclouded.families.tuya.messages import read_product
from unclouded.families.tuya.update.messages import BLOCK_SIZES

UPDATE = "update"  # a preparation
DANGER = "It writes the file of --firmware to the device."
ANSWER_S = 5.0
TRIES = 4  # one and three resends
NEW_VERSION_S = 60.0
FAR = 8  # blocks ahead: out of order
UPDATE_S = 1800.0


class UpdateCommands(msgspec.Struct, frozen=True):
    """The commands of a dialect. ``step``: bytes of a block where the MCU does not name them."""

    start: int
    block: int
    product: int
    step: int = 0


class UpdateCourse(msgspec.Struct):
    """What came of an update. ``refused``: blocks without an answer; ``slow``: those that were sent again."""

    start: LineEntry | None = None
    step: int = 0
    slow: int = 0
    refused: int = -1  # the offset of the block at which it ended
    payloads: int = 0  # answers to blocks that were not empty
    repeated: bool | None = None  # the same block again was answered
    far: bool | None = None  # one out of order was answered
    is_ended: bool = False
    before: str = ""
    after: str = ""


def update_preparation(commands: UpdateCommands) -> Preparation:
    """Updates the other end once with the file of ``--firmware``; the checks look at the course of it."""

    def script(line: Line) -> Script[None]:
        if not line.firmware:
            line.skip("It needs a file for the device: --firmware.")
        course = line.end.update = UpdateCourse()
        course.before = yield from _version(line, commands)
        yield from _run(line, commands, course, line.firmware)

    return Preparation(text="an update", script=script, once=True, timeout_s=UPDATE_S)


def _version(line: Line, commands: UpdateCommands) -> Script[str]:
    entry = yield from exchange(line, commands.product)
    product = read_product(entry.frame) if entry is not None else None
    return product.version if product is not None else ""


def _run(line: Line, commands: UpdateCommands, course: UpdateCourse, data: bytes) -> Script[None]:
    course.start = yield from exchange(line, commands.start, len(data).to_bytes(4), seconds=ANSWER_S)
    if course.start is None:
        return
    payload = course.start.frame.payload
    course.step = commands.step or BLOCK_SIZES.get(payload[0] if payload else 0, 0)
    if not course.step:
        return
    for offset in range(0, len(data), course.step):
        if not (yield from _send_block(line, commands, course, offset, data[offset : offset + course.step])):
            course.refused = offset
            return
        if offset == course.step:
            yield from _try_wrong_blocks(line, commands, course, offset, data)
    course.is_ended = (yield from _block(line, commands, len(data), b"")) is not None
    yield from _wait_for_new_version(line, commands, course)


def _send_block(line: Line, commands: UpdateCommands, course: UpdateCourse, offset: int, data: bytes) -> Script[bool]:
    for number in range(TRIES):
        entry = yield from _block(line, commands, offset, data)
        if entry is not None:
            course.slow += number > 0
            course.payloads += bool(entry.frame.payload)
            return True
    return False


def _block(line: Line, commands: UpdateCommands, offset: int, data: bytes) -> Script[LineEntry | None]:
    return (yield from exchange(line, commands.block, offset.to_bytes(4) + data, seconds=ANSWER_S))


def _try_wrong_blocks(
    line: Line, commands: UpdateCommands, course: UpdateCourse, offset: int, data: bytes
) -> Script[None]:
    again = yield from _block(line, commands, offset, data[offset : offset + course.step])
    course.repeated = again is not None
    far = offset + FAR * course.step
    if far < len(data):
        course.far = (yield from _block(line, commands, far, data[far : far + course.step])) is not None


def _wait_for_new_version(line: Line, commands: UpdateCommands, course: UpdateCourse) -> Script[None]:
    until = line.now + NEW_VERSION_S
    while line.now < until:
        yield from line.pause(2.0)
        line.end.send(commands.product)
        entry = yield from line.wait_for(is_command(commands.product), 1.0)
        product = read_product(entry.frame) if entry is not None else None
        if product is not None:
            course.after = product.version
            if course.after != course.before:
                return


# --- judging -----------------------------------------------------------------------------------------


def course_of(line: Line, has_started: bool = True, is_over: bool = False) -> UpdateCourse:
    """What came of the update. What it never came to is not judged."""
    course = line.end.update
    if not isinstance(course, UpdateCourse):
        raise CheckEndedError("skipped", "There was no update.")
    if has_started and not course.step:
        line.skip("The start of the update was not answered.")
    if is_over and course.refused >= 0:
        line.skip("The update did not come to its end.")
    return course


def start_is_answered(line: Line) -> None:
    line.require(course_of(line, has_started=False).start, "The start of the update was not answered within 5 s.")


def start_answer(line: Line) -> None:
    course = course_of(line, has_started=False)
    if course.start is None:
        line.skip("The start of the update was not answered.")
    line.require(course.step, f"The answer to the start is {course.start.frame.payload.hex()}, no size of blocks.")


def blocks_are_acknowledged(line: Line) -> None:
    course = course_of(line)
    line.require(course.refused < 0, f"The block at {course.refused} was sent {TRIES} times and not acknowledged.")


def blocks_at_once(line: Line) -> None:
    course = course_of(line)
    line.require(not course.slow, f"{course.slow} blocks were acknowledged only when they were sent again.")


def acknowledgements_are_empty(line: Line) -> None:
    course = course_of(line)
    line.require(not course.payloads, f"{course.payloads} acknowledgements of blocks are not empty.")


def block_again(line: Line) -> None:
    course = course_of(line)
    if course.repeated is None:
        line.skip("The update ended before.")
    line.require(course.repeated, "The same block once more, as after a lost answer, is not acknowledged.")


def far_block(line: Line) -> None:
    course = course_of(line)
    if course.far is None:
        line.skip("The file is too short for a block out of order, or the update ended before.")
    line.require(not course.far, f"A block {FAR} blocks ahead of its turn is acknowledged.")


def end_is_acknowledged(line: Line) -> None:
    line.require(course_of(line, is_over=True).is_ended, "The end of the update is not acknowledged.")


def new_version(line: Line) -> None:
    course = course_of(line, is_over=True)
    if not course.before:
        line.skip("Its version was not known before the update.")
    line.require(course.after, f"After the update it did not answer within {NEW_VERSION_S:g} s.")
    line.require(
        course.after != course.before, f"{NEW_VERSION_S:g} s after the update it still has version {course.before}."
    )


_ROWS: tuple[tuple[str, str, Callable[[Line], None], Grade], ...] = (
    ("start", "It answers the start of an update", start_is_answered, "must"),
    ("block-size", "Its answer names a size of blocks", start_answer, "must"),
    ("blocks", "It acknowledges each block", blocks_are_acknowledged, "must"),
    ("first-time", "It acknowledges each block the first time", blocks_at_once, "should"),
    ("empty", "Acknowledgements of blocks are empty", acknowledgements_are_empty, "must"),
    ("again", "It acknowledges a block that is sent again", block_again, "must"),
    ("order", "It does not acknowledge a block that is out of order", far_block, "should"),
    ("end", "It acknowledges the end", end_is_acknowledged, "must"),
    ("version", "It reports a new version within 60 s", new_version, "should"),
)


def update_checks(end: str, clause: str, needs: tuple[str, ...], without: Collection[str] = ()) -> tuple[Check, ...]:
    """The rows. ``without``: what this line leaves open."""
    return tuple(
        row(f"{end}.update.{name}", title, clause, judged(judge), grade, needs=(*needs, UPDATE), danger=DANGER)
        for name, title, judge, grade in _ROWS
        if name not in without
    )
