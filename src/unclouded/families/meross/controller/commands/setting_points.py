"""The values of a plug that can be set, besides its relay: one row each.

    GET DNDMode        {"DNDMode":{"mode":1}}                           led off
    GET OverTemp       {"overTemp":{"enable":1,"type":1}}               protection on, warn
    GET StandbyKiller  {"config":[{"channel":0,"power":0,"time":300,"enable":2,"alert":2}]}
    SET the same, with one field changed; what else the plug wrote goes back as it was

Source: docs/protocols/meross.md §1.8.8, §1.8.19.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import SessionCommand, WireCommand, WireValue
from unclouded.core.sessions.session_parts import refuse_action
from unclouded.families.meross.controller.commands.pending_commands import ONOFF, PlugCommand
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.controller.paths.requests import POLLS, READ_BACK, SET_VALUE
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import SET
from unclouded.families.meross.wire.messages import DndMode, Message, SettingValues, payload_of

HIGHEST = 2**31  # of a number on the wire


class SettingRow(msgspec.Struct, frozen=True):
    """``key``: the wire key. ``member``, ``field``: where it stands in the payload of the namespace.

    ``numbers``: what the wire has for false and true. ``first``: the number of the first option of an enum.
    """

    key: str
    namespace: str
    member: str
    field: str
    numbers: tuple[int, int] | None = None
    first: int = 0


LED_ON, TOO_HOT = "led", "over_temperature"
ON_2_OFF = (2, 1)
ROWS = (
    SettingRow(LED_ON, namespaces.DND, "DNDMode", "mode", (1, 0)),
    SettingRow("over_temperature.enable", namespaces.OVER_TEMPERATURE_SETTING, "overTemp", "enable", ON_2_OFF),
    SettingRow("over_temperature.type", namespaces.OVER_TEMPERATURE_SETTING, "overTemp", "type", first=1),
    SettingRow("standby_killer.enable", namespaces.STANDBY_KILLER, "config", "enable", ON_2_OFF),
    SettingRow("standby_killer.power", namespaces.STANDBY_KILLER, "config", "power"),
    SettingRow("standby_killer.time", namespaces.STANDBY_KILLER, "config", "time"),
    SettingRow("standby_killer.alert", namespaces.STANDBY_KILLER, "config", "alert", ON_2_OFF),
)
BY_KEY = {row.key: row for row in ROWS}
IN_LISTS = frozenset({namespaces.STANDBY_KILLER})  # their entries stand in a list, one for each channel
POLL_OF = {request.namespace: request for request in POLLS.values()}


def keys_of(namespace: str) -> tuple[str, ...]:
    """The wire keys that a namespace gives."""
    return tuple(row.key for row in ROWS if row.namespace == namespace)


class SettingPoints:
    """The settings of one plug, as it reported them last."""

    def __init__(self) -> None:
        self._entries: dict[str, Mapping[str, Any]] = {}  # by namespace; Any: JSON

    def read(self, namespace: str, message: Message) -> dict[str, WireValue]:
        """The values in a message."""
        match message:
            case DndMode(mode=mode):
                entry: Mapping[str, Any] | None = {"mode": mode}
            case SettingValues(config=config):
                entry = next((one for one in config if one.get("channel", 0) == 0), None)
            case _:
                return {}
        if entry is None:
            return {}
        self._entries[namespace] = entry
        values = {row.key: _value(row, entry.get(row.field)) for row in ROWS if row.namespace == namespace}
        return {key: value for key, value in values.items() if value is not None}

    def request(self, command: PlugCommand) -> WindowRequest | None:
        """The SET; None while it is not known what else the plug has in this namespace."""
        row = BY_KEY[command.key]
        entry = self._entries.get(row.namespace)
        if entry is None:
            return None
        changed = {**entry, row.field: _number(row, command.value)}
        payload = payload_of(**{row.member: [changed] if row.namespace in IN_LISTS else changed})
        return WindowRequest(SET_VALUE, SET, row.namespace, payload, ticket=command.ticket)


def read_back(command: PlugCommand) -> WindowRequest:
    """The GET that shows the outcome of a SET."""
    poll = POLL_OF[BY_KEY[command.key].namespace]
    return WindowRequest(READ_BACK, poll.method, poll.namespace, poll.payload, ticket=command.ticket)


def commanded(command: SessionCommand) -> tuple[str, WireValue]:
    """The wire key and the value that a command sets. Raises CommandError where it is not a command of a plug."""
    if not isinstance(command, WireCommand):
        raise refuse_action(command)
    if len(command.values) != 1 or command.part:
        raise CommandError("A Meross plug takes one value at a time.")
    ((key, value),) = command.values.items()
    if key == ONOFF or (key in BY_KEY and BY_KEY[key].numbers):
        return key, _as_bool(key, value)
    if key not in BY_KEY:
        raise CommandError(f"A Meross plug has no {key} that can be set.")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < HIGHEST:
        raise CommandError(f"{key} takes a whole number from 0 on, not {value!r}.")
    return key, value


def _as_bool(key: str, value: WireValue) -> bool:
    if value not in (0, 1):
        raise CommandError(f"{key} takes on or off, not {value!r}.")
    return bool(value)


def _value(row: SettingRow, number: object) -> WireValue | None:
    """The value of a number on the wire; None for what is none."""
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) >= HIGHEST:
        return None
    if row.numbers is None:
        return number - row.first if number >= row.first else str(number)
    return bool(row.numbers.index(number)) if number in row.numbers else None


def _number(row: SettingRow, value: WireValue) -> int:
    if row.numbers is not None:
        return row.numbers[bool(value)]
    return int(value) + row.first
