"""The metric that a point becomes: base units, one unit for each name, parts of a device in a label. Pure.

    power_W             unclouded_power_watts{device}
    energy_import_Wh    unclouded_energy_joules_total{device, direction="import"}     Wh x 3600
    power_a_W           unclouded_part_power_watts{device, part="a"}                  so that a sum counts nothing twice
    on, on_2            unclouded_relay_on{device}, unclouded_relay_on{device, relay="2"}
    motion              unclouded_boolean{device, point="motion"}
    mode                unclouded_option{device, point="mode", option="eco"}          the one that is chosen
    fault               unclouded_fault_active{device, point="fault", fault="over_voltage"}

Texts and raw values are not metrics. Names follow the naming page of prometheus.io.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

import msgspec

from unclouded.core.model import Point, unit_of

PREFIX = "unclouded"
MetricKind = Literal["gauge", "counter", "histogram", "info"]


class MetricFamily(msgspec.Struct, frozen=True):
    """All samples of one name. ``name``: without what the formats add to it (_total, _info, _bucket)."""

    name: str
    kind: MetricKind
    text: str
    unit: str = ""


class PointMetric(msgspec.Struct, frozen=True):
    """A point as a metric: its value is ``value * factor + offset``. ``labels``: besides ``device``."""

    family: MetricFamily
    labels: tuple[tuple[str, str], ...] = ()
    factor: float = 1.0
    offset: float = 0.0


class BaseUnit(msgspec.Struct, frozen=True):
    """A base unit by the name that metrics have, and how a value becomes one in it."""

    name: str
    factor: float = 1.0
    offset: float = 0.0


BASE_UNITS: Mapping[str, BaseUnit] = {  # the last part of a key -> its base unit
    **{"W": BaseUnit("watts"), "V": BaseUnit("volts"), "A": BaseUnit("amperes"), "Hz": BaseUnit("hertz")},
    **{"VA": BaseUnit("voltamperes"), "var": BaseUnit("reactive_voltamperes")},
    **{"Wh": BaseUnit("joules", 3600), "kWh": BaseUnit("joules", 3_600_000)},
    **{"varh": BaseUnit("reactive_voltampere_seconds", 3600), "kVAh": BaseUnit("voltampere_seconds", 3_600_000)},
    **{"C": BaseUnit("celsius"), "F": BaseUnit("celsius", 5 / 9, -160 / 9), "percent": BaseUnit("ratio", 0.01)},
    **{"dBm": BaseUnit("dbm"), "s": BaseUnit("seconds"), "min": BaseUnit("seconds", 60)},
    **{"ms": BaseUnit("seconds", 0.001), "h": BaseUnit("seconds", 3600), "days": BaseUnit("seconds", 86_400)},
    **{"ppm": BaseUnit("ratio", 1e-6), "ppb": BaseUnit("ratio", 1e-9), "ppt": BaseUnit("ratio", 1e-3)},
    **{"kmh": BaseUnit("meters_per_second", 1 / 3.6), "mps": BaseUnit("meters_per_second")},
    **{"lux": BaseUnit("lux"), "rpm": BaseUnit("hertz", 1 / 60)},
    **{"m": BaseUnit("meters"), "cm": BaseUnit("meters", 0.01), "mm": BaseUnit("meters", 0.001)},
    **{"km": BaseUnit("meters", 1000), "L": BaseUnit("cubic_meters", 1e-3), "mL": BaseUnit("cubic_meters", 1e-6)},
    **{"m3": BaseUnit("cubic_meters"), "gal": BaseUnit("cubic_meters", 0.003785411784)},
    **{"Lmin": BaseUnit("cubic_meters_per_second", 1 / 60_000), "m3h": BaseUnit("cubic_meters_per_second", 1 / 3600)},
    **{"galmin": BaseUnit("cubic_meters_per_second", 0.003785411784 / 60), "g": BaseUnit("grams")},
    **{"kg": BaseUnit("grams", 1000), "lb": BaseUnit("grams", 453.59237), "hPa": BaseUnit("pascals", 100)},
    **{"kPa": BaseUnit("pascals", 1000), "psi": BaseUnit("pascals", 6894.757293168)},
    **{"ugm3": BaseUnit("grams_per_cubic_meter", 1e-6), "mgm3": BaseUnit("grams_per_cubic_meter", 1e-3)},
    **{"mgL": BaseUnit("grams_per_cubic_meter"), "gL": BaseUnit("grams_per_cubic_meter", 1000)},
    **{"uScm": BaseUnit("siemens_per_meter", 1e-4), "mScm": BaseUnit("siemens_per_meter", 0.1)},
    **{"LEL": BaseUnit("ratio", 0.01), "Ah": BaseUnit("coulombs", 3600), "mAh": BaseUnit("coulombs", 3.6)},
    **{"deg": BaseUnit("degrees"), "mired": BaseUnit("mireds")},
}
PART = re.compile(r"(.+)_([abcn]|t?\d+|usb\d*)")  # a phase, a tariff, a channel
RELAY = re.compile(r"on(?:_(\d+|usb\d*))?")
ENERGY = re.compile(r"energy_(import|export)")
NAME = re.compile(r"[a-z][a-z0-9_]*")

RELAY_ON = MetricFamily(f"{PREFIX}_relay_on", "gauge", "Whether a relay is on.")
BOOLEAN = MetricFamily(f"{PREFIX}_boolean", "gauge", "Whether a point is true.")
OPTION = MetricFamily(f"{PREFIX}_option", "gauge", "1 for the option that is chosen.")
FAULT = MetricFamily(f"{PREFIX}_fault_active", "gauge", "Whether a device reports this fault.")
VALUE = MetricFamily(f"{PREFIX}_value", "gauge", "A number without a unit.")
ENERGY_TOTAL = MetricFamily(f"{PREFIX}_energy_joules", "counter", "Energy, a total that never falls.", "joules")
PART_ENERGY = MetricFamily(
    f"{PREFIX}_part_energy_joules", "counter", "Energy of a phase, channel or tariff of a device.", "joules"
)


@cache
def point_metric(point: Point) -> PointMetric | None:
    """The metric of a point; None where it has none."""
    match point.kind:
        case "switch":
            if relay := RELAY.fullmatch(point.key):
                return PointMetric(RELAY_ON, (("relay", relay[1]),) if relay[1] else ())
            return PointMetric(BOOLEAN, (("point", point.key),))
        case "enum":
            return PointMetric(OPTION, (("point", point.key),))
        case "bitmap":
            return PointMetric(FAULT, (("point", point.key),))
        case "number" | "counter":
            return _quantity(point)
    return None


# --- inside -------------------------------------------------------------------------------------------


def _quantity(point: Point) -> PointMetric | None:
    unit = unit_of(point.key)
    suffix = point.key.rpartition("_")[2] if unit else ""
    name = point.key.removesuffix(f"_{suffix}") if unit else point.key
    base = BASE_UNITS.get(suffix)
    found = PART.fullmatch(name)
    name, part = (found[1], found[2]) if found else (name, "")
    if name == "power_factor":
        base = BaseUnit("ratio", base.factor if base else 1.0)
    if base is None or not NAME.fullmatch(name):
        return PointMetric(VALUE, (("point", point.key),)) if point.kind == "number" else None
    labels = (("part", part),) if part else ()
    if (energy := ENERGY.fullmatch(name)) and point.kind == "counter" and base.name == "joules":
        family = PART_ENERGY if part else ENERGY_TOTAL
        return PointMetric(family, (("direction", energy[1]), *labels), base.factor)
    return PointMetric(_family(name, point.kind == "counter", base.name, bool(part)), labels, base.factor, base.offset)


@cache
def _family(name: str, is_counter: bool, unit: str, is_part: bool) -> MetricFamily:
    whole = f"{PREFIX}_part" if is_part else PREFIX
    name = "energy_undirected" if name == "energy" else name  # its name without more is that of the totals
    what = name.replace("_", " ").capitalize() + (" of a phase, channel or tariff" if is_part else "")
    text = f"{what}, a counter." if is_counter else f"{what}."
    return MetricFamily(f"{whole}_{name}_{unit}", "counter" if is_counter else "gauge", text, unit)
