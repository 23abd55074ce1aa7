"""The raw data points of the catalogue that hold several quantities, and the keys of these.

A form names a decoder of the family (``core.profile.PointRow.decode``) and what it reads that the products have: phases
and alarms (docs/protocols/tuya_wifi.md §2.8.3, §2.8.4).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from unclouded.core.model import Confidence
from unclouded.core.profile import PointRow


class Quantity(msgspec.Struct, frozen=True):
    """One quantity: its name on the wire, its key (``{}``: the letter of the phase) and its scale."""

    wire: str
    key: str
    scale: str = "1"
    type: str = ""


class Form(msgspec.Struct, frozen=True):
    """What is in a raw data point: the decoder that reads it, and its quantities."""

    decoder: str
    quantities: tuple[Quantity, ...]


def _trips(name: str) -> Quantity:
    return Quantity(f"{name}_trips", f"trips_on_{name}", type="bool")


def _alarms(**limits: tuple[str, str]) -> tuple[Quantity, ...]:
    return tuple(one for name, (key, scale) in limits.items() for one in (Quantity(name, key, scale), _trips(name)))


_VOLTAGE = Quantity("voltage", "voltage{}_V", "0.1")
_CURRENT = Quantity("current", "current{}_A", "0.001")
_PHASE = (_VOLTAGE, _CURRENT, Quantity("power", "power{}_W", "0.1"))
_FACTOR = Quantity("power_factor", "power_factor{}", "0.001")

FORMS: Mapping[str, Form] = {
    "phase": Form("phase", _PHASE),
    "phase_factor": Form("phase", (*_PHASE, _FACTOR)),
    "phase_full": Form(
        "phase",
        (
            *_PHASE,
            Quantity("reactive_power", "reactive_power{}_var", "0.1"),
            Quantity("apparent_power", "apparent_power{}_VA", "0.1"),
            _FACTOR,
        ),
    ),
    "phase_6": Form("phase_6", _PHASE),
    "phase_6_ten_watts": Form("phase_6", (_VOLTAGE, _CURRENT, Quantity("power", "power{}_W", "10"))),
    "alarm_1": Form(
        "alarm_1",
        (
            _trips("short_circuit"),
            *_alarms(
                overload=("overload_limit_W", "1000"),
                over_temperature=("over_temperature_limit_C", "1"),
                high_power=("high_power_limit_W", "1000"),
            ),
        ),
    ),
    "alarm_2": Form(
        "alarm_2",
        _alarms(
            over_current=("over_current_limit_A", "1"),
            over_voltage=("over_voltage_limit_V", "1"),
            under_voltage=("under_voltage_limit_V", "1"),
            low_balance=("low_balance_limit_kWh", "1"),
        ),
    ),
}


def parts(form: str, dp: int, letter: str, confidence: Confidence) -> Iterator[PointRow]:
    """A row for each quantity of a raw data point. ``letter``: of its phase, ``_a``; "" where there is one only."""
    for one in FORMS[form].quantities:
        yield PointRow(
            wire=f"{dp}.{one.wire}",
            type=one.type,
            key=one.key.format(letter),
            scale=Decimal(one.scale),
            confidence=confidence,
        )
