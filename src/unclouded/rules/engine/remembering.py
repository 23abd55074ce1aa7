"""What of a rule is remembered over a restart, and how it goes on: ``lead`` is wall time minus monotonic time."""

import hashlib

import msgspec

from unclouded.rules.engine.bound_rule import NEVER, BoundRule, RuleRun
from unclouded.rules.engine.point_table import PointTable
from unclouded.rules.engine.rule_memory import HeldMemory, RuleMemory, RunMemory
from unclouded.rules.engine.trackers import ClockTracker, ValueTracker
from unclouded.rules.rule import Rule


def digest_of(rule: Rule) -> str:
    """A short digest of a rule: the same for the same keys only."""
    return hashlib.sha256(repr(sorted(rule.keys.items())).encode()).hexdigest()[:12]


def rule_memory(rule: BoundRule, points: PointTable, lead: float) -> RuleMemory:
    """What is to be remembered of a rule."""
    return RuleMemory(
        digest=digest_of(rule.rule),
        looked=rule.timetable.looked,
        handled=tuple(rule.timetable.handled),
        known=rule.known,
        spent=rule.spent,
        paused_until=None if rule.paused_until == NEVER else rule.paused_until,
        used_day=rule.used_day,
        used_s=rule.used_s,
        last_at=rule.last_at,
        last_text=rule.last_text,
        run=_run_memory(rule, points, lead),
        held=tuple(
            HeldMemory(one.held.is_true, None if one.held.since is None else one.held.since + lead)
            for one in rule.trackers.values()
            if not isinstance(one, ClockTracker)
        ),
    )


def waiting_memory(now: RuleMemory, waiting: RuleMemory) -> RuleMemory:
    """That of a rule whose devices have not appeared since the restart: what it kept before is not forgotten."""
    if now.digest != waiting.digest:
        return now
    return msgspec.structs.replace(now, known=waiting.known, spent=waiting.spent, run=waiting.run, held=waiting.held)


def recall_times(rule: BoundRule, memory: RuleMemory) -> None:
    """What counts whether its devices are known or not."""
    rule.paused_until = NEVER if memory.paused_until is None else memory.paused_until
    rule.used_day, rule.used_s = memory.used_day, memory.used_s
    rule.last_at, rule.last_text = memory.last_at, memory.last_text
    if memory.digest == digest_of(rule.rule):
        rule.timetable.looked = memory.looked
        rule.timetable.handled = dict.fromkeys(memory.handled)


def resume(rule: BoundRule, memory: RuleMemory, points: PointTable, now: float, lead: float) -> None:
    """Its devices are known: go on with what it kept, and with what was true."""
    if memory.digest != digest_of(rule.rule):
        return
    rule.known, rule.spent = memory.known, memory.spent
    trackers = [one for one in rule.trackers.values() if not isinstance(one, ClockTracker)]
    for tracker, held in zip(trackers, memory.held, strict=False):
        since = None if held.since is None else min(held.since - lead, now)
        if isinstance(tracker, ValueTracker):
            tracker.resume(held.is_true, since, now)
        else:
            tracker.held.is_true, tracker.held.since = held.is_true, since
    if memory.run is not None:
        _resume_run(rule, memory.run, points, now, lead)


# --- inside -------------------------------------------------------------------------------------------


def _run_memory(rule: BoundRule, points: PointTable, lead: float) -> RunMemory | None:
    run = rule.run
    if run is None:
        return None
    claims = [(key, points.control(key).claims.claims.get(rule.rule.name)) for key, _ in rule.settings]
    return RunMemory(
        since=run.since + lead,
        because=run.because,
        ends=None if run.ends is None else run.ends + lead,
        released=tuple(
            (*key, None if one.released_until is None else one.released_until + lead)
            for key, one in claims
            if one is not None and one.released
        ),
        kept=tuple((*key, value) for key, value in rule.settings),
        after=tuple((*key, value) for key, value in rule.end_settings),
        stays=rule.rule.end != "back",
    )


def _resume_run(rule: BoundRule, run: RunMemory, points: PointTable, now: float, lead: float) -> None:
    """Times of before the restart are bounded by now: the clock may have been set meanwhile."""
    ends = (
        None if run.ends is None else max(now, min(run.ends - lead, now + max(rule.rule.lasts_s, rule.rule.at_most_s)))
    )
    rule.run = RuleRun(since=min(run.since - lead, now), since_wall=run.since, because=run.because, ends=ends)
    latest = now + (rule.rule.after_manual_s or 0.0)
    released = {
        (device, point): None if until is None else min(until - lead, latest) for device, point, until in run.released
    }
    points.resume(rule, run.because, released)
