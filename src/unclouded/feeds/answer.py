"""What a server or a broker sends of a feed -> intervals. Pure: ``now`` comes in.

{"data": [{"from": "2026-11-30T00:00Z", "price": 0.21}, …]}    values = "data[].price", times = "data[].from"
{"unix_seconds": [1796000400, …], "price": [82.1, …]}          values = "price[]", times = "unix_seconds[]"
0.21                                                           the value from now on
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Context, Decimal, InvalidOperation
from itertools import pairwise
from operator import itemgetter
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.feeds import FeedInterval, without_overlaps
from unclouded.feeds.json_path import selected

MOST_VALUES = 40_000  # of one answer: a year of quarters of an hour
MILLISECONDS_FROM = 10**11  # numbers from here on are milliseconds; as seconds they were in the year 5138
FIRST_TIME = 946_684_800  # 2000-01-01; earlier times are mistakes
AHEAD_S = 400 * 86_400  # s after now; later times are mistakes
LARGEST = Decimal(10) ** 9  # of a value
MOST_DIGITS = 30  # of a value
EXACT = Context(prec=MOST_DIGITS)
DEFAULT_LENGTH_S = 3600
DECODER = msgspec.json.Decoder(float_hook=Decimal)
NUMBER = re.compile(r"\s*[+-]?\d{1,15}(?:\.\d{1,15})?\s*", re.ASCII)


class FeedForm(msgspec.Struct, frozen=True, kw_only=True):
    """Where the values of an answer are. ``values``, ``times``, ``ends``: paths, see json_path.

    ``zone``: of times without an offset. ``length_s``: of an interval whose end is not said, 0 = the usual distance of
    two; ``valid_s``: how long a value without a time counts. ``factor``: what each value is multiplied by.
    """

    zone: tzinfo
    values: str = ""
    times: str = ""
    ends: str = ""
    factor: Decimal = Decimal(1)
    length_s: int = 0
    valid_s: int = DEFAULT_LENGTH_S


def intervals_of(data: bytes, form: FeedForm, now: float) -> tuple[FeedInterval, ...]:
    """The intervals of an answer, by time, those without a value left out. Raises CommandError, which says why."""
    tree = _tree(data)
    values = selected(tree, form.values, MOST_VALUES)
    if not form.times:
        if len(values) != 1 or "[]" in form.values:
            raise CommandError("there are several values, so `times` must say where their times are")
        return (present_value(values[0], form, now),)
    starts = selected(tree, form.times, MOST_VALUES)
    ends = selected(tree, form.ends, MOST_VALUES) if form.ends else [None] * len(starts)
    return given_intervals(starts, ends, values, form, now)


def present_value(value: object, form: FeedForm, now: float) -> FeedInterval:
    """A value without a time counts from the begin of this minute on. Raises CommandError."""
    return FeedInterval(int(now) // 60 * 60, int(now) + form.valid_s, value_of(value, form.factor))


def given_intervals(
    starts: Sequence[object], ends: Sequence[object], values: Sequence[object], form: FeedForm, now: float
) -> tuple[FeedInterval, ...]:
    """Columns -> intervals, by time; rows without a value or a start are left out. Raises CommandError."""
    if not len(starts) == len(values) == len(ends):
        raise CommandError(f"there are {len(values)} values, {len(starts)} times and {len(ends)} ends")
    times = zip(_times(starts, form.zone), _times(ends, form.zone), values, strict=True)
    rows = sorted(((start, end, value) for start, end, value in times if start is not None), key=itemgetter(0))
    for start, _, _ in rows:
        if not FIRST_TIME <= start <= now + AHEAD_S:
            raise CommandError(f"{start} is not a time of this century up to a year from now")
    return without_overlaps(_intervals(rows, form))


def value_of(value: object, factor: Decimal = Decimal(1)) -> Decimal:
    """A number, or a text that is one, times a factor. Raises CommandError."""
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise CommandError(f"{_shown(value)} is not a number")
    try:
        exact = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
        result = EXACT.multiply(exact, factor).normalize(EXACT)
    except ArithmeticError:
        raise CommandError(f"{_shown(value)} is not a number that a feed may have") from None
    if not result.is_finite() or abs(result) > LARGEST:
        raise CommandError(f"{_shown(value)} is not a number that a feed may have")
    exponent = result.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DIGITS:
        raise CommandError(f"{_shown(value)} has too many decimals")
    return result


# --- inside -------------------------------------------------------------------------------------------


def _tree(data: bytes) -> Any:  # Any: JSON values
    try:
        return DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation):
        raise CommandError("it is not JSON") from None


def _times(texts: Sequence[object], zone: tzinfo) -> list[int | None]:
    """The times in the order given, Unix seconds; None stays None.

    A local time that comes twice, as when clocks go back, is the later one the second time.
    """
    backwards = len(texts) > 1 and _is_backwards(texts)
    found = list[int | None]()
    last: int | None = None
    for one in reversed(texts) if backwards else texts:
        at = None if one is None else _time(one, zone, 0)
        if at is not None and last is not None and at <= last:
            at = max(at, _time(one, zone, 1))
        found.append(at)
        last = last if at is None else at
    return found[::-1] if backwards else found


def _is_backwards(texts: Sequence[object]) -> bool:
    ends = [str(one) for one in texts if one is not None]
    return bool(ends) and len(ends[0]) == len(ends[-1]) and ends[0] > ends[-1]


def _time(value: object, zone: tzinfo, fold: int) -> int:
    """Unix seconds of a number or a text. Raises CommandError."""
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and -(10**14) < value < 10**14:
        seconds = int(value)
        return seconds // 1000 if seconds >= MILLISECONDS_FROM else seconds
    try:
        when = datetime.fromisoformat(value[:40] if isinstance(value, str) else "")
        return int((when if when.tzinfo else when.replace(tzinfo=zone, fold=fold)).timestamp())
    except (ValueError, OverflowError):
        raise CommandError(f"{_shown(value)} is not a time") from None


def _shown(value: object) -> str:
    """The beginning of a value. A list or an object is only named: it may be nested deeply."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return f"{str(value)[:40]!r}"


def _intervals(rows: Sequence[tuple[int, int | None, object]], form: FeedForm) -> Iterator[FeedInterval]:
    """Where no end is said, an interval ends with the next row, if that is not further away than usual."""
    starts = [start for start, _, _ in rows]
    distances = [later - start for start, later in pairwise(starts) if later > start]
    usual = form.length_s or min(distances, default=DEFAULT_LENGTH_S)
    for (start, end, value), following in zip(rows, [*starts[1:], None], strict=False):
        until = end
        if until is None:
            until = start + usual if following is None else min(max(following, start + 1), start + usual)
        if until <= start:
            raise CommandError(f"an interval ends at {until}, before it begins at {start}")
        if value is not None:
            yield FeedInterval(start, until, value_of(value, form.factor))
