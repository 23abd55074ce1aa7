"""Prices of a feed for each quarter of an hour.

The value of a quarter is the mean of its intervals by their length. A quarter that they do not cover as a whole has
none. Values have 12 digits behind the point; the price is rounded to as many.
"""

from collections.abc import Iterable
from decimal import Decimal

from unclouded.core.feeds import FeedInterval
from unclouded.tariffs.money import HIGHEST, PICO, PRICE_DIGITS
from unclouded.tariffs.quarters import QUARTER
from unclouded.tariffs.tariff import FeedPrice


def feed_rates(price: FeedPrice, intervals: Iterable[FeedInterval], first: int, end: int) -> list[int | None]:
    """The price of each quarter from ``first`` until before ``end``; None where the feed has none."""
    factor = int(price.factor * PICO)
    return [None if mean is None else _rate(price, mean, factor) for mean in quarter_means(intervals, first, end)]


def quarter_means(intervals: Iterable[FeedInterval], first: int, end: int) -> list[int | None]:
    """The sum of value × seconds of each quarter, values in 10⁻¹²; None where it is not covered as a whole."""
    found: list[int | None] = [None] * (end - first)
    partial: dict[int, tuple[int, int]] = {}  # the covered seconds of a quarter, and their sum
    for one in intervals:
        value = _value(one.value)
        if value is None:
            continue
        begin, until = max(one.start, first * QUARTER), min(one.end, end * QUARTER)
        whole, last = -(-begin // QUARTER), until // QUARTER
        if whole < last:
            found[whole - first : last - first] = [value * QUARTER] * (last - whole)
        for low, high in _edges(begin, until, whole, last):
            number = low // QUARTER
            seconds, total = partial.get(number, (0, 0))
            partial[number] = seconds + high - low, total + value * (high - low)
    for number, (seconds, total) in partial.items():
        if seconds == QUARTER:
            found[number - first] = total
    return found


def _edges(begin: int, until: int, whole: int, last: int) -> Iterable[tuple[int, int]]:
    """The parts of an interval that are in quarters which it does not cover as a whole."""
    if begin >= until:
        return ()
    if whole > last:
        return ((begin, until),)
    return [(low, high) for low, high in ((begin, whole * QUARTER), (last * QUARTER, until)) if low < high]


def _rate(price: FeedPrice, mean: int, factor: int) -> int | None:
    """``mean``: the sum of value × seconds of a quarter."""
    product, divisor = mean * factor, QUARTER * PICO
    rate = (2 * abs(product) + divisor) // (2 * divisor)
    rate = (rate if product >= 0 else -rate) + price.add
    if price.floor is not None:
        rate = max(rate, price.floor)
    if price.ceiling is not None:
        rate = min(rate, price.ceiling)
    return rate if abs(rate) <= HIGHEST * PICO else None


def _value(value: Decimal) -> int | None:
    """A value in 10⁻¹², None where it cannot be a price."""
    if not value.is_finite() or value.adjusted() > PRICE_DIGITS:
        return None
    if value.adjusted() < -2 * PRICE_DIGITS:
        return 0
    return round(value.scaleb(PRICE_DIGITS))
