"""The alarm system of a security gateway: what people, keypads, sensors and the MCU do to its state machine.

    arm, disarm, cancel_alarm ──┐                          ┌─► c0/02, c0/03, c1/… to the MCU, one after the other
    c0/00 of a keypad, c1/00 ───┼─► SecurityMachine ─► step ┼─► Reported({"security": "home"}), and a notice for people
    0d of a sensor ─────────────┘                          └─► Remember: it goes on after a restart

With a code people need it to disarm and to cancel; it is kept as a salted hash, and three wrong ones lock it.
Source: docs/protocols/tuya_gateway.md §2.12.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Ambient, Event, Noticed, Remember, Reported, Ticket, WireAction
from unclouded.core.text.whole_number import whole_number
from unclouded.families.tuya.gateway.module.action_requests import ActionRequests
from unclouded.families.tuya.gateway.module.sub_devices import SubDeviceRegistry
from unclouded.families.tuya.gateway.security.alarm_points import named_points
from unclouded.families.tuya.gateway.security.security_machine import SecurityMachine
from unclouded.families.tuya.gateway.security.security_settings import LONGEST_DELAY_S, SecuritySettings
from unclouded.families.tuya.gateway.security.security_status import (
    ALARM,
    ALARM_DELAY,
    SecurityCause,
    SecurityChange,
    SecurityStep,
)
from unclouded.families.tuya.gateway.security.sensors import ArmedMode, triggers_in
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID, BareSub, result_of
from unclouded.families.tuya.gateway.wire.security_messages import AWAY, DISARMED, HOME, ArmCommand, LocalAlarm
from unclouded.families.tuya.gateway.wire.start_messages import ProductInfo
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.messages import frame_of

STATE, CODE = "security", "security-code"  # in the memory; the first is a wire key of the gateway itself too
ALARMING, LEFT_S = "alarm", "security_left_s"  # likewise: there is an alarm; the time left of a delay
MODES: Mapping[int, ArmedMode] = {HOME: "home", AWAY: "away"}
USER = SecurityCause("user")
WRONG_CODES, LOCKED_S = 3, 60.0  # wrong codes in a row, and how long none is taken then; ours
SALT, SHORTEST, LONGEST = 16, 4, 16  # bytes; digits of a code
NO_SECURITY = "This gateway has no alarm system, as it reports itself."
NO_SENSORS = "no sub-device here is a sensor, so none raises an alarm; name them in security.sensors of the profile"
LOCKED = "too many wrong codes; wait a minute"
NEEDED = "a code is set, and is needed"  # no attempt to find it out: it does not count as a wrong one
ACTIONS = frozenset({"arm", "disarm", "cancel_alarm", "set_code"})


class CodeGuard:
    """The code that people need, where there is one. ``stored``: salt and hash of an earlier run."""

    def __init__(self, stored: bytes) -> None:
        self._stored = stored
        self._wrong = 0
        self._locked_until = float("-inf")

    def problem(self, code: str, now: float) -> str:
        """Why this code is not taken; "" = it is, or none is needed."""
        if not self._stored:
            return ""
        if now < self._locked_until:
            return LOCKED
        salt, digest = self._stored[:SALT], self._stored[SALT:]
        if hmac.compare_digest(_hash(code, salt), digest):
            self._wrong = 0
            return ""
        if not code:
            return NEEDED
        self._wrong += 1
        if self._wrong >= WRONG_CODES:
            self._wrong, self._locked_until = 0, now + LOCKED_S
        return "the code is wrong"

    def set(self, code: str, salt: bytes) -> bytes:
        """Need this code from now on, "" = none. What is to be remembered."""
        self._stored = salt + _hash(code, salt) if code else b""
        return self._stored


class GatewaySecurity:
    """``ambient``: its memory is of an earlier run."""

    def __init__(
        self,
        settings: SecuritySettings,
        parts: EndpointParts,
        ambient: Ambient,
        requests: ActionRequests,
        registry: SubDeviceRegistry,
    ) -> None:
        self._settings = settings
        self._queue = parts.queue
        self._ambient = ambient
        self._requests = requests
        self._registry = registry
        self._machine = SecurityMachine(settings, ambient.memory.get(STATE, b""))
        self._guard = CodeGuard(ambient.memory.get(CODE, b""))
        self._is_on = False
        self._sent = 0

    def begin(self, product: ProductInfo, now: float) -> list[Event]:
        """The MCU is there: a security gateway is sent the state that it is to be in."""
        self._is_on = product.is_security
        if not self._is_on:
            return []
        steps = self._do(self._machine.synchronise(product.new_alarms, now), now)
        return [*self._state(now), *steps]

    # --- what people do ----------------------------------------------------------------------------

    def check(self, action: WireAction) -> None:
        """Raises CommandError for an action that is invalid."""
        if not self._is_on:
            raise CommandError(NO_SECURITY)
        if action.name == "arm" and action.args.get("mode", "") not in MODES.values():
            raise CommandError("arm takes mode=home or mode=away.")
        delay = action.args.get("delay", "0")
        if whole_number(delay, 0, LONGEST_DELAY_S) is None:
            raise CommandError(f"A delay is 0 to {LONGEST_DELAY_S} seconds, not {delay[:20]!r}.")
        new = action.args.get("new", "")
        is_code = new.isascii() and new.isdecimal() and SHORTEST <= len(new) <= LONGEST
        if action.name == "set_code" and new and not is_code:
            raise CommandError(f"A code has {SHORTEST} to {LONGEST} digits; new= without one ends it.")

    def act(self, action: WireAction, ticket: Ticket, now: float) -> list[Event]:
        """arm, disarm, cancel_alarm or set_code."""
        if action.name == "arm":
            delay = int(action.args["delay"]) if "delay" in action.args else None
            mode: ArmedMode = "home" if action.args["mode"] == "home" else "away"
            words = "" if self._has_sensors() else NO_SENSORS
            return self._settled(self._machine.arm(mode, USER, now, delay), ticket, now, words)
        problem = self._guard.problem(action.args.get("code", ""), now)
        if problem:
            refused = self._requests.refuse(ticket, _sentence(problem))
            return [Noticed(STATE, f"{action.name} was refused: {problem}."), *refused]
        if action.name == "set_code":
            kept = self._guard.set(action.args.get("new", ""), self._ambient.token(SALT))
            return [Remember(CODE, kept), *self._requests.settle(ticket)]
        step = self._machine.disarm(USER) if action.name == "disarm" else self._machine.cancel(USER)
        return self._settled(step, ticket, now)

    # --- what the MCU and its sub-devices send -----------------------------------------------------

    def received(self, message: Message, now: float) -> list[Event] | None:
        """None = it is none of these."""
        match message:
            case ArmCommand(mode=mode, sub_id=keypad) if self._is_on:
                cause = SecurityCause("keypad", keypad)
                step = self._machine.disarm(cause) if mode == DISARMED else self._machine.arm(MODES[mode], cause, now)
                self._answer(result_of(codes.SECURITY, not step.refused, codes.ARM))
                return self._do(step, now)
            case BareSub(command=codes.SECURITY, sub=codes.SECURITY_INFO):
                self._answer(self._machine.info())
                return []
            case LocalAlarm(alarm=alarm) if self._is_on:
                self._answer(result_of(codes.ALARM, True, codes.LOCAL_ALARM))
                return self._do(self._machine.siren(bool(alarm)), now)
            case ArmCommand() | LocalAlarm():
                self._answer(result_of(message.command, False, message.sub))
                return []
        return None

    def reported(self, sub_id: str, points: Sequence[DataPoint], now: float) -> list[Event]:
        """A sub-device reports: is it an alarm? The gateway itself reports what it shows of one."""
        if sub_id == GATEWAY_ID and self._is_on:
            named = named_points(self._settings, points)
            return [Reported(named)] if named else []
        device = self._registry.get(sub_id)
        if device is None or not self._is_on:
            return []
        triggers = triggers_in(self._settings.sensors, sub_id, device.product, points)
        return [event for trigger in triggers for event in self._do(self._machine.triggered(trigger, now), now)]

    # --- time --------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Event]:
        """Ends delays that are over; [] where the MCU is not a security gateway."""
        return self._do(self._machine.tick(now), now) if self._is_on else []

    def deadline(self) -> float | None:
        """When a delay is over, in monotonic seconds; None = none runs, or the MCU is not a security gateway."""
        return self._machine.deadline() if self._is_on else None

    # --- inside ----------------------------------------------------------------------------------

    def _has_sensors(self) -> bool:
        sensors = self._settings.sensors
        return any(device.id in sensors or device.product in sensors for device in self._registry)

    def _settled(self, step: SecurityStep, ticket: Ticket, now: float, words: str = "") -> list[Event]:
        if step.refused:
            return self._requests.refuse(ticket, _sentence(step.refused))
        return [*self._do(step, now), *self._requests.settle(ticket, words)]

    def _do(self, step: SecurityStep, now: float) -> list[Event]:
        for message in step.messages:
            self._sent += 1
            self._requests.send(message, f"{STATE} {self._sent}")
        if not step.changes:
            return []
        notices = [Noticed(STATE, self._text(change)) for change in step.changes]
        return [Remember(STATE, self._machine.memory()), *self._state(now), *notices]

    def _state(self, now: float) -> list[Event]:
        status, until = self._machine.status, self._machine.deadline()
        left_s = 0 if until is None else max(0, round(until - now))
        return [Reported({STATE: status.name, ALARMING: status.phase == ALARM, LEFT_S: left_s})]

    def _text(self, change: SecurityChange) -> str:
        """A change for people, and who or what brought it about."""
        after, cause = change.after, change.after.cause
        by = f" ({self._named(cause.sub_id)})" if cause.sub_id else "" if cause.kind == "time" else f" ({cause.kind})"
        match after.phase:
            case "alarm":
                return f"Alarm{by}."
            case "alarm delay":
                return f"Alarm in {after.delay_s} s{by}."
            case "arming":
                return f"Armed {after.mode} in {after.delay_s} s{by}."
        if change.before.phase in (ALARM, ALARM_DELAY) and after.mode == change.before.mode:
            return f"Alarm cancelled{by}."
        return f"{'Disarmed' if after.mode == 'disarmed' else f'Armed {after.mode}'}{by}."

    def _named(self, sub_id: str) -> str:
        device = self._registry.get(sub_id)
        return device.name if device is not None and device.name else sub_id[:80]

    def _answer(self, message: Message) -> None:
        self._queue.answer(bytes(frame_of(message)))


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def _hash(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=2**12, r=8, p=1, dklen=32)
