"""Rules as the API and the command line show them. Times are ISO 8601 in UTC; spans are seconds.

Texts are English sentences; what the page says in another language it makes from the other fields.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from unclouded.core.model import Value

RuleTrigger = Literal["at", "when", "while"]
RuleActivity = Literal["idle", "waiting", "active", "blocked", "released", "paused", "disabled", "broken"]
RuleConditionKind = Literal["value", "state", "between", "days"]


class RuleConditionView(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a rule's condition. ``holds`` None: it is not known.

    ``value``: what is compared now. ``device``, ``point`` and ``operator`` of a value, whose ``limit`` is text as
    written; of a state, ``operator`` is = for online, != for offline. ``start``, ``end``: moments; ``days``: as text.
    ``inside`` False: the times and days outside of these. ``until``: what ends it, as text. ``guard``: it counts at the
    beginning only.
    """

    kind: RuleConditionKind
    text: str
    holds: bool | None
    value: Value | None = None
    unit: str = ""
    device: str = ""
    point: str = ""
    operator: str = ""
    limit: str = ""
    for_s: float = 0.0
    until: str = ""
    start: str = ""
    end: str = ""
    days: str = ""
    inside: bool = True
    guard: bool = False


class RuleSettingView(msgspec.Struct, frozen=True, kw_only=True):
    """A point that a rule sets. ``value`` None: the device is not known, and ``text`` is what is written."""

    device: str
    point: str
    text: str
    value: Value | None = None
    unit: str = ""


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in its present state.

    ``state``: ``waiting``: a condition holds, but not long enough yet; ``active``: it keeps its values; ``blocked``: a
    rule that stands before it, or a timer, keeps other values; ``released``:
    another user or program has set its points, and it leaves them alone; ``paused``: switched off, until
    ``paused_until`` where that is not ""; ``disabled``: by the configuration; ``broken``: ``problem`` says why.
    ``text``: the rule as a sentence. ``why``: why it is in this state. ``next``: when it acts next, "" = not known;
    ``next_text``: which of its times that is. ``last``: when it last acted, and ``last_text`` why. ``any_of``: one of
    the conditions is enough. ``others``: rules that set the same points; the first in the list of all rules wins.
    """

    name: str
    trigger: RuleTrigger
    state: RuleActivity
    text: str
    why: str
    at: tuple[str, ...] = ()
    days: str = "daily"
    conditions: tuple[RuleConditionView, ...] = ()
    any_of: bool = False
    settings: tuple[RuleSettingView, ...] = ()
    lasts_s: float = 0.0
    at_least_s: float = 0.0
    at_most_s: float = 0.0
    at_most_daily: bool = False
    end: str = ""
    notify: str = ""
    next: str = ""
    next_text: str = ""
    last: str = ""
    last_text: str = ""
    since: str = ""
    until: str = ""
    paused_until: str = ""
    problem: str = ""
    devices: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    keys: Mapping[str, Any] = {}  # Any: TOML values as JSON


class TimerView(msgspec.Struct, frozen=True, kw_only=True):
    """A one-shot timer. ``end_value`` None: back to what it was before."""

    device: str
    point: str
    value: Value
    until: str
    end_value: Value | None = None
    origin: str = ""


class HandedValueView(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was handed to the hub for rules. ``until`` "": it counts until the next one."""

    name: str
    value: Value
    until: str = ""


class RulesView(msgspec.Struct, frozen=True, kw_only=True):
    """All rules in the order of the configuration, the timers, and the values that rules may compare."""

    rules: tuple[RuleView, ...] = ()
    timers: tuple[TimerView, ...] = ()
    values: tuple[HandedValueView, ...] = ()


class RuleTestLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done. ``kind``: a command, a text for people, or why nothing was done."""

    at: str
    rule: str
    kind: Literal["command", "notify", "note"]
    text: str
    device: str = ""
    point: str = ""
    value: Value | None = None
    because: str = ""


class RuleTestView(msgspec.Struct, frozen=True, kw_only=True):
    """Rules replayed over what the store has of a time range; no command was sent.

    ``problems``: what keeps rules from being carried out, as text. ``left_off``: lines that were too many.
    """

    start: str
    end: str
    lines: tuple[RuleTestLine, ...] = ()
    problems: tuple[str, ...] = ()
    left_off: int = 0
