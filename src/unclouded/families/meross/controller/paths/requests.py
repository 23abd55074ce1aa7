"""The requests of the controller to a plug.

    hardware 1   SET Toggle  {"channel":0,"toggle":{"onoff":1}}      GET {"toggle":{}}
    hardware 2   SET ToggleX {"togglex":{"channel":0,"onoff":1}}     GET {"togglex":{"channel":0}}

Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Mapping

from unclouded.families.meross.controller.commands.pending_commands import PlugCommand
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, SET
from unclouded.families.meross.wire.messages import payload_of

ELECTRICITY, CONSUMPTION, SIGNAL, STATE = "electricity", "consumption", "signal", "state"
OLD_CONSUMPTION, HOURS, DEBUG, POSITION = "old consumption", "hours", "debug", "position"
LED, OVER_TEMPERATURE, STANDBY_KILLER = "led", "over-temperature", "standby killer"
READ_BACK, SET_VALUE, CHECK, ABILITIES = "read back", "set value", "check", "abilities"
CHECK_ENCRYPTION = "check encryption"


def set_relay(command: PlugCommand, old: bool) -> WindowRequest:
    """The SET of a relay. ``old``: as hardware 1 has it."""
    state = int(bool(command.value))
    if old:
        payload = payload_of(channel=0, toggle={"onoff": state})
        return WindowRequest(SET_VALUE, SET, namespaces.TOGGLE, payload, ticket=command.ticket)
    payload = payload_of(togglex={"channel": 0, "onoff": state})
    return WindowRequest(SET_VALUE, SET, namespaces.TOGGLEX, payload, ticket=command.ticket)


def get_relay(command: PlugCommand, old: bool) -> WindowRequest:
    """The GET that shows the outcome of a SET."""
    if old:
        return WindowRequest(READ_BACK, GET, namespaces.TOGGLE, payload_of(toggle={}), ticket=command.ticket)
    payload = payload_of(togglex={"channel": 0})
    return WindowRequest(READ_BACK, GET, namespaces.TOGGLEX, payload, ticket=command.ticket)


def check(path: str) -> WindowRequest:
    """The GET that shows which plug answers on a path."""
    return WindowRequest(CHECK, GET, namespaces.ALL, payload_of(all={}), path=path)


GET_ABILITIES = WindowRequest(ABILITIES, GET, namespaces.ABILITY)


def check_encryption(path: str) -> WindowRequest:
    """The only GET that a plug answers in clear text where it encrypts; its answer shows whether it does."""
    return WindowRequest(CHECK_ENCRYPTION, GET, namespaces.ABILITY, path=path)


def _get(name: str, namespace: str, small: bool = False, **payload: object) -> WindowRequest:
    return WindowRequest(name, GET, namespace, payload_of(**payload), is_small=small)


POLLS: Mapping[str, WindowRequest] = {
    request.name: request
    for request in (
        _get(ELECTRICITY, namespaces.ELECTRICITY, small=True, electricity={"channel": 0}),
        _get(CONSUMPTION, namespaces.CONSUMPTIONX, consumptionx=[]),
        _get(OLD_CONSUMPTION, namespaces.CONSUMPTION, consumption=[]),
        _get(HOURS, namespaces.CONSUMPTION_H, consumptionH=[{"channel": 0}]),
        _get(SIGNAL, namespaces.RUNTIME, small=True, runtime={}),
        _get(STATE, namespaces.ALL, all={}),
        _get(DEBUG, namespaces.DEBUG, debug={}),
        _get(POSITION, namespaces.POSITION, small=True, position={}),
        _get(LED, namespaces.DND, small=True, DNDMode={}),
        _get(OVER_TEMPERATURE, namespaces.OVER_TEMPERATURE_SETTING, small=True, overTemp={}),
        _get(STANDBY_KILLER, namespaces.STANDBY_KILLER, small=True, config=[{"channel": 0}]),
    )
}

# What is polled together, by the name of its timer; and what is read first of all, small ones first.
GROUPS: Mapping[str, tuple[str, ...]] = {
    ELECTRICITY: (ELECTRICITY,),
    CONSUMPTION: (CONSUMPTION, OLD_CONSUMPTION),
    STATE: (STATE, SIGNAL, LED, OVER_TEMPERATURE, STANDBY_KILLER, HOURS, DEBUG),
}
FIRST = (
    ELECTRICITY,
    SIGNAL,
    LED,
    OVER_TEMPERATURE,
    STANDBY_KILLER,
    POSITION,
    CONSUMPTION,
    OLD_CONSUMPTION,
    HOURS,
    DEBUG,
)
