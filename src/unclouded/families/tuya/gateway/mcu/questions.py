"""What a simulated gateway asks its module, for a person who is shown the answer.

    ask("time") ─► 11 ─► 11 01 1a 0b 1d 0d 00 00 07 ─► {"ok":true,"year":2026,…}

Source: docs/protocols/tuya_gateway.md §2.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.group_messages import GroupChange, MemberQuery
from unclouded.families.tuya.gateway.wire.message_fields import fields_of
from unclouded.families.tuya.gateway.wire.message_parts import BareSub, GatewayResult
from unclouded.families.tuya.gateway.wire.pairing_messages import PassThrough, PhoneLink, SerialCredentials
from unclouded.families.tuya.gateway.wire.point_messages import GMT, NO_TIME, RecordTime, TimedPoints
from unclouded.families.tuya.gateway.wire.security_messages import AWAY, DISARMED, HOME, ArmCommand, LocalAlarm
from unclouded.families.tuya.gateway.wire.service_messages import (
    HeartbeatPause,
    WeatherAccepted,
    WeatherRequest,
    WeatherSubscription,
)
from unclouded.families.tuya.gateway.wire.start_messages import LocalPermit, PairingReset
from unclouded.families.tuya.gateway.wire.sub_device_messages import BindingQuery, LocalDelete, PresenceChange
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.messages import Bare

PERMIT_S = 60  # of the question "permit"
WEATHER = ("w.temp", "w.humidity", "w.condition")
NO_SUB_DEVICE = "none"  # the id that is asked about where none has joined


class GatewayContext(msgspec.Struct, frozen=True):
    """What the MCU knows when it asks: the ids that have joined, a group, the points of the first, GMT in Unix."""

    ids: Sequence[str]
    group: str
    points: tuple[DataPoint, ...]
    unix: int

    @property
    def first(self) -> str:
        return self.ids[0] if self.ids else NO_SUB_DEVICE

    @property
    def last(self) -> str:
        return self.ids[-1] if self.ids else NO_SUB_DEVICE


class GatewayQuestion(msgspec.Struct, frozen=True):
    """A question: what it is for, and its message."""

    text: str
    message: Callable[[GatewayContext], Message]


def _fixed(text: str, message: Message) -> GatewayQuestion:
    return GatewayQuestion(text, lambda _: message)


def _bare(text: str, command: int) -> GatewayQuestion:
    return _fixed(text, Bare(command))


def _state(text: str, state: int, *, everyone: bool) -> GatewayQuestion:
    if everyone:
        return _fixed(text, PresenceChange(all=1, state=state))
    return GatewayQuestion(text, lambda context: PresenceChange(all=0, cids=(context.first,), state=state))


def _record(text: str, kind: int) -> GatewayQuestion:
    def message(context: GatewayContext) -> Message:
        return TimedPoints(RecordTime(kind, context.unix if kind else 0), context.first, context.points)

    return GatewayQuestion(text, message)


GATEWAY_QUESTIONS: Mapping[str, GatewayQuestion] = {
    "gmt": _bare("10: the time, GMT", codes.GMT),
    "time": _bare("11: the local time", codes.LOCAL_TIME),
    "zone": _fixed("33/03: the time with its zone", BareSub(codes.SERVICES, codes.ZONED_TIME)),
    "network": _bare("16: the network status", codes.NETWORK_QUERY),
    "network-poll": _bare("03 without data: the network status, as one MCU asks for it", codes.NETWORK),
    "memory": _bare("1b: the module's free memory", codes.MEMORY),
    "mac": _bare("2b: the module's hardware address", codes.MAC),
    "wifi-test": _bare("15: a test of its Wi-Fi", codes.WIFI_TEST),
    "list": _bare("1c: the list of sub-devices", codes.LIST),
    "binding": GatewayQuestion("2d: where the first sub-device is bound", lambda one: BindingQuery(one.first)),
    "member": GatewayQuestion("2e: the first member of the first group", lambda one: MemberQuery(one.group, 0)),
    "group-changed": GatewayQuestion(
        "2f: to note that data point 1 of the first group has changed", lambda one: GroupChange(one.group, 1)
    ),
    "permit": _fixed(f"1a: to let sub-devices join for {PERMIT_S} s", LocalPermit(True, PERMIT_S)),
    "stop": _fixed("1a: to let no more sub-devices join", LocalPermit(False)),
    "delete": GatewayQuestion("19: to forget the sub-device that joined last", lambda one: LocalDelete(one.last)),
    "offline": _state("2a: to note that the first sub-device is offline", 0, everyone=False),
    "online": _state("2a: to note that the first sub-device is online", 1, everyone=False),
    "all-offline": _state("2a: to note that all sub-devices are offline", 0, everyone=True),
    "all-online": _state("2a: to note that all sub-devices are online", 1, everyone=True),
    "record": _record("2c: to store the values of the first sub-device as a record", GMT),
    "record-without-time": _record("2c: to store a record without a time, which a module refuses", NO_TIME),
    "pause-heartbeats": _fixed("33/04: no more heartbeats", HeartbeatPause(0)),
    "resume-heartbeats": _fixed("33/04: heartbeats again", HeartbeatPause(1)),
    "weather": _fixed("33/00: the weather, sent each hour from now on", WeatherSubscription(0, WEATHER)),
    "weather-now": _fixed("33/02: the weather, now", WeatherRequest(WEATHER)),
    "reset": _bare("04: to be reset and paired", codes.RESET),
    "reset-ez": _fixed("05: to be reset and paired by SmartConfig", PairingReset(0)),
    "reset-ap": _fixed("05: to be reset and paired by its access point", PairingReset(1)),
    "factory": _bare("17: to restore the factory settings; it answers by 18", codes.FACTORY_RESET),
    "pairing": _fixed("23: to pair with a Wi-Fi", SerialCredentials("unclouded", "12345678", "sim")),
    "from-app": _fixed("25: to accept bytes of the app", PassThrough(codes.FROM_APP, b"\x01\x02\x03")),
    "phone": _fixed("27: to note that a phone is connected; it is not answered", PhoneLink(True)),
    "security": _fixed("c0/01: the state of the alarm system", BareSub(codes.SECURITY, codes.SECURITY_INFO)),
    "disarm": GatewayQuestion("c0/00: to disarm", lambda one: ArmCommand(DISARMED, one.first)),
    "arm-home": GatewayQuestion("c0/00: to arm at home", lambda one: ArmCommand(HOME, one.first)),
    "arm-away": GatewayQuestion("c0/00: to arm when away", lambda one: ArmCommand(AWAY, one.first)),
    "alarm": _fixed("c1/00: to note an alarm at the gateway", LocalAlarm(1)),
    "alarm-over": _fixed("c1/00: to note that the alarm at the gateway is over", LocalAlarm(0)),
}

UNANSWERED = frozenset({codes.FACTORY_RESET, codes.PHONE_LINK})  # docs/protocols/tuya_gateway.md §1.6.1


def answer_text(message: Message) -> tuple[bool, str]:
    """Whether an answer is good, and it as JSON."""
    fields = fields_of(message)
    bad = fields.get("ok") is False
    if isinstance(message, GatewayResult | WeatherAccepted):
        bad = not message.ok
    return not bad, msgspec.json.encode(dict(fields)).decode() if fields else "acknowledged"
