"""In which state the security functions are, how they came there, and what one step of theirs brings about.

    mode     disarmed, home, away          what was chosen
    phase    quiet, arming, alarm delay, alarm

Source: docs/protocols/tuya_gateway.md §2.12.1.
"""

from typing import Literal

import msgspec

from unclouded.families.tuya.gateway.security.sensors import ModeName
from unclouded.families.tuya.line.command import Message

Phase = Literal["quiet", "arming", "alarm delay", "alarm"]
QUIET: Phase = "quiet"
ARMING: Phase = "arming"
ALARM_DELAY: Phase = "alarm delay"
ALARM: Phase = "alarm"

CauseKind = Literal["user", "keypad", "sensor", "gateway", "time", "restart"]


class SecurityCause(msgspec.Struct, frozen=True):
    """Who or what changed the state. ``sub_id``: of the keypad or sensor. ``detail``: the data point, JSON as text."""

    kind: CauseKind
    sub_id: str = ""
    detail: str = ""
    environmental: bool = False


class SecurityStatus(msgspec.Struct, frozen=True):
    """A state, what led to it, and the delay in seconds that its phase has."""

    mode: ModeName = "disarmed"
    phase: Phase = QUIET
    cause: SecurityCause = SecurityCause("restart")
    delay_s: int = 0

    @property
    def name(self) -> str:
        """One word or two, for people: disarmed, arming, home, away, alarm delay, alarm."""
        return self.mode if self.phase == QUIET else self.phase

    @property
    def is_alarm(self) -> bool:
        """There is an alarm, or its delay runs."""
        return self.phase in (ALARM_DELAY, ALARM)


class SecurityChange(msgspec.Struct, frozen=True):
    """A transition of the security state: what it was, and what it is now."""

    before: SecurityStatus
    after: SecurityStatus


class SecurityStep(msgspec.Struct, frozen=True):
    """What to send to the MCU, what has changed, and why the command was refused, "" = it was not."""

    messages: tuple[Message, ...] = ()
    changes: tuple[SecurityChange, ...] = ()
    refused: str = ""
