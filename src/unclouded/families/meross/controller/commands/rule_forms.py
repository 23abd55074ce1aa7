"""Timers and auto-off rules as plugs keep them <-> ScheduleRule. What is not known in a rule stays in it.

    timerx    {"id", "channel", "alias", "type": 1 weekly or 2 once (3, 4 with an end), "enable", "week", "time",
               "sunriseTime", "sunsetTime", "sunOffset", "duration", "extend": {"toggle": {"onoff"}}}
    triggerx  {"id", "channel", "alias", "type", "enable", "rule": {"week", "duration"}}
    timer, trigger (hardware 1)    the same without a channel; the rule of a trigger has _if_, _then_ and _do_

week: bit 7 = weekly, bit 0 = Monday … bit 6 = Sunday. How a timer by the sun is marked is not known; here: by a
``sunriseTime`` or ``sunsetTime`` other than 0. Source: docs/protocols/meross.md §1.8.14, §1.8.15.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from unclouded.core.model import WEEKDAYS, ScheduleRule
from unclouded.families.meross.wire import namespaces

RawRule = dict[str, Any]  # Any: JSON
WEEKLY = 128
ONCE = (2, 4)
TYPES: Mapping[tuple[bool, bool], int] = {  # by weekly, with an end
    (True, False): 1,
    (False, False): 2,
    (True, True): 3,
    (False, True): 4,
}
DAY_MIN = 1440


class RuleForm(msgspec.Struct, frozen=True):
    """``key``: in payloads. ``digest``: lists ids and edit counters; "" = the namespace itself lists whole rules."""

    key: str
    namespace: str
    digest: str
    kind: Literal["timer", "auto_off"]


FORMS = (
    RuleForm("timerx", namespaces.TIMERX, namespaces.DIGEST_TIMERX, "timer"),
    RuleForm("triggerx", namespaces.TRIGGERX, namespaces.DIGEST_TRIGGERX, "auto_off"),
    RuleForm("timer", namespaces.TIMER, "", "timer"),
    RuleForm("trigger", namespaces.TRIGGER, "", "auto_off"),
)


def read_rule(form: RuleForm, raw: RawRule) -> ScheduleRule:
    """It never raises: what cannot be read has its default."""
    week = _number(raw, "week") if form.kind == "timer" else _number(_delay(form, raw), "week")
    rule = ScheduleRule(
        id=str(raw.get("id", "")),
        kind=form.kind,
        name=str(raw.get("alias", "")),
        enabled=_number(raw, "enable", 1) == 1,
        days=tuple(day for bit, day in enumerate(WEEKDAYS) if week >> bit & 1),
        weekly=bool(week & WEEKLY) and _number(raw, "type") not in ONCE,
    )
    if form.kind == "auto_off":
        return msgspec.structs.replace(rule, after_s=_number(_delay(form, raw), "duration"))
    return msgspec.structs.replace(rule, **_moment(raw))


def write_rule(form: RuleForm, rule: ScheduleRule, raw: RawRule, unix: int, sun_minute: int) -> RawRule:
    """``raw``: the rule as the plug has it now; empty for a new one. ``sun_minute``: of the sunrise or sunset today."""
    week = sum(1 << WEEKDAYS.index(day) for day in rule.days) | (WEEKLY if rule.weekly else 0)
    written: RawRule = {
        "id": rule.id,
        **({"channel": 0} if form.digest else {}),
        **raw,
        "alias": rule.name,
        "enable": int(rule.enabled),
        "createTime": raw.get("createTime", unix),
    }
    if form.kind == "auto_off":
        return {**written, "type": raw.get("type", 0), "rule": _written_delay(form, raw, week, rule.after_s)}
    return {**written, "week": week, **_written_moment(rule, raw, sun_minute)}


def _moment(raw: RawRule) -> dict[str, Any]:
    """The fields of a timer."""
    by_sun = [name for name in ("sunrise", "sunset") if _number(raw, f"{name}Time")]
    minute = _number(raw, "time") % DAY_MIN
    toggle = _object(_object(raw, "extend"), "toggle")
    return {
        "at": "" if by_sun else f"{minute // 60:02}:{minute % 60:02}",
        "sun": by_sun[0] if by_sun else "",
        "offset_min": _number(raw, "sunOffset") if by_sun else 0,
        "turn": "on" if _number(toggle, "onoff") == 1 else "off",
        "lasts_s": max(_number(raw, "duration"), 0) if _number(raw, "type") in (3, 4) else 0,
    }


def _written_moment(rule: ScheduleRule, raw: RawRule, sun_minute: int) -> RawRule:
    hour, _, minute = rule.at.partition(":")
    toggle = {"lmTime": 0, **_object(_object(raw, "extend"), "toggle"), "onoff": int(rule.turn == "on")}
    sun = {} if not rule.sun and "sunriseTime" not in raw else {"sunriseTime": 0, "sunsetTime": 0}
    return {
        "type": TYPES[rule.weekly, rule.lasts_s > 0],
        "time": sun_minute if rule.sun else int(hour) * 60 + int(minute),
        **sun,
        **({f"{rule.sun}Time": max(sun_minute, 1)} if rule.sun else {}),
        "sunOffset": rule.offset_min,
        "duration": rule.lasts_s,
        "extend": {**_object(raw, "extend"), "toggle": toggle},
    }


def _delay(form: RuleForm, raw: RawRule) -> RawRule:
    """Where an auto-off rule has its week and its duration."""
    rule = _object(raw, "rule")
    return rule if form.digest else _object(_object(rule, "_then_"), "delay")


def _written_delay(form: RuleForm, raw: RawRule, week: int, duration: int) -> RawRule:
    rule = _object(raw, "rule")
    delay = {**_delay(form, raw), "week": week, "duration": duration}
    if form.digest:
        return delay
    return {
        "_if_": {"toggle": {"onoff": 1, "lmTime": 0}},
        "_do_": {"toggle": {"onoff": 0}},
        **rule,
        "_then_": {**_object(rule, "_then_"), "delay": delay},
    }


def _object(raw: RawRule, key: str) -> RawRule:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _number(raw: RawRule, key: str, default: int = 0) -> int:
    """Plugs write numbers as texts here and there."""
    value = raw.get(key, default)
    try:
        return int(value) if isinstance(value, int | float | str) else default
    except (ValueError, OverflowError):
        return default
