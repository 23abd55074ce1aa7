"""Rules, timers and tests of rules as text."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from unclouded.core.model import Value, value_text
from unclouded.core.times import from_iso
from unclouded.core.views.rules import RuleConditionView, RulesView, RuleTestLine, RuleView, TimerView

NAME_WIDTH, STATE_WIDTH = 28, 9


def rule_lines(view: RulesView, zone: tzinfo, is_live: bool) -> Iterator[str]:
    """A line or two for each rule, then the timers and the values."""
    for rule in view.rules:
        state = rule.state if is_live or rule.state in ("disabled", "broken") else "-"
        yield f"{rule.name:<{NAME_WIDTH}} {state:<{STATE_WIDTH}} {rule.text}"
        if detail := _detail(rule, zone):
            yield f"{'':<{NAME_WIDTH + STATE_WIDTH + 2}}{detail}"
    yield from (timer_line(one, zone) for one in view.timers)
    for one in view.values:
        until = f", until {_when(one.until, zone)}" if one.until else ""
        yield f"value {one.name} = {_shown(one.value)}{until}"


def rule_details(rule: RuleView, zone: tzinfo, is_live: bool) -> Iterator[str]:
    """A rule with its state, its times in ``zone``, its problem and those that set the same points."""
    yield f"{rule.name}: {rule.text}"
    facts = [
        ("state", f"{rule.state if is_live else 'no hub runs'}{f': {rule.why}' if rule.why and is_live else ''}"),
        ("switched off until", _when(rule.paused_until, zone)),
        ("next", f"{_when(rule.next, zone)} ({rule.next_text})" if rule.next else ""),
        ("since", _when(rule.since, zone)),
        ("until", _when(rule.until, zone)),
        ("last", f"{_when(rule.last, zone)}: {rule.last_text}" if rule.last else ""),
        ("problem", rule.problem),
        ("same points", f"{', '.join(rule.others)}; the first in the file wins" if rule.others else ""),
    ]
    yield from (f"  {name:<20} {text}" for name, text in facts if text)
    yield from (f"  {'condition':<20} {condition_line(one)}" for one in rule.conditions)


def condition_line(one: RuleConditionView) -> str:
    """``meter.export_W > 1 kW for 5 min: no (now 300 W)``."""
    holds = {True: "yes", False: "no", None: "not known"}[one.holds]
    now = "" if one.value is None else f" (now {_shown(one.value)}{f' {one.unit}' if one.unit else ''})"
    return f"{one.text}: {holds}{now}"


def timer_line(one: TimerView, zone: tzinfo) -> str:
    """``timer boiler.on on until 12:20, then off``."""
    then = "back" if one.end_value is None else _shown(one.end_value)
    return f"timer {one.device}.{one.point} {_shown(one.value)} until {_when(one.until, zone)}, then {then}"


def test_line(one: RuleTestLine, zone: tzinfo) -> str:
    """``2026-11-29 12:05:00  Boiler on surplus: boiler.on = on because …``."""
    text = one.text if one.text.startswith(f"{one.rule}: ") else f"{one.rule}: {one.text}"
    return f"{datetime.fromtimestamp(from_iso(one.at), zone):%Y-%m-%d %H:%M:%S}  {text}"


# --- inside -------------------------------------------------------------------------------------------


def _detail(rule: RuleView, zone: tzinfo) -> str:
    if rule.problem and rule.state == "broken":
        return rule.problem
    if rule.next:
        return f"next {_when(rule.next, zone)}"
    return rule.why


def _when(iso: str, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(from_iso(iso), zone):%a %Y-%m-%d %H:%M}" if iso else ""


def _shown(value: Value) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else value_text(value)
