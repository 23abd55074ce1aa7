"""The answers of a simulated plug, by method and namespace.

A request is answered where the ability list of its dialect names the namespace and the method has an answer; on others
the plug closes the connection. Traces show that GETs of Control.OverTemp and Control.AlertReport are among the others.
Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.meross.plug.simulated_plug import SIGNAL, SimulatedPlug, full
from unclouded.families.meross.plug.state.dialects import ARGUMENTS
from unclouded.families.meross.plug.state.wifi_networks import scanned
from unclouded.families.meross.wire.envelope import DELETE, GET, PUSH, SET
from unclouded.families.meross.wire.messages import (
    ClockRequest,
    DndMode,
    Message,
    Position,
    Runtime,
    SettingValues,
    Time,
    payload_of,
)
from unclouded.families.meross.wire.payload_fields import fields_of

ALL_CHANNELS = 0xFFFFFFFF
LATEST = 2**32 - 1  # Unix seconds that a plug can count to
LOWEST, HIGHEST = -(2**31), 2**31 - 1  # numbers that it can keep
LONGEST_ZONE, MOST_RULES, LARGEST_OFFSET_S = 64, 64, 86_400
ACKNOWLEDGED = b"{}"
ENCRYPTION = ("Encrypt.Suite", "Encrypt.ECDHE")

Get = Callable[[SimulatedPlug, bytes, float], bytes | None]
Set = Callable[[SimulatedPlug, Message, bytes, float], bytes | None]


def short(namespace: str) -> str:
    """Without ``Appliance.``"""
    return namespace.removeprefix("Appliance.")


def abilities(plug: SimulatedPlug) -> Mapping[str, Mapping[str, int]]:
    """The namespaces that it lists, with their arguments."""
    names = [name for name in plug.dialect.abilities if name not in ENCRYPTION]
    names += ENCRYPTION if encrypts(plug) else ()
    arguments = {**ARGUMENTS, "Control.Multiple": {"maxCmdNum": plug.dialect.most_commands}}
    return {f"Appliance.{name}": arguments.get(name, {}) for name in names}


def encrypts(plug: SimulatedPlug) -> bool:
    """Whether a bound plug encrypts HTTP."""
    return (
        plug.dialect.encrypts or "always-encrypts" in plug.options.faults
    ) and "never-encrypts" not in plug.options.faults


def lists(plug: SimulatedPlug, namespace: str) -> bool:
    """Whether the plug's ability list has a namespace; that of encryption only while the plug encrypts."""
    name = short(namespace)
    return encrypts(plug) if name in ENCRYPTION else name in plug.dialect.abilities


def answer(
    plug: SimulatedPlug, method: str, namespace: str, message: Message, payload: bytes, now: float
) -> bytes | None:
    """The payload of the answer; None where the request is unknown to it and it closes."""
    name = short(namespace)
    if not lists(plug, namespace):
        return None
    if method in (GET, PUSH):
        get = (GETS if method == GET else QUERIES).get(name)
        return get(plug, payload, now) if get is not None else None
    if method == SET:
        set_ = SETS.get(name)
        found = set_(plug, message, payload, now) if set_ is not None else None
    else:
        found = _delete(plug, name, payload, now) if method == DELETE else None
    return found


# --- GET ----------------------------------------------------------------------------------------------


def _relay(plug: SimulatedPlug, payload: bytes, now: float) -> bytes:
    if not plug.dialect.lists_relays or _names_channel(payload):
        return payload_of(channel=0, togglex=full(plug.toggle))
    return payload_of(channel=ALL_CHANNELS, togglex=[full(plug.toggle)])


def _names_channel(payload: bytes) -> bool:
    return b'"channel"' in payload


def _standby(plug: SimulatedPlug, payload: bytes, now: float) -> bytes | None:
    """Asked with a channel: its settings; with an empty list: an empty list; with another key it closes."""
    asked = _config_in(payload)
    if asked is None:
        return None
    return payload_of(config=[plug.settings.standby] if asked else [])


def _config_in(payload: bytes) -> list[Any] | None:  # Any: JSON
    try:
        return msgspec.json.decode(fields_of(payload)["config"], type=list)
    except (WireError, KeyError, msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _runtime(plug: SimulatedPlug, payload: bytes, now: float) -> bytes:
    if not plug.dialect.is_newer:
        return payload_of(runtime=Runtime(signal=SIGNAL))
    return payload_of(runtime={"signal": SIGNAL, "ssid": plug.settings.ssid})


def _hours(plug: SimulatedPlug, payload: bytes, now: float) -> bytes:
    return payload_of(consumptionH=[{"channel": 0, "data": plug.energy.hours, "total": 0}])


def _networks(plug: SimulatedPlug, payload: bytes, now: float) -> bytes:
    found = [full(one) for one in scanned(plug.options.networks, plug.dialect.is_newer)]
    for network in found:
        del network["password"]
    return payload_of(wifiList=found)


def _position(plug: SimulatedPlug) -> Mapping[str, int]:
    return {"longitude": plug.settings.longitude, "latitude": plug.settings.latitude}


GETS: Mapping[str, Get] = {
    "System.All": lambda plug, payload, now: payload_of(all=plug.all(now)),
    "System.Ability": lambda plug, payload, now: payload_of(payloadVersion=1, ability=abilities(plug)),
    "System.Hardware": lambda plug, payload, now: payload_of(hardware=full(plug.hardware())),
    "System.Firmware": lambda plug, payload, now: payload_of(firmware=plug.system(now)["firmware"]),
    "System.Time": lambda plug, payload, now: payload_of(time=full(plug.time_now(now))),
    "System.Online": lambda plug, payload, now: payload_of(online=plug.online()),
    "System.Runtime": _runtime,
    "System.Debug": lambda plug, payload, now: payload_of(debug=plug.debug(now)),
    "System.Position": lambda plug, payload, now: payload_of(position=_position(plug)),
    "System.DNDMode": lambda plug, payload, now: payload_of(DNDMode={"mode": plug.settings.led_off}),
    "Control.Toggle": lambda plug, payload, now: plug.relay_payload(),
    "Control.ToggleX": _relay,
    "Control.Electricity": lambda plug, payload, now: payload_of(electricity=plug.electricity()),
    "Control.ConsumptionX": lambda plug, payload, now: payload_of(consumptionx=plug.energy.days),
    "Control.ConsumptionH": _hours,
    "Control.ConsumptionConfig": lambda plug, payload, now: payload_of(config=plug.calibration()),
    "Control.Timer": lambda plug, payload, now: payload_of(timer=plug.timers.rules),
    "Control.Trigger": lambda plug, payload, now: payload_of(trigger=plug.triggers.rules),
    "Control.TimerX": lambda plug, payload, now: plug.timers.get(payload),
    "Control.TriggerX": lambda plug, payload, now: plug.triggers.get(payload),
    "Digest.TimerX": lambda plug, payload, now: payload_of(digest=plug.timers.digest),
    "Digest.TriggerX": lambda plug, payload, now: payload_of(digest=plug.triggers.digest),
    "Config.WifiList": _networks,
    "Config.Trace": lambda plug, payload, now: payload_of(trace=full(plug.settings.trace)),
    "Config.Info": lambda plug, payload, now: payload_of(info={"homekit": {}}),
    "Config.OverTemp": lambda plug, payload, now: payload_of(overTemp=plug.settings.over_temperature),
    "Config.StandbyKiller": _standby,
    "Encrypt.Suite": lambda plug, payload, now: payload_of(suite={"ka": "ecdhe256", "se": "mrskey", "ds": ""}),
}
QUERIES: Mapping[str, Get] = {
    "Config.Info": GETS["Config.Info"],
    "Config.StandbyKiller": lambda plug, payload, now: payload_of(config=[plug.settings.standby]),
}

# --- SET ----------------------------------------------------------------------------------------------


def _set_time(plug: SimulatedPlug, message: Message, payload: bytes, now: float) -> bytes | None:
    if not isinstance(message, Time) or not _can_keep(message):
        return None
    settings = plug.settings
    if (settings.timezone, settings.time_rule) != (message.timezone, message.time_rule):
        settings.timezone, settings.time_rule = message.timezone, message.time_rule
        plug.rules.rules_changed(now)
    plug.set_clock(message.timestamp, now)
    return ACKNOWLEDGED


def _can_keep(time: Time) -> bool:
    rules = all(len(one) >= 2 and abs(one[0]) <= LATEST and abs(one[1]) <= LARGEST_OFFSET_S for one in time.time_rule)
    return rules and len(time.time_rule) <= MOST_RULES and len(time.timezone) <= LONGEST_ZONE


def set_clock(plug: SimulatedPlug, message: Message, now: float) -> None:
    """Sets the plug's clock from a ClockRequest (Unix seconds); any other message changes nothing."""
    if isinstance(message, ClockRequest):
        plug.set_clock(message.timestamp, now)


def _set_position(plug: SimulatedPlug, message: Message, payload: bytes, now: float) -> bytes | None:
    if not isinstance(message, Position) or not all(
        LOWEST <= one <= HIGHEST for one in (message.longitude, message.latitude)
    ):
        return None
    plug.settings.longitude, plug.settings.latitude = message.longitude, message.latitude
    plug.rules.rules_changed(now)
    return ACKNOWLEDGED


def _set_led(plug: SimulatedPlug, message: Message, payload: bytes, now: float) -> bytes | None:
    if not isinstance(message, DndMode) or message.mode not in (0, 1):
        return None
    plug.settings.led_off = message.mode
    return ACKNOWLEDGED


def _set_over_temperature(plug: SimulatedPlug, message: Message, payload: bytes, now: float) -> bytes | None:
    if not isinstance(message, SettingValues) or not message.config:
        return None
    return _merged(plug.settings.over_temperature, message.config[0])


def _set_standby(plug: SimulatedPlug, message: Message, payload: bytes, now: float) -> bytes | None:
    if not isinstance(message, SettingValues) or not message.config:
        return None
    return _merged(plug.settings.standby, message.config[0])


def _merged(settings: dict[str, Any], changes: Mapping[str, Any]) -> bytes | None:  # Any: JSON
    """Only numbers, and only settings that it has."""
    known = {name: value for name, value in changes.items() if name in settings}
    if any(type(value) is not int or not LOWEST <= value <= HIGHEST for value in known.values()):
        return None
    settings.update(known)
    return ACKNOWLEDGED


def _set_timer(plug: SimulatedPlug, message: Message, payload: bytes, now: float) -> bytes | None:
    found = plug.timers.replace(payload) if plug.dialect.is_old else plug.timers.set(payload)
    plug.rules.rules_changed(now)
    return found


def _set_trigger(plug: SimulatedPlug, message: Message, payload: bytes, now: float) -> bytes | None:
    return plug.triggers.replace(payload) if plug.dialect.is_old else plug.triggers.set(payload)


SETS: Mapping[str, Set] = {
    "System.Time": _set_time,
    "System.Position": _set_position,
    "System.DNDMode": _set_led,
    "Config.OverTemp": _set_over_temperature,
    "Config.StandbyKiller": _set_standby,
    "Control.Timer": _set_timer,
    "Control.TimerX": _set_timer,
    "Control.Trigger": _set_trigger,
    "Control.TriggerX": _set_trigger,
}


def _delete(plug: SimulatedPlug, name: str, payload: bytes, now: float) -> bytes | None:
    store = {"Control.TimerX": plug.timers, "Control.TriggerX": plug.triggers}.get(name)
    found = store.delete(payload) if store is not None else None
    plug.rules.rules_changed(now)
    return found
