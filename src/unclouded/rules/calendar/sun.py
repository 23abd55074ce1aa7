"""Sunrise and sunset of a place, by the library astral, which is imported where a rule needs it."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

import msgspec

SunEvent = Literal["sunrise", "sunset"]
SEVERAL = 4096  # times that are kept: two years of both


class HomePlace(msgspec.Struct, frozen=True):
    """Degrees; north and east are positive."""

    latitude: float
    longitude: float


@lru_cache(maxsize=SEVERAL)
def sun_time(event: SunEvent, place: HomePlace, day: date) -> float | None:
    """Unix seconds of the event that belongs to that day at the place; None: the sun does not rise or set.

    The day is that of the sun there, noon in its middle, so that each day has one sunrise before one sunset.
    """
    from astral import Observer
    from astral.sun import sunrise, sunset

    compute = sunrise if event == "sunrise" else sunset
    observer = Observer(place.latitude, place.longitude)
    for shift in (0, -1, 1):
        try:
            at = compute(observer, day + timedelta(days=shift), tzinfo=UTC).timestamp()
        except ValueError:
            continue
        if -43_200 <= at - noon(place, day) < 43_200:
            return at
    return None


def noon(place: HomePlace, day: date) -> float:
    """Unix seconds of noon by the mean sun of a place: 240 s for each degree."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() - place.longitude * 240
