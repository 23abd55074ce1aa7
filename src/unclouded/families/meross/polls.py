"""What the controller asks of a plug, and how often.

    hardware 1   SET Toggle  {"channel":0,"toggle":{"onoff":1}}      GET {"toggle":{}}
    hardware 2   SET ToggleX {"togglex":{"channel":0,"onoff":1}}     GET {"togglex":{"channel":0}}

Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Mapping

import msgspec

from unclouded.families.meross import messages
from unclouded.families.meross.envelope import GET, SET
from unclouded.families.meross.messages import payload_of
from unclouded.families.meross.pending_commands import PendingToggle
from unclouded.families.meross.request_window import WindowRequest

ELECTRICITY, CONSUMPTION, SIGNAL, REST, LOOK = "electricity", "consumption", "signal", "rest", "look"


class MerossSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``key``: what the plug was bound with; secret. ``uuid``: who it must be; "" = whoever answers.

    ``poll_s``: between two System.All. ``patience_s``: how long an answer may take where the link does not
    wait itself. ``confirm_s``: how long a command may take.
    """

    key: str = ""
    uuid: str = ""
    electricity_poll_s: float = 10.0
    consumption_poll_s: float = 60.0
    poll_s: float = 300.0
    patience_s: float = 5.0
    confirm_s: float = 10.0

    def __repr__(self) -> str:
        return f"MerossSettings(uuid={self.uuid!r})"


def set_relay(wanted: PendingToggle, old: bool) -> WindowRequest:
    """The SET of a relay. ``old``: as hardware 1 has it."""
    state = int(wanted.onoff)
    if old:
        return WindowRequest(
            "set", SET, messages.TOGGLE, payload_of(channel=0, toggle={"onoff": state}), ticket=wanted.ticket
        )
    payload = payload_of(togglex={"channel": 0, "onoff": state})
    return WindowRequest("set", SET, messages.TOGGLEX, payload, ticket=wanted.ticket)


def look_at_relay(wanted: PendingToggle, old: bool) -> WindowRequest:
    """The GET that tells what became of a SET."""
    if old:
        return WindowRequest(LOOK, GET, messages.TOGGLE, payload_of(toggle={}), ticket=wanted.ticket)
    return WindowRequest(LOOK, GET, messages.TOGGLEX, payload_of(togglex={"channel": 0}), ticket=wanted.ticket)


POLLS: Mapping[str, WindowRequest] = {
    ELECTRICITY: WindowRequest(ELECTRICITY, GET, messages.ELECTRICITY, payload_of(electricity={"channel": 0})),
    CONSUMPTION: WindowRequest(CONSUMPTION, GET, messages.CONSUMPTIONX, payload_of(consumptionx=[])),
    SIGNAL: WindowRequest(SIGNAL, GET, messages.RUNTIME, payload_of(runtime={})),
    REST: WindowRequest(REST, GET, messages.ALL, payload_of(all={})),
}
