"""When a timer of a plug is due: the week's bits, local time over changes of the offset, the sun.

    week   bit 7 (128) = repeat; bit 0 = Monday … bit 6 = Sunday; no day bit = any day
    time   minutes after local midnight; with sunriseTime or sunsetTime other than 0: those of the sun, + sunOffset

No source says what a plug does where local time jumps, or how a timer by the sun is marked. Made up here: a minute
that a change leaves out is due at the change, one that comes twice is due the first time.
Source: docs/protocols/meross.md §1.8.14; the order of the week's bits is disputed there.
"""

from collections.abc import Iterator

import msgspec

from unclouded.families.meross.plug.state.plug_settings import Rule
from unclouded.families.meross.wire.sun import MINUTES_OF_DAY, sun_minutes
from unclouded.families.meross.wire.time_rules import TimeRules, local_offset

DAY_S = 86_400
REPEAT = 128
ALL_DAYS = 127
EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday; Monday is 0
HORIZON_DAYS = 8  # a week, and the day before that may not be over yet
ONCE, CONTINUOUS = (2, 4), (3, 4)  # values of ``type``


class _OnOff(msgspec.Struct, frozen=True):
    onoff: int = 0


class _Extend(msgspec.Struct, frozen=True):
    toggle: _OnOff = _OnOff()


class TimerFields(msgspec.Struct, frozen=True, rename="camel"):
    """What of a timer decides when it is due and what it does."""

    enable: int = 1
    type: int = 1
    week: int = REPEAT | ALL_DAYS
    time: int = 0
    sunrise_time: int = 0
    sunset_time: int = 0
    sun_offset: int = 0
    duration: int = 0
    extend: _Extend = _Extend()

    @property
    def switches_on(self) -> bool:
        return self.extend.toggle.onoff == 1

    @property
    def is_once(self) -> bool:
        return self.type in ONCE or not self.week & REPEAT

    @property
    def lasts_s(self) -> int:
        """How long it keeps the relay so; 0 = until something else switches."""
        return max(self.duration, 0) if self.type in CONTINUOUS else 0


class Place(msgspec.Struct, frozen=True):
    """Degrees x 1e6."""

    latitude: int = 0
    longitude: int = 0


def timer_fields(rule: Rule) -> TimerFields | None:
    """None where it cannot be read: such a timer is never due."""
    try:
        return msgspec.convert(rule, TimerFields, strict=False)
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return None


def next_due(timer: TimerFields, zone: TimeRules, place: Place, after: float) -> int | None:
    """The first Unix second after ``after`` at which it is due; None where it is not within a week."""
    if not timer.enable:
        return None
    today = int(after + local_offset(zone, after)) // DAY_S
    for day in range(today - 1, today + HORIZON_DAYS):
        minute = _minute(timer, zone, place, day) if is_day(timer.week, day) else None
        due = None if minute is None else unix_of(day, minute, zone)
        if due is not None and due > after:
            return due
    return None


def is_day(week: int, day: int) -> bool:
    """``day``: since 1 January 1970."""
    return not week & ALL_DAYS or bool(week >> (day + EPOCH_WEEKDAY) % 7 & 1)


def unix_of(day: int, minute: int, zone: TimeRules) -> int:
    """When the local minute of that day begins."""
    local = day * DAY_S + minute * 60
    first = min((unix for unix in _instants(local, zone)), default=None)
    return first if first is not None else _change_over(local, zone)


def _instants(local: int, zone: TimeRules) -> Iterator[int]:
    """The Unix times at which local time shows ``local``: none, one or two."""
    for offset in {local_offset(zone, local - DAY_S), *(one[1] for one in _changes(local, zone))}:
        if local_offset(zone, local - offset) == offset:
            yield local - offset


def _change_over(local: int, zone: TimeRules) -> int:
    """The change that leaves ``local`` out."""
    for rule in _changes(local, zone):
        if rule[0] + local_offset(zone, rule[0] - 1) <= local < rule[0] + local_offset(zone, rule[0]):
            return rule[0]
    return local - local_offset(zone, local)


def _changes(local: int, zone: TimeRules) -> list[tuple[int, ...]]:
    return [rule for rule in zone if len(rule) >= 2 and abs(rule[0] - local) <= DAY_S]


def _minute(timer: TimerFields, zone: TimeRules, place: Place, day: int) -> int | None:
    """The minute of that day; None where the sun does not rise or set."""
    if not (timer.sunrise_time or timer.sunset_time):
        return timer.time if 0 <= timer.time < MINUTES_OF_DAY else None
    noon = day * DAY_S + DAY_S // 2
    offset = local_offset(zone, noon - local_offset(zone, noon))
    sun = sun_minutes(noon - offset, offset, place.latitude, place.longitude)
    if sun is None:
        return None
    minute = (sun[0] if timer.sunrise_time else sun[1]) + timer.sun_offset
    return min(max(minute, 0), MINUTES_OF_DAY - 1)
