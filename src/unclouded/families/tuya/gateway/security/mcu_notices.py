"""What the MCU is sent about arming and alarms, in the form that it knows.

    bit 0 of ``a`` of its product info is 0: c1/02 for an alarm, c1/01 for its end
                                          1: c1/04 and c1/05 for an alarm, c1/05 for its end

Source: docs/protocols/tuya_gateway.md §2.12.
"""

from collections.abc import Mapping

from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.gateway.security.security_status import (
    ALARM,
    ALARM_DELAY,
    ARMING,
    SecurityCause,
    SecurityStatus,
)
from unclouded.families.tuya.gateway.security.sensors import ModeName
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID
from unclouded.families.tuya.gateway.wire.security_messages import (
    AWAY,
    DELAY_OVER,
    DELAY_RUNNING,
    DISARMED,
    EVENT_ARMED,
    EVENT_COUNTDOWN,
    EVENT_DISARMED,
    EVENT_IGNORED,
    HOME,
    AlarmCancel,
    AlarmDelay,
    AlarmInfo,
    AlarmState,
    SecurityEvent,
    SecurityInfo,
    SecurityState,
)
from unclouded.families.tuya.line.command import Message

MODES: Mapping[ModeName, int] = {"disarmed": DISARMED, "home": HOME, "away": AWAY}


class McuNotices:
    """``new_alarms``: the form of alarms that the MCU knows."""

    def __init__(self, settings: SecuritySettings, new_alarms: bool) -> None:
        self._settings = settings
        self.new_alarms = new_alarms

    def mode(self, mode: ModeName, delay_s: int = 0, *, silent: bool = False) -> list[Message]:
        """The mode is this now. ``delay_s``: until it counts. ``silent``: no sound, also where sounds are on."""
        sound = 0 if self._settings.sound and not silent else 1  # inverted on the line
        return [SecurityState(MODES[mode], delay_s, sound, self._settings.mode_as_text)]

    def armed(self) -> list[Message]:
        """Arming is done: the delay to leave, if there was one, is over."""
        return [SecurityEvent(EVENT_ARMED)]

    def disarmed(self) -> list[Message]:
        """From now on only environmental sensors count."""
        return [SecurityEvent(EVENT_DISARMED)]

    def arming(self) -> list[Message]:
        """The seconds stand in c0/02; here they are those of an alarm delay only."""
        return [SecurityEvent(EVENT_COUNTDOWN)]

    def ignored(self) -> list[Message]:
        """A sensor that is not an alarm, where a sound is played for it."""
        return [SecurityEvent(EVENT_IGNORED)] if self._settings.chime else []

    def delay(self, delay_s: int) -> list[Message]:
        """A sensor was triggered; the alarm begins in so many seconds unless it is disarmed."""
        return [AlarmDelay(DELAY_RUNNING), SecurityEvent(EVENT_COUNTDOWN, str(delay_s))]

    def delay_over(self) -> list[Message]:
        """The delay before an alarm has ended, with the alarm or without."""
        return [AlarmDelay(DELAY_OVER)]

    def alarm(self, cause: SecurityCause) -> list[Message]:
        """An alarm, or a further cause of it."""
        info = AlarmInfo(
            codes.ALARM_INFO_NEW if self.new_alarms else codes.ALARM_INFO,
            int(cause.environmental),
            cause.sub_id or GATEWAY_ID,
            cause.detail,
        )
        return [info, AlarmState(1)] if self.new_alarms else [info]

    def alarm_over(self) -> list[Message]:
        """The alarm has ended, in the form that the MCU knows."""
        return [AlarmState(0)] if self.new_alarms else [AlarmCancel()]

    def all_of(self, status: SecurityStatus) -> list[Message]:
        """What an MCU is sent that has just come back."""
        messages = self.mode(status.mode, status.delay_s if status.phase == ARMING else 0, silent=True)
        match status.phase:
            case phase if phase == ARMING:
                messages += self.arming()
            case phase if phase == ALARM_DELAY:
                messages += self.delay(status.delay_s)
            case phase if phase == ALARM:
                messages += self.alarm(status.cause)
        return messages


def security_info(status: SecurityStatus) -> SecurityInfo:
    """The answer to c0/01; its booleans are inverted on the line."""
    return SecurityInfo(MODES[status.mode], int(not status.is_alarm), int(status.phase != ARMING))
