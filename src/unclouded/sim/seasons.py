"""The energy of the simulated home in quarters of an hour, over as many days as wanted: what a year looks like. Pure.

The same quarter of the same seed always has the same energies, whatever the range that is asked for. Temperature and
daylight follow the day of the year at 40° north; people follow the local clock, and are away twice a year.

    solar      a bell for each day, wide in summer, with clouds     heating   below 14 °C outside, by day
    base       router, standby, lights from dusk, hob, washing      cooling   above 28 °C
    kettle, tv, pump, fridge   as their loads (sim/loads.py), a quarter at a time

Energies are whole mWh, so that the meter is exactly base + plugs − solar in each quarter.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec
import numpy as np
import numpy.typing as npt

from unclouded.sim.loads import Base, Kettle, Television
from unclouded.sim.seeded_random import mix
from unclouded.sim.world import ROOF

QUARTER = 900  # s
DAY_S = 86_400
METER = "meter"
LATITUDE = np.radians(40.0)
TILT = np.radians(23.44)  # of the earth's axis
SOLSTICE = 172  # day of the year
COLDEST = 20  # day of the year
AWAY = ((214, 226), (357, 361))  # days of the year on which the home is empty, both included

Columns = npt.NDArray[np.int64]
Levels = npt.NDArray[np.float64]


class HomeQuarters(msgspec.Struct, frozen=True):
    """``starts``: Unix seconds of the quarters. ``used_mWh``: of each plug by name, ``roof`` = produced. ``net_mWh``:
    of the meter, negative while the home exports."""

    starts: Columns
    used_mWh: Mapping[str, Columns]
    net_mWh: Columns


class _Moments:
    """The quarters as people and the sun see them."""

    def __init__(self, starts: Columns, zone: tzinfo) -> None:
        local = starts + _offsets(starts, zone)
        self.starts = starts
        self.day = local // DAY_S  # local days since 1970
        self.hour = local % DAY_S / 3600.0
        self.whole_hour = (local % DAY_S // 3600).astype(np.int64)
        days = self.day.astype("datetime64[D]")
        self.year_day = (days - days.astype("datetime64[Y]")).astype(np.int64) + 1
        self.is_weekend = (self.day + 3) % 7 >= 5
        self.is_away = np.zeros(len(starts), bool)
        for first, last in AWAY:
            self.is_away |= (self.year_day >= first) & (self.year_day <= last)


def home_quarters(seed: int, first: int, last: int, zone: tzinfo) -> HomeQuarters:
    """The quarters that begin from ``first`` until before ``last`` (Unix seconds, whole quarters)."""
    moments = _Moments(np.arange(first, last, QUARTER, dtype=np.int64), zone)
    outside = _outside_C(seed, moments)
    used = {
        "kettle": _whole(_kettle(seed, moments)),
        "fridge": _whole(_fridge(seed, moments, outside) / 4),
        "tv": _whole(_television(seed, moments) / 4),
        "pump": _whole(_pump(seed, moments) / 4),
        ROOF: _whole(_solar(seed, moments) / 4),
    }
    base = _whole((_base(seed, moments) + _climate(moments, outside)) / 4)
    net = base + sum(energy for name, energy in used.items() if name != ROOF) - used[ROOF]
    return HomeQuarters(moments.starts, used, net)


# --- time and chance ---------------------------------------------------------------------------


def _offsets(starts: Columns, zone: tzinfo) -> Columns:
    """The offset of the zone from UTC in s, of each quarter."""
    hours, places = np.unique(starts // 3600, return_inverse=True)
    offsets = [datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone).utcoffset() for hour in hours.tolist()]
    return np.array([int((one or timedelta()).total_seconds()) for one in offsets], np.int64)[places]


def _chance(seed: int, name: str, index: Columns) -> Levels:
    """From 0 to 1, always the same for an index. Mixed as in sim/seeded_random.py."""
    base = mix(seed)
    for byte in name.encode():
        base = mix(base ^ byte)
    value = index.astype(np.uint64) + np.uint64(base)
    value = (value ^ value >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ value >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return np.asarray((value ^ value >> np.uint64(31)) / 2.0**64, float)


def _percent(by_hour: "Mapping[int, int] | tuple[int, ...]", moments: _Moments) -> Levels:
    """A table of percentages by the hour, as a share for each quarter."""
    table = [by_hour.get(hour, 0) for hour in range(24)] if isinstance(by_hour, Mapping) else by_hour
    return np.array(table, float)[moments.whole_hour] / 100


def _wave(moments: _Moments, greatest_on: int) -> Levels:
    """A year's wave from -1 to 1."""
    return np.asarray(np.cos(2 * np.pi * (moments.year_day - greatest_on) / 365.25), float)


def _whole(energy_Wh: Levels) -> Columns:
    return np.rint(energy_Wh * 1000).astype(np.int64)


# --- weather -----------------------------------------------------------------------------------


def _outside_C(seed: int, moments: _Moments) -> Levels:
    of_day = 8 * (_chance(seed, "warmth", moments.day) - 0.5)
    daily = 5 * np.cos(2 * np.pi * (moments.hour - 15) / 24)
    return np.asarray(15 - 10 * _wave(moments, COLDEST) + of_day + daily, float)


def _solar(seed: int, moments: _Moments) -> Levels:
    """W of a roof of 2.4 kW. The sun is highest at 13 h: halfway between normal and daylight saving time."""
    declination = TILT * _wave(moments, SOLSTICE)
    angle = 2 * np.pi * (moments.hour + 0.125 - 13) / 24
    height = np.sin(LATITUDE) * np.sin(declination) + np.cos(LATITUDE) * np.cos(declination) * np.cos(angle)
    of_day = 0.2 + 0.8 * _chance(seed, "sky", moments.day) ** 0.5
    clouds = 1 - (1 - of_day) * 1.3 * _chance(seed, "clouds", moments.starts // (2 * QUARTER))
    return np.asarray(2400 * np.clip(height, 0, None) ** 1.15 * of_day * clouds, float)


# --- loads -------------------------------------------------------------------------------------


def _kettle(seed: int, moments: _Moments) -> Levels:
    """Wh: 110 for a litre that is boiled. Its load decides each 20 minutes."""
    is_used = _chance(seed, "kettle", moments.starts // QUARTER) < _percent(Kettle.USED, moments) * 0.5
    litres = 0.6 + 0.6 * _chance(seed, "litres", moments.starts // QUARTER)
    return np.where(is_used & ~moments.is_away, 110 * litres, 0.0)


def _fridge(seed: int, moments: _Moments, outside: Levels) -> Levels:
    """W: more in summer."""
    part = 0.75 + 0.5 * _chance(seed, "fridge", moments.starts // QUARTER)
    return np.asarray((38 + 0.6 * np.clip(outside - 12, 0, None)) * part, float)


def _television(seed: int, moments: _Moments) -> Levels:
    """W: in standby or on, for half an hour at a time."""
    more = np.where(moments.is_weekend, 1.2, 0.85)
    is_on = _chance(seed, "tv", moments.starts // (2 * QUARTER)) < _percent(Television.WATCHED, moments) * more
    return np.where(is_on & ~moments.is_away, 84.0, 0.6)


def _pump(seed: int, moments: _Moments) -> Levels:
    """W of a pool's pump: from 9 o'clock on, for three hours in winter and nine in summer."""
    runs = np.abs(moments.hour - 9 - (6 + 3 * _wave(moments, SOLSTICE)) / 2) <= (6 + 3 * _wave(moments, SOLSTICE)) / 2
    return np.where(runs, 90 + 110 * _chance(seed, "pump", moments.starts // (4 * QUARTER)), 0.0)


def _base(seed: int, moments: _Moments) -> Levels:
    """W of what no plug measures: router, standby, lights, cooking, washing."""
    quarter = moments.starts // QUARTER
    is_home = ~moments.is_away
    lights = np.array(Base.LIGHTS_W, float)[moments.whole_hour] * (0.7 - 0.35 * _wave(moments, SOLSTICE))
    meals = _percent(Base.COOKS, moments) * np.where(moments.is_weekend, 1.4, 1.0)
    hob = np.where(_chance(seed, "hob", quarter) < meals, 660.0, 0.0)
    return 50 + is_home * (lights * (0.7 + 0.5 * _chance(seed, "lights", quarter)) + hob + _washing(seed, moments))


def _washing(seed: int, moments: _Moments) -> Levels:
    """W: the dishwasher after dinner on most days, the washing machine on two or three days of a week."""
    dishes = (_chance(seed, "dishes", moments.day) < 0.6) & (moments.hour >= 21.5) & (moments.hour < 23)
    clothes_at = 10 + np.floor(6 * _chance(seed, "hour of clothes", moments.day))
    has_clothes = _chance(seed, "clothes", moments.day) < np.where(moments.is_weekend, 0.6, 0.25)
    clothes = has_clothes & (moments.hour >= clothes_at) & (moments.hour < clothes_at + 1.5)
    return 700.0 * dishes + 550.0 * clothes


def _climate(moments: _Moments, outside: Levels) -> Levels:
    """W of a heat pump that heats and cools, by day; a little against frost while the home is empty."""
    is_day = (moments.hour >= 6.5) & (moments.hour < 22.5)
    heats = np.clip(14 - outside, 0, 14) * 55 * np.where(moments.is_away, 0.2, is_day)
    cools = np.clip(outside - 28, 0, 8) * 120 * (is_day & ~moments.is_away)
    return heats + cools
