"""A rule as one sentence: ``at 07:30, workdays: set boiler on for 2 h, then back``."""

from unclouded.core.calendar.days import DAILY, days_text
from unclouded.rules.conditions import AllOf, Condition, OnDays
from unclouded.rules.rule import Rule, Setting
from unclouded.rules.text.condition_text import condition_text
from unclouded.rules.text.spans import moment_text, span_text


def rule_text(rule: Rule) -> str:
    """The rule, from its beginning to its end."""
    begins = _trigger_text(rule)
    does = [f"set {_settings_text(rule.settings)}{_span(rule)}{_end_text(rule)}"] if rule.settings else []
    does += [f"notify: {rule.notify}"] if rule.notify else []
    return f"{begins}: {'; '.join(does)}"


def setting_text(setting: Setting) -> str:
    """``boiler on``, ``thermostat.setpoint_C = 21``."""
    return f"{setting.device}.{setting.point} = {setting.text}" if setting.point else f"{setting.device} {setting.text}"


# --- inside -------------------------------------------------------------------------------------------


def _trigger_text(rule: Rule) -> str:
    days = "" if rule.days is DAILY else f", {days_text(rule.days)}"
    guard = f", if {condition_text(rule.guard)}" if rule.guard else ""
    if rule.trigger == "at":
        return f"at {', '.join(map(moment_text, rule.at))}{days}{guard}"
    condition = _own_condition(rule)
    return f"{rule.trigger} {condition_text(condition) if condition else ''}{days}{guard}"


def _own_condition(rule: Rule) -> Condition | None:
    """Without the days, which the reader of the table has put before it."""
    if isinstance(rule.condition, AllOf) and rule.days is not DAILY and isinstance(rule.condition.parts[0], OnDays):
        return rule.condition.parts[1]
    return rule.condition


def _span(rule: Rule) -> str:
    parts = [f"for {span_text(rule.lasts_s)}"] if rule.lasts_s else []
    parts += [f"at least {span_text(rule.at_least_s)}"] if rule.at_least_s else []
    most = f"at most {span_text(rule.at_most_s)}{' a day' if rule.daily else ''}"
    parts += [most] if rule.at_most_s else []
    return f" {', '.join(parts)}" if parts else ""


def _end_text(rule: Rule) -> str:
    if not rule.holds or not rule.settings:
        return ""
    match rule.end:
        case "back":
            return ", then back to what it was"
        case "stay":
            return ", and it stays so"
    return f", then {_settings_text(rule.end)}"


def _settings_text(settings: tuple[Setting, ...]) -> str:
    return ", ".join(map(setting_text, settings))
