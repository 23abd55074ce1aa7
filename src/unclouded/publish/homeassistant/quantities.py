"""Which device class, state class and unit of Home Assistant a point has. Pure tables.

Only what both ends of the supported range know (2025.4 and 2026.11): an entity with a class or a unit that a release
does not know is not made there. Home Assistant checks that class, state class and unit fit each other. Source: the
tables DEVICE_CLASS_UNITS and DEVICE_CLASS_STATE_CLASSES of its sensor component.

    power_W ──► power, measurement, W       energy_import_Wh ──► energy, total_increasing, kWh (÷ 1000)
"""

import re
from collections.abc import Mapping

import msgspec

from unclouded.core.model import Point, unit_of


class SensorClass(msgspec.Struct, frozen=True):
    """``divisor``: what a value is divided by to be in ``unit``."""

    device_class: str = ""
    state_class: str = ""
    unit: str = ""
    divisor: int = 1


MEASURED = "measurement"
RISING = "total_increasing"

# Our unit -> class, where the unit alone says it
BY_UNIT: Mapping[str, str] = {
    "W": "power",
    "V": "voltage",
    "A": "current",
    "Hz": "frequency",
    "VA": "apparent_power",
    "var": "reactive_power",
    "°C": "temperature",
    "°F": "temperature",
    "dBm": "signal_strength",
    "lx": "illuminance",
    "hPa": "pressure",
    "kPa": "pressure",
    "psi": "pressure",
    "L/min": "volume_flow_rate",
    "m³/h": "volume_flow_rate",
    "gal/min": "volume_flow_rate",
    "g": "weight",
    "kg": "weight",
    "lb": "weight",
    "µS/cm": "conductivity",
    "mS/cm": "conductivity",
    "km/h": "speed",
    "m/s": "speed",
    "m": "distance",
    "cm": "distance",
    "mm": "distance",
    "km": "distance",
}
DURATIONS = frozenset({"s", "min", "h", "d", "ms"})

# Names of the vocabulary, with their unit, where the name says more than the unit
BY_NAME: Mapping[tuple[str, str], str] = {
    ("battery", "%"): "battery",
    ("power_factor", "%"): "power_factor",
    ("power_factor", ""): "power_factor",
    ("humidity", "%"): "humidity",
    ("humidity_indoor", "%"): "humidity",
    ("humidity_outdoor", "%"): "humidity",
    ("humidity_target", "%"): "humidity",
    ("soil_moisture", "%"): "moisture",
    ("co", "ppm"): "carbon_monoxide",
    ("co2", "ppm"): "carbon_dioxide",
    ("voc", "ppm"): "volatile_organic_compounds_parts",
    ("voc", "ppb"): "volatile_organic_compounds_parts",
    ("voc", "µg/m³"): "volatile_organic_compounds",
    ("pm1", "µg/m³"): "pm1",
    ("pm25", "µg/m³"): "pm25",
    ("pm10", "µg/m³"): "pm10",
    ("ph", ""): "ph",
    ("air_quality_index", ""): "aqi",
    ("rain", "mm"): "precipitation",
    ("wind_speed", "km/h"): "wind_speed",
    ("wind_gust", "km/h"): "wind_speed",
    ("wind_speed", "m/s"): "wind_speed",
    ("wind_gust", "m/s"): "wind_speed",
    ("wind_direction", "°"): "wind_direction",
    ("water_total", "L"): "water",
    ("water_total", "m³"): "water",
    ("water_total", "gal"): "water",
    ("water_session", "L"): "water",
    ("water_session", "gal"): "water",
    ("battery_capacity", "Wh"): "energy_storage",
}
# Names whose unit is that of a class, and which are not a value of it: a difference, a place in time
NO_CLASS = frozenset({"temperature_correction", "hysteresis", "temperature_sensitivity", "time", "liquid_depth"})
# Energy and water that only rise, apart from counters: they begin again at 0
RISING_NAMES = frozenset({"energy_today", "energy_session", "energy_month", "water_total", "water_session"})
# Energy that is neither a total nor a measurement: of a span that is over, or a limit
_NO_STATISTICS = (
    "energy energy_yesterday energy_hour energy_export_hour energy_last_session energy_session_limit "
    "over_energy_limit low_balance_limit balance charge rain"
)
NO_STATISTICS = frozenset(_NO_STATISTICS.split())
ANGLE = "measurement_angle"
PLAIN_MEASURED = frozenset({"%", "ppm", "ppb", "ppt", "mg/m³", "µg/m³", "mg/L", "g/L", "% LEL", "rpm", "varh"})
COUNTED = frozenset({"reactive_energy", "apparent_energy"})

# Names of switches that are only read -> class of a binary sensor
BINARY: Mapping[str, str] = {
    "open": "opening",
    "window_open": "window",
    "water": "moisture",
    "tank_full": "problem",
    "smoke": "smoke",
    "gas": "gas",
    "co_alarm": "carbon_monoxide",
    "motion": "motion",
    "presence": "occupancy",
    "tampered": "tamper",
    "vibration": "vibration",
    "battery_low": "battery",
    "charging": "battery_charging",
    "fault": "problem",
    "alarm": "problem",
    "alarm_reported": "problem",
    "over_temperature": "problem",
    "motor_fault": "problem",
    "trip": "problem",
    "error": "problem",
    "warning": "problem",
    "duress": "safety",
    "siren": "sound",
    "opening": "moving",
    "heat": "running",
    "cool": "running",
    "fan_on": "running",
    "pump": "running",
    "rain": "moisture",
}

_PLACE = re.compile(r"_(?:\d{1,2}|usb\d?|[abcdn]|t\d)(?=_|$)")


def name_of(key: str) -> str:
    """The name in a key, without unit, channel, phase and tariff: ``power_a_W`` -> ``power``."""
    unit = key.rpartition("_")[2]
    bare = key.removesuffix(f"_{unit}") if unit_of(key) else key
    return _PLACE.sub("", bare)


def place_of(key: str) -> str:
    """The channel, phase or tariff in a key: ``brightness_2`` -> ``2``; "" where there is none."""
    unit = key.rpartition("_")[2]
    found = _PLACE.search(key.removesuffix(f"_{unit}") if unit_of(key) else key)
    return found.group()[1:] if found is not None else ""


def sensor_class(point: Point) -> SensorClass:
    """The classes and the unit of a number or counter."""
    name, unit = name_of(point.key), unit_of(point.key)
    if unit in ("Wh", "kWh"):
        return _energy(point, name, unit)
    device_class = _class(name, unit)
    return SensorClass(device_class, _state_class(name, unit, device_class), unit)


def binary_class(point: Point) -> str:
    """The class of a binary sensor; "" = it has none."""
    return BINARY.get(name_of(point.key), "")


def _class(name: str, unit: str) -> str:
    if name in NO_CLASS:
        return ""
    return BY_NAME.get((name, unit)) or BY_UNIT.get(unit, "duration" if unit in DURATIONS else "")


def _energy(point: Point, name: str, unit: str) -> SensorClass:
    divisor = 1000 if unit == "Wh" else 1
    if name == "battery_capacity":
        return SensorClass("energy_storage", MEASURED, "kWh", divisor)
    rises = (point.kind == "counter" or name in RISING_NAMES) and name not in NO_STATISTICS
    return SensorClass("energy", RISING if rises else "", "kWh", divisor)


def _state_class(name: str, unit: str, device_class: str) -> str:
    if name in NO_STATISTICS or device_class == "duration" or _is_setting(name):
        return ""
    if device_class == "wind_direction":
        return ANGLE
    if device_class == "water" or name in COUNTED:
        return RISING
    return MEASURED if device_class or unit in PLAIN_MEASURED else ""


def _is_setting(name: str) -> bool:
    """Whether it is a limit or a setting, whose mean and maximum say nothing."""
    return name.endswith(("_limit", "_max", "_min", "_lowest", "_calibration", "_correction", "_setting", "_target"))
