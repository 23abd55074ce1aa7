"""A [[rule]] table -> a Rule. Each mistake names the key that it is in."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from unclouded.core.calendar.days import DAILY, DaySet, days_of
from unclouded.core.errors import CommandError
from unclouded.core.text.printable import printable
from unclouded.rules.conditions import AllOf, Condition, OnDays
from unclouded.rules.rule import Rule, Setting, Trigger
from unclouded.rules.text.condition_text import condition_of
from unclouded.rules.text.spans import moment_of, span_of

TRIGGERS: tuple[Trigger, ...] = ("at", "when", "while")
LONGEST_NAME = 100
LONGEST_NOTICE = 300
MOST_SETTINGS = 50
MOST_MOMENTS = 50
_ID = re.compile(r"[a-z0-9_]+")  # of a device


class RuleError(CommandError):
    """A mistake in a rule. ``key``: where it is, "" = in the whole of it."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def rule_of(keys: Mapping[str, Any], rank: int = 0) -> Rule:  # Any: TOML
    """The rule that a table describes; its keys have the right types. Raises RuleError."""
    trigger = _trigger(keys)
    _check_keys(keys, trigger)
    read = _KeyReader(keys)
    days = read.key("days", days_of, DAILY)
    at_most_s, is_daily = read.key("at_most", _at_most, (0.0, False))
    rule = Rule(
        name=read.key("name", _name, ""),
        trigger=trigger,
        rank=rank,
        at=read.key("at", lambda given: tuple(map(moment_of, _texts(given, MOST_MOMENTS))), ()),
        days=days,
        condition=_on_days(read.key(trigger, condition_of, None) if trigger != "at" else None, days),
        guard=read.key("if", condition_of, None),
        settings=read.key("set", _settings, ()),
        lasts_s=read.key("lasts", span_of, 0.0),
        end=read.key("end", lambda given: given if given in ("back", "stay") else _settings(given), "back"),
        at_least_s=read.key("at_least", span_of, 0.0),
        at_most_s=at_most_s,
        daily=is_daily,
        notify=read.key("notify", _notice, ""),
        after_manual_s=read.key("after_manual", _after_manual, None),
        missed=keys.get("missed", "skip"),
        fresh_s=read.key("fresh", span_of, 0.0),
        enabled=keys.get("enabled", True),
        keys=keys,
    )
    _check(rule)
    return rule


def setting_of(text: str) -> Setting:
    """``boiler on``, ``thermostat.setpoint_C = 21``. Raises CommandError."""
    left, equals, value = text.partition("=")
    if not equals:
        left, _, value = text.strip().partition(" ")
    device, dot, point = left.strip().partition(".")
    value = value.strip()
    if not _ID.fullmatch(device) or not value or (dot and not point):
        raise CommandError(f"{text[:80]!r} sets nothing; write it as in: boiler on, or thermostat.setpoint_C = 21.")
    return Setting(device, point, value)


# --- inside -------------------------------------------------------------------------------------------


class _KeyReader:
    """Reads keys with functions of their values, and names the key in their errors."""

    def __init__(self, keys: Mapping[str, Any]) -> None:  # Any: TOML
        self._keys = keys

    def key(self, name: str, read: Callable[[Any], Any], usual: Any) -> Any:  # Any: of the field that it is for
        if self._keys.get(name) in (None, "", []):
            return usual
        try:
            return read(self._keys[name])
        except CommandError as error:
            raise RuleError(name, str(error)) from None


def _trigger(keys: Mapping[str, Any]) -> Trigger:  # Any: TOML
    given: list[Trigger] = [key for key in TRIGGERS if keys.get(key) not in (None, "", [])]
    if len(given) != 1:
        what = f"it has {' and '.join(given)}" if given else "it has none"
        raise RuleError("", f"a rule begins `at` a time, `when` something happens, or acts `while` it lasts; {what}.")
    return given[0]


def _check_keys(keys: Mapping[str, Any], trigger: Trigger) -> None:  # Any: TOML
    only = {"lasts": ("at", "when"), "if": ("at", "when"), "missed": ("at",)}
    only |= {"at_least": ("while",), "at_most": ("while",)}
    for key, triggers in only.items():
        if keys.get(key) not in (None, "") and trigger not in triggers:
            raise RuleError(key, f"a rule with `{trigger}` has no `{key}`; it belongs to `{'` or `'.join(triggers)}`.")
    if keys.get("end") and trigger != "while" and not keys.get("lasts"):
        raise RuleError("end", "only a rule with `while` or `lasts` has an end.")


def _check(rule: Rule) -> None:
    if not rule.settings and not rule.notify:
        raise RuleError("set", "a rule needs `set`, as in: boiler on; or `notify`, or both.")
    points = [(one.device, one.point) for one in rule.settings]
    if len(set(points)) < len(points):
        raise RuleError("set", "the same point is set twice.")
    if rule.at_most_s and rule.at_most_s < rule.at_least_s:
        raise RuleError("at_most", "it is shorter than `at_least`.")
    if rule.lasts_s and not rule.settings:
        raise RuleError("lasts", "only what is set can last; add `set`.")


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME or printable(text) != text or not text.strip():
        raise CommandError(f"A name has 1 to {LONGEST_NAME} characters on one line, and no control characters.")
    return text


def _notice(text: str) -> str:
    if len(text) > LONGEST_NOTICE or printable(text) != text:
        raise CommandError(f"It has at most {LONGEST_NOTICE} characters on one line, and no control characters.")
    return text


def _texts(given: str | list[str], most: int) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    if len(texts) > most:
        raise CommandError(f"There are at most {most} of them.")
    return texts


def _settings(given: str | list[str]) -> tuple[Setting, ...]:
    return tuple(setting_of(text) for text in _texts(given, MOST_SETTINGS))


def _at_most(text: str) -> tuple[float, bool]:
    """``3 h``, ``3 h a day``."""
    span = text.removesuffix(" a day")
    return span_of(span, 86_400.0), span != text


def _after_manual(text: str) -> float | None:
    if text in ("next", "ignore"):
        return None if text == "next" else 0.0
    try:
        return span_of(text)
    except CommandError:
        raise CommandError(f"{text[:40]!r} is none of: next, ignore, or a time span as 2 h.") from None


def _on_days(condition: Condition | None, days: DaySet) -> Condition | None:
    """A condition that counts on some days only."""
    if condition is None or days is DAILY:
        return condition
    return AllOf((OnDays(days=days), condition))
