"""The rules of an engine in their present state, for people."""

from unclouded.core.calendar.days import DAILY, days_text
from unclouded.core.model import unit_of
from unclouded.core.times import iso
from unclouded.core.views.rules import (
    HandedValueView,
    RuleActivity,
    RuleConditionView,
    RuleSettingView,
    RulesView,
    RuleView,
    TimerView,
)
from unclouded.rules.conditions import AnyOf, Between, Comparison, DeviceState, Leaf, OnDays, leaves
from unclouded.rules.engine.bound_rule import NEVER, BoundRule, value_of
from unclouded.rules.engine.point_table import PointTable
from unclouded.rules.engine.rule_engine import RuleEngine
from unclouded.rules.engine.trackers import ClockTracker, Tracker
from unclouded.rules.rule import Setting
from unclouded.rules.text.condition_text import condition_text, test_text
from unclouded.rules.text.sentences import rule_text
from unclouded.rules.text.spans import moment_text


def rules_view(engine: RuleEngine, now: float, wall: float) -> RulesView:
    """All rules, timers and handed values."""
    lead = wall - now
    return RulesView(
        rules=tuple(rule_view(engine, one, now, wall) for one in engine.rules.values()),
        timers=tuple(
            TimerView(
                device=one.device,
                point=one.point,
                value=one.value,
                until=iso(one.ends + lead),
                end_value=one.end_value,
                origin=one.origin,
            )
            for one in engine.points.timers.values()
        ),
        values=tuple(
            HandedValueView(name=name, value=value, until="" if until == NEVER else iso(until + lead))
            for name, (value, until) in engine.values.items()
            if until > now
        ),
    )


def rule_view(engine: RuleEngine, one: BoundRule, now: float, wall: float) -> RuleView:
    """A rule as the API has it: state, why, and its times in Unix seconds."""
    rule, state = one.rule, activity(one, engine.points, now)
    following = one.timetable.next if state not in ("disabled", "broken", "paused") else None
    lead = wall - now
    return RuleView(
        name=rule.name,
        trigger=rule.trigger,
        state=state,
        text=rule_text(rule),
        why=_why(engine, one, state),
        at=tuple(map(moment_text, rule.at)),
        days=days_text(rule.days),
        conditions=(
            *(_condition_view(leaf, one.trackers.get(id(leaf)), is_guard=False) for leaf in leaves(rule.condition)),
            *(_condition_view(leaf, one.trackers.get(id(leaf)), is_guard=True) for leaf in leaves(rule.guard)),
        ),
        any_of=isinstance(rule.condition, AnyOf),
        settings=_settings(rule.settings, one),
        lasts_s=rule.lasts_s,
        at_least_s=rule.at_least_s,
        at_most_s=rule.at_most_s,
        at_most_daily=rule.daily,
        end="" if not rule.holds else rule.end if isinstance(rule.end, str) else "set",
        notify=rule.notify,
        next=iso(following.at) if following else "",
        next_text=moment_text(rule.at[following.place]) if following else "",
        last=iso(one.last_at) if one.last_at else "",
        last_text=one.last_text,
        since=iso(one.run.since_wall) if one.run else "",
        until=iso(one.run.ends + lead) if one.run and one.run.ends is not None else "",
        paused_until=iso(one.paused_until) if 0 < one.paused_until < NEVER else "",
        problem=one.problem,
        devices=tuple(rule.devices),
        others=_others(engine, one),
        keys=rule.keys,
    )


def activity(one: BoundRule, points: PointTable, now: float) -> RuleActivity:
    """The state of a rule in one word."""
    if not one.rule.enabled:
        return "disabled"
    if one.paused_until:
        return "paused"
    if one.problem:
        return "broken"
    if one.run is not None:
        if _is_released(one, points):
            return "released"
        return "blocked" if _blockers(one, points) else "active"
    is_waiting = any(not isinstance(one, ClockTracker) and one.deadline() is not None for one in one.trackers.values())
    return "waiting" if is_waiting and one.rule.trigger != "at" else "idle"


# --- inside -------------------------------------------------------------------------------------------


def _why(engine: RuleEngine, one: BoundRule, state: RuleActivity) -> str:
    match state:
        case "disabled":
            return "the configuration disables it"
        case "paused":
            return "it is switched off"
        case "broken":
            return one.problem
        case "active" if one.run is not None:
            return one.run.because
        case "blocked":
            return f"{', '.join(_blockers(one, engine.points))} goes first"
        case "released":
            return "another user or program has set it meanwhile"
    if one.rule.trigger == "at" or one.result() is True:
        return ""
    return one.missing(engine.devices)


def _is_released(one: BoundRule, points: PointTable) -> bool:
    claims = [control.claims.claims.get(one.rule.name) for key, _ in one.settings if (control := points.known(key))]
    return bool(claims) and all(claim is not None and claim.released for claim in claims)


def _blockers(one: BoundRule, points: PointTable) -> tuple[str, ...]:
    """Those that keep other values of all points that it wants to keep; none where it keeps one of them."""
    found = dict[str, None]()
    for key, value in one.settings:
        control = points.known(key)
        blocker = control.claims.blocker(one.rule.rank, value) if control is not None else None
        if blocker is None:
            return ()
        found[blocker.rule] = None
    return tuple(found)


def _others(engine: RuleEngine, one: BoundRule) -> tuple[str, ...]:
    own = {key for key, _ in one.settings}
    return tuple(
        name
        for name, other in engine.rules.items()
        if other is not one and not own.isdisjoint(key for key, _ in other.settings)
    )


def _settings(settings: tuple[Setting, ...], one: BoundRule) -> tuple[RuleSettingView, ...]:
    bound = one.settings if not one.problem else []
    found = []
    for place, setting in enumerate(settings):
        point, value = (bound[place][0][1], bound[place][1]) if place < len(bound) else (setting.point, None)
        found.append(
            RuleSettingView(device=setting.device, point=point, text=setting.text, value=value, unit=unit_of(point))
        )
    return tuple(found)


def _condition_view(leaf: Leaf, tracker: Tracker | None, *, is_guard: bool) -> RuleConditionView:
    """``tracker`` None: its device is not known."""
    text, guard = condition_text(leaf), is_guard
    holds, value = (tracker.result, value_of(tracker)) if tracker is not None else (None, None)
    match leaf:
        case Comparison(device=device, point=point, test=test, until=until):
            return RuleConditionView(
                kind="value",
                text=text,
                holds=holds,
                guard=guard,
                value=value,
                unit=unit_of(point),
                device=device,
                point=point,
                operator=test.operator,
                limit=test.text,
                for_s=test.for_s,
                until=test_text(until) if until else "",
            )
        case DeviceState(device=device, is_online=is_online, for_s=for_s):
            operator = "=" if is_online else "!="
            return RuleConditionView(
                kind="state", text=text, holds=holds, guard=guard, device=device, operator=operator, for_s=for_s
            )
        case Between(start=start, end=end, inside=inside):
            return RuleConditionView(
                kind="between",
                text=text,
                holds=holds,
                guard=guard,
                start=moment_text(start),
                end=moment_text(end),
                inside=inside,
            )
        case OnDays(days=days, inside=inside):
            return RuleConditionView(
                kind="days", text=text, holds=holds, guard=guard, days=days_text(days or DAILY), inside=inside
            )
