"""Sunrise and sunset at a place, some minutes exact: what a plug shows, and when its timers by the sun are due."""

import math
from datetime import UTC, datetime

HORIZON_DEG = -0.833  # the sun's centre at sunrise: half its width, and refraction
TILT_DEG = 23.44
WINTER_SOLSTICE = -10  # the day of the year, counted from 1 January
MINUTES_OF_DAY = 1440


def sun_minutes(unix: float, offset_s: int, latitude: int, longitude: int) -> tuple[int, int] | None:
    """Sunrise and sunset of that local day, in minutes after local midnight; None where there are none.

    ``latitude``, ``longitude``: degrees x 1e6.
    """
    day = datetime.fromtimestamp(unix + offset_s, UTC).timetuple().tm_yday - 1
    declination = math.radians(-TILT_DEG * math.cos(2 * math.pi * (day - WINTER_SOLSTICE) / 365.25))
    phi = math.radians(latitude / 1e6)
    above = math.sin(math.radians(HORIZON_DEG)) - math.sin(phi) * math.sin(declination)
    cosine = above / max(math.cos(phi) * math.cos(declination), 1e-9)
    if abs(cosine) > 1:
        return None
    noon = 12 * 60 - longitude / 1e6 * 4 + offset_s / 60 - _equation_of_time(day)
    half = math.degrees(math.acos(cosine)) * 4
    return round(noon - half) % MINUTES_OF_DAY, round(noon + half) % MINUTES_OF_DAY


def _equation_of_time(day: int) -> float:
    """Minutes by which the sun is ahead of the clock."""
    angle = 2 * math.pi * (day - 80) / 365.25
    return 9.87 * math.sin(2 * angle) - 7.53 * math.cos(angle) - 1.5 * math.sin(angle)
