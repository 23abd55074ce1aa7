"""The kinds of transfer that an update can be: their commands, and how the MCU is asked what it runs and if it lives.

    firmware   0a, 0b    version by 01, alive by 00
    file       31, 32    no version
    battery    0d, 0e    version by 01; a battery device answers no heartbeat

Source: docs/protocols/tuya_wifi.md §2.4.12, §2.4.23; docs/protocols/tuya_low_power.md §3.11.
"""

from collections.abc import Mapping

import msgspec

from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import AnsweredBy, AnswerRule
from unclouded.families.tuya.low_power import codes as low_codes
from unclouded.families.tuya.messages import MODULE_VERSION
from unclouded.families.tuya.wifi import codes

SMALLEST_STEP = 256  # bytes of a block where sizes are not negotiated: the smallest of the others


class UpdateQuestion(msgspec.Struct, frozen=True):
    """A frame that the MCU is asked by during an update, and which frames answer it."""

    frame: Frame
    rule: AnswerRule


def _bare(command: int, least: int = 0) -> UpdateQuestion:
    return UpdateQuestion(Frame(MODULE_VERSION, command), AnsweredBy(command, least=least))


_VERSION = _bare(codes.PRODUCT)
_HEARTBEAT = _bare(codes.HEARTBEAT, least=1)


class TransferKind(msgspec.Struct, frozen=True, kw_only=True):
    """One way to send a file. ``step``: bytes of a block where the MCU does not choose them.

    ``replaces``: it is firmware, so the MCU restarts and reports a new version; ``version`` asks for it.
    ``liveness``: asks an MCU that did not answer a packet whether it still runs; None = there is no such question.
    """

    start: int
    block: int
    replaces: bool = True
    step: int = 0
    version: UpdateQuestion = _VERSION
    liveness: UpdateQuestion | None = None


FIRMWARE = TransferKind(start=codes.UPDATE_START, block=codes.UPDATE_BLOCK, liveness=_HEARTBEAT)
FILE = TransferKind(start=codes.FILE_START, block=codes.FILE_BLOCK, replaces=False, liveness=_HEARTBEAT)
BATTERY = TransferKind(
    start=low_codes.UPDATE_SIZE, block=low_codes.UPDATE_BLOCK, step=SMALLEST_STEP
)  # nothing is agreed on there

TRANSFER_KINDS = (FIRMWARE, FILE, BATTERY)
MAINS_KINDS: Mapping[str, TransferKind] = {"firmware": FIRMWARE, "file": FILE}
BATTERY_KINDS: Mapping[str, TransferKind] = {"firmware": BATTERY}
