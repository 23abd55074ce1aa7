"""Values of points that nothing in the simulated home measures: plausible, and slowly changing. Pure.

A value follows from the words and the unit of its key. Of several lines the first that fits counts; a line without
words fits every key of its unit.
"""

import math
from collections.abc import Mapping
from fractions import Fraction

import msgspec

from unclouded.core.model import unit_of
from unclouded.sim.seeded_random import SeededRandom

DAY_S, HOUR_S = 86_400, 3600
STEP_S = 300  # between two values that the course passes through
FINE = 1000  # steps of one unit
SINCE_S = 3_600_000  # s that a device has run before: 1,000 hours
NOT_MEASURED = frozenset({"fault", "alarm", "status", "state", "ref", "result", "event"})


class Range(msgspec.Struct, frozen=True):
    """Between which values a quantity moves. ``words``: one of them is in its key; none = any key of the unit."""

    unit: str
    low: float
    high: float
    words: frozenset[str] = frozenset()


def _range(unit: str, low: float, high: float, words: str = "") -> Range:
    return Range(unit, low, high, frozenset(words.split()))


RANGES = (
    _range("°C", 0, 0, "correction calibration hysteresis difference step"),
    _range("°C", 8, 12, "outside outdoor external ambient"),
    _range("°C", 38, 44, "water outlet inlet return tank top bottom effluent inflow"),
    _range("°C", 45, 55, "coil exhaust discharge compressor suction radiator coiler venting"),
    _range("°C", 34, 38, "board cpu device battery internal cable"),
    _range("°C", 23, 25, "floor"),
    _range("°C", 19, 22),
    _range("%", 76, 82, "life filter brush"),
    _range("%", 46, 54, "humidity"),
    _range("%", 38, 42, "soil moisture"),
    _range("%", 0, 2, "unbalance error"),
    _range("%", 95, 99, "battery pack"),
    _range("%", 40, 60),
    _range("V", 3.0, 3.1, "battery cell"),
    _range("V", 34, 38, "dc"),
    _range("V", 0.62, 0.68, "orp"),
    _range("V", 12, 12, "pilot"),
    _range("A", 0.002, 0.003, "leakage"),
    _range("A", 4, 5, "dc"),
    _range("lx", 150, 250),
    _range("ppm", 600, 750, "co2"),
    _range("ppm", 0, 0, "co gas smoke con"),
    _range("ppm", 300, 340),
    _range("ppb", 100, 140),
    _range("ppt", 1, 2),
    _range("µg/m³", 8, 14),
    _range("mg/m³", 0.02, 0.05),
    _range("mg/L", 7, 8),
    _range("g/L", 1, 2),
    _range("µS/cm", 380, 420),
    _range("mS/cm", 1, 2),
    _range("hPa", 1008, 1016),
    _range("kPa", 100, 102),
    _range("psi", 30, 32),
    _range("dBm", -62, -58),
    _range("km/h", 4, 9),
    _range("m/s", 1, 3),
    _range("rpm", 1180, 1220),
    _range("m", 1.4, 1.6),
    _range("cm", 140, 160),
    _range("Hz", 44, 46, "compressor speed target output"),
    _range("Hz", 49.97, 50.03),
    _range("kWh", 100, 100),
    _range("Wh", 5000, 5000),
    _range("L/min", 4, 6),
    _range("m³/h", 0.3, 0.4),
    _range("gal/min", 1, 2),
    _range("kg", 1, 1),
    _range("g", 200, 210),
    _range("lb", 2, 2),
    _range("Ah", 9, 10),
    _range("mAh", 900, 1000),
    _range("°", 30, 40),
    _range("", 20, 22, "temperature temp"),
    _range("", 46, 54, "humidity envhumid"),
    _range("", 7.1, 7.3, "ph"),
    _range("", 8, 14, "pm25 pm10"),
    _range("", 150, 250, "illuminance"),
    _range("", 95, 99, "battery"),
    _range("", 1, 1, "calibration coefficient test"),
)
# What only grows: units of time by how many seconds they have, units of volume by how long one takes.
TIMES: Mapping[str, int] = {"ms": 1, "s": 1, "min": 60, "h": HOUR_S, "d": DAY_S}
VOLUMES_S: Mapping[str, int] = {"L": 60, "mL": 1, "m³": 60_000, "gal": 227}
GROWS = frozenset({"total", "runtime", "use", "lifetime", "usage", "work"})


def number(key: str, second: int, rng: SeededRandom) -> Fraction:
    """The value of a point at a second of the simulation."""
    words, unit = set(key.split("_")), unit_of(key)
    if unit == "°F":
        return number(f"{key.removesuffix('_F')}_C", second, rng) * Fraction(9, 5) + 32
    if words & GROWS and unit in TIMES:
        return Fraction(SINCE_S + second, TIMES[unit])
    if unit in VOLUMES_S:
        return Fraction(second + (SINCE_S if words & GROWS else 0), VOLUMES_S[unit])
    if words & NOT_MEASURED:
        return Fraction(0)
    for one in RANGES:
        if one.unit == unit and (not one.words or one.words & words):
            return _course(one, second, rng)
    return Fraction(0)


def _course(one: Range, second: int, rng: SeededRandom) -> Fraction:
    low, high = math.floor(one.low * FINE), math.ceil(one.high * FINE)
    return Fraction(rng.drift(second, STEP_S, low, high), FINE)


def text(key: str, seed: int) -> str:
    """The text of a point that names something; "" of any other."""
    words = set(key.split("_"))
    if words & {"firmware", "version", "hardware", "software"}:
        return "1.0.0"
    if words & {"number", "id", "serial", "imei", "meter"}:
        return f"SIM{seed:08d}"
    return "simulated" if words & {"model", "type"} else ""


GOOD = ("high", "full", "normal", "good", "great", "ok", "cancel", "none", "idle", "standby")


def option(options: tuple[str, ...], words: frozenset[str]) -> int:
    """Where nothing is wrong: the index of an option of a state."""
    if words & {"battery", "alarm", "air", "quality", "warning"}:
        return next((options.index(one) for one in GOOD if one in options), 0)
    return 0
