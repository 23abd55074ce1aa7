"""Conditions as people write them.

meter.export_W > 1 kW for 5 min              a point of a device, for some time
freezer.temperature_C > -15, until < -18     hysteresis
kettle is on for 15 min                      the main point of a device
price < 0.10                                 a value that is handed to the hub
plug is offline for 10 min                   the state of a device
between sunset and 23:00 · on workdays · not on holidays
["…", "…"]  all of them      { any = ["…", "…"] }  one of them      { all = ["…"] }
"""

import re
from collections.abc import Mapping, Sequence
from typing import get_args

from unclouded.core.calendar.days import days_of, days_text
from unclouded.core.errors import CommandError
from unclouded.rules.conditions import (
    AllOf,
    AnyOf,
    Between,
    Comparison,
    Condition,
    DeviceState,
    Leaf,
    OnDays,
    Operator,
    ValueTest,
)
from unclouded.rules.text.amounts import is_number, switch_of
from unclouded.rules.text.spans import moment_of, moment_text, span_of, span_text

DEEPEST = 5
MOST_PARTS = 50
LONGEST_TEXT = 300
_WORDS: Mapping[str, Operator] = {
    **{operator: operator for operator in get_args(Operator)},
    "==": "=", "is": "=", "is not": "!=", "above": ">", "below": "<", "over": ">", "under": "<",
}  # fmt: skip
_AFTER_SUBJECT = r"(?P<operator><=|>=|!=|==|<|>|=|is not\b|(?:is|above|below|over|under)\b) ?(?P<rest>.+)"
_TEST = re.compile(_AFTER_SUBJECT)
_COMPARED = re.compile(rf"(?P<subject>[a-z0-9_]+(?:\.\w+)?) ?{_AFTER_SUBJECT}")
_STATES = {"online": True, "offline": False}
_EXAMPLE = "write it as in: meter.export_W > 1 kW for 5 min"


def condition_of(given: object, depth: int = 0) -> Condition:
    """A condition from TOML: a text, a list (all of them), or a table with ``all`` or ``any``. Raises CommandError."""
    match given:
        case str():
            return leaf_of(given)
        case list() | tuple():
            return AllOf(_parts(given, depth))
        case Mapping() if len(given) == 1 and next(iter(given)) in ("all", "any"):
            ((kind, parts),) = given.items()
            if not isinstance(parts, list | tuple):
                raise CommandError(f"`{kind}` is a list of conditions.")
            return (AllOf if kind == "all" else AnyOf)(_parts(parts, depth))
    raise CommandError("A condition is a text, a list of texts, or a table with `all` or `any`.")


def leaf_of(text: str) -> Leaf:
    """One condition without parts. Raises CommandError."""
    compact = " ".join(text.split())
    if len(compact) > LONGEST_TEXT:
        raise CommandError(f"A condition has at most {LONGEST_TEXT} characters.")
    word, _, rest = compact.partition(" ")
    match word.lower():
        case "between":
            return _between(compact, rest)
        case "on":
            return OnDays(days=days_of(rest))
        case "not":
            return _negated(compact, rest)
    return _compared(compact)


def condition_text(condition: Condition) -> str:
    """A condition as a sentence part: ``export_W of meter > 1 kW for 5 min and it is between sunset and 23:00``."""
    match condition:
        case AllOf(parts):
            return " and ".join(_nested_text(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(_nested_text(part) for part in parts)
        case Comparison():
            subject = f"{condition.device}.{condition.point}" if condition.device else condition.point
            until = f", until {test_text(condition.until)}" if condition.until else ""
            return f"{subject.removesuffix('.')} {test_text(condition.test)}{until}"
        case DeviceState(device=device, is_online=is_online, for_s=for_s):
            return f"{device} is {'online' if is_online else 'offline'}{_for_text(for_s)}"
        case Between(start=start, end=end, inside=inside):
            return f"{'' if inside else 'not '}between {moment_text(start)} and {moment_text(end)}"
        case OnDays(days=days, inside=inside):
            return f"{'' if inside else 'not '}on {days_text(days)}"


def test_text(test: ValueTest) -> str:
    """``> 1 kW for 5 min``, ``is on``."""
    is_word = test.operator in ("=", "!=") and not is_number(test.text)
    operator = {"=": "is", "!=": "is not"}[test.operator] if is_word else test.operator
    return f"{operator} {test.text}{_for_text(test.for_s)}"


# --- inside -------------------------------------------------------------------------------------------


def _parts(given: Sequence[object], depth: int) -> tuple[Condition, ...]:
    if depth >= DEEPEST or not 0 < len(given) <= MOST_PARTS:
        raise CommandError(f"A list of conditions has 1 to {MOST_PARTS} entries, and lists inside it {DEEPEST} deep.")
    return tuple(condition_of(one, depth + 1) for one in given)


def _between(text: str, rest: str) -> Between:
    start, word, end = rest.partition(" and ")
    if not word:
        raise CommandError(f"{text!r}: write it as in: between 22:00 and 06:00, or between sunset and 23:00.")
    return Between(start=moment_of(start), end=moment_of(end))


def _negated(text: str, rest: str) -> Leaf:
    inner = leaf_of(rest) if rest.startswith(("between ", "on ")) else None
    match inner:
        case Between(start=start, end=end):
            return Between(start=start, end=end, inside=False)
        case OnDays(days=days):
            return OnDays(days=days, inside=False)
    raise CommandError(f"{text!r}: only `not between …` and `not on …` are possible; for values write: is not.")


def _compared(text: str) -> Comparison | DeviceState:
    found = _COMPARED.fullmatch(text)
    if found is None:
        raise CommandError(f"{text[:80]!r} is not a condition; {_EXAMPLE}.")
    first, comma, second = found["rest"].partition(", until ")
    device, _, point = found["subject"].partition(".")
    value, for_s = _value_and_span(first)
    operator = _WORDS[found["operator"]]
    if value.lower() in _STATES and not point and operator in ("=", "!="):
        return DeviceState(device=device, is_online=_STATES[value.lower()] == (operator == "="), for_s=for_s)
    until = _test(second, text) if comma else None
    if not point and switch_of(value) is None:
        device, point = "", device  # a value that is handed to the hub
    return Comparison(device=device, point=point, test=_checked(ValueTest(operator, value, for_s)), until=until)


def _test(text: str, whole: str) -> ValueTest:
    found = _TEST.fullmatch(text)
    if found is None:
        raise CommandError(f"{whole[:80]!r}: write the end as in: freezer.temperature_C > -15, until < -18.")
    return _checked(ValueTest(_WORDS[found["operator"]], *_value_and_span(found["rest"])))


def _checked(test: ValueTest) -> ValueTest:
    if test.operator not in ("=", "!=") and not is_number(test.text):
        raise CommandError(f"{test.operator} compares numbers, and {test.text[:40]!r} is none; {_EXAMPLE}.")
    return test


def _value_and_span(text: str) -> tuple[str, float]:
    value, word, span = text.partition(" for ")
    return value.strip(), span_of(span) if word else 0.0


def _for_text(seconds: float) -> str:
    return f" for {span_text(seconds)}" if seconds else ""


def _nested_text(condition: Condition) -> str:
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, AllOf | AnyOf) else text
