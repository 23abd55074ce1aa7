"""Arming and alarms of a security gateway: the states, what changes them, and what the MCU is sent.

    disarmed ──arm──► arming ──time──► home, away ──sensor──► alarm delay ──time──► alarm
        ▲               │                  │                      │                   │
        ├────disarm─────┴──────────────────┴──────────────────────┴───────────────────┤
        │                                                                             │ cancel: back to the mode
        └── an environmental sensor, or the siren at the gateway: alarm at once, in every state

A delay of 0 s skips its state. The table of docs/protocols/tuya_gateway.md §2.12.12 has all transitions.

A restart of the hub: the mode and an alarm stay, a delay begins again in full, and once the MCU is there it is sent all
of it again. So a siren goes on, a resident who comes home has the whole delay, and no alarm is lost.
"""

import msgspec

from unclouded.families.tuya.gateway.security.mcu_notices import McuNotices, security_info
from unclouded.families.tuya.gateway.security.security_settings import LONGEST_DELAY_S, SecuritySettings
from unclouded.families.tuya.gateway.security.security_status import (
    ALARM,
    ALARM_DELAY,
    ARMING,
    QUIET,
    SecurityCause,
    SecurityChange,
    SecurityStatus,
    SecurityStep,
)
from unclouded.families.tuya.gateway.security.sensors import ArmedMode, SensorTrigger
from unclouded.families.tuya.gateway.wire.security_messages import SecurityInfo
from unclouded.families.tuya.line.command import Message

MOST_CAUSES = 128  # of one alarm that the MCU is sent; as many sub-devices as there may be
WRONG_CODE = "the code is wrong"
TIME = SecurityCause("time")
TIMED = (ARMING, ALARM_DELAY)


class SecurityMachine:
    """``memory``: what ``memory()`` returned before a restart; what cannot be read is as nothing.

    Commands take ``allowed``: whether the code of the person was right, where one is needed.
    """

    def __init__(self, settings: SecuritySettings, memory: bytes = b"", new_alarms: bool = False) -> None:
        self._settings = settings
        self._notices = McuNotices(settings, new_alarms)
        self.status = _remembered(memory)
        self._until: float | None = None  # the end of the delay
        self._causes: set[str] = set()  # sub-devices whose alarm the MCU was sent

    # --- what is asked ---------------------------------------------------------------------------

    def arm(
        self, mode: ArmedMode, cause: SecurityCause, now: float, delay_s: int | None = None, *, allowed: bool = True
    ) -> SecurityStep:
        """``delay_s``: None = that of the settings. The same mode again changes nothing."""
        status = self.status
        if not allowed:
            return SecurityStep(refused=WRONG_CODE)
        if status.is_alarm:
            return SecurityStep(refused="there is an alarm; cancel it first")
        if status.mode == mode:
            return SecurityStep()
        if status.mode != "disarmed":
            return SecurityStep(refused=f"the mode {status.mode} is set; disarm first")
        delay = min(LONGEST_DELAY_S, max(0, self._settings.arming_delay_s if delay_s is None else delay_s))
        messages = self._notices.mode(mode, delay)
        if not delay:
            return self._to(SecurityStatus(mode, QUIET, cause), [*messages, *self._notices.armed()])
        self._until = now + delay
        return self._to(SecurityStatus(mode, ARMING, cause, delay), [*messages, *self._notices.arming()])

    def disarm(self, cause: SecurityCause, *, allowed: bool = True) -> SecurityStep:
        """Ends an alarm and its delay too."""
        if not allowed:
            return SecurityStep(refused=WRONG_CODE)
        if self.status.name == "disarmed":
            return SecurityStep()
        messages = [*self._end_of_alarm(), *self._notices.mode("disarmed"), *self._notices.disarmed()]
        return self._to(SecurityStatus("disarmed", QUIET, cause), messages)

    def cancel(self, cause: SecurityCause, *, allowed: bool = True) -> SecurityStep:
        """End the alarm, or its delay; the mode stays, unless the settings say otherwise."""
        if not allowed:
            return SecurityStep(refused=WRONG_CODE)
        if not self.status.is_alarm:
            return SecurityStep(refused="there is no alarm")
        if self._settings.cancel_disarms and self.status.mode != "disarmed":
            return self.disarm(cause)
        return self._to(SecurityStatus(self.status.mode, QUIET, cause), self._end_of_alarm())

    # --- what happens ----------------------------------------------------------------------------

    def triggered(self, trigger: SensorTrigger, now: float) -> SecurityStep:
        """A sensor reports an alarm."""
        status = self.status
        cause = SecurityCause("sensor", trigger.sub_id, trigger.detail, trigger.environmental)
        if not trigger.environmental and (status.phase == ARMING or not trigger.counts_in(status.mode)):
            return SecurityStep(tuple(self._notices.ignored()))
        if status.phase == ALARM:
            return SecurityStep(tuple(self._alarm_of(cause)))
        if trigger.environmental or not (self._settings.alarm_delay_s or status.phase == ALARM_DELAY):
            return self._alarm(cause)
        if status.phase == ALARM_DELAY:
            return SecurityStep()
        delay = self._settings.alarm_delay_s
        self._until = now + delay
        return self._to(SecurityStatus(status.mode, ALARM_DELAY, cause, delay), self._notices.delay(delay))

    def siren(self, on: bool) -> SecurityStep:
        """The siren was switched at the gateway itself: an alarm, or its end. The MCU knows of it."""
        status, cause = self.status, SecurityCause("gateway")
        if on and status.phase != ALARM:
            self._causes.clear()
            over = self._notices.delay_over() if status.phase == ALARM_DELAY else []
            return self._to(SecurityStatus(status.mode, ALARM, cause), over)
        if not on and status.phase == ALARM:
            return self._to(SecurityStatus(status.mode, QUIET, cause), [])
        return SecurityStep()

    def tick(self, now: float) -> SecurityStep:
        """A delay may be over."""
        if self._until is None or now < self._until:
            return SecurityStep()
        status = self.status
        if status.phase == ALARM_DELAY:
            return self._alarm(status.cause)
        return self._to(SecurityStatus(status.mode, QUIET, TIME), self._notices.armed())

    def deadline(self) -> float | None:
        """When the delay that runs is over, in monotonic seconds; None = none runs."""
        return self._until

    # --- the MCU, and restarts -------------------------------------------------------------------

    def info(self) -> SecurityInfo:
        """The answer to c0/01."""
        return security_info(self.status)

    def synchronise(self, new_alarms: bool, now: float) -> SecurityStep:
        """The MCU is there (again), and knows this form of alarms: send it all. After a restart delays begin again."""
        self._notices.new_alarms = new_alarms
        if self._until is None and self.status.phase in TIMED:
            self._until = now + self.status.delay_s
        return SecurityStep(tuple(self._notices.all_of(self.status)))

    def memory(self) -> bytes:
        """To be remembered after every change."""
        return msgspec.json.encode(self.status)

    # --- inside ----------------------------------------------------------------------------------

    def _alarm(self, cause: SecurityCause) -> SecurityStep:
        over = self._notices.delay_over() if self.status.phase == ALARM_DELAY else []
        self._causes.clear()
        return self._to(SecurityStatus(self.status.mode, ALARM, cause), [*over, *self._alarm_of(cause)])

    def _alarm_of(self, cause: SecurityCause) -> list[Message]:
        """One notice for each sub-device that is a cause of this alarm."""
        if cause.sub_id in self._causes or len(self._causes) >= MOST_CAUSES:
            return []
        self._causes.add(cause.sub_id)
        return self._notices.alarm(cause)

    def _end_of_alarm(self) -> list[Message]:
        match self.status.phase:
            case "alarm delay":
                return self._notices.delay_over()
            case "alarm":
                return self._notices.alarm_over()
        return []

    def _to(self, after: SecurityStatus, messages: list[Message]) -> SecurityStep:
        before, self.status = self.status, after
        if after.phase not in TIMED:
            self._until = None
        return SecurityStep(tuple(messages), (SecurityChange(before, after),))


def _remembered(memory: bytes) -> SecurityStatus:
    try:
        status = msgspec.json.decode(memory, type=SecurityStatus)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return SecurityStatus()
    if status.phase not in TIMED:
        return msgspec.structs.replace(status, delay_s=0)
    if status.mode == "disarmed":
        return SecurityStatus()
    return msgspec.structs.replace(status, delay_s=min(LONGEST_DELAY_S, max(0, status.delay_s)))
