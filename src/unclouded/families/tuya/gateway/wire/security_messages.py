"""The messages of security gateways: arming (c0) and alarms (c1).

    c0 00 {mode, sub_id, delay}           ArmCommand       MCU     c1 00 0 or else         LocalAlarm       MCU
    c0 01 result {mode, alarm, countdown} SecurityInfo     module  c1 01 0                 AlarmCancel      module
    c0 02 {mode, delay, sound}            SecurityState    module  c1 02, 04 {type, …}     AlarmInfo        module
    c0 03 {status, data}                  SecurityEvent    module  c1 03 0, 1 or 2         AlarmDelay       module
                                                                   c1 05 0 or 1            AlarmState       module

``alarm``, ``countdown`` and ``sound`` are inverted: 0 means that it is so.
Source: docs/protocols/tuya_gateway.md §2.12.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.lenient_json import read_object
from unclouded.families.tuya.gateway.wire.message_parts import Count, Flag, JsonMessage, Text, json_message, must
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame

DISARMED, HOME, AWAY = range(3)  # ``mode``
EVENT_DISARMED, EVENT_ARMED, EVENT_IGNORED, EVENT_COUNTDOWN = range(4)  # ``status`` of SecurityEvent
DELAY_NONE, DELAY_RUNNING, DELAY_OVER = range(3)  # ``delay`` of AlarmDelay

Mode = Annotated[int, msgspec.Meta(ge=DISARMED, le=AWAY)]


class ArmCommand(JsonMessage, frozen=True):
    """A keypad or remote control asks for a mode. ``delay``: has no effect on the module; 0 is sent."""

    command: ClassVar[int] = codes.SECURITY
    sub: ClassVar[int] = codes.ARM
    mode: Mode
    sub_id: Text
    delay: Count = 0


class SecurityInfo(JsonMessage, frozen=True):
    """The mode, whether an alarm or its delay runs (``alarm`` 0), whether the arming delay runs (``countdown`` 0)."""

    command: ClassVar[int] = codes.SECURITY
    sub: ClassVar[int] = codes.SECURITY_INFO
    mode: Mode
    alarm: int
    countdown: int

    def before(self) -> bytes:
        return bytes((self.sub, 0))


class NoSecurityInfo(msgspec.Struct, frozen=True):
    """It failed. What stands behind the result has no meaning."""

    command: ClassVar[int] = codes.SECURITY
    sub: ClassVar[int] = codes.SECURITY_INFO
    result: int = 1

    def payload(self) -> bytes:
        return bytes((self.sub, self.result))


class SecurityState(JsonMessage, frozen=True):
    """The mode that was set, the arming delay in seconds, whether to play a sound (``sound`` 0).

    ``as_text``: the mode is a text on the line, as in the vendor's example.
    """

    command: ClassVar[int] = codes.SECURITY
    sub: ClassVar[int] = codes.SECURITY_STATE
    mode: Mode
    delay: Count = 0
    sound: Flag = 0
    as_text: bool = True

    def members(self) -> Mapping[str, Any]:  # Any: JSON types
        mode: int | str = str(self.mode) if self.as_text else self.mode
        return {"mode": mode, "delay": self.delay, "sound": self.sound}


class SecurityEvent(JsonMessage, frozen=True):
    """EVENT_DISARMED … ``data``: the seconds of an alarm delay as text, "0" = none."""

    command: ClassVar[int] = codes.SECURITY
    sub: ClassVar[int] = codes.SECURITY_EVENT
    status: Annotated[int, msgspec.Meta(ge=EVENT_DISARMED, le=EVENT_COUNTDOWN)]
    data: str = "0"


class LocalAlarm(msgspec.Struct, frozen=True):
    """The siren was switched at the gateway: 0 off, anything else on."""

    command: ClassVar[int] = codes.ALARM
    sub: ClassVar[int] = codes.LOCAL_ALARM
    alarm: int

    def payload(self) -> bytes:
        return bytes((self.sub, self.alarm))


class AlarmCancel(msgspec.Struct, frozen=True):
    """The alarm is cancelled; with another value than 0 it is not."""

    command: ClassVar[int] = codes.ALARM
    sub: ClassVar[int] = codes.ALARM_CANCEL
    value: int = 0

    def payload(self) -> bytes:
        return bytes((self.sub, self.value))


class AlarmInfo(JsonMessage, frozen=True):
    """What caused an alarm. ``sub``: ALARM_INFO, or ALARM_INFO_NEW. ``type`` 1: an environmental sensor.

    ``dp_inf``: the data point, JSON as a text. ``gp``: the zone; only of the new form.
    """

    command: ClassVar[int] = codes.ALARM
    sub: int
    type: Flag
    sub_id: Text
    dp_inf: str = ""
    gp: str | None = None


class AlarmDelay(msgspec.Struct, frozen=True):
    """The alarm delay: DELAY_NONE, DELAY_RUNNING, DELAY_OVER."""

    command: ClassVar[int] = codes.ALARM
    sub: ClassVar[int] = codes.ALARM_DELAY
    delay: int

    def payload(self) -> bytes:
        return bytes((self.sub, self.delay))


class AlarmState(msgspec.Struct, frozen=True):
    """An alarm, or its end: the new form."""

    command: ClassVar[int] = codes.ALARM
    sub: ClassVar[int] = codes.ALARM_STATE_NEW
    alarm: int

    def payload(self) -> bytes:
        return bytes((self.sub, self.alarm))


# --- reading ----------------------------------------------------------------------------------------


def read_security_info(frame: Frame) -> Message:
    data = frame.payload
    must(len(data) >= 2)
    if data[1]:
        return NoSecurityInfo(data[1])
    return json_message(SecurityInfo, frame, read_object(data[2:]), codes.SECURITY_INFO)


def read_local_alarm(frame: Frame) -> LocalAlarm:
    return LocalAlarm(_value(frame))


def read_alarm_cancel(frame: Frame) -> AlarmCancel:
    return AlarmCancel(_value(frame))


def read_alarm_delay(frame: Frame) -> AlarmDelay:
    return AlarmDelay(_value(frame))


def read_alarm_state(frame: Frame) -> AlarmState:
    return AlarmState(_value(frame))


def _value(frame: Frame) -> int:
    """The byte behind the sub-command."""
    must(len(frame.payload) == 2)
    return frame.payload[1]
