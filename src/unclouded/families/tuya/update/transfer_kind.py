"""A kind of transfer that an update can be: its commands, and how the MCU is asked what it runs and if it is alive.

    start size ─► block, block … ─► end ─► version? ─► the new one         no answer to a packet ─► alive?

Each dialect names its own kinds. Source: docs/protocols/tuya_wifi.md §2.4.12, §2.4.23;
docs/protocols/tuya_low_power.md §3.11.
"""

import msgspec

from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import AnsweredBy, AnswerRule
from unclouded.families.tuya.messages import MODULE_VERSION


class UpdateQuestion(msgspec.Struct, frozen=True):
    """A frame that the MCU is asked by during an update, and which frames answer it."""

    frame: Frame
    rule: AnswerRule


class TransferKind(msgspec.Struct, frozen=True, kw_only=True):
    """One way to send a file. ``step``: bytes of a block where the MCU does not choose them.

    ``version``: asks for the version of what runs; None = it is a file that has none, and the MCU does not restart.
    ``liveness``: asks an MCU that did not answer a packet whether it is alive; None = there is no such question.
    ``has_channels``: it can be for one of several MCUs. ``head``: what stands before each payload, the id of a
    sub-device. ``silent_end``: the answer to the end may be left out.
    """

    start: int
    block: int
    step: int = 0
    version: UpdateQuestion | None = None
    liveness: UpdateQuestion | None = None
    has_channels: bool = False
    head: bytes = b""
    silent_end: bool = False

    @property
    def replaces(self) -> bool:
        """It is firmware: the MCU restarts and reports a new version."""
        return self.version is not None


def bare_question(command: int, least: int = 0) -> UpdateQuestion:
    """One without payload. ``least``: bytes that its answer has."""
    return UpdateQuestion(Frame(MODULE_VERSION, command), AnsweredBy(command, least=least))
