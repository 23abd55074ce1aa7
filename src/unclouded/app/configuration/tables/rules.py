"""The tables of schedules and rules: [[rule]] and [calendar]."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

ConditionValue = str | list[Any] | dict[str, Any]  # Any: conditions inside it, checked when the rule is read


class CalendarTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[calendar]: the holidays that rules know."""

    holidays: list[str] = []  # 2026-04-03, 12-25 (each year), easter, easter - 2


class RuleTable(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"while_": "while", "if_": "if"},
):
    """[[rule]]: what the hub switches by itself; exactly one of ``at``, ``when`` and ``while``."""

    name: str
    enabled: bool = True
    at: str | list[str] = ""  # 07:30, sunrise, sunset - 30 min
    when: ConditionValue = ""  # it acts each time that this becomes true
    while_: ConditionValue = ""  # it acts as long as this holds
    days: str = ""  # daily, mon-fri, sat,sun, workdays, holidays
    if_: ConditionValue = ""  # what must hold besides at the beginning
    set: str | list[str] = ""  # boiler on, thermostat.setpoint_C = 21
    lasts: str = ""  # 2 h: how long it keeps the values
    end: str | list[str] = ""  # back (if left out), stay, or other values
    at_least: str = ""
    at_most: str = ""  # 3 h, or 3 h a day
    notify: str = ""  # a text for people
    after_manual: str = ""  # next (if left out), 2 h, or ignore: how long it leaves alone what others set
    missed: Literal["skip", "run"] = "skip"
    fresh: str = ""  # readings that are older do not count


def rule_keys(table: RuleTable) -> dict[str, Any]:  # Any: TOML
    """The keys of a rule that are not as they would be without it."""
    usual: Mapping[str, Any] = msgspec.to_builtins(RuleTable(name=""))  # Any: TOML
    return {key: value for key, value in msgspec.to_builtins(table).items() if value != usual[key]}
