"""The answers of the console as values by wire key, as the profile names them.

    power.p  mW     power.v  0.1 V     power.i  mA     mem.free  bytes     iot.wifi, iot.server  texts
Source: docs/protocols/meross_console.md §4.
"""

from collections.abc import Mapping

from unclouded.core.sessions.session import WireValue
from unclouded.families.meross.console.wire.answer_form import ConsoleAnswer
from unclouded.families.meross.console.wire.answer_types import (
    ClockInfo,
    ConfigEntries,
    ConnectionStatus,
    FactoryMode,
    HeapInfo,
    PowerInfo,
    TaskTable,
)
from unclouded.families.meross.console.wire.config_keys import RELAY_KEY

ON = "on"


def values_of(answer: ConsoleAnswer) -> Mapping[str, WireValue]:
    """The values in an answer; what it did not have is left out."""
    found: dict[str, WireValue | None] = {}
    match answer:
        case PowerInfo():
            found = _power(answer)
        case HeapInfo(free=free, low=low):
            found = {"mem.free": free, "mem.low": low}
        case TaskTable(tasks=tasks) if tasks:
            found = {"tasks": len(tasks)}
        case ConnectionStatus(wifi=wifi, server=server):
            found = {"iot.wifi": wifi or None, "iot.server": server or None}
        case ClockInfo(uptime_s=uptime_s):
            found = {"uptime": uptime_s}
        case FactoryMode(factory_mode=mode):
            found = {"factory_mode": mode}
        case ConfigEntries():
            found = {ON: relay_state(answer.value(RELAY_KEY) or "")}
    return {name: value for name, value in found.items() if value is not None}


def relay_state(text: str) -> bool | None:
    """The state of the relay in a setting; None where it is neither 0 nor 1."""
    return {"0": False, "1": True}.get(text.strip())


def _power(answer: PowerInfo) -> dict[str, WireValue | None]:
    newest = max(answer.history, key=lambda day: (day.date, day.time), default=None)
    return {
        "power.p": answer.power,
        "power.v": answer.voltage,
        "power.i": answer.current,
        "power.v_ratio": answer.voltage_ratio,
        "power.i_ratio": answer.current_ratio,
        "power.days": len(answer.history) if answer.report_status or answer.history else None,
        "power.today": None if newest is None else newest.energy_Wh,
    }
