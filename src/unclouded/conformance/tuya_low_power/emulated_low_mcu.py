"""The MCU of a battery device that we play against a module under test: awake as long as a script needs it.

Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from unclouded.conformance.check import PersonTask
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import (
    AnsweringEnd,
    Answers,
    AnswerTo,
    Line,
    acknowledged,
    is_command,
    unit,
    units_of,
)
from unclouded.conformance.tuya.line_checks import TuyaQuestion
from unclouded.families.tuya.line.datapoint import BOOL, VALUE
from unclouded.families.tuya.low_power import codes

PRODUCT_ID = "uncloudedconfbat"  # 16 characters, of no real product
CLOUD = 4
PROBE_S = 30.0  # until the module's first 01
START_S = 15.0  # from 01 to status 04
MISSED_BLOCK = 512  # offset of the block that is not acknowledged the first time
PERSON = PersonTask("wake", "Switch the module's supply on, as an MCU does when it wakes.")


class EmulatedLowMcu(AnsweringEnd):
    """``is_online``: the module has reported its cloud since we woke. ``blocks``: of an update, as they came."""

    usual_delay_s = 0.05

    def __init__(self, line: Line) -> None:
        self.is_online = False
        self.version_text = "1.0.0"
        self.points = {1: (BOOL, b"\0"), 2: (VALUE, bytes((0, 0, 0, 87)))}
        self.types = {id: type for id, (type, _) in self.points.items()}
        self.blocks: list[tuple[int, bytes]] = []
        self.missed = False
        self.question = TuyaQuestion(codes.TIME)
        super().__init__(line, 0)

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is not None and not self.is_silent and frame.command == codes.STATUS:
            self.is_online = self.is_online or frame.payload == bytes((CLOUD,))
        super().received(entry)

    def answers(self) -> dict[int, AnswerTo]:
        return {
            codes.PRODUCT: lambda data: ((codes.PRODUCT, self._product()),),
            codes.STATUS: acknowledged(codes.STATUS),
            codes.SET: self._set,
            codes.UPDATE_SIZE: self._update_size,
            codes.UPDATE_BLOCK: self._update_block,
        }

    def sleep(self) -> None:
        """Receive and send nothing."""
        self.is_silent, self.is_online = True, False

    def connect(self) -> Script[bool]:
        """Wake, and wait until the module has reported its cloud. Its result: has it?"""
        self.is_silent = False
        if self.is_online:
            return True
        if (yield from self.line.wait_for(is_command(codes.PRODUCT), PROBE_S)) is None:
            return False
        wanted = is_command(codes.STATUS, CLOUD)
        found = yield from self.line.wait_for(wanted, START_S)
        yield from self.line.pause(0.5)
        return found is not None

    # --- answers -----------------------------------------------------------------------------------

    def _product(self) -> bytes:
        return f'{{"p":"{PRODUCT_ID}","v":"{self.version_text}"}}'.encode()

    def _set(self, data: bytes) -> Answers:
        units = units_of(data)
        self.points |= {id: (type, value) for id, type, value in units}
        return ((codes.SET, b""), *((codes.REPORT, unit(*one)) for one in units))

    def _update_size(self, data: bytes) -> Answers:
        self.blocks, self.missed = [], False
        return ((codes.UPDATE_SIZE, b""),)

    def _update_block(self, data: bytes) -> Answers:
        offset = int.from_bytes(data[:4])
        self.blocks.append((offset, data[4:]))
        if offset == MISSED_BLOCK and not self.missed and len(data) > 4:
            self.missed = True
            return ()
        if len(data) == 4:
            self.version_text, self.is_online = "1.0.1", False
        return ((codes.UPDATE_BLOCK, b""),)
