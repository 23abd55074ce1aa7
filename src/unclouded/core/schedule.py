"""The schedules that devices keep, as people write and read them.

do kettle schedule at=07:30 turn=on days=mon-fri name=breakfast       a timer
do kettle schedule at=sunset-20m turn=on lasts=2h                     20 minutes before sunset, for two hours
do kettle schedule after=15m                                          off, 15 minutes after it was switched on
do kettle schedule rule=k3v9w1… enabled=no                            change one: what is left out stays
do kettle unschedule rule=k3v9w1…
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import WEEKDAYS, ActionSpec, ScheduleRule, Weekday

SCHEDULE = ActionSpec(
    name="schedule",
    words="Make or change a rule that the device keeps and carries out by itself",
    args={
        "rule": "the id of the rule to change; left out: a new one",
        "at": "the local time of a timer, as 07:30, sunrise, or sunset-20m",
        "turn": "on or off: what the timer does",
        "lasts": "the timer ends after this, as 30s, 15m or 2h; none: it does not",
        "after": "of an auto-off rule: how long after it was switched on, as 15m",
        "days": "daily (if left out), mon-fri, or sat,sun",
        "once": "yes: only once, on the next of these days",
        "name": "a name for people",
        "enabled": "yes or no",
    },
)
UNSCHEDULE = ActionSpec(
    name="unschedule", words="Delete a rule that the device keeps", args={"rule": "the id of the rule"}
)
SCHEDULE_ACTIONS = (SCHEDULE, UNSCHEDULE)

LONGEST_NAME = 32  # characters
LONGEST_S = 86_400  # of a rule
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SUN = re.compile(r"(sunrise|sunset)(?:([+-])(\w+))?")
_SPAN = re.compile(r"(\d{1,6})(s|m|min|h)?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_SHORT_DAYS: Mapping[str, tuple[Weekday, ...]] = {"daily": WEEKDAYS, "weekdays": WEEKDAYS[:5], "weekend": WEEKDAYS[5:]}


def rule_of(args: Mapping[str, str], id: str, before: ScheduleRule | None = None) -> ScheduleRule:
    """The rule that the arguments of ``schedule`` describe. ``before``: the rule that they change.

    Raises CommandError, which names what to write.
    """
    _check_names(args, SCHEDULE)
    kind: Literal["timer", "auto_off"] = before.kind if before else "auto_off" if "after" in args else "timer"
    _check_kind(args, kind, is_new=before is None)
    changes: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name in args:
            changes |= read(args[name])
    return msgspec.structs.replace(before or ScheduleRule(id=id, kind=kind), **changes)


def rule_to_delete(args: Mapping[str, str]) -> str:
    """The id that the arguments of ``unschedule`` name. Raises CommandError."""
    _check_names(args, UNSCHEDULE)
    if not args.get("rule"):
        raise CommandError("Which rule? Write rule=ID; the ids are listed by: schedule DEVICE.")
    return args["rule"]


def rule_text(rule: ScheduleRule) -> str:
    """A rule as text: ``on at 07:30, mon to fri``; ``off 15 min after it was switched on, daily``."""
    if rule.kind == "auto_off":
        what = f"off {span_text(rule.after_s)} after it was switched on"
    else:
        lasts = f" for {span_text(rule.lasts_s)}" if rule.lasts_s else ""
        what = f"{rule.turn} at {_moment_text(rule)}{lasts}"
    return f"{what}, {'' if rule.weekly else 'once, '}{days_text(rule.days)}"


def days_text(days: Sequence[Weekday]) -> str:
    """``daily``, ``mon to fri``, ``sat, sun``."""
    places = [WEEKDAYS.index(day) for day in days]
    if len(places) == len(WEEKDAYS):
        return "daily"
    is_run = len(places) > 2 and places[-1] - places[0] == len(places) - 1
    return f"{days[0]} to {days[-1]}" if is_run else ", ".join(days) or "on no day"


def span_text(seconds: int) -> str:
    """``2 h``, ``15 min``, ``90 s``."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _moment_text(rule: ScheduleRule) -> str:
    if not rule.sun:
        return rule.at
    if not rule.offset_min:
        return rule.sun
    return f"{abs(rule.offset_min)} min {'after' if rule.offset_min > 0 else 'before'} {rule.sun}"


# --- reading ------------------------------------------------------------------------------------------


def _check_names(args: Mapping[str, str], action: ActionSpec) -> None:
    for name in args:
        if name not in action.args:
            known = ", ".join(f"{one}=" for one in action.args)
            raise CommandError(f"{action.name} has no argument {name}=; it takes {known}.")


def _check_kind(args: Mapping[str, str], kind: str, *, is_new: bool) -> None:
    others = ("at", "turn", "lasts") if kind == "auto_off" else ("after",)
    for name in others:
        if name in args:
            what = "An auto-off rule" if kind == "auto_off" else "A timer"
            raise CommandError(f"{what} has no {name}=; leave it out, or make a second rule.")
    if is_new and kind == "timer" and not (args.get("at") and args.get("turn")):
        raise CommandError("Write at=07:30 turn=on for a timer, or after=15m for a rule that switches off.")


def _moment(text: str) -> dict[str, Any]:
    clock, sun = _CLOCK.fullmatch(text), _SUN.fullmatch(text)
    if clock:
        return {"at": f"{int(clock[1]):02}:{clock[2]}", "sun": "", "offset_min": 0}
    if not sun:
        raise CommandError(f"at={text} is not a time of day; write at=07:30, at=sunrise or at=sunset-20m.")
    minutes = round(_span("at", sun[3]) / 60) if sun[3] else 0
    return {"at": "", "sun": sun[1], "offset_min": -minutes if sun[2] == "-" else minutes}


def _turn(text: str) -> dict[str, Any]:
    if text not in ("on", "off"):
        raise CommandError(f"turn={text}: write turn=on or turn=off.")
    return {"turn": text}


def _days(text: str) -> dict[str, Any]:
    found: set[Weekday] = set()
    for item in text.lower().split(","):
        found.update(_SHORT_DAYS.get(item) or _day_range(item))
    return {"days": tuple(day for day in WEEKDAYS if day in found)}


def _day_range(item: str) -> Sequence[Weekday]:
    """``mon``, or ``mon-fri``; ``sat-mon`` goes over the end of the week."""
    first, _, last = item.strip().partition("-")
    names: Sequence[str] = WEEKDAYS
    if first not in names or (last or first) not in names:
        raise CommandError(f"days={item} is not a day; write days=daily, days=mon-fri or days=sat,sun.")
    begin, end = names.index(first), names.index(last or first)
    count = (end - begin) % len(WEEKDAYS) + 1
    return [WEEKDAYS[(begin + step) % len(WEEKDAYS)] for step in range(count)]


def _name(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise CommandError(f"name= has at most {LONGEST_NAME} printable characters.")
    return {"name": text}


def _span(name: str, text: str) -> int:
    """Seconds."""
    found = _SPAN.fullmatch(text)
    seconds = int(found[1]) * _SECONDS[found[2] or "s"] if found else -1
    if not 0 < seconds <= LONGEST_S:
        raise CommandError(f"{name}={text} is not a time span up to a day; write 30s, 15m or 2h.")
    return seconds


def _is_yes(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise CommandError(f"{name}={text}: write {name}=yes or {name}=no.")
    return text == "yes"


_READERS: Mapping[str, Any] = {  # Any: a function of the text that returns fields of the rule
    "at": _moment,
    "turn": _turn,
    "days": _days,
    "name": _name,
    "lasts": lambda text: {"lasts_s": 0 if text == "none" else _span("lasts", text)},
    "after": lambda text: {"after_s": _span("after", text)},
    "once": lambda text: {"weekly": not _is_yes("once", text)},
    "enabled": lambda text: {"enabled": _is_yes("enabled", text)},
}
