"""The requests of the controller to a plug.

    hardware 1   SET Toggle  {"channel":0,"toggle":{"onoff":1}}      GET {"toggle":{}}
    hardware 2   SET ToggleX {"togglex":{"channel":0,"onoff":1}}     GET {"togglex":{"channel":0}}

Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Mapping

from unclouded.families.meross.controller.pending_commands import PendingToggle
from unclouded.families.meross.controller.request_window import WindowRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, SET
from unclouded.families.meross.wire.messages import payload_of

ELECTRICITY, CONSUMPTION, SIGNAL, STATE = "electricity", "consumption", "signal", "state"
GET_RELAY, SET_RELAY, CHECK, ABILITIES = "get relay", "set relay", "check", "abilities"
CHECK_ENCRYPTION = "check encryption"


def set_relay(command: PendingToggle, old: bool) -> WindowRequest:
    """The SET of a relay. ``old``: as hardware 1 has it."""
    state = int(command.onoff)
    if old:
        payload = payload_of(channel=0, toggle={"onoff": state})
        return WindowRequest(SET_RELAY, SET, namespaces.TOGGLE, payload, ticket=command.ticket)
    payload = payload_of(togglex={"channel": 0, "onoff": state})
    return WindowRequest(SET_RELAY, SET, namespaces.TOGGLEX, payload, ticket=command.ticket)


def get_relay(command: PendingToggle, old: bool) -> WindowRequest:
    """The GET that shows the outcome of a SET."""
    if old:
        return WindowRequest(GET_RELAY, GET, namespaces.TOGGLE, payload_of(toggle={}), ticket=command.ticket)
    payload = payload_of(togglex={"channel": 0})
    return WindowRequest(GET_RELAY, GET, namespaces.TOGGLEX, payload, ticket=command.ticket)


def check(path: str) -> WindowRequest:
    """The GET that shows which plug answers on a path."""
    return WindowRequest(CHECK, GET, namespaces.ALL, payload_of(all={}), path=path)


GET_ABILITIES = WindowRequest(ABILITIES, GET, namespaces.ABILITY)


def check_encryption(path: str) -> WindowRequest:
    """The only GET that a plug answers in clear text where it encrypts; its answer shows whether it does."""
    return WindowRequest(CHECK_ENCRYPTION, GET, namespaces.ABILITY, path=path)


POLLS: Mapping[str, WindowRequest] = {
    ELECTRICITY: WindowRequest(ELECTRICITY, GET, namespaces.ELECTRICITY, payload_of(electricity={"channel": 0})),
    CONSUMPTION: WindowRequest(CONSUMPTION, GET, namespaces.CONSUMPTIONX, payload_of(consumptionx=[])),
    SIGNAL: WindowRequest(SIGNAL, GET, namespaces.RUNTIME, payload_of(runtime={})),
    STATE: WindowRequest(STATE, GET, namespaces.ALL, payload_of(all={})),
}
