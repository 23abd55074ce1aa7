"""Time spans and moments of the day as people write them.

10 s · 5 min · 1 h 30 min · 20 minutes · 90m · 2 days      07:30 · sunrise · sunset - 30 min · sunset + 1 h
"""

import re

from unclouded.core.errors import CommandError
from unclouded.rules.calendar.calendar import DayMoment

LONGEST_S = 7 * 86_400.0
LONGEST_TEXT = 60  # characters of a time span
LONGEST_SUN_S = 12 * 3600.0
_PART = re.compile(r"(\d{1,6})(?:\.(\d))? ?([a-z]+) *")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_SUN = re.compile(r"(sunrise|sunset)(?: ?([+-]) ?(.{1,40}))?")
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}


def span_of(text: str, longest_s: float = LONGEST_S) -> float:
    """Seconds, more than 0. Raises CommandError."""
    rest, seconds = text.strip().lower(), 0.0
    if len(rest) > LONGEST_TEXT:
        raise _no_span(text)
    while rest:
        part = _PART.match(rest)
        if part is None or part[3] not in _UNITS:
            raise _no_span(text)
        seconds += float(f"{part[1]}.{part[2] or 0}") * _UNITS[part[3]]
        rest = rest[part.end() :]
    if not 0 < seconds <= longest_s:
        raise _no_span(text, f" of more than 0 s, up to {span_text(longest_s)}")
    return seconds


def span_text(seconds: float) -> str:
    """``10 s``, ``5 min``, ``1 h 30 min``, ``2 days``."""
    left, parts = round(seconds), []
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if unit == "days" and left % size and left < 2 * size:
            continue
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit if (unit, count) != ('days', 1) else 'day'}")
    return " ".join(parts[:2]) or "0 s"


def moment_of(text: str) -> DayMoment:
    """A moment of the day. Raises CommandError."""
    compact = " ".join(text.lower().split())
    if clock := _CLOCK.fullmatch(compact):
        return DayMoment("clock", int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0))
    sun = _SUN.fullmatch(compact)
    if sun is None:
        raise CommandError(f"{text[:60]!r} is not a time of the day; write 07:30, sunrise or sunset - 30 min.")
    seconds = round(span_of(sun[3], LONGEST_SUN_S)) if sun[3] else 0
    return DayMoment("sunrise" if sun[1] == "sunrise" else "sunset", -seconds if sun[2] == "-" else seconds)


def moment_text(moment: DayMoment) -> str:
    """``07:30``, ``30 min before sunset``."""
    if moment.kind == "clock":
        seconds = f":{moment.second % 60:02}" if moment.second % 60 else ""
        return f"{moment.second // 3600:02}:{moment.second // 60 % 60:02}{seconds}"
    if not moment.second:
        return moment.kind
    return f"{span_text(abs(moment.second))} {'before' if moment.second < 0 else 'after'} {moment.kind}"


def _no_span(text: str, more: str = "") -> CommandError:
    return CommandError(f"{text[:60]!r} is not a time span{more}; write 10 s, 5 min, 2 h or 1 h 30 min.")
